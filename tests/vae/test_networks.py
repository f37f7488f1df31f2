"""The networks: shapes, sizes, the score of a network that knows nothing, and sampling."""

import math
import re
from pathlib import Path

import pytest
import torch
from conftest import lively

import vaehelpers
from vaehelpers import VAE, CNNDecoder, CNNEncoder, draw_levels, mean_levels
from vaehelpers.vae import seeded_vae


def count_weights(network):
    """Return the number of a network's weights."""
    return sum(parameter.numel() for parameter in network.parameters())


def test_shapes_and_sizes():
    imgs = torch.randint(0, 16, (3, 1, 28, 28), dtype=torch.uint8)
    mean, log_std = CNNEncoder(z_dim=5)(imgs)
    assert mean.shape == log_std.shape == (3, 5)
    assert CNNDecoder(z_dim=5)(mean).shape == (3, 16, 28, 28)
    assert count_weights(VAE()) == 270_616
    assert count_weights(CNNDecoder(z_dim=2)) == 109_264


def test_encoder_sees_levels_from_minus_one_to_one():
    seen = []
    encoder = CNNEncoder()
    encoder.net[0].register_forward_hook(lambda module, args, output: seen.append(args[0]))
    encoder(torch.arange(16, dtype=torch.uint8).repeat(49).view(1, 1, 28, 28))
    assert (seen[0].min(), seen[0].max()) == (-1, 1)


def test_zero_network_scores_four_bits():
    model = VAE()
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    L_rec, L_reg, bpd = model(torch.randint(0, 16, (4, 1, 28, 28)))
    assert L_rec.item() == pytest.approx(784 * math.log(16), rel=1e-6)
    assert L_reg == 0
    assert bpd.item() == pytest.approx(4, rel=1e-6)


def test_forward_averages_the_per_image_values():
    model = lively(3)  # its KL is no rounding error beside the reconstruction
    imgs = torch.randint(0, 16, (4, 1, 28, 28))
    torch.manual_seed(0)
    L_rec, L_reg, bpd = model(imgs)
    torch.manual_seed(0)
    recon, kl = model.per_image(imgs)
    assert kl.mean() > 1
    torch.testing.assert_close(torch.stack([L_rec, L_reg]), torch.stack([recon.mean(), kl.mean()]))
    assert bpd.item() == pytest.approx((recon + kl).mean().item() / 784 / math.log(2), rel=1e-5)


def test_encoder_gets_gradients_from_both_terms():
    model = VAE(z_dim=3)
    imgs = torch.randint(0, 16, (4, 1, 28, 28))
    for term in model.per_image(imgs):
        model.zero_grad()
        term.sum().backward(retain_graph=True)
        assert model.encoder.log_std.weight.grad.abs().sum() > 0


def test_draws_follow_the_logits():
    probs = torch.tensor([0.7, 0.2, 0.1] + 13 * [0.0])
    logits = probs.log().view(1, 16, 1, 1).expand(4, 16, 100, 100)
    drawn = draw_levels(logits, torch.Generator().manual_seed(0))
    assert drawn.shape == (4, 1, 100, 100)
    share = drawn.flatten().bincount(minlength=16) / drawn.numel()
    torch.testing.assert_close(share, probs, atol=0.01, rtol=0)
    torch.testing.assert_close(mean_levels(logits), torch.full((4, 1, 100, 100), 0.4))


def test_draws_keep_pixels_in_place():
    levels = torch.randint(0, 16, (2, 1, 28, 28))
    logits = torch.full((2, 16, 28, 28), -1e4).scatter(1, levels, 1e4)
    assert torch.equal(draw_levels(logits), levels)
    assert torch.equal(mean_levels(logits), levels.float())


def test_samples_are_levels_and_repeat_with_the_seed():
    model = VAE()
    first, second = (model.sample(8, torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.shape == (8, 1, 28, 28)
    assert first.dtype == torch.int64
    assert 0 <= first.min() < first.max() <= 15
    assert torch.equal(first, second)
    assert not torch.equal(first, model.sample(8, torch.Generator().manual_seed(4)))


def test_seeded_weights_leave_the_global_random_state_alone():
    before = torch.random.get_rng_state()
    one, two = seeded_vae(1), seeded_vae(1)
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(one.encoder.mean.weight, seeded_vae(2).encoder.mean.weight)


def test_torch_distributions_is_nowhere():
    root = Path(vaehelpers.__file__).parents[1]
    sources = [*root.glob("vaehelpers/**/*.py"), *root.glob("notebooks/*.ipynb")]
    assert len(sources) > 50
    banned = re.compile(r"torch.distributions|torch import .*distributions")
    assert not [path.name for path in sources if banned.search(path.read_text())]
