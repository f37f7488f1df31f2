"""The series through papermill: presets, checked parameters, staged figures and results."""

import ast
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import nbformat
import papermill

from . import checkpoint, data, execution, outputs, provenance, settings
from .device import choose_device
from .errors import SettingError

NOTEBOOKS = ("01_transformers_theory", "02_vae_theory", "03_vae_train", "04_manifold")
# `quick` leaves the notebooks' own defaults, which nbval uses too; a preset names only what it changes.
PRESETS = {"quick": {}, "full": {"train_images": 10_000}, "drawn": {"data": "drawn"}}


def plan(
    preset: str, given: dict[str, str], names: tuple[str, ...], source: Path
) -> dict[str, dict]:
    """Return `{notebook: parameters}`, every value checked. Raises SettingError before anything is written.

    A parameter goes to each named notebook that declares it; one that none declares is an error.
    """
    if preset not in PRESETS:
        raise SettingError(f"unknown preset {preset}; allowed: {', '.join(PRESETS)}")
    declared = {name: defaults(path) for name, path in paths(names, source).items()}
    among = tuple(sorted(set().union(*declared.values())))
    checked = {key: settings.check(key, value, among) for key, value in given.items()}
    choose_device(checked.get("device", "auto"))
    wanted = PRESETS[preset] | checked
    return {
        name: {key: wanted.get(key, default) for key, default in own.items()}
        for name, own in declared.items()
    }


def paths(names: tuple[str, ...], source: Path) -> dict[str, Path]:
    """Return `{name: path}` of the named notebooks. Raises SettingError for an unknown name or a missing file."""
    for name in names:
        if name not in NOTEBOOKS:
            raise SettingError(f"unknown notebook {name}; allowed: {', '.join(NOTEBOOKS)}")
        if not (source / f"{name}.ipynb").is_file():
            raise SettingError(
                f"{source / name}.ipynb is not there; run this in the project's folder"
            )
    return {name: source / f"{name}.ipynb" for name in names}


def defaults(path: Path) -> dict:
    """Return the names and default values of a notebook's `parameters` cell, each checked."""
    declared = papermill.inspect_notebook(path)
    return {
        name: settings.check(name, ast.literal_eval(entry["default"]))
        for name, entry in declared.items()
    }


def run(
    preset: str,
    given: dict[str, str],
    names: tuple[str, ...] = NOTEBOOKS,
    source: Path = Path("notebooks"),
    out: Path = Path("build"),
) -> dict:
    """Execute the notebooks into `out` and return the run's record.

    `out` gets `NAME.ipynb`, `figures/NAME-FIGURE.png`, `results.json` and `run.json`, moved into place only
    when all went well. If one fails, it is kept in `out/failed/`, the earlier results stay, and BatchError
    is raised.
    """
    planned = plan(preset, given, names, source)
    _refuse_foreign(out)
    sources = {parameters["data"] for parameters in planned.values() if "data" in parameters}
    dataset = data.load(*sources) if sources else None
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".running-") as scratch:
        stage = Path(scratch) / "stage"
        (stage / "figures").mkdir(parents=True)
        started = time.perf_counter()
        done = execution.side_by_side(planned, source, stage, out / "failed")
        wall = round(time.perf_counter() - started, 1)
        results = {name: _collect(notebook, name, stage) for name, (notebook, _) in done.items()}
        record = _record(
            preset, planned, dataset, {name: seconds for name, (_, seconds) in done.items()}, wall
        )
        _write(stage / "results.json", results)
        _write(stage / "run.json", record)
        _install(stage, out)
    return {**record, "results": results}


def refresh(
    names: tuple[str, ...] = NOTEBOOKS,
    source: Path = Path("notebooks"),
    failed: Path = Path("build/failed"),
) -> None:
    """Execute the notebooks with their defaults and write the outputs back, cleaned: the one way they are committed.

    The copies in `docs/figures/` that the README shows are renewed with them.
    """
    for name, path in paths(names, source).items():
        with tempfile.TemporaryDirectory() as scratch:
            notebook = execution.execute(path, {}, Path(scratch) / path.name, failed)
        partial = path.with_suffix(".partial")
        nbformat.write(outputs.clean(notebook), partial)
        os.replace(partial, path)
        for figure, png in outputs.collect(notebook)[0].items():
            copy = source.parent / "docs" / "figures" / f"{name}-{figure}.png"
            if copy.is_file():  # the figures that the README shows
                copy.write_bytes(png)


def _refuse_foreign(out: Path) -> None:
    """Raise SettingError if `out` holds files of our names that no earlier run left: a run would replace them."""
    ours = {
        *(f"{name}.ipynb" for name in NOTEBOOKS),
        "figures",
        "failed",
        "results.json",
        "run.json",
    }
    if (
        out.is_dir()
        and not (out / "run.json").is_file()
        and ours & {item.name for item in out.iterdir()} - {"failed"}
    ):
        raise SettingError(
            f"out={out} holds files that no run wrote and that this one would replace; "
            "give a new or empty folder"
        )


def _collect(notebook, name: str, stage: Path) -> dict:
    """Save an executed notebook's figures in the stage and return its results."""
    figures, results = outputs.collect(notebook)
    for figure, png in figures.items():
        (stage / "figures" / f"{name}-{figure}.png").write_bytes(png)
    return results


def summary(record: dict) -> str:
    """Return two tables of a run's record in words: seconds of each notebook, and each result with unit and origin."""
    lines = [f"\n{'notebook':<26}{'seconds':>8}"]
    times = {**record["seconds"], "all, side by side": record["wall_seconds"]}
    lines += [f"{name:<26}{seconds:>8.1f}" for name, seconds in times.items()]
    lines.append(f"\n{'result':<34}{'value':>12}  unit")
    for name, entry in (pair for results in record["results"].values() for pair in results.items()):
        origin = "  [drawn]" if entry["data"] == "drawn" else "  [recorded]" * entry["recorded"]
        lines.append(f"{name:<34}{entry['value']:>12.6g}  {entry['unit']}{origin}")
    return "\n".join(lines)


def _record(
    preset: str, planned: dict, dataset: data.Dataset | None, seconds: dict, wall: float
) -> dict:
    """Describe a run: what was asked for, with what, on what, and how long it took."""
    device = next(
        (parameters["device"] for parameters in planned.values() if "device" in parameters), "auto"
    )
    weights = {
        f"{path.parent.name}/{path.stem}": path.with_suffix(".safetensors").read_bytes()
        for path in checkpoint.all_published()
    }
    return {
        "preset": preset,
        "parameters": planned,
        "versions": provenance.versions("torchvision", "matplotlib", "scipy", "papermill"),
        "hardware": provenance.hardware(choose_device(device)),
        "data": {"name": dataset.name, "sha256": dataset.sha256} if dataset else None,
        "weights": {name: hashlib.sha256(content).hexdigest() for name, content in weights.items()},
        "seconds": seconds,
        "wall_seconds": wall,
    }


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")


def _install(stage: Path, out: Path) -> None:
    """Put the stage in place of all that an earlier run left; what else lies in `out` is left alone."""
    for name in NOTEBOOKS:
        (out / f"{name}.ipynb").unlink(missing_ok=True)
    for item in stage.iterdir():
        target = out / item.name
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(item, target)
    shutil.rmtree(out / "failed", ignore_errors=True)
