"""What a spam classifier needs around its network: tokens, a vocabulary, training, a baseline, and scores."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mail import Mail

PAD, UNKNOWN, CLS, NUMBER = range(4)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[NUM]")
LONGEST = 128  # tokens of a message that a classifier reads, [CLS] included
READ = 20_000  # characters of a text that are looked at
_WORDLIKE = ("Ll", "Lu", "Lt", "Lm", "Lo", "So")  # letters, and pictographs
# A run of letters (with an apostrophe inside), a number, or one other sign. Scripts that put no spaces between
# words (Thai, Chinese, Japanese) are read sign by sign.
_TOKEN = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|"
    r"[^\W\d_\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+(?:'[^\W\d_]+)?|\d+|[^\w\s]"
)


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words, numbers and signs."""
    return _TOKEN.findall(text.lower())


class Vocabulary:
    """The words that occur in two training mails or more, with an index each; all numbers share one token."""

    def __init__(self, texts: list[str], largest: int = 20_000):
        counts = Counter(
            token for text in texts for token in set(tokenize(text)) if not token.isdigit()
        )
        frequent = [word for word, count in counts.most_common(largest) if count > 1]
        self.words = [*SPECIAL, *sorted(frequent)]
        self.index = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, text: str) -> list[int]:
        """Return the indices of a text's tokens, [CLS] first, cut to LONGEST."""
        tokens = tokenize(text)[: LONGEST - 1]
        return [
            CLS,
            *(NUMBER if token.isdigit() else self.index.get(token, UNKNOWN) for token in tokens),
        ]

    def batch(self, texts: list[str]) -> Tensor:
        """Return indices `[B,T]` of texts, [CLS] first, padded at the end."""
        return pad([self.ids(text) for text in texts])


def pad(rows: list[list[int]]) -> Tensor:
    """Return lists of indices as one tensor `[B,T]`, the shorter ones padded at the end."""
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


@dataclass(frozen=True)
class Scores:
    """Counts of a classifier's decisions: spam found, ham lost, spam missed, ham kept."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def precision(self) -> float:
        """The share of spam among what was called spam; 1 where nothing was."""
        called = self.true_positive + self.false_positive
        return self.true_positive / called if called else 1.0

    @property
    def recall(self) -> float:
        """The share of the spam that was found."""
        return self.true_positive / (self.true_positive + self.false_negative)


def score(probability: Tensor, labels: Tensor, threshold: float) -> Scores:
    """Count the decisions `probability > threshold` against labels 0 and 1, both `[N]`."""
    called, spam = probability.double() > threshold, labels == 1
    return Scores(
        *(
            int(part.sum())
            for part in (called & spam, called & ~spam, ~called & spam, ~called & ~spam)
        )
    )


def best_threshold(probability: Tensor, labels: Tensor, cost: float) -> float:
    """Return the threshold at which `cost` x false positives + false negatives is smallest.

    Candidates are 0.5, the midpoints between neighbouring probabilities `[N]`, and one above them all, at which
    nothing is called spam; of equally good ones the nearest to 0.5.
    """
    values = torch.cat([probability.double().unique(), torch.ones(1).double()])
    candidates = torch.cat([torch.tensor([0.5]).double(), (values[1:] + values[:-1]) / 2])
    spam, ham = (probability[labels == label].double().sort().values for label in (1, 0))
    price = cost * (
        len(ham) - torch.searchsorted(ham, candidates, right=True)
    ) + torch.searchsorted(spam, candidates, right=True)
    best = candidates[price == price.min()]
    return float(best[(best - 0.5).abs().argmin()])


def labels_of(mails: list[Mail]) -> Tensor:
    """Return the labels `[N]` of mails as floats."""
    return torch.tensor([float(mail.label) for mail in mails])


def train(
    model: nn.Module,
    vocabulary: Vocabulary,
    mails: list[Mail],
    epochs: int,
    seed: int,
    *,
    lr: float = 1e-3,
    batch_size: int = 64,
    noise: float = 0.1,
) -> Iterator[float]:
    """Train `model`, from indices `[B,T]` to logits `[B]`, by binary cross-entropy; yield each epoch's loss [nats].

    In each batch a share `noise` of the words is shown as [UNK], so that unknown words are nothing new in the test,
    and as many are left out, so that no mail is met twice and no word always has the same place. Mails of like length
    go together, see `batches`.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    rows, labels, steps = (
        [vocabulary.ids(mail.text) for mail in mails],
        labels_of(mails),
        -(-len(mails) // batch_size),
    )
    lengths = torch.tensor([len(row) for row in rows])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, epochs=epochs, steps_per_epoch=steps
    )
    for _ in range(epochs):
        total = 0.0
        for index in batches(lengths, batch_size, generator):
            ids = pad([rows[i] for i in index.tolist()])
            loss = F.binary_cross_entropy_with_logits(
                model(noisy(ids, noise, generator)), labels[index]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(index)
        yield total / len(mails)


def batches(
    lengths: Tensor, size: int, generator: torch.Generator, among: int = 20
) -> list[Tensor]:
    """Divide N rows of `lengths` `[N]` into random batches of indices `(size,)`, one of them maybe smaller.

    In every `among` batches rows are sorted by length, so that little padding is needed; the batches then are shuffled.
    """
    groups = torch.randperm(len(lengths), generator=generator).split(among * size)
    parts = [
        part for group in groups for part in group[lengths[group].argsort(stable=True)].split(size)
    ]
    return [parts[i] for i in torch.randperm(len(parts), generator=generator)]


def judge(
    text: str, probability: Callable[[str], float], vocabulary: Vocabulary, threshold: float
) -> str:
    """Say in a line or two what a classifier makes of any text, or why it can make nothing of it."""
    text = text.strip()
    if not text:
        return "Nothing to classify: type or paste the text of a mail."
    if any(_is_binary(char) for char in text[:READ]):
        return "This is not the text of a mail: it holds control characters, as a binary file does. Paste plain text."
    tokens = tokenize(text[:READ])
    words = [
        token
        for token in tokens[: LONGEST - 1]
        if any(unicodedata.category(char) in _WORDLIKE for char in token)
    ]
    unknown = sum(word not in vocabulary.index for word in words)
    if unknown == len(words):
        return (
            "None of the words occurs in the training mails, so there is nothing to go by. "
            "Use the language of the training mails."
        )
    value = probability(text[:READ])
    notes = [
        "spam" if value > threshold else "not spam",
        f": p(spam) = {value:.3f}, threshold {threshold:.3f}.",
    ]
    if len(text) > READ or len(tokens) > LONGEST - 1:
        notes.append(f" The text is long: only its first {LONGEST - 1} tokens were read.")
    if 2 * unknown > len(words):
        notes.append(
            f" Take it with care: {unknown} of {len(words)} words are not in the training mails."
        )
    return "".join(notes)


def _is_binary(char: str) -> bool:
    """Say whether a character stands in no text: half a surrogate pair, or a control that is not white space."""
    return unicodedata.category(char) == "Cs" or (char < " " and not char.isspace())


def noisy(ids: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return indices `[B,T]` with about a `share` of the words as [UNK] and as many left out; [CLS] stays."""
    luck = torch.rand(ids.shape, generator=generator)
    luck[:, 0] = 0.5
    ids = ids.masked_fill((luck < share) & (ids != PAD), UNKNOWN).masked_fill(luck > 1 - share, PAD)
    return ids.gather(
        1, (ids == PAD).int().argsort(dim=1, stable=True)
    )  # the padding goes to the end


@torch.no_grad()
def probabilities(
    model: nn.Module, vocabulary: Vocabulary, texts: list[str], batch_size: int = 250
) -> Tensor:
    """Return the probability of spam `[N]` of each text."""
    parts = (texts[i : i + batch_size] for i in range(0, len(texts), batch_size))
    return torch.cat([model(vocabulary.batch(part)).sigmoid() for part in parts])


class BagOfWords(nn.Module):
    """Logistic regression on which words occur, wherever they stand: the baseline that has no attention."""

    def __init__(self, words: int):
        super().__init__()
        self.linear = nn.Linear(words, 1)
        nn.init.zeros_(self.linear.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits `[B]` of indices `[B,T]`."""
        present = torch.zeros(len(ids), self.linear.in_features).scatter_(1, ids, 1.0)
        present[:, : CLS + 1] = 0
        return self.linear(present)[:, 0]
