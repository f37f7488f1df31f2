"""The house: imports go one way, none hides in a function, and each room says what is in it."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vaehelpers.data import CLASSES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vaehelpers"
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "/." not in str(path))
# Their functions import our own modules: torch, which those bring, takes seconds to import.
QUICK = {*PACKAGE.glob("cli/*.py"), PACKAGE / "__main__.py"}


def relative(path: Path) -> str:
    """Return a path as it is written in the project."""
    return str(path.relative_to(ROOT))


def lint_imports(folder: Path) -> subprocess.CompletedProcess:
    """Hold the package in a folder to the contracts in the pyproject.toml that lies there."""
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache", "--no-logo"], cwd=folder, capture_output=True, text=True
    )


def test_rooms_import_one_way_and_in_no_circle():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("core/files.py", "from ..vae import networks", "Rooms import one way"),
        ("vae/objective.py", "from . import networks", "No circle among the modules of a room"),
        ("figures/vae.py", "from ..vae import networks", "Figures are functions of numbers"),
        ("attention/spam.py", "from ..data import dataset", "needs no images"),
    ],
)
def test_an_import_the_wrong_way_is_found(tmp_path, module, line, contract):
    for path in MODULES:
        copy = tmp_path / relative(path)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    spoiled = tmp_path / "vaehelpers" / module
    spoiled.write_text(f"{spoiled.read_text()}\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert re.search(rf"{contract}.*BROKEN", done.stdout)


def imports_in_functions(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """Return the import statements of a module that stand inside functions."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = []
    for function in functions:
        inside += [
            node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)
        ]
    return inside


def is_our_own(statement: ast.Import | ast.ImportFrom) -> bool:
    """Say whether a statement imports from this package."""
    if isinstance(statement, ast.Import):
        return any(alias.name.startswith("vaehelpers") for alias in statement.names)
    return statement.level > 0 or str(statement.module).startswith("vaehelpers")


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_import_hides_in_a_function_to_dodge_a_circle(path):
    for statement in imports_in_functions(path):
        assert path in QUICK or not is_our_own(statement), f"line {statement.lineno}"


@pytest.mark.parametrize("path", sorted(set(MODULES) - QUICK), ids=relative)
def test_a_late_import_of_a_heavy_package_says_why(path):
    lines = path.read_text().splitlines()
    for statement in imports_in_functions(path):
        around = lines[statement.lineno - 2 : statement.lineno]
        assert any("#" in line for line in around), f"line {statement.lineno} has no comment"


@pytest.mark.parametrize("room", ROOMS, ids=relative)
def test_a_room_says_what_it_is_for_and_in_which_order_to_read_it(room):
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    first, *rest = docstring.splitlines()
    assert first.endswith((".", ":"))
    named = re.findall(r"`(\w+)", " ".join(rest))
    modules = {path.stem for path in room.glob("[!_]*.py")}
    assert modules - {"constants"} <= set(named)


def test_every_door_of_the_page_on_architecture_is_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    doors = re.findall(r"`([\w/]+\.py):(\w+)`", text)
    assert len(doors) > 30
    for file, name in doors:
        tree = ast.parse((PACKAGE / file).read_text())
        defined = [
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        assert name in defined, f"{file}:{name}"
    for path in re.findall(r"`((?:figures|explorers|published)/[\w./]+)`", text):
        assert (PACKAGE / path).exists(), path


def test_the_image_that_the_page_follows_is_an_ankle_boot(fashion):
    assert CLASSES[fashion.test.labels[0]] == "Ankle boot"
