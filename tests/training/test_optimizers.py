"""Which optimizer steps which weight, at which rate, and how a rate is changed."""

import pytest
import torch

from vaehelpers.training import RECIPES, Soap
from vaehelpers.training.optimizers import TURN_EVERY, build_optimizers, set_rate, turn_axes
from vaehelpers.vae import seeded_vae


def weights_of(optimizer):
    """Return the weights that an optimizer steps."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


@pytest.mark.parametrize("name", RECIPES)
def test_each_weight_has_one_optimizer(name):
    model = seeded_vae(0)
    optimizers = build_optimizers(RECIPES[name], model, 1e-3)
    stepped = [id(weight) for optimizer in optimizers for weight in weights_of(optimizer)]
    assert sorted(stepped) == sorted(id(weight) for weight in model.parameters())


@pytest.mark.parametrize("name", ["fast", "best"])
def test_another_optimizer_takes_the_hidden_matrices_and_adam_the_rest(name):
    model = seeded_vae(0)
    recipe = RECIPES[name]
    adam, inner = build_optimizers(recipe, model, 1e-3)
    assert isinstance(adam, torch.optim.Adam)
    assert type(inner).__name__ == recipe.hidden
    names = {id(weight): name for name, weight in model.named_parameters()}
    of_adam = {names[id(weight)] for weight in weights_of(adam)}
    assert {name for name in of_adam if name.endswith("weight")} == {
        "encoder.net.0.weight",
        "decoder.net.9.weight",
    }
    assert all(weight.ndim > 1 for weight in weights_of(inner))
    assert {group["lr"] for group in adam.param_groups} == {1e-3}
    assert {group["lr"] for group in inner.param_groups} == {1e-3 * recipe.hidden_lr_factor}


def test_the_practicals_recipe_is_adam_alone():
    (adam,) = build_optimizers(RECIPES["practical"], seeded_vae(0), 0.25)
    assert isinstance(adam, torch.optim.Adam)
    assert adam.param_groups[0]["lr"] == 0.25


def test_muon_gets_what_the_recipe_says_of_it():
    best = RECIPES["best"]
    _, muon = build_optimizers(best, seeded_vae(0), 1e-3)
    for group in muon.param_groups:
        assert group["row_normalise_decay"] == best.row_normalise_decay > 0
        assert group["weight_decay"] == best.weight_decay > 0


@pytest.mark.parametrize("name", RECIPES)
def test_in_a_graph_rates_are_tensors(name):
    recipe = RECIPES[name]
    for optimizer in build_optimizers(recipe, seeded_vae(0), 0.5, in_graph=True):
        expected = 0.5 if isinstance(optimizer, torch.optim.Adam) else 0.5 * recipe.hidden_lr_factor
        for group in optimizer.param_groups:
            assert isinstance(group["lr"], torch.Tensor)
            assert group["lr"] == expected


def test_soap_turns_its_axes_before_every_so_many_steps(monkeypatch):
    turned = []
    monkeypatch.setattr(Soap, "turn", lambda self: turned.append(self))
    weight = torch.nn.Parameter(torch.ones(2, 2))
    optimizers = [torch.optim.Adam([weight]), Soap([weight], 0.1)]
    for step in range(2 * TURN_EVERY + 1):
        turn_axes(optimizers, step)
    assert turned == [optimizers[1]] * 3


def test_a_rate_changes_where_a_graph_would_look():
    in_place = {"lr": torch.tensor(1.0)}
    plain = {"lr": 1.0}
    seen = in_place["lr"]
    for group in (in_place, plain):
        set_rate(group, 0.25)
        assert group["lr"] == 0.25
    assert in_place["lr"] is seen


@pytest.mark.parametrize("name", RECIPES)
def test_rates_of_every_recipe_stay_positive_and_have_one_top(name):
    recipe = RECIPES[name]
    factors = [recipe.rate_factor(step, 500) for step in range(500)]
    assert all(0 < factor <= 1 for factor in factors)
    assert max(factors) > 0.98
    top = factors.index(max(factors))
    assert factors[:top] == sorted(factors[:top])
    assert factors[top:] == sorted(factors[top:], reverse=True)
