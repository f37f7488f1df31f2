"""The record of slow scores: it is of the published weights, and agrees with what is known."""

import math

import numpy as np
import pytest
import torch

from vaehelpers import load_published
from vaehelpers.figures import vae
from vaehelpers.published import evidence, load_record, posteriors, published_checkpoint
from vaehelpers.published.evidence import Bounds, Fitted
from vaehelpers.training.checkpoint import read_meta
from vaehelpers.vae import likelihood, quadrature

FULL = load_record(evidence.NAME)["results"]
WANTED = {**evidence.BOUNDS, **evidence.FITTED}


def test_the_record_is_complete_and_of_the_published_weights():
    assert FULL.keys() == {*WANTED, "z02-exact", "z02-posteriors"}
    for name, part in FULL.items():
        wanted = WANTED.get(name)
        z_dim, variant = (wanted.z_dim, wanted.variant) if wanted else (2, "")
        weights = read_meta(published_checkpoint(z_dim, 80, variant))["sha256"]
        assert part["weights"] == weights, f"{name}: run `python -m vaehelpers evidence`"
    for name, wanted in WANTED.items():
        assert FULL[name]["images"] == wanted.images
    for name, wanted in evidence.BOUNDS.items():
        assert FULL[name]["sizes"] == wanted.sizes


def test_sizes_are_those_that_the_draws_allow():
    assert Bounds(20, "", "test", images=1, draws=1000).sizes == [1, 10, 100, 1000]
    assert Bounds(20, "", "test", images=1, draws=999).sizes == [1, 10, 100]


@pytest.mark.parametrize("name", [name for name in evidence.BOUNDS if name.endswith("test")])
def test_bounds_fall_from_the_test_score(name):
    wanted = evidence.BOUNDS[name]
    score = read_meta(published_checkpoint(wanted.z_dim, 80, wanted.variant))["test"]
    bpd = FULL[name]["bpd"]
    assert bpd[0] == pytest.approx(score["bpd"], abs=2e-3), "other noise, same bound"
    assert bpd == sorted(bpd, reverse=True)
    assert FULL[name]["se"][0] == pytest.approx(score["bpd_se"], rel=0.02)


def test_a_part_computed_again_agrees(fashion):
    model, _ = load_published(20, 80)
    for name, split, draws in (("z20-val", fashion.val, 100), ("z20-train", fashion.train, 100)):
        weights = likelihood.importance_weights(model, split.images[:3], draws)
        again = likelihood.importance_bounds(weights, FULL[name]["sizes"])
        np.testing.assert_allclose(again, FULL[name]["first"][:3], atol=0.02)


@pytest.mark.parametrize("name", evidence.FITTED)
def test_a_fitted_q_scores_between_the_encoders_and_the_tighter_bound(name, fashion):
    wanted, found = evidence.FITTED[name], FULL[name]
    model, meta = load_published(wanted.z_dim, 80, wanted.variant)
    assert found["bpd"] + found["gain"] == pytest.approx(meta["test"]["bpd"], abs=1e-4)
    assert found["gain"] > 20 * found["gain_se"] > 0
    assert found["steps"] == evidence.FIT_STEPS
    images = fashion.test.images[:2]
    again = evidence.fitted(model, images)
    few = likelihood.evaluate(model, images)
    assert again["bpd"] + again["gain"] == pytest.approx(few["bpd"], abs=1e-9)
    # Fitted beside other images, so by other draws: nats apart, of some hundreds.
    np.testing.assert_allclose(again["first"], found["first"][:2], atol=3)


def test_equation_18_holds_on_every_recorded_image(fashion):
    names = ("log_p", "elbo", "kl_to_posterior", "kl_of_matched")
    log_p, elbo, gap, matched = (np.array(FULL["z02-exact"][name]) for name in names)
    assert len(log_p) == evidence.EXACT
    np.testing.assert_allclose(log_p - elbo, gap, atol=1e-3)
    assert (gap > 0).all()
    assert (matched > 0).all()
    model, _ = load_published(2, 80)
    images = fashion.test.images[:1]
    again = evidence.exact(model, images, quadrature.integrate(model, images))
    assert tuple(again) == names
    found = [again[name][0] for name in names]
    assert found == pytest.approx([log_p[0], elbo[0], gap[0], matched[0]], abs=2e-3)


def test_compute_gives_what_is_not_known(monkeypatch, fashion):
    wanted = {
        "z20-test": Bounds(20, "", "test", images=2, draws=10),
        "z20-val": Bounds(20, "", "val", images=2, draws=10),
    }
    monkeypatch.setattr(evidence, "BOUNDS", wanted)
    monkeypatch.setattr(evidence, "FITTED", {"z20-fitted": Fitted(20, "", images=2)})
    monkeypatch.setattr(evidence, "EXACT", 1)
    monkeypatch.setattr(posteriors, "IMAGES", 1)
    monkeypatch.setattr(evidence, "FIT_STEPS", 3)
    known = {"z20-val": FULL["z20-val"], "z20-test": {**FULL["z20-test"], "weights": "of others"}}
    parts = dict(evidence.compute(fashion, known))
    assert parts.keys() == {"z20-test", "z20-val", "z20-fitted", "z02-exact", "z02-posteriors"}
    assert parts["z20-val"] is FULL["z20-val"]
    assert parts["z20-test"]["sizes"] == [1, 10]
    assert parts["z02-exact"]["log_p"] == pytest.approx(FULL["z02-exact"]["log_p"][:1], abs=2e-3)
    assert torch.tensor(parts["z20-test"]["first"]).shape == (2, 2)
    assert (parts["z20-fitted"]["images"], parts["z20-fitted"]["steps"]) == (2, 3)
    again, recorded = (each["z02-posteriors"]["images"][0] for each in (parts, FULL))
    for name in ("centre", "spread", "mean", "std", "estimate", "log_p", "gap"):
        assert again[name] == pytest.approx(recorded[name], rel=1e-3), name
    assert again["heavy"] == [(132, pytest.approx(1))]


def test_recorded_posteriors_agree_with_the_recorded_integrals():
    seen, whole = FULL["z02-posteriors"]["images"], FULL["z02-exact"]
    assert len(seen) == posteriors.IMAGES
    for i, each in enumerate(seen):
        assert each["log_p"] == pytest.approx(whole["log_p"][i], abs=1e-3)
        assert each["gap"] == pytest.approx(whole["kl_to_posterior"][i], abs=1e-2)
        assert each["estimate"] < each["log_p"] + 2, "an average is seldom above"


def test_points_of_a_contour_have_its_height(fashion):
    """The density at every point of the curves, from the network, over the highest found."""
    model, _ = load_published(2, 80)
    image = fashion.test.images[:1]
    curves = FULL["z02-posteriors"]["images"][0]["contours"]
    pairs = [[pair.split(",") for curve in of for pair in curve.split()] for of in curves]
    centre = torch.tensor(FULL["z02-posteriors"]["images"][0]["centre"])[None]
    for points, height in zip(pairs, vae.HEIGHTS, strict=True):
        z = torch.tensor([[float(value) for value in pair] for pair in points])
        log_joint = likelihood.log_likelihood(model, image, z)[0] + likelihood.log_prior(z)
        spread = float(log_joint.max() - log_joint.min())
        assert spread < 0.35, "a curve of one height, between the lines of a grid of 48"
        of_centre = likelihood.log_likelihood(model, image, centre) + likelihood.log_prior(centre)
        assert float(log_joint.mean() - of_centre) == pytest.approx(math.log(height), abs=0.3)


def test_compute_passes_on_a_whole_record_that_is_known(fashion):
    parts = dict(evidence.compute(fashion, FULL))
    assert parts.keys() == FULL.keys()
    assert all(parts[name] is FULL[name] for name in FULL)
