"""Mails with a label, spam or not: generated from a grammar with held-out wording, or your own."""

import csv
import random
import re
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import DataError, one_line

PARTS = ("train", "val", "test")
SHARES = {"plain": 3, "mixed": 1, "order": 1}  # of the kinds of mail, in fifths
KINDS = tuple(SHARES)
SPAM_SECTIONS = ("spam prize", "spam account", "spam money", "spam goods")  # of mail.txt
HAM_SECTIONS = ("ham work", "ham private", "ham notice")
SIZES = {"train": 6000, "val": 1000, "test": 2000}
LABELS = {"spam": 1, "ham": 0, "1": 1, "0": 0}
LONGEST = 100_000  # characters of one mail
MOST = 50_000  # mails of a file, so that training stays a matter of minutes
FEWEST = 20  # mails of each label, so that a split leaves some of both in each part
LINES_OF_PART = {"train": (0, 1, 2), "val": (3,), "test": (4,)}  # of every five lines of mail.txt


@dataclass(frozen=True)
class Mail:
    """The text of a mail, its label, and one of `KINDS`.

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


def read_csv(path: str | Path) -> list[Mail]:
    """Read a CSV file in UTF-8 with the columns `label` and `text`.

    A label is spam or ham, 1 or 0; repeated texts count once. Raises DataError, one line, for a
    file that cannot be read as that, has under `FEWEST` mails of either label or more than `MOST`
    in all.
    """
    path = Path(path)
    name = one_line(path, 200)
    csv.field_size_limit(LONGEST)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{name} is not a regular file; give a CSV file")
        with open(path, encoding="utf-8-sig", newline="") as file:
            mails = _read_rows(name, csv.DictReader(file, strict=True))
    except OSError as error:
        is_address = ":/" in str(path)
        hint = "download it first, then give its path" if is_address else "give a CSV file"
        raise DataError(f"{name} cannot be read ({error.strerror}); {hint}") from None
    except UnicodeDecodeError:
        raise DataError(f"{name} is not text in UTF-8; save it as CSV in UTF-8") from None
    _check_counts(name, mails)
    return mails


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


def _read_rows(name: str, reader: csv.DictReader) -> list[Mail]:
    """Return the mails of an open CSV file, each text once."""
    mails: dict[str, Mail] = {}
    try:
        label, text = _find_columns(name, list(reader.fieldnames or []))
        for row in reader:
            where = f"{name}, line {reader.line_num}"
            mail = _read_row(where, row, label, text)
            known = mails.setdefault(mail.text, mail)
            if known.label != mail.label:
                raise DataError(
                    f"{where}: this text stands twice, once as spam and once as ham; remove one"
                )
            if len(mails) > MOST:
                raise DataError(f"{name} has more than {MOST:,} mails; give a smaller sample of it")
    except csv.Error as error:
        raise DataError(
            f"{name}, line {reader.line_num}: this is not CSV with mails of up to {LONGEST:,} "
            f"characters ({error}); put texts in double quotes, and double the quotes inside"
        ) from None
    return list(mails.values())


def _find_columns(name: str, header: list[str]) -> tuple[str, str]:
    """Return the file's own spelling of the columns label and text."""
    known = [(column or "").strip().lower() for column in header]
    wrong = [wanted for wanted in ("label", "text") if known.count(wanted) != 1]
    if wrong:
        raise DataError(
            f"{name} must have exactly one column {' and one '.join(wrong)} "
            f"(found: {one_line(', '.join(header))}); its first line names a label and a text "
            "column, separated by commas"
        )
    return header[known.index("label")], header[known.index("text")]


def _read_row(where: str, row: dict, label: str, text: str) -> Mail:
    """Return the mail of one row; `where` names it in messages."""
    if None in row:
        raise DataError(
            f"{where}: there are more cells than columns; "
            "put a text that holds commas in double quotes"
        )
    key = (row[label] or "").strip().lower()
    body = (row[text] or "").strip()
    if key not in LABELS:
        raise DataError(
            f"{where}: label {one_line(key)!r} is not allowed; use spam or ham, or 1 or 0"
        )
    if "\0" in body or not re.search(r"[^\W_]|[^\w\s]", body):
        raise DataError(f"{where}: the text is {'binary' if body else 'empty'}; remove that line")
    return Mail(body, LABELS[key])


def _check_counts(name: str, mails: list[Mail]) -> None:
    """Raise DataError unless there are enough mails of both labels."""
    spam = sum(mail.label for mail in mails)
    ham = len(mails) - spam
    if min(spam, ham) < FEWEST:
        raise DataError(
            f"{name} holds {spam} spam and {ham} ham mails with different texts; "
            f"at least {FEWEST} of each are needed"
        )
