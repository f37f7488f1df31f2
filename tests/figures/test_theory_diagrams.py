"""The diagrams of notebook 02 show the numbers that they were given, and what they are about."""

import pytest
import torch
from conftest import words
from matplotlib.colors import to_hex

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
    assert {"ELBO -1.500", "ELBO -1.250", "0.500", "1.000", "1.250"} <= set(words(ax))
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
