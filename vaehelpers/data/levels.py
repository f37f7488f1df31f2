"""Grey values, the 16 levels that the networks take, and how other pixels are told apart."""

from typing import Any, NoReturn

import torch
from torch import Tensor

from ..core.tensors import is_seen
from ..errors import InputError
from .constants import LEVELS

WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def quantise(pixels: Tensor) -> Tensor:
    """Map grey values to 4-bit levels 0..15, uint8 of the same shape.

    Grey values are 0..255 in uint8, as in the data set's files, or 0..1 in floats, as torchvision's
    `ToTensor` makes them. Raises InputError for others, and for what is quantised already.
    """
    if not isinstance(pixels, Tensor):
        raise InputError(
            f"quantise takes a tensor, not {type(pixels).__name__}; "
            "give torch.as_tensor(pixels), or torchvision's pil_to_tensor(picture)"
        )
    if pixels.is_floating_point():
        if pixels.numel() and not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN fails, too
            raise InputError(
                "quantise takes floats from 0 to 1, as torchvision's ToTensor makes them; these go "
                f"from {pixels.min():.4g} to {pixels.max():.4g}. Leave out other transforms"
            )
        pixels = (pixels * 255).round().to(torch.uint8)
    if pixels.dtype != torch.uint8:
        raise InputError(
            f"quantise takes uint8 grey values 0..255 or floats 0..1, not {pixels.dtype}; "
            "convert grey values with .to(torch.uint8)"
        )
    if pixels.numel() and 0 < pixels.max() < LEVELS:  # each picture of the data set has a 254
        raise InputError(
            "these pixels are levels already, or nearly black: none is larger than 15 of 255, and "
            "quantise would make all of them 0. Leave it out"
        )
    return pixels >> 4


def check_images(images: Tensor) -> None:
    """Raise InputError unless `images` are one or more pictures of levels 0..15, `[N,1,28,28]`.

    Levels may be of any type of number, as long as they are whole. The message names the usual
    cause and its mend.
    """
    if not isinstance(images, Tensor):
        _refuse_other(images)
    _check_type(images)
    if images.shape[1:] != (1, 28, 28) or not len(images):
        _refuse_shape(images)
    check_levels(images)


def check_levels(levels: Tensor, count: int = LEVELS) -> None:
    """Raise InputError unless all of `levels`, of any shape, are whole numbers 0..`count` - 1.

    Where code may not look at values, as inside `torch.compile`, nothing is checked.
    """
    _check_type(levels)
    fits = (levels >= 0) & (levels < count) & (levels == levels.round())
    if is_seen(~fits.all()):
        _refuse_levels(levels.detach(), count)


def _check_type(levels: Tensor) -> None:
    """Raise InputError unless a tensor is of a usual type of number, and dense."""
    is_number = levels.is_floating_point() or levels.dtype in WHOLE
    if not is_number or levels.layout != torch.strided:
        kind = str(levels.dtype if levels.layout == torch.strided else levels.layout)
        raise InputError(
            f"images must be levels of a usual type of number, not {kind}; "
            "convert them with .to(torch.uint8)"
        )


def _refuse_levels(levels: Tensor, count: int) -> NoReturn:
    lowest, highest = levels.min(), levels.max()
    fractions = levels[levels != levels.round()]
    if not (lowest.isfinite() and highest.isfinite()):
        found, mend = "NaN or infinity", "look where they come from"
    elif len(fractions):
        examples = ", ".join(f"{value:.2f}" for value in fractions[:2].tolist())
        found = f"fractions ({examples}, ...), as torchvision's ToTensor makes them"
        mend = "call quantise(images) first"
    elif lowest < 0:
        found, mend = f"{lowest:.4g}", "leave out transforms such as Normalize"
    else:
        found = f"{highest:.4g}"
        mend = "make grey values 0..255, as uint8, levels by quantise(images)"
    raise InputError(f"images must be whole levels 0..{count - 1}; these hold {found}: {mend}")


def _refuse_other(images: Any) -> NoReturn:
    own = " its .images, such as load_data().test.images" if hasattr(images, "images") else ""
    raise InputError(
        f"images must be a tensor [N,1,28,28] of levels 0..15, not {type(images).__name__}; "
        f"give{own or ' one, such as load_data().test.images'}"
    )


def _refuse_shape(images: Tensor) -> NoReturn:
    shape = list(images.shape)
    if images.shape[-2:] != (28, 28) or 0 in shape:
        mend = "give one or more pictures of 28 x 28 pixels"
    elif images.dim() == 2:
        mend = "give images[None, None]"
    elif images.dim() == 4:
        mend = "give one grey channel"
    elif shape[0] == 1:
        mend = "give images[None], with an axis for the batch"
    else:
        mend = "give images[:, None], with an axis for the channel"
    raise InputError(f"images of shape {shape} do not fit [N,1,28,28]; {mend}")
