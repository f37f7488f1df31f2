"""Mails with a label, spam or not, generated from a grammar with held-out wording."""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PARTS = ("train", "val", "test")
SHARES = {"plain": 3, "mixed": 1, "order": 1}  # of the kinds of mail, in fifths
KINDS = tuple(SHARES)
SPAM_SECTIONS = ("spam prize", "spam account", "spam money", "spam goods")  # of mail.txt
HAM_SECTIONS = ("ham work", "ham private", "ham notice")
SIZES = {"train": 6000, "val": 1000, "test": 2000}
LINES_OF_PART = {"train": (0, 1, 2), "val": (3,), "test": (4,)}  # of every five lines of mail.txt


@dataclass(frozen=True)
class Mail:
    """The text of a mail, its label, and one of `KINDS`, or another word for mails from elsewhere.

    The label is 1 for spam and 0 for ham, that is, for mail that is wanted.
    """

    text: str
    label: int
    kind: str = "plain"


def generate(part: str, count: int, seed: int) -> list[Mail]:
    """Return `count` mails, spam and ham in turn, in the wording of one of `PARTS`.

    No sentence form and no slot filler occurs in two parts, so a form learnt by heart in training
    is of no use in the test. Three fifths are plain; a fifth is mixed, spam behind an innocent
    sentence or a warning that quotes spam; a fifth has one of two sentences that differ only in the
    order of their words, which decides the label.
    """
    draw = random.Random(f"{part} {seed}")
    return [_generate_one(index % 2, part, draw) for index in range(count)]


def split_mails(mails: list[Mail], seed: int) -> dict[str, list[Mail]]:
    """Shuffle mails into `PARTS`, with the same share of spam in each.

    Half are for training, a sixth for validation, a third for the test.
    """
    parts: dict[str, list[Mail]] = {part: [] for part in PARTS}
    for label in (1, 0):
        chosen = [mail for mail in mails if mail.label == label]
        random.Random(seed).shuffle(chosen)
        half, two_thirds = len(chosen) // 2, len(chosen) * 2 // 3
        parts["train"] += chosen[:half]
        parts["val"] += chosen[half:two_thirds]
        parts["test"] += chosen[two_thirds:]
    return parts


@cache
def grammar() -> dict[str, dict[str, list[str]]]:
    """Return the lines of `mail.txt`: section name, then part, then that part's lines."""
    text = (Path(__file__).parent / "mail.txt").read_text(encoding="utf-8")
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current.append(line)
    return {name: _divide(lines) for name, lines in sections.items()}


def _divide(lines: list[str]) -> dict[str, list[str]]:
    """Divide the lines of a section among `PARTS`: of every five, three, one and one."""
    return {
        part: [line for i, line in enumerate(lines) if i % 5 in places]
        for part, places in LINES_OF_PART.items()
    }


def _generate_one(label: int, part: str, draw: random.Random) -> Mail:
    """Return a mail of one of `KINDS`, with or without greeting, link and farewell."""
    (kind,) = draw.choices(KINDS, list(SHARES.values()))
    topic = draw.choice(SPAM_SECTIONS)
    innocent = draw.choice(HAM_SECTIONS)
    if kind == "order":
        (form,) = _draw_forms("order", part, 1, draw)
        body = [in_order(label, form)]
    elif kind == "mixed":
        before = innocent if label else "ham warning"
        body = _draw_forms(before, part, 1, draw) + _draw_forms(topic, part, 1, draw)
    else:
        body = _draw_forms(topic if label else innocent, part, draw.randint(1, 2), draw)
    opening = _draw_forms("open", part, draw.randint(0, 1), draw)
    lead_in = _draw_forms("lead-in", part, draw.randint(0, 1), draw)
    farewell = _draw_forms("close", part, draw.randint(0, 1), draw)
    text = " ".join(opening + lead_in + body + farewell)
    return Mail(_fill(text, part, draw), label, kind)


def in_order(label: int, form: str) -> str:
    """Return a form of the section `order` in the order of words that a label has.

    "do not WAIT, ASK" is spam, "do not ASK, WAIT" is not.
    """
    if label:
        return form
    swap = {"{ASK}": "{WAIT}", "{WAIT}": "{ASK}"}
    return re.sub("{ASK}|{WAIT}", lambda slot: swap[slot[0]], form)


def _draw_forms(section: str, part: str, count: int, draw: random.Random) -> list[str]:
    return draw.sample(grammar()[section][part], count)


def _fill(text: str, part: str, draw: random.Random) -> str:
    """Fill the slots of a text, such as {NAME}; a filler may hold slots of its own."""
    while "{" in text:
        text = re.sub(r"{(\w+)}", lambda slot: draw.choice(grammar()[slot[1]][part]), text)
    return text
