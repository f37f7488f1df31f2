"""Times: the shortest of several, taken in turns; a record that says where it was made."""

import json

from vaehelpers import timing


def test_measure_takes_turns_and_keeps_the_shortest(monkeypatch):
    clock, order = iter([0, 5, 10, 11, 20, 23, 30, 37]), []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    best = timing.measure({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=2)
    assert order == ["a", "b", "a", "b"]
    assert best == {"a": 3, "b": 1}


def test_a_record_names_hardware_and_versions(tmp_path):
    timing.keep("x", {"a": [0.5]}, tmp_path / "new")
    record = timing.recorded("x", tmp_path / "new")
    assert record["seconds"] == {"a": [0.5]}
    assert {"device", "threads"} <= record["hardware"].keys()
    assert "torch" in record["versions"]
    assert json.loads((timing.RECORDED / "attention.json").read_text()).keys() == record.keys()
