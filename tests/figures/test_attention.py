"""Maps of attention weights: printed where there is room, blank where masked, a cell for each."""

import io

import matplotlib
import torch
from conftest import words
from PIL import Image

from vaehelpers.figures.attention import attention_map, attention_picture, share_right

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


def test_attention_picture_has_a_cell_for_each_weight():
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    picture = Image.open(io.BytesIO(attention_picture(weights, "ab", "xyz", cell=20)))
    assert picture.size == (80, 60)
    bright, dark = picture.getpixel((30, 30)), picture.getpixel((50, 30))
    assert sum(bright) > sum(dark)
    assert picture.getpixel((50, 50)) == picture.getpixel((70, 50))
    assert picture.getpixel((0, 0))[3] == 0, "the page shows through around the cells"
    assert bright[3] == dark[3] == 255


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
