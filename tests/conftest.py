"""Fixtures: the two data sets, and a miniature FashionMNIST on disk whose hashes the package is told."""

import gzip
import hashlib

import numpy as np
import pytest

from vaehelpers import data


@pytest.fixture(scope="session", autouse=True)
def located():
    """Find the real data set once, as `make setup` left it, since tests run in folders of their own."""
    folder = data.locate()
    assert folder, "FashionMNIST is not set up; run `python -m vaehelpers data`"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data.ENV, str(folder.resolve()))
        yield


@pytest.fixture(scope="session")
def fashion():
    """The real data set."""
    return data.load()


@pytest.fixture(scope="session")
def drawn():
    """The procedural stand-in."""
    return data.load("drawn")


def idx_files(train: int = 20, test: int = 10) -> dict[str, bytes]:
    """Return four small idx files by name, in the format of the real ones."""
    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", train), ("t10k", test)):
        header = np.array([0x803, count, 28, 28], ">u4").tobytes()
        files[f"{part}-images-idx3-ubyte"] = (
            header + rng.integers(0, 256, count * 784, np.uint8).tobytes()
        )
        files[f"{part}-labels-idx1-ubyte"] = (
            np.array([0x801, count], ">u4").tobytes()
            + rng.integers(0, 10, count, np.uint8).tobytes()
        )
    return files


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """An empty working folder, no environment override, no Debian folder, and the hashes of `idx_files()`."""
    files = idx_files()
    monkeypatch.setattr(
        data, "SHA256", {name: hashlib.sha256(files[name]).hexdigest() for name in data.SHA256}
    )
    monkeypatch.setattr("vaehelpers.download.SHA256", data.SHA256)
    monkeypatch.setattr(data, "DEBIAN_FOLDER", tmp_path / "no-debian")
    monkeypatch.delenv(data.ENV, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return files


def write(folder, files, zipped=True):
    """Write idx files into `folder`, gzipped or raw."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{'.gz' * zipped}").write_bytes(
            gzip.compress(content) if zipped else content
        )
    return folder
