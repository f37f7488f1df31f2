"""The maths as laws: known values, equalities with other formulas, gradients."""

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from vaehelpers import KLD, elbo_to_bpd, reconstruction, sample_reparameterize


@pytest.mark.parametrize(
    ("mean", "std", "nats"),
    [
        (0, 1, 0),
        (1, 1, 0.5),
        (-3, 1, 4.5),
        (0, 2, 1.5 - math.log(2)),
        (0, 0.5, -0.375 + math.log(2)),
    ],
)
def test_kl_at_known_points(mean, std, nats):
    means = torch.tensor([[float(mean)]])
    log_stds = torch.tensor([[math.log(std)]])
    assert KLD(means, log_stds).item() == pytest.approx(nats, abs=1e-6)


def test_kl_by_quadrature():
    def integrand(x):
        return norm.pdf(x, 0.7, 0.3) * (norm.logpdf(x, 0.7, 0.3) - norm.logpdf(x))

    mean = torch.tensor([0.7], dtype=torch.float64)
    std = torch.tensor([0.3], dtype=torch.float64)
    value = KLD(mean, std.log())
    assert value.item() == pytest.approx(quad(integrand, -3, 5)[0], rel=1e-9)


def test_kl_sums_latents_and_keeps_the_batch():
    mean, log_std = torch.randn(5, 20), torch.randn(5, 20)
    total = sum(KLD(mean[:, d : d + 1], log_std[:, d : d + 1]) for d in range(20))
    assert KLD(mean, log_std).shape == (5,)
    torch.testing.assert_close(KLD(mean, log_std), total)


def test_reparameterised_samples_have_mean_and_std():
    mean, std = torch.tensor([-2.0, 5.0]), torch.tensor([0.5, 3.0])
    eps = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))
    z = sample_reparameterize(mean.expand_as(eps), std.expand_as(eps), eps)
    torch.testing.assert_close(z.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(z.std(0), std, atol=0.03, rtol=0)


def test_reparameterisation_passes_gradients():
    mean = torch.zeros(3, requires_grad=True)
    std = torch.ones(3, requires_grad=True)
    eps = torch.tensor([1.0, -2, 3])
    sample_reparameterize(mean, std, eps).sum().backward()
    assert torch.equal(mean.grad, torch.ones(3))
    assert torch.equal(std.grad, eps)


def test_reparameterisation_draws_fresh_noise_and_zero_std_is_exact():
    mean = torch.randn(1000)
    assert torch.equal(sample_reparameterize(mean, torch.zeros(1000)), mean)
    first, second = (sample_reparameterize(mean, torch.ones(1000)) for _ in range(2))
    assert not torch.equal(first, second)


def test_negative_std_is_refused():
    with pytest.raises(ValueError, match=r"^std must be non-negative: .*did you pass log_std\?\)$"):
        sample_reparameterize(torch.zeros(2), torch.tensor([1.0, -1.0]))


def test_reconstruction_is_the_summed_log_probability():
    logits = torch.randn(3, 16, 28, 28)
    levels = torch.randint(0, 16, (3, 1, 28, 28))
    by_hand = -logits.log_softmax(1).gather(1, levels).sum((1, 2, 3))
    torch.testing.assert_close(reconstruction(logits, levels.to(torch.uint8)), by_hand)


def test_bits_per_dimension():
    nats = torch.tensor([784 * math.log(16), 784 * math.log(2), 0.0], dtype=torch.float64)
    bits = torch.tensor([4.0, 1, 0], dtype=torch.float64)
    torch.testing.assert_close(elbo_to_bpd(nats, (3, 1, 28, 28)), bits)
    assert elbo_to_bpd(1.0, (7, 3, 2, 2)) == pytest.approx(1 / math.log(2) / 12)
