"""The record of slow scores: it belongs to the published weights, and agrees with what is known of them."""

import numpy as np
import pytest
import torch

from vaehelpers import checkpoint, evidence, likelihood, recorded

FULL = recorded.load(evidence.NAME)["results"]


def test_the_record_is_complete_and_of_the_published_weights():
    assert FULL.keys() == {*evidence.BOUNDS, "z02-exact"}
    for name, part in FULL.items():
        z_dim, variant, *_ = evidence.BOUNDS.get(name, (2, ""))
        weights = checkpoint.read_meta(checkpoint.published(z_dim, 80, variant))["sha256"]
        assert part["weights"] == weights, f"{name}: run `python -m vaehelpers evidence`"
    for name, (*_, images, draws) in evidence.BOUNDS.items():
        assert FULL[name]["images"] == images
        assert FULL[name]["sizes"] == [size for size in evidence.SIZES if size <= draws]


def test_bounds_fall_from_the_test_score():
    for name, (z_dim, variant, split, *_) in evidence.BOUNDS.items():
        if split != "test":
            continue
        score = checkpoint.read_meta(checkpoint.published(z_dim, 80, variant))["test"]
        bpd = FULL[name]["bpd"]
        assert bpd[0] == pytest.approx(score["bpd"], abs=2e-3), "other noise, same bound"
        assert bpd == sorted(bpd, reverse=True)
        assert FULL[name]["se"][0] == pytest.approx(score["bpd_se"], rel=0.02)


def test_a_part_computed_again_agrees(fashion):
    model, _ = checkpoint.load(checkpoint.published(20, 80))
    for name, split, draws in (("z20-val", fashion.val, 100), ("z20-train", fashion.train, 100)):
        weights = likelihood.importance_weights(model, split.images[:3], draws)
        again = likelihood.importance_bounds(weights, FULL[name]["sizes"])
        np.testing.assert_allclose(again, FULL[name]["first"][:3], atol=0.02)


def test_equation_18_holds_on_every_recorded_image(fashion):
    log_p, elbo, gap, matched = (
        np.array(FULL["z02-exact"][name])
        for name in ("log_p", "elbo", "kl_to_posterior", "kl_of_matched")
    )
    assert len(log_p) == evidence.EXACT
    np.testing.assert_allclose(log_p - elbo, gap, atol=1e-3)
    assert (gap > 0).all()
    assert (matched > 0).all()
    model, _ = checkpoint.load(checkpoint.published(2, 80))
    images = fashion.test.images[:1]
    again = evidence.exact(model, images, likelihood.quadrature(model, images))
    assert [again[name][0] for name in again] == pytest.approx(
        [log_p[0], elbo[0], gap[0], matched[0]], abs=2e-3
    )


def test_compute_gives_what_is_not_known(monkeypatch, fashion):
    monkeypatch.setattr(
        evidence, "BOUNDS", {"z20-test": (20, "", "test", 2, 10), "z20-val": (20, "", "val", 2, 10)}
    )
    monkeypatch.setattr(evidence, "EXACT", 1)
    known = {"z20-val": FULL["z20-val"], "z20-test": FULL["z20-test"] | {"weights": "of others"}}
    parts = dict(evidence.compute(fashion, known))
    assert parts.keys() == {"z20-test", "z20-val", "z02-exact"}
    assert parts["z20-val"] is FULL["z20-val"]
    assert parts["z20-test"]["sizes"] == [1, 10]
    assert parts["z02-exact"]["log_p"] == pytest.approx(FULL["z02-exact"]["log_p"][:1], abs=2e-3)
    assert torch.tensor(parts["z20-test"]["first"]).shape == (2, 2)
