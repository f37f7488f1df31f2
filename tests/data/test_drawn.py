"""The stand-in data: deterministic, ten classes that differ, and never taken for the real thing."""

import torch
from torch.nn.functional import normalize

from vaehelpers.data import CLASSES
from vaehelpers.data.drawn import draw_dataset


def test_same_seed_same_pictures(drawn):
    again = draw_dataset()
    other = draw_dataset(seed=8)
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
    """A nearest-class-mean rule finds most labels, so there is something for a model to learn."""
    train = drawn.train.images.flatten(1).float()
    test = drawn.test.images.flatten(1).float()
    means = torch.stack([train[drawn.train.labels == k].mean(0) for k in range(len(CLASSES))])
    likeness = normalize(test, dim=1) @ normalize(means, dim=1).T
    is_right = likeness.argmax(1) == drawn.test.labels
    assert is_right.float().mean() > 0.7
