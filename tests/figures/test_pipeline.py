"""Diagrams of a VAE show the numbers and the pictures that they were given."""

import matplotlib
import numpy as np
import pytest
import torch
from conftest import words
from matplotlib.patches import Rectangle

from vaehelpers.figures import pipeline

matplotlib.use("agg")

pytestmark = pytest.mark.usefixtures("house_style")

GENERATOR = torch.Generator().manual_seed(0)
IMAGE = torch.randint(0, 16, (1, 28, 28), generator=GENERATOR)
OTHER = torch.randint(0, 16, (1, 28, 28), generator=GENERATOR)
MEAN, STD, EPS = torch.randn(3, 20, generator=GENERATOR)


def heights(ax) -> list[list[float]]:
    """Return the heights of each group of bars."""
    return [[bar.get_height() for bar in bars] for bars in ax.containers]


def same_shape(found, expected) -> bool:
    """Say whether two groups of numbers differ by a factor alone."""
    found, expected = np.array(found), np.asarray(expected)
    return np.allclose(found / np.abs(found).max(), expected / np.abs(expected).max(), atol=1e-6)


def pictures(ax) -> list[np.ndarray]:
    return [image.get_array() for image in ax.images]


def test_the_pipeline_shows_both_pictures_and_z_of_its_parts():
    std = STD.exp()
    ax = pipeline.vae_pipeline(IMAGE, MEAN, std, EPS, OTHER)
    first, second = pictures(ax)
    assert np.array_equal(first, IMAGE[0].numpy())
    assert np.array_equal(second, OTHER[0].numpy())
    for found, expected in zip(heights(ax), (MEAN, std, EPS, MEAN + std * EPS), strict=True):
        assert same_shape(found, expected)
    assert {"encoder", "decoder", "28→14→7→4", "4→7→14→28", "20 numbers"} <= set(words(ax))


def test_the_kl_frames_mean_and_std_and_nothing_else():
    ax = pipeline.vae_pipeline(IMAGE, MEAN, STD.exp(), EPS, OTHER)
    (frame,) = [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.fill]
    box = frame.get_bbox()
    inside = [
        all(box.contains(*bar.get_bbox().min) and box.contains(*bar.get_bbox().max) for bar in bars)
        for bars in ax.containers
    ]
    assert inside == [True, True, False, False]


def test_means_and_stds_are_drawn_on_one_scale():
    ax = pipeline.vae_pipeline(IMAGE, torch.full((20,), 2.0), torch.full((20,), 0.5), EPS, OTHER)
    mean, std, *_ = heights(ax)
    assert mean[0] == pytest.approx(4 * std[0])


def test_sizes_name_each_shape_and_draw_it_as_wide_as_it_is():
    encoder = [(1, 28, 28), (32, 14, 14), (64, 7, 7), (1024,)]
    ax = pipeline.sizes(encoder, encoder[::-1])
    assert words(ax).count("32\u00d714\u00d714") == words(ax).count("1024") == 2
    widths = [patch.get_width() for patch in ax.patches[:3]]
    assert widths == pytest.approx([4.0, 2.0, 1.0])


def test_sizes_draw_a_line_for_each_row_of_numbers():
    ax = pipeline.sizes([(1, 28, 28), (2, 20)], [(20,)])
    assert "2\u00d720" in words(ax)
    widths = [patch.get_width() for patch in ax.patches]
    assert widths == pytest.approx([4.0, 0.2, 0.2, 0.2])
    square, first, second, _ = ax.patches
    assert square.get_x() + 4 < first.get_x()
    assert first.get_x() + 0.2 < second.get_x()


def chances_of(generator) -> torch.Tensor:
    return torch.randn(16, 28, 28, generator=generator).softmax(0)


@pytest.mark.parametrize("pixel", [(14, 14), (3, 20)])
def test_sampling_marks_the_pixel_whose_probabilities_it_shows(pixel):
    chances = chances_of(GENERATOR)
    ax = pipeline.ancestral_sampling(EPS, chances, OTHER, pixel)
    row, column = pixel
    z, probabilities = heights(ax)
    assert same_shape(z, EPS)
    assert same_shape(probabilities, chances[:, row, column])
    marks = [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.fill]
    for mark, image in zip(marks, ax.images, strict=True):
        left, right, _, top = image.get_extent()
        side = (right - left) / 28
        assert mark.get_x() < left + (column + 0.5) * side < mark.get_x() + mark.get_width()
        assert mark.get_y() < top - (row + 0.5) * side < mark.get_y() + mark.get_height()


def test_sampling_shows_mean_levels_and_the_sample():
    chances = chances_of(GENERATOR).requires_grad_()
    means, drawn = pictures(pipeline.ancestral_sampling(EPS, chances, OTHER))
    expected = sum(level * chances[level] for level in range(16)).detach()
    assert np.allclose(means, expected.numpy(), atol=1e-5)
    assert np.array_equal(drawn, OTHER[0].numpy())


def test_sampling_names_its_steps_as_it_is_told():
    chances = chances_of(GENERATOR)
    names = ("1. throw", "2. decode", "3. throw", "4. the image")
    shown = words(pipeline.ancestral_sampling(EPS, chances, OTHER, names=names))
    assert set(names) <= set(shown)
    assert "1. draw z" not in shown
    assert "1. draw z" in words(pipeline.ancestral_sampling(EPS, chances, OTHER))


def test_a_transposed_convolution_adds_what_torch_adds():
    pixels, pattern = [2.0, 1.0, 3.0, 1.0], [1.0, 2.0, 3.0]
    ax = pipeline.transposed_convolution(pixels, pattern)
    numbers = [float(text) for text in words(ax) if text.replace(".", "").isdigit()]
    row, weights = torch.tensor([[pixels]]), torch.tensor([[pattern]])
    sums = torch.nn.functional.conv_transpose1d(row, weights, stride=2).flatten().tolist()
    products = [pixel * weight for pixel in pixels for weight in pattern]
    assert numbers == [*pixels, *products, *sums]


@pytest.mark.parametrize("count", [3, 4])
def test_the_places_that_padding_leaves_are_those_of_torch(count):
    pixels, pattern = torch.arange(1.0, count + 1), torch.tensor([1.0, 2.0, 5.0])
    ax = pipeline.transposed_convolution(pixels.tolist(), pattern.tolist())
    sums = {
        text.get_position(): text.get_text() for text in ax.texts if text.get_weight() == "bold"
    }
    spans = [line.get_xdata() for line in ax.lines if len(set(line.get_ydata())) == 1]
    for (left, right), added in zip(spans, (0, 1), strict=True):
        inside = [float(text) for (x, _), text in sums.items() if left < x < right]
        expected = torch.nn.functional.conv_transpose1d(
            pixels[None], pattern[None, None], padding=1, stride=2, output_padding=added
        )
        assert inside == expected.flatten().tolist()


def test_words_are_no_smaller_than_ten_points():
    for ax in (
        pipeline.vae_pipeline(IMAGE, MEAN, STD.exp(), EPS, OTHER),
        pipeline.sizes([(1, 28, 28), (20,)], [(20,), (16, 28, 28)]),
        pipeline.ancestral_sampling(EPS, chances_of(GENERATOR), OTHER),
        pipeline.transposed_convolution([2, 1, 3, 1], [1, 2, 3]),
    ):
        assert ax.figure.get_size_inches()[0] <= 8
        assert all(text.get_fontsize() >= 10 for text in ax.texts if text.get_text())
