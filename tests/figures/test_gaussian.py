"""The Gaussian density of the figures, against SciPy's."""

import subprocess
import sys

import numpy as np
from scipy.stats import norm

from vaehelpers.figures import gaussian

X = np.linspace(-9, 9, 181)
MEANS, STDS = np.array([[-2.0], [0.0], [1.5]]), np.array([[0.1], [1.0], [3.0]])


def test_the_density_is_scipys():
    np.testing.assert_allclose(gaussian.density(X), norm.pdf(X), rtol=1e-13)
    found = gaussian.log_density(X, MEANS, STDS)
    np.testing.assert_allclose(found, norm.logpdf(X, MEANS, STDS), rtol=1e-13, atol=1e-13)


def test_rooms_are_opened_without_the_slow_part_of_scipy():
    modules = ("vae.latent", "figures.vae", "exercises.plane", "explorers.walk")
    imported = ", ".join(f"vaehelpers.{module}" for module in modules)
    code = f"import sys, {imported}; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
