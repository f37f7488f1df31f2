"""Stand-in data: ten garment classes drawn from trapezoids at 28x28, for tests and machines that reach nothing.

It is used only when asked for by name (`data.load("drawn")`) and is never mixed with FashionMNIST.
"""

import hashlib

import numpy as np
import torch

from .data import CLASSES, Dataset, Split, quantise, split

# One row per trapezoid: centre x and y, half width, half height, taper, shear, brightness. The picture spans
# -1..1, y downwards. Taper widens towards the bottom, shear slants; later rows paint over earlier ones.
TORSO = (0, 0.08, 0.40, 0.78, 0, 0, 1)
LONG_SLEEVES = ((-0.62, 0.10, 0.13, 0.72, 0, -0.22, 0.9), (0.62, 0.10, 0.13, 0.72, 0, 0.22, 0.9))
SHAPES = {
    "T-shirt/top": (
        TORSO,
        (-0.58, -0.45, 0.18, 0.26, 0, -0.5, 0.9),
        (0.58, -0.45, 0.18, 0.26, 0, 0.5, 0.9),
    ),
    "Trouser": (
        (0, -0.70, 0.36, 0.18, 0, 0, 1),
        (-0.21, 0.16, 0.16, 0.76, 0, -0.06, 1),
        (0.21, 0.16, 0.16, 0.76, 0, 0.06, 1),
    ),
    "Pullover": (TORSO, *LONG_SLEEVES, (0, -0.68, 0.16, 0.05, 0, 0, 0.5)),
    "Dress": ((0, -0.45, 0.24, 0.40, -0.08, 0, 1), (0, 0.38, 0.34, 0.50, 0.28, 0, 1)),
    "Coat": ((0, 0.12, 0.44, 0.82, 0.06, 0, 0.9), *LONG_SLEEVES, (0, 0.12, 0.03, 0.82, 0, 0, 0.2)),
    "Sandal": (
        (0, 0.42, 0.80, 0.09, 0, 0, 0.8),
        (-0.35, 0.15, 0.08, 0.25, 0, 0.9, 0.6),
        (0.35, 0.08, 0.08, 0.30, 0, -0.5, 0.6),
    ),
    "Shirt": (
        TORSO,
        *LONG_SLEEVES,
        (0, -0.64, 0.20, 0.08, -1, 0, 0.4),
        (0, 0.12, 0.02, 0.62, 0, 0, 0.5),
    ),
    "Sneaker": ((0.05, 0.18, 0.66, 0.26, 0.55, 0, 0.9), (0, 0.46, 0.84, 0.08, 0, 0, 0.5)),
    "Bag": (
        (0, -0.40, 0.36, 0.36, 0, 0, 0.7),
        (0, -0.34, 0.24, 0.26, 0, 0, 0),
        (0, 0.28, 0.74, 0.46, 0.1, 0, 1),
    ),
    "Ankle boot": (
        (0.34, -0.22, 0.34, 0.56, 0.1, 0, 0.9),
        (0, 0.34, 0.72, 0.22, 0.3, 0, 0.9),
        (0.04, 0.62, 0.76, 0.07, 0, 0, 0.5),
    ),
}


def load(seed: int = 7, train_and_val: int = 6_000, test: int = 1_000) -> Dataset:
    """Draw the data set: the same seed gives the same pictures; a tenth of `train_and_val` is validation."""
    images, labels = draw(train_and_val + test, seed)
    train, val = split(images[:train_and_val], labels[:train_and_val])
    digest = hashlib.sha256(images.numpy().tobytes()).hexdigest()
    return Dataset(
        "drawn", digest, train, val, Split(images[train_and_val:], labels[train_and_val:])
    )


def draw(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw `count` garments: levels 0..15, uint8 `[count,1,28,28]`, and labels 0..9, int64 `[count]`."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), count)
    pixels = np.zeros((count, 28, 28))
    for label, name in enumerate(CLASSES):
        pixels[labels == label] = _garments(SHAPES[name], int((labels == label).sum()), rng)
    levels = quantise(torch.from_numpy((pixels * 255).astype(np.uint8)))
    return levels.unsqueeze(1), torch.from_numpy(labels)


def _garments(shapes: tuple, count: int, rng: np.random.Generator) -> np.ndarray:
    """Paint one class `count` times, each with its own size, proportions, cloth brightness and stripes."""
    size, shade, stripes = (
        rng.uniform(0.85, 1.1, (count, 2)),
        rng.uniform(0.35, 1, count),
        rng.uniform(0, 0.3, count),
    )
    frequency = rng.integers(2, 9, count)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    x, y = x / size[:, :1, None], y / size[:, 1:, None]  # [count,28,28]
    cloth = shade[:, None, None] * (
        1 - stripes[:, None, None] * (np.sin(frequency[:, None, None] * np.pi * y) > 0)
    )
    picture = np.zeros((count, 28, 28))
    for shape in shapes:
        jitter = rng.normal(0, 0.02, (count, len(shape), 1, 1)) + np.reshape(shape, (-1, 1, 1))
        cx, cy, width, height, taper, shear, _ = jitter.transpose(1, 0, 2, 3)
        inside = np.minimum(
            width + taper * (y - cy) - abs(x - cx - shear * (y - cy)), height - abs(y - cy)
        )
        cover = np.clip(inside * 14 + 0.5, 0, 1)  # 14 pixels a unit: an edge one pixel soft
        picture = picture * (1 - cover) + cover * shape[-1] * cloth
    return np.clip(picture, 0, 1)
