"""Wall times of competing functions, measured side by side."""

import time
from collections.abc import Callable


def measure(calls: dict[str, Callable[[], object]], repeats: int = 5) -> dict[str, float]:
    """Return the shortest of `repeats` wall times [s] of each call, taken in turns so that all meet the same load."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(repeats):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - started)
    return best
