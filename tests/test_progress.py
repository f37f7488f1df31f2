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
