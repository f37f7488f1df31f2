"""Fixtures: the two data sets, and a tiny FashionMNIST on disk whose hashes the package is told."""

import gzip
import hashlib
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from filelock import FileLock
from matplotlib.axes import Axes

from vaehelpers import VAE
from vaehelpers.data import fashion_mnist, load_data, places
from vaehelpers.explorers import walk
from vaehelpers.vae import seeded_vae

ROOT = Path(__file__).parents[1]


def pytest_configure():
    """Share the processors among workers of pytest, with kernels and commands that they start."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        threads = max(1, torch.get_num_threads() // workers)
        torch.set_num_threads(threads)
        os.environ["OMP_NUM_THREADS"] = str(threads)


def pytest_addoption(parser):
    """Add the option for what takes long."""
    text = "run every notebook with all pairs of allowed values, which takes an hour"
    parser.addoption("--long", action="store_true", help=text)


@pytest.fixture(scope="session", autouse=True)
def located():
    """Find the real data set once, as `make setup` left it: tests run in folders of their own."""
    folder = fashion_mnist.locate()
    assert folder, "FashionMNIST is not set up; run `python -m vaehelpers data`"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fashion_mnist.ENV, str(folder.resolve()))
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """Have Ctrl-C interrupt, as it does in the foreground: several workers of pytest ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def fashion():
    """The real data set."""
    return load_data()


@pytest.fixture(scope="session")
def drawn():
    """The procedural stand-in."""
    return load_data("drawn")


@pytest.fixture
def float64_default():
    """Make 64 bits the process's default type for a test."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def idx_files(train: int = 20, test: int = 10) -> dict[str, bytes]:
    """Return four small idx files by name, in the format of the real ones."""
    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", train), ("t10k", test)):
        image_header = np.array([0x803, count, 28, 28], ">u4").tobytes()
        pixels = rng.integers(0, 256, count * 784, np.uint8).tobytes()
        files[f"{part}-images-idx3-ubyte"] = image_header + pixels
        label_header = np.array([0x801, count], ">u4").tobytes()
        labels = rng.integers(0, 10, count, np.uint8).tobytes()
        files[f"{part}-labels-idx1-ubyte"] = label_header + labels
    return files


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """The files of `idx_files()`, for a package that takes their hashes for FashionMNIST's.

    The working folder is empty, no environment variable names another, and no Debian folder is
    there.
    """
    files = idx_files()
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in fashion_mnist.SHA256}
    monkeypatch.setattr(fashion_mnist, "SHA256", hashes)
    monkeypatch.setattr(fashion_mnist, "SIZES", {name: len(files[name]) for name in hashes})
    monkeypatch.setattr(places, "DEBIAN_FOLDER", tmp_path / "no-debian")
    monkeypatch.delenv(fashion_mnist.ENV, raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return files


def write_idx_files(folder: Path, files: dict[str, bytes], zipped: bool = True) -> Path:
    """Write idx files into `folder`, gzipped or raw, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def figures_forgotten():
    """Close every figure that a test leaves, and forget the style of a notebook that it ran."""
    with mpl.rc_context():
        yield
    plt.close("all")


@pytest.fixture
def house_style():
    """Draw as the notebooks do, and forget it afterwards."""
    with plt.style.context("vaehelpers.figures.style"):
        yield


def words(ax: Axes) -> list[str]:
    """Return the texts that stand in some axes."""
    return [text.get_text() for text in ax.texts]


def lively(z_dim: int) -> VAE:
    """Return a model with weights large enough that pictures and codes differ."""
    model = seeded_vae(0, z_dim=z_dim)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


@pytest.fixture(scope="session")
def flat_walk():
    """A walk over two latents."""
    return walk.over_prior(lively(2))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built site's folder: what `make site` left if it is of today's files, or a new one.

    Tests are skipped where what builds it is not installed. Workers share the new one.
    """
    pytest.importorskip("sphinx", reason="the packages of the site are not installed: `make site`")
    if not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    staging = runpy.run_path(str(ROOT / "docs" / "site" / "staging.py"))
    stamp = ROOT / "site" / staging["SOURCES"]
    if stamp.is_file() and stamp.read_text() == staging["hash_of_sources"]():
        return ROOT / "site"
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with FileLock(shared / "site.lock"):
        return _built(shared / "built")


def _built(folder: Path) -> Path:
    """Return the site that is built in a folder, by this worker or another."""
    site = folder / "site"
    if site.is_dir():
        return site
    folder.mkdir(exist_ok=True)
    command = [sys.executable, ROOT / "docs/site/build.py", "--no-pdf", "--out", site]
    # Into a file: the end of a pipe might be waited for as long as a program of the build lives.
    with (folder / "log").open("w") as log:
        done = subprocess.run(command, stdout=log, stderr=log)
    said = (folder / "log").read_text()
    if "npm could not fetch" in said:
        pytest.skip("KaTeX is not here yet, and there is no network: `make site`")
    assert done.returncode == 0, said
    return site


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The source of axe-core, fetched from npm; the test is skipped where that cannot be had."""
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", "axe-core@4.10.3", "--json"]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if packed.returncode:
        pytest.skip("axe-core cannot be fetched from npm")
    shutil.unpack_archive(folder / json.loads(packed.stdout)[0]["filename"], folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    """A headless browser of the system; the tests are skipped where there is none."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the package playwright is not installed"
    )
    from lab import FLAGS, chromium  # beside the tests that ask for it

    path = chromium()
    if not path:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as engine:
        running = engine.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()
