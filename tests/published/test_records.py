"""Recorded results say where they were made."""

import json

from vaehelpers import recorded


def test_a_record_names_hardware_and_versions(tmp_path):
    recorded.keep("x", {"a": [0.5]}, tmp_path / "new")
    record = recorded.load("x", tmp_path / "new")
    assert record["results"] == {"a": [0.5]}
    assert {"device", "threads"} <= record["hardware"].keys()
    assert "torch" in record["versions"]
    assert json.loads((recorded.FOLDER / "attention.json").read_text()).keys() == record.keys()
