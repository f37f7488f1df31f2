"""Mails with a label, spam or not: generated from a grammar with held-out wording, or read from a CSV file."""

import csv
import random
import re
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import DataError, shown

PARTS = ("train", "val", "test")
KINDS = ("plain", "mixed", "order")
SIZES = {"train": 6000, "val": 1000, "test": 2000}
LABELS = {"spam": 1, "ham": 0, "1": 1, "0": 0}
LONGEST = 100_000  # characters of one mail
MOST = 50_000  # mails of a file, so that training stays a matter of minutes
FEWEST = 20  # mails of each label, so that a split leaves some of both in each part


@dataclass(frozen=True)
class Mail:
    """The text of a mail, its label, 1 for spam and 0 for ham (what one wants to read), and one of `KINDS`."""

    text: str
    label: int
    kind: str = "plain"


def generate(part: str, count: int, seed: int) -> list[Mail]:
    """Return `count` mails, spam and ham in turn, in the wording of one of `PARTS`.

    No sentence form and no slot filler occurs in two parts, so a form learnt by heart in training is of no use
    in the test. Three fifths are plain; a fifth is mixed, spam behind an innocent sentence or a warning that quotes
    spam; a fifth has one of two sentences with the same words, of which only the order tells which is spam.
    """
    draw = random.Random(f"{part} {seed}")
    return [_mail(index % 2, part, draw) for index in range(count)]


def read_csv(path: str | Path) -> list[Mail]:
    """Read a CSV file in UTF-8 with the columns `label` (spam or ham, 1 or 0) and `text`; repeated texts count once.

    Raises DataError, one line, for a file that cannot be read as that, has under `FEWEST` mails of either label or
    more than `MOST` in all.
    """
    path, name = Path(path), shown(path, 200)
    csv.field_size_limit(LONGEST)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{name} is not a regular file; give a CSV file")
        with open(path, encoding="utf-8-sig", newline="") as file:
            return _enough(name, _rows(name, csv.DictReader(file, strict=True)))
    except OSError as error:
        hint = "download it first, then give its path" if ":/" in str(path) else "give a CSV file"
        raise DataError(f"{name} cannot be read ({error.strerror}); {hint}") from None
    except UnicodeDecodeError:
        raise DataError(f"{name} is not text in UTF-8; save it as CSV in UTF-8") from None


def split(mails: list[Mail], seed: int) -> dict[str, list[Mail]]:
    """Shuffle mails into `PARTS`: half for training, a sixth for validation, a third for test, by label alike."""
    parts = {part: [] for part in PARTS}
    for label in (1, 0):
        chosen = [mail for mail in mails if mail.label == label]
        random.Random(seed).shuffle(chosen)
        first, second = len(chosen) // 2, len(chosen) * 2 // 3
        for part, some in zip(
            PARTS, (chosen[:first], chosen[first:second], chosen[second:]), strict=True
        ):
            parts[part] += some
    return parts


@cache
def grammar() -> dict[str, dict[str, list[str]]]:
    """Return the lines of `mail.txt`: section name, then part, then the lines that belong to that part."""
    sections, current = {}, None
    for line in (Path(__file__).parent / "mail.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            current.append(line)
    places = {"train": (0, 1, 2), "val": (3,), "test": (4,)}
    return {
        name: {
            part: [line for i, line in enumerate(lines) if i % 5 in places[part]] for part in PARTS
        }
        for name, lines in sections.items()
    }


def _mail(label: int, part: str, draw: random.Random) -> Mail:
    kind = draw.choices(KINDS, (3, 1, 1))[0]
    topic = draw.choice([name for name in grammar() if name.startswith("spam")])
    innocent = draw.choice(["ham work", "ham private", "ham notice"])
    if kind == "order":
        body = [ordered(label, form) for form in _forms("order", part, 1, draw)]
    elif kind == "mixed":
        body = _forms(innocent if label else "ham warning", part, 1, draw) + _forms(
            topic, part, 1, draw
        )
    else:
        body = _forms(topic if label else innocent, part, draw.randint(1, 2), draw)
    opening = _forms("open", part, draw.randint(0, 1), draw) + _forms(
        "link", part, draw.randint(0, 1), draw
    )
    text = " ".join(opening + body + _forms("close", part, draw.randint(0, 1), draw))
    while "{" in text:  # a filler may hold slots of its own
        text = re.sub(r"{(\w+)}", lambda slot: draw.choice(grammar()[slot[1]][part]), text)
    return Mail(text, label, kind)


def ordered(label: int, form: str) -> str:
    """Return a form of the section `order` for a label: "do not WAIT, ASK" is spam, "do not ASK, WAIT" is not."""
    swap = {"{ASK}": "{WAIT}", "{WAIT}": "{ASK}"}
    return form if label else re.sub("{ASK}|{WAIT}", lambda slot: swap[slot[0]], form)


def _forms(section: str, part: str, count: int, draw: random.Random) -> list[str]:
    return draw.sample(grammar()[section][part], count)


def _rows(name: str, reader: csv.DictReader) -> list[Mail]:
    """Return the mails of an open CSV file, each text once."""
    mails = {}
    try:
        label, text = _columns(name, reader.fieldnames or [])
        for row in reader:
            where = f"{name}, line {reader.line_num}"
            mail = _row(where, row, label, text)
            if mails.setdefault(mail.text, mail).label != mail.label:
                raise DataError(
                    f"{where}: this text stands twice, once as spam and once as ham; remove one"
                )
            if len(mails) > MOST:
                raise DataError(f"{name} has more than {MOST:,} mails; give a smaller sample of it")
    except csv.Error as error:
        raise DataError(
            f"{name}, line {reader.line_num}: this is not CSV with mails of up to {LONGEST:,} characters "
            f"({error}); put texts in double quotes, and double the quotes inside"
        ) from None
    return list(mails.values())


def _columns(name: str, header: list[str]) -> tuple[str, str]:
    """Return the file's own spelling of the columns label and text."""
    known = [(column or "").strip().lower() for column in header]
    wrong = [wanted for wanted in ("label", "text") if known.count(wanted) != 1]
    if wrong:
        raise DataError(
            f"{name} has not one column {' and one '.join(wrong)} (found: {shown(', '.join(header))}); its "
            "first line must name a label and a text column, separated by commas"
        )
    return header[known.index("label")], header[known.index("text")]


def _row(where: str, row: dict, label: str, text: str) -> Mail:
    if None in row:
        raise DataError(
            f"{where}: there are more cells than columns; put a text that holds commas in double quotes"
        )
    key, body = (row[label] or "").strip().lower(), (row[text] or "").strip()
    if key not in LABELS:
        raise DataError(f"{where}: label {shown(key)!r} is not allowed; use spam or ham, or 1 or 0")
    if "\0" in body or not re.search(r"[^\W_]|[^\w\s]", body):
        raise DataError(f"{where}: the text is {'binary' if body else 'empty'}; remove that line")
    return Mail(body, LABELS[key])


def _enough(name: str, mails: list[Mail]) -> list[Mail]:
    counts = {
        label: sum(mail.label == LABELS[label] for mail in mails) for label in ("spam", "ham")
    }
    if min(counts.values()) < FEWEST:
        raise DataError(
            f"{name} holds {counts['spam']} spam and {counts['ham']} ham mails with different texts; "
            f"at least {FEWEST} of each are needed"
        )
    return mails
