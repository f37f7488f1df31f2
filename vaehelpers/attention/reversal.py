"""Three small sequence-to-sequence models on a task whose right alignment is known.

The task is to reverse a word. The models are a recurrent network with a fixed vector between
encoder and decoder, one with additive attention, and a Transformer.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..core.chance import seeded
from ..errors import DataError, one_line

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PAD = len(LETTERS)  # two more symbols of the vocabulary, never predicted
START = len(LETTERS) + 1
SYMBOLS = len(LETTERS) + 2
LONGEST = 20  # words of 1 to 20 letters are trained on
KINDS = ("fixed", "additive", "transformer")
STEPS = 3000  # of the published weights


def encode(words: list[str]) -> Tensor:
    """Return the letters of lower-case `words` as indices `[B,T]`, padded at the end with PAD.

    Raises DataError unless it is a list of words of the letters a to z.
    """
    _check_words(words)
    longest = max(len(word) for word in words)
    rows = []
    for word in words:
        letters = [LETTERS.index(letter) for letter in word]
        padding = [PAD] * (longest - len(word))
        rows.append(letters + padding)
    return torch.tensor(rows)


def _check_words(words: list[str]) -> None:
    if isinstance(words, str) or not words:
        raise DataError(f'{one_line(words)!r} is not a list of words; give one, such as ["boot"]')
    for word in words:
        if not word or set(word) - set(LETTERS):
            raise DataError(
                f"{one_line(word)!r} is not a word of the letters a to z; leave other signs out, "
                "and write capitals small, as word.lower() does"
            )


def decode(indices: Tensor) -> list[str]:
    """Return the words that indices `[B,T]` spell, without padding: the inverse of `encode`."""
    words = []
    for row in indices.tolist():
        letters = [LETTERS[i] for i in row if i < PAD]
        words.append("".join(letters))
    return words


def random_words(lengths: Tensor, generator: torch.Generator) -> Tensor:
    """Draw words of random letters with the given lengths `[B]`; return indices `[B,T]`, padded."""
    longest = int(lengths.max())
    words = torch.randint(len(LETTERS), (len(lengths), longest), generator=generator)
    beyond = torch.arange(longest) >= lengths[:, None]
    return words.masked_fill(beyond, PAD)


def reverse(words: Tensor) -> Tensor:
    """Return words `[B,T]` with the letters of each in reverse order; padding stays at the end."""
    is_padding = words == PAD
    lengths = (~is_padding).sum(1, keepdim=True)
    # A word of 3 letters in 5 places is read at 2, 1, 0, 0, 0.
    places = (lengths - 1 - torch.arange(words.shape[1])).clamp(min=0)
    return words.gather(1, places).masked_fill(is_padding, PAD)


class GRUTranslator(nn.Module):
    """A GRU encoder-decoder with or without additive attention (practical, Eqs. 1-3).

    Without attention each decoder step gets the same context: the encoder's last states in both
    directions, through which the whole word has to pass. Both variants have the same networks but
    for the alignment model. Bahdanau et al. 2015.
    """

    def __init__(self, attention: bool, width: int = 64):
        super().__init__()
        self.attention = attention
        self.embed = nn.Embedding(SYMBOLS, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.first_state = nn.Linear(2 * width, width)
        self.decoder = nn.GRUCell(3 * width, width)
        self.output = nn.Linear(2 * width, len(LETTERS))
        if attention:
            self.from_state = nn.Linear(width, width, bias=False)
            self.from_annotation = nn.Linear(2 * width, width)
            self.score = nn.Linear(width, 1, bias=False)

    def annotations(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return the annotations h `[B,T,2w]` of words `[B,T]`, and the last states `[B,2w]`."""
        lengths = (source != PAD).sum(1)
        packed = pack_padded_sequence(
            self.embed(source), lengths, batch_first=True, enforce_sorted=False
        )
        packed_h, last = self.encoder(packed)
        h, _ = pad_packed_sequence(packed_h, batch_first=True, total_length=source.shape[1])
        forwards, backwards = last  # each [B,w]
        return h, torch.cat([forwards, backwards], dim=1)

    def align(self, state: Tensor, h: Tensor, visible: Tensor) -> Tensor:
        """Return alpha `[B,T]`, the weights of h `[B,T,2w]` for a decoder state `[B,w]`.

        `visible` `[B,T]` is False at padding, which gets weight 0. Practical, Eq. 3.
        """
        hidden = torch.tanh(self.from_state(state)[:, None] + self.from_annotation(h))  # [B,T,w]
        e = self.score(hidden)[..., 0]  # [B,T]
        return e.masked_fill(~visible, -math.inf).softmax(dim=1)

    def steps(self, source: Tensor, previous: Iterator[Tensor]) -> Iterator["DecoderStep"]:
        """Run the decoder letter by letter.

        `previous` yields the letters `[B]` written just before each step, START first.
        """
        visible = source != PAD
        h, last = self.annotations(source)
        state = torch.tanh(self.first_state(last))  # [B,w]
        context = last  # [B,2w]; without attention it serves every step
        alpha = torch.zeros(source.shape)
        for letter in previous:
            if self.attention:
                alpha = self.align(state, h, visible)  # [B,T]
                context = (alpha[..., None] * h).sum(dim=1)  # practical, Eq. 2
            y = self.embed(letter)  # [B,w]
            state = self.decoder(torch.cat([y, context], dim=1), state)  # s_i = f(s, y, c_i)
            logits = self.output(torch.cat([y, state], dim=1))  # practical, Eq. 1
            yield DecoderStep(logits, state, alpha)

    def forward(self, source: Tensor, previous: Tensor) -> Tensor:
        """Return logits `[B,S,26]` of the next letters.

        `previous` `[B,S]` are the correct letters before them (teacher forcing).
        """
        logits = []
        for step in self.steps(source, iter(previous.unbind(1))):
            logits.append(step.logits)
        return torch.stack(logits, dim=1)


class DecoderStep(NamedTuple):
    """What decoder step i gives: logits `[B,26]`, state s_i `[B,w]`, weights alpha_i `[B,T]`."""

    logits: Tensor
    state: Tensor
    alpha: Tensor


class TransformerTranslator(nn.Module):
    """A Transformer encoder-decoder of one layer each, with sinusoidal positions.

    Vaswani et al. 2017.
    """

    def __init__(self, width: int = 64, heads: int = 4):
        super().__init__()
        self.embed = nn.Embedding(SYMBOLS, width)
        self.encoder = nn.TransformerEncoderLayer(
            width, heads, dim_feedforward=2 * width, dropout=0.0, batch_first=True
        )
        self.decoder = nn.TransformerDecoderLayer(
            width, heads, dim_feedforward=2 * width, dropout=0.0, batch_first=True
        )
        self.output = nn.Linear(width, len(LETTERS))

    def inputs(self, words: Tensor) -> Tensor:
        """Return embeddings plus positions `[B,T,w]` of letters `[B,T]`."""
        embedded = self.embed(words)
        return embedded + positions(*embedded.shape[1:]).to(embedded)

    def forward(self, source: Tensor, previous: Tensor) -> Tensor:
        """Return logits `[B,S,26]` of the next letters.

        `previous` `[B,S]` are the correct letters before them (teacher forcing).
        """
        is_padding = source == PAD
        memory = self.encoder(self.inputs(source), src_key_padding_mask=is_padding)
        steps = previous.shape[1]
        is_future = torch.ones(steps, steps, dtype=torch.bool).triu(1)
        decoded = self.decoder(
            self.inputs(previous), memory, tgt_mask=is_future, memory_key_padding_mask=is_padding
        )  # [B,S,w]
        return self.output(decoded)


def positions(length: int, width: int) -> Tensor:
    """Return sinusoidal positional encodings `[length, width]`, width even.

    Vaswani et al. 2017, section 3.5.
    """
    rates = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)


def build_translator(kind: str) -> nn.Module:
    """Return an untrained model of one of `KINDS`."""
    if kind == "transformer":
        return TransformerTranslator()
    return GRUTranslator(attention=kind == "additive")


def shift(target: Tensor) -> Tensor:
    """Return what a decoder sees while it writes `target` `[B,T]`.

    That is START, then the target without its last letter.
    """
    start = torch.full_like(target[:, :1], START)
    return torch.cat([start, target[:, :-1]], dim=1)


def train_translator(
    kind: str, steps: int = STEPS, seed: int = 42, batch_size: int = 128, lr: float = 3e-3
) -> nn.Module:
    """Train a model of one of `KINDS` on words of 1 to LONGEST random letters.

    Returns the model in evaluation mode.
    """
    generator = torch.Generator().manual_seed(seed)
    with seeded(seed):  # the initial weights; the words come from the generator
        model = build_translator(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    for _ in range(steps):
        lengths = torch.randint(1, LONGEST + 1, (batch_size,), generator=generator)
        source = random_words(lengths, generator)
        target = reverse(source)
        logits = model(source, shift(target))
        loss = F.cross_entropy(logits.transpose(1, 2), target, ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


@torch.no_grad()
def translate(model: nn.Module, source: Tensor) -> Tensor:
    """Write a target letter by letter, each the likeliest given those before.

    Returns `[B,T]`, padded as `source` is. Raises DataError for no words, or one without letters.
    """
    if not source.numel() or (source == PAD).all(dim=1).any():
        raise DataError("there is nothing to translate; give words of one letter or more")
    written = torch.full_like(source[:, :1], START)
    for _ in range(source.shape[1]):
        logits = model(source, written)  # [B,i,26]
        next_letter = logits[:, -1:].argmax(-1)  # [B,1]
        written = torch.cat([written, next_letter], dim=1)
    return written[:, 1:].masked_fill(source == PAD, PAD)
