"""The optimizer Muon: every step of a weight matrix gets singular values near 1."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

# a, b, c of s -> a s + b s^3 + c s^5: steep at 0, so that five rounds suffice.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices: list[Tensor], rounds: int = 5) -> list[Tensor]:
    """Return matrices `[n, m]`, n <= m, with their singular values brought to 0.7 ... 1.2.

    The singular vectors stay. These are the Newton-Schulz iterations of Jordan et al. (2024), as
    products of n x n matrices only: x itself is used at the start and at the end, so that matrices
    with the same n form one batch, whatever their m. Singular values far below the largest (under
    about a thousandth) are not there yet after five rounds.
    """
    gram = torch.stack([x @ x.mT for x in matrices])
    trace = gram.diagonal(dim1=1, dim2=2).sum(1)
    length = trace.sqrt()[:, None, None] + 1e-7  # no singular value is above it
    gram = gram / length**2
    factor = _polynomial(gram)
    product = factor
    for _ in range(rounds - 1):
        gram = factor @ gram @ factor
        factor = _polynomial(gram)
        product = factor @ product
    scaled = product / length
    return [matrix @ x for matrix, x in zip(scaled, matrices, strict=True)]


def _polynomial(gram: Tensor) -> Tensor:
    """Return a I + b G + c G^2 of square matrices G `[k,n,n]`."""
    a, b, c = QUINTIC
    result = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    result.diagonal(dim1=1, dim2=2).add_(a)
    return result


class Muon(torch.optim.Optimizer):
    """Muon (Jordan et al. 2024) for weight matrices, and convolution kernels as matrices.

    A kernel is the matrix of its first axis. Of one weight, the textbook's loop would be

        average = momentum * average + (1 - momentum) * gradient
        ahead = momentum * average + (1 - momentum) * gradient  # Nesterov: where it is heading
        weight -= lr * orthogonalise([ahead])[0]

    and this does the same for all weights with one smaller side together, in a half to a third of
    the time. `lr` is the length of a step in spectral norm, for tall matrices times sqrt(n / m);
    `momentum` is in [0, 1). With `row_normalise_decay` in (0, 1), the decay of averages of each
    row's squares, rows take steps of one length on average, as in NorMuon (Li et al. 2025,
    arXiv:2510.05491); a step's Frobenius norm stays. `weight_decay` times `lr` is the share of a
    weight that every step takes away. Raises ValueError for weights with fewer than two axes.

    torch.optim.Muon takes matrices only, and orthogonalises in 16 bits, which on a CPU without
    instructions for products of such numbers takes four times as long.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        lr: float | Tensor,
        momentum: float = 0.95,
        row_normalise_decay: float = 0.0,
        weight_decay: float = 0.0,
    ):
        of_one_size = defaultdict(list)
        for weight in weights:
            if weight.ndim < 2:
                shape = tuple(weight.shape)
                raise ValueError(f"Muon steps matrices and kernels, not a weight of shape {shape}")
            of_one_size[min(weight.flatten(1).shape)].append(weight)
        groups = [{"params": group} for group in of_one_size.values()]
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "row_normalise_decay": row_normalise_decay,
            "weight_decay": weight_decay,
        }
        super().__init__(groups, defaults)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Take one step; closures are not supported."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            ahead = [self._ahead(weight, weight.grad, group["momentum"]) for weight in weights]
            wide = [_lying(matrix.flatten(1)) for matrix in ahead]
            for weight, direction in zip(weights, orthogonalise(wide), strict=True):
                self._move(weight, direction, group)

    def _move(self, weight: Tensor, direction: Tensor, group: dict) -> None:
        """Move a weight against a direction, a matrix with no more rows than columns."""
        n, m = weight.flatten(1).shape
        if n > m:
            direction = direction.mT * (n / m) ** 0.5
        if group["row_normalise_decay"]:
            direction = self._row_normalised(weight, direction, group["row_normalise_decay"])
        weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.sub_(direction.reshape(weight.shape) * group["lr"])

    def _row_normalised(self, weight: Tensor, step: Tensor, decay: float) -> Tensor:
        """Divide each row by the root of its average square so far; keep the whole's length."""
        squares = step.square().mean(1, keepdim=True)
        average = self.state[weight].setdefault("squares", torch.zeros_like(squares))
        average.lerp_(squares, 1 - decay)
        even = step / (average.sqrt() + 1e-8)
        return even * (step.norm() / (even.norm() + 1e-8))  # a weight without a gradient stays

    def _ahead(self, weight: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        """Add the gradient to its average; return where the average is heading."""
        if not self.state[weight]:
            self.state[weight]["average"] = torch.zeros_like(weight)
        average = self.state[weight]["average"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def _lying(matrix: Tensor) -> Tensor:
    """Return a matrix, or its transpose, with no more rows than columns."""
    n, m = matrix.shape
    return matrix if n <= m else matrix.mT
