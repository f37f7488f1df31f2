"""The command by which a reader reads: lab."""

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from typing import NoReturn

from .. import __version__
from ..core.paths import expanded
from ..core.progress import BATCH
from ..data import places
from ..errors import DataError, SettingError
from ..series.notebooks import Copies, copy_to, readers_folder
from .parsing import EXTRA, Add


def add_commands(add: Add) -> None:
    """Add the command, with its options and examples."""
    lab = add(
        "lab",
        _lab,
        "copy the notebooks into a folder of yours, and open JupyterLab there",
        "vaehelpers lab                                  # into ./vaehelpers-notebooks",
        'vaehelpers lab "my course"                      # into a folder of your choice',
        "vaehelpers lab --copy-only                      # open nothing",
        "vaehelpers lab -- --no-browser --port=9999      # what follows -- is for JupyterLab",
    )
    lab.hands_on = True
    lab.add_argument(
        "folder",
        nargs="?",
        type=expanded,
        metavar="FOLDER",
        help="the folder; it gets notebooks/, and nothing of yours is overwritten (default: this "
        "one where notebooks are here already, else vaehelpers-notebooks)",
    )
    lab.add_argument(
        "--copy-only", action="store_true", help="copy the notebooks, and open nothing"
    )


def _lab(args: argparse.Namespace) -> None:
    if not args.copy_only and importlib.util.find_spec("jupyterlab") is None:
        raise SettingError(f"the package jupyterlab is missing; {EXTRA}")

    folder = args.folder or readers_folder()
    copies = copy_to(folder)
    for line in _say(folder, copies):
        print(line)
    if args.copy_only:
        return
    root, start = folder.absolute(), copies.place.absolute()
    os.chdir(root)  # where the data set is looked for, and fetched to
    _fetch_data()
    _open(root, start, args.rest)


def _say(folder: Path, copies: Copies) -> list[str]:
    """Say in a line each what was copied, and what was not since it is the reader's own."""
    lines = []
    if copies.new:
        lines.append(f"copied into {copies.place}/: {', '.join(copies.new)}")
    if copies.code:
        lines.append(
            f"copied into {folder / 'vaehelpers'}/: {copies.code} files of code, to read; "
            "what runs is the package that is installed"
        )
    if copies.kept:
        lines.append(
            f"kept as you have them in {folder}/: {', '.join(copies.kept)} "
            f"(rename yours, and the next `lab` brings those of vaehelpers {__version__})"
        )
    return lines or [f"the four notebooks are in {copies.place}/"]


def _fetch_data() -> None:
    """Fetch the data set where it is not there yet; without it the notebooks can still be read."""
    if places.find():
        return
    from ..data.sources import fetch_data

    try:
        fetch_data()
    except DataError as error:
        print(f"vaehelpers lab: {error}", file=sys.stderr)


def _open(root: Path, start: Path, options: list[str]) -> NoReturn:
    """Become JupyterLab: signals and Ctrl-C are its own, and so is the exit code."""
    script = Path(sys.executable).with_name("jupyter-lab")
    # As a module, it would import what lies in the working folder before its own packages.
    command = [str(script)] if script.is_file() else [sys.executable, "-m", "jupyterlab"]
    command += [
        f"--ServerApp.root_dir={root}",
        f"--FileContentsManager.preferred_dir={start}",
        *options,
    ]
    if getattr(os, "geteuid", int)() == 0 and "--allow-root" not in options:
        print("JupyterLab does not start as root unless told: `-- --allow-root`", file=sys.stderr)
    environment = {name: value for name, value in os.environ.items() if name != BATCH}
    sys.stdout.flush()
    os.execve(command[0], command, environment)
