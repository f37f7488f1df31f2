"""Muon: what it does to a matrix, and that its steps are those of its textbook loop."""

import pytest
import torch
from torch import nn

from vaehelpers.training import Muon
from vaehelpers.training.muon import orthogonalise


def seeded(seed):
    """Return a generator of random numbers."""
    return torch.Generator().manual_seed(seed)


def test_orthogonalise_keeps_directions_and_evens_out_lengths():
    matrices = torch.randn(3, 20, 50, generator=seeded(0))
    u, s, vh = torch.linalg.svd(matrices, full_matrices=False)
    (changed,) = orthogonalise([matrices])
    in_their_directions = torch.einsum("knm,kni,kjm->kij", changed, u, vh)
    lengths = in_their_directions.diagonal(dim1=1, dim2=2)
    # It is diagonal if directions are kept.
    torch.testing.assert_close(in_their_directions, torch.diag_embed(lengths), atol=1e-4, rtol=0)
    assert 0.65 < lengths.min() <= lengths.max() < 1.25
    assert s.max() / s.min() > 3


def test_matrices_of_other_widths_do_not_change_one_another():
    stacks = [torch.randn(2, 6, width, generator=seeded(width)) for width in (6, 9, 40)]
    together = orthogonalise(stacks)
    for stack, changed in zip(stacks, together, strict=True):
        (alone,) = orthogonalise([stack])
        torch.testing.assert_close(changed, alone, rtol=0, atol=1e-5)


class Textbook:
    """The loop in Muon's docstring, of one weight."""

    def __init__(self, weight, lr, momentum):
        self.weight = weight
        self.lr = lr
        self.momentum = momentum
        self.average = torch.zeros_like(weight)

    def step(self, gradient):
        """Step the weight against a gradient."""
        momentum = self.momentum
        self.average = momentum * self.average + (1 - momentum) * gradient
        ahead = momentum * self.average + (1 - momentum) * gradient
        self.weight = self.weight - self.lr * self.direction_of(ahead)

    def direction_of(self, ahead):
        """Return what a step goes along: tall matrices lie down for it, and step further."""
        matrix = ahead.flatten(1)
        n, m = matrix.shape
        if n <= m:
            direction = orthogonalise([matrix[None]])[0][0]
        else:
            direction = orthogonalise([matrix.T[None]])[0][0].T * (n / m) ** 0.5
        return direction.reshape(ahead.shape)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.95])
def test_steps_of_many_weights_are_those_of_the_textbook_loop(momentum):
    # Some share their smaller side, lying or standing, and are stepped together.
    shapes = [(8, 24), (24, 8), (8, 8), (8, 5, 3, 3), (64, 8), (40, 2, 2, 2), (3, 70), (70, 3)]
    starts = [torch.randn(shape, generator=seeded(i)) for i, shape in enumerate(shapes)]
    weights = [nn.Parameter(start.clone()) for start in starts]
    by_the_book = [Textbook(start, lr=0.1, momentum=momentum) for start in starts]
    optimizer = Muon(weights, lr=0.1, momentum=momentum)
    generator = seeded(100)
    for _ in range(6):
        for weight, book in zip(weights, by_the_book, strict=True):
            weight.grad = torch.randn(weight.shape, generator=generator)
            book.step(weight.grad)
        optimizer.step()
    for weight, book, start in zip(weights, by_the_book, starts, strict=True):
        torch.testing.assert_close(weight.detach(), book.weight, rtol=0, atol=1e-5)
        assert (weight - start).norm() > 0.1


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (6, 4, 3, 3)])
def test_muon_steps_by_its_rate_whatever_the_gradient(shape):
    generator = seeded(1)
    weight = nn.Parameter(torch.zeros(shape))
    for scale in (1e-3, 1e3):
        weight.data.zero_()
        optimizer = Muon([weight], lr=0.1)
        weight.grad = scale * torch.randn(shape, generator=generator)
        optimizer.step()
        step = -weight.detach().flatten(1)
        n, m = step.shape
        lengths = torch.linalg.svdvals(step) / max(1, n / m) ** 0.5
        assert 0.065 < lengths.min() <= lengths.max() < 0.125
        assert (weight * weight.grad).sum() < 0


def test_row_normalised_muon_moves_rows_alike_and_as_far_in_all():
    gradient = torch.randn(24, 8, generator=seeded(3))
    gradient[:4] *= 10  # a few rows that take most of the step
    steps = []
    for decay in (0.0, 0.9):
        weight = nn.Parameter(torch.zeros(24, 8))
        optimizer = Muon([weight], lr=1.0, momentum=0.0, row_normalise_decay=decay)
        weight.grad = gradient.clone()
        optimizer.step()
        steps.append(weight.detach().clone())
    plain, even = steps
    plain_rows = plain.norm(dim=1, keepdim=True)
    even_rows = even.norm(dim=1, keepdim=True)
    assert plain_rows.max() / plain_rows.min() > 5
    torch.testing.assert_close(even_rows, even_rows.mean().expand(24, 1))
    torch.testing.assert_close(plain.norm(), even.norm())
    torch.testing.assert_close(plain / plain_rows, even / even_rows)
    # The average remembers which rows were large.
    weight.grad = torch.randn(24, 8, generator=seeded(4))
    optimizer.step()
    moved = (weight.detach() - even).norm(dim=1)
    assert moved[:4].mean() < moved[4:].mean() / 1.5


def test_muon_takes_away_a_share_of_each_weight():
    weight = nn.Parameter(torch.full((3, 5), 2.0))
    optimizer = Muon([weight], lr=0.1, row_normalise_decay=0.9, weight_decay=0.5)
    weight.grad = torch.zeros(3, 5)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.full((3, 5), 2.0 * (1 - 0.1 * 0.5)))


def test_muon_agrees_with_torch():
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    start = torch.randn(16, 40, generator=seeded(2))
    ours, theirs = (nn.Parameter(start.clone()) for _ in range(2))
    optimizers = [Muon([ours], lr=0.02), torch.optim.Muon([theirs], lr=0.02, weight_decay=0)]
    for seed in range(5):
        gradient = torch.randn(16, 40, generator=seeded(seed))
        ours.grad = theirs.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
    moved = ours - start
    difference = ours - theirs
    assert difference.norm() < 0.03 * moved.norm()  # theirs calculates in 16 bits


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match=r"not a weight of shape \(3,\)"):
        Muon([torch.zeros(3)], lr=0.1)


def test_a_weight_without_a_gradient_stays():
    moved, kept = (torch.nn.Parameter(torch.ones(4, 6)) for _ in range(2))
    optimizer = Muon([moved, kept], lr=0.1)
    moved.grad = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    optimizer.step()
    assert torch.equal(kept, torch.ones(4, 6))
    assert not torch.equal(moved, torch.ones(4, 6))
