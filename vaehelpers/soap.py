"""The optimizer SOAP: Adam, in axes along which the gradient's entries are least related."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

LARGEST = 600  # an axis with more entries keeps its own basis: a larger one takes longer to find than it is worth
TINY = 1e-10


class Soap(torch.optim.Optimizer):
    """SOAP (Vyas et al. 2024, arXiv:2409.11321) for weight matrices and convolution kernels; steps of a set length.

    Along each axis of a weight, gradients are averaged to a matrix of how its entries go together; in the eigenvectors
    of these matrices, Adam divides by the root of the average square. `turn`, to be called now and then between steps,
    brings the eigenvectors up to date: every `PERIOD` steps will do. A kernel's first axis is one axis, and all its
    others together are one.

    `lr` is the root mean square of the lengths that one step moves the rows of a weight (its first axis), whatever the
    gradient; `momentum` and `decay` in [0, 1) are those of the averages of gradients, and of their squares and
    products. `weight_decay` times `lr` is the share of a weight that every step takes away. The first gradient only
    chooses the axes. Raises ValueError for weights with fewer than two axes.
    """

    PERIOD = 20

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.95,
                 weight_decay: float = 0.0):
        weights = list(weights)
        for weight in weights:
            if weight.ndim < 2:
                raise ValueError(f"Soap steps matrices and kernels, not a weight of shape {tuple(weight.shape)}")
        super().__init__(weights, {"lr": lr, "momentum": momentum, "decay": decay, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step; `closure` is not used."""
        for group in self.param_groups:
            for weight in group["params"]:
                state, gradient = self.state[weight], weight.grad.flatten(1)
                if state:
                    step = self._direction(state, gradient, group["momentum"], group["decay"])
                    step *= group["lr"] * len(step) ** 0.5 / (step.norm() + TINY)  # without a gradient it stays
                    weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(step.reshape(weight.shape))
                else:
                    state |= _begun(gradient)

    def _direction(self, state: dict[str, Tensor], gradient: Tensor, momentum: float, decay: float) -> Tensor:
        """Bring the averages up to date; return where to go, of any length."""
        for axis, product in _products(gradient):
            state[f"product{axis}"].lerp_(product, 1 - decay)
        ahead = gradient.lerp(state["average"].lerp_(gradient, 1 - momentum), momentum)  # Nesterov's way
        state["squares"].lerp_(_turned(state, gradient).square(), 1 - decay)
        return _turned_back(state, _turned(state, ahead) / (state["squares"].sqrt() + TINY))

    @torch.no_grad()
    def turn(self) -> None:
        """Bring the eigenvectors closer to those of the averages: one power iteration (Vyas et al., Algorithm 4)."""
        for state in self.state.values():
            for axis in (axis for axis in (0, 1) if f"basis{axis}" in state):
                basis, product = state[f"basis{axis}"], state[f"product{axis}"]
                ahead = product @ basis
                order = (basis * ahead).sum(0).argsort(descending=True)
                state["squares"].copy_(state["squares"].index_select(axis, order))
                basis.copy_(_solved(torch.linalg.qr, ahead[:, order])[0])


def _begun(gradient: Tensor) -> dict[str, Tensor]:
    """Return the state after the first gradient, all of it contiguous, as a checkpoint gives it back."""
    state = {"average": gradient.clone(), "squares": torch.zeros_like(gradient)}
    for axis, product in _products(gradient):
        state |= {f"product{axis}": product, f"basis{axis}": _solved(torch.linalg.eigh, product)[1]}
    return {key: value.contiguous() for key, value in state.items()}


def _products(gradient: Tensor) -> list[tuple[int, Tensor]]:
    """Return the axes of a gradient `[n, m]` that are not too long, each with the products of its entries."""
    sides = [(axis, x) for axis, x in enumerate((gradient, gradient.mT)) if len(x) <= LARGEST]
    return [(axis, x @ x.mT) for axis, x in sides]


def _solved(solver: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> tuple[Tensor, Tensor]:
    """Factor a matrix, on the CPU where it is on a device without such solvers."""
    return tuple(part.to(x.device) for part in solver(x.cpu() if x.device.type == "mps" else x))


def _turned(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Express a matrix in the bases."""
    x = state["basis0"].mT @ x if "basis0" in state else x
    return x @ state["basis1"] if "basis1" in state else x


def _turned_back(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Express a matrix that is given in the bases as a matrix of numbers as they are."""
    x = state["basis0"] @ x if "basis0" in state else x
    return x @ state["basis1"].mT if "basis1" in state else x
