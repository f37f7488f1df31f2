"""The classes' colours can be told apart, also by eyes that lack a kind of cone."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vaehelpers.data import CLASSES
from vaehelpers.figures.colours import CLASS_COLOURS

# What remains of linear RGB without one kind of cone (Machado, Oliveira & Fernandes 2009).
SIGHT = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ.sum(1)


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    """Return the CIELAB coordinates of a colour as it is seen."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = (sight @ linear).clip(0, 1)
    ratio = TO_XYZ @ seen / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(sight: np.ndarray) -> tuple[float, tuple[str, str]]:
    """Return the smallest distance of two classes' colours, and which classes they are."""
    places = {name: lab(c, sight) for name, c in zip(CLASSES, CLASS_COLOURS, strict=True)}
    pairs = itertools.combinations(CLASSES, 2)
    return min((float(np.linalg.norm(places[a] - places[b])), (a, b)) for a, b in pairs)


@pytest.mark.parametrize(
    ("sight", "least"), [("all cones", 20), ("protanopia", 10), ("deuteranopia", 6)]
)
def test_no_two_classes_look_alike(sight, least):
    distance, pair = nearest(SIGHT[sight])
    assert distance > least, f"{pair} are {distance:.0f} apart"
