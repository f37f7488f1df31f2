"""The classifier that judges samples: what it judges by, its published weights, its training."""

import math

import pytest
import torch
from torch import nn

from vaehelpers.core import save_weights
from vaehelpers.errors import CheckpointError
from vaehelpers.published import classifier


class Sure(nn.Module):
    """A classifier that reads the class and how sure it is, as a log odds, from two pixels."""

    def forward(self, x):
        label, odds = x[:, 0, 0, 0].long(), x[:, 0, 0, 1]
        return nn.functional.one_hot(label, 10) * odds[:, None]


def pictures(classes, odds):
    """Return pictures whose first two pixels hold a class and the log odds of it."""
    x = torch.zeros(len(classes), 1, 28, 28)
    x[:, 0, 0, 0] = torch.tensor(classes)
    x[:, 0, 0, 1] = odds
    return x


def test_judge_by_confidence_and_diversity():
    assert classifier.judge(Sure(), pictures([3, 3, 3], 100.0)) == pytest.approx((1, 1))
    assert classifier.judge(Sure(), pictures([0, 4, 5, 9], 100.0)) == pytest.approx((1, 4))
    sure, classes = classifier.judge(Sure(), pictures([2, 2], math.log(9)))
    assert sure == pytest.approx(0.5)
    assert classes == pytest.approx(math.exp(-0.5 * math.log(0.5) - 0.5 * math.log(0.5 / 9)))


def test_the_published_one_judges_whatever_the_default_type_is(fashion, float64_default):
    model = classifier.load_classifier()
    assert {weights.dtype for weights in model.parameters()} == {torch.float32}
    sure, classes = classifier.judge(model, fashion.val.images[:100])
    assert 0 < sure <= 1 <= classes <= 10


def test_the_published_one_knows_the_data(fashion):
    model = classifier.load_classifier()
    assert classifier.accuracy(model, fashion.val.images, fashion.val.labels) > 0.89


def test_training_learns_and_repeats(drawn):
    first, second = (classifier.train_classifier(drawn, epochs=1, batch_size=32) for _ in range(2))
    assert classifier.accuracy(first, drawn.test.images, drawn.test.labels) > 0.5
    x = drawn.test.images[:5]
    torch.testing.assert_close(first(x), second(x), rtol=0, atol=0)


def test_save_and_load(tmp_path):
    model, path = classifier.build_classifier(), tmp_path / "new" / "classifier.safetensors"
    assert save_weights(model, path) == path
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    x = torch.randint(16, (2, 1, 28, 28))
    torch.testing.assert_close(classifier.load_classifier(path)(x), model(x))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="train again with `python -m vaehelpers classifier`"):
        classifier.load_classifier(path)
