"""Encoder and decoder as `web/network.js` takes them: layers in a list, weights in one row."""

import math
from collections.abc import Iterable
from typing import NamedTuple, TypedDict, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..vae.networks import CNNDecoder, CNNEncoder

BLOCK = 8  # outputs that network.js sums at once; layers with others are filled up with zeros


class Network(TypedDict):
    """A network for the page: its layers, and their weights and biases as 16-bit numbers."""

    layers: list[dict[str, int | bool]]
    weights: bytes


class _Layer(NamedTuple):
    """A layer as a convolution: weight `[out,in,k,k]`, bias `[out]`, and what its kernel does."""

    weight: Tensor
    bias: Tensor
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    transposed: bool = False
    activated: bool = False

    def size_out(self, size: int) -> int:
        """Return the side of its output for the side of its input (PyTorch's formulas)."""
        kernel = self.weight.shape[-1]
        if self.transposed:
            return (size - 1) * self.stride - 2 * self.padding + kernel + self.output_padding
        return (size + 2 * self.padding - kernel) // self.stride + 1


def of_decoder(decoder: CNNDecoder) -> Network:
    """Describe a decoder: z `[D]` -> logits `[28*28*16]`, those of a pixel side by side.

    Its linear layer is a convolution of size 1, whose outputs are put in the order of the image
    that they become.
    """
    linear = cast(nn.Linear, decoder.linear[0])
    channels, side, _ = cast(nn.Unflatten, decoder.net[0]).unflattened_size
    order = torch.arange(channels * side * side).view(channels, -1).T.flatten()
    first = _Layer(linear.weight[order][:, :, None, None], linear.bias[order], activated=True)
    return _network([first, *_convolutions(decoder.net)], values=decoder.z_dim)


def of_encoder(encoder: CNNEncoder) -> Network:
    """Describe an encoder: an image from -1 to 1, `[28*28]` -> mean and log std, `[2*D]`.

    Its two linear layers are one convolution that covers the whole of the last image. Zeros follow
    the log std, if need be, so that the outputs fill whole blocks.
    """
    layers = list(_convolutions(encoder.net))
    channels = len(layers[-1].weight)
    weight = torch.cat([encoder.mean.weight, encoder.log_std.weight])
    side = math.isqrt(weight.shape[1] // channels)
    bias = torch.cat([encoder.mean.bias, encoder.log_std.bias])
    missing = -len(bias) % BLOCK
    weight = F.pad(weight.view(-1, channels, side, side), (0, 0) * 3 + (0, missing))
    heads = _Layer(weight, F.pad(bias, (0, missing)))
    return _network([*layers, heads], values=28 * 28)


def _convolutions(net: nn.Sequential) -> Iterable[_Layer]:
    """Yield a network's convolutions, and say of each whether GELU follows it."""
    for module, follower in zip(net, [*net[1:], None], strict=True):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            transposed = isinstance(module, nn.ConvTranspose2d)
            yield _Layer(
                module.weight.transpose(0, 1) if transposed else module.weight,
                cast(Tensor, module.bias),
                stride=module.stride[0],
                padding=cast(int, module.padding[0]),
                output_padding=module.output_padding[0],
                transposed=transposed,
                activated=isinstance(follower, nn.GELU),
            )


def _network(layers: Iterable[_Layer], values: int) -> Network:
    """Describe layers, the first of which gets so many values."""
    described, numbers = [], []
    for layer in layers:
        outputs, inputs, kernel, _ = layer.weight.shape
        size_in = math.isqrt(values // inputs)
        size_out = layer.size_out(size_in)
        described.append(
            {
                "kernel": kernel,
                "stride": layer.stride,
                "padding": layer.padding,
                "transposed": layer.transposed,
                "activated": layer.activated,
                "sizeIn": size_in,
                "sizeOut": size_out,
                "channelsIn": inputs,
                "channelsOut": outputs,
            }
        )
        numbers += [_in_blocks(layer.weight), layer.bias]
        values = size_out**2 * outputs
    weights = torch.cat(numbers).detach().cpu().half().numpy().tobytes()
    return {"layers": described, "weights": weights}


def _in_blocks(weight: Tensor) -> Tensor:
    """Lay out a weight `[out,in,k,k]` as network.js reads it: `[out/8][row][column][in][8]`."""
    blocks = weight.flatten(2).unflatten(0, (-1, BLOCK))  # [out/8,8,in,taps]
    return blocks.permute(0, 3, 2, 1).flatten()
