"""The density of a Gaussian; scipy.stats has it too, but takes most of a second to import."""

import math

import numpy as np

Numbers = float | np.ndarray


def log_density(x: Numbers, mean: Numbers = 0.0, std: Numbers = 1.0) -> np.ndarray:
    """Return log N(x | mean, std^2) in nats; the three are broadcast."""
    in_std = np.asarray((x - mean) / std)
    return -0.5 * in_std**2 - np.log(std) - 0.5 * math.log(2 * math.pi)


def density(x: Numbers, mean: Numbers = 0.0, std: Numbers = 1.0) -> np.ndarray:
    """Return N(x | mean, std^2); the three are broadcast."""
    return np.exp(log_density(x, mean, std))
