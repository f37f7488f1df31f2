"""The one way to load a data set: FashionMNIST, downloaded if missing, or the drawn stand-in."""

from pathlib import Path

from ..errors import DataError
from . import download, drawn, fashion_mnist
from .constants import SOURCES
from .dataset import Dataset


def load_data(source: str = "fashion-mnist", folder: str | Path | None = None) -> Dataset:
    """Load a data set by name, as levels 0..15 in three splits.

    `fashion-mnist` is split 54,000/6,000/10,000 as the practical's template does. It is looked for
    in `folder` or `$VAEHELPERS_DATA`; else in `data/`, here and in every folder above; else in
    Debian's package folder. Where it is nowhere, it is downloaded into `data/` of the project,
    which is the nearest folder, from here upwards, with a `pyproject.toml`, or into `data/` here
    where there is none. `folder` and `$VAEHELPERS_DATA` may begin with `~`; the files lie in them,
    in `raw/` or in `FashionMNIST/raw/`.
    `drawn` is the procedural stand-in of `data.drawn`, used only when asked for by name; it is
    smaller, 5,400/600/1,000.
    Raises DataError naming the file, what is wrong with it, and how to repair it.
    """
    if source not in SOURCES:
        raise DataError(f"unknown data set {source!r}; allowed: {', '.join(SOURCES)}")
    if source == "drawn":
        return drawn.draw_dataset()
    found = fashion_mnist.locate(folder)
    if found is None:
        found = download.fetch(fashion_mnist.home())
    return fashion_mnist.read(found)


def fetch_data() -> Path:
    """Return the folder with FashionMNIST's files, fetched where they are not there yet.

    Unlike `load_data`, it also fetches them into a `$VAEHELPERS_DATA` that has none. Raises
    DataError where they cannot be had.
    """
    return fashion_mnist.find() or download.fetch(fashion_mnist.home())
