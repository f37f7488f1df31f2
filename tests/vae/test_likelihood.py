"""Scores, importance sampling and quadrature; a decoder whose likelihood is known exactly."""

import math

import pytest
import torch
from torch import nn

from vaehelpers import KLD, evaluate, load_published
from vaehelpers.published import evidence
from vaehelpers.vae import likelihood, quadrature, seeded_vae

MEAN, STD = torch.tensor([1.3, -0.4]), torch.tensor([0.05, 0.3])  # of p(x|z) as a function of z


class Guess(nn.Module):
    """An encoder whose q is p(x|z) as a function of z: near the posterior, not equal to it."""

    def __init__(self):
        super().__init__()
        self.q = nn.Parameter(torch.stack([MEAN, STD.log()]))

    def forward(self, images):
        return self.q[:, None].expand(-1, len(images), -1)


class Bump(nn.Module):
    """A decoder for which an image of zeros has log p(x|z) = log N(z | MEAN, STD^2) - 784."""

    def forward(self, z):
        log_density = likelihood.log_normal(z, MEAN, STD.log())
        log_p = log_density / 784 - 1  # below 0, so that the rest has room
        log_rest = torch.log1p(-log_p.exp()) - math.log(15)
        logits = torch.stack([log_p] + 15 * [log_rest], 1)
        return logits[:, :, None, None].expand(-1, -1, 28, 28)


@pytest.fixture
def bump():
    """A model whose likelihood is a Gaussian bump in the latent plane, and its only image."""
    model = seeded_vae(0, z_dim=2)
    model.encoder, model.decoder = Guess(), Bump()
    return model, torch.zeros(1, 1, 28, 28, dtype=torch.uint8)


def exact_evidence():
    """Return log p(x) in nats under `Bump`: as a function of MEAN, p(x) is a Gaussian."""
    total_std = (1 + STD**2).sqrt()
    return float(likelihood.log_normal(MEAN[None], torch.zeros(2), total_std.log())) - 784


def exact_elbo(wider=1.0):
    """Return the ELBO in nats under `Bump`; q has the mean of `Guess`, `wider` times its std."""
    expected = float(-STD.log().sum() - math.log(2 * math.pi) - wider**2) - 784
    return expected - float(KLD(MEAN, (wider * STD).log()))


def test_a_fitted_q_that_can_be_the_posterior_becomes_it(bump):
    model, image = bump
    images = image.expand(20, -1, -1, -1)
    with torch.no_grad():
        model.encoder.q += torch.tensor([[0.1, 0.1], [0.3, 0.3]])
    before = sum(likelihood.refined(model, images, steps=0))
    fitted = sum(likelihood.refined(model, images, steps=150))
    with torch.no_grad():  # a product of two Gaussians: the bump's and the prior's
        model.encoder.q.copy_(torch.stack([MEAN / (1 + STD**2), (STD / (1 + STD**2).sqrt()).log()]))
    exact = sum(likelihood.refined(model, images, steps=0))
    assert float((before - exact).mean()) > 0.5
    assert float((fitted - exact).mean()) == pytest.approx(0, abs=0.1)


def test_without_steps_a_fitted_q_is_the_encoders():
    model = load_published(20, 80)[0]
    images = torch.randint(16, (5, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    recon, kl = likelihood.refined(model, images, steps=0)
    scores = evaluate(model, images)
    assert float(recon.mean()) == pytest.approx(scores["recon"])
    assert float(kl.mean()) == pytest.approx(scores["kl"])


def test_fitting_leaves_the_weights_and_their_gradients_alone():
    model = load_published(20, 80)[0]
    before = [weight.clone() for weight in model.parameters()]
    images = torch.randint(16, (5, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    fitted = sum(part.mean() for part in likelihood.refined(model, images, steps=30))
    scores = evaluate(model, images)
    assert float(fitted) < scores["recon"] + scores["kl"] - 5
    for weight, old in zip(model.parameters(), before, strict=True):
        assert torch.equal(weight, old)
        assert weight.grad is None


def test_evidence_and_posterior_of_a_gaussian(bump):
    model, image = bump
    (found,) = quadrature.integrate(model, image)
    # The decoder computes in single precision.
    assert found.log_evidence == pytest.approx(exact_evidence(), abs=2e-4)
    mean = MEAN / (1 + STD**2)
    std = STD / (1 + STD**2).sqrt()
    assert found.kl_to_posterior(mean, std.log()) == pytest.approx(0, abs=2e-4)
    centre, covariance = found.posterior_moments
    torch.testing.assert_close(centre, mean.double(), rtol=0, atol=1e-4)
    torch.testing.assert_close(covariance, torch.diag(std.double() ** 2), rtol=1e-3, atol=1e-6)
    other_mean, other_std = torch.tensor([1.25, -0.6]), torch.tensor([0.06, 0.2])
    in_units_of_posterior = (other_mean - mean) / std, (other_std / std).log()
    kl = float(KLD(*in_units_of_posterior))
    assert found.kl_to_posterior(other_mean, other_std.log()) == pytest.approx(kl, rel=1e-3)


def test_squares_are_cut_for_a_q_that_the_encoder_does_not_give(bump):
    model, image = bump
    (found,) = quadrature.integrate(model, image)
    mean, std = MEAN / (1 + STD**2), STD / (1 + STD**2).sqrt()
    other_mean, other_std = torch.tensor([-0.5, 0.3]), torch.tensor([0.02, 0.05])
    finer = quadrature.cut_for(model, image[0], found, other_mean, other_std.log())
    _, log_mass = finer.log_masses(other_mean, other_std.log()).tolist()
    assert log_mass == pytest.approx(0, abs=2e-3)
    in_units_of_posterior = (other_mean - mean) / std, (other_std / std).log()
    kl = float(KLD(*in_units_of_posterior))
    assert finer.kl_to_posterior(other_mean, other_std.log()) == pytest.approx(kl, rel=2e-3)
    # Without the cuts the sum is wrong: the encoder's q needs no small squares there.
    assert found.kl_to_posterior(other_mean, other_std.log()) != pytest.approx(kl, rel=2e-2)
    assert float(finer.log_area.exp().sum()) == pytest.approx((2 * quadrature.REACH) ** 2)
    with pytest.raises(ValueError, match="q has to be finite"):
        quadrature.cut_for(model, image[0], found, other_mean, torch.tensor([0, -math.inf]))


def test_a_window_holds_posterior_and_q_with_the_density_in_it(bump):
    model, image = bump
    (found,) = quadrature.integrate(model, image)
    q_mean, q_std = torch.tensor([1.8, -0.4]), torch.tensor([0.02, 0.4])
    (z1, z2), density = quadrature.window(model, image[0], found, q_mean, q_std, size=81)
    assert density.shape == (81, 81)
    for axis, k in ((z1, 0), (z2, 1)):
        posterior_std = float(STD[k] / (1 + STD[k] ** 2).sqrt())
        assert axis[0] <= MEAN[k] / (1 + STD[k] ** 2) - 3.9 * posterior_std
        assert axis[-1] >= q_mean[k] + 3.9 * q_std[k]
    # Each axis has a Gaussian's mean, so that none is exchanged with the other.
    share = density / density.sum()
    assert float(share.sum(1) @ z1) == pytest.approx(1.3 / (1 + 0.05**2), abs=5e-3)
    assert float(share.sum(0) @ z2) == pytest.approx(-0.4 / (1 + 0.3**2), abs=5e-3)


def test_squares_cover_the_plane_once(bump):
    ((*_, found),) = quadrature.refinements(*bump, halvings=4)
    assert float(found.log_area.exp().sum()) == pytest.approx((2 * quadrature.REACH) ** 2)
    assert len(found.z.unique(dim=0)) == len(found.z)


def test_gap_of_the_trained_model_is_the_kl(fashion):
    model, _ = load_published(2, 80)
    image = fashion.test.images[:1]
    (mean,), (log_std,) = (part.detach() for part in model.encoder(image))
    (found,) = quadrature.integrate(model, image)
    eps = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
    values = likelihood.log_likelihood(model, image, mean + log_std.exp() * eps)[0]
    elbo = float(values.mean() - KLD(mean, log_std))
    standard_error = float(values.std()) / math.sqrt(2000)
    gap = found.log_evidence - elbo
    kl = found.kl_to_posterior(mean, log_std)
    assert gap == pytest.approx(kl, abs=4 * standard_error)
    ((*_, others),) = quadrature.refinements(model, image, coarse=0.23)  # no centre in common
    assert found.log_evidence == pytest.approx(others.log_evidence, abs=1e-3)


def test_many_images_at_once_agree_with_one_at_a_time(fashion):
    model = seeded_vae(1, z_dim=2)
    images = fashion.test.images[:3]
    z = torch.randn(7, 2)
    together = likelihood.log_likelihood(model, images, z, batch_size=3)
    assert together.shape == (3, 7)
    for row, image in zip(together, images, strict=True):
        alone = likelihood.log_likelihood(model, image[None], z)[0]
        torch.testing.assert_close(row, alone)


def test_other_latent_sizes_are_refused(fashion):
    with pytest.raises(ValueError, match="z_dim=2, got z_dim=3"):
        quadrature.integrate(seeded_vae(0, z_dim=3), fashion.test.images[:1])


def test_importance_bounds_climb_from_the_elbo_to_the_evidence(bump):
    model, image = bump
    with torch.no_grad():
        model.encoder.q[1] += math.log(1.5)
    weights = likelihood.importance_weights(model, image, 10_000)
    bounds = likelihood.importance_bounds(weights, (1, 10, 100, 10_000))
    elbo, ten, hundred, most = bounds[0].tolist()
    assert elbo == pytest.approx(exact_elbo(1.5), abs=0.05)
    assert elbo < ten < hundred < most + 1e-3
    assert most == pytest.approx(exact_evidence(), abs=0.03)
    assert exact_evidence() - elbo > 0.3, "so that the climb can be seen"


def test_every_image_has_noise_of_its_own(bump):
    model, image = bump
    one, two = likelihood.importance_weights(model, image.expand(2, -1, -1, -1), 4)
    assert not torch.allclose(one, two, rtol=1e-6)
    (alone,) = likelihood.importance_weights(model, image, 4)
    torch.testing.assert_close(alone, one)
    (other,) = likelihood.importance_weights(model, image, 4, seed=43)
    assert not torch.allclose(other, one, rtol=1e-6)


def test_squares_are_fine_wherever_q_has_its_mass(bump):
    model, image = bump
    mean, std = torch.tensor([-4.0, 5.0]), torch.tensor([0.02, 0.03])  # far from the posterior
    with torch.no_grad():
        model.encoder.q.copy_(torch.stack([mean, std.log()]))
    (found,) = quadrature.integrate(model, image)
    log_evidence, log_mass_of_q = found.log_masses(mean, std.log()).tolist()
    assert log_mass_of_q == pytest.approx(0, abs=1e-2)
    assert log_evidence == pytest.approx(exact_evidence(), abs=1e-3)


def test_importance_bounds_average_over_groups():
    log_weights = torch.tensor([[0.0, math.log(3.0), math.log(2.0), math.log(4.0), 50.0]])
    found = likelihood.importance_bounds(log_weights, (1, 2, 4))[0]
    of_ones = (0 + math.log(3) + math.log(2) + math.log(4) + 50) / 5
    of_twos = (math.log((1 + 3) / 2) + math.log((2 + 4) / 2)) / 2
    of_fours = math.log((1 + 3 + 2 + 4) / 4)
    torch.testing.assert_close(found, torch.tensor([of_ones, of_twos, of_fours]))
    with pytest.raises(ValueError, match=r"between 1 and the 5 weights, got \[6\]"):
        likelihood.importance_bounds(log_weights, (6,))


def test_a_part_repeats_the_whole(fashion):
    model = seeded_vae(1)
    images = fashion.test.images[:3]
    whole = likelihood.importance_weights(model, images, 20)
    part = likelihood.importance_weights(model, images[:2], 20)
    torch.testing.assert_close(part, whole[:2])
    other = likelihood.importance_weights(model, images[:1], 20, seed=1)
    assert not torch.allclose(other, whole[:1])


def test_evaluation_does_not_depend_on_the_batch_size(drawn):
    model = seeded_vae(0, num_filters=4)
    images = drawn.test.images[:100]
    one, two = (evaluate(model, images, batch_size=size) for size in (7, 100))
    assert one == pytest.approx(two, rel=1e-6)
    assert one["bpd"] == pytest.approx((one["recon"] + one["kl"]) / 784 / math.log(2))


def test_evaluation_has_the_standard_error_of_its_average(drawn):
    model = seeded_vae(0, num_filters=4)
    images = drawn.test.images[:100]
    scores = evaluate(model, images, seed=3)
    eps = torch.randn(100, 20, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        recon, kl = model.per_image(images, eps)
    bpd = (recon + kl) / 784 / math.log(2)
    assert scores["bpd"] == pytest.approx(float(bpd.mean()), rel=1e-6)
    assert scores["bpd_se"] == pytest.approx(float(bpd.std()) / 10, rel=1e-4)


def test_gauss_hermite_elbo_of_a_gaussian(bump):
    elbo = evidence.gauss_hermite_elbo(*bump, order=4)
    assert float(elbo) == pytest.approx(exact_elbo(), abs=2e-4)


def test_summary_is_in_bits_with_standard_errors():
    bounds = torch.tensor([[-784.0, -392.0], [-392.0, -392.0]]) * math.log(2)
    found = evidence.summarise(bounds, (2, 1, 28, 28))
    assert found["bpd"] == pytest.approx([0.75, 0.5])
    assert found["se"] == pytest.approx([0.25, 0])
    assert (found["images"], found["sizes"]) == (2, [1, 10])
    assert found["first"] == bounds.tolist()
