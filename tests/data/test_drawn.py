"""The stand-in data: deterministic, ten classes that differ, and never taken for the real thing."""

import torch

from vaehelpers import data
from vaehelpers import drawn as drawn_module


def test_same_seed_same_pictures(drawn):
    again, other = drawn_module.load(), drawn_module.load(seed=8)
    assert torch.equal(again.train.images, drawn.train.images)
    assert again.sha256 == drawn.sha256 != other.sha256


def test_sizes_and_levels(drawn):
    assert (len(drawn.train), len(drawn.val), len(drawn.test)) == (5400, 600, 1000)
    assert drawn.train.images.dtype == torch.uint8
    assert drawn.train.images.max() == 15
    assert drawn.train.labels.bincount().min() > 400


def test_it_names_itself(drawn, fashion):
    assert drawn.name == "drawn"
    assert drawn.is_stand_in
    assert not fashion.is_stand_in


def test_classes_can_be_told_apart(drawn):
    """A nearest-class-mean rule finds most labels, so a model can learn something from the pictures."""
    train, test = (part.images.flatten(1).float() for part in (drawn.train, drawn.test))
    means = torch.stack([train[drawn.train.labels == k].mean(0) for k in range(len(data.CLASSES))])
    shape, centre = (torch.nn.functional.normalize(t, dim=1) for t in (test, means))
    assert ((shape @ centre.T).argmax(1) == drawn.test.labels).float().mean() > 0.7
