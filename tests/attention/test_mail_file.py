"""Mails of your own: files as they are handed around, damaged ones, and advice that works."""

import codecs
import csv
import gzip
import io
import os
import re
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaehelpers.attention import mail_file, text_file
from vaehelpers.attention.mail import Mail
from vaehelpers.core.settings import check
from vaehelpers.errors import DataError, SettingError
from vaehelpers.series.parameters import PARAMETERS, check_parameters

COUNT = 30  # mails of each label
SPAM = [f'Win £{i}000 cash, "free"; it\'s yours' for i in range(COUNT)]
HAM = [f"Café at {i}; 'ok', see you" for i in range(COUNT)]
MAILS = [Mail(text, 1, "own") for text in SPAM] + [Mail(text, 0, "own") for text in HAM]
WORDS = [("spam" if mail.label else "ham", mail.text) for mail in MAILS]
GOOD = [("spam", f"win prize {i}") for i in range(20)] + [("ham", f"at {i}") for i in range(20)]


def table(rows, header=None, delimiter=",") -> str:
    """Return rows as CSV, cells in quotes where they need them."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerows([header] * (header is not None))
    writer.writerows(rows)
    return file.getvalue()


def labelled(spam, ham) -> str:
    """Return a CSV file with the columns label and text, and the given words for labels."""
    names = {"spam": spam, "ham": ham}
    return table([(names[label], text) for label, text in WORDS], ("label", "text"))


def zipped(**members: bytes) -> bytes:
    """Return a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


PLAIN = table(WORDS, ("label", "text"))
GOOD_TABLE = table(GOOD, ("label", "text"))
ENRON = [
    (i, text[:5], f"{text}\nmore, and more", label, "2004-01-01")
    for i, (label, text) in enumerate(WORDS)
]
# Files as they are handed around, and what has to be said of them.
LAYOUTS = {
    "SMSSpamCollection": (
        "".join(f"{label}\t{text}\n" for label, text in WORDS).encode(),
        "tab-separated, no header, the label first, utf-8, 60 rows",
    ),
    "spam.csv": (
        table([(*row, "", "", "") for row in WORDS], ("v1", "v2", "", "", "")).encode("latin-1"),
        'comma-separated, label in "v1", text in "v2", cp1252 (guessed), 60 rows',
    ),
    "category": (
        table(WORDS, ("Category", "Message")).encode(),
        'label in "Category", text in "Message"',
    ),
    "text first": (
        table([(text, int(label == "spam")) for label, text in WORDS], ("text", "spam")).encode(),
        'label in "spam", text in "text" (1 for spam, 0 for ham)',
    ),
    "enron": (
        table(ENRON, ("Message ID", "Subject", "Message", "Spam/Ham", "Date")).encode(),
        'label in "Spam/Ham", text in "Subject" and "Message"',
    ),
    "index and number": (
        table(
            [(i, *row, int(row[0] == "spam")) for i, row in enumerate(WORDS)],
            ("", "label", "text", "label_num"),
        ).encode(),
        'label in "label", text in "text", utf-8',
    ),
    "True": (labelled(True, False).encode(), "(true for spam, false for ham)"),
    "1.0": (labelled(1.0, 0.0).encode(), "(1.0 for spam, 0.0 for ham)"),
    "yes": (labelled("Yes", "No").encode(), "(yes for spam, no for ham)"),
    "not spam": (labelled(" SPAM", "Not_Spam ").encode(), 'text in "text", utf-8'),
    "semicolon": (table(WORDS, ("label", "text"), ";").encode(), "semicolon-separated"),
    "tab": (table(WORDS, ("label", "text"), "\t").encode(), "tab-separated, label in"),
    "sep": (("sep=;\r\n" + table(WORDS, ("text", "label")[::-1], ";")).encode(), "semicolon"),
    "sep, quoted": (('"sep=,"\n' + PLAIN).encode(), "comma-separated"),
    "BOM": (PLAIN.encode("utf-8-sig"), "utf-8-sig"),
    "UTF-16": (table(WORDS, ("label", "text"), "\t").encode("utf-16"), "tab-separated, label in"),
    "UTF-16, big end": (codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), "utf-16, 60 rows"),
    "UTF-32": (PLAIN.encode("utf-32"), "utf-32, 60 rows"),
    "gz": (gzip.compress(PLAIN.encode()), "the file: comma-separated"),
    "zip": (zipped(**{"in/spam.csv": PLAIN.encode()}), "the file (in/spam.csv): comma-separated"),
    "zip with readme": (
        zipped(**{"readme": b"Hello", "__MACOSX/._SMS": b"x", "SMS": PLAIN.encode()}),
        "the file (SMS): comma-separated",
    ),
    "blank lines, old Mac": (("\n\n" + PLAIN).replace("\r\n", "\r").encode(), "60 rows"),
}


def read(tmp_path, content: bytes | str) -> mail_file.MailFile:
    """Read a file with that content."""
    path = tmp_path / "the file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return mail_file.read_csv(path)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_file_as_it_is_handed_around_is_read_and_described(tmp_path, name):
    content, said = LAYOUTS[name]
    found = read(tmp_path, content)
    wanted = MAILS
    if name == "enron":
        wanted = [
            Mail(f"{mail.text[:5].strip()}\n{mail.text}\nmore, and more", mail.label, "own")
            for mail in MAILS
        ]
    assert found.mails == wanted
    assert found.unreadable == []
    assert said in found.understood
    assert found.understood.endswith("60 rows: 30 spam and 30 ham mails")
    assert found.report() == found.understood
    assert found.understood.isprintable()


@pytest.mark.parametrize("text", mail_file.TEXT_COLUMNS)
def test_columns_are_known_by_each_of_their_names(tmp_path, text):
    for label in mail_file.LABEL_COLUMNS:
        header = (label.replace(" ", "_").title(), f" {text.upper()}", "other")
        found = read(tmp_path, table([(*row, "x") for row in WORDS], header))
        assert found.mails == MAILS
        assert f'label in "{header[0]}", text in "{text.upper()}"' in found.understood


def test_of_several_known_columns_the_more_telling_one_is_taken(tmp_path):
    rows = [("who@x.example", text, "7", label) for label, text in WORDS]
    found = read(tmp_path, table(rows, ("email", "message", "class", "label")))
    assert found.mails == MAILS


ENCODED = {
    "cp1252": ["don\u2019t wait \u201cnow\u201d, call", "only 5 € today", "Réunion à 14 h"],
    "latin-1": ["Win £5 now", "Mañana reunión a las diez", "Schöne Grüße"],
    "cp1251": ["Встреча завтра в десять", "Вы выиграли приз, звоните", "Привет как дела"],
    "koi8-r": ["Встреча завтра в десять", "Вы выиграли приз, звоните", "Привет как дела"],
    "cp1253": ["Συγχαρητήρια κερδίσατε ένα δώρο", "συνάντηση αύριο στις δέκα"],
    "cp1255": ["שלום מה שלומך היום", "זכית בפרס גדול התקשר עכשיו"],
    "cp1256": ["مبروك لقد ربحت جائزة كبيرة", "الاجتماع غدا في العاشرة"],
    "gb18030": ["恭喜您获得大奖请立即领取", "明天十点开会请准时参加"],
    "big5": ["恭喜您獲得大獎請立即領取", "明天十點開會請準時參加"],
    "shift_jis": ["おめでとうございます賞品が当たりました", "明日の会議は十時です"],
    "euc_kr": ["축하합니다 상품에 당첨되셨습니다", "내일 회의는 열시입니다"],
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoding_is_guessed(tmp_path, encoding):
    texts = [f"{text} {i}" for i in range(20) for text in ENCODED[encoding]]
    rows = [(label, f"{text} {label}") for text in texts for label in ("spam", "ham")]
    found = read(tmp_path, table(rows, ("label", "text")).encode(encoding))
    assert [mail.text for mail in found.mails] == [text for _, text in rows]
    assert "(guessed)" in found.understood


def test_a_few_damaged_lines_do_not_change_what_the_others_are_read_as(tmp_path):
    found = read(tmp_path, PLAIN.encode() + b"ham,caf\xe9\r\n")
    assert "utf-8, damaged in 1 lines" in found.understood
    assert found.mails == [*MAILS, Mail("caf\ufffd", 0, "own")]


def test_rows_that_cannot_be_read_are_counted_shown_and_skipped(tmp_path):
    bad = [
        "junk,x",
        "spam,",
        "ham",
        f"ham,{'x' * 120_000}",
        "ham,a\0b",
        'ham,"never closed',
        "ham,_ __",
    ]
    lines = GOOD_TABLE.splitlines()
    found = read(tmp_path, "\n".join([*lines[:30], *bad, "", " ,", *lines[30:]]))
    assert len(found.mails) == 40
    assert found.understood.endswith("47 rows: 20 spam and 20 ham mails, left out 7 unreadable")
    assert [problem.split(":")[0] for problem in found.unreadable] == [
        f"line {place}" for place in range(31, 38)
    ]
    reasons = ["'junk' is not", "is empty", "1 cells", "120,000", "binary", "quotes", "is empty"]
    for problem, reason in zip(found.unreadable, reasons, strict=True):
        assert reason in problem
    assert found.report().splitlines() == [
        found.understood,
        *found.unreadable[:5],
        "... and 2 more",
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line_alone(tmp_path):
    lines = [f'{label},"{text}"' for label, text in GOOD]
    lines[17] = 'spam,"never closed'
    found = read(tmp_path, "\n".join(["label,text", *lines, "spam,one more"]))
    assert len(found.mails) == 40
    assert [problem.split(":")[0] for problem in found.unreadable] == ["line 19"]


def test_what_the_csv_module_says_is_quoted_on_one_line(tmp_path):
    bad = 'spam\t"quoted" and not\n"'
    with pytest.raises(DataError, match="quotes without a partner") as error:
        read(tmp_path, f"label\ttext\tnote\n{bad}")
    assert str(error.value).isprintable()


def test_quotes_in_texts_between_tabs_mean_themselves(tmp_path):
    odd = ['"Gimme" he said', '"quoted from end to end"', 'a 12" pipe', '"open', 'close"']
    lines = [f"{label}\t{text}" for label, text in [*GOOD, *(("ham", text) for text in odd)]]
    found = read(tmp_path, "\n".join(lines))
    assert [mail.text for mail in found.mails[40:]] == odd
    assert found.unreadable == []


@pytest.mark.parametrize("header", ["label,text", "v1,v2,,,", "number,label,text"])
def test_a_text_in_the_last_column_runs_to_the_end_of_its_row(tmp_path, header):
    number = "7," * header.startswith("number")
    rows = [f"{number}ham,Dear Sir, you, won{i}" for i in range(20)]
    rows += [f'{number}spam,"one{i}"," two",,' for i in range(20)]
    found = read(tmp_path, "\n".join([header, *rows]))
    assert found.mails[0].text == "Dear Sir, you, won0"
    assert found.mails[20].text == "one0, two"
    assert found.unreadable == []


def test_more_cells_than_columns_are_refused_where_the_text_is_not_last(tmp_path):
    rows = [(text, label) for label, text in GOOD]
    found = read(tmp_path, table(rows, ("text", "label")) + "Dear Sir, you won,spam\n")
    assert found.unreadable == [
        "line 42: 3 cells do not fit the columns; put texts in double quotes"
    ]


def test_the_counts_of_a_report_add_up_to_the_rows(tmp_path):
    more = [*GOOD[:7], ("ham", GOOD[0][1]), ("spam", "new"), ("ham", "new"), ("junk", "x")]
    found = read(tmp_path, table([*GOOD, ("spam", "last"), *more], ("label", "text")))
    texts = {mail.text for mail in found.mails}
    assert "new" not in texts
    assert GOOD[0][1] not in texts
    assert len(found.mails) == len(texts) == 40
    said = found.understood.rpartition("rows: ")
    assert said[2] == (
        "20 spam and 20 ham mails, left out 6 repeated, 5 labelled both ways, 1 unreadable"
    )
    rows, *parts = map(int, re.findall(r"\b\d+\b", found.understood.partition("utf-8, ")[2]))
    assert rows == sum(parts) == 52


def test_nothing_is_changed_for_the_whole_process(tmp_path):
    before = csv.field_size_limit()
    read(tmp_path, PLAIN)
    assert csv.field_size_limit() == before


def edit(old: str, new: str):
    """Return a mend that replaces text."""
    return lambda content: content.decode().replace(old, new).encode()


def first_mails(content: bytes) -> bytes:
    """Return the header and the first 40 rows of a table: a smaller sample of it."""
    lines = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    return b"\n".join(lines.splitlines()[:41])


def replaced_by(content: str | bytes):
    """Return a mend that gives another file."""
    return lambda _: content if isinstance(content, bytes) else content.encode()


NO_HEADER = table([(text, label) for label, text in GOOD])
LIMITS = {
    "too many mails": ("MOST", 45),
    "too many rows": ("MOST_ROWS", 45),
    "too many lines": ("MOST_LINES", 60),
}
MANY = "".join(f"ham,{i}\n" for i in range(6))
# What is wrong, what is said of it, and its advice carried out.
MENDED = {
    "empty": ("", "a first line with the columns", replaced_by(GOOD_TABLE)),
    "no header": (NO_HEADER, "found: 'win prize 0,spam'", edit("win prize 0,", "text,label\nw,")),
    "no header, other name": (
        NO_HEADER,
        "other names for them: .*message",
        edit("win prize 0,", "message,category\nw,"),
    ),
    "no tab": (
        "".join(f"{label} {text}\n" for label, text in GOOD),
        "begin with spam or ham and a tab",
        lambda content: re.sub(rb"(?m)^(spam|ham) ", rb"\1\t", content),
    ),
    "column missing": (
        GOOD_TABLE.replace("text", "words"),
        "found: 'label,words'",
        edit("words", "text"),
    ),
    "column twice": (
        GOOD_TABLE.replace("text", "text,Text"),
        "found: 'label,text,Text'",
        edit("text,Text", "text"),
    ),
    "binary": (b"\xd0\xcf\x11\xe0\0\0\0", "is not a text file; save it as CSV", replaced_by(PLAIN)),
    "workbook": (
        zipped(**{"[Content_Types].xml": b"", "xl/workbook.xml": b""}),
        "holds 2 files .* save a spreadsheet as CSV",
        replaced_by(PLAIN),
    ),
    "two files": (
        zipped(**{"a.csv": PLAIN.encode(), "b.csv": b""}),
        "holds 2 files .a.csv, b.csv.; unpack it and give one",
        lambda content: zipfile.ZipFile(io.BytesIO(content)).read("a.csv"),
    ),
    "no file": (zipped(), "holds 0 files", replaced_by(zipped(a=PLAIN.encode()))),
    "torn gz": (
        gzip.compress(PLAIN.encode())[:-9],
        "cannot be unpacked .*pack it again",
        replaced_by(gzip.compress(PLAIN.encode())),
    ),
    "torn zip": (
        zipped(a=PLAIN.encode())[:-30],
        "cannot be unpacked .*give the file inside",
        replaced_by(PLAIN),
    ),
    "labels": (
        GOOD_TABLE.replace("spam", "junk").replace("ham", "wanted"),
        "40 of 40 rows cannot be read, the first in line 2: label 'junk' is not allowed; use spam",
        lambda content: content.replace(b"junk", b"spam").replace(b"wanted", b"ham"),
    ),
    "no label yet": (
        GOOD_TABLE + "".join(f"-1,without label {i}\n" for i in range(41)),
        "41 of 81 rows cannot be read, the first in line 42: label '-1' is not allowed",
        lambda content: re.sub(rb"-1,.*\n", b"", content),
    ),
    "mostly unreadable": (
        GOOD_TABLE + "junk,x\n" * 41,
        "41 of 81 rows cannot be read, the first in line 42.*remove such rows",
        edit("junk,x\n", ""),
    ),
    "one label": (
        table([("spam", f"win {i}") for i in range(30)], ("label", "text")),
        "30 spam and 0 ham mails; at least 20 of each",
        lambda content: content + table(GOOD[20:]).encode(),
    ),
    "all the same": (
        table([("spam", "x")] * 20 + GOOD, ("label", "text")).replace("at 1\r", "at 2\r"),
        "21 spam and 19 ham mails, left out 20 repeated; at least 20",
        lambda content: content + b"ham,one more",
    ),
    "too many mails": (
        GOOD_TABLE + MANY,
        "holds 46 mails, more than 45; give a smaller sample",
        first_mails,
    ),
    "too many rows": (GOOD_TABLE + "ham,x\n" * 6, "more than 45 rows; give a smaller", first_mails),
    "too many lines": (GOOD_TABLE + "\n" * 60, "more than 60 lines; give a smaller", first_mails),
    "too large": (
        GOOD_TABLE + "ham," + "x" * 100_000,
        "is larger than 100,000 bytes; give a smaller sample",
        first_mails,
    ),
    "too large unpacked": (
        gzip.compress((GOOD_TABLE + "ham," + "x" * 100_000).encode()),
        "is unpacked larger than 100,000 bytes; give a smaller sample",
        first_mails,
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_what_is_wrong_is_said_in_one_line_whose_advice_works(tmp_path, monkeypatch, name):
    content, said, mend = MENDED[name]
    content = content if isinstance(content, bytes) else content.encode()
    monkeypatch.setattr(text_file, "LARGEST", 100_000)
    if name in LIMITS:
        monkeypatch.setattr(mail_file, *LIMITS[name])
    with pytest.raises(DataError, match=said) as error:
        read(tmp_path, content)
    assert str(error.value).isprintable()
    assert len(read(tmp_path, mend(content)).mails) >= 40


def encrypted(archive: bytes) -> bytes:
    """Return a zip archive whose headers say that a password is needed."""
    changed = bytearray(archive)
    changed[archive.index(b"PK\3\4") + 6] |= 1
    changed[archive.index(b"PK\1\2") + 8] |= 1
    return bytes(changed)


PACKED = gzip.compress(PLAIN.encode())
DAMAGED = {
    "bad bits": PACKED[:20] + bytes([255]) * 20 + PACKED[40:],
    "other checksum": PACKED[:-8] + bytes(8),
    "not for us": encrypted(zipped(a=PLAIN.encode())),
    "no zip at all": b"PK\3\4",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_an_archive_that_cannot_be_unpacked_is_refused_in_one_line(tmp_path, name):
    with pytest.raises(DataError, match=r"cannot be unpacked \(.+\); download or pack it") as error:
        read(tmp_path, DAMAGED[name])
    assert str(error.value).isprintable()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_python_unpacks_in_one_piece_is_refused(tmp_path, method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.csv", PLAIN)
    with pytest.raises(DataError, match=r"packed in an unusual way.*unpack it"):
        read(tmp_path, file.getvalue())


ZEROS = 100_000_000  # bytes
ENDLESS = {
    "gz": lambda file: file.write(gzip.compress(bytes(ZEROS))),
    "zip": lambda file: file.write(zipped(a=bytes(ZEROS))),
    "plain": lambda file: file.truncate(ZEROS),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_of_a_huge_file_no_more_is_read_than_an_amount_known_before(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(text_file, "LARGEST", 1_000_000)
    with open(tmp_path / "huge", "wb") as file:
        ENDLESS[kind](file)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="larger than 1,000,000 bytes"):
            mail_file.read_csv(tmp_path / "huge")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "where",
    ["missing.csv", ".", "/dev/zero", "pipe", "https://mails.example/x.csv", "a\nb.csv", "a\0b"],
)
def test_a_path_that_is_no_file_is_refused(tmp_path, where):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"give a CSV file|download it first") as error:
        mail_file.read_csv(tmp_path / where)
    assert str(error.value).isprintable()


def test_the_setting_reads_the_file_and_keeps_an_absolute_path(tmp_path, monkeypatch):
    (tmp_path / "my_mails.csv").write_text(PLAIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert check("mail_csv", "my_mails.csv", PARAMETERS) == str(tmp_path / "my_mails.csv")
    assert check("mail_csv", "", PARAMETERS) == ""
    check_parameters({"mail_csv": "my_mails.csv"})
    with pytest.raises(DataError, match="cannot be read"):
        check_parameters({"mail_csv": "other.csv"})
    with pytest.raises(DataError, match="cannot be read"):
        check("mail_csv", "other.csv", PARAMETERS)
    for path in ("~nobody_here/x.csv", "\udce9.csv"):
        with pytest.raises(DataError, match="not a path that can be used"):
            check("mail_csv", path, PARAMETERS)
    with pytest.raises(SettingError, match="the path of a file"):
        check("mail_csv", 3, PARAMETERS)


# A file as it is handed around, or the beginning of one, with pieces put in and cut out.
PIECES = [b'"', b'""', b"\n", b"\r", b"\0", b",", b"\t", b";", b"\xff\xfe", b"\xa3", b"PK\3\4"]
CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 20), st.sampled_from(PIECES) | st.binary(max_size=9)),
    max_size=12,
)
ORIGINALS = st.sampled_from([content for content, _ in LAYOUTS.values()])


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(ORIGINALS | st.binary(), CHANGES)
def test_whatever_the_bytes_mails_are_read_or_one_line_says_why_not(
    tmp_path_factory, content, changes
):
    for place, cut, piece in changes:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + cut :]
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        found = mail_file.read_csv(path)
    except DataError as error:
        said = str(error)
    else:
        said = found.understood
        check_found(found)
    assert said.isprintable()


def check_found(found: mail_file.MailFile) -> None:
    """Check what holds of every file that was read."""
    spam = sum(mail.label for mail in found.mails)
    assert min(spam, len(found.mails) - spam) >= 20
    assert all(line.isprintable() for line in found.unreadable)
    assert all(mail.text.strip() == mail.text != "" for mail in found.mails)
    assert len({mail.text for mail in found.mails}) == len(found.mails)


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=40)


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(st.lists(TEXT, min_size=1, max_size=30), st.sampled_from(",;\t"), st.booleans())
def test_what_a_csv_writer_wrote_is_what_is_read(tmp_path_factory, texts, delimiter, text_first):
    rows = [("spam", text) for text in texts] + GOOD
    order = -1 if text_first else 1
    written = table([row[::order] for row in rows], ("label", "text")[::order], delimiter)
    path = tmp_path_factory.getbasetemp() / "written"
    path.write_bytes(written.encode())
    found = mail_file.read_csv(path)
    wanted = {text.strip() for text in texts if re.search(r"[^\W_]|[^\w\s]", text.strip())}
    assert {mail.text for mail in found.mails} == wanted | {text for _, text in GOOD}
