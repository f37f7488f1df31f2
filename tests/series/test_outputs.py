"""What reaches the page and is collected from it: figures, numbers, and what `clean` removes."""

import base64
import io

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from IPython.utils.capture import capture_output
from nbconvert import ScriptExporter
from PIL import Image

from vaehelpers.explorers import kl_explorer
from vaehelpers.explorers.constants import STAND_IN
from vaehelpers.series import outputs

matplotlib.use("agg")
ALT = "A line that rises from left to right, as the numbers do."
ORANGE = (0xD5, 0x5E, 0)


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed, as notebook outputs."""
    entries = []

    def collect(data, metadata):
        entries.append(nbformat.v4.new_output("display_data", data=data, metadata=metadata))

    monkeypatch.setattr(outputs, "_display", collect)
    return entries


@pytest.fixture(autouse=True)
def house_style():
    """Draw as the notebooks do, and forget it afterwards."""
    with plt.style.context("vaehelpers.figures.style"):
        yield


def notebook_of(entries):
    """Return a notebook whose only cell has these outputs."""
    cell = nbformat.v4.new_code_cell("...", outputs=entries)
    return nbformat.v4.new_notebook(cells=[cell])


def figures_of(entries):
    """Return the outputs that are figures."""
    return [entry for entry in entries if "image/png" in entry.data]


def png_of(entry) -> bytes:
    return base64.b64decode(entry.data["image/png"])


def draw():
    fig, ax = plt.subplots()
    ax.plot([1, 2])
    return fig


def test_the_same_figure_gives_the_same_bytes_and_is_closed(shown):
    for _ in range(2):
        outputs.show(draw(), "line", alt=ALT)
    first, second = figures_of(shown)
    assert first.data == second.data
    assert b"Software" not in png_of(shown[0])
    assert not plt.get_fignums()


def test_no_other_figure_is_closed(shown):
    first, other = draw(), draw()
    outputs.show(first, "line", alt=ALT)
    assert plt.get_fignums() == [other.number]


def test_a_figure_is_shown_as_matplotlib_saves_it(shown):
    fig, saved = draw(), io.BytesIO()
    fig.savefig(saved, format="png")
    outputs.show(fig, "line", alt=ALT)
    saved, on_page = (np.array(Image.open(png)) for png in (saved, io.BytesIO(png_of(shown[0]))))
    assert np.array_equal(saved, on_page)
    assert shown[0].data["text/plain"] == ALT
    kept = {"figure": "line", "alt": ALT}
    assert shown[0].metadata == {"image/png": {"alt": ALT}, outputs.KEY: kept}


def shades(number: int):
    """Draw a picture of `number` rows and columns, all of whose pixels differ, on a clear page."""
    fig = plt.figure(figsize=(5, 4), dpi=100, layout="none")
    ax = fig.add_axes((0.25, 0.25, 0.5, 0.5))
    ax.set_axis_off()
    up, right = np.mgrid[0 : 1 : number * 1j, 0 : 1 : number * 1j]
    ax.imshow(np.stack([up, right, 0.5 * (up + right)], axis=-1), aspect="auto")
    return fig


@pytest.mark.parametrize(("number", "apart"), [(8, 0), (100, 24)])
def test_a_large_picture_keeps_256_colours_and_looks_the_same(shown, monkeypatch, number, apart):
    saved = io.BytesIO()
    shades(number).savefig(saved, format="png")
    monkeypatch.setattr(outputs, "LARGE", 100)
    for _ in range(2):
        outputs.show(shades(number), "shades", alt=ALT)
    first, second = figures_of(shown)
    assert first.data == second.data
    before = np.array(Image.open(saved).convert("RGBA")).astype(int)
    stored = Image.open(io.BytesIO(png_of(shown[0])))
    assert stored.mode == "P"
    after = np.array(stored.convert("RGBA")).astype(int)
    assert np.abs(before - after).max() <= apart
    assert (after[0, 0, 3], after[200, 200, 3]) == (0, 255), "the page shows through around it"


def test_a_figure_stands_for_its_explorer_where_no_kernel_runs(shown):
    outputs.show(draw(), "walk", alt=ALT, explorer=kl_explorer())
    assert figures_of(shown)[0].data[outputs.WIDGET]["model_id"]
    stored = outputs.clean(notebook_of(shown)).cells[0].outputs[0]
    assert stored.data.keys() == {"image/png", "text/plain"}
    assert stored.data["text/plain"] == ALT
    assert stored.metadata["image/png"]["alt"] == ALT


def test_alt_text_is_required(shown):
    with pytest.raises(ValueError, match="'line' needs alt text of at least 40 characters, got 5"):
        outputs.show(draw(), "line", alt="short")
    assert shown == []
    outputs.show(draw(), "line", alt=40 * "x")
    assert len(figures_of(shown)) == 1


def test_alt_text_is_there_for_everybody_to_read_below_the_figure(shown):
    outputs.show(draw(), "line", alt="At x < 0 the line is below zero & falls, elsewhere it rises.")
    assert shown[1].data["text/html"] == (
        "<details><summary>Figure in words</summary>"
        "At x &lt; 0 the line is below zero &amp; falls, elsewhere it rises.</details>"
    )


def test_stand_in_data_is_named_on_the_face(shown, drawn, fashion):
    for dataset in (None, fashion, drawn):
        outputs.show(draw(), "line", alt=ALT, data=dataset)

    def orange_pixels(entry):
        pixels = np.array(Image.open(io.BytesIO(png_of(entry))).convert("RGB")).astype(int)
        return (abs(pixels - ORANGE).sum(-1) < 60).sum()

    plain, real, stand_in = figures_of(shown)
    assert png_of(plain) == png_of(real)
    assert orange_pixels(stand_in) > 50 > orange_pixels(real)
    assert plain.data["text/plain"] == real.data["text/plain"] == ALT
    assert stand_in.data["text/plain"].startswith("Made from stand-in data (drawn)")


def test_a_claim_is_printed_where_it_holds(capsys):
    outputs.claim("the KL rose", True)
    outputs.claim("the score fell", np.bool_(True), unless="other data")
    assert capsys.readouterr().out == "the KL rose\nthe score fell\n"


def test_a_claim_that_does_not_hold_is_withdrawn_or_a_fault(capsys):
    outputs.claim("the KL rose", False, unless="other data")
    assert capsys.readouterr().out == "Not shown by this run (other data): the KL rose\n"
    with pytest.raises(AssertionError, match="this should hold, and does not: the KL rose"):
        outputs.claim("the KL rose", False)


def test_collects_figures_and_full_precision_results(shown, drawn):
    outputs.show(draw(), "line", alt=ALT)
    outputs.record("bpd", 1.23456789, "bits/dim", data=drawn)
    outputs.record("count", 270616)
    outputs.record("hours", 1.25, "h", recorded=True)
    said = [entry.data["text/plain"] for entry in shown[2:]]
    assert said[0] == "bpd = 1.235 bits/dim (stand-in data: drawn)"
    assert said[1] == "count = 270,616"
    assert said[2] == "hours = 1.250 h (recorded)"
    notebook = notebook_of([*shown[:3], nbformat.v4.new_output("stream", text="some words")])
    notebook.cells += [nbformat.v4.new_markdown_cell("Some prose."), *notebook_of(shown[3:]).cells]
    pictures, results = outputs.collect(notebook)
    assert pictures["line"].startswith(b"\x89PNG")
    assert results == {
        "bpd": {"value": 1.23456789, "unit": "bits/dim", "data": "drawn", "recorded": False},
        "count": {"value": 270616, "unit": "", "data": None, "recorded": False},
        "hours": {"value": 1.25, "unit": "h", "data": None, "recorded": True},
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_no_result(shown, value):
    with pytest.raises(ValueError, match=r"loss = (nan|inf) is no result; record finite numbers"):
        outputs.record("loss", value)
    assert shown == []


def test_display_reaches_ipython():
    with capture_output() as captured:
        outputs.record("x", 1.5)
    # Outside a kernel IPython prints the plain text.
    assert "x = 1.500" in captured.stdout + "".join(str(o) for o in captured.outputs)


def test_display_passes_on_what_a_notebook_keeps(monkeypatch):
    handed_over = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **how: handed_over.append((data, how))
    )
    outputs.record("x", 1.5, "nats")
    ((data, how),) = handed_over
    assert data == {"text/plain": "x = 1.500 nats"}
    assert how["raw"] is True
    kept = {"result": "x", "value": 1.5, "unit": "nats", "data": None, "recorded": False}
    assert how["metadata"] == {outputs.KEY: kept}


def test_clean_strips_widgets_and_timings():
    data = {
        outputs.WIDGET: {"model_id": "abc"},
        "text/plain": "HBox(children=(Image(value=b'..'), FloatSlider(value=1)))",
    }
    notebook = notebook_of([nbformat.v4.new_output("display_data", data=data)])
    notebook.metadata.update(widgets={"state": {}}, papermill={"duration": 3}, jupytext={})
    notebook.cells[0].metadata.update(papermill={"duration": 1}, tags=["parameters"])
    cleaned = outputs.clean(notebook)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python", "nbconvert_exporter": "python"}
    assert cleaned.metadata == {"kernelspec": kernel, "language_info": language}
    assert outputs.clean(cleaned) == cleaned
    assert cleaned.cells[0].metadata == {"tags": ["parameters"]}
    assert cleaned.cells[0].outputs[0].data == {"text/plain": STAND_IN}


def test_a_cleaned_notebook_becomes_a_script_of_python():
    notebook = notebook_of([])
    notebook.cells.append(nbformat.v4.new_markdown_cell("Some prose."))
    script, resources = ScriptExporter().from_notebook_node(outputs.clean(notebook))
    assert resources["output_extension"] == ".py"
    assert "\n# Some prose.\n" in script


def test_cells_that_a_reader_may_skip_are_folded_and_no_others():
    notebook = notebook_of([])
    sources = ("# Evidence: twice two.\nassert 2 * 2 == 4", "x = 1  # Evidence")
    notebook.cells = [
        nbformat.v4.new_code_cell(source, metadata={"collapsed": True, "tags": ["kept"]})
        for source in sources
    ]
    first, second = outputs.clean(notebook).cells
    folded = {"source_hidden": True, "outputs_hidden": True}
    assert first.metadata == {"tags": ["kept"], "jupyter": folded}
    assert second.metadata == {"tags": ["kept"]}


def test_the_cell_that_papermill_adds_has_always_the_same_name():
    notebook = notebook_of([])
    notebook.cells[0].metadata["tags"] = ["injected-parameters"]
    assert [cell.id for cell in outputs.clean(notebook).cells] == ["injected-parameters"]


def test_clean_joins_what_a_kernel_cut():
    def said(text, name="stdout"):
        return nbformat.v4.new_output("stream", name=name, text=text)

    picture = nbformat.v4.new_output("display_data", data={"text/plain": "x"})
    entries = [said("a"), said("b\n"), said("w", "stderr"), picture, said("c"), said("d")]
    cleaned = outputs.clean(notebook_of(entries))
    left = [each.get("text", "picture") for each in cleaned.cells[0].outputs]
    assert left == ["ab\n", "w", "picture", "cd"]
