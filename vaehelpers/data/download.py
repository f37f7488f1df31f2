"""Fetch FashionMNIST: torchvision's download, else Debian's package unpacked without root."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import DataError, is_full
from . import fashion_mnist

DEBIAN_PACKAGE = "dataset-fashion-mnist"
SCRATCH = ".fetch-"
RAW = Path("FashionMNIST", "raw")  # torchvision's folder of the four files


def fetch(target: Path) -> Path:
    """Download the four files into `target`, in torchvision's layout; return the folder of them.

    Everything happens in a scratch folder; only a verified set is moved into place. Raises
    DataError saying what each source answered, or why nothing can be written into `target`.
    """
    target = target.resolve()  # apt takes relative folders for its own
    print(f"fetching FashionMNIST, 30 MB, into {target}", file=sys.stderr, flush=True)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=SCRATCH) as scratch:
            return _move_into_place(_fetch_verified(Path(scratch), target), target)
    except OSError as error:
        where = Path(error.filename2 or error.filename or target)
        if where.name.startswith(SCRATCH):
            where = target  # which cannot hold a scratch folder
        room = "free 200 MB, or " if is_full(error) else ""
        raise DataError(
            f"FashionMNIST is not there yet, and {where} cannot be written ({error.strerror}); "
            f"{room}set {fashion_mnist.ENV} to a folder of yours, "
            "and run `python -m vaehelpers data`"
        ) from None


def _fetch_verified(scratch: Path, target: Path) -> Path:
    """Return a folder in `scratch` with all four files, from the first source that has them."""
    answers = []
    for name, source in (("torchvision", _torchvision), ("Debian package", _debian)):
        own = scratch / source.__name__
        own.mkdir()
        try:
            source(own)
            fashion_mnist.verify(own / RAW)
            return own / RAW
        except Exception as error:  # whatever went wrong, try the next source
            if is_full(error):
                raise
            answers.append(f"{name}: {_in_brief(error)}")
    raise DataError(
        f"FashionMNIST could not be fetched ({'; '.join(answers)}); copy its four idx files into "
        f"{target}/ or point {fashion_mnist.ENV} at a folder that has them"
    )


def _move_into_place(raw: Path, target: Path) -> Path:
    place = target / RAW
    place.parent.mkdir(exist_ok=True)
    try:
        os.replace(raw, place)  # in one rename, also onto an empty folder
    except OSError:
        if not fashion_mnist.holding(target):  # else another process has been faster
            _move_beside_others(raw, place)
    return fashion_mnist.holding(target) or place


def _move_beside_others(raw: Path, place: Path) -> None:
    """Move the files one by one into a folder in which other things lie, and stay."""
    place.mkdir(exist_ok=True)
    for path in raw.iterdir():
        os.replace(path, place / path.name)


def _torchvision(scratch: Path) -> None:
    # torchvision takes seconds to import, and most machines have the files already.
    from torchvision.datasets import FashionMNIST

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)  # torchvision sets none, and would wait for a silent mirror
    try:
        FashionMNIST(scratch, download=True)
    finally:
        socket.setdefaulttimeout(before)
    for archive in (scratch / RAW).glob("*.gz"):
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
    raw = scratch / RAW
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
    if isinstance(error, DataError):
        text = text.partition("; ")[0]  # the mend would be that of a scratch folder
    return " ".join(text.split())[:300]
