"""Recipes: which optimizer steps which weight, how the rates go, and what Muon and Soap do to a matrix."""

import pytest
import torch

from vaehelpers.model import seeded_vae
from vaehelpers.muon import Muon, orthogonalise
from vaehelpers.recipe import RECIPES
from vaehelpers.soap import LARGEST, Soap


@pytest.mark.parametrize("name", RECIPES)
def test_each_weight_has_one_optimizer(name):
    model = seeded_vae(0)
    optimizers = RECIPES[name].optimizers(model, 1e-3)
    stepped = [id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert sorted(stepped) == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize("name, share", [("fast", RECIPES["fast"].muon), ("best", RECIPES["best"].soap)])
def test_hidden_matrices_have_an_optimizer_of_their_own_and_adam_the_rest(name, share):
    model = seeded_vae(0)
    adam, inner = RECIPES[name].optimizers(model, 1e-3)
    names = {id(p): name for name, p in model.named_parameters()}
    rest = {names[id(p)] for group in adam.param_groups for p in group["params"]}
    assert {name for name in rest if name.endswith("weight")} == {"encoder.net.0.weight", "decoder.net.9.weight"}
    assert all(p.ndim > 1 for group in inner.param_groups for p in group["params"])
    assert {group["lr"] for group in inner.param_groups} == {1e-3 * share}


def test_rates_rise_then_fall_to_nothing_in_straight_lines():
    rates = [RECIPES["fast"].factor(step, 1000) for step in range(1000)]
    top = max(range(1000), key=rates.__getitem__)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert top == pytest.approx(1000 * RECIPES["fast"].warmup, abs=1)
    assert 0 < rates[0] < 0.02
    assert rates[top] == pytest.approx(1, abs=0.02)
    assert 0 < rates[-1] < 0.002
    assert torch.tensor(rates[top:]).diff().std() < 1e-6
    assert {RECIPES["practical"].factor(step, 0) for step in range(3)} == {1}


def test_orthogonalise_keeps_directions_and_evens_out_lengths():
    matrices = torch.randn(3, 20, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    u, s, vh = torch.linalg.svd(matrices, full_matrices=False)
    evened = torch.stack(orthogonalise(list(matrices)))
    changed = torch.einsum("knm,kni,kjm->kij", evened, u, vh)  # diagonal if directions are kept
    lengths = changed.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(changed, torch.diag_embed(lengths), atol=1e-4, rtol=0)
    assert 0.65 < lengths.min() <= lengths.max() < 1.25
    assert s.max() / s.min() > 3


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (6, 4, 3, 3)])
def test_muon_steps_by_its_rate_whatever_the_gradient(shape):
    generator = torch.Generator().manual_seed(1)
    weight = torch.nn.Parameter(torch.zeros(shape))
    for scale in (1e-3, 1e3):
        weight.data.zero_()
        optimizer = Muon([weight], lr=0.1)
        weight.grad = scale * torch.randn(shape, generator=generator)
        optimizer.step()
        n, m = weight.flatten(1).shape
        lengths = torch.linalg.svdvals(-weight.detach().flatten(1)) / max(1, n / m) ** 0.5
        assert 0.065 < lengths.min() <= lengths.max() < 0.125
        assert (weight * weight.grad).sum() < 0


def test_muon_agrees_with_torch():
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    start = torch.randn(16, 40, generator=torch.Generator().manual_seed(2))
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    optimizers = [Muon([ours], lr=0.02), torch.optim.Muon([theirs], lr=0.02, weight_decay=0)]
    for seed in range(5):
        ours.grad = theirs.grad = torch.randn(16, 40, generator=torch.Generator().manual_seed(seed))
        for optimizer in optimizers:
            optimizer.step()
    moved, difference = ours - start, ours - theirs
    assert difference.norm() < 0.03 * moved.norm()  # theirs calculates in 16 bits


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match=r"not a weight of shape \(3,\)"):
        Muon([torch.zeros(3)], lr=0.1)


def gradients(shape, count=60, seed=5):
    """Draw gradients whose entries differ in size and go together."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (torch.randn(size, size, generator=generator) for size in (shape[0], torch.Size(shape[1:]).numel()))
    drawn = torch.randn(count, left.shape[0], right.shape[0], generator=generator)
    return (left @ drawn @ right).reshape(count, *shape)


def stepped(optimizer, weight, grads):
    """Step a weight by each gradient; return where it is."""
    for number, gradient in enumerate(grads):
        weight.grad = gradient.clone()
        optimizer.step()
        if number % 5 == 4:
            optimizer.turn()
    return weight.detach().clone()


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (6, 4, 3, 3), (LARGEST + 1, 5)])
def test_soap_moves_rows_by_its_rate_whatever_the_gradient(shape):
    for scale in (1e-3, 1e3):
        weight = torch.nn.Parameter(torch.zeros(shape))
        optimizer = Soap([weight], lr=0.1)
        before = stepped(optimizer, weight, scale * gradients(shape, 10))
        after = stepped(optimizer, weight, scale * gradients(shape, 1, seed=6))
        lengths = (after - before).flatten(1).norm(dim=1)
        torch.testing.assert_close(lengths.square().mean().sqrt(), torch.tensor(0.1), rtol=1e-4, atol=0)


def test_soap_does_not_care_how_units_are_mixed():
    grads, generator = gradients((6, 6)).double(), torch.Generator().manual_seed(7)
    u, v = (torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))[0] for _ in range(2))
    plain, mixed = (torch.nn.Parameter(torch.zeros(6, 6, dtype=torch.float64)) for _ in range(2))
    there = stepped(Soap([plain], lr=0.1), plain, grads)
    torch.testing.assert_close(u @ there @ v, stepped(Soap([mixed], lr=0.1), mixed, u @ grads @ v))
    adam_plain, adam_mixed = (torch.nn.Parameter(torch.zeros(6, 6, dtype=torch.float64)) for _ in range(2))
    for weight, given in ((adam_plain, grads), (adam_mixed, u @ grads @ v)):
        adam = torch.optim.Adam([weight], lr=0.1)
        for weight.grad in given:
            adam.step()
    assert (u @ adam_plain @ v - adam_mixed).norm() > 0.1 * adam_mixed.norm()


def test_soap_turns_its_axes_towards_the_eigenvectors():
    weight = torch.nn.Parameter(torch.zeros(6, 4))
    optimizer = Soap([weight], lr=0.1, decay=0.99)
    stepped(optimizer, weight, gradients((6, 4), 20))
    state = optimizer.state[weight]
    for _ in range(200):
        optimizer.turn()
    for axis, size in enumerate((6, 4)):
        basis, product = state[f"basis{axis}"], state[f"product{axis}"]
        torch.testing.assert_close(basis.mT @ basis, torch.eye(size), atol=1e-5, rtol=0)
        inside = basis.mT @ product @ basis
        assert (inside - inside.diag().diag()).norm() < 1e-3 * inside.norm()
        assert inside.diag().tolist() == sorted(inside.diag().tolist(), reverse=True)


def test_soap_takes_away_a_share_of_each_weight():
    weight = torch.nn.Parameter(torch.full((3, 5), 2.0))
    stepped(Soap([weight], lr=0.1, weight_decay=0.5), weight, torch.zeros(2, 3, 5))  # the first step only looks
    torch.testing.assert_close(weight.detach(), torch.full((3, 5), 2.0 * (1 - 0.1 * 0.5)))


def test_soap_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match=r"not a weight of shape \(3,\)"):
        Soap([torch.zeros(3)], lr=0.1)
