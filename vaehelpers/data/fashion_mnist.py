"""FashionMNIST's four files: where they are looked for, and how they are read and checked."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError
from .dataset import Dataset, Split, split
from .levels import quantise

ENV = "VAEHELPERS_DATA"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

# sha256 of the *decompressed* idx files: mirrors recompress the .gz, the contents never change.
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def locate(folder: str | Path | None = None) -> Path | None:
    """Return the folder that holds the idx files, or None where a download is needed.

    An explicit folder (or `$VAEHELPERS_DATA`) must hold them, else DataError is raised; the usual
    places (`data/` here, `data/` in the folder above, Debian's folder) may be absent.
    """
    explicit = folder or os.environ.get(ENV)
    if explicit:
        return holding(Path(explicit)) or _no_files(Path(explicit))
    here = Path.cwd()
    for place in (here / "data", here.parent / "data", DEBIAN_FOLDER):  # notebooks run one below
        found = holding(place)
        if found:
            return found
    return None


def holding(place: Path) -> Path | None:
    """Return `place` or torchvision's folder in it, whichever holds an idx file, or None."""
    for candidate in (place, place / "FashionMNIST" / "raw"):
        if any(_path_of(candidate, name) for name in SHA256):
            return candidate
    return None


def verify(folder: Path) -> None:
    """Raise DataError unless all four files in `folder` are whole and have the known hashes."""
    read_pixels(folder)


def read(folder: Path) -> Dataset:
    """Read the four files, split 54,000/6,000/10,000 as the practical's template does.

    Raises DataError naming the file, what is wrong with it, and how to repair it.
    """
    images, labels, test_images, test_labels = read_pixels(folder)
    train, val = split(quantise(images), labels)
    test = Split(quantise(test_images), test_labels)
    digest = hashlib.sha256("".join(SHA256.values()).encode()).hexdigest()
    return Dataset("fashion-mnist", digest, train, val, test)


def read_pixels(folder: Path) -> list[Tensor]:
    """Return training images and labels, test images and labels, as they are in the files.

    Images are grey values 0..255, uint8 `[N,1,28,28]`, labels int64 `[N]`. Raises DataError.
    """
    return [_read_idx(folder, name) for name in SHA256]


def _path_of(folder: Path, name: str) -> Path | None:
    """Return the path of one idx file, raw or gzipped, or None."""
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.isfile(path):  # unlike Path.is_file, False where the folder may not be read
            return path
    return None


def _read_idx(folder: Path, name: str) -> Tensor:
    """Read one idx file, raw or gzipped, into a uint8 image or int64 label tensor."""
    path = _path_of(folder, name)
    if path is None:
        raise DataError(f"{folder / name}(.gz) is missing; {_remedy(folder)}")
    raw = _decompressed(path)
    if hashlib.sha256(raw).hexdigest() != SHA256[name]:
        raise DataError(
            f"{path} is not FashionMNIST's {name} ({len(raw):,} bytes decompressed, "
            f"wrong sha256); {_remedy(folder)}"
        )
    if name.endswith("idx1-ubyte"):
        return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=8).astype(np.int64))
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).copy()).view(-1, 1, 28, 28)


def _decompressed(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is truncated or corrupt ({error}); {_remedy(path.parent)}"
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); {_remedy(path.parent)}"
        ) from None


def _no_files(folder: Path) -> NoReturn:
    what = "holds no FashionMNIST files" if folder.is_dir() else "is not a folder"
    raise DataError(
        f"{folder} {what}; give the folder with train-images-idx3-ubyte(.gz) and its three "
        f"companions, or unset {ENV} to search the usual places"
    )


def _remedy(folder: Path) -> str:
    """Say how a damaged folder is repaired."""
    if folder == DEBIAN_FOLDER:
        return "reinstall the Debian package dataset-fashion-mnist"
    move = f"move the idx files out of {folder}"
    if os.environ.get(ENV):
        move += f", unset {ENV}"
    return f"{move} and run `python -m vaehelpers data` to fetch them again"
