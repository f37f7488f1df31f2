"""The series in batch: presets, checked parameters, staged figures and results."""

import ast
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import papermill
from filelock import FileLock, Timeout

from ..core import provenance
from ..core.device import choose_device
from ..core.files import read_whole, sha256, try_folder, write_json, write_whole
from ..core.settings import check
from ..data.dataset import Dataset
from ..data.sources import load_data
from ..errors import BatchError, SettingError, one_line
from ..published.registry import all_published
from . import comparison, execution, outputs, tour
from .execution import write_notebook
from .notebooks import FOLDER, NOTEBOOKS, check_name, find, packaged, working_folder
from .parameters import PARAMETERS
from .presets import PRESETS, TIMEOUT, check_preset

# What a run leaves: removed in this order, put in place in the opposite one.
KEPT = tuple(f"{name}.ipynb" for name in NOTEBOOKS)
FIGURES = tuple(f"{name}-*.png" for name in NOTEBOOKS)
OURS = ("run.json", "results.json", *KEPT, *(f"figures/{each}" for each in FIGURES))
FOLDERS = {"figures": FIGURES, "failed": KEPT, "verify": KEPT}  # and what a run writes there
LONGEST_RECORD = 2**24  # bytes of a run.json; a run writes some thousand
RUNNING, CLEARING, INSTALLING = ".running-", ".clearing", ".installing"


def plan(
    preset: str, given: dict[str, str], names: tuple[str, ...], source: Path
) -> dict[str, dict[str, Any]]:
    """Return `{notebook: parameters}`, every value checked.

    A parameter goes to each named notebook that declares it; one that none declares is an error.
    Raises SettingError before anything is written.
    """
    check_preset(preset)
    declared = {name: defaults(path) for name, path in paths(names, source).items()}
    known = sorted(set().union(*declared.values()))
    allowed = {name: PARAMETERS[name] for name in known}
    checked = {name: check(name, value, allowed) for name, value in given.items()}
    choose_device(str(checked.get("device", "auto")))
    wanted = {**PRESETS[preset], **checked}
    planned = {}
    for notebook, own in declared.items():
        planned[notebook] = {name: wanted.get(name, default) for name, default in own.items()}
    return planned


def paths(names: tuple[str, ...], source: Path) -> dict[str, Path]:
    """Return `{name: path}` of the named notebooks.

    Raises SettingError for an unknown name, and for a file that is missing or no notebook.
    """
    above = source.parent if source.name == FOLDER else source
    advice = f"`vaehelpers lab --copy-only {shlex.quote(str(above))}` copies it there"
    found = {}
    for name in names:
        check_name(name)
        path = source / f"{name}.ipynb"
        if not path.is_file():
            raise SettingError(f"{path} is not there; {advice}")
        fault = _fault_of(path)
        if fault:
            raise SettingError(f"{path} is no whole notebook ({fault}); rename it, then {advice}")
        found[name] = path
    return found


def _fault_of(path: Path) -> str:
    """Say why a file is no notebook, if it is damaged or empty or holds something else."""
    try:
        nbformat.validate(nbformat.reads(path.read_text(encoding="utf-8"), 4))
    except Exception as error:  # nbformat's are of a dozen kinds, plain KeyErrors among them
        return one_line(error, 100)
    return ""


def defaults(path: Path) -> dict[str, Any]:
    """Return the names and default values of a notebook's `parameters` cell, each checked."""
    found = {}
    for name, entry in papermill.inspect_notebook(path).items():
        value = ast.literal_eval(entry["default"])
        found[name] = check(name, value, PARAMETERS)
    return found


def run_notebooks(
    preset: str,
    given: dict[str, str],
    names: tuple[str, ...] = NOTEBOOKS,
    source: Path | None = None,
    out: Path = Path("build"),
    timeout: int = TIMEOUT,
) -> dict[str, Any]:
    """Execute the notebooks of `source` into `out` and return the run's record.

    Without a `source` they are those that `notebooks.find` finds. `out` gets `NAME.ipynb`, cleaned,
    `figures/NAME-FIGURE.png`, `results.json` and, last of all, `run.json`, put into place only when
    all went well. If a notebook fails or a cell of it takes more than `timeout` seconds, it is kept
    in `out/failed/`, the earlier results stay, and BatchError is raised; so it is while another run
    writes to `out`.
    """
    source = source or find(names)
    planned = plan(preset, given, names, source)
    _refuse_foreign(out)
    dataset = _dataset_of(planned)
    with _alone_in(out) as scratch:
        started = time.perf_counter()
        jobs = {source / f"{name}.ipynb": parameters for name, parameters in planned.items()}
        folder = working_folder(source)
        done = execution.side_by_side(jobs, out / "failed", timeout, folder)
        wall = round(time.perf_counter() - started, 1)
        results, seconds = {}, {}
        for path, executed in done.items():
            results[path.stem] = _stage(executed, path.stem, scratch)
            seconds[path.stem] = executed.seconds
        record = {
            **_describe(preset, planned, dataset),
            "seconds": seconds,
            "wall_seconds": wall,
        }
        write_json(scratch / "results.json", results)
        write_json(scratch / "run.json", record)
        os.replace(scratch, out / CLEARING)
        _install(out)
    return {**record, "results": results}


def refresh_notebooks(
    names: tuple[str, ...] = NOTEBOOKS,
    source: Path | None = None,
    out: Path = Path("build"),
    timeout: int = TIMEOUT,
) -> None:
    """Execute the notebooks with their defaults and write the outputs back, cleaned.

    It is the one way they are committed. The copies in `docs/figures/` that the README shows, and
    the page of all answers, are renewed with them. One notebook after the other: with more threads
    for each, numbers could differ in their last digits. What fails is kept in `out/failed/`.
    Raises SettingError where no notebooks are here but the package's own.
    """
    source = source or find(names)
    found = paths(names, source)
    if source == packaged():
        raise SettingError(
            f"no notebooks are here, and those in {source} came with the package; copy them with "
            "`vaehelpers lab --copy-only FOLDER`, and run this in that folder"
        )
    try_folder(source)
    with _alone_in(out):
        for name, path in found.items():
            executed = execution.side_by_side({path: {}}, out / "failed", timeout)[path]
            write_notebook(executed.notebook, path)
            figures, _ = outputs.collect(executed.notebook)
            for figure, png in figures.items():
                copy = source.parent / "docs" / "figures" / f"{name}-{figure}.png"
                if copy.is_file():  # the figures that the README shows
                    write_whole(copy, png)
        answers = source.parent / "docs" / tour.PAGE
        if answers.is_file() and tour.is_ours(answers):
            write_whole(answers, tour.page(paths(NOTEBOOKS, source).values()).encode())


def verify_notebooks(
    names: tuple[str, ...] = NOTEBOOKS,
    source: Path | None = None,
    out: Path = Path("build"),
    timeout: int = TIMEOUT,
) -> Iterator[str]:
    """Execute the notebooks as `refresh_notebooks` does, and yield each difference from the store.

    A line names the notebook, the cell, what is stored and what came out; `comparison` says what
    counts as a difference. A notebook that differs is kept in `out/verify/`.
    """
    source = source or find(names)
    found = paths(names, source)
    folder = working_folder(source)
    with _alone_in(out):
        _remove_ours(out, "verify")
        for name, path in found.items():
            stored = nbformat.read(path, 4)
            executed = execution.side_by_side({path: {}}, out / "failed", timeout, folder)[path]
            lines = list(comparison.differences(stored, executed.notebook))
            if lines:
                write_notebook(executed.notebook, out / "verify" / path.name)
            for line in lines:
                yield f"{name}, {line}"


@contextmanager
def _alone_in(out: Path) -> Iterator[Path]:
    """Yield a scratch folder in `out`, for the only run that writes there; BatchError if it is not.

    What earlier runs that were killed have left there is put in order first. Raises SettingError
    for files of somebody else's in the folders that a run empties.
    """
    try_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    for stranger in _strangers(out):
        raise SettingError(
            f"{stranger} was not written by a run, which would be in its way; move it, "
            "or name another folder with --out"
        )
    try:
        held = FileLock(out / ".lock").acquire(timeout=0)
    except Timeout:
        raise BatchError(
            f"another run is writing to {out}; wait for its end, or name another folder with --out"
        ) from None
    with held:
        for stale in out.glob(f"{RUNNING}*"):
            shutil.rmtree(stale)
        _install(out)
        with tempfile.TemporaryDirectory(dir=out, prefix=RUNNING) as folder:
            scratch = Path(folder) / "stage"
            scratch.mkdir()
            yield scratch


def _refuse_foreign(out: Path) -> None:
    """Raise SettingError if `out` holds files of our names that no earlier run left.

    A run would replace them.
    """
    if any((out / mark).exists() for mark in ("run.json", CLEARING, INSTALLING)):
        return
    if any(list(out.glob(name)) for name in OURS):
        raise SettingError(
            f"out={out} holds files that no run wrote and that this one would replace; "
            "give a new or empty folder"
        )


def _strangers(out: Path) -> Iterator[Path]:
    """Yield what no run wrote, and what has the name of something that a run empties or replaces.

    Hidden files, such as those that JupyterLab or a file manager keeps, are left alone.
    """
    record = out / "run.json"
    if record.exists() and not _is_a_runs(record):
        yield record
    for name, ours in FOLDERS.items():
        folder = out / name
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            yield folder
        elif folder.is_dir():
            for path in sorted(folder.iterdir()):
                is_ours = path.is_file() and any(path.match(pattern) for pattern in ours)
                if not is_ours and not path.name.startswith("."):
                    yield path


def _is_a_runs(record: Path) -> bool:
    """Say whether a `run.json` is one that a run wrote."""
    try:
        content = msgspec.json.decode(read_whole(record, LONGEST_RECORD))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.keys() >= {"preset", "parameters", "seconds"}


def _dataset_of(planned: dict[str, dict[str, Any]]) -> Dataset | None:
    """Return the data set that the notebooks ask for, or None where none does."""
    sources = {parameters["data"] for parameters in planned.values() if "data" in parameters}
    return load_data(*sources) if sources else None


def _stage(executed: execution.Executed, name: str, stage: Path) -> dict[str, dict[str, Any]]:
    """Write an executed notebook and its figures into the stage, and return its results."""
    write_notebook(executed.notebook, stage / f"{name}.ipynb")
    figures, results = outputs.collect(executed.notebook)
    (stage / "figures").mkdir(exist_ok=True)
    for figure, png in figures.items():
        (stage / "figures" / f"{name}-{figure}.png").write_bytes(png)
    return results


def _describe(preset: str, planned: dict, dataset: Dataset | None) -> dict[str, Any]:
    """Describe a run: what was asked for, with what, on what."""
    devices = [parameters["device"] for parameters in planned.values() if "device" in parameters]
    device = choose_device(devices[0] if devices else "auto")
    weights = {}
    for path in all_published():
        content = path.with_suffix(".safetensors").read_bytes()
        weights[f"{path.parent.name}/{path.stem}"] = sha256(content)
    return {
        "preset": preset,
        "parameters": planned,
        "versions": provenance.versions("torchvision", "matplotlib", "scipy", "papermill"),
        "hardware": provenance.hardware(device),
        "data": {"name": dataset.name, "sha256": dataset.sha256} if dataset else None,
        "weights": weights,
    }


def _install(out: Path) -> None:
    """Put a finished stage, if there is one, in place of what an earlier run left in `out`.

    Other things in `out` are left alone. Where this is killed, the next run goes on with it: every
    step can be repeated, and the stage's name tells how far it came. Meanwhile there is no
    `run.json`. Raises BatchError where the file system refuses.
    """
    clearing, installing = out / CLEARING, out / INSTALLING
    stage = clearing
    try:
        if clearing.is_dir():
            _remove_ours(out)
            os.replace(clearing, installing)
        stage = installing
        if installing.is_dir():
            for path in reversed(_ours_in(installing)):
                place = out / path.relative_to(installing)
                place.parent.mkdir(exist_ok=True)
                os.replace(path, place)
            _remove_ours(out, "failed")
            shutil.rmtree(installing)
    except OSError as error:
        raise BatchError(
            f"{error.filename2 or error.filename}: {error.strerror}; the new results are whole, "
            f"and wait in {stage}: mend this, and the next run puts them in place before it starts"
        ) from None


def _ours_in(out: Path) -> list[Path]:
    """Return the files of a run that are in `out`, in the order in which they are removed."""
    found = []
    for pattern in OURS:
        found += sorted(out.glob(pattern))
    return found


def _remove_ours(out: Path, folder: str = "figures") -> None:
    """Remove what a run has left in `out`, or in its folder `failed` or `verify`, and no more."""
    ours = _ours_in(out) if folder == "figures" else [out / folder / name for name in KEPT]
    for path in ours:
        path.unlink(missing_ok=True)
    with suppress(OSError):  # it is not there, or holds somebody's hidden files
        (out / folder).rmdir()
