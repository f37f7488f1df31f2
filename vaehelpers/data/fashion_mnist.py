"""FashionMNIST as 4-bit level tensors, checked against known hashes, from wherever it can be had."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .errors import DataError

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SYMMETRIC = (
    0,
    1,
    2,
    3,
    4,
    6,
    8,
)  # classes without a left and a right; all shoes but a few point to the left
LEVELS = 16
SOURCES = ("fashion-mnist", "drawn")
ENV = "VAEHELPERS_DATA"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")

# sha256 of the *decompressed* idx files: mirrors recompress the .gz, the contents never change.
SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


@dataclass(frozen=True)
class Split:
    """Images `[N,1,28,28]` uint8 with levels 0..15, and labels `[N]` int64 in 0..9."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def head(self, count: int) -> "Split":
        """Return the first `count` images and labels."""
        return Split(self.images[:count], self.labels[:count])


@dataclass(frozen=True)
class Dataset:
    """Train, validation and test splits, with the name and hash that every result records.

    `sha256` identifies the contents: for FashionMNIST it is the hash of the four files' hashes.
    """

    name: str
    sha256: str
    train: Split
    val: Split
    test: Split

    @property
    def is_stand_in(self) -> bool:
        """Whether these are drawn pictures in place of FashionMNIST; figures then say so."""
        return self.name != "fashion-mnist"


def quantise(pixels: Tensor) -> Tensor:
    """Map grey values 0..255 (uint8, any shape) to 4-bit levels 0..15 (uint8, same shape)."""
    if pixels.dtype != torch.uint8:
        raise TypeError(f"quantise expects uint8 grey values 0..255, got {pixels.dtype}")
    return pixels >> 4


def mirrored(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return levels `[N,1,28,28]`, those of garments without a left and a right mirrored with probability 1/2.

    `labels` `[N]` and the generator are on the CPU; the images may be elsewhere.
    """
    turned = torch.isin(labels, torch.tensor(SYMMETRIC)) & (
        torch.rand(len(labels), generator=generator) < 0.5
    )
    return torch.where(turned.to(images.device)[:, None, None, None], images.flip(-1), images)


def level_counts(images: Tensor) -> Tensor:
    """Count how often each pixel has each level: levels `[N,28,28]` (uint8) -> `[16,28,28]` (int64), all >= 0."""
    first = LEVELS * torch.arange(images[0].numel(), dtype=torch.int32).view_as(
        images[0]
    )  # a pixel's first counter
    counts = (first + images).flatten().bincount(minlength=LEVELS * first.numel())
    return counts.view(*first.shape, LEVELS).movedim(-1, 0)


def load(source: str = "fashion-mnist", folder: str | Path | None = None) -> Dataset:
    """Load a data set by name, split 54,000/6,000/10,000 as the practical's template does.

    `fashion-mnist` is looked for in `folder` or `$VAEHELPERS_DATA`; else in `data/` here or in the folder
    above; else in Debian's package folder; else it is downloaded into `data/`.
    `drawn` is the procedural stand-in of `vaehelpers.drawn`, used only when asked for by name.
    Raises `DataError` naming the file, what is wrong with it, and how to mend it.
    """
    if source not in SOURCES:
        raise DataError(f"unknown data set {source!r}; allowed: {', '.join(SOURCES)}")
    if source == "drawn":
        from . import drawn

        return drawn.load()
    parts = _read_folder(_find(folder))
    digest = hashlib.sha256("".join(SHA256.values()).encode()).hexdigest()
    images, labels, test_images, test_labels = parts
    train, val = split(quantise(images), labels)
    return Dataset(source, digest, train, val, Split(quantise(test_images), test_labels))


def split(
    images: Tensor, labels: Tensor, val_fraction: float = 0.1, seed: int = 42
) -> tuple[Split, Split]:
    """Permute and cut into train and validation exactly as `random_split` with this seed does."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    cut = len(images) - int(len(images) * val_fraction)
    return tuple(Split(images[part], labels[part]) for part in (order[:cut], order[cut:]))


def locate(folder: str | Path | None = None) -> Path | None:
    """Return the folder that holds the idx files, or None where a download is needed.

    An explicit folder (or `$VAEHELPERS_DATA`) must exist; the usual places may be absent.
    """
    explicit = folder or os.environ.get(ENV)
    if explicit:
        return holding(Path(explicit)) or _no_files(Path(explicit))
    here = Path.cwd()
    usual = (
        here / "data",
        here.parent / "data",
        DEBIAN_FOLDER,
    )  # notebooks run one folder below the project
    return next((found for place in usual if (found := holding(place))), None)


def verify(folder: Path) -> None:
    """Raise `DataError` unless all four files in `folder` are whole and have the known hashes."""
    _read_folder(folder)


def _find(folder: str | Path | None) -> Path:
    found = locate(folder)
    if found is None:
        from . import download

        found = download.fetch(Path("data"))
    return found


def holding(place: Path) -> Path | None:
    """Return `place` or torchvision's sub-folder of it, whichever holds at least one idx file, or None."""
    for candidate in (place, place / "FashionMNIST" / "raw"):
        if any(_file(candidate, name) for name in SHA256):
            return candidate
    return None


def _file(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / name, folder / f"{name}.gz") if os.path.isfile(p)), None)


def _no_files(folder: Path):
    what = "holds no FashionMNIST files" if folder.is_dir() else "is not a folder"
    raise DataError(
        f"{folder} {what}; give the folder with train-images-idx3-ubyte(.gz) and its three "
        f"companions, or unset {ENV} to search the usual places"
    )


def _read_folder(folder: Path) -> list[Tensor]:
    return [_read_idx(folder, name) for name in SHA256]


def _read_idx(folder: Path, name: str) -> Tensor:
    """Read one idx file, raw or gzipped, into a uint8 image or int64 label tensor."""
    path = _file(folder, name)
    if path is None:
        raise DataError(f"{folder / name}(.gz) is missing; {_mend(folder)}")
    raw = _bytes(path)
    if hashlib.sha256(raw).hexdigest() != SHA256[name]:
        raise DataError(
            f"{path} is not FashionMNIST's {name} ({len(raw):,} bytes decompressed, "
            f"wrong sha256); {_mend(folder)}"
        )
    if name.endswith("idx1-ubyte"):
        return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=8).astype(np.int64))
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).copy()).view(-1, 1, 28, 28)


def _bytes(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is truncated or corrupt ({error}); {_mend(path.parent)}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); {_mend(path.parent)}") from None


def _mend(folder: Path) -> str:
    if folder == DEBIAN_FOLDER:
        return "reinstall the Debian package dataset-fashion-mnist"
    unset = f", unset {ENV}" * bool(os.environ.get(ENV))
    return f"move the idx files out of {folder}{unset} and run `python -m vaehelpers data` to fetch them again"
