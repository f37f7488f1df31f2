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
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables for what runs inside, and for the processes that it starts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def watched() -> bool:
    """Whether somebody sees a progress bar: on a terminal or in a notebook, but not in a batch run."""
    return not os.environ.get(BATCH) and ("ipykernel" in sys.modules or sys.stderr.isatty())
