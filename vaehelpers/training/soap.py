"""The optimizer SOAP: Adam, in axes along which the entries of a gradient are least related."""

# torch._foreach_...: one call for a list of tensors, as in torch's own optimizers.
# pyright: reportPrivateImportUsage=false

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

LARGEST = (
    600  # a side with more entries keeps its own axes: new ones take longer than they are worth
)
TINY = 1e-10


class Soap(torch.optim.Optimizer):
    """SOAP (Vyas et al. 2024, arXiv:2409.11321) for weight matrices and convolution kernels.

    A kernel is the matrix of its first axis. Along both sides of a matrix, gradients G are averaged
    to G G^T and G^T G; in the eigenvectors of these, Adam divides by the root of the average
    square. `turn` brings the eigenvectors up to date; it is to be called between steps, every
    `period` of them. `lr` is the root mean square of the lengths that a step moves the rows of a
    weight, whatever the gradient. `momentum` and `decay`, in [0, 1), are those of the averages of
    gradients, and of their squares and products. The first gradient only chooses the axes. At a
    step every weight must have a gradient. Raises ValueError for weights with fewer than two axes.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        lr: float | Tensor,
        momentum: float = 0.95,
        decay: float = 0.95,
    ):
        of_one_shape = defaultdict(list)
        for weight in weights:
            if weight.ndim < 2:
                shape = tuple(weight.shape)
                raise ValueError(f"Soap steps matrices and kernels, not a weight of shape {shape}")
            of_one_shape[weight.shape].append(weight)
        groups = [{"params": group} for group in of_one_shape.values()]
        super().__init__(groups, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step; closures are not supported."""
        for group in self.param_groups:
            weights = group["params"]
            gradients = torch.stack([weight.grad for weight in weights]).flatten(2)  # [k,n,m]
            state = self.state[weights[0]]  # of all weights of this shape
            if not state:
                state.update(_begun(gradients))
                continue
            steps = _steps(state, gradients, group["momentum"], group["decay"])
            length = steps.square().sum((1, 2), keepdim=True).sqrt()
            steps *= group["lr"] * steps.shape[1] ** 0.5 / (length + TINY)
            torch._foreach_sub_(weights, steps.unflatten(2, weights[0].shape[1:]).unbind())

    @torch.no_grad()
    def turn(self) -> None:
        """Bring eigenvectors closer to those of the averages: one power iteration (Algorithm 4).

        What is averaged in the old axes is expressed in the new ones.
        """
        for group in self.param_groups:
            state = self.state[group["params"][0]]
            for side in ("left", "right"):
                if f"{side}_axes" in state:
                    _turn(state, side)


def _begun(gradients: Tensor) -> dict[str, Tensor]:
    """Return the state after the first gradients `[k,n,m]`."""
    state = {"average": torch.zeros_like(gradients), "squares": torch.zeros_like(gradients)}
    for side, x in _sides(gradients):
        state[f"{side}_products"] = x @ x.mT
        state[f"{side}_axes"] = torch.linalg.eigh(x @ x.mT)[1].contiguous()
    return state


def _sides(gradients: Tensor) -> list[tuple[str, Tensor]]:
    """Return the sides that are not too large, each with the matrices that have it in front."""
    both = (("left", gradients), ("right", gradients.mT))
    return [(side, x) for side, x in both if x.shape[1] <= LARGEST]


def _steps(state: dict[str, Tensor], gradients: Tensor, momentum: float, decay: float) -> Tensor:
    """Bring the averages up to date; return steps of any length, `[k,n,m]`."""
    for side, x in _sides(gradients):
        products = state[f"{side}_products"]
        products.baddbmm_(x.contiguous(), x.mT, beta=decay, alpha=1 - decay)
    left, right = state.get("left_axes"), state.get("right_axes")
    turned = gradients if left is None else left.mT @ gradients
    turned = turned if right is None else turned @ right
    state["average"].lerp_(turned, 1 - momentum)
    state["squares"].mul_(decay).addcmul_(turned, turned, value=1 - decay)
    ahead = turned.lerp(state["average"], momentum)  # Nesterov: where the average is heading
    steps = ahead.div_(state["squares"].sqrt().add_(TINY))
    steps = steps if left is None else left @ steps
    return steps if right is None else steps @ right.mT


def _turn(state: dict[str, Tensor], side: str) -> None:
    """Turn the axes of one side."""
    old, products = state[f"{side}_axes"], state[f"{side}_products"]
    ahead = products @ old
    order = (old * ahead).sum(1).argsort(descending=True)  # by the lengths along the axes, [k,n]
    new = torch.linalg.qr(ahead.take_along_dim(order[:, None], 2))[0].contiguous()
    state[f"{side}_axes"] = new
    change = new.mT @ old
    if side == "left":
        state["average"] = change @ state["average"]
        state["squares"] = state["squares"].take_along_dim(order[:, :, None], 1)
    else:
        state["average"] = state["average"] @ change.mT
        state["squares"] = state["squares"].take_along_dim(order[:, None], 2)
