"""Every public function that takes images or latents refuses wrong ones in one line."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import lively

from vaehelpers import (
    KLD,
    VAE,
    TrainConfig,
    draw_levels,
    elbo_to_bpd,
    evaluate,
    fit,
    mean_levels,
    reconstruction,
    sample_reparameterize,
    visualize_manifold,
)
from vaehelpers.data import level_counts
from vaehelpers.errors import InputError, SettingError
from vaehelpers.published import classifier, evidence
from vaehelpers.vae import latent, likelihood, quadrature, seeded_vae

LEVELS = torch.arange(16).repeat(98).view(2, 1, 28, 28).byte()
MODEL = seeded_vae(0, num_filters=2, z_dim=2)
Z = torch.zeros(2, 2)


DOORS = {
    "forward": MODEL,
    "per_image": MODEL.per_image,
    "encoder": MODEL.encoder,
    "reconstruction": lambda images: reconstruction(MODEL.decoder(Z), images),
    "evaluate": lambda images: evaluate(MODEL, images),
    "encode": lambda images: latent.encode(MODEL, images),
    "log_likelihood": lambda images: likelihood.log_likelihood(MODEL, images, Z),
    "importance_weights": lambda images: likelihood.importance_weights(MODEL, images, 2),
    "refinements": lambda images: list(
        quadrature.refinements(MODEL, images, coarse=10, halvings=0)
    ),
    "gauss_hermite_elbo": lambda images: evidence.gauss_hermite_elbo(MODEL, images),
    "accuracy": lambda images: classifier.accuracy(
        classifier.build_classifier(), images, torch.zeros(2)
    ),
}
WRONG = {
    "ToTensor": LEVELS / 15,
    "grey values": LEVELS * 17,
    "-100": LEVELS.long() - 100,
    "NaN": LEVELS.float() / 0,
    "three channels": LEVELS.expand(2, 3, 28, 28),
    "no channel": LEVELS[:, 0],
    "none": LEVELS[:0],
    "truth values": LEVELS > 7,
    "sparse": LEVELS.to_sparse(),
    "complex": LEVELS.to(torch.complex64),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("door", DOORS)
def test_images_that_are_not_levels_are_refused(door, wrong):
    with pytest.raises(InputError) as error:
        DOORS[door](WRONG[wrong])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.float32])
def test_levels_of_any_type_give_one_result(door, dtype):
    torch.manual_seed(0)
    expected = DOORS[door](LEVELS)
    torch.manual_seed(0)
    assert repr(DOORS[door](LEVELS.to(dtype))) == repr(expected)


@pytest.mark.parametrize("wrong", WRONG)
def test_training_refuses_them_too(drawn, wrong):
    part = replace(drawn.train.head(2), images=WRONG[wrong])
    config = TrainConfig(z_dim=2, num_filters=2, epochs=1)
    for spoilt in (replace(drawn, train=part), replace(drawn, val=part)):
        with pytest.raises(InputError):
            next(fit(spoilt, config))


@pytest.mark.parametrize("wrong", ["ToTensor", "grey values", "-100", "NaN"])
def test_counting_levels_refuses_them_too(wrong):
    with pytest.raises(InputError):
        level_counts(WRONG[wrong][:, 0])


def test_the_training_step_itself_checks_nothing(monkeypatch, drawn):
    seen = []
    for name in ("check_images", "check_levels"):
        monkeypatch.setattr(f"vaehelpers.vae.networks.{name}", seen.append)
    monkeypatch.setattr("vaehelpers.vae.objective.check_levels", seen.append)
    few = replace(drawn, train=drawn.train.head(8), val=drawn.val.head(4))
    list(fit(few, TrainConfig(z_dim=2, num_filters=2, epochs=2, batch_size=4)))
    assert not seen


@pytest.mark.parametrize("function", [mean_levels, draw_levels])
@pytest.mark.parametrize("shape", [(5, 16), (2, 28, 28, 16), (16, 28, 28), (2, 17, 28, 28)])
def test_logits_of_another_shape_are_not_stretched(function, shape):
    with pytest.raises(InputError, match=r"must be of shape \[B,16,H,W\], got .*; give what the"):
        function(torch.zeros(shape))
    assert function(MODEL.decoder(Z)).shape == (2, 1, 28, 28)


def test_numbers_of_other_libraries_are_taken():
    assert seeded_vae(np.int64(5), z_dim=2.0).z_dim == 2
    assert level_counts(LEVELS[:, 0].float()).equal(level_counts(LEVELS[:, 0]))


def test_batches_of_no_image_are_refused():
    with pytest.raises(InputError, match="batch_size must be 1 or more, got 0"):
        evaluate(MODEL, LEVELS, batch_size=0)


@pytest.mark.parametrize("first", ["model", "config"])
def test_training_says_in_which_order_it_takes_its_arguments(drawn, first):
    given = {"model": (VAE(), drawn), "config": (TrainConfig(), drawn)}[first]
    with pytest.raises(InputError, match=r"fit takes a Dataset and a TrainConfig, got .*, Dataset"):
        next(fit(*given))
    with pytest.raises(InputError, match=r"got Dataset, int; .*fit\(load_data\(\), TrainConfig"):
        next(fit(drawn, 4))


def test_evaluating_a_split_names_its_images(drawn):
    with pytest.raises(InputError, match=r"not Split; give its \.images"):
        evaluate(MODEL, drawn.test)


def test_one_image_has_a_score_and_no_known_error():
    score = evaluate(MODEL, LEVELS[:1])
    assert math.isnan(score.pop("bpd_se"))
    assert all(math.isfinite(value) for value in score.values())
    both = evaluate(MODEL, LEVELS)
    assert both["bpd_se"] > 0


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28), (784,), (), (3, 0, 28, 28)])
def test_bits_per_dimension_need_a_batch_axis(shape):
    with pytest.raises(InputError, match=r"^img_shape must be \[B,C,H,W\].*; give imgs.shape$"):
        elbo_to_bpd(torch.ones(3), shape)


@pytest.mark.parametrize("shape", [(3,), (1, 2), (3, 1), (2, 3), ()])
def test_shapes_are_not_stretched_silently(shape):
    mean, other = torch.zeros(3, 2), torch.zeros(shape)
    for call in (
        lambda: KLD(mean, other),
        lambda: KLD(other, mean),
        lambda: sample_reparameterize(mean, other),
        lambda: sample_reparameterize(mean, other, mean),
        lambda: sample_reparameterize(mean, mean, other),
    ):
        with pytest.raises(InputError, match=r"must have the same shape, got mean \["):
            call()


def test_reconstruction_needs_one_picture_for_each_row_of_logits():
    logits = MODEL.decoder(Z)
    with pytest.raises(InputError, match=r"\[1, 1, 28, 28\] do not fit .*must be \[2, 1, 28, 28\]"):
        reconstruction(logits, LEVELS[:1])


def test_reconstruction_knows_the_levels_from_the_logits():
    logits = torch.zeros(2, 3, 28, 28)
    levels = LEVELS.clamp(max=2)
    torch.testing.assert_close(reconstruction(logits, levels), torch.full((2,), 784 * math.log(3)))
    with pytest.raises(InputError, match=r"whole levels 0\.\.2; these hold 15"):
        reconstruction(logits, LEVELS)


@pytest.mark.parametrize("size", [0, -1, 1025, 2.5, "2", True])
def test_a_network_of_impossible_size(size):
    with pytest.raises(SettingError, match="z_dim"):
        VAE(z_dim=size)
    with pytest.raises(SettingError, match="num_filters"):
        VAE(num_filters=size)


def test_a_manifold_needs_the_decoder_of_two_latents():
    with pytest.raises(InputError, match=r"takes a decoder; give model\.decoder"):
        visualize_manifold(MODEL, 2)
    with pytest.raises(InputError, match="over two latents, and this decoder has 3"):
        visualize_manifold(lively(3).decoder, 2)
    assert visualize_manifold(MODEL.decoder, 2).shape == (1, 56, 56)


@pytest.mark.parametrize("shape", [(2,), (1, 3), (2, 2, 2)])
def test_latents_of_another_model(shape):
    with pytest.raises(InputError, match=r"latents must be \[n,2\]"):
        likelihood.log_likelihood(MODEL, LEVELS, torch.zeros(shape))
    with pytest.raises(InputError, match=r"codes must be \[N,2\]"):
        latent.cells(torch.zeros(shape), 3)


def test_no_draws():
    with pytest.raises(InputError, match="draws must be at least 1, got 0"):
        likelihood.importance_weights(MODEL, LEVELS, 0)
