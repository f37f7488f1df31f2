"""Figures of a VAE show the numbers that they were given."""

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid

from vaehelpers.data import CLASSES
from vaehelpers.figures import vae
from vaehelpers.figures.colours import CLASS_COLOURS, INK

matplotlib.use("agg")


pytestmark = pytest.mark.usefixtures("house_style")


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(("side", "drawn"), [(56, 280), (84, 336), (308, 308), (1680, 1680)])
def test_a_manifold_is_drawn_pixel_for_pixel_over_percentiles(side, drawn):
    picture = torch.rand(1, side, side)
    ax = vae.manifold(picture)
    assert np.array_equal(ax.images[0].get_array(), picture[0].numpy())
    ticks = ["-1.96", "-0.67", "0", "+0.67", "+1.96"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ticks
    assert [label.get_text() for label in ax.get_yticklabels()] == ticks
    extent = ax.get_window_extent()
    assert (extent.width, extent.height) == pytest.approx((drawn, drawn))
    ax.figure.canvas.draw()
    labels = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(labels))


def test_class_map_names_each_class_that_owns_a_cell():
    counts = torch.zeros(4, 4, 10, dtype=torch.long)
    for label in range(9):
        counts[label // 4, label % 4, label] = vae.RARE
    ax = vae.class_map(counts, torch.zeros(1, 112, 112))
    assert words(ax) == list(CLASSES[:9])


def test_class_map_puts_row_zero_at_the_top():
    counts = torch.zeros(3, 3, 10, dtype=torch.long)
    counts[0, 2, 5] = 7  # top right
    counts[1, 1, 5:7] = torch.tensor([6, 4])  # a share of 0.6
    counts[2, 0, 1] = vae.RARE - 1  # too few to say anything
    ink = torch.zeros(1, 84, 84)
    ink[0, 0, 83] = 1
    ax = vae.class_map(counts, ink)
    assert words(ax) == ["Sandal"]
    assert ax.texts[0].get_position() == pytest.approx((2.5 / 3, 2.5 / 3))
    pixels = ax.images[0].get_array()
    sandal = np.array(matplotlib.colors.to_rgb(CLASS_COLOURS[5]))
    assert pixels.shape == (84, 84, 3)
    assert (pixels[56:, :28] == 1).all()
    np.testing.assert_allclose(pixels[27, 56], sandal)
    np.testing.assert_allclose(pixels[28, 28], 1 - 0.76 * (1 - sandal))
    np.testing.assert_allclose(pixels[0, 83], 0.3 * sandal)


def test_scatter_colours_one_class():
    labels = torch.arange(50) % 10
    ax = vae.class_scatter(torch.randn(50, 2), labels, 3)
    assert ax.get_title(loc="left") == "Dress"
    assert [len(points.get_offsets()) for points in ax.collections] == [45, 5]
    radius = ax.patches[0].radius
    of_prior = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0))
    inside = (of_prior.norm(dim=1) < radius).float().mean()
    assert inside == pytest.approx(0.95, abs=0.005)


def test_dots_have_the_colours_of_their_classes_and_a_legend_names_all_ten():
    places, labels = torch.randn(4, 2), torch.tensor([9, 0, 0, 3])
    ax = vae.class_dots(places, labels)
    (dots,) = ax.collections
    np.testing.assert_allclose(dots.get_offsets(), places)
    drawn = [matplotlib.colors.to_hex(colour) for colour in dots.get_facecolors()]
    assert drawn == [CLASS_COLOURS[label] for label in labels]
    vae.class_legend(ax.figure)
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(CLASSES)
    assert tuple(line.get_color() for line in legend.get_lines()) == CLASS_COLOURS


def test_words_on_the_page_are_neither_black_nor_white_and_nothing_behind_them_is():
    ax = vae.prior_samples(torch.randn(50, 2), torch.full((50,), 0.02), (1, -1), 0.25)
    axes = [ax, vae.training_curves([{"epoch": 0, "train_bpd": 4, "val_bpd": 4}])]
    axes += [
        vae.class_scatter(torch.zeros(2, 2), torch.arange(2), 0),
        vae.kl_integrand((0, 1), (1, 1)),
    ]
    for each in axes:
        words = each.figure.findobj(matplotlib.text.Text)
        words = [word for word in words if word.get_text()]
        assert {matplotlib.colors.to_hex(word.get_color()) for word in words} == {INK}
        assert each.get_facecolor()[3] == each.figure.get_facecolor()[3] == 0
        assert not each.get_legend() or not each.get_legend().get_frame_on()
        lines = [patch.get_edgecolor()[:3] for patch in each.patches if patch.get_edgecolor()[3]]
        assert (0, 0, 0) not in lines


def test_curves_carry_units_and_the_band():
    history = [{"epoch": e, "train_bpd": 4 - e, "val_bpd": 4 - e / 2} for e in range(3)]
    ax = vae.training_curves(history)
    assert ax.get_ylabel() == "bits per dimension"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend[1:] == ["training", "validation"]
    assert ax.lines[0].get_ydata().tolist() == [4, 3, 2]
    assert ax.lines[1].get_ydata().tolist() == [4, 3.5, 3]
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx(vae.REFERENCE_BAND)


def test_prior_samples_that_matter_are_coloured_by_their_share():
    z = torch.randn(50, 2)
    share = torch.full((50,), 0.3 / 48)
    share[[7, 30]] = torch.tensor([0.5, 0.2])
    ax = vae.prior_samples(z, share, (1, -1), 0.25)
    grey, coloured, rings = ax.collections
    assert len(grey.get_offsets()) == 48
    np.testing.assert_allclose(coloured.get_offsets(), z[[7, 30]])
    np.testing.assert_allclose(rings.get_offsets(), z[[7, 30]])
    assert rings.get_sizes()[0] > rings.get_sizes()[1]
    circles = [(circle.center, circle.radius) for circle in ax.patches]
    of_prior, of_posterior = [((0, 0), 1), ((0, 0), 2)], [((1, -1), 0.25), ((1, -1), 0.5)]
    assert circles == of_prior + of_posterior


def test_shaded_area_is_the_kl():
    ax = vae.kl_integrand((1, 1), (0, 2))
    x, y = ax.collections[0].get_paths()[0].vertices.T
    area = abs(trapezoid(np.append(y, y[0]), np.append(x, x[0])))
    assert area == pytest.approx(np.log(2) + 2 / 8 - 0.5, abs=1e-4)


def test_contours_as_text_are_ellipses_of_a_gaussian():
    z1, z2 = torch.linspace(-2, 4, 121), torch.linspace(-3, 2, 121)
    away = ((z1[:, None] - 1) / 0.5) ** 2 + ((z2 + 0.5) / 0.3) ** 2
    for (curve,), k in zip(vae.contours(5 * (-away / 2).exp(), (z1, z2)), (3, 2, 1), strict=True):
        points = torch.tensor([[float(part) for part in pair.split(",")] for pair in curve.split()])
        radius = (
            (((points - torch.tensor([1, -0.5])) / torch.tensor([0.5, 0.3])) ** 2).sum(1).sqrt()
        )
        torch.testing.assert_close(radius, torch.full_like(radius, k), atol=0.02, rtol=0)


def test_contours_of_a_posterior_that_is_gaussian_lie_on_the_encoders():
    mean, std = torch.tensor([0.5, -0.25]), torch.tensor([0.3, 0.2])
    z1, z2 = torch.linspace(-1, 2, 301), torch.linspace(-1.5, 1, 301)
    across, up = (z1 - mean[0]) / std[0], (z2 - mean[1]) / std[1]
    density = torch.exp(-(across[:, None] ** 2 + up**2) / 2)
    ax = vae.posterior(7 * density, (z1, z2), mean, std)  # on whatever scale
    contours = ax.collections[0].get_paths()
    ellipses = [line.get_xydata() for line in ax.lines if len(line.get_xydata())]
    for contour, ellipse, k in zip(contours, ellipses[::-1], (3, 2, 1), strict=True):
        for places in (contour.vertices, ellipse):
            radii = np.linalg.norm((places - mean.numpy()) / std.numpy(), axis=1)
            np.testing.assert_allclose(radii, k, atol=0.01)


def test_percentile_map_puts_row_zero_at_the_top_and_names_the_colours():
    values = torch.arange(6.0).view(2, 3)
    ax = vae.percentile_map(values, "nats")
    assert np.array_equal(ax.images[0].get_array(), values)
    assert ax.images[0].origin == "upper"
    assert ax.images[0].get_extent() == [0, 1, 0, 1]
    assert ax.images[0].colorbar.ax.get_ylabel() == "nats"


def test_figures_are_drawn_into_the_axes_they_are_given():
    _, axes = plt.subplots(1, 3)
    assert vae.kl_integrand((0, 1), (0, 1), ax=axes[0]) is axes[0]
    assert vae.percentile_map(torch.zeros(2, 2), "", ax=axes[1]) is axes[1]
    codes, labels = torch.zeros(2, 2), torch.arange(2)
    assert vae.class_scatter(codes, labels, 0, ax=axes[2]) is axes[2]
