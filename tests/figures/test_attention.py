"""Attention weights, drawn: numbers where there is room, blank where masked, lines by weight."""

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from conftest import words

from vaehelpers.figures.attention import (
    additive_step,
    additive_steps,
    attention_map,
    head_maps,
    position_waves,
    share_right,
    step_lines,
)

matplotlib.use("agg")


def test_attention_map_prints_small_maps_and_leaves_masked_cells_blank():
    weights = torch.tensor([[1.0, 0.0, torch.nan], [0.25, 0.75, 0.0]])
    ax = attention_map(weights, "ab", "cde", "title")
    assert sorted(words(ax)) == ["0.25", "0.75", "1.00"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "d", "e"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_title() == "title"
    large = attention_map(torch.full((9, 3), 1 / 3), "abcdefghi", "xyz")
    assert words(large) == []


def test_share_right_draws_each_model_guessing_and_the_lengths_that_are_new():
    right = {"one": {2: 1.0, 6: 0.25}, "other": {2: 0.5, 6: 0.5}}
    ax = share_right(right, longest_trained=4)
    drawn = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert drawn["one"] == [[2, 1.0], [6, 0.25]]
    assert drawn["other"] == [[2, 0.5], [6, 0.5]]
    assert drawn["guessing"][0][1] == 1 / 26
    (shaded,) = ax.patches
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (4.5, 6)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["one", "other", "never trained on", "guessing"]


# Rows are the steps that write "ba", columns the letters of "ab". The weights: 0.2 and 0.8, then
# a third and two thirds.
SCORES = torch.tensor([[0.0, 3.0], [0.0, 1.0]]).log1p()


def test_a_step_shows_scores_weights_and_letters():
    ax = additive_step("ab", "ba", SCORES, 1, plt.subplots()[1])
    shown = words(ax)
    assert {"0.0", "1.4", "0.200", "0.800", "$s_{0}$", "$c_{1}$", "$h_{2}$"} <= set(shown)
    assert {'"^" before', 'writes "b"', "softmax"} <= set(shown)
    later = words(additive_step("ab", "ba", SCORES, 2, plt.subplots()[1]))
    assert {"0.333", "0.667", "$s_{1}$", "$s_{2}$", '"b" before', 'writes "a"'} <= set(later)


def test_the_widest_arrow_to_the_context_has_the_largest_weight():
    ax = additive_step("ab", "ba", SCORES, 1, plt.subplots()[1])
    arrows = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    widths = sorted(arrow.get_linewidth() for arrow in arrows)
    assert widths[-1] - widths[-2] == pytest.approx(4.2 * (0.8 - 0.2))


def test_lines_are_as_wide_as_their_weights():
    weights = torch.tensor([[0.2, 0.8], [1.0, 0.0]])
    ax = step_lines("ab", "ba", weights, 2, plt.subplots()[1])
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert [tuple(line.get_xdata()) for line in dotted] == [(1, 0), (0, 1)], "the letter itself"
    solid = [line for line in ax.lines if line.get_linestyle() == "-"]
    found = {tuple(line.get_xdata()): line.get_linewidth() for line in solid}
    assert found == pytest.approx({(0, 0): 1.0, (1, 0): 4.0, (0, 1): 5.0, (1, 1): 0.0})
    assert solid[0].get_color() != solid[2].get_color(), "the chosen step stands out"


def test_both_parts_stand_one_below_the_other():
    above, below = axes = additive_steps("ab", "ba", SCORES, 2).axes
    assert above.get_position().y0 > below.get_position().y0
    assert 'writes "a"' in words(above)
    for ax in axes:
        for text in filter(lambda text: text.get_text(), ax.texts):
            assert text.get_fontsize() >= 10
            assert text.get_color() not in ("black", "white", "k", "w")


def test_there_is_a_map_for_each_head_and_kind():
    even = torch.full((2, 3, 3), 1 / 3)
    fig = head_maps({"one": (even, "abc", "abc"), "other": (even / 2, "abc", "xyz")})
    *maps, bar = fig.axes
    assert [ax.get_title() for ax in maps] == ["one", "other", "", ""]
    assert [ax.get_ylabel() for ax in maps] == ["head 1\nquery", "", "head 2\nquery", ""]
    assert all(ax.images[0].get_clim() == (0, 0.5) for ax in maps)
    assert [label.get_text() for label in maps[3].get_xticklabels()] == ["x", "y", "z"]
    assert bar.get_xlabel() == "weight"


def test_waves_mark_what_the_columns_hold_at_one_position():
    table = torch.arange(12.0).reshape(4, 3) / 12
    fig = position_waves(table, (0, 2), marked=3)
    first, second = fig.axes
    assert [ax.get_ylabel() for ax in fig.axes] == ["column\n0", "column\n2"]
    wave, _, dot = second.lines
    assert wave.get_ydata().tolist() == pytest.approx(table[:, 2].tolist())
    assert dot.get_xydata().tolist() == [pytest.approx([3, 11 / 12])]
    assert [ax.get_xlabel() for ax in (first, second)] == ["", "position"]
