"""Recorded results say where they were made."""

import json

import pytest

from vaehelpers.errors import DataError
from vaehelpers.published import load_record, save_record
from vaehelpers.published.records import RECORDED


def test_a_record_names_hardware_and_versions(tmp_path):
    save_record("x", {"a": [0.5]}, tmp_path / "new")
    record = load_record("x", tmp_path / "new")
    assert record["results"] == {"a": [0.5]}
    assert {"device", "threads"} <= record["hardware"].keys()
    assert "torch" in record["versions"]
    assert json.loads((RECORDED / "attention.json").read_text()).keys() == record.keys()
    assert load_record("attention").keys() == record.keys()


def test_a_record_is_written_whole(tmp_path):
    save_record("x", {"a": 1}, tmp_path)
    save_record("x", {"a": 2}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert load_record("x", tmp_path)["results"] == {"a": 2}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("evidence", {"results": {"z20-test": {}}}, "missing required field `weights`"),
        ("evidence", {"results": {"z02-exact": {"weights": "0"}}}, "weights"),
        ("attention", {"results": {"full": ["fast"]}}, "Expected `float`"),
        ("attention", {"results": []}, "Expected `object`"),
        ("filters", {"results": {"transformer": [{"lost": "few"}]}}, "Expected `float|array`"),
        ("attention", {"versions": None}, "versions"),
        ("attention", {"hardware": {"threads": []}}, "hardware"),
    ],
)
def test_a_record_that_says_something_impossible_is_not_believed(tmp_path, name, change, message):
    record = load_record(name)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(DataError, match=f"{name}.json is not a whole record .*{message}") as error:
        load_record(name, tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"NaN", b"{}", b" " * (2**24 + 1)])
def test_a_damaged_record_says_how_it_is_made_anew(tmp_path, content):
    (tmp_path / "evidence.json").write_bytes(content)
    with pytest.raises(DataError, match="delete it and run `python -m vaehelpers evidence`"):
        load_record("evidence", tmp_path)


def test_a_missing_record(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        load_record("evidence", tmp_path)
