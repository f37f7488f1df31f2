"""The exercises of notebook 04: the plane of two latents."""

from .checking import Exercise

EXERCISES: dict[str, Exercise] = {}
