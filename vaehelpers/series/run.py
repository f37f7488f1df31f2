"""The series in batch: presets, checked parameters, staged figures and results."""

import ast
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbformat import NotebookNode

from ..core import provenance
from ..core.device import choose_device
from ..core.files import sha256
from ..core.settings import check, did_you_mean
from ..data.dataset import Dataset
from ..data.sources import load_data
from ..errors import SettingError
from ..published.registry import all_published
from . import execution, outputs
from .parameters import PARAMETERS

NOTEBOOKS = ("01_transformers_theory", "02_vae_theory", "03_vae_train", "04_manifold")
# `quick` leaves the notebooks' own defaults, which nbval uses too; a preset names only changes.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    "full": {"train_images": 10_000},
    "drawn": {"data": "drawn"},
}


def plan(
    preset: str, given: dict[str, str], names: tuple[str, ...], source: Path
) -> dict[str, dict[str, Any]]:
    """Return `{notebook: parameters}`, every value checked.

    A parameter goes to each named notebook that declares it; one that none declares is an error.
    Raises SettingError before anything is written.
    """
    if preset not in PRESETS:
        hint = did_you_mean(preset, PRESETS)
        raise SettingError(f"unknown preset {preset}; {hint}allowed: {', '.join(PRESETS)}")
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

    Raises SettingError for an unknown name or a missing file.
    """
    found = {}
    for name in names:
        if name not in NOTEBOOKS:
            hint = did_you_mean(name, NOTEBOOKS)
            raise SettingError(f"unknown notebook {name}; {hint}allowed: {', '.join(NOTEBOOKS)}")
        path = source / f"{name}.ipynb"
        if not path.is_file():
            raise SettingError(f"{path} is not there; run this in the project's folder")
        found[name] = path
    return found


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
    source: Path = Path("notebooks"),
    out: Path = Path("build"),
) -> dict[str, Any]:
    """Execute the notebooks into `out` and return the run's record.

    `out` gets `NAME.ipynb`, `figures/NAME-FIGURE.png`, `results.json` and `run.json`, moved into
    place only when all went well. If one fails, it is kept in `out/failed/`, the earlier results
    stay, and BatchError is raised.
    """
    planned = plan(preset, given, names, source)
    _refuse_foreign(out)
    dataset = _dataset_of(planned)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".running-") as scratch:
        stage = Path(scratch) / "stage"
        (stage / "figures").mkdir(parents=True)
        started = time.perf_counter()
        done = execution.side_by_side(planned, source, stage, out / "failed")
        wall = round(time.perf_counter() - started, 1)
        results, seconds = {}, {}
        for name, (notebook, took) in done.items():
            results[name] = _collect(notebook, name, stage)
            seconds[name] = took
        record = {
            **_describe(preset, planned, dataset),
            "seconds": seconds,
            "wall_seconds": wall,
        }
        _write(stage / "results.json", results)
        _write(stage / "run.json", record)
        _install(stage, out)
    return {**record, "results": results}


def refresh_notebooks(
    names: tuple[str, ...] = NOTEBOOKS,
    source: Path = Path("notebooks"),
    failed: Path = Path("build/failed"),
) -> None:
    """Execute the notebooks with their defaults and write the outputs back, cleaned.

    It is the one way they are committed. The copies in `docs/figures/` that the README shows are
    renewed with them.
    """
    for name, path in paths(names, source).items():
        with tempfile.TemporaryDirectory() as scratch:
            notebook = execution.execute(path, {}, Path(scratch) / path.name, failed)
        partial = path.with_suffix(".partial")
        nbformat.write(outputs.clean(notebook), partial)
        os.replace(partial, path)
        figures, _ = outputs.collect(notebook)
        for figure, png in figures.items():
            copy = source.parent / "docs" / "figures" / f"{name}-{figure}.png"
            if copy.is_file():  # the figures that the README shows
                copy.write_bytes(png)


def summary(record: dict[str, Any]) -> str:
    """Return a run's record as text, in two tables.

    They list the seconds of each notebook, and each result with its unit and origin.
    """
    lines = [f"\n{'notebook':<26}{'seconds':>8}"]
    for name, seconds in record["seconds"].items():
        lines.append(f"{name:<26}{seconds:>8.1f}")
    lines.append(f"{'all, side by side':<26}{record['wall_seconds']:>8.1f}")
    lines.append(f"\n{'result':<34}{'value':>12}  unit")
    for results in record["results"].values():
        for name, entry in results.items():
            lines.append(f"{name:<34}{entry['value']:>12.6g}  {entry['unit']}{_origin(entry)}")
    return "\n".join(lines)


def _origin(entry: dict[str, Any]) -> str:
    """Say where a result comes from, if not from this run on FashionMNIST."""
    if entry["data"] == "drawn":
        return "  [drawn]"
    return "  [recorded]" if entry["recorded"] else ""


def _refuse_foreign(out: Path) -> None:
    """Raise SettingError if `out` holds files of our names that no earlier run left.

    A run would replace them.
    """
    if not out.is_dir() or (out / "run.json").is_file():
        return
    ours = {*(f"{name}.ipynb" for name in NOTEBOOKS), "figures", "results.json", "run.json"}
    if ours & {item.name for item in out.iterdir()}:
        raise SettingError(
            f"out={out} holds files that no run wrote and that this one would replace; "
            "give a new or empty folder"
        )


def _dataset_of(planned: dict[str, dict[str, Any]]) -> Dataset | None:
    """Return the data set that the notebooks ask for, or None where none does."""
    sources = {parameters["data"] for parameters in planned.values() if "data" in parameters}
    return load_data(*sources) if sources else None


def _collect(notebook: NotebookNode, name: str, stage: Path) -> dict[str, dict[str, Any]]:
    """Save an executed notebook's figures in the stage and return its results."""
    figures, results = outputs.collect(notebook)
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


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def _install(stage: Path, out: Path) -> None:
    """Put the stage in place of all that an earlier run left; leave other things in `out` alone."""
    for name in NOTEBOOKS:
        (out / f"{name}.ipynb").unlink(missing_ok=True)
    for item in stage.iterdir():
        target = out / item.name
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(item, target)
    shutil.rmtree(out / "failed", ignore_errors=True)
