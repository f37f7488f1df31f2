"""Times: the shortest of several, taken in turns."""

from vaehelpers import timing


def test_measure_takes_turns_and_keeps_the_shortest(monkeypatch):
    clock, order = iter([0, 5, 10, 11, 20, 23, 30, 37]), []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    best = timing.measure(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=2
    )
    assert order == ["a", "b", "a", "b"]
    assert best == {"a": 3, "b": 1}
