"""What a fresh machine gets: dependency lists that agree, files that travel, quiet imports."""

import json
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from vaehelpers.published import evidence, load_record, published_checkpoint
from vaehelpers.series import outputs
from vaehelpers.training.checkpoint import read_meta

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vaehelpers"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
PERFORMANCE = (ROOT / "docs" / "performance.md").read_text()
CONSTRAINTS = (ROOT / "constraints.txt").read_text()
CONDA_NAMES = {"pytorch": "torch"}  # the one package that conda-forge calls differently


NEWEST_PYTHON = "3.13"
A_PIN = r"^([\w.-]+)==([\w.+]+)(?: ; ([^\\\n]+?))?(?: \\)?$"  # name, version, marker


def wanted(*extras: str, python: str = NEWEST_PYTHON) -> dict[str, SpecifierSet]:
    """Return `{name: bounds}` of pyproject's dependencies and the given extras on a Python."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    found = {}
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            found[requirement.name] = requirement.specifier
    return found


def pinned(python: str = NEWEST_PYTHON) -> dict[str, str]:
    """Return `{name: version}` of what constraints.txt pins on Linux with a Python."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.99",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
    }
    found = {}
    for name, version, marker in re.findall(A_PIN, CONSTRAINTS, re.MULTILINE):
        if not marker or Marker(marker).evaluate(environment):
            found[name] = version
    return found


def test_environment_yml_and_pyproject_agree():
    text = (ROOT / "environment.yml").read_text()
    listed = re.findall(r"^ +- ([\w-]+)(>=[\d.,!=<]+)$", text, re.MULTILINE)
    conda = {CONDA_NAMES.get(name, name): SpecifierSet(bounds) for name, bounds in listed}
    assert len(conda) == len(listed) > 15
    python = conda.pop("python")
    assert conda == wanted("notebooks", "test", "lint")
    assert re.search(r"^channels:\n  - conda-forge\n  - nodefaults$", text, re.MULTILINE)
    # conda brings a Python of its own, so that it need not be one that is no longer maintained.
    assert python == SpecifierSet(">=3.11,<3.14")
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(">=3.10")


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_constraints_pin_what_pyproject_allows(python):
    pins = pinned(python)
    for name, bounds in wanted("notebooks", "test", "lint", python=python).items():
        assert bounds.contains(pins[name]), name
    assert {"uv", "setuptools"} <= pins.keys()
    (builder,) = map(Requirement, PYPROJECT["build-system"]["requires"])
    assert builder.specifier.contains(pins[builder.name])


def test_constraints_name_a_hash_for_everything_and_no_host():
    blocks = re.split(r"\n(?=\S)", CONSTRAINTS.strip())
    assert len(blocks) > 100
    for block in blocks:
        first, *hashes = block.replace(" \\", "").splitlines()
        assert re.match(A_PIN, first), first
        assert hashes, first
        for line in hashes:
            assert re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}", line), first
    assert "://" not in CONSTRAINTS


def test_set_up_takes_nothing_whose_hash_is_not_pinned():
    recipe = (ROOT / "Makefile").read_text().partition(".venv/done:")[2].partition("\n\n")[0]
    installs = re.findall(r"pip install (.*)", recipe.replace("\\\n", ""))
    assert len(installs) == 3
    assert [("--require-hashes" in line) or ("--no-deps" in line) for line in installs] == [
        True
    ] * 3
    assert "--no-build-isolation" in installs[-1]  # the builder, too, is a pinned one


def test_widgets_that_show_nothing_in_vs_code_are_not_installed():
    bounds = wanted("notebooks")
    for name, fine, blank in (
        ("ipywidgets", "8.1.8", "8.1.9"),
        ("widgetsnbextension", "4.0.15", "4.0.16"),
    ):
        assert fine in bounds[name]
        assert blank not in bounds[name]


IMPORT_WITHOUT_JUPYTER = """
import importlib, pkgutil, sys
hidden = ("IPython", "ipywidgets", "jupyterlab", "papermill", "nbval", "nbformat", "ipykernel",
          "nbclient", "jupyter_client", "traitlets", "anywidget", "constriction")
sys.modules.update(dict.fromkeys(hidden))

import matplotlib, torch

def state():
    return dict(matplotlib.rcParams), torch.random.get_rng_state(), torch.get_num_threads()

style, seed, threads = state()
import vaehelpers, vaehelpers.cli
needs_jupyter = ("vaehelpers.explorers.", "vaehelpers.series.run", "vaehelpers.series.execution")
imported = []
for module in pkgutil.walk_packages(vaehelpers.__path__, "vaehelpers."):
    if not module.name.startswith(needs_jupyter):
        importlib.import_module(module.name)
        imported.append(module.name)
style_after, seed_after, threads_after = state()
assert style == style_after and torch.equal(seed, seed_after) and threads == threads_after
print(*imported)
sys.exit(vaehelpers.cli.main(["run"]))
"""


def test_core_imports_without_jupyter_and_without_side_effects():
    command = [sys.executable, "-c", IMPORT_WITHOUT_JUPYTER]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2, done.stderr
    extra = r"pip install 'vaehelpers\[notebooks\]' brings it"
    assert re.fullmatch(rf"vaehelpers run: the package \w+ is missing; {extra}\n", done.stderr)
    modules = set(done.stdout.split())
    rooms = {f"vaehelpers.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py")}
    assert rooms | {"vaehelpers.training.loop", "vaehelpers.series.outputs"} <= modules
    assert len(modules) > 45


def packed_files() -> set[Path]:
    """Return the files that are no Python code and travel with the package."""
    found = set()
    for room, patterns in PYPROJECT["tool"]["setuptools"]["package-data"].items():
        if room == "*":
            folders = [init.parent for init in PACKAGE.rglob("__init__.py")]
        else:
            folders = [ROOT.joinpath(*room.split("."))]
        for folder in folders:
            for pattern in patterns:
                found.update(folder.glob(pattern))
    return found


def test_published_weights_travel_with_the_package():
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "/." not in str(path)}
    data = {path for path in files if path.suffix not in (".py", ".pyc")}
    assert data <= packed_files()
    endings = (
        ".safetensors",
        ".json",
        ".png",
        ".mplstyle",
        ".txt",
        ".js",
        ".css",
        ".pyi",
        ".typed",
    )
    assert {path.suffix for path in data} == set(endings)


def test_stubs_and_the_mark_of_types_travel_with_the_package():
    packed = packed_files()
    assert PACKAGE / "py.typed" in packed
    rooms = [init.parent for init in PACKAGE.rglob("__init__.py")]
    assert len(rooms) > 9
    assert {room / "__init__.pyi" for room in rooms} <= packed, "lazy_loader reads them"


def test_the_page_on_performance_states_the_recorded_scores():
    bounds = load_record(evidence.NAME)["results"]
    for z_dim, variant in ((20, ""), (20, "best"), (2, "")):
        key = "-".join(filter(None, [f"z{z_dim:02d}", variant]))
        meta = read_meta(published_checkpoint(z_dim, 80, variant))
        last = meta["history"][-1]
        tight = bounds[f"{key}-test"]["bpd"][-1]
        scores = (last["train_bpd"], last["val_bpd"], meta["test"]["bpd"], tight)
        cells = [f"{z_dim}, {variant or 'practical'}", *(f"{score:.3f}" for score in scores)]
        fitted = bounds.get(f"{key}-fitted")
        cells.append(f"{fitted['bpd']:.3f}" if fitted else "-")
        row = f"| {' | '.join(cells)} |"
        assert row in PERFORMANCE, row


def recorded(name: str) -> dict:
    """Return what a benchmark recorded."""
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())


def explorer_rows() -> list[str]:
    """Return the table of the explorers' pictures a second, as far as it is tested."""
    results = recorded("explorer")["results"]
    return [f"| {name} | {part['pictures']:.0f} |" for name, part in results.items()]


def quality_rows() -> list[str]:
    """Return the table of the recipes' scores."""
    rows = []
    for name, recipe in recorded("quality")["recipes"].items():
        ends = [run[-1] for run in recipe["val_bpd"]]
        mean, least, most = statistics.mean(ends), min(ends), max(ends)
        rows.append(f"| {name} | {mean:.3f} | {least:.3f} to {most:.3f} |")
    return rows


KINDS = ("avx2", "avx512")  # of processors


def of_the_textbook(speed: dict) -> float:
    """Return the images a second of the textbook's pipeline."""
    rates = speed["images_per_second"].items()
    return max(rate for name, rate in rates if name.startswith("textbook"))


def throughput_rows() -> list[str]:
    """Return the tables of images a second."""
    rows = []
    for kind in KINDS:
        speed = recorded(f"throughput-cpu-{kind}")
        base = of_the_textbook(speed)
        for name, rate in speed["images_per_second"].items():
            share = rate / speed["limits"][name]
            rows.append(f"| {name} | {rate:,.0f} | {rate / base:.2f} | {share:.0%} |")
    return rows


def peer_rows() -> list[str]:
    """Return the table of other trainers."""
    found = recorded("peers")
    rows = []
    for name, seconds in found["seconds_to_goal"].items():
        rate, reached = found["images_per_second"][name], found["after_equal_seconds"][name]
        cells = [name, f"{rate:.0f}", f"{reached['seconds']:.0f}"]
        cells += [f"{reached['val_bpd']:.3f}", f"{reached['test_bpd']:.3f}", f"{seconds / 60:.0f}"]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def in_words(seconds: float) -> str:
    """Return a time as the table of waiting has it."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:,.0f} s"


def waiting_rows() -> list[str]:
    """Return the table of what a reader waits for."""
    rows = []
    for line in recorded("waiting")["lines"].values():
        aim = in_words(line["target"]) if line["target"] else ""
        parts = [f"{name} {in_words(seconds)}" for name, seconds in line["parts"].items()]
        parts += [f"{name} {size:.1f} GB" for name, size in line.get("gigabytes_of", {}).items()]
        cells = [f"`{line['command']}`", in_words(line["seconds"]), aim, ", ".join(parts)]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


TABLES = [explorer_rows, quality_rows, throughput_rows, peer_rows, waiting_rows]


@pytest.mark.parametrize("rows", TABLES)
def test_the_page_on_performance_states_what_the_benchmarks_recorded(rows):
    assert [row for row in rows() if row not in PERFORMANCE] == []


def test_the_page_on_performance_shows_every_figure_of_the_benchmarks():
    figures = [path.name for path in (ROOT / "benchmarks" / "results").glob("*.png")]
    assert len(figures) >= 4
    assert [name for name in figures if f"../benchmarks/results/{name}" not in PERFORMANCE] == []


def test_the_limits_that_the_page_speaks_of_are_those_of_its_tables():
    said = []
    for kind in KINDS:
        speed = recorded(f"throughput-cpu-{kind}")
        assert speed["hardware"]["simd"].lower() == kind
        limit = speed["limits"]["vaehelpers, practical"] / of_the_textbook(speed)
        said.append(f"{limit:.1f} times {{}}with {kind.upper()}")
    first, second = said[1].format("the textbook's speed "), said[0].format("")
    assert f"In 32 bits that limit is {first}, and {second}" in PERFORMANCE
    rates = recorded("throughput-cpu-avx2")["images_per_second"]
    gain = rates["images in memory"] / of_the_textbook(recorded("throughput-cpu-avx2"))
    assert f"images in memory alone are {gain:.2f} times as fast" in PERFORMANCE


def test_the_page_states_after_what_part_of_the_textbooks_time_fast_scores_better():
    speed, quality = recorded("throughput-cpu-avx2"), recorded("quality")
    ends = [curve[-1] for curve in quality["recipes"]["fast"]["val_bpd"]]
    assert max(ends) < quality["practical_80"][-1]
    epochs = len(quality["recipes"]["fast"]["val_bpd"][0]) - 1
    faster = speed["images_per_second"]["vaehelpers, fast, compiled"] / of_the_textbook(speed)
    assert f"take 1/{80 / epochs * faster:.0f} of the time" in PERFORMANCE


def test_figures_in_documents_are_the_notebooks():
    copies = sorted((ROOT / "docs" / "figures").glob("*.png"))
    assert len(copies) >= 2
    for copy in copies:
        name, figure = copy.stem.split("-", 1)
        shown, _ = outputs.collect(nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4))
        assert copy.read_bytes() == shown[figure], f"{copy.name} differs: run `make notebooks`"
        assert f"(figures/{copy.name})" in PERFORMANCE


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/performance.md",
        "docs/usage.md",
        "benchmarks/tried.md",
    ],
)
def test_links_between_documents_lead_somewhere(document):
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []
