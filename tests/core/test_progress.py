"""Stopping a run between two epochs."""

import os
import signal

from vaehelpers import progress


def test_an_interrupt_lets_the_record_finish_and_loses_nothing():
    def work():
        for number in range(5):
            if number == 2:
                os.kill(os.getpid(), signal.SIGINT)  # in the middle of an epoch
            yield number

    before, records = signal.getsignal(signal.SIGINT), work()
    assert list(progress.until_interrupted(records)) == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is before
    assert list(progress.until_interrupted(records)) == [3, 4]


def test_an_environment_is_put_back_as_it_was(monkeypatch):
    for before in ("1", None):
        if before:
            monkeypatch.setenv(progress.BATCH, before)
        else:
            monkeypatch.delenv(progress.BATCH)
        with progress.environment(**{progress.BATCH: "1"}):
            assert os.environ[progress.BATCH] == "1"
            assert not progress.watched()
        assert os.environ.get(progress.BATCH) == before
