"""What ours is measured beside: a textbook's pipeline, and the same with its images in memory.

The textbook's: torchvision's data set, transforms for each image, a DataLoader, Adam, one step
after another. A good tutorial reads the images once and keeps them in one tensor.
"""

import gzip
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, RandomSampler

from vaehelpers import load_data
from vaehelpers.data import fashion_mnist
from vaehelpers.vae import seeded_vae

BATCH = 128
PREFETCH = 2  # batches that each worker prepares ahead: the DataLoader's default


class Way(NamedTuple):
    """A way of training: `train(steps)`, and how many steps to take before time is measured.

    While others take their turn, workers fill their queues; these batches must be used up first.
    """

    train: Callable[[int], None]
    untimed: int = 1


def with_loader(workers: int, folder: Path, device: torch.device) -> Way:
    """Return the textbook's pipeline, on images that lie in `folder`."""
    images = torchvision_images(folder)
    loader = DataLoader(
        images,
        BATCH,
        sampler=RandomSampler(images, replacement=True, num_samples=10**9),  # endless
        num_workers=workers,
        pin_memory=device.type == "cuda",
    )
    batches = (imgs for imgs, _ in loader)
    return Way(trainer(batches, device), untimed=1 + PREFETCH * workers)


def in_memory(device: torch.device) -> Way:
    """Return the same training with the images in one tensor on the device."""
    images = load_data().train.images.to(device)
    batches = (images[torch.randint(len(images), (BATCH,))] for _ in repeat(None))
    return Way(trainer(batches, device))


def trainer(batches: Iterator[Tensor], device: torch.device) -> Callable[[int], None]:
    """Return what trains as textbooks do, printing no loss but looking at each."""
    model = seeded_vae(0).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def train(steps: int) -> None:
        for _ in range(steps):
            imgs = next(batches).to(device)
            L_rec, L_reg, bpd = model(imgs)
            optimizer.zero_grad()
            (L_rec + L_reg).backward()
            optimizer.step()
            bpd.item()  # as a progress bar does

    return train


def as_torchvision_has_them(folder: Path) -> None:
    """Unpack the data set's files into `folder`, where torchvision looks for them."""
    found = fashion_mnist.locate()
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in fashion_mnist.SHA256:
        plain = found / name
        if plain.is_file():
            content = plain.read_bytes()
        else:
            content = gzip.decompress((found / f"{name}.gz").read_bytes())
        (raw / name).write_bytes(content)


def torchvision_images(folder: Path) -> torch.utils.data.Dataset:
    """Return torchvision's data set with 4-bit levels."""
    from torchvision import datasets, transforms  # a machine that only has torch needs none of this

    to_levels = transforms.Compose([transforms.ToTensor(), transforms.Lambda(to_4_bits)])
    return datasets.FashionMNIST(folder, transform=to_levels)


def to_4_bits(pixels: Tensor) -> Tensor:
    """Return levels 0..15 of pixels in [0, 1]."""
    return (pixels * 255).div(16, rounding_mode="floor").long()
