"""The diagrams of attention show the numbers, shapes and pairs that they were given."""

import matplotlib.pyplot as plt
import pytest
import torch
from conftest import words
from matplotlib.patches import FancyArrowPatch, Rectangle

from vaehelpers.figures import transformer_diagrams

TIMES = "\u00d7"


def arrows(ax) -> list:
    """Return the arrows of an axes."""
    found = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    return [arrow for arrow in found if isinstance(arrow, FancyArrowPatch)]


def test_attention_by_hand_computes_scores_and_output():
    query, keys = torch.tensor([2.0, 0, 2, 0]), torch.tensor([[1.0, 1, 0, 0], [1, 0, 1, 0]])
    values = torch.tensor([[10.0, 0], [0, 10]])
    weights = torch.tensor([0.25, 0.75])
    ax = transformer_diagrams.attention_by_hand(["a", "b"], query, keys, values, weights)
    assert {
        "a",
        "b",
        'query of "b"\n(2, 0, 2, 0)',
        "key (1, 1, 0, 0)",
        "score 2",
        "score 4",
        "scaled 1",
        "scaled 2",
        "weight 0.250",
        "weight 0.750",
        "value (0, 10)",
        "output (2.50, 7.50)",
    } <= set(words(ax))
    assert len(arrows(ax)) == 2 + 2  # from each key to its score, from each value to the output
    widths = sorted(arrow.get_linewidth() for arrow in arrows(ax))
    assert widths[-1] - widths[-2] == pytest.approx(3)  # half of the weights' scale of 6


def test_attention_shapes_are_drawn_to_scale():
    ax = transformer_diagrams.attention_shapes(n=2, m=3, d_k=4, d_v=5)
    drawn = [(patch.get_height(), patch.get_width()) for patch in ax.patches]
    assert drawn == [(2, 4), (4, 3), (2, 3), (2, 3), (3, 5), (2, 5)]
    assert {"Q", "Kᵀ", "V", f"2 {TIMES} 4", f"4 {TIMES} 3", f"3 {TIMES} 5", f"2 {TIMES} 5"} <= set(
        words(ax)
    )
    right = max(patch.get_x() + patch.get_width() for patch in ax.patches)
    assert right <= ax.get_xlim()[1]


def test_visible_keys_fills_what_may_be_seen_and_nothing_else():
    mask = torch.tensor([[True, False, False], [True, True, False]])
    ax = transformer_diagrams.visible_keys(mask, "title", "ab", "xyz", plt.subplots()[1])
    filled = [(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in ax.patches]
    assert filled == [(0, 0), (1, 0), (1, 1)]
    assert all(isinstance(patch, Rectangle) for patch in ax.patches)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y", "z"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_title() == "title"


def test_mask_panels_stand_beside_each_other_with_numbered_tokens():
    wide = torch.ones(2, 3, dtype=torch.bool)
    fig = transformer_diagrams.mask_panels({"all": wide, "none": ~wide})
    first, second = fig.axes
    assert (first.get_title(), second.get_title()) == ("all", "none")
    assert (len(first.patches), len(second.patches)) == (6, 0)
    assert [label.get_text() for label in first.get_xticklabels()] == ["1", "2", "3"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["1", "2"]
    assert first.get_position().x1 < second.get_position().x0


def test_the_whole_transformer_has_three_attentions_each_with_its_mask():
    ax = transformer_diagrams.architecture("abc", "^x", "xy")
    shown = words(ax)
    assert {"self-attention", "masked self-attention", "cross-attention"} <= set(shown)
    assert {"a b c", "^ x", "x y", "keys, values", "queries"} <= set(shown)
    assert shown.count("add, normalise") == 2 + 3
    squares = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert len(squares) == 3 * 3 + 2 * 2 + 2 * 3
    hidden = [square for square in squares if square.get_facecolor()[3] == 0]
    assert len(hidden) == 1, "the first written letter does not see the second"


def test_every_head_has_its_part_of_the_width():
    shown = words(transformer_diagrams.multi_head(heads=3, width=12))
    assert shown.count("Q, K, V") == 3
    assert {"head 1", "head 3", f"n {TIMES} 12", f"each n {TIMES} 4"} <= set(shown)


def test_the_encoder_layer_names_its_parts_and_widths():
    ax = transformer_diagrams.encoder_layer(width=8, hidden=32)
    shown = words(ax)
    assert shown.count("add, then normalise") == 2
    assert {"multi-head self-attention", "feed-forward network", f"n {TIMES} 8"} <= set(shown)
    assert "each token by itself:\n8 → 32 → 8" in shown
    assert len(ax.lines) == 2  # the paths around


def diagrams():
    """Return every diagram of the module."""
    query, keys, values = torch.ones(4), torch.ones(3, 4), torch.ones(3, 2)
    weights = torch.full((3,), 1 / 3)
    return [
        transformer_diagrams.attention_by_hand("abc", query, keys, values, weights),
        transformer_diagrams.attention_shapes(5, 7, 8, 3),
        transformer_diagrams.architecture("boot", "^too", "toob"),
        transformer_diagrams.multi_head(4, 64),
        transformer_diagrams.encoder_layer(64, 128),
    ]


def test_diagrams_are_readable_on_any_page():
    """No text is small, none is black or white, and no figure is wider than the page."""
    for ax in diagrams():
        assert ax.figure.get_size_inches()[0] <= 8
        for text in filter(lambda text: text.get_text(), ax.texts):
            assert text.get_fontsize() >= 10
            assert text.get_color() not in ("black", "white", "k", "w")
