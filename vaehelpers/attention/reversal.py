"""Three small sequence-to-sequence models on a task whose right alignment is known: reversing a word."""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from . import checkpoint

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PAD, START = len(LETTERS), len(LETTERS) + 1  # two more symbols of the vocabulary, never predicted
LONGEST = 20  # words of 1 to 20 letters are trained on
KINDS = ("fixed", "additive", "transformer")
PUBLISHED = Path(__file__).parent / "weights" / "reversal"
STEPS = 3000  # of the published weights


def encode(words: list[str]) -> Tensor:
    """Return the letters of lower-case `words` as indices `[B,T]`, padded at the end with PAD."""
    longest = max(map(len, words))
    return torch.tensor(
        [
            [LETTERS.index(letter) for letter in word] + [PAD] * (longest - len(word))
            for word in words
        ]
    )


def decode(indices: Tensor) -> list[str]:
    """Return the words that indices `[B,T]` spell, without their padding: the inverse of `encode`."""
    return ["".join(LETTERS[i] for i in row if i < PAD) for row in indices.tolist()]


def random_words(lengths: Tensor, generator: torch.Generator) -> Tensor:
    """Draw words of random letters with the given lengths `[B]`; return indices `[B,T]`, padded."""
    words = torch.randint(len(LETTERS), (len(lengths), int(lengths.max())), generator=generator)
    return words.masked_fill(torch.arange(words.shape[1]) >= lengths[:, None], PAD)


def reverse(words: Tensor) -> Tensor:
    """Return words `[B,T]` with the letters of each in reverse order; the padding stays at the end."""
    lengths = (words != PAD).sum(1, keepdim=True)
    places = (lengths - 1 - torch.arange(words.shape[1])).clamp(min=0)
    return words.gather(1, places).masked_fill(words == PAD, PAD)


class GRUTranslator(nn.Module):
    """A GRU encoder-decoder (practical, Eqs. 1-3; Bahdanau et al. 2015), with or without additive attention.

    Without attention each decoder step gets the same context: the encoder's last states in both directions,
    through which the whole word has to pass. Both variants have the same networks but for the alignment model.
    """

    def __init__(self, attention: bool, width: int = 64):
        super().__init__()
        self.attention = attention
        self.embed = nn.Embedding(len(LETTERS) + 2, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.first_state = nn.Linear(2 * width, width)
        self.decoder = nn.GRUCell(3 * width, width)
        self.output = nn.Linear(2 * width, len(LETTERS))
        if attention:
            self.from_state = nn.Linear(width, width, bias=False)
            self.from_annotation = nn.Linear(2 * width, width)
            self.score = nn.Linear(width, 1, bias=False)

    def annotations(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return the annotations h `[B,T,2w]` of words `[B,T]`, and the encoder's last states `[B,2w]`."""
        lengths = (source != PAD).sum(1)
        packed = pack_padded_sequence(
            self.embed(source), lengths, batch_first=True, enforce_sorted=False
        )
        h, last = self.encoder(packed)
        return pad_packed_sequence(h, batch_first=True, total_length=source.shape[1])[0], torch.cat(
            [*last], dim=1
        )

    def align(self, state: Tensor, h: Tensor, visible: Tensor) -> Tensor:
        """Return alpha `[B,T]`, the weights of h `[B,T,2w]` for a decoder state `[B,w]` (practical, Eq. 3).

        `visible` `[B,T]` is False at padding, which gets weight 0.
        """
        e = self.score(torch.tanh(self.from_state(state)[:, None] + self.from_annotation(h)))[
            ..., 0
        ]
        return e.masked_fill(~visible, -math.inf).softmax(dim=1)

    def steps(
        self, source: Tensor, previous: Iterator[Tensor]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield logits `[B,26]`, state s_i `[B,w]` and alpha_i `[B,T]` for each previous letter `[B]`."""
        visible = source != PAD
        h, last = self.annotations(source)
        state, context, alpha = torch.tanh(self.first_state(last)), last, torch.zeros(source.shape)
        for letter in previous:
            if self.attention:
                alpha = self.align(state, h, visible)
                context = (alpha[..., None] * h).sum(dim=1)  # practical, Eq. 2
            y = self.embed(letter)
            state = self.decoder(
                torch.cat([y, context], dim=1), state
            )  # s_i = f(s_{i-1}, y_{i-1}, c_i)
            yield self.output(torch.cat([y, state], dim=1)), state, alpha  # practical, Eq. 1

    def forward(self, source: Tensor, previous: Tensor) -> Tensor:
        """Return logits `[B,S,26]` of the letters that follow `previous` `[B,S]`, the right ones being given."""
        return torch.stack(
            [logits for logits, _, _ in self.steps(source, iter(previous.unbind(1)))], dim=1
        )


class TransformerTranslator(nn.Module):
    """A Transformer encoder-decoder (Vaswani et al. 2017) of one layer each, with sinusoidal positions."""

    def __init__(self, width: int = 64, heads: int = 4):
        super().__init__()
        self.embed = nn.Embedding(len(LETTERS) + 2, width)
        sizes = dict(
            d_model=width, nhead=heads, dim_feedforward=2 * width, dropout=0.0, batch_first=True
        )
        self.encoder = nn.TransformerEncoderLayer(**sizes)
        self.decoder = nn.TransformerDecoderLayer(**sizes)
        self.output = nn.Linear(width, len(LETTERS))

    def inputs(self, words: Tensor) -> Tensor:
        """Return embeddings plus positions `[B,T,w]` of letters `[B,T]`."""
        return self.embed(words) + positions(words.shape[1], self.embed.embedding_dim)

    def forward(self, source: Tensor, previous: Tensor) -> Tensor:
        """Return logits `[B,S,26]` of the letters that follow `previous` `[B,S]`, the right ones being given."""
        hidden = source == PAD
        memory = self.encoder(self.inputs(source), src_key_padding_mask=hidden)
        future = torch.ones(previous.shape[1], previous.shape[1], dtype=torch.bool).triu(1)
        return self.output(
            self.decoder(self.inputs(previous), memory, future, memory_key_padding_mask=hidden)
        )


def positions(length: int, width: int) -> Tensor:
    """Return sinusoidal positional encodings `[length, width]`, width even (Vaswani et al. 2017, section 3.5)."""
    angles = torch.arange(length)[:, None] * torch.exp(
        torch.arange(0, width, 2) * (-math.log(10_000) / width)
    )
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def build(kind: str) -> nn.Module:
    """Return an untrained model of one of `KINDS`."""
    return (
        TransformerTranslator()
        if kind == "transformer"
        else GRUTranslator(attention=kind == "additive")
    )


def shifted(target: Tensor) -> Tensor:
    """Return what a decoder sees while it writes `target` `[B,T]`: START, then the target without its last letter."""
    return torch.cat([torch.full_like(target[:, :1], START), target[:, :-1]], dim=1)


def train(
    kind: str, steps: int = STEPS, seed: int = 42, batch_size: int = 128, lr: float = 3e-3
) -> nn.Module:
    """Train a model of one of `KINDS` on words of 1 to LONGEST random letters; return it in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    for _ in range(steps):
        source = random_words(
            torch.randint(1, LONGEST + 1, (batch_size,), generator=generator), generator
        )
        target = reverse(source)
        logits = model(source, shifted(target))
        loss = F.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def translate(model: nn.Module, source: Tensor) -> Tensor:
    """Write a target letter by letter, each the likeliest given those before; return `[B,T]`, padded as `source`."""
    written = torch.full_like(source[:, :1], START)
    for _ in range(source.shape[1]):
        written = torch.cat([written, model(source, written)[:, -1:].argmax(-1)], dim=1)
    return written[:, 1:].masked_fill(source == PAD, PAD)


def save(model: nn.Module, kind: str, folder: Path = PUBLISHED) -> Path:
    """Write a model's weights to `folder`, named after its kind, and return the path."""
    return checkpoint.save_plain(model, folder / f"{kind}.safetensors")


def load(kind: str, folder: Path = PUBLISHED) -> nn.Module:
    """Return the model of one of `KINDS` with the weights in `folder`. Raises CheckpointError if they are not whole."""
    return checkpoint.load_plain(
        build(kind), folder / f"{kind}.safetensors", f"a {kind} model", "reversal"
    )
