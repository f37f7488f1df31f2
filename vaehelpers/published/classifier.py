"""A small classifier of FashionMNIST, to judge samples by.

Its confidence says whether samples look like garments; the number of classes that it sees says how
diverse they are.
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..core.chance import seeded
from ..core.weights import load_weights
from ..data.constants import CLASSES, LEVELS
from ..data.dataset import Dataset
from ..data.levels import check_images
from .registry import WEIGHTS

CLASSIFIER = WEIGHTS / "classifier" / "classifier.safetensors"
EPOCHS = 5


def build_classifier() -> nn.Sequential:
    """Return an untrained classifier: levels 0..15 of any dtype, `[B,1,28,28]`, to `[B,10]`."""
    return nn.Sequential(
        Scale(),
        nn.Conv2d(1, 16, 3, padding=1, stride=2),  # 28 -> 14
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1, stride=2),  # 14 -> 7
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, len(CLASSES)),
    )


class Scale(nn.Module):
    """Levels 0..15 to floats in [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        """Scale levels of any shape."""
        return x.float() / (LEVELS - 1) * 2 - 1


def train_classifier(
    dataset: Dataset, epochs: int = EPOCHS, seed: int = 42, batch_size: int = 128
) -> nn.Sequential:
    """Train on the training images with Adam, its rate falling from 0.002 to 0; about a minute."""
    with seeded(seed):
        model = build_classifier()
    generator = torch.Generator().manual_seed(seed)
    images, labels = dataset.train.images, dataset.train.labels
    per_epoch = len(images) // batch_size
    steps = epochs * per_epoch
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 1 / steps, steps)
    for _ in range(epochs):
        order = torch.randperm(len(images), generator=generator)
        for batch in order.split(batch_size)[:per_epoch]:
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def load_classifier(path: Path = CLASSIFIER) -> nn.Sequential:
    """Return the trained classifier. Raises CheckpointError if its weights are not whole."""
    model = build_classifier().float()  # whatever the process's default type is
    return load_weights(model, path, "the classifier", "classifier")


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of levels `[N,1,28,28]` whose likeliest class is their label `(N,)`.

    Raises InputError for images that are not levels.
    """
    check_images(images)
    right = model(images).argmax(1) == labels
    return float(right.double().mean())


@torch.no_grad()
def judge(model: nn.Module, pictures: Tensor) -> tuple[float, float]:
    """Return how sure the classifier is of pictures, and how many classes it sees.

    `pictures` are grey levels `[N,1,28,28]`. The first is the mean over pictures of the largest
    probability, 0.1 to 1. The second is exp(H) of the classes' mean probabilities, 1 to 10: how
    many equally frequent classes would have this entropy.
    """
    p = model(pictures).softmax(1)
    confidence = p.amax(1).mean()
    mean = p.mean(0)
    entropy = -torch.xlogy(mean, mean).sum()
    return float(confidence), math.exp(float(entropy))
