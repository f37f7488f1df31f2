"""The exercises of notebook 03: the network, its loss and its training."""

from .checking import Exercise

EXERCISES: dict[str, Exercise] = {}
