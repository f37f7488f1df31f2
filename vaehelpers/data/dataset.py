"""A data set in three splits, and what is done with its images: split, mirror, count."""

from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from ..errors import InputError, SettingError
from .constants import LEVELS, SYMMETRIC
from .levels import check_levels


@dataclass(frozen=True)
class Split:
    """Images `[N,1,28,28]` uint8 with levels 0..15, and labels `[N]` int64 in 0..9.

    It is also a PyTorch data set of pairs, so that `DataLoader(dataset.train)` gives batches of
    images `[B,1,28,28]` uint8 and labels `[B]` int64.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> tuple[Tensor, int]: ...
    @overload
    def __getitem__(self, index: slice) -> "Split": ...
    def __getitem__(self, index: int | slice) -> "tuple[Tensor, int] | Split":
        """Return an image `[1,28,28]` uint8 and its label, or for a slice a split of its own.

        Raises IndexError for an index outside of the split.
        """
        if isinstance(index, slice):
            return Split(self.images[index], self.labels[index])
        return self.images[index], int(self.labels[index])

    def __repr__(self) -> str:
        """Say how many images there are, and of what shape."""
        return f"Split({len(self):,} images of shape {tuple(self.images.shape[1:])})"

    def head(self, count: int) -> "Split":
        """Return the first `count` images and labels, all of them if there are no more.

        Raises SettingError for less than 0.
        """
        if count < 0:
            raise SettingError(f"count={count} is not allowed; give 0 or more images")
        return self[:count]


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
    """Permute and cut into train and validation exactly as `random_split` with this seed does.

    Raises InputError unless there is a label for each image, and SettingError for a `val_fraction`
    that is not in 0..1.
    """
    if len(images) != len(labels):
        raise InputError(f"{len(images)} images and {len(labels)} labels; give as many of both")
    if not 0 <= val_fraction <= 1:
        raise SettingError(f"val_fraction={val_fraction} is not allowed; give a share in 0..1")
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
    """Count how often each pixel has each level: `[N,28,28]` -> `[16,28,28]` int64, >= 0.

    Raises InputError for what is not levels.
    """
    check_levels(images)
    shape = images.shape[1:]
    pixels = torch.arange(shape.numel(), dtype=torch.int32).view(shape)
    first_counter = LEVELS * pixels  # a pixel has 16 counters side by side
    counters = (first_counter + images.to(torch.int32)).flatten()
    counts = counters.bincount(minlength=LEVELS * pixels.numel())
    return counts.view(*pixels.shape, LEVELS).movedim(-1, 0)
