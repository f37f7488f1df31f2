"""One training step: in 32 or 16 bits, compiled or not, and on a CUDA device launched as one graph of kernels."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer

from .device import compile_if_possible
from .errors import SettingError
from .model import VAE

PRECISIONS = ("float32", "bfloat16")


def training_step(
    model: VAE,
    optimizers: list[Optimizer],
    beta: float,
    compiled: bool,
    precision: str,
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what trains on a batch, see `Step`: compiled by torch or not, and then on a CUDA device in a graph.

    In `precision` "bfloat16", convolutions and matrix products take 16-bit numbers and add up in 32 bits; weights,
    their updates, latents and loss stay in 32 bits. Raises SettingError for other precisions.
    """
    if precision not in PRECISIONS:
        raise SettingError(f"precision={precision} is not one of {', '.join(PRECISIONS)}")
    loss = in_bfloat16(model) if precision == "bfloat16" else model.per_image
    step = Step(compile_if_possible(loss, model.device) if compiled else loss, optimizers, beta)
    return Graph(step) if in_graph(compiled, model.device) else step


def in_graph(compiled: bool, device: torch.device) -> bool:
    """Say whether steps are recorded as a CUDA graph."""
    return compiled and device.type == "cuda"


def in_bfloat16(model: VAE) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return `model.per_image` with networks that compute in bfloat16."""

    def per_image(imgs: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(
            imgs.device.type, torch.bfloat16, cache_enabled=False
        ):  # a graph cannot hold the cache
            return model.per_image(imgs, eps)

    return per_image


class Step:
    """A step on a batch: `step(imgs, eps)` trains on levels `[B,1,28,28]` with noise `[B,z_dim]`.

    It returns the reconstruction and the KL in nats per image, before the step, as one tensor `[2]`. Nothing in it
    waits for the device, and gradients are freed at its end.
    """

    def __init__(
        self,
        loss: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        optimizers: list[Optimizer],
        beta: float,
    ):
        self.loss, self.optimizers, self.beta = loss, optimizers, beta

    def __call__(self, imgs: Tensor, eps: Tensor) -> Tensor:
        """Train on one batch."""
        recon, kl = (part.mean() for part in self.loss(imgs, eps))
        (recon + self.beta * kl).backward()
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return torch.stack([recon.detach(), kl.detach()])


class Graph:
    """A function of CUDA tensors, always of the same shapes: run three times as it is, then recorded and replayed.

    What it returns is overwritten by the next call. Numbers that change from call to call must be in tensors, such as
    the rates of optimizers. The order of work is that of "Whole-network capture" in PyTorch's notes on CUDA graphs.
    """

    def __init__(self, function: Callable[..., Tensor]):
        self.function, self.calls, self.graph = function, 0, None

    def __call__(self, *values: Tensor) -> Tensor:
        """Call the function, or replay it with these values."""
        if self.calls < 3:
            self.calls += 1
            return self._beside(values)
        if not self.graph:
            self.inputs, self.graph = [value.clone() for value in values], torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.output = self.function(*self.inputs)
        for place, value in zip(self.inputs, values, strict=True):
            place.copy_(value)
        self.graph.replay()
        return self.output

    def _beside(self, values: tuple[Tensor, ...]) -> Tensor:
        """Run on a stream other than the usual one, as what a recording starts from must have been."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with warnings.catch_warnings(), torch.cuda.stream(stream):
            warnings.filterwarnings(
                "ignore", "This instance was constructed with capturable=True"
            )  # it soon will be
            result = self.function(*values)
        torch.cuda.current_stream().wait_stream(stream)
        return result


def set_rate(group: dict, rate: float) -> None:
    """Set the learning rate of an optimizer's group of weights, where it is a tensor in place."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate
