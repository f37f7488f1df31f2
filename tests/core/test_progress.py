"""Stopping a run between two epochs, batch runs, and times: the shortest, taken in turns."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from vaehelpers.core import measure, progress, until_interrupted


def test_an_interrupt_lets_the_record_finish_and_loses_nothing():
    def work():
        for number in range(5):
            if number == 2:
                os.kill(os.getpid(), signal.SIGINT)  # in the middle of an epoch
            yield number

    before = signal.getsignal(signal.SIGINT)
    records = work()
    assert list(until_interrupted(records)) == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is before
    assert list(until_interrupted(records)) == [3, 4]


def test_in_another_thread_records_come_all_the_same():
    with ThreadPoolExecutor() as threads:
        done = threads.submit(lambda: list(until_interrupted(iter(range(3)))))
    assert done.result() == [0, 1, 2]


def test_an_environment_is_put_back_as_it_was(monkeypatch):
    for before in ("1", None):
        if before:
            monkeypatch.setenv(progress.BATCH, before)
        else:
            monkeypatch.delenv(progress.BATCH)
        with progress.environment(**{progress.BATCH: "1"}):
            assert os.environ[progress.BATCH] == "1"
            assert not progress.is_watched()
        assert os.environ.get(progress.BATCH) == before


def test_measure_takes_turns_and_keeps_the_shortest(monkeypatch):
    clock = iter([0, 5, 10, 11, 20, 23, 30, 37])
    order = []
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    calls = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    best = measure(calls, repeats=2)
    assert order == ["a", "b", "a", "b"]
    assert best == {"a": 3, "b": 1}
