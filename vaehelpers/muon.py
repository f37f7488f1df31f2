"""The optimizer Muon: each step of a weight matrix is its momentum, with all singular values brought to about 1."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

QUINTIC = (3.4445, -4.7750, 2.0315)  # a, b, c of s -> a s + b s^3 + c s^5: steep at 0, so that five rounds suffice


def orthogonalise(matrices: Tensor, rounds: int = 5) -> Tensor:
    """Return `[..., n, m]`, n <= m, with the singular vectors kept and the singular values brought to 0.7 ... 1.2.

    Newton-Schulz iterations with the polynomial of Jordan et al. (2024), as products of n x n matrices only: the
    polynomials of x xᵀ are multiplied up, and x itself is met at both ends. Singular values far below the
    largest (under about a thousandth) are still on their way after five rounds.
    """
    a, b, c = QUINTIC
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)  # so that no singular value is above 1
    one, gram = torch.eye(x.shape[-2], device=x.device), x @ x.mT
    product = one
    for _ in range(rounds):
        factor = a * one + b * gram + c * gram @ gram
        product, gram = factor @ product, factor @ gram @ factor
    return product @ x


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for weight matrices and convolution kernels, a kernel as the matrix of its first axis.

    `lr` is the length of a step in spectral norm, for tall matrices times sqrt(n / m); `momentum` in [0, 1) decays an
    average of gradients, used in Nesterov's way. Raises ValueError for weights with fewer than two axes.

    torch.optim.Muon takes matrices only, and orthogonalises in 16 bits, which on a CPU without instructions for
    products of such numbers takes four times as long.
    """

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95):
        alike = defaultdict(list)
        for weight in weights:
            if weight.ndim < 2:
                raise ValueError(f"Muon steps matrices and kernels, not a weight of shape {tuple(weight.shape)}")
            alike[weight.flatten(1).shape].append(weight)
        super().__init__([{"params": group} for group in alike.values()], {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        """Take one step; `closure` is not used."""
        for group in self.param_groups:
            steps = torch.stack([self._ahead(weight, group["momentum"]).flatten(1) for weight in group["params"]])
            n, m = steps.shape[1:]
            steps = orthogonalise(steps) if n <= m else orthogonalise(steps.mT).mT * (n / m) ** 0.5
            for weight, step in zip(group["params"], steps, strict=True):
                weight.sub_(step.reshape(weight.shape) * group["lr"])

    def _ahead(self, weight: Tensor, decay: float) -> Tensor:
        """Add the gradient to its average; return where the average is heading."""
        if not self.state[weight]:
            self.state[weight]["average"] = torch.zeros_like(weight)
        average = self.state[weight]["average"].lerp_(weight.grad, 1 - decay)
        return weight.grad.lerp(average, decay)
