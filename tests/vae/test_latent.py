"""Percentile grids, the manifold's orientation, and the counts of what lives where."""

import pytest
import torch
from scipy.stats import norm
from torch import nn
from torchvision.utils import make_grid

from vaehelpers import visualize_manifold
from vaehelpers.vae import latent, seeded_vae


def test_percentiles_are_midpoints():
    assert latent.percentiles(4).tolist() == [0.125, 0.375, 0.625, 0.875]
    assert latent.percentiles(1).tolist() == [0.5]
    with pytest.raises(ValueError, match="at least 1, got 0"):
        latent.percentiles(0)


def test_ppf_inverts_the_cdf_and_is_symmetric():
    z = latent.ppf(latent.percentiles(20))
    percentiles = torch.as_tensor(norm.cdf(z))
    torch.testing.assert_close(percentiles, latent.percentiles(20), atol=1e-6, rtol=0)
    torch.testing.assert_close(z, -z.flip(0))


class Position(nn.Module):
    """A decoder of two halves: the left one is white where z1 > 0, the right one where z2 > 0."""

    def __init__(self):
        super().__init__()
        self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, z):
        is_positive = (z > 0).float()  # [B,2]
        white = is_positive.repeat_interleave(14, dim=1)[:, None]  # [B,1,28], the same in each row
        logits = torch.full((len(z), 16, 28, 28), -1e4)
        logits[:, 0] = (1 - white) * 2e4 - 1e4
        logits[:, 15] = white * 2e4 - 1e4
        return logits


def test_z1_grows_rightwards_and_z2_upwards():
    picture = visualize_manifold(Position(), 2)
    assert picture.shape == (1, 56, 56)
    cells = picture[0].view(2, 28, 2, 28).permute(0, 2, 1, 3)  # [row, column, 28, 28]
    left_half = cells[..., :14].mean((2, 3))
    right_half = cells[..., 14:].mean((2, 3))
    assert left_half.tolist() == [[0, 1], [0, 1]]
    assert right_half.tolist() == [[1, 1], [0, 0]]


def test_manifold_shows_means_not_samples():
    decoder = seeded_vae(0, z_dim=2).decoder
    first, second = (visualize_manifold(decoder, 3) for _ in range(2))
    assert torch.equal(first, second)


def test_counts_equal_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(300, 2, generator=generator)
    labels = torch.randint(0, 10, (300,), generator=generator)
    by_hand = torch.zeros(5, 5, 10, dtype=torch.long)
    for (z1, z2), label in zip(codes.tolist(), labels.tolist(), strict=True):
        row = 4 - int(norm.cdf(z2) * 5)
        column = int(norm.cdf(z1) * 5)
        by_hand[row, column, label] += 1
    assert torch.equal(latent.class_counts(codes, labels, 5), by_hand)


def test_far_codes_fall_into_the_rim():
    codes = torch.tensor([[50.0, 50.0], [-50.0, -50.0]])
    counts = latent.class_counts(codes, torch.tensor([3, 4]), 4)
    assert counts[0, 3, 3] == counts[3, 0, 4] == 1
    assert counts.sum() == 2


def test_encode_equals_the_encoder():
    model = seeded_vae(0, z_dim=3)
    images = torch.randint(0, 16, (25, 1, 28, 28))
    mean, log_std = latent.encode(model, images, batch_size=10)
    mean_at_once, log_std_at_once = model.encoder(images)
    torch.testing.assert_close(mean, mean_at_once.detach())
    torch.testing.assert_close(log_std, log_std_at_once.detach())


def test_tile_puts_pictures_in_reading_order():
    pictures = torch.arange(6).float().view(6, 1, 1, 1).expand(6, 1, 2, 3)
    tiled = latent.tile(pictures, 3)
    assert tiled.shape == (1, 4, 9)
    assert tiled[0, ::2, ::3].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tile_agrees_with_torchvision():
    pictures = torch.randint(1, 16, (7, 1, 5, 4))
    theirs = make_grid(pictures, nrow=3, padding=2)[:1]
    ours = latent.tile(pictures, 3, padding=2)
    assert torch.equal(ours, theirs[:, 2:, 2:])  # torchvision pads before the first picture, too
