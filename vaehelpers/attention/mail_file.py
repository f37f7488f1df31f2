"""Mails of your own: files with labels as they are handed around, and what was understood of them.

A file is cut into rows at each delimiter that is tried. It is understood where its first row is a
header that names a label and a text column, or begins with spam or ham.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..errors import DataError, one_line
from .mail import Mail
from .text_file import read_text

WORDS = {"spam": 1, "ham": 0, "not spam": 0, "no spam": 0, "non spam": 0}
CODES = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, "true": 1, "false": 0, "yes": 1, "no": 0}
LABELS = WORDS | CODES
# In lower case, with blanks for signs; of several that a header has, the first one here is taken.
LABEL_COLUMNS = ("label", "labels", "category", "class", "target", "type", "spam", "is spam")
LABEL_COLUMNS += ("spam ham", "ham spam", "v1")
TEXT_COLUMNS = ("text", "message", "sms", "body", "content", "email", "mail", "v2")
SUBJECT_COLUMN = "subject"
DELIMITERS = {"\t": "tab", ";": "semicolon", ",": "comma"}
LONGEST = 120_000  # characters of a row; the csv module gives up at 131,072 in one cell
MOST = 50_000  # mails of a file, so that training stays a matter of minutes
MOST_ROWS = 200_000  # of a file, with those that are left out
MOST_LINES = 4_000_000  # of a file: a mail may have many
FEWEST = 20  # mails of each label, so that a split leaves some of both in each part
KIND = "own"  # where generated mails have one of `mail.KINDS`
SHOWN = 5  # unreadable rows in a report


@dataclass(frozen=True)
class MailFile:
    """The mails of a file, and how it was understood.

    `understood` is one line: layout, encoding, what was taken, what was left out. `unreadable` says
    of each row that cannot be read where it stands and what is wrong with it.
    """

    mails: list[Mail]
    understood: str
    unreadable: list[str]

    def report(self) -> str:
        """Return what was understood and, a line each, the first rows that cannot be read."""
        lines = [self.understood, *self.unreadable[:SHOWN]]
        more = len(self.unreadable) - SHOWN
        if more > 0:
            lines.append(f"... and {more:,} more")
        return "\n".join(lines)


def read_csv(path: str | Path) -> MailFile:
    """Read mails with labels from a table in a text file, or in the .gz or .zip of one.

    Cells are separated by commas, semicolons or tabs. Columns are found by name (LABEL_COLUMNS,
    TEXT_COLUMNS; a subject is put before the text), or there is no header and rows begin with spam
    or ham. Labels are those in LABELS, in any case. A text that stands several times counts once,
    and not at all if it has both labels. Rows that cannot be read are left out. Raises DataError,
    one line, where more rows cannot be read than can, and for under FEWEST mails of either label or
    more than MOST in all.
    """
    path = Path(path)
    name = one_line(path, 200)
    file = read_text(path)
    lines = re.split("\r\n|\r|\n", file.text, maxsplit=MOST_LINES)
    if len(lines) > MOST_LINES:
        raise DataError(f"{name} has more than {MOST_LINES:,} lines; give a smaller sample of it")
    layout, rows = _best_reading(name, lines)
    if len(rows) > MOST_ROWS:
        raise DataError(f"{name} has more than {MOST_ROWS:,} rows; give a smaller sample of it")
    readable = [row for row in rows if not row.problem]
    unreadable = [f"line {row.line}: {row.problem}" for row in rows if row.problem]
    if len(unreadable) > len(readable):
        raise DataError(
            f"{name}: {len(unreadable):,} of {len(rows):,} rows cannot be read, the first in "
            f"{unreadable[0]}; mend or remove such rows"
        )
    mails, repeated, contradictory = _unique(readable)
    left_out = {
        "repeated": repeated,
        "labelled both ways": contradictory,
        "unreadable": len(unreadable),
    }
    counts = f"{_count_labels(mails)} mails{_list_left_out(left_out)}"
    _check_counts(name, mails, counts)
    source = one_line(f"{path.name} ({file.member})" if file.member else path.name)
    understood = (
        f"{source}: {layout}{_meaning(readable)}, {file.encoding}, {len(rows):,} rows: {counts}"
    )
    return MailFile(mails, understood, unreadable)


@dataclass(frozen=True)
class _Layout:
    """How rows are read.

    `names` are those of all columns, none where there is no header; `label` and `texts` are places
    of columns; `first` is the place of the first line with a mail.
    """

    delimiter: str
    is_quoted: bool
    first: int
    names: tuple[str, ...]
    label: int
    texts: tuple[int, ...]

    @property
    def is_open(self) -> bool:
        """Say whether a row's last cells are its text: no column with a name comes after it."""
        return not any(name.strip() for name in self.names[self.texts[-1] + 1 :])

    def __str__(self) -> str:
        separated = f"{DELIMITERS[self.delimiter]}-separated"
        if not self.names:
            return f"{separated}, no header, the label first"
        label, *texts = (f'"{one_line(self.names[i].strip())}"' for i in (self.label, *self.texts))
        return f"{separated}, label in {label}, text in {' and '.join(texts)}"


class _Row(NamedTuple):
    """What stands in the row that begins at a line, or the problem with it."""

    line: int
    label: str = ""
    text: str = ""
    problem: str = ""


class _Unreadable(Exception):
    """A row cannot be read."""


def _best_reading(name: str, lines: list[str]) -> tuple[_Layout, list[_Row]]:
    """Return the layout in which most rows can be read, and the rows."""
    readings = []
    for layout in _find_layouts(lines):
        rows = list(islice(_read_rows(lines, layout), MOST_ROWS + 1))
        readings.append((layout, rows))
    if not readings:
        first = next((line for line in lines if line.strip()), "")
        if "\0" in first:
            raise DataError(f"{name} is not a text file; save it as CSV in UTF-8")
        raise DataError(
            f"{name}: a first line with the columns label and text is needed (other names for "
            "them: category, class, target, spam, v1; message, sms, body, email, v2), or rows that "
            f"begin with spam or ham and a tab; found: {first[:60]!r}"
        )
    return max(readings, key=lambda reading: sum(not row.problem for row in reading[1]))


def _find_layouts(lines: list[str]) -> Iterator[_Layout]:
    """Yield the layouts that the first row fits.

    Texts between tabs often hold quotes that mean nothing but themselves, so both are tried there.
    """
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    told = re.fullmatch(r'"?sep=([\t;,])"?\s*', lines[first])  # so Excel begins its files
    delimiters = [told[1]] if told else list(DELIMITERS)
    first += bool(told)
    for delimiter in delimiters:
        for is_quoted in (True, False) if delimiter == "\t" else (True,):
            layout = _find_layout(lines, first, delimiter, is_quoted)
            if layout:
                yield layout


def _find_layout(lines: list[str], first: int, delimiter: str, is_quoted: bool) -> _Layout | None:
    """Return the layout that the row at line `first` fits under a delimiter, or None."""
    try:
        cells, after = _row_at(lines, first, delimiter, is_quoted)
    except _Unreadable:
        return None
    names = [_plain(cell) for cell in cells]
    label, text = _find_column(names, LABEL_COLUMNS), _find_column(names, TEXT_COLUMNS)
    if label is not None and text is not None:
        subject = _find_column(names, (SUBJECT_COLUMN,))
        texts = (text,) if subject is None else (subject, text)
        return _Layout(delimiter, is_quoted, after, tuple(cells), label, texts)
    if len(cells) > 1 and names[0] in ("spam", "ham"):
        return _Layout(delimiter, is_quoted, first, (), 0, (1,))
    return None


def _plain(name: str) -> str:
    """Return a name in lower case with one blank for all that is no letter or digit."""
    return re.sub(r"[\W_]+", " ", name).strip().lower()


def _find_column(names: list[str], wanted: tuple[str, ...]) -> int | None:
    """Return the place of the first wanted name, or None if there is none, or two of it."""
    for name in wanted:
        if name in names:
            return names.index(name) if names.count(name) == 1 else None
    return None


def _read_rows(lines: list[str], layout: _Layout) -> Iterator[_Row]:
    """Yield the rows that are not blank; after one that cannot be read, go on at the next line."""
    at = layout.first
    while at < len(lines):
        line, after = at + 1, at + 1
        try:
            cells, after = _row_at(lines, at, layout.delimiter, layout.is_quoted)
            if any(cell.strip() for cell in cells):
                yield _read_row(line, cells, layout)
        except _Unreadable as problem:
            yield _Row(line, problem=str(problem))
        at = after


def _row_at(lines: list[str], at: int, delimiter: str, is_quoted: bool) -> tuple[list[str], int]:
    """Return the cells of the row that begins at a line, and the line after it.

    A row is one line, or as many as it takes until each quote has its partner.
    """
    is_unfinished = is_quoted and lines[at].count('"') % 2 == 1
    try:
        return _cells(lines[at], delimiter, is_quoted), at + 1
    except _Unreadable:
        if not is_unfinished:
            raise
    end = at + 1
    while is_unfinished and end < len(lines):
        is_unfinished ^= lines[end].count('"') % 2 == 1
        end += 1
    return _cells("\n".join(lines[at:end]), delimiter, is_quoted), end


def _cells(row: str, delimiter: str, is_quoted: bool) -> list[str]:
    """Return the cells of a row; raise _Unreadable."""
    if len(row) > LONGEST:
        raise _Unreadable(f"the row has more than {LONGEST:,} characters")
    if "\0" in row:
        raise _Unreadable("the row is binary")
    quoting = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    try:
        return next(csv.reader([row], delimiter=delimiter, quoting=quoting, strict=True))
    except csv.Error as error:
        raise _Unreadable(f"quotes without a partner ({one_line(error)})") from None


def _read_row(line: int, cells: list[str], layout: _Layout) -> _Row:
    """Return a row's label, one of LABELS, and its text; raise _Unreadable."""
    last = layout.texts[-1]
    if len(cells) <= last if layout.is_open else len(cells) != len(layout.names):
        raise _Unreadable(f"{len(cells)} cells do not fit the columns; put texts in double quotes")
    label = cells[layout.label].strip().lower()
    label = re.sub(r"(?<=[a-z])[\s_-]+(?=[a-z])", " ", label)  # "not-spam", but never "-1"
    if label not in LABELS:
        raise _Unreadable(
            f"label {one_line(label)!r} is not allowed; use spam or ham, 1 or 0, true or false"
        )
    if layout.is_open:
        cells[last] = _rest_of_row(cells[last:], layout.delimiter)
    text = "\n".join(cells[place].strip() for place in layout.texts).strip()
    if not re.search(r"[^\W_]|[^\w\s]", text):
        raise _Unreadable("the text is empty")
    return _Row(line, label, text)


def _rest_of_row(cells: list[str], delimiter: str) -> str:
    """Return the text that a row's last cells were cut from; empty ones at its end are padding."""
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return delimiter.join(cells)


def _unique(rows: list[_Row]) -> tuple[list[Mail], int, int]:
    """Return each text with its label once, and how many rows repeat or contradict another."""
    labels: dict[str, set[int]] = {}
    for row in rows:
        labels.setdefault(row.text, set()).add(LABELS[row.label])
    contradictory = sum(len(labels[row.text]) > 1 for row in rows)
    mails = [Mail(text, found.pop(), KIND) for text, found in labels.items() if len(found) == 1]
    return mails, len(rows) - contradictory - len(mails), contradictory


def _check_counts(name: str, mails: list[Mail], counts: str) -> None:
    """Raise DataError unless there are enough mails of both labels, and not too many."""
    spam = sum(mail.label for mail in mails)
    if min(spam, len(mails) - spam) < FEWEST:
        raise DataError(f"{name} holds {counts}; at least {FEWEST} of each are needed, so add some")
    if len(mails) > MOST:
        raise DataError(
            f"{name} holds {len(mails):,} mails, more than {MOST:,}; give a smaller sample of it"
        )


def _meaning(rows: list[_Row]) -> str:
    """Say which codes are taken for spam and for ham, if any."""
    found = {row.label for row in rows}
    codes = [f"{code} for {'spam' if CODES[code] else 'ham'}" for code in CODES if code in found]
    return f" ({', '.join(codes)})" if codes else ""


def _count_labels(mails: list[Mail]) -> str:
    spam = sum(mail.label for mail in mails)
    return f"{spam:,} spam and {len(mails) - spam:,} ham"


def _list_left_out(counts: dict[str, int]) -> str:
    """Say how many rows were left out for which reason, where there are any."""
    found = [f"{count:,} {reason}" for reason, count in counts.items() if count]
    return f", left out {', '.join(found)}" if found else ""
