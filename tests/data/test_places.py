"""Where the data set lies is known without torch. The order of places: test_fashion_mnist.py."""

import subprocess
import sys

from vaehelpers.data import fashion_mnist, places

QUICK = """
import sys
from vaehelpers.core import compilers
from vaehelpers.data import places
from vaehelpers.series import notebooks
places.find(), places.home(), compilers.missing_compilers("cpu"), notebooks.find()
print("torch" in sys.modules, "numpy" in sys.modules)
"""


def test_places_compilers_and_notebooks_are_known_without_torch():
    done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr


def test_the_files_that_are_looked_for_are_those_whose_hashes_are_known():
    assert places.FILES == tuple(fashion_mnist.SHA256) == tuple(fashion_mnist.SIZES)


def test_words_name_the_places_that_are_looked_in(mini, monkeypatch, tmp_path):
    said = places.looked_in()
    assert str(tmp_path / "work" / "data") in said
    assert str(places.DEBIAN_FOLDER) in said
    monkeypatch.setenv(places.ENV, "~/sets")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert places.looked_in() == f"{tmp_path / 'sets'} (${places.ENV})"
