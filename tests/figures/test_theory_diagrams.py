"""The diagrams of notebook 02 show the numbers that they were given, and what they are about."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from conftest import words
from matplotlib.colors import to_hex
from matplotlib.text import Text
from scipy.integrate import trapezoid

from vaehelpers.figures import theory_diagrams
from vaehelpers.figures.colours import ORANGE

pytestmark = pytest.mark.usefixtures("house_style")
SMALLEST = 10  # points


def colours(ax):
    """Return the colours of the arrows in some axes."""
    arrows = [text.arrow_patch for text in ax.texts if text.get_text() == ""]
    return [to_hex(arrow.get_edgecolor()).upper() for arrow in arrows]


def test_gradients_stop_at_the_die_or_reach_mean_and_std():
    ax = theory_diagrams.gradient_paths()
    shown = words(ax)
    assert shown.count("mean") == shown.count("std") == shown.count("loss") == 2
    assert {"z is thrown", "only eps is thrown", "z = mean\n+ std · eps"} <= set(shown)
    assert colours(ax).count(ORANGE) == 5


def test_both_columns_end_at_the_elbo_and_the_grey_ones_at_log_p():
    terms = {
        "narrow": theory_diagrams.Terms(-0.5, 1.0, 0.25),
        "right": theory_diagrams.Terms(-1.0, 0.25, 0.0),
    }
    ax = theory_diagrams.bound_columns(terms)
    ends = [bar.get_y() + bar.get_height() for bar in ax.patches]
    expected_log, elbo, log_p, end = ends[:4]
    assert (expected_log, elbo, log_p, end) == pytest.approx((-0.5, -1.5, -1.25, -1.5))
    assert ends[4:] == pytest.approx([-1.0, -1.25, -1.25, -1.25])
    assert {"ELBO -1.500", "ELBO -1.250", "-0.500", "1.000", "-1.250"} <= set(words(ax))
    assert "0.000" not in words(ax), "a piece of no length has no number"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["narrow", "right"]
    assert [line.get_ydata()[0] for line in ax.lines] == pytest.approx([-1.25])
    legend = ax.get_legend()
    assert legend is not None
    assert legend.get_texts()[-1].get_text() == "the height of log p(x)", "of the dashed line"


def test_climbs_have_the_bound_below_log_p_and_the_gap_between_them():
    runs = {
        "one": torch.tensor([[-2.0, -5.0], [-2.0, -3.0], [-2.0, -2.5]]),
        "two": torch.tensor([[-1.0, -4.0], [-1.5, -2.0]]),
    }
    axes = theory_diagrams.climbs(runs).axes
    assert [ax.get_title(loc="left") for ax in axes] == ["one", "two"]
    for ax, history in zip(axes, runs.values(), strict=True):
        lines = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
        assert lines == {"log p(x)": history[:, 0].tolist(), "ELBO": history[:, 1].tolist()}
        assert ax.get_xlim() == (0, len(history)), "all steps are drawn"
        heights = {float(y) for _, y in ax.collections[0].get_paths()[0].vertices}
        assert heights == set(history.flatten().tolist())


def test_the_loss_compares_image_with_chances_and_q_with_prior():
    ax = theory_diagrams.loss_terms()
    assert {"x", "encoder", "q(z|x)", "z", "decoder", "p(x|z)", "prior p(z)"} <= set(words(ax))
    assert colours(ax).count(ORANGE) == 2


def test_the_areas_of_both_signs_make_the_kl_and_so_do_both_changes_together():
    fig = theory_diagrams.kl_area(mean=-1, std=2)
    exact, of_mean, of_width = 2 - np.log(2), 0.5, 1.5 - np.log(2)  # by Eq. 2.7
    above, below = (part.get_paths()[0].vertices for part in fig.axes[0].collections)
    assert above[:, 1].min() == 0 == below[:, 1].max()
    areas = [abs(trapezoid(np.append(y, y[0]), np.append(x, x[0]))) for x, y in (above.T, below.T)]
    assert areas[0] - areas[1] == pytest.approx(exact, abs=1e-4)
    title = fig.axes[0].get_title(loc="left")
    assert f"area {areas[0]:.3f} above zero - {areas[1]:.3f} below = {exact:.3f} nats" in title
    assert {"q", "p", "+", "-"} <= set(words(fig.axes[0]))
    dots = [ax.lines[1].get_xydata()[0] for ax in fig.axes[1:]]
    np.testing.assert_allclose(dots, [(-1, of_mean), (2, of_width)], atol=1e-6)
    for ax, lowest in zip(fig.axes[1:], (0, 1), strict=True):
        settings, kl = ax.lines[0].get_data()
        assert settings[kl.argmin()] == pytest.approx(lowest)
        assert kl.min() == pytest.approx(0, abs=1e-6)


def test_a_fan_shows_every_estimate_the_first_the_median_and_the_truth():
    misses = {"D = 1": torch.randn(5, 3), "D = 2": torch.randn(5, 3)}
    fig = theory_diagrams.fans(misses, torch.tensor([1, 10, 1000]))
    for ax, (title, expected) in zip(fig.axes, misses.items(), strict=True):
        assert ax.get_title(loc="left") == title
        *rays, first, median, truth = ax.lines
        np.testing.assert_allclose([ray.get_ydata() for ray in rays], expected)
        np.testing.assert_allclose(first.get_ydata(), expected[0])
        assert first.get_color() == ORANGE
        np.testing.assert_allclose(median.get_ydata(), np.median(expected, axis=0))
        assert list(truth.get_ydata()) == [0, 0]
        assert ax.get_xlim() == (1, 1000)
        assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    "fig",
    [
        lambda: theory_diagrams.kl_area(1, 0.5),
        lambda: theory_diagrams.fans({"D = 1": torch.zeros(2, 3)}, torch.tensor([1, 2, 3])),
    ],
)
def test_no_text_of_a_figure_with_panels_is_small(fig):
    drawn = fig()
    assert drawn.get_size_inches()[0] <= 8
    texts = [text for text in drawn.findobj(Text) if text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= SMALLEST
    plt.close(drawn)


@pytest.mark.parametrize(
    "ax",
    [
        theory_diagrams.gradient_paths,
        theory_diagrams.loss_terms,
        lambda: theory_diagrams.bound_columns({"q": theory_diagrams.Terms(-1.0, 0.5, 0.5)}),
    ],
)
def test_no_text_is_small_at_eight_inches(ax):
    drawn = ax()
    assert drawn.figure.get_size_inches()[0] <= 8
    texts = [*drawn.texts, *drawn.get_xticklabels(), *drawn.get_yticklabels()]
    assert min(text.get_fontsize() for text in texts) >= SMALLEST
