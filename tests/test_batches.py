"""What a network is shown in an epoch."""

from dataclasses import replace

import pytest
import torch

from vaehelpers import batches
from vaehelpers.batches import SYMMETRIC

CONFIG = {"recipe": "practical", "z_dim": 2, "batch_size": 64, "seed": 5, "noise": True, "epochs": 10}


@pytest.fixture(scope="module")
def few(drawn):
    """Return a few images, as for training."""
    return drawn.train.head(300)


def test_each_image_is_seen_once_an_epoch_in_another_order(few):
    first, second = (torch.cat([imgs for imgs, _ in batches.epoch(few, CONFIG, number)]) for number in (1, 2))
    assert len(first) == 256  # the last incomplete batch is dropped, as the template does
    assert not torch.equal(first, second)
    assert len(torch.unique(first.flatten(1), dim=0)) == 256


def test_the_encoder_sees_noise_until_the_last_epochs(few):
    config = CONFIG | {"recipe": "best"}
    for number in (9, 10):
        levels, _, seen = (torch.cat(parts) for parts in zip(*batches.epoch(few, config, number), strict=True))
        assert torch.equal(seen == 0, levels == 0)
        assert torch.equal(seen, levels.float()) == (number == 10)


@pytest.mark.parametrize("grey", [False, True])
def test_images_are_varied_until_the_last_epochs(few, grey):
    few = replace(few, grey=few.images * 17 if grey else None)
    shown = {number: {levels.numpy().tobytes() for imgs, *_ in batches.epoch(few, CONFIG | {"recipe": "best"}, number)
                      for levels in imgs} for number in (9, 10)}
    known = {levels.numpy().tobytes() for levels in few.images}
    assert shown[10] <= known
    assert 0 < len(shown[9] & known) < (100 if grey else 220)


def test_symmetric_garments_are_mirrored(few):
    seen = batches.varied(few, torch.Generator().manual_seed(0))
    same, turned = ((seen == imgs).flatten(1).all(1) for imgs in (few.images, few.images.flip(-1)))
    symmetric = torch.isin(few.labels, torch.tensor(SYMMETRIC))
    assert (same | turned).all()
    assert same[~symmetric].all()
    assert 0.4 < (turned & ~same)[symmetric].float().mean() < 0.6


def test_relit_shifts_each_image_by_up_to_half_a_level():
    grey = torch.arange(784).remainder(256).to(torch.uint8).reshape(1, 1, 28, 28).expand(400, -1, -1, -1)
    levels = batches.relit(grey, torch.Generator().manual_seed(0), spread=0)
    shifts = 16 - (levels.flatten(1) == 1).int().argmax(1)  # where level 1 begins
    expected = (grey + shifts[:, None, None, None]).clamp(0, 255).where(grey > 0, 0) // 16
    assert torch.equal(levels.long(), expected)
    assert shifts.unique().tolist() == list(range(-8, 8))
    assert levels.dtype == torch.uint8


def test_relit_multiplies_each_image_by_its_light():
    grey = torch.full((4000, 1, 28, 28), 160, dtype=torch.uint8)
    grey[:, :, :14] = 80
    levels = batches.relit(grey, torch.Generator().manual_seed(0)).double().mean((1, 3))
    assert levels.min() >= 16 * 0.8 * 80 // 256 - 1
    upper, lower = levels[:, 20] * 16 + 8, levels[:, 3] * 16 + 8  # grey values, to half a level
    assert (upper - 2 * lower).abs().max() <= 8 + 3 * 8  # rounding, and the shift that does not double
    assert 160 * 0.8 - 17 <= upper.min() < 160 * 0.85
    assert 160 * 1.15 < upper.max() <= 160 * 1.2 + 17


def test_noise_leaves_black_pixels_black():
    levels = torch.tensor([0, 1, 7, 15], dtype=torch.uint8).repeat(5000, 1)
    seen = batches.noisy(levels, 0.5, seed=3)
    assert not seen[:, 0].any()
    torch.testing.assert_close(seen[:, 1:].mean(0), levels[0, 1:].float(), atol=0.03, rtol=0)
    torch.testing.assert_close(seen[:, 1:].std(0), torch.full((3,), 0.5), atol=0.02, rtol=0)
    assert torch.equal(seen, batches.noisy(levels, 0.5, seed=3))
    assert torch.equal(batches.noisy(levels, 0.0, seed=3), levels.float())
