"""How a person follows a long run, and stops it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BATCH = "VAEHELPERS_BATCH"  # set in the environment of a batch run: no progress bars


def until_interrupted(records: Iterator) -> Iterator:
    """Yield what `fit` yields; an interrupt (Ctrl-C, Jupyter's stop button) lets the epoch end and then stops.

    Nothing is lost: go over the same `records` again to train on.
    """
    asked = []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        for record in records:
            yield record
            if asked:
                return
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def unwatched() -> Iterator[None]:
    """Have what runs inside, and the kernels that it starts, draw no progress bars."""
    before = os.environ.get(BATCH)
    os.environ[BATCH] = "1"
    try:
        yield
    finally:
        os.environ.pop(BATCH)
        if before is not None:
            os.environ[BATCH] = before


def watched() -> bool:
    """Whether somebody sees a progress bar: on a terminal or in a notebook, but not in a batch run."""
    return not os.environ.get(BATCH) and ("ipykernel" in sys.modules or sys.stderr.isatty())
