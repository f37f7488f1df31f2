"""What a spam filter needs besides its network: tokens, vocabulary, training, scores, baseline."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mail import Mail

PAD, UNKNOWN, CLS, NUMBER = range(4)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[NUM]")
LONGEST = 128  # tokens of a message that a classifier reads, [CLS] included
READ = 20_000  # characters of a text that are looked at
_WORDLIKE = ("Ll", "Lu", "Lt", "Lm", "Lo", "So")  # letters, and pictographs
# A run of letters (with an apostrophe inside), a number, or one other sign. Scripts that put no
# spaces between words (Thai, Chinese, Japanese) are read sign by sign.
_TOKEN = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|"
    r"[^\W\d_\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+(?:'[^\W\d_]+)?|\d+|[^\w\s]"
)
# The apostrophes that phones and word processors put where a keyboard has this one.
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u02bc\uff07`\u00b4", "'"))


def tokenize(text: str) -> list[str]:
    """Split a text into lower-case words, numbers and signs.

    A word is the same whatever apostrophe is in it, and whether its accents are characters of their
    own or not.
    """
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFC", text.lower()).translate(_APOSTROPHES)
    return (found[0] for found in _TOKEN.finditer(plain))


def _tokens_read(text: str) -> list[str]:
    """Return the tokens of a text that a classifier reads after [CLS]."""
    return list(islice(_tokens(text), LONGEST - 1))


class Vocabulary:
    """The words that occur in two training mails or more, with an index each.

    All numbers share one token. Of a long mail counts what a classifier reads, its beginning.
    """

    def __init__(self, texts: list[str], largest: int = 20_000):
        counts: Counter[str] = Counter()
        for text in texts:
            once = dict.fromkeys(_tokens_read(text))
            counts.update(token for token in once if not token.isdigit())
        frequent = [word for word, count in counts.most_common(largest) if count > 1]
        self.words = [*SPECIAL, *sorted(frequent)]
        self.index = {word: i for i, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, text: str) -> list[int]:
        """Return the indices of a text's tokens, [CLS] first, cut to LONGEST."""
        return [CLS, *(self._id(token) for token in _tokens_read(text))]

    def _id(self, token: str) -> int:
        return NUMBER if token.isdigit() else self.index.get(token, UNKNOWN)

    def batch(self, texts: list[str]) -> Tensor:
        """Return indices `[B,T]` of texts, [CLS] first, padded at the end."""
        return pad([self.ids(text) for text in texts])


def pad(rows: list[list[int]]) -> Tensor:
    """Return lists of indices as one tensor `[B,T]`, the shorter ones padded at the end."""
    longest = max(len(row) for row in rows)
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


@dataclass(frozen=True)
class Scores:
    """Counts of a classifier's decisions: spam found, ham lost, spam missed, ham kept."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def called(self) -> int:
        """How many were called spam, rightly or not."""
        return self.true_positive + self.false_positive

    @property
    def precision(self) -> float:
        """The share of spam among what was called spam; NaN where nothing was."""
        return _share(self.true_positive, self.called)

    @property
    def recall(self) -> float:
        """The share of the spam that was found; NaN where there is no spam."""
        return _share(self.true_positive, self.true_positive + self.false_negative)


def _share(count: int, total: int) -> float:
    return count / total if total else math.nan


def score(probability: Tensor, labels: Tensor, threshold: float) -> Scores:
    """Count the decisions `probability > threshold` against labels 0 and 1, both `[N]`."""
    called = probability.double() > threshold
    spam = labels == 1
    return Scores(
        true_positive=int((called & spam).sum()),
        false_positive=int((called & ~spam).sum()),
        false_negative=int((~called & spam).sum()),
        true_negative=int((~called & ~spam).sum()),
    )


def best_threshold(probability: Tensor, labels: Tensor, cost: float) -> float:
    """Return the threshold at which `cost` x false positives + false negatives is smallest.

    Candidates are 0.5, the midpoints between neighbouring probabilities `[N]`, and one above them
    all, at which nothing is called spam. If several are equally good, it is the one nearest to 0.5.
    """
    probability = probability.double()
    values = torch.cat([probability.unique(), torch.ones(1).double()])
    midpoints = (values[1:] + values[:-1]) / 2
    candidates = torch.cat([torch.tensor([0.5]).double(), midpoints])
    spam = probability[labels == 1].sort().values
    ham = probability[labels == 0].sort().values
    false_positives = len(ham) - torch.searchsorted(ham, candidates, right=True)
    false_negatives = torch.searchsorted(spam, candidates, right=True)
    price = cost * false_positives + false_negatives
    best = candidates[price == price.min()]
    nearest = (best - 0.5).abs().argmin()
    return float(best[nearest])


def labels_of(mails: list[Mail]) -> Tensor:
    """Return the labels `[N]` of mails as floats."""
    return torch.tensor([float(mail.label) for mail in mails])


def examples(mails: list[Mail], kinds: Sequence[str], longest: int = 110) -> list[str]:
    """Return a line for each kind and label: the beginning of the shortest mail of them.

    For the kind "order" it is the first pair, one spam and one real mail, with the same words, if
    there is any. A line has at most `longest` characters of the mail. Raises ValueError for a kind
    without a spam or without a real mail.
    """
    same_words: dict[tuple[str, ...], dict[int, str]] = {}  # {words: {label: text}}
    for mail in mails:
        if mail.kind == "order":
            words = tuple(sorted(tokenize(mail.text)))
            same_words.setdefault(words, {})[mail.label] = mail.text
    pair = next((texts for texts in same_words.values() if len(texts) == 2), None)
    lines = []
    for kind in kinds:
        for label, called in ((1, "spam"), (0, "real")):
            texts = [mail.text for mail in mails if (mail.kind, mail.label) == (kind, label)]
            text = pair[label] if kind == "order" and pair else min(texts, key=len)
            lines.append(f"{kind}, {called}: {' '.join(text.split())[:longest]}")
    return lines


def train_filter(
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
    """Train `model`, from indices `[B,T]` to logits `[B]`; yield each epoch's loss [nats].

    The loss is binary cross-entropy. In each batch a share `noise` of the words is shown as [UNK],
    so that the model meets unknown words in training, and as many are left out, so that a mail
    differs in every epoch and no word always has the same place. Mails of like length go together,
    see `batches`.
    """
    generator = torch.Generator().manual_seed(seed)
    rows = [vocabulary.ids(mail.text) for mail in mails]
    lengths = torch.tensor([len(row) for row in rows])
    labels = labels_of(mails)
    steps = -(-len(mails) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, lr, epochs=epochs, steps_per_epoch=steps
    )
    for _ in range(epochs):
        total = 0.0
        for index in batches(lengths, batch_size, generator):
            ids = pad([rows[i] for i in index.tolist()])
            logits = model(add_noise(ids, noise, generator))
            loss = F.binary_cross_entropy_with_logits(logits, labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(index)
        yield total / len(mails)


def batches(
    lengths: Tensor, size: int, generator: torch.Generator, among: int = 20
) -> list[Tensor]:
    """Divide N rows of `lengths` `[N]` into random batches of indices `(size,)`.

    One of them may be smaller. In every `among` batches rows are sorted by length, so that little
    padding is needed; the batches then are shuffled.
    """
    parts = []
    for group in torch.randperm(len(lengths), generator=generator).split(among * size):
        by_length = lengths[group].argsort(stable=True)
        parts += group[by_length].split(size)
    order = torch.randperm(len(parts), generator=generator)
    return [parts[i] for i in order]


def add_noise(ids: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Return indices `[B,T]` with about a `share` of the words as [UNK] and as many left out.

    [CLS] stays.
    """
    luck = torch.rand(ids.shape, generator=generator)
    luck[:, 0] = 0.5
    ids = ids.masked_fill((luck < share) & (ids != PAD), UNKNOWN)
    ids = ids.masked_fill(luck > 1 - share, PAD)
    padding_last = (ids == PAD).int().argsort(dim=1, stable=True)
    return ids.gather(1, padding_last)


@torch.no_grad()
def probabilities(
    model: nn.Module, vocabulary: Vocabulary, texts: list[str], batch_size: int = 250
) -> Tensor:
    """Return the probability of spam `[N]` of each text."""
    parts = [torch.empty(0)]
    for start in range(0, len(texts), batch_size):
        ids = vocabulary.batch(texts[start : start + batch_size])
        parts.append(model(ids).sigmoid())
    return torch.cat(parts)


def judge(
    text: str, probability: Callable[[str], float], vocabulary: Vocabulary, threshold: float
) -> str:
    """Say in a line or two what a classifier makes of a text, or why it can make nothing of it."""
    text = text.strip()
    if not text:
        return "Nothing to classify: type or paste the text of a mail."
    if any(_is_binary(char) for char in text[:READ]):
        return (
            "This is not the text of a mail: it holds control characters, as a binary file does. "
            "Paste plain text."
        )
    tokens = tokenize(text[:READ])
    words = [token for token in tokens[: LONGEST - 1] if _is_word(token)]
    unknown = sum(word not in vocabulary.index for word in words)
    if unknown == len(words):
        return (
            "None of the words occurs in the training mails, so there is nothing to go by. "
            "Use the language of the training mails."
        )
    value = probability(text[:READ])
    verdict = "spam" if value > threshold else "not spam"
    notes = [f"{verdict}: p(spam) = {value:.3f}, threshold {threshold:.3f}."]
    if len(text) > READ or len(tokens) > LONGEST - 1:
        notes.append(f"The text is long: only its first {LONGEST - 1} tokens were read.")
    if 2 * unknown > len(words):
        notes.append(
            f"Take it with care: {unknown} of {len(words)} words are not in the training mails."
        )
    return " ".join(notes)


def _is_word(token: str) -> bool:
    """Say whether a token holds a letter or a pictograph."""
    return any(unicodedata.category(char) in _WORDLIKE for char in token)


def _is_binary(char: str) -> bool:
    """Say whether a character never occurs in text.

    That is half a surrogate pair, or a control that is not white space.
    """
    return unicodedata.category(char) == "Cs" or (char < " " and not char.isspace())


class BagOfWords(nn.Module):
    """Logistic regression on which words occur, wherever: the baseline without attention."""

    def __init__(self, words: int):
        super().__init__()
        self.linear = nn.Linear(words, 1)
        nn.init.zeros_(self.linear.weight)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits `[B]` of indices `[B,T]`."""
        present = torch.zeros(len(ids), self.linear.in_features).scatter_(1, ids, 1.0)
        present[:, : CLS + 1] = 0
        return self.linear(present)[:, 0]
