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
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
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


def linear(colour: str) -> np.ndarray:
    """Return a colour's red, green and blue in proportion to their light."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as the WCAG define it."""
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    """Return the CIELAB coordinates of a colour as it is seen."""
    seen = (sight @ linear(colour)).clip(0, 1)
    ratio = TO_XYZ @ seen / WHITE
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(sight: np.ndarray) -> tuple[float, tuple[str, str]]:
    """Return the smallest distance of two classes' colours, and which classes they are."""
    places = {name: lab(c, sight) for name, c in zip(CLASSES, CLASS_COLOURS, strict=True)}
    pairs = itertools.combinations(CLASSES, 2)
    return min((float(np.linalg.norm(places[a] - places[b])), (a, b)) for a, b in pairs)


@pytest.mark.parametrize(
    ("sight", "least"),
    [("all cones", 26), ("protanopia", 20), ("deuteranopia", 20), ("tritanopia", 20)],
)
def test_no_two_classes_look_alike(sight, least):
    distance, pair = nearest(SIGHT[sight])
    assert distance > least, f"{pair} are {distance:.0f} apart"


@pytest.mark.parametrize("page", ["#ffffff", "#0d1117"])
def test_every_class_stands_out_from_a_white_and_from_a_dark_page(page):
    for name, colour in zip(CLASSES, CLASS_COLOURS, strict=True):
        assert contrast(colour, page) > 1.995, name


def test_contrast_is_that_of_the_wcag():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
