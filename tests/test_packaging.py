"""What a fresh machine gets: dependency lists that agree, a core without Jupyter, and no side effect of importing."""

import ast
import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from vaehelpers import checkpoint, evidence, outputs, recorded

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA_NAMES = {"pytorch": "torch"}  # the one package that conda-forge calls differently


def wanted(*extras: str) -> dict[str, str]:
    """Return `{name: lower bound}` of pyproject's dependencies and the given extras."""
    lines = PROJECT["dependencies"] + [
        line for extra in extras for line in PROJECT["optional-dependencies"][extra]
    ]
    return dict(line.split(">=") for line in lines)


def test_environment_yml_and_pyproject_agree():
    text = (ROOT / "environment.yml").read_text()
    conda = dict(re.findall(r"^ +- ([\w-]+)>=([\d.]+)$", text, re.M))
    conda = {CONDA_NAMES.get(name, name): bound for name, bound in conda.items()}
    assert conda == wanted("notebooks", "test")
    assert re.search(r"^channels:\n  - conda-forge\n  - nodefaults$", text, re.M)
    low, high = re.search(r"python>=([\d.]+),<([\d.]+)", text).groups()
    assert PROJECT["requires-python"] == f">={low}"
    assert high == "3.14"


def test_constraints_pin_every_dependency_and_name_no_host():
    text = (ROOT / "constraints.txt").read_text()
    pinned = set(re.findall(r"^([\w.-]+)==[\w.+]+(?: ;.*)?$", text, re.M))
    assert len(pinned) > 50
    assert {*wanted("notebooks", "test"), "uv"} <= pinned
    assert "://" not in text
    assert not re.search(r"^-", text, re.M)


def test_core_imports_without_jupyter_and_without_side_effects():
    program = """
import sys
hidden = ("IPython", "ipywidgets", "jupyterlab", "papermill", "nbval", "nbformat", "ipykernel", "traitlets",
          "anywidget", "constriction")
sys.modules.update(dict.fromkeys(hidden))
import matplotlib, torch
before = dict(matplotlib.rcParams), torch.random.get_rng_state(), torch.get_num_threads()
import vaehelpers
from vaehelpers import checkpoint, classifier, data, diagrams, download, drawn, epoch_log, errors, evidence, figures
from vaehelpers import latent, likelihood, mail, model, objective, outputs, progress, provenance, recorded, seq2seq
from vaehelpers import settings, spam, timing, training, walk, commands
after = dict(matplotlib.rcParams), torch.random.get_rng_state(), torch.get_num_threads()
assert before[0] == after[0] and torch.equal(before[1], after[1]) and before[2] == after[2]
sys.exit(commands.main(["run"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(
        r"vaehelpers run: the package \w+ is missing; install vaehelpers\[notebooks\]\n",
        done.stderr,
    )
    assert done.stdout == ""


def test_published_weights_travel_with_the_package():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"][
        "package-data"
    ]["vaehelpers"]
    package = ROOT / "vaehelpers"
    packed = {path for pattern in patterns for path in package.glob(pattern)}
    endings = (".safetensors", ".json", ".mplstyle", ".txt", ".js", ".css")
    assert {path for path in package.rglob("*") if path.suffix in endings} <= packed


def test_readme_states_the_recorded_scores():
    text, bounds = (ROOT / "README.md").read_text(), recorded.load(evidence.NAME)["results"]
    for z_dim, variant in ((20, ""), (20, "best"), (2, "")):
        meta = checkpoint.read_meta(checkpoint.published(z_dim, 80, variant))
        tight = bounds["-".join(filter(None, [f"z{z_dim:02d}", variant, "test"]))]["bpd"][-1]
        scores = (
            meta["history"][-1]["train_bpd"],
            meta["history"][-1]["val_bpd"],
            meta["test"]["bpd"],
            tight,
        )
        row = " | ".join(
            [f"| {z_dim}, {variant or 'practical'}", *(f"{score:.3f}" for score in scores)]
        )
        assert f"{row} |" in text, row


def test_readme_states_what_the_benchmarks_recorded():
    text, folder = (ROOT / "README.md").read_text(), ROOT / "benchmarks" / "results"
    explorer, quality, speed = (
        json.loads((folder / f"{name}.json").read_text())
        for name in ("explorer", "quality", "training-cpu")
    )
    rows = [f"| {name} | {part['pictures']:.0f} |" for name, part in explorer["results"].items()]
    for name, row in quality["recipes"].items():
        ends = [run[-1] for run in row["val_bpd"]]
        rows.append(
            f"| {name} | {statistics.mean(ends):.3f} | {min(ends):.3f} to {max(ends):.3f} |"
        )
    rates, limits = speed["images_per_second"], speed["limits"]
    base = max(rate for name, rate in rates.items() if name.startswith("textbook"))
    rows += [
        f"| {name} | {rate:,.0f} | {rate / base:.2f} | {rate / limits[name]:.0%} |"
        for name, rate in rates.items()
    ]
    assert [row for row in rows if row not in text] == []
    assert [
        path.name for path in folder.glob("*.png") if f"benchmarks/results/{path.name}" not in text
    ] == []


def test_files_and_functions_stay_small():
    for path in (ROOT / "vaehelpers").glob("*.py"):
        assert len(path.read_text().splitlines()) < 200, path.name
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 40, f"{path.name}: {node.name}"


def test_readme_figures_are_the_notebooks():
    copies = sorted((ROOT / "docs" / "figures").glob("*.png"))
    assert len(copies) >= 3
    for copy in copies:
        name, figure = copy.stem.split("-", 1)
        shown, _ = outputs.collect(nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4))
        assert copy.read_bytes() == shown[figure], f"{copy.name} differs: run `make notebooks`"
        assert f"docs/figures/{copy.name}" in (ROOT / "README.md").read_text()
