"""Whatever a person or a file says, it is understood or refused in one line.

Files of mails have tests of their own, in attention/test_mail_file.py.
"""

import contextlib
import dataclasses
import io
import json
import math

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vaehelpers.cli import entry
from vaehelpers.core.settings import Real, Whole, check, check_typed
from vaehelpers.errors import DataError, SettingError
from vaehelpers.published.records import load_record, save_record
from vaehelpers.published.registry import published_checkpoint
from vaehelpers.series.parameters import PARAMETERS
from vaehelpers.training.history import Meta, parse_meta

TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NUMBERS = st.integers() | st.floats()
DIGITS = NUMBERS.map(str) | st.from_regex(r"\s*[-+]?[0-9_.eE]{0,9}\s*", fullmatch=True)
NUMERIC = [name for name, kind in PARAMETERS.items() if isinstance(kind, Whole | Real)]
ANYTHING = st.text() | TREE | DIGITS | st.binary(max_size=8)


def is_one_line(message: str) -> bool:
    return message.isprintable() and len(message) < 1_000


def outcome(function, *arguments):
    """Return what a function returns and None, or None and what it raises."""
    try:
        return function(*arguments), None
    except Exception as error:
        return None, error


@given(name=st.sampled_from(sorted(PARAMETERS)) | st.text(), value=ANYTHING)
@example(name="seed", value="9" * 5_000)
@example(name="seed", value=10**5_000)
def test_a_setting_is_of_its_type_and_in_its_range_or_refused(name, value):
    parsed, refusal = outcome(check, name, value, PARAMETERS)
    if refusal:
        assert isinstance(refusal, SettingError | DataError)
        assert is_one_line(str(refusal))
        return
    assert check(name, parsed, PARAMETERS) == parsed, "what was understood is understood again"
    assert type(parsed) in (int, float, str)
    assert isinstance(parsed, str) or math.isfinite(parsed)


@given(name=st.sampled_from(NUMERIC), value=NUMBERS)
def test_a_number_and_its_digits_are_the_same(name, value):
    of_the_number, refusal = outcome(check, name, value, PARAMETERS)
    of_its_digits, other_refusal = outcome(check, name, repr(value), PARAMETERS)
    assert of_the_number == of_its_digits
    assert type(refusal) is type(other_refusal)
    of_the_type, _ = outcome(check_typed, name, value, PARAMETERS)
    assert of_the_type == of_the_number


COMMANDS = sorted(entry.build_parsers()[1])
OPTIONS = sorted({flag for parser in entry.build_parsers()[1].values() for flag in parser.flags})
WORDS = st.lists(st.sampled_from(OPTIONS) | st.text(max_size=12) | DIGITS, max_size=6)


@settings(deadline=None)
@given(command=st.sampled_from(COMMANDS) | st.text(max_size=12), words=WORDS)
@example(command="train", words=["two\nlines"])
@example(command="two\nlines", words=[])
@example(command="run", words=["--set", "two\nlines"])
@example(command="train", words=["--epochs=two\nlines"])
def test_a_command_is_understood_or_refused_in_one_line(command, words):
    said, helped = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(helped):
        try:
            args, code = entry.parse([command, *words]), None
        except SystemExit as stop:
            args, code = None, stop.code
    assert args.command == command if args else code == (2 if said.getvalue() else 0)
    assert not said.getvalue() or is_one_line(said.getvalue().removesuffix("\n"))
    assert not helped.getvalue() or helped.getvalue().startswith(("usage: ", "vaehelpers "))


WHOLE = json.loads(published_checkpoint(20, 10).read_bytes())


def paths_in(value, so_far=()):
    """Yield the way to every value within a tree of dicts and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*so_far, key)
        if isinstance(inner, dict | list):
            yield from paths_in(inner, (*so_far, key))


@given(path=st.sampled_from(list(paths_in(WHOLE))), value=TREE)
def test_a_checkpoints_json_of_which_a_value_is_another_is_typed_or_refused(path, value):
    spoilt = json.loads(json.dumps(WHOLE))
    inner = spoilt
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    _is_typed_or_refused(json.dumps(spoilt, allow_nan=True).encode())


@given(content=st.binary() | TREE.map(lambda tree: json.dumps(tree).encode()))
def test_whatever_the_bytes_a_checkpoints_json_is_typed_or_refused(content):
    _is_typed_or_refused(content)


def _is_typed_or_refused(content: bytes) -> None:
    meta, refusal = outcome(parse_meta, content)
    if refusal:
        assert isinstance(refusal, ValueError)
        assert str(refusal)
        return
    typed = msgspec.convert(meta, Meta)
    assert [row.epoch for row in typed.history] == list(range(typed.epoch + 1))
    for row in typed.history:
        assert all(math.isfinite(number) for number in dataclasses.astuple(row))
    assert json.loads(json.dumps(meta, allow_nan=False)) == meta


@settings(deadline=None)
@given(content=st.binary() | TREE.map(lambda tree: json.dumps({"results": tree}).encode()))
def test_whatever_the_bytes_a_record_is_typed_or_refused(content, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.json").write_bytes(content)
    with pytest.raises(DataError, match=r"is not a whole record .*; restore it, or delete it and"):
        load_record("any", folder)


@settings(deadline=None)
@given(results=st.dictionaries(st.text(), st.lists(st.floats(allow_nan=False) | st.text())))
def test_a_record_is_read_as_it_was_written(results, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    try:
        save_record("any", results, folder)
    except ValueError:
        assert any(number in (math.inf, -math.inf) for row in results.values() for number in row)
    else:
        assert load_record("any", folder)["results"] == results
