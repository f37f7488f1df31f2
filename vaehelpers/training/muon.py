"""The optimizer Muon: every step of a weight matrix gets singular values near 1."""

# torch._foreach_...: one call for a list of tensors, as in torch's own optimizers.
# pyright: reportPrivateImportUsage=false

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

# a, b, c of s -> a s + b s^3 + c s^5: steep at 0, so that five rounds suffice.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalise(stacks: list[Tensor], rounds: int = 5) -> list[Tensor]:
    """Return stacks of matrices `[k,n,m]`, n <= m, with singular values brought to 0.7 ... 1.2.

    The singular vectors stay. These are the Newton-Schulz iterations of Jordan et al. (2024), as
    products of n x n matrices only: x itself is used at the start and at the end, so that matrices
    with the same n form one batch, whatever their m. Singular values far below the largest (under
    about a thousandth) are not there yet after five rounds.
    """
    gram = torch.cat([x @ x.mT for x in stacks])
    trace = gram.diagonal(dim1=1, dim2=2).sum(1)
    length = trace.sqrt()[:, None, None] + 1e-7  # no singular value is above it
    gram = gram / length**2
    factor = _polynomial(gram)
    product = factor
    for _ in range(rounds - 1):
        gram = factor @ gram @ factor
        factor = _polynomial(gram)
        product = factor @ product
    scaled = (product / length).split([len(x) for x in stacks])
    return [matrices @ x for matrices, x in zip(scaled, stacks, strict=True)]


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
        weight -= lr * orthogonalise([ahead[None]])[0][0]

    and this does the same for all weights with one smaller side together. `lr` is the length of a
    step in spectral norm, for tall matrices times sqrt(n / m); `momentum` is in [0, 1). With
    `row_normalise_decay` in (0, 1), the decay of averages of each row's squares, rows take steps of
    one length on average, as in NorMuon (Li et al. 2025, arXiv:2510.05491); a step's Frobenius norm
    stays. `weight_decay` times `lr` is the share of a weight that every step takes away. Raises
    ValueError for weights with fewer than two axes.

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
            of_one_shape = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    of_one_shape[weight.shape].append(weight)
            if not of_one_shape:
                continue
            ahead = [self._ahead(weights, group) for weights in of_one_shape.values()]
            for weights, steps in zip(of_one_shape.values(), orthogonalise(ahead), strict=True):
                self._move(weights, steps, group)

    def _ahead(self, weights: list[Tensor], group: dict) -> Tensor:
        """Add gradients to their averages; return where these are heading, `[k,n,m]`, n <= m."""
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        averages = [self._average(weight, "average", weight) for weight in weights]
        torch._foreach_lerp_(averages, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, averages, group["momentum"])
        return _lying(torch.stack(ahead).flatten(2))

    def _move(self, weights: list[Tensor], steps: Tensor, group: dict) -> None:
        """Move weights of one shape against steps `[k,n,m]`, n <= m."""
        n, m = weights[0].flatten(1).shape
        if n > m:
            steps = steps.mT * (n / m) ** 0.5
        if group["row_normalise_decay"]:
            steps = self._row_normalised(weights, steps, group["row_normalise_decay"])
        if group["weight_decay"]:
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        moves = (steps * group["lr"]).unflatten(2, weights[0].shape[1:])
        torch._foreach_sub_(weights, moves.unbind())

    def _row_normalised(self, weights: list[Tensor], steps: Tensor, decay: float) -> Tensor:
        """Divide each row by the root of its average square so far; keep each step's length."""
        squares = steps.square().mean(2, keepdim=True)  # [k,n,1]
        averages = [
            self._average(weight, "squares", of_rows)
            for weight, of_rows in zip(weights, squares, strict=True)
        ]
        torch._foreach_lerp_(averages, squares.unbind(), 1 - decay)
        even = steps / (torch.stack(averages).sqrt() + 1e-8)
        kept = _length(steps) / (_length(even) + 1e-8)  # a weight without a gradient stays
        return even * kept

    def _average(self, weight: Tensor, name: str, like: Tensor) -> Tensor:
        """Return a running average of a weight; before its first step, zeros like `like`."""
        state = self.state[weight]
        if name not in state:
            state[name] = torch.zeros_like(like)
        return state[name]


def _lying(matrices: Tensor) -> Tensor:
    """Return matrices `[k,n,m]`, or their transposes, with no more rows than columns."""
    n, m = matrices.shape[1:]
    return matrices if n <= m else matrices.mT


def _length(matrices: Tensor) -> Tensor:
    """Return the Frobenius norm of each matrix, `[k,n,m] -> [k,1,1]`."""
    return matrices.square().sum((1, 2), keepdim=True).sqrt()
