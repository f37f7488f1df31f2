"""How a person follows a long run, stops it, and learns how long its parts took."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Record = TypeVar("Record")
BATCH = "VAEHELPERS_BATCH"  # set in the environment of a batch run: no progress bars


def until_interrupted(records: Iterator[Record]) -> Iterator[Record]:
    """Yield what `fit` yields; an interrupt (Ctrl-C, Jupyter's stop button) ends it after an epoch.

    Nothing is lost: go over the same `records` again to train on. Python hands interrupts to its
    main thread; in another one, nothing ends early.
    """
    if threading.current_thread() is not threading.main_thread():
        yield from records
        return
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


def is_watched() -> bool:
    """Whether somebody sees a progress bar: on a terminal or in a notebook, not in a batch run."""
    if os.environ.get(BATCH):
        return False
    return "ipykernel" in sys.modules or sys.stderr.isatty()


def measure(calls: dict[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Return the shortest of `repeats` wall times [s] of each call.

    The calls are taken in turns, so that all of them meet the same load.
    """
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - started)
    return best
