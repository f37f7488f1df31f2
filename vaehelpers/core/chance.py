"""Random numbers that depend on seeds alone, whatever else has been drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def generator_for(seed: int, index: int) -> torch.Generator:
    """Return a CPU generator for the part `index` of what `seed` governs, such as an epoch."""
    # A large factor, so that nearby seeds and indices do not share a stream.
    return torch.Generator().manual_seed(int(seed) * 1_000_003 + index)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from `seed` inside, for example initial weights; leave the global state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(
            int(seed)
        )  # torch.manual_seed would reseed the GPUs too
        yield
