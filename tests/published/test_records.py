"""Recorded results say where they were made."""

import json

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
