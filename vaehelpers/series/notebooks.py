"""The four notebooks: their names, where they are found, and copies for a reader to work in."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.files import try_folder, write_whole

NOTEBOOKS = ("01_transformers_theory", "02_vae_theory", "03_vae_train", "04_manifold")
FOLDER = "notebooks"  # of a project, or of a reader's folder
READERS_FOLDER = Path("vaehelpers-notebooks")
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Copies:
    """Notebooks in `place`: names of files that were copied, and of those that differed and stay.

    All others were there already.
    """

    place: Path
    new: list[str]
    kept: list[str]


def packaged() -> Path:
    """Return the folder of the notebooks that came with the package: in a wheel, or its project."""
    inside = PACKAGE / FOLDER
    return inside if inside.is_dir() else PACKAGE.parent / FOLDER


def find(names: tuple[str, ...] = NOTEBOOKS) -> Path:
    """Return the folder of the notebooks that are meant here.

    It is the working folder, or `notebooks/` in it, or else the package's own: the first with any
    of the named ones.
    """
    for folder in (Path(), Path(FOLDER)):
        if _any_in(folder, names):
            return folder
    return packaged()


def working_folder(source: Path) -> Path:
    """Return where kernels work: beside the notebooks, but for the package's own in this folder.

    There they find the data set that was fetched from here.
    """
    return Path.cwd() if source == packaged() else source


def readers_folder() -> Path:
    """Return the folder that `copy_to` is given where a reader names none.

    It is this one, where notebooks are here already, and else one of its own.
    """
    return READERS_FOLDER if find() == packaged() else Path()


def copy_to(folder: Path) -> Copies:
    """Copy the package's own notebooks into `folder`, where they are not there yet.

    They go into `folder/notebooks`, or beside those that lie in `folder` itself. Nothing is ever
    overwritten. The code to which they link becomes a symbolic link, `folder/vaehelpers`, where
    the file system has such links. Raises OutputError where something cannot be written.
    """
    place = folder if _any_in(folder, NOTEBOOKS) else folder / FOLDER
    contents = {f"{name}.ipynb": (packaged() / f"{name}.ipynb").read_bytes() for name in NOTEBOOKS}
    new = [name for name in contents if not os.path.lexists(place / name)]
    kept = [
        name
        for name, content in contents.items()
        if name not in new and not _holds(place / name, content)
    ]
    if new:
        try_folder(folder)
    for name in new:
        write_whole(place / name, contents[name])
    if place != folder:
        _link_code(folder / PACKAGE.name)
    return Copies(place, new, kept)


def _any_in(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / f"{name}.ipynb").is_file() for name in names)


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _link_code(link: Path) -> None:
    """Let a link lead to the package's code; one that leads nowhere any more is replaced."""
    with suppress(OSError):  # no such links here: those of the notebooks then lead nowhere
        if link.is_symlink() and not link.exists():
            link.unlink()
        if not os.path.lexists(link):
            link.symlink_to(PACKAGE, target_is_directory=True)
