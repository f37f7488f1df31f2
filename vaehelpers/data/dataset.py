"""A data set in three splits, and what is done with its images: split, mirror, count."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .constants import LEVELS, SYMMETRIC
from .levels import check_levels


@dataclass(frozen=True)
class Split:
    """Images `[N,1,28,28]` uint8 with levels 0..15, and labels `[N]` int64 in 0..9."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        """Say how many images there are, and of what shape."""
        return f"Split({len(self):,} images of shape {tuple(self.images.shape[1:])})"

    def head(self, count: int) -> "Split":
        """Return the first `count` images and labels."""
        return Split(self.images[:count], self.labels[:count])


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test splits, with the name and hash that every result records.

    `sha256` identifies the contents: for FashionMNIST it is the hash of the four files' hashes.
    """

    name: str
    sha256: str
    train: Split
    val: Split
    test: Split

    def __repr__(self) -> str:
        """Name the data set and the sizes of its splits, not thousands of pixels."""
        sizes = f"train={len(self.train):,}, val={len(self.val):,}, test={len(self.test):,}"
        return f"Dataset({self.name!r}, {sizes})"

    @property
    def is_stand_in(self) -> bool:
        """Whether these are drawn pictures in place of FashionMNIST; figures then say so."""
        return self.name != "fashion-mnist"


def split(
    images: Tensor, labels: Tensor, val_fraction: float = 0.1, seed: int = 42
) -> tuple[Split, Split]:
    """Permute and cut into train and validation exactly as `random_split` with this seed does."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    cut = len(images) - int(len(images) * val_fraction)
    train, val = order[:cut], order[cut:]
    return Split(images[train], labels[train]), Split(images[val], labels[val])


def mirror(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Flip images `[N,1,28,28]` of classes that look the same mirrored, each with probability 1/2.

    `labels` `[N]` and the generator are on the CPU; the images may be elsewhere.
    """
    symmetric = torch.isin(labels, torch.tensor(SYMMETRIC))
    chosen = torch.rand(len(labels), generator=generator) < 0.5
    turned = (symmetric & chosen).to(images.device)
    return torch.where(turned[:, None, None, None], images.flip(-1), images)


def level_counts(images: Tensor) -> Tensor:
    """Count how often each pixel has each level: `[N,28,28]` uint8 -> `[16,28,28]` int64, >= 0.

    Raises InputError for what is not levels.
    """
    check_levels(images)
    pixels = torch.arange(images[0].numel(), dtype=torch.int32).view_as(images[0])
    first_counter = LEVELS * pixels  # a pixel has 16 counters side by side
    counters = (first_counter + images).flatten()
    counts = counters.bincount(minlength=LEVELS * pixels.numel())
    return counts.view(*pixels.shape, LEVELS).movedim(-1, 0)
