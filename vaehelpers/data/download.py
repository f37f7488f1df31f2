"""Fetch FashionMNIST: torchvision's download, else Debian's package unpacked without root."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from ..errors import DataError
from . import fashion_mnist

DEBIAN_PACKAGE = "dataset-fashion-mnist"


def fetch(target: Path) -> Path:
    """Download the four files into `target`, in torchvision's layout; return the folder of them.

    Everything happens in a scratch folder; only a verified set is moved into place, in one rename.
    Raises DataError saying what each source answered.
    """
    target = target.resolve()  # apt takes relative folders for its own
    target.mkdir(parents=True, exist_ok=True)
    answers = []
    for name, source in (("torchvision", _torchvision), ("Debian package", _debian)):
        with tempfile.TemporaryDirectory(dir=target, prefix=".fetch-") as scratch:
            try:
                source(Path(scratch))
                fashion_mnist.verify(Path(scratch) / "FashionMNIST" / "raw")
                return _move_into_place(Path(scratch), target)
            except Exception as error:  # whatever went wrong, try the next source
                answers.append(f"{name}: {_in_brief(error)}")
    raise DataError(
        f"FashionMNIST could not be fetched ({'; '.join(answers)}); copy its four idx files into "
        f"{target}/ or point VAEHELPERS_DATA at a folder that has them"
    )


def _move_into_place(scratch: Path, target: Path) -> Path:
    try:
        os.replace(scratch / "FashionMNIST", target / "FashionMNIST")
    except OSError:
        if not fashion_mnist.holding(target):  # no other process has put it there: a real failure
            raise
    return fashion_mnist.holding(target) or target


def _torchvision(scratch: Path) -> None:
    # torchvision takes seconds to import, and most machines have the files already.
    from torchvision.datasets import FashionMNIST

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)  # torchvision sets none, and would wait for a silent mirror
    try:
        FashionMNIST(scratch, download=True)
    finally:
        socket.setdefaulttimeout(before)
    for archive in (scratch / "FashionMNIST" / "raw").glob("*.gz"):
        archive.unlink()  # torchvision keeps them beside the unpacked files


def _debian(scratch: Path) -> None:
    """Let apt find the package with lists of its own: neither root nor a fresh list is needed."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise DataError("apt is not on this machine")
    options = [
        f"-oDir::State::Lists={scratch}/lists",
        f"-oDir::Cache={scratch}/cache",
        "-oAPT::Sandbox::User=",
    ]
    for folder in ("lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    # The lists of other repositories may fail to update, as long as the package is found.
    _run_quietly(["apt-get", *options, "update"], scratch, check=False)
    _run_quietly(["apt-get", *options, "download", DEBIAN_PACKAGE], scratch)
    package = next(scratch.glob("*.deb"))
    _run_quietly(["dpkg-deb", "--extract", package.name, "unpacked"], scratch)
    unpacked = scratch / "unpacked/usr/share/datasets/fashion-mnist"
    raw = scratch / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in fashion_mnist.SHA256:
        os.replace(unpacked / f"{name}.gz", raw / f"{name}.gz")


def _run_quietly(command: list[str], folder: Path, check: bool = True) -> None:
    subprocess.run(
        command, cwd=folder, check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def _in_brief(error: Exception) -> str:
    """Return what an error says on one line: of a failed command, what it printed."""
    text = getattr(error, "stderr", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:300]
