"""Stand-in data: ten garment classes drawn from trapezoids at 28x28.

For tests, and for machines that reach nothing. It is used only when asked for by name
(`load_data("drawn")`) and is never mixed with FashionMNIST.
"""

import hashlib
from typing import NamedTuple

import numpy as np
import torch

from .constants import CLASSES
from .dataset import Dataset, Split, split
from .levels import quantise


class Trapezoid(NamedTuple):
    """A part of a garment, in a picture that spans -1..1 in x and, downwards, in y.

    `taper` widens it towards the bottom, `shear` slants it; widths and heights are half of the
    whole. Later parts paint over earlier ones.
    """

    x: float
    y: float
    width: float
    height: float
    taper: float = 0
    shear: float = 0
    brightness: float = 1


TORSO = Trapezoid(0, 0.08, 0.40, 0.78)
LEFT_SLEEVE = Trapezoid(-0.62, 0.10, 0.13, 0.72, shear=-0.22, brightness=0.9)
RIGHT_SLEEVE = Trapezoid(0.62, 0.10, 0.13, 0.72, shear=0.22, brightness=0.9)
SHAPES = {
    "T-shirt/top": (
        TORSO,
        Trapezoid(-0.58, -0.45, 0.18, 0.26, shear=-0.5, brightness=0.9),
        Trapezoid(0.58, -0.45, 0.18, 0.26, shear=0.5, brightness=0.9),
    ),
    "Trouser": (
        Trapezoid(0, -0.70, 0.36, 0.18),
        Trapezoid(-0.21, 0.16, 0.16, 0.76, shear=-0.06),
        Trapezoid(0.21, 0.16, 0.16, 0.76, shear=0.06),
    ),
    "Pullover": (
        TORSO,
        LEFT_SLEEVE,
        RIGHT_SLEEVE,
        Trapezoid(0, -0.68, 0.16, 0.05, brightness=0.5),
    ),
    "Dress": (
        Trapezoid(0, -0.45, 0.24, 0.40, taper=-0.08),
        Trapezoid(0, 0.38, 0.34, 0.50, taper=0.28),
    ),
    "Coat": (
        Trapezoid(0, 0.12, 0.44, 0.82, taper=0.06, brightness=0.9),
        LEFT_SLEEVE,
        RIGHT_SLEEVE,
        Trapezoid(0, 0.12, 0.03, 0.82, brightness=0.2),
    ),
    "Sandal": (
        Trapezoid(0, 0.42, 0.80, 0.09, brightness=0.8),
        Trapezoid(-0.35, 0.15, 0.08, 0.25, shear=0.9, brightness=0.6),
        Trapezoid(0.35, 0.08, 0.08, 0.30, shear=-0.5, brightness=0.6),
    ),
    "Shirt": (
        TORSO,
        LEFT_SLEEVE,
        RIGHT_SLEEVE,
        Trapezoid(0, -0.64, 0.20, 0.08, taper=-1, brightness=0.4),
        Trapezoid(0, 0.12, 0.02, 0.62, brightness=0.5),
    ),
    "Sneaker": (
        Trapezoid(0.05, 0.18, 0.66, 0.26, taper=0.55, brightness=0.9),
        Trapezoid(0, 0.46, 0.84, 0.08, brightness=0.5),
    ),
    "Bag": (
        Trapezoid(0, -0.40, 0.36, 0.36, brightness=0.7),
        Trapezoid(0, -0.34, 0.24, 0.26, brightness=0),
        Trapezoid(0, 0.28, 0.74, 0.46, taper=0.1),
    ),
    "Ankle boot": (
        Trapezoid(0.34, -0.22, 0.34, 0.56, taper=0.1, brightness=0.9),
        Trapezoid(0, 0.34, 0.72, 0.22, taper=0.3, brightness=0.9),
        Trapezoid(0.04, 0.62, 0.76, 0.07, brightness=0.5),
    ),
}


def draw_dataset(seed: int = 7, train_and_val: int = 6_000, test: int = 1_000) -> Dataset:
    """Draw the data set; a tenth of `train_and_val` is validation.

    The same seed gives the same pictures.
    """
    images, labels = draw_garments(train_and_val + test, seed)
    train, val = split(images[:train_and_val], labels[:train_and_val])
    digest = hashlib.sha256(images.numpy().tobytes()).hexdigest()
    return Dataset(
        "drawn", digest, train, val, Split(images[train_and_val:], labels[train_and_val:])
    )


def draw_garments(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw `count` garments: levels 0..15, uint8 `[count,1,28,28]`, and labels, int64 `[count]`."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), count)
    pixels = np.zeros((count, 28, 28))
    for label, name in enumerate(CLASSES):
        of_class = labels == label
        pixels[of_class] = _paint(SHAPES[name], int(of_class.sum()), rng)
    levels = quantise(torch.from_numpy((pixels * 255).astype(np.uint8)))
    return levels.unsqueeze(1), torch.from_numpy(labels)


def _paint(shapes: tuple[Trapezoid, ...], count: int, rng: np.random.Generator) -> np.ndarray:
    """Paint a class `count` times, each with a size, proportions, cloth and stripes of its own."""
    size = rng.uniform(0.85, 1.1, (count, 2))
    shade = rng.uniform(0.35, 1, count)[:, None, None]
    stripes = rng.uniform(0, 0.3, count)[:, None, None]
    frequency = rng.integers(2, 9, count)[:, None, None]
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    x = x / size[:, :1, None]  # [count,28,28]
    y = y / size[:, 1:, None]
    striped = np.sin(frequency * np.pi * y) > 0
    cloth = shade * (1 - stripes * striped)
    picture = np.zeros((count, 28, 28))
    for shape in shapes:
        cover = _cover(shape, x, y, rng)
        picture = picture * (1 - cover) + cover * shape.brightness * cloth
    return np.clip(picture, 0, 1)


def _cover(shape: Trapezoid, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how much of each pixel a shape covers, 0..1, `[count,28,28]`, with some jitter."""
    jitter = rng.normal(0, 0.02, (len(x), len(shape), 1, 1))
    measures = jitter + np.reshape(shape, (-1, 1, 1))
    centre_x, centre_y, width, height, taper, shear, _ = measures.transpose(1, 0, 2, 3)
    down = y - centre_y
    across = x - centre_x - shear * down
    inside = np.minimum(width + taper * down - abs(across), height - abs(down))
    return np.clip(inside * 14 + 0.5, 0, 1)  # 14 pixels a unit: an edge one pixel soft
