"""One training step: in 32 or 16 bits, compiled or not, on a CUDA device as a graph of kernels."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..core.device import compile_if_possible, multiplies_bfloat16
from ..vae.networks import VAE
from .config import TrainConfig

# From levels [B,1,28,28] and noise [B,z_dim] to reconstruction and KL in nats, each (B,).
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def training_step(
    model: VAE, optimizers: list[Optimizer], config: TrainConfig
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function that trains on one batch, see `Step`, as `config` says.

    On a CUDA device the whole step is recorded as a graph of kernels. With `compiled`, torch
    compiles the loss. In `precision` "bfloat16", convolutions and matrix products take 16-bit
    numbers and add up in 32 bits; weights, their updates, latents and loss stay in 32 bits. On a
    processor without instructions for such numbers, a warning says that all is computed in 32 bits
    instead. "float32" lets a CUDA device round what convolutions multiply to TF32, 10 bits after
    the point, as PyTorch does by default.
    """
    loss: Loss = in_bfloat16(model) if is_narrow(config, model.device) else model.losses
    if config.compiled and compiles_correctly(config, model.device):
        loss = compile_if_possible(loss, model.device)
    step = Step(loss, optimizers, config.beta)
    return CudaGraphed(step) if is_in_graph(model.device) else step


def is_narrow(config: TrainConfig, device: torch.device) -> bool:
    """Say whether networks compute in 16 bits; warn where a device is asked to and should not."""
    if config.precision == "float32":
        return False
    if multiplies_bfloat16(device):
        return True
    warnings.warn(
        "training in float32: this processor has no instructions for bfloat16, "
        "which would take several times as long; leave precision=bfloat16 out and this is not said",
        stacklevel=3,
    )
    return False


def compiles_correctly(config: TrainConfig, device: torch.device) -> bool:
    """Say whether torch's compiler gives correct gradients for these numbers on this device.

    In 16 bits on a CUDA device (an H200, torch 2.11) it did not: the errors were as large as the
    gradients, and training broke down within some epochs. A graph of kernels that are not compiled
    is correct there. `benchmarks/gpu.py` measures both.
    """
    return not (config.precision == "bfloat16" and device.type == "cuda")


def is_in_graph(device: torch.device) -> bool:
    """Say whether steps are recorded as a CUDA graph: launching kernels takes longer than they."""
    return device.type == "cuda"


def in_bfloat16(model: VAE) -> Loss:
    """Return `model.losses` with networks that compute in bfloat16."""

    def losses(imgs: Tensor, eps: Tensor) -> tuple[Tensor, Tensor]:
        # A graph cannot hold autocast's cache of 16-bit weights.
        with torch.autocast(imgs.device.type, torch.bfloat16, cache_enabled=False):
            return model.losses(imgs, eps)

    return losses


class Step:
    """A step on a batch: `step(imgs, eps)` trains on levels `[B,1,28,28]`, noise `[B,z_dim]`.

    It returns the reconstruction and the KL in nats per image, before the step, as one tensor
    `[2]`. Nothing in it waits for the device, and gradients are freed at its end.
    """

    def __init__(self, loss: Loss, optimizers: list[Optimizer], beta: float):
        self.loss = loss
        self.optimizers = optimizers
        self.beta = beta

    def __call__(self, imgs: Tensor, eps: Tensor) -> Tensor:
        """Train on one batch."""
        recon_per_image, kl_per_image = self.loss(imgs, eps)
        recon, kl = recon_per_image.mean(), kl_per_image.mean()
        (recon + self.beta * kl).backward()
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return torch.stack([recon.detach(), kl.detach()])


class CudaGraphed:
    """A function of CUDA tensors, of the same shapes at each call, recorded and replayed.

    Three calls run it as it is, the fourth records it. What it returns is overwritten by the next
    call. Numbers that change from call to call must be in tensors, such as the rates of optimizers.
    The order of work is that of "Whole-network capture" in PyTorch's notes on CUDA graphs.
    """

    def __init__(self, function: Callable[..., Tensor]):
        self.function = function
        self.calls = 0
        self.stream = torch.cuda.Stream()  # of the first calls and of the recording
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: list[Tensor] = []
        self.output = torch.empty(0)

    def __call__(self, *values: Tensor) -> Tensor:
        """Call the function, or replay it with these values."""
        if self.calls < 3:
            self.calls += 1
            return self._call_beside(values)
        if self.graph is None:
            self.graph = self._record(values)
        for place, value in zip(self.inputs, values, strict=True):
            place.copy_(value)
        self.graph.replay()
        return self.output

    def _record(self, values: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        """Record the function on copies of the values, `inputs`; its result will be in `output`."""
        self.inputs = [value.clone() for value in values]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            self.output = self.function(*self.inputs)
        return graph

    def _call_beside(self, values: tuple[Tensor, ...]) -> Tensor:
        """Run on a side stream, as CUDA requires before a recording."""
        self.stream.wait_stream(torch.cuda.current_stream())
        with warnings.catch_warnings(), torch.cuda.stream(self.stream):
            # Adam was told that it will be captured, and warns because these first calls are not.
            warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")
            result = self.function(*values)
        torch.cuda.current_stream().wait_stream(self.stream)
        return result
