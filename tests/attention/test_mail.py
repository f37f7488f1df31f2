"""Mails: wording that is held out, and CSV files good and bad."""

import csv
import itertools
import os
import re

import pytest

from vaehelpers.attention import mail, spam
from vaehelpers.core.settings import check
from vaehelpers.errors import DataError, SettingError
from vaehelpers.series.parameters import PARAMETERS, check_parameters

SPAM = [("spam", f"win prize number {i}") for i in range(20)]
HAM = [("ham", f"meet me at {i}") for i in range(20)]
ENOUGH = SPAM + HAM


def write_csv(path, rows, header=("label", "text"), encoding="utf-8"):
    """Write a CSV file with a header, and return its path."""
    with open(path, "w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_no_wording_is_shared_between_parts():
    for section, parts in mail.grammar().items():
        lines = list(itertools.chain.from_iterable(parts.values()))
        assert len(lines) == len(set(lines)) >= 5, section
        assert all(parts.values()), section
    seen = {part: {each.text for each in mail.generate(part, 300, 1)} for part in mail.PARTS}
    for one, two in itertools.combinations(mail.PARTS, 2):
        assert not seen[one] & seen[two]


def test_every_slot_is_filled_and_every_slot_exists():
    for part in mail.PARTS:
        for each in mail.generate(part, 400, 0):
            assert not re.search("[{}]", each.text)
    slots = set()
    for parts in mail.grammar().values():
        for line in itertools.chain.from_iterable(parts.values()):
            slots.update(re.findall(r"{(\w+)}", line))
    assert len(slots) > 5
    assert slots <= mail.grammar().keys()


def test_generated_mails_repeat_and_are_balanced():
    mails = mail.generate("train", 200, 5)
    assert mails == mail.generate("train", 200, 5)
    assert mails != mail.generate("train", 200, 6)
    assert sum(each.label for each in mails) == 100
    assert {each.kind for each in mails} == set(mail.KINDS)


def test_order_pairs_differ_in_order_alone():
    for part in mail.PARTS:
        for form in mail.grammar()["order"][part]:
            unwanted, wanted = (mail.in_order(label, form) for label in (1, 0))
            assert unwanted != wanted
            assert sorted(spam.tokenize(unwanted)) == sorted(spam.tokenize(wanted))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_whatever_its_script_case_or_column_order(tmp_path, encoding):
    rows = [(text + " 你好, κόσμε", "note", label.upper()) for label, text in ENOUGH]
    path = write_csv(tmp_path / "my mails_1.csv", rows, (" Text", "other", "LABEL"), encoding)
    mails = mail.read_csv(path)
    assert len(mails) == 40
    assert sum(each.label for each in mails) == 20
    assert mails[0].text.endswith("κόσμε")


def test_repeated_texts_count_once_and_cannot_straddle_the_split(tmp_path):
    mails = mail.read_csv(write_csv(tmp_path / "x.csv", ENOUGH * 3))
    parts = mail.split_mails(mails, seed=1)
    assert len(mails) == 40
    assert [len(parts[part]) for part in mail.PARTS] == [20, 6, 14]
    in_parts = list(itertools.chain.from_iterable(parts.values()))
    assert {each.text for each in in_parts} == {each.text for each in mails}
    assert parts == mail.split_mails(mails, seed=1)


GOOD = "label,text\n" + "".join(f"{label},{text}\n" for label, text in ENOUGH)
BAD = {
    "empty": ("", "must have exactly one column label and one text"),
    "header only": ("label,text\n", "at least 20 of each"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0", "not text in UTF-8"),
    "nul": ("label,text\nspam,a\0b\n", "binary|not CSV"),
    "utf-16": ("label,text\nspam,x\n".encode("utf-16"), "not text in UTF-8"),
    "missing column": (
        "label,body\nspam,x\n",
        "must have exactly one column text .found: label, body.",
    ),
    "column twice": ("label,text,Text\nspam,x,y\n", "must have exactly one column text"),
    "semicolons": ("label;text\nspam;x\n", "separated by commas"),
    "other label": ("label,text\njunk,x\n", "line 2: label 'junk' is not allowed"),
    "empty text": ("label,text\nspam,\n", "line 2: the text is empty"),
    "underscores": ("label,text\nspam,_ __\n", "line 2: the text is"),
    "short row": ("label,text\nspam\n", "line 2: the text is empty"),
    "bare comma": (
        "label,text\nspam,Dear Sir, you won\n",
        "line 2: there are more cells than columns",
    ),
    "open quote": (GOOD + 'ham,"never closed\n' + GOOD, "is not CSV"),
    "broken header": ('label,"te\nxt\x1b,body\n', "is not CSV|must have exactly one column"),
    "one class": (
        "label,text\n" + "".join(f"spam,win {i}\n" for i in range(50)),
        "50 spam and 0 ham",
    ),
    "both labels": (GOOD + "ham,win prize number 3\n", "line 42: this text stands twice"),
    "huge cell": ("label,text\nspam," + "x" * 100_001 + "\n", "up to 100,000 characters"),
    "too many": (
        "label,text\n" + "".join(f"ham,{i}\n" for i in range(50_001)),
        "more than 50,000 mails",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_csv_is_refused_in_one_line(tmp_path, name):
    content, message = BAD[name]
    path = tmp_path / "m.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as error:
        mail.read_csv(path)
    assert str(error.value).isprintable()


def test_a_mail_of_100_000_characters_is_read(tmp_path):
    mails = mail.read_csv(write_csv(tmp_path / "x.csv", [*ENOUGH, ("ham", "x" * 100_000)]))
    assert len(mails[-1].text) == 100_000


@pytest.mark.parametrize(
    "where", ["missing.csv", ".", "/dev/zero", "pipe", "https://mails.example/x.csv", "a\nb.csv"]
)
def test_a_path_that_is_no_file_is_refused(tmp_path, where):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"give a CSV file|download it first") as error:
        mail.read_csv(tmp_path / where)
    assert str(error.value).isprintable()


def test_the_setting_reads_the_file_and_keeps_an_absolute_path(tmp_path, monkeypatch):
    write_csv(tmp_path / "my_mails.csv", ENOUGH)
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


def test_kinds_of_mail_have_the_shares_that_they_are_said_to_have():
    kinds = [each.kind for each in mail.generate("train", 4000, seed=0)]
    for kind, fifths in mail.SHARES.items():
        assert kinds.count(kind) / len(kinds) == pytest.approx(fifths / 5, abs=0.03)


def test_every_section_of_the_grammar_is_used():
    sentences = {"order", "open", "lead-in", "close", "ham warning"}
    sentences |= {*mail.SPAM_SECTIONS, *mail.HAM_SECTIONS}
    assert {name for name in mail.grammar() if not name.isupper()} == sentences
