"""A small classifier of FashionMNIST, to judge samples by: how sure it is of each, and how many classes it sees."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import checkpoint
from .data import CLASSES, LEVELS, Dataset

PUBLISHED = checkpoint.PUBLISHED / "classifier" / "classifier.safetensors"
EPOCHS = 5


def build() -> nn.Sequential:
    """Return an untrained classifier: levels 0..15 of any dtype, `[B,1,28,28]`, to logits `[B,10]`."""
    return nn.Sequential(
        Scale(),
        nn.Conv2d(1, 16, 3, padding=1, stride=2),
        nn.ReLU(),  # 28 -> 14
        nn.Conv2d(16, 32, 3, padding=1, stride=2),
        nn.ReLU(),  # 14 -> 7
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


def train(
    dataset: Dataset, epochs: int = EPOCHS, seed: int = 42, batch_size: int = 128
) -> nn.Sequential:
    """Train on the training images with Adam, its rate falling from 0.002 to 0 on a line; about a minute."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model, order = build(), torch.Generator().manual_seed(seed)
    images, labels = dataset.train.images, dataset.train.labels
    steps = epochs * (len(images) // batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 1 / steps, steps)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=order).split(batch_size)[
            : steps // epochs
        ]:
            optimizer.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def load(path: Path = PUBLISHED) -> nn.Sequential:
    """Return the classifier with the weights at `path`. Raises CheckpointError if they are not whole."""
    return checkpoint.load_plain(build(), path, "the classifier", "classifier")


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of levels `[N,1,28,28]` whose likeliest class is their label `(N,)`."""
    return float((model(images).argmax(1) == labels).double().mean())


@torch.no_grad()
def judge(model: nn.Module, pictures: Tensor) -> tuple[float, float]:
    """Return how sure the classifier is of pictures in grey levels `[N,1,28,28]`, and how many classes it sees.

    The first is the mean over pictures of the largest probability, 0.1 to 1. The second is exp(H) of the classes'
    mean probabilities, 1 to 10: as many equally frequent classes would be as diverse.
    """
    p = model(pictures).softmax(1)
    mean = p.mean(0)
    return float(p.amax(1).mean()), math.exp(-float(torch.xlogy(mean, mean).sum()))
