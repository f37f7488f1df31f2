"""The decoder as a widget that runs in the page: what `page.js` needs of a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import anywidget
import ipywidgets as widgets
import torch
import traitlets
from torch import Tensor, nn

from ..vae.networks import CNNDecoder
from .frames import chart_png, noise
from .walk import Walk

BLOCK = 8  # output channels that page.js sums at once
HERE = Path(__file__).parent
Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def layers(decoder: CNNDecoder) -> tuple[list[dict], bytes]:
    """Describe a decoder for `page.js`: its layers, and their weights and biases as 16-bit numbers.

    Weights are laid out `[out/8][kernel row][kernel column][in][8]`. A linear layer is a
    convolution of size 1 whose output channels are put in the order of the image that they become,
    channels innermost.
    """
    unflatten = cast(nn.Unflatten, decoder.net[0])
    modules = [*decoder.linear, *decoder.net]
    followers = [*modules[1:], None]
    described, numbers = [], []
    size = 1
    for module, follower in zip(modules, followers, strict=True):
        if not isinstance(module, Layer):
            continue
        shape, weight, bias = _as_convolution(module, unflatten)
        side = _size_out(shape, size)
        described.append(
            {
                **shape,
                "sizeIn": size,
                "sizeOut": side,
                "channelsIn": weight.shape[1],
                "channelsOut": weight.shape[0],
                "activated": isinstance(follower, nn.GELU),
            }
        )
        numbers += [_in_blocks(weight), bias]
        size = unflatten.unflattened_size[1] if isinstance(module, nn.Linear) else side
    return described, torch.cat(numbers).detach().cpu().half().numpy().tobytes()


def _as_convolution(module: Layer, unflatten: nn.Unflatten) -> tuple[dict, Tensor, Tensor]:
    """Return a layer's kernel and stride, its weight `[out,in,k,k]` and its bias `[out]`."""
    if isinstance(module, nn.Linear):
        return _linear_as_convolution(module, unflatten)
    transposed = isinstance(module, nn.ConvTranspose2d)
    shape = {
        "kernel": module.kernel_size[0],
        "stride": module.stride[0],
        "padding": module.padding[0],
        "outputPadding": module.output_padding[0],
        "transposed": transposed,
    }
    weight = module.weight.transpose(0, 1) if transposed else module.weight
    return shape, weight, cast(Tensor, module.bias)


def _linear_as_convolution(
    module: nn.Linear, unflatten: nn.Unflatten
) -> tuple[dict, Tensor, Tensor]:
    """Do the same for a linear layer: its outputs become an image with the channels innermost."""
    channels, height, width = unflatten.unflattened_size
    places = torch.arange(channels * height * width).view(channels, -1)
    order = places.T.flatten()
    shape = {"kernel": 1, "stride": 1, "padding": 0, "outputPadding": 0, "transposed": False}
    return shape, module.weight[order][:, :, None, None], module.bias[order]


def _in_blocks(weight: Tensor) -> Tensor:
    """Lay out a weight `[out,in,k,k]` for `page.js`, as one row of numbers."""
    blocks = weight.flatten(2).unflatten(0, (-1, BLOCK))  # [out/8,8,in,taps]
    return blocks.permute(0, 3, 2, 1).flatten()


def _size_out(shape: dict, size: int) -> int:
    """Return the side of a layer's output for the side of its input (PyTorch's formulas)."""
    kernel, stride, padding = shape["kernel"], shape["stride"], shape["padding"]
    if shape["transposed"]:
        return (size - 1) * stride - 2 * padding + kernel + shape["outputPadding"]
    return (size + 2 * padding - kernel) // stride + 1


class PageDecoder(anywidget.AnyWidget):
    """The explorer of a walk, drawn by the page itself.

    It listens to `sliders` without asking the kernel.
    """

    _esm = HERE / "page.js"
    _css = HERE / "page.css"
    sliders = traitlets.List().tag(sync=True, **widgets.widget_serialization)
    layers = traitlets.List().tag(sync=True)
    weights = traitlets.Bytes().tag(sync=True)
    chart = traitlets.Bytes().tag(sync=True)
    noise = traitlets.List().tag(sync=True)
    directions = traitlets.List().tag(sync=True)
    origin = traitlets.List().tag(sync=True)
    percent = traitlets.Bool().tag(sync=True)
    low = traitlets.Float().tag(sync=True)
    high = traitlets.Float().tag(sync=True)
    view = traitlets.Int().tag(sync=True)
    row = traitlets.Int().tag(sync=True)
    column = traitlets.Int().tag(sync=True)

    def __init__(self, path: Walk, sliders: Sequence[widgets.FloatSlider]):
        described, weights = layers(path.model.decoder)
        super().__init__(
            sliders=sliders,
            layers=described,
            weights=weights,
            chart=chart_png(path),
            noise=noise().flatten().tolist(),
            directions=path.directions.tolist(),
            origin=path.origin.tolist(),
            percent=path.axis.percent,
            low=path.axis.low,
            high=path.axis.high,
        )
