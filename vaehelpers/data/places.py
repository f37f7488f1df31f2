"""Where FashionMNIST's four files lie, or would be fetched to.

Nothing here imports torch: `vaehelpers doctor` asks, and answers at once.
"""

import os
from pathlib import Path

from ..core.paths import expanded

ENV = "VAEHELPERS_DATA"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def find() -> Path | None:
    """Return the folder that holds the idx files where `load_data` looks unasked, or None.

    `data/` is looked for here and in every folder above, since notebooks run in a folder below the
    project's; with `$VAEHELPERS_DATA` that folder is looked for instead, and Debian's is not.
    """
    places = [folder / _name() for folder in _upwards()]
    if not os.environ.get(ENV):
        places.append(DEBIAN_FOLDER)
    for place in places:
        found = holding(place)
        if found:
            return found
    return None


def looked_in() -> str:
    """Say in words where `find` looks."""
    if os.environ.get(ENV):
        return f"{_name()} (${ENV})"
    return f"{Path.cwd() / _name()}, {_name()}/ in the folders above, and {DEBIAN_FOLDER}"


def home() -> Path:
    """Return the folder that the files are fetched into, where `find` finds them.

    It is `data/` of the project, beside the nearest `pyproject.toml` here or above; without one,
    `data/` here; with `$VAEHELPERS_DATA`, that folder.
    """
    for folder in _upwards():
        if os.path.isfile(folder / "pyproject.toml"):
            return folder / _name()
    return Path.cwd() / _name()


def holding(place: Path) -> Path | None:
    """Return the folder that holds an idx file, or None: `place` or one of torchvision's in it.

    torchvision's are `FashionMNIST/raw`, also where `place` is `FashionMNIST` itself.
    """
    for inside in (".", "raw", "FashionMNIST", "FashionMNIST/raw"):
        candidate = place / inside
        if any(path_of(candidate, name) for name in FILES):
            return candidate
    return None


def path_of(folder: Path, name: str) -> Path | None:
    """Return the path of one idx file, raw or gzipped, or None."""
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.isfile(path):  # unlike Path.is_file, False where the folder may not be read
            return path
    return None


def remedy(folder: Path) -> str:
    """Say how a damaged folder is repaired."""
    if folder == DEBIAN_FOLDER:
        return "reinstall the Debian package dataset-fashion-mnist"
    return (
        f"move the idx files out of {folder} and run `python -m vaehelpers data`, "
        f"which fetches them into {home()}"
    )


def _upwards() -> list[Path]:
    """Return the working folder and every folder above it."""
    here = Path.cwd()
    return [here, *here.parents]


def _name() -> Path:
    """Return the name or path of the folder to look for."""
    return expanded(os.environ.get(ENV) or "data")
