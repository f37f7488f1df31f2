"""The public API: quick to import, the same names everywhere, and no surprise in what it leaves."""

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import vaehelpers
from vaehelpers.cli import main

PACKAGE = Path(vaehelpers.__file__).parent
# The command line is a room that people type in; nobody imports from it.
ROOMS = sorted({init.parent.name for init in PACKAGE.glob("*/__init__.py")} - {"cli"})
# What a learner of the practical arrives with, and what is used with it.
LEARNERS_NAMES = (
    "VAE",
    "CNNEncoder",
    "CNNDecoder",
    "KLD",
    "sample_reparameterize",
    "elbo_to_bpd",
    "visualize_manifold",
    "load_data",
    "fit",
    "evaluate",
    "load_checkpoint",
)


def answer(program: str):
    """Run a program in a Python of its own; return what it prints last, as JSON."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


IMPORT = """
import json, sys, time
started = time.perf_counter()
import vaehelpers
print(json.dumps([time.perf_counter() - started, list(sys.modules)]))
"""


def test_importing_the_package_is_quick_and_brings_no_torch():
    tries = [answer(IMPORT) for _ in range(5)]
    assert min(seconds for seconds, _ in tries) < 0.05
    _, modules = tries[0]
    assert not {"torch", "numpy", "matplotlib", "IPython"} & set(modules)
    assert [name for name in modules if name.startswith("vaehelpers.")] == []


HELP = """
import json, resource, sys
from vaehelpers.cli import main
try:
    main(["--help"])
except SystemExit as stop:
    code = stop.code
used = resource.getrusage(resource.RUSAGE_SELF)
print()
print(json.dumps([used.ru_utime + used.ru_stime, code, list(sys.modules)]))
"""


def test_help_is_quick_and_brings_no_torch():
    tries = [answer(HELP) for _ in range(3)]
    assert min(seconds for seconds, _, _ in tries) < 0.3
    _, code, modules = tries[0]
    assert code == 0
    assert not {"torch", "numpy", "matplotlib", "papermill"} & set(modules)


@pytest.mark.parametrize("command", ["train", "evaluate", "run", "reversal", "evidence"])
def test_help_of_a_command_brings_no_torch(command):
    program = HELP.replace('"--help"', f'"{command}", "--help"')
    _, code, modules = answer(program)
    assert code == 0
    assert "torch" not in modules


def test_a_bare_module_prints_the_help():
    command = [sys.executable, "-m", "vaehelpers"]
    bare = subprocess.run(command, capture_output=True, text=True)
    asked = subprocess.run([*command, "--help"], capture_output=True, text=True)
    assert (bare.returncode, bare.stderr) == (0, "")
    assert bare.stdout == asked.stdout
    assert bare.stdout.startswith("usage: vaehelpers ")


def test_the_console_script_runs_the_same_commands():
    (script,) = entry_points(group="console_scripts", name="vaehelpers")
    assert script.load() is main
    path = Path(sys.executable).with_name("vaehelpers")
    assert path.is_file(), "installed beside python"
    done = subprocess.run([path, "fly"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("vaehelpers: unknown command 'fly'")


@pytest.mark.parametrize("name", LEARNERS_NAMES)
def test_what_a_learner_arrives_with_stands_at_the_top(name):
    assert name in vaehelpers.__all__
    assert callable(getattr(vaehelpers, name))


def room(name: str):
    return importlib.import_module(f"vaehelpers.{name}")


def test_the_top_lists_its_names_and_no_others():
    assert sorted(vaehelpers.__dir__()) == sorted(vaehelpers.__all__)
    assert set(ROOMS) <= set(vaehelpers.__all__)
    with pytest.raises(ImportError, match="nonsense"):
        from vaehelpers import nonsense  # noqa: F401
    with pytest.raises(AttributeError, match="nonsense"):
        _ = vaehelpers.nonsense


def test_every_name_at_the_top_resolves():
    assert all(getattr(vaehelpers, name) is not None for name in vaehelpers.__all__)
    for name in ROOMS:
        assert getattr(vaehelpers, name) is room(name)


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_has_a_handful_of_names_and_says_what_it_is_for(name):
    names = room(name).__all__
    assert 3 <= len(names) <= 12
    assert len(set(names)) == len(names)
    assert sorted(room(name).__dir__()) == sorted(names)
    assert all(getattr(room(name), each) is not None for each in names)
    lines = [line for line in room(name).__doc__.splitlines() if line.strip()]
    assert len(lines) >= 2


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_names_all_its_modules_in_its_docstring(name):
    """What stands in a room is found by reading its first page; mere constants aside."""
    modules = {path.stem for path in (PACKAGE / name).glob("*.py")} - {"__init__", "constants"}
    described = room(name).__doc__
    assert [module for module in modules if f"`{module}`" not in described] == []


def test_a_name_is_the_same_thing_at_the_top_and_in_its_room():
    for name in ROOMS:
        for each in set(room(name).__all__) & set(vaehelpers.__all__) - set(ROOMS):
            assert getattr(room(name), each) is getattr(vaehelpers, each)


STAR = """
import json, sys
sys.modules.update(dict.fromkeys(["IPython", "ipywidgets", "anywidget", "papermill", "nbformat"]))
from vaehelpers import *
print(json.dumps(sorted(name for name in dir() if not name.startswith("_"))))
"""


def test_everything_at_the_top_can_be_had_without_jupyter():
    assert set(answer(STAR)) - {"json", "sys"} == set(vaehelpers.__all__)


IMPORT_ROOMS = """
import importlib, json, os, random, signal
import matplotlib, numpy, torch

def state():
    return {
        "style": dict(matplotlib.rcParams),
        "torch's seed": torch.random.get_rng_state().tolist(),
        "numpy's seed": repr(numpy.random.get_state()),
        "Python's seed": random.getstate(),
        "threads": torch.get_num_threads(),
        "type of numbers": torch.get_default_dtype(),
        "environment": dict(os.environ),
        "reaction to Ctrl-C": signal.getsignal(signal.SIGINT),
    }

before = state()
import vaehelpers
for name in ROOMS:
    room = importlib.import_module(f"vaehelpers.{name}")
    for each in room.__all__:
        getattr(room, each)
after = state()
print(json.dumps([name for name in before if before[name] != after[name]]))
"""


def test_importing_the_rooms_changes_nothing_outside_the_package():
    assert answer(f"ROOMS = {ROOMS}\n{IMPORT_ROOMS}") == []
