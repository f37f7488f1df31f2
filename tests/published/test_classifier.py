"""The classifier that judges samples: what it judges by, its published weights, and its training."""

import math

import pytest
import torch
from torch import nn

from vaehelpers import checkpoint, classifier
from vaehelpers.errors import CheckpointError


class Sure(nn.Module):
    """A classifier that reads the class and how sure it is, as a log odds, from two pixels."""

    def forward(self, x):
        return nn.functional.one_hot(x[:, 0, 0, 0].long(), 10) * x[:, 0, 0, 1, None]


def pictures(classes, odds):
    x = torch.zeros(len(classes), 1, 28, 28)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = torch.tensor(classes), odds
    return x


def test_judge_by_confidence_and_diversity():
    assert classifier.judge(Sure(), pictures([3, 3, 3], 100.0)) == pytest.approx((1, 1))
    assert classifier.judge(Sure(), pictures([0, 4, 5, 9], 100.0)) == pytest.approx((1, 4))
    sure, classes = classifier.judge(Sure(), pictures([2, 2], math.log(9)))
    assert sure == pytest.approx(0.5)
    assert classes == pytest.approx(math.exp(-0.5 * math.log(0.5) - 0.5 * math.log(0.5 / 9)))


def test_the_published_one_knows_the_data(fashion):
    model = classifier.load()
    assert classifier.accuracy(model, fashion.val.images, fashion.val.labels) > 0.89


def test_training_learns_and_repeats(drawn):
    first, second = (classifier.train(drawn, epochs=1, batch_size=32) for _ in range(2))
    assert classifier.accuracy(first, drawn.test.images, drawn.test.labels) > 0.5
    x = drawn.test.images[:5]
    torch.testing.assert_close(first(x), second(x), rtol=0, atol=0)


def test_save_and_load(tmp_path):
    model, path = classifier.build(), tmp_path / "new" / "classifier.safetensors"
    assert checkpoint.save_plain(model, path) == path
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    x = torch.randint(16, (2, 1, 28, 28))
    torch.testing.assert_close(classifier.load(path)(x), model(x))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="train again with `python -m vaehelpers classifier`"):
        classifier.load(path)
