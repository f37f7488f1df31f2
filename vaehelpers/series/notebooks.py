"""The four notebooks: their names, where they are found, and copies for a reader to work in."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..core.files import try_folder, write_whole
from ..core.settings import did_you_mean
from ..errors import SettingError

NOTEBOOKS = ("01_transformers_theory", "02_vae_theory", "03_vae_train", "04_manifold")
FOLDER = "notebooks"  # of a project, or of a reader's folder
SUFFIX = ".ipynb"
LINK = re.compile(r"\]\(\.\./(vaehelpers/[\w./-]+)\)")  # to code, as notebooks write it
READERS_FOLDER = Path("vaehelpers-notebooks")
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Copies:
    """Notebooks in `place`: names of those that were copied, and files that differ and stay.

    The latter are paths below the reader's folder. `code` counts the files of the package's code
    that were copied, too. All others were there.
    """

    place: Path
    new: list[str]
    kept: list[str]
    code: int


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


def check_name(name: str) -> None:
    """Raise SettingError for a name that is not among `NOTEBOOKS`."""
    if name not in NOTEBOOKS:
        hint = did_you_mean(name, NOTEBOOKS)
        raise SettingError(f"unknown notebook {name}; {hint}allowed: {', '.join(NOTEBOOKS)}")


def name_of(text: str) -> str:
    """Return a notebook's name for what a person types: its number, its file, or the name.

    A file has to be the one that is meant here (`find`). What names none is returned as it is.
    """
    path = Path(text)
    numbers = {str(i): name for i, name in enumerate(NOTEBOOKS, 1)}
    name = numbers.get(text.removeprefix("0"), path.name.removesuffix(SUFFIX))
    if name not in NOTEBOOKS:
        return text
    is_here = path.parent == Path() or path.parent.resolve() == find((name,)).resolve()
    return name if is_here else text


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

    They go into `folder/notebooks`, or beside those that lie in `folder` itself. The files of code
    to which they link go into `folder/vaehelpers`, to be read: Python does not import them, since
    there is no `__init__.py`. Nothing is ever overwritten. Raises OutputError where something
    cannot be written.
    """
    place = folder if _any_in(folder, NOTEBOOKS) else folder / FOLDER
    wanted = {place / path.name: path for path in _packaged_notebooks()}
    if place != folder:
        wanted |= {folder / path.relative_to(PACKAGE.parent): path for path in _linked_code()}
    new, kept = [], []
    for target, source in wanted.items():
        if not os.path.lexists(target):
            new.append(target)
        elif not target.is_file() or target.read_bytes() != source.read_bytes():
            kept.append(target.relative_to(folder).as_posix())
    if new:
        try_folder(folder)
    for target in new:
        write_whole(target, wanted[target].read_bytes())
    names = [target.name for target in new if target.suffix == SUFFIX]
    return Copies(place, names, kept, len(new) - len(names))


def _any_in(folder: Path, names: tuple[str, ...]) -> bool:
    return any((folder / f"{name}{SUFFIX}").is_file() for name in names)


def _packaged_notebooks() -> list[Path]:
    return [packaged() / f"{name}{SUFFIX}" for name in NOTEBOOKS]


def _linked_code() -> list[Path]:
    """Return the files of the package to which its notebooks link."""
    links = set()
    for path in _packaged_notebooks():
        links.update(LINK.findall(path.read_text(encoding="utf-8")))
    found = [PACKAGE.parent / link for link in sorted(links)]
    return [path for path in found if path.is_file()]
