"""Soap: its steps are those of the textbook's loop, whatever the axes; how it turns them."""

import pytest
import torch
from torch import nn

from vaehelpers.training import Soap
from vaehelpers.training.soap import LARGEST


def seeded(seed):
    """Return a generator of random numbers."""
    return torch.Generator().manual_seed(seed)


def gradients(shape, count=8, seed=5):
    """Return gradients `[count,*shape]`, 64 bits, whose rows and columns are related."""
    generator = seeded(seed)
    n, *rest = shape
    m = torch.Size(rest).numel()
    rows, columns = (
        torch.randn(size, size, generator=generator, dtype=torch.float64) for size in (n, m)
    )
    drawn = torch.randn(count, n, m, generator=generator, dtype=torch.float64)
    return (rows @ drawn @ columns).reshape(count, *shape)


def stepped(optimizer, weight, given):
    """Take a step for each gradient; return the weight."""
    for weight.grad in given:
        optimizer.step()
    return weight.detach().clone()


def zeros(*shape):
    """Return a weight of zeros, 64 bits."""
    return nn.Parameter(torch.zeros(shape, dtype=torch.float64))


class Textbook:
    """Algorithm 3 of the paper for one matrix, with averages kept as they are and not turned.

    Its step has a set length, as ours. It begins in given eigenvectors: where eigenvalues are 0,
    rounding chooses among them.
    """

    def __init__(self, first, axes):
        self.lr, self.momentum, self.decay = 0.1, 0.8, 0.9
        self.left, self.right = axes
        self.left_products, self.right_products = first @ first.T, first.T @ first
        for side, products in zip(axes, (self.left_products, self.right_products), strict=True):
            inside = side.T @ products @ side
            torch.testing.assert_close(inside, inside.diag().diag(), atol=1e-9, rtol=0)
        self.average = torch.zeros_like(first)
        self.squares = torch.zeros_like(first)

    def step(self, gradient):
        """Return what a weight moves by."""
        keep = self.decay
        self.left_products = keep * self.left_products + (1 - keep) * gradient @ gradient.T
        self.right_products = keep * self.right_products + (1 - keep) * gradient.T @ gradient
        self.average = self.momentum * self.average + (1 - self.momentum) * gradient
        ahead = self.momentum * self.average + (1 - self.momentum) * gradient
        turned = self.left.T @ gradient @ self.right
        self.squares = keep * self.squares + (1 - keep) * turned**2
        along = (self.left.T @ ahead @ self.right) / self.squares.sqrt()
        move = self.left @ along @ self.right.T
        return -self.lr * move * len(move) ** 0.5 / move.norm()

    def turn(self):
        """Take one step of a power iteration on each side."""
        for side in ("left", "right"):
            axes = getattr(self, side)
            ahead = getattr(self, f"{side}_products") @ axes
            order = (axes * ahead).sum(0).argsort(descending=True)
            setattr(self, side, torch.linalg.qr(ahead[:, order])[0])
            self.squares = self.squares[order] if side == "left" else self.squares[:, order]


@pytest.mark.parametrize("shape", [(4, 6), (6, 4), (3, 2, 2, 2)])
def test_steps_are_those_of_the_textbook_loop_also_after_turns(shape):
    weights = [zeros(*shape), zeros(*shape)]  # of one shape, so that they share their state
    optimizer = Soap(weights, lr=0.1, momentum=0.8, decay=0.9)
    first, *others = torch.stack([gradients(shape, 12, seed) for seed in (5, 6)], 1)

    def step(grads):
        for weight, gradient in zip(weights, grads, strict=True):
            weight.grad = gradient
        optimizer.step()

    step(first)  # it only chooses the axes
    state = optimizer.state[weights[0]]
    axes = zip(state["left_axes"], state["right_axes"], strict=True)
    books = [Textbook(*given) for given in zip(first.flatten(2), axes, strict=True)]
    wanted = [torch.zeros_like(gradient) for gradient in first]
    for i, grads in enumerate(others):
        step(grads)
        for k, book in enumerate(books):
            wanted[k] += book.step(grads[k].flatten(1)).reshape(shape)
            torch.testing.assert_close(weights[k].detach(), wanted[k])
        if i in (4, 8):
            optimizer.turn()
            for book in books:
                book.turn()


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (6, 4, 3, 3), (2, LARGEST + 1)])
def test_soap_moves_rows_by_its_rate_whatever_the_gradient(shape):
    for scale in (1e-3, 1e3):
        weight = zeros(*shape)
        optimizer = Soap([weight], lr=0.1)
        before = stepped(optimizer, weight, scale * gradients(shape))
        after = stepped(optimizer, weight, scale * gradients(shape, 1, seed=6))
        lengths = (after - before).flatten(1).norm(dim=1)
        assert float(lengths.square().mean().sqrt()) == pytest.approx(0.1, rel=1e-6)


def test_soap_does_not_care_how_units_are_mixed():
    grads = gradients((6, 6))
    u, v = (
        torch.linalg.qr(torch.randn(6, 6, generator=seeded(seed), dtype=torch.float64))[0]
        for seed in (7, 8)
    )
    plain, mixed = zeros(6, 6), zeros(6, 6)
    there = stepped(Soap([plain], lr=0.1), plain, grads)
    found = stepped(Soap([mixed], lr=0.1), mixed, u @ grads @ v)
    torch.testing.assert_close(u @ there @ v, found)
    adams = []
    for given in (grads, u @ grads @ v):
        weight = zeros(6, 6)
        adams.append(stepped(torch.optim.Adam([weight], lr=0.1), weight, given))
    assert (u @ adams[0] @ v - adams[1]).norm() > 0.1 * adams[1].norm()  # Adam does


def test_a_turn_leads_to_the_eigenvectors_and_keeps_what_is_averaged():
    weight = zeros(6, 4)
    optimizer = Soap([weight], lr=0.1, decay=0.99)
    stepped(optimizer, weight, gradients((6, 4), 20))
    state = optimizer.state[weight]

    def average():
        """Return the average gradient, in the weight's own axes."""
        return state["left_axes"] @ state["average"] @ state["right_axes"].mT

    before = average()
    for _ in range(200):
        optimizer.turn()
    torch.testing.assert_close(average(), before)
    for side, size in (("left", 6), ("right", 4)):
        axes, products = state[f"{side}_axes"][0], state[f"{side}_products"][0]
        torch.testing.assert_close(axes.mT @ axes, torch.eye(size, dtype=torch.float64))
        inside = axes.mT @ products @ axes
        assert (inside - inside.diag().diag()).norm() < 1e-6 * inside.norm()
        assert inside.diag().tolist() == sorted(inside.diag().tolist(), reverse=True)


def test_a_side_that_is_too_large_keeps_its_own_axes():
    weight = zeros(2, LARGEST + 1)
    optimizer = Soap([weight], lr=0.1)
    stepped(optimizer, weight, gradients((2, LARGEST + 1), 2))
    optimizer.turn()
    assert {"left_axes"} == {name for name in optimizer.state[weight] if name.endswith("axes")}


def test_without_a_gradient_nothing_moves():
    weight = nn.Parameter(torch.ones(3, 5))
    optimizer = Soap([weight], lr=0.1)
    optimizer.turn()  # before the first step there is nothing to turn
    stepped(optimizer, weight, torch.zeros(3, 3, 5))
    optimizer.turn()
    stepped(optimizer, weight, torch.zeros(1, 3, 5))
    assert torch.equal(weight.detach(), torch.ones(3, 5))


def test_soap_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match=r"not a weight of shape \(3,\)"):
        Soap([torch.zeros(3)], lr=0.1)
