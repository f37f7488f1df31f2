"""Recipes: which optimizer steps which weight, how the rates go, and what Muon does to a matrix."""

import pytest
import torch

from vaehelpers.model import seeded_vae
from vaehelpers.muon import Muon, orthogonalise
from vaehelpers.recipe import RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_each_weight_has_one_optimizer(name):
    model = seeded_vae(0)
    optimizers = RECIPES[name].optimizers(model, 1e-3)
    stepped = [
        id(p)
        for optimizer in optimizers
        for group in optimizer.param_groups
        for p in group["params"]
    ]
    assert sorted(stepped) == sorted(id(p) for p in model.parameters())


def test_muon_takes_the_hidden_matrices_and_adam_the_rest():
    model = seeded_vae(0)
    adam, muon = RECIPES["fast"].optimizers(model, 1e-3)
    names = {id(p): name for name, p in model.named_parameters()}
    rest = {names[id(p)] for group in adam.param_groups for p in group["params"]}
    assert {name for name in rest if name.endswith("weight")} == {
        "encoder.net.0.weight",
        "decoder.net.9.weight",
    }
    assert all(p.ndim > 1 for group in muon.param_groups for p in group["params"])
    assert {group["lr"] for group in muon.param_groups} == {1e-3 * RECIPES["fast"].muon}


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
    matrices = torch.randn(
        3, 20, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float32
    )
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


def test_evened_muon_moves_rows_alike_and_as_far_in_all():
    gradient = torch.randn(24, 8, generator=torch.Generator().manual_seed(3))
    gradient[:4] *= 10  # a few rows that take most of the step
    steps = []
    for evened in (0.0, 0.9):
        weight = torch.nn.Parameter(torch.zeros(24, 8))
        optimizer = Muon([weight], lr=1.0, momentum=0.0, evened=evened)
        weight.grad = gradient.clone()
        optimizer.step()
        steps.append(weight.detach().clone())
    plain, even = (step.norm(dim=1) for step in steps)
    assert plain.max() / plain.min() > 5
    torch.testing.assert_close(even, even.mean().expand(24))
    torch.testing.assert_close(steps[0].norm(), steps[1].norm())
    torch.testing.assert_close(*(step / step.norm(dim=1, keepdim=True) for step in steps))
    weight.grad = torch.randn(24, 8, generator=torch.Generator().manual_seed(4))
    optimizer.step()
    moved = (weight.detach() - steps[1]).norm(dim=1)
    assert moved[:4].mean() < moved[4:].mean() / 1.5  # the average remembers which rows were large


def test_muon_takes_away_a_share_of_each_weight():
    weight = torch.nn.Parameter(torch.full((3, 5), 2.0))
    optimizer = Muon([weight], lr=0.1, evened=0.9, weight_decay=0.5)
    weight.grad = torch.zeros(3, 5)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.full((3, 5), 2.0 * (1 - 0.1 * 0.5)))


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
