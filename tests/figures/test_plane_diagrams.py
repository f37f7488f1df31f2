"""The diagrams of notebook 04 show slices of equal mass, and shapes as they are."""

import numpy as np
import pytest
from conftest import words
from scipy.stats import norm

from vaehelpers.figures import plane_diagrams

pytestmark = pytest.mark.usefixtures("house_style")


@pytest.mark.parametrize("slices", [4, 8])
def test_slices_are_of_equal_mass_and_dots_stand_in_their_middles(slices):
    ax = plane_diagrams.equal_mass(slices)
    shown = [each.get_paths()[0].vertices[:, 0] for each in ax.collections]
    mass = [norm.cdf(x.max()) - norm.cdf(x.min()) for x in shown]
    np.testing.assert_allclose(mass, 1 / slices, atol=0.001)
    _, dots, crosses = ax.lines
    below = norm.cdf(dots.get_xdata()) * slices
    np.testing.assert_allclose(below, np.arange(slices) + 0.5)
    np.testing.assert_allclose(np.diff(crosses.get_xdata()), 8 / slices)


def test_the_way_to_a_manifold_names_the_shapes():
    shown = set(words(plane_diagrams.pipeline(20)))
    assert {"[20]", "[400, 2]", "[400, 16, 28, 28]", "[400, 1, 28, 28]", "[1, 560, 560]"} <= shown
    assert {"codes z", "decoder", "tile"} <= shown
