"""FashionMNIST's four files: how they are read and checked. `places` knows where they lie."""

import hashlib
import os
import zlib
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from ..core.files import read_whole
from ..core.paths import expanded
from ..errors import DataError
from .dataset import Dataset, Split, split
from .levels import quantise
from .places import ENV, find, holding, home, path_of, remedy

GZIP = b"\x1f\x8b"  # the first bytes of a gzipped file

# Bytes and sha256 of the *unpacked* idx files: mirrors recompress them, the contents never change.
SIZES = {
    "train-images-idx3-ubyte": 47_040_016,
    "train-labels-idx1-ubyte": 60_008,
    "t10k-images-idx3-ubyte": 7_840_016,
    "t10k-labels-idx1-ubyte": 10_008,
}
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def locate(folder: str | Path | None = None) -> Path | None:
    """Return the folder that holds the idx files, or None where a download is needed.

    `load_data` says where they are looked for. An explicit folder (or `$VAEHELPERS_DATA`) must hold
    them, else DataError is raised; the usual places may be absent.
    """
    if folder:
        place = expanded(folder)
        return holding(place) or _no_files(place)
    found = find()
    if found is None and os.environ.get(ENV):
        _no_files(home())
    return found


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


def _read_idx(folder: Path, name: str) -> Tensor:
    """Read one idx file, raw or gzipped, into a uint8 image or int64 label tensor."""
    path = path_of(folder, name)
    if path is None:
        raise DataError(f"{folder / name}(.gz) is missing; {remedy(folder)}")
    raw = _unpacked(path, SIZES[name] + 1)
    if hashlib.sha256(raw).hexdigest() != SHA256[name]:
        size = f"{len(raw):,} bytes" if len(raw) <= SIZES[name] else f"over {SIZES[name]:,} bytes"
        raise DataError(
            f"{path} is not FashionMNIST's {name} ({size} unpacked, wrong sha256); {remedy(folder)}"
        )
    if name.endswith("idx1-ubyte"):
        return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=8).astype(np.int64))
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).copy()).view(-1, 1, 28, 28)


def _unpacked(path: Path, most: int) -> bytes:
    """Return what a file holds, unpacked if it is gzipped, whatever its name says.

    No more than `most` bytes are unpacked, and twice as many read: a small file may unpack to
    gigabytes.
    """
    try:
        content = read_whole(path, 2 * most)
        if not content.startswith(GZIP):
            return content[:most]
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: gzip's header and checksum
        raw = unpacker.decompress(content, most)
        if len(raw) < most and not unpacker.eof:
            raise EOFError("it ends too early")
        return raw
    except (EOFError, zlib.error) as error:
        raise DataError(
            f"{path} is truncated or corrupt ({error}); {remedy(path.parent)}"
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); {remedy(path.parent)}"
        ) from None


def _no_files(folder: Path) -> NoReturn:
    what = "holds no FashionMNIST files" if os.path.isdir(folder) else "is not a folder"
    raise DataError(
        f"{folder} {what}; give the folder with train-images-idx3-ubyte(.gz) and its three "
        f"companions, or run `python -m vaehelpers data`, which fetches them into {home()}"
    )
