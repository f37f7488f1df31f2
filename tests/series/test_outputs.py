"""What reaches the page and is collected from it: figures, numbers, and what `clean` removes."""

import base64
import io

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from IPython.utils.capture import capture_output
from PIL import Image
from scipy.integrate import trapezoid

from vaehelpers import figures, outputs

matplotlib.use("agg")
ALT = "A line that rises from left to right, as the numbers do."


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed, as notebook outputs."""
    entries = []
    monkeypatch.setattr(
        outputs,
        "_display",
        lambda data, metadata: entries.append(
            nbformat.v4.new_output("display_data", data=data, metadata=metadata)
        ),
    )
    return entries


def notebook_of(entries):
    cell = nbformat.v4.new_code_cell("...", outputs=entries)
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.fixture(autouse=True)
def house_style():
    """Draw as the notebooks do, and forget it afterwards."""
    with plt.style.context("vaehelpers.style"):
        yield


def draw():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    return fig


def test_the_same_figure_gives_the_same_bytes_and_is_closed(shown):
    for _ in range(2):
        outputs.show(draw(), "line", alt=ALT)
    assert shown[0].data == shown[1].data
    assert b"Software" not in base64.b64decode(shown[0].data["image/png"])
    assert not plt.get_fignums()


def test_alt_text_is_required(shown):
    with pytest.raises(ValueError, match="'line' needs alt text of at least 40 characters, got 5"):
        outputs.show(draw(), "line", alt="short")


def test_stand_in_data_is_named_on_the_face(shown, drawn, fashion):
    for dataset in (None, fashion, drawn):
        outputs.show(draw(), "line", alt=ALT, data=dataset)
    plain, real, stand_in = (
        np.array(Image.open(io.BytesIO(base64.b64decode(entry.data["image/png"]))).convert("RGB"))
        for entry in shown
    )
    assert np.array_equal(plain, real)
    orange = (abs(stand_in.astype(int) - (0xD5, 0x5E, 0)).sum(-1) < 60).sum()
    assert orange > 50 > (abs(real.astype(int) - (0xD5, 0x5E, 0)).sum(-1) < 60).sum()


def test_collects_figures_and_full_precision_results(shown, drawn):
    outputs.show(draw(), "line", alt=ALT)
    outputs.record("bpd", 1.23456789, "bits/dim", data=drawn)
    outputs.record("count", 270616)
    outputs.record("hours", 1.25, "h", recorded=True)
    assert shown[1].data["text/plain"] == "bpd = 1.235 bits/dim (stand-in data: drawn)"
    assert shown[2].data["text/plain"] == "count = 270,616"
    assert shown[3].data["text/plain"] == "hours = 1.250 h (recorded)"
    pictures, results = outputs.collect(notebook_of(shown))
    assert pictures["line"].startswith(b"\x89PNG")
    assert results == {
        "bpd": {"value": 1.23456789, "unit": "bits/dim", "data": "drawn", "recorded": False},
        "count": {"value": 270616, "unit": "", "data": None, "recorded": False},
        "hours": {"value": 1.25, "unit": "h", "data": None, "recorded": True},
    }


def test_display_reaches_ipython():
    with capture_output() as captured:
        outputs.record("x", 1.5)
    # Outside a kernel IPython prints the plain text.
    assert "x = 1.500" in captured.stdout + "".join(str(o) for o in captured.outputs)


def test_clean_strips_widgets_and_timings():
    output = nbformat.v4.new_output(
        "display_data",
        data={
            outputs.WIDGET: {"model_id": "abc"},
            "text/plain": "HBox(children=(Image(value=b'..'), FloatSlider(value=1)))",
        },
    )
    notebook = notebook_of([output])
    notebook.metadata.update(widgets={"state": {}}, papermill={"duration": 3})
    notebook.cells[0].metadata.update(papermill={"duration": 1}, tags=["parameters"])
    cleaned = outputs.clean(notebook)
    assert cleaned.metadata.kernelspec.name == "python3"
    assert not {"widgets", "papermill"} & cleaned.metadata.keys()
    assert cleaned.cells[0].metadata == {"tags": ["parameters"]}
    assert cleaned.cells[0].outputs[0].data == {
        "text/plain": "[an explorer with sliders: run this cell to use it]"
    }


def test_clean_joins_what_a_kernel_cut():
    def said(text, name="stdout"):
        return nbformat.v4.new_output("stream", name=name, text=text)

    picture = nbformat.v4.new_output("display_data", data={"text/plain": "x"})
    cleaned = outputs.clean(
        notebook_of([said("a"), said("b\n"), said("w", "stderr"), picture, said("c"), said("d")])
    )
    assert [each.get("text", "picture") for each in cleaned.cells[0].outputs] == [
        "ab\n",
        "w",
        "picture",
        "cd",
    ]


def test_pictures_and_grids_are_drawn(shown):
    picture = torch.rand(1, 56, 56)
    outputs.show(figures.image_rows({"one": picture, "two": picture}, 2, scale=3), "rows", alt=ALT)
    ax = figures.manifold(picture)
    assert np.array_equal(ax.images[0].get_array(), picture[0].numpy())
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "-1.96",
        "-0.67",
        "0",
        "+0.67",
        "+1.96",
    ]
    plt.close("all")


def test_pixels_are_drawn_evenly(shown):
    checks = (torch.arange(28).view(1, -1, 1) + torch.arange(28)) % 2
    outputs.show(figures.image_rows({"": checks, " ": checks}, 2, scale=4), "rows", alt=ALT)
    png = np.array(
        Image.open(io.BytesIO(base64.b64decode(shown[0].data["image/png"]))).convert("L")
    ).astype(int)
    dark = png == 0
    rows, columns = dark.any(1).nonzero()[0], dark.any(0).nonzero()[0]
    left = png[rows[0] : rows[0] + 112, columns[0] : columns[0] + 112]
    assert np.array_equal(left, 255 * np.kron(checks[0].numpy(), np.ones((4, 4), int)))


def test_class_map_names_each_class_that_owns_a_cell():
    counts = torch.zeros(4, 4, 10, dtype=torch.long)
    for label in range(9):
        counts[label // 4, label % 4, label] = figures.RARE
    ax = figures.class_map(counts, torch.zeros(1, 112, 112))
    assert [text.get_text() for text in ax.texts] == list(figures.CLASSES[:9])
    plt.close("all")


def test_scatter_colours_one_class():
    labels = torch.arange(50) % 10
    ax = figures.class_scatter(torch.randn(50, 2), labels, 3)
    assert ax.get_title(loc="left") == "Dress"
    assert [len(points.get_offsets()) for points in ax.collections] == [45, 5]
    radius = ax.patches[0].radius
    assert (torch.randn(100_000, 2).norm(dim=1) < radius).float().mean() == pytest.approx(
        0.95, abs=0.005
    )
    plt.close("all")


def test_curves_carry_units_and_the_band():
    history = [{"epoch": e, "train_bpd": 4 - e, "val_bpd": 4 - e / 2} for e in range(3)]
    ax = figures.training_curves(history)
    assert ax.get_ylabel() == "bits per dimension"
    assert [text.get_text() for text in ax.get_legend().get_texts()][1:] == [
        "training",
        "validation",
    ]
    assert ax.lines[0].get_ydata().tolist() == [4, 3, 2]
    plt.close("all")


def test_class_map_puts_row_zero_at_the_top():
    counts = torch.zeros(3, 3, 10, dtype=torch.long)
    counts[0, 2, 5] = 7  # top right
    counts[2, 0, 1] = figures.RARE - 1  # too few to say anything
    ink = torch.zeros(1, 84, 84)
    ink[0, 0, 83] = 1
    ax = figures.class_map(counts, ink)
    assert [text.get_text() for text in ax.texts] == ["Sandal"]
    assert ax.texts[0].get_position() == pytest.approx((2.5 / 3, 2.5 / 3))
    pixels, sandal = (
        ax.images[0].get_array(),
        np.array(matplotlib.colors.to_rgb(figures.CLASS_COLOURS[5])),
    )
    assert pixels.shape == (84, 84, 3)
    assert (pixels[56:, :28] == 1).all()
    np.testing.assert_allclose(pixels[27, 56], sandal)
    np.testing.assert_allclose(pixels[0, 83], 0.3 * sandal)
    plt.close("all")


def test_prior_samples_that_matter_are_coloured_by_their_share():
    z, share = torch.randn(50, 2), torch.full((50,), 0.3 / 48)
    share[[7, 30]] = torch.tensor([0.5, 0.2])
    ax = figures.prior_samples(z, share, (1, -1), 0.25)
    grey, coloured = ax.collections
    assert len(grey.get_offsets()) == 48
    np.testing.assert_allclose(coloured.get_offsets(), z[[7, 30]])
    assert coloured.get_sizes()[0] > coloured.get_sizes()[1]
    assert [(circle.center, circle.radius) for circle in ax.patches] == [
        ((0, 0), 1),
        ((0, 0), 2),
        ((1, -1), 0.25),
        ((1, -1), 0.5),
    ]
    plt.close("all")


def test_shaded_area_is_the_kl():
    ax = figures.kl_integrand((1, 1), (0, 2))
    x, y = ax.collections[0].get_paths()[0].vertices.T
    area = abs(trapezoid(np.append(y, y[0]), np.append(x, x[0])))
    assert area == pytest.approx(np.log(2) + 2 / 8 - 0.5, abs=1e-4)
    plt.close("all")
