"""What a network is shown in an epoch: batches, and how some recipes vary their images at random."""

import torch
from torch import Tensor

from .data import Split, quantise
from .recipe import RECIPES

SYMMETRIC = (0, 1, 2, 3, 4, 6, 8)  # classes without a left and a right; all shoes but a few point to the left


def epoch(split: Split, config: dict, number: int) -> list[tuple[Tensor, ...]]:
    """Return the batches of epoch 1, 2, ...: `(levels, eps)`, and for some recipes what the encoder sees of the levels.

    Shuffled; like the template's, without the last incomplete one. `config` is that of a run of `training.fit`. Order
    and noise depend on its seed and the epoch alone. That is why a resumed run needs no saved random state, and why all
    devices see the same draws, but for the noise of `noisy`.
    """
    recipe, device = RECIPES[config["recipe"]], split.images.device
    size, seed = min(config["batch_size"], len(split)), config["seed"] * 1_000_003 + number
    generator, early = torch.Generator().manual_seed(seed), number <= recipe.varied * config.get("epochs", 0)
    perm = torch.randperm(len(split), generator=generator).to(device)
    eps = torch.randn(len(split), config["z_dim"], generator=generator).to(device) * config["noise"]
    images = (varied(split, generator) if early else split.images)[perm]
    seen = [noisy(images, recipe.encoder_noise * early, seed)] if recipe.encoder_noise else []
    batches = zip(*(part.split(size) for part in (images, eps, *seen)), strict=True)
    return [batch for batch in batches if len(batch[0]) == size]


def varied(split: Split, generator: torch.Generator) -> Tensor:
    """Return levels `[N,1,28,28]` of a split's images: mirrored, and where there are grey values, in other light."""
    images = split.images if split.grey is None else relit(split.grey, generator)
    return mirrored(images, split.labels, generator)


def mirrored(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return levels `[N,1,28,28]`, those of garments without a left and a right mirrored with probability 1/2.

    `labels` `[N]` and the generator are on the CPU; the images may be elsewhere.
    """
    turned = torch.isin(labels, torch.tensor(SYMMETRIC)) & (torch.rand(len(labels), generator=generator) < 0.5)
    return torch.where(turned.to(images.device)[:, None, None, None], images.flip(-1), images)


def relit(grey: Tensor, generator: torch.Generator, spread: float = 0.2) -> Tensor:
    """Return levels `[N,1,28,28]` of grey values, as if each photograph had been taken in a light of its own.

    The values of an image are multiplied by a number from 1 - `spread` to 1 + `spread`, and shifted by up to half a
    level of 16, before they are cut off at 255 and rounded down to levels. Black stays black. The generator, which is
    on the CPU, draws both; the images may be elsewhere.
    """
    light = 1 + (torch.rand(len(grey), 1, 1, 1, generator=generator) * 2 - 1) * spread
    shift = torch.randint(-8, 8, (len(grey), 1, 1, 1), generator=generator)
    parts = zip(*(part.to(grey.device).split(2000) for part in (grey, light, shift)), strict=True)
    return torch.cat([quantise((x * f + s).round().clamp(0, 255).to(torch.uint8).where(x > 0, x)) for x, f, s in parts])


def noisy(images: Tensor, std: float, seed: int) -> Tensor:
    """Return levels of any dtype as floats, with normal noise on all but black pixels; `std` is in levels.

    The noise is drawn where the images are, and another on each kind of device.
    """
    if not std:
        return images.float()
    generator = torch.Generator(images.device).manual_seed(seed)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return noise.mul_(std).mul_(images > 0).add_(images)
