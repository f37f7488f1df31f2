"""Settings: what each kind accepts, converts and refuses, and what a person is told."""

from pathlib import Path

import pytest

from vaehelpers.core.settings import (
    Choice,
    Flag,
    ReadableFile,
    Real,
    Setting,
    Whole,
    check,
    check_typed,
    did_you_mean,
)
from vaehelpers.errors import DataError, SettingError

HUGE = 10**400  # too large for a float
NOBODYS_NUMBERS = ["", "three", "1_0", "nan", "inf", "-inf", None, True, [3], b"3"]


def refuse_empty(path: Path) -> None:
    """Raise DataError for a file that is missing or empty, as a reader of files does."""
    if not path.is_file() or not path.read_bytes():
        raise DataError(f"{path} is missing or empty")


SETTINGS: dict[str, Setting] = {
    "count": Whole("things to count", 1, 1024),
    "rate": Real("how fast", 0.5, 1e4),
    "colour": Choice("what to paint with", ("red", "green")),
    "loud": Flag("whether it speaks"),
    "file": ReadableFile("what to read", refuse_empty),
}


@pytest.mark.parametrize(
    ("given", "parsed"), [(1, 1), ("1024", 1024), (3.0, 3), ("3.0", 3), (" 7 ", 7), ("1e2", 100)]
)
def test_a_whole_number_is_read_from_numbers_and_digits(given, parsed):
    found = SETTINGS["count"].parse(given)
    assert found == parsed
    assert type(found) is int


@pytest.mark.parametrize("given", [0, 1025, -1, 3.5, "3.5", HUGE, str(HUGE), *NOBODYS_NUMBERS])
def test_a_whole_number_out_of_range_or_not_one_is_refused(given):
    with pytest.raises(SettingError, match=r"must be a whole number from 1 to 1,024$"):
        check("count", given, SETTINGS)


@pytest.mark.parametrize(
    ("given", "parsed"), [(0.5, 0.5), (1, 1.0), ("2.5", 2.5), ("1e4", 10_000.0)]
)
def test_a_real_number_is_a_float_whatever_was_given(given, parsed):
    found = SETTINGS["rate"].parse(given)
    assert found == parsed
    assert type(found) is float


@pytest.mark.parametrize("given", [0.49, 10_001, -1, HUGE, str(HUGE), *NOBODYS_NUMBERS])
def test_a_real_number_out_of_range_or_not_one_is_refused(given):
    with pytest.raises(SettingError, match=r"must be a finite number from 0\.5 to 10000$"):
        check("rate", given, SETTINGS)


def test_a_choice_is_one_of_its_words():
    assert SETTINGS["colour"].parse("green") == "green"
    for given in ("Green", "gree", "", None, 0, True, ["red"]):
        with pytest.raises(SettingError, match=r"must be one of red, green$"):
            check("colour", given, SETTINGS)


def test_a_flag_is_a_truth_value_and_no_string():
    assert SETTINGS["loud"].parse(True) is True
    assert SETTINGS["loud"].parse(False) is False
    for given in ("False", "true", 0, 1, None, ""):
        with pytest.raises(SettingError, match=r"must be True or False$"):
            check("loud", given, SETTINGS)


def test_a_file_is_read_and_its_path_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for place in (tmp_path / "mine.csv", tmp_path / "home" / "mine.csv"):
        place.write_text("something")
    assert SETTINGS["file"].parse("mine.csv") == str(tmp_path / "mine.csv")
    assert SETTINGS["file"].parse("~/mine.csv") == str(tmp_path / "home" / "mine.csv")
    assert SETTINGS["file"].parse("") == ""


def test_a_file_that_is_not_as_it_should_be_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    for path in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(DataError, match="is missing or empty"):
            check("file", str(path), SETTINGS)
    for path in ("~nobody_here/x.csv", "\udce9.csv"):
        with pytest.raises(DataError, match="not a path that can be used"):
            check("file", path, SETTINGS)
    for given in (3, None, tmp_path / "empty", b"empty"):
        with pytest.raises(SettingError, match=r"must be the path of a file, or empty$"):
            check("file", given, SETTINGS)


def test_what_is_allowed_is_said_in_words():
    assert {name: setting.allowed for name, setting in SETTINGS.items()} == {
        "count": "a whole number from 1 to 1,024",
        "rate": "a finite number from 0.5 to 10000",
        "colour": "one of red, green",
        "loud": "True or False",
        "file": "the path of a file, or empty",
    }


def test_a_refusal_names_setting_value_meaning_and_range():
    with pytest.raises(SettingError) as error:
        check("count", 2000, SETTINGS)
    assert str(error.value) == (
        "count=2000 is not allowed; count (things to count) must be a whole number from 1 to 1,024"
    )


@pytest.mark.parametrize("given", ["a\nb", "x" * 1000, "\x1b[2J", "\udce9"])
def test_a_refusal_is_one_short_line_whatever_was_given(given):
    with pytest.raises(SettingError) as error:
        check("count", given, SETTINGS)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 200


def test_an_unknown_name_is_answered_with_a_guess_and_all_names():
    with pytest.raises(SettingError) as error:
        check("cuont", "3", SETTINGS)
    assert str(error.value) == (
        "unknown setting cuont=3; did you mean 'count'? allowed: count, rate, colour, loud, file"
    )
    with pytest.raises(SettingError, match=r"^unknown setting zzz=3; allowed: count, "):
        check("zzz", "3", SETTINGS)


def test_the_nearest_word_is_offered_where_one_is_near():
    assert did_you_mean("epoch", ("epochs", "seed")) == "did you mean 'epochs'? "
    assert did_you_mean("epochs", iter(["epochs"])) == "did you mean 'epochs'? "
    assert did_you_mean("zzz", ("epochs", "seed")) == ""
    assert did_you_mean("epoch", ()) == ""


def test_typed_values_are_converted_from_number_to_number_only():
    assert check("count", "3", SETTINGS) == 3
    found = check_typed("rate", 3, SETTINGS)
    assert (found, type(found)) == (3.0, float)
    found = check_typed("count", 3.0, SETTINGS)
    assert (found, type(found)) == (3, int)
    assert check_typed("colour", "red", SETTINGS) == "red"
    assert check_typed("loud", True, SETTINGS) is True
    assert check_typed("file", "", SETTINGS) == ""


@pytest.mark.parametrize(("name", "given"), [("count", "3"), ("rate", "2.5")])
def test_a_number_in_quotes_is_refused_where_types_count(name, given):
    expected = f"^{name}='{given}' is of type str; {name} must be a .* number from"
    with pytest.raises(SettingError, match=expected):
        check_typed(name, given, SETTINGS)


def test_typed_values_are_held_to_the_same_ranges_and_names():
    with pytest.raises(SettingError, match=r"^count=0 is not allowed"):
        check_typed("count", 0, SETTINGS)
    with pytest.raises(SettingError, match=r"^count=x is not allowed"):
        check_typed("count", "x", SETTINGS)
    with pytest.raises(SettingError, match="did you mean 'rate'"):
        check_typed("rates", 1, SETTINGS)


def test_a_setting_without_a_kind_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Setting("nothing in particular")
