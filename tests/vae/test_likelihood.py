"""Quadrature and importance sampling against a decoder whose evidence, posterior and ELBO are known exactly."""

import math

import pytest
import torch
from torch import nn

from vaehelpers import checkpoint, evidence, likelihood
from vaehelpers.model import seeded_vae
from vaehelpers.objective import KLD

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
        log_p = (
            likelihood.log_normal(z, MEAN, STD.log()) / 784 - 1
        )  # below 0, so that the rest has room
        rest = torch.log1p(-log_p.exp()) - math.log(15)
        return torch.stack([log_p] + 15 * [rest], 1)[:, :, None, None].expand(-1, -1, 28, 28)


@pytest.fixture
def bump():
    """A model whose likelihood is a Gaussian bump in the latent plane, and its only image."""
    model = seeded_vae(0, z_dim=2)
    model.encoder, model.decoder = Guess(), Bump()
    return model, torch.zeros(1, 1, 28, 28, dtype=torch.uint8)


def test_evidence_and_posterior_of_a_gaussian(bump):
    model, image = bump
    total = (1 + STD**2).sqrt()  # of p(x) as a Gaussian in MEAN
    exact = float(likelihood.log_normal(MEAN[None], torch.zeros(2), total.log())) - 784
    (found,) = likelihood.quadrature(model, image)
    assert found.log_evidence == pytest.approx(
        exact, abs=2e-4
    )  # the decoder computes in single precision
    mean, std = MEAN / (1 + STD**2), STD / total
    assert found.kl_to_posterior(mean, std.log()) == pytest.approx(0, abs=2e-4)
    centre, cov = found.posterior_moments
    torch.testing.assert_close(centre, mean.double(), rtol=0, atol=1e-4)
    torch.testing.assert_close(cov, torch.diag(std.double() ** 2), rtol=1e-3, atol=1e-6)
    other = torch.tensor([1.25, -0.6]), torch.tensor([0.06, 0.2])
    kl = float(KLD((other[0] - mean) / std, (other[1] / std).log()))  # in units of the posterior
    assert found.kl_to_posterior(other[0], other[1].log()) == pytest.approx(kl, rel=1e-3)


def test_squares_cover_the_plane_once(bump):
    ((*_, found),) = likelihood.rounds(*bump, halvings=4)
    assert float(found.log_area.exp().sum()) == pytest.approx((2 * likelihood.REACH) ** 2)
    assert len(found.z.unique(dim=0)) == len(found.z)


def test_gap_of_the_trained_model_is_the_kl(fashion):
    model, _ = checkpoint.load(checkpoint.published(2, 80))
    image = fashion.test.images[:1]
    (mean,), (log_std,) = (part.detach() for part in model.encoder(image))
    (found,) = likelihood.quadrature(model, image)
    eps = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0))
    values = likelihood.log_likelihood(model, image, mean + log_std.exp() * eps)[0]
    elbo, error = float(values.mean() - KLD(mean, log_std)), float(values.std()) / math.sqrt(2000)
    assert found.log_evidence - elbo == pytest.approx(
        found.kl_to_posterior(mean, log_std), abs=4 * error
    )
    ((*_, others),) = likelihood.rounds(model, image, coarse=0.23)  # no centre in common
    assert found.log_evidence == pytest.approx(others.log_evidence, abs=1e-3)


def test_many_images_at_once_agree_with_one_at_a_time(fashion):
    model, images = seeded_vae(1, z_dim=2), fashion.test.images[:3]
    z = torch.randn(7, 2)
    together = likelihood.log_likelihood(model, images, z, batch_size=3)
    assert together.shape == (3, 7)
    for row, image in zip(together, images, strict=True):
        torch.testing.assert_close(row, likelihood.log_likelihood(model, image[None], z)[0])


def test_other_latent_sizes_are_refused(fashion):
    with pytest.raises(ValueError, match="z_dim=2, got z_dim=3"):
        likelihood.quadrature(seeded_vae(0, z_dim=3), fashion.test.images[:1])


def closed_form_elbo(wider=1.0):
    """Return the ELBO in nats under `Bump` of a q with the mean of `Guess` and `wider` times its std."""
    expected = float(-STD.log().sum() - math.log(2 * math.pi) - wider**2) - 784
    return expected - float(KLD(MEAN, (wider * STD).log()))


def test_importance_bounds_climb_from_the_elbo_to_the_evidence(bump):
    (model, image), sizes = bump, (1, 10, 100, 10_000)
    with torch.no_grad():
        model.encoder.q[1] += math.log(1.5)
    elbo, ten, hundred, most = likelihood.importance_bounds(
        likelihood.importance_weights(model, image, 10_000), sizes
    )[0].tolist()
    exact = (
        float(likelihood.log_normal(MEAN[None], torch.zeros(2), (1 + STD**2).sqrt().log())) - 784
    )
    assert elbo == pytest.approx(closed_form_elbo(1.5), abs=0.05)
    assert elbo < ten < hundred < most + 1e-3
    assert most == pytest.approx(exact, abs=0.03)
    assert exact - elbo > 0.3, "so that the climb can be seen"


def test_importance_bounds_average_over_groups():
    weights = torch.tensor([[0.0, math.log(3.0), math.log(2.0), math.log(4.0), 50.0]])
    found = likelihood.importance_bounds(weights, (1, 2, 4))[0]
    ones = (0 + math.log(3) + math.log(2) + math.log(4) + 50) / 5
    torch.testing.assert_close(
        found, torch.tensor([ones, (math.log(2) + math.log(3)) / 2, math.log(2.5)])
    )
    with pytest.raises(ValueError, match=r"between 1 and the 5 weights, got \[6\]"):
        likelihood.importance_bounds(weights, (6,))


def test_a_part_repeats_the_whole(fashion):
    model, images = seeded_vae(1), fashion.test.images[:3]
    whole = likelihood.importance_weights(model, images, 20)
    torch.testing.assert_close(likelihood.importance_weights(model, images[:2], 20), whole[:2])
    assert not torch.allclose(
        likelihood.importance_weights(model, images[:1], 20, seed=1), whole[:1]
    )


def test_gauss_hermite_elbo_of_a_gaussian(bump):
    assert float(evidence.gauss_hermite_elbo(*bump, order=4)) == pytest.approx(
        closed_form_elbo(), abs=2e-4
    )


def test_summary_is_in_bits_with_standard_errors():
    bounds = torch.tensor([[-784.0, -392.0], [-392.0, -392.0]]) * math.log(2)
    found = evidence.summary(bounds, (2, 1, 28, 28))
    assert found["bpd"] == pytest.approx([0.75, 0.5])
    assert found["se"] == pytest.approx([0.25, 0])
    assert (found["images"], found["sizes"]) == (2, [1, 10])
    assert found["first"] == bounds.tolist()
