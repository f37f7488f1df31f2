"""Mails: wording that is held out, and CSV files good and bad."""

import csv
import itertools
import os
import re

import pytest

from vaehelpers import mail, settings, spam
from vaehelpers.errors import DataError, SettingError

ENOUGH = [("spam", f"win prize number {i}") for i in range(20)] + [
    ("ham", f"meet me at {i}") for i in range(20)
]


def write(path, rows, header=("label", "text"), encoding="utf-8", **options):
    with open(path, "w", encoding=encoding, newline="") as file:
        csv.writer(file, **options).writerows([header, *rows])
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
        assert not [
            each for each in mail.generate(part, 400, 0) if "{" in each.text or "}" in each.text
        ]
    slots = set(
        re.findall(
            r"{(\w+)}",
            " ".join(
                line
                for parts in mail.grammar().values()
                for lines in parts.values()
                for line in lines
            ),
        )
    )
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
            unwanted, wanted = (mail.ordered(label, form) for label in (1, 0))
            assert unwanted != wanted
            assert sorted(spam.tokenize(unwanted)) == sorted(spam.tokenize(wanted))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_is_read_whatever_its_script_case_or_column_order(tmp_path, encoding):
    rows = [(text + " 你好, κόσμε", "note", label.upper()) for label, text in ENOUGH]
    path = write(tmp_path / "my mails_1.csv", rows, (" Text", "other", "LABEL"), encoding)
    mails = mail.read_csv(path)
    assert len(mails) == 40
    assert sum(each.label for each in mails) == 20
    assert mails[0].text.endswith("κόσμε")


def test_repeated_texts_count_once_and_cannot_straddle_the_split(tmp_path):
    mails = mail.read_csv(write(tmp_path / "x.csv", ENOUGH * 3))
    parts = mail.split(mails, seed=1)
    assert len(mails) == 40
    assert [len(parts[part]) for part in mail.PARTS] == [20, 6, 14]
    assert {each.text for part in parts.values() for each in part} == {each.text for each in mails}
    assert parts == mail.split(mails, seed=1)


GOOD = "label,text\n" + "".join(f"{label},{text}\n" for label, text in ENOUGH)
BAD = {
    "empty": ("", "has not one column label and one text"),
    "header only": ("label,text\n", "at least 20 of each"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0", "not text in UTF-8"),
    "nul": ("label,text\nspam,a\0b\n", "binary|not CSV"),
    "utf-16": ("label,text\nspam,x\n".encode("utf-16"), "not text in UTF-8"),
    "missing column": ("label,body\nspam,x\n", "has not one column text .found: label, body."),
    "column twice": ("label,text,Text\nspam,x,y\n", "has not one column text"),
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
    "broken header": ('label,"te\nxt\x1b,body\n', "is not CSV|has not one column"),
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
    mails = mail.read_csv(write(tmp_path / "x.csv", [*ENOUGH, ("ham", "x" * 100_000)]))
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
    write(tmp_path / "my_mails.csv", ENOUGH)
    monkeypatch.chdir(tmp_path)
    assert settings.check("mail_csv", "my_mails.csv") == str(tmp_path / "my_mails.csv")
    assert settings.check("mail_csv", "") == ""
    settings.check_all({"mail_csv": "my_mails.csv"})
    with pytest.raises(DataError, match="cannot be read"):
        settings.check("mail_csv", "other.csv")
    for path in ("~nobody_here/x.csv", "\udce9.csv"):
        with pytest.raises(DataError, match="not a path that can be used"):
            settings.check("mail_csv", path)
    with pytest.raises(SettingError, match="the path of a file"):
        settings.check("mail_csv", 3)
