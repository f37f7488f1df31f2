"""Notebook 03's ladder of scores, as stored, against values computed elsewhere.

nbval holds the store to the code.
"""

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
