"""Notebook 03's ladder of scores, as stored, against values computed elsewhere.

nbval holds the store to the code.
"""

import json

import nbformat
import pytest

from vaehelpers.series import outputs

REFERENCE = {
    "uniform": 4.0,
    "one_histogram": 2.763,
    "a_table_for_each_pixel": 2.448,
    "mixture_of_ten_class_tables": 2.062,
    "zlib": 1.992,
    "LZMA": 1.691,
    "left_and_up": 1.397,
    "four_neighbours": 1.249,
}


@pytest.fixture(scope="module")
def results(request):
    """The named results of notebook 03."""
    path = request.config.rootpath / "notebooks" / "03_vae_train.ipynb"
    return outputs.collect(nbformat.read(path, 4))[1]


def test_the_ladder_agrees_with_the_reference(results):
    found = {name: results[name]["value"] for name in REFERENCE}
    assert found == pytest.approx(REFERENCE, abs=1.5e-3)


def test_what_is_stored_is_what_was_promised(results):
    stored, promised = results["bits_back"]["value"], results["promised_by_the_elbo"]["value"]
    assert stored == pytest.approx(promised, rel=0.02)
    assert stored < 0.7 * results["png"]["value"] < 0.7 * results["png_each"]["value"]


def test_what_is_said_of_three_seeds_is_what_was_recorded(request):
    root = request.config.rootpath
    recorded = json.loads((root / "benchmarks" / "results" / "quality.json").read_text())
    practical = recorded["recipes"]["practical"]
    last = dict(zip(practical["seeds"], (run[-1] for run in practical["val_bpd"]), strict=True))
    cells = nbformat.read(root / "notebooks" / "03_vae_train.ipynb", 4).cells
    (said,) = [cell.source for cell in cells if cell.id == "test-score-explained"]
    in_order = [f"{score:.3f}" for score in sorted(last.values())]
    assert f"{in_order[0]}, {in_order[1]} and {in_order[2]}" in said
    assert min(last, key=last.get) == 42, "the seed of the notebook had the lowest"
    assert len(practical["val_bpd"][0]) == 10, "nine epochs, and before the first"
    (answer,) = [cell.source for cell in cells if cell.id == "answer-scores"]
    assert f"differ by {max(last.values()) - min(last.values()):.2f}" in answer


def test_what_is_said_of_a_longer_live_run_is_what_was_recorded(request):
    root = request.config.rootpath
    recorded = json.loads((root / "benchmarks" / "results" / "quality.json").read_text())
    cells = nbformat.read(root / "notebooks" / "03_vae_train.ipynb", 4).cells
    (said,) = [cell.source for cell in cells if cell.id == "0c89152e"]
    assert "`train_images = 54_000` and `epochs = 6`" in said
    for curve in recorded["recipes"]["fast"]["val_bpd"]:
        assert len(curve) == 1 + 6
        assert abs(curve[-1] - recorded["practical_80"][-1]) < 0.005, "near the score after 80"
