"""The optimizer Muon: each step of a weight matrix is its momentum, with all singular values brought to about 1."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

QUINTIC = (
    3.4445,
    -4.7750,
    2.0315,
)  # a, b, c of s -> a s + b s^3 + c s^5: steep at 0, so that five rounds suffice


def orthogonalise(matrices: list[Tensor], rounds: int = 5) -> list[Tensor]:
    """Return matrices `[n, m]`, n <= m, with the singular vectors kept and the singular values brought to 0.7 ... 1.2.

    Newton-Schulz iterations with the polynomial of Jordan et al. (2024), as products of n x n matrices only: the
    polynomials of x xᵀ are multiplied up, and x itself is met at both ends. So matrices of one n and any m go through
    them together. Singular values far below the largest (under about a thousandth) are still on their way after
    five rounds.
    """
    gram = torch.stack([x @ x.mT for x in matrices])
    length = (
        gram.diagonal(dim1=1, dim2=2).sum(1).sqrt()[:, None, None] + 1e-7
    )  # no singular value is above it
    gram = gram / length**2
    product = factor = _polynomial(gram)
    for _ in range(rounds - 1):
        gram = factor @ gram @ factor
        factor = _polynomial(gram)
        product = factor @ product
    return [matrix @ x for matrix, x in zip(product / length, matrices, strict=True)]


def _polynomial(gram: Tensor) -> Tensor:
    a, b, c = QUINTIC
    result = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    result.diagonal(dim1=1, dim2=2).add_(a)
    return result


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for weight matrices and convolution kernels, a kernel as the matrix of its first axis.

    `lr` is the length of a step in spectral norm, for tall matrices times sqrt(n / m); `momentum` in [0, 1) decays an
    average of gradients, used in Nesterov's way. With `evened` in (0, 1), the decay of averages of each row's squares,
    rows take steps of one length on average, as in NorMuon (Li et al. 2025, arXiv:2510.05491); a step's Frobenius
    norm stays. `weight_decay` times `lr` is the share of a weight that every step takes away. Raises ValueError for
    weights with fewer than two axes.

    torch.optim.Muon takes matrices only, and orthogonalises in 16 bits, which on a CPU without instructions for
    products of such numbers takes four times as long.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        lr: float,
        momentum: float = 0.95,
        evened: float = 0.0,
        weight_decay: float = 0.0,
    ):
        alike = defaultdict(list)
        for weight in weights:
            if weight.ndim < 2:
                raise ValueError(
                    f"Muon steps matrices and kernels, not a weight of shape {tuple(weight.shape)}"
                )
            alike[min(weight.flatten(1).shape)].append(weight)
        super().__init__(
            [{"params": group} for group in alike.values()],
            {"lr": lr, "momentum": momentum, "evened": evened, "weight_decay": weight_decay},
        )

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step; `closure` is not used."""
        for group in self.param_groups:
            steps = [
                self._ahead(weight, group["momentum"]).flatten(1) for weight in group["params"]
            ]
            steps = orthogonalise(
                [step if step.shape[0] <= step.shape[1] else step.mT for step in steps]
            )
            for weight, step in zip(group["params"], steps, strict=True):
                n, m = weight.flatten(1).shape
                step = step.mT * (n / m) ** 0.5 if n > m else step
                if group["evened"]:
                    step = self._even(weight, step, group["evened"])
                weight.mul_(1 - group["lr"] * group["weight_decay"]).sub_(
                    step.reshape(weight.shape) * group["lr"]
                )

    def _even(self, weight: Tensor, step: Tensor, decay: float) -> Tensor:
        """Divide each row by the root of its average square so far; keep the length of the whole."""
        squares = step.square().mean(1, keepdim=True)
        average = (
            self.state[weight]
            .setdefault("squares", torch.zeros_like(squares))
            .lerp_(squares, 1 - decay)
        )
        even = step / (average.sqrt() + 1e-8)
        return even * (step.norm() / (even.norm() + 1e-8))  # a weight without a gradient stays

    def _ahead(self, weight: Tensor, decay: float) -> Tensor:
        """Add the gradient to its average; return where the average is heading."""
        if not self.state[weight]:
            self.state[weight]["average"] = torch.zeros_like(weight)
        average = self.state[weight]["average"].lerp_(weight.grad, 1 - decay)
        return weight.grad.lerp(average, decay)
