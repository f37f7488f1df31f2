"""The exercises of notebook 01: attention and Transformers."""

from .checking import Exercise

EXERCISES: dict[str, Exercise] = {}
