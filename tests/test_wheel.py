"""The wheel is enough: built from the project, it brings the notebooks and works without it."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "vaehelpers", "notebooks")
BUILD = """
import sys
from setuptools import build_meta
folder = sys.argv[1]  # setuptools writes arguments of its own there
build_meta.build_sdist(folder)
build_meta.build_wheel(folder)
"""
BUILD_EDITABLE = """
import sys
from setuptools import build_meta
build_meta.build_editable(sys.argv[1])
"""
FILES = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


def copy_project(folder: Path) -> Path:
    """Copy what a build needs: it leaves traces where it works."""
    folder.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, folder)
    return folder


def build(project: Path, out: Path, program: str = BUILD) -> subprocess.CompletedProcess:
    """Build a source archive and a wheel, as `pip wheel` and `uv build` do."""
    command = [sys.executable, "-c", program, str(out)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True)


# Asked of its metadata: to import it would replace Python's own distutils.
pytestmark = pytest.mark.skipif(
    not any(importlib.metadata.distributions(name="setuptools")), reason="setuptools is not here"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Return a folder with a source archive and a wheel of this project."""
    folder = tmp_path_factory.mktemp("build")
    done = build(copy_project(folder / "project"), folder / "out")
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "out"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """Return a folder that has what the wheel holds, and nothing else, as pip unpacks it."""
    folder = tmp_path_factory.mktemp("site packages")
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


def vaehelpers(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Run a command of the unpacked wheel in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "vaehelpers", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )


def test_the_wheel_holds_the_notebooks_as_they_are(installed):
    packed = installed / "vaehelpers" / "notebooks"
    assert sorted(path.name for path in packed.iterdir()) == FILES
    assert len(FILES) == 4
    for name in FILES:
        assert (packed / name).read_bytes() == (ROOT / "notebooks" / name).read_bytes()


def test_the_source_archive_holds_them_so_that_a_wheel_can_be_built_of_it(built, tmp_path):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path)
    (project,) = tmp_path.iterdir()
    assert sorted(path.name for path in (project / "notebooks").iterdir()) == FILES
    assert (project / "setup.py").is_file()


def test_the_wheel_holds_every_file_of_the_package(installed):
    def files(package: Path) -> set[str]:
        found = {path for path in package.rglob("*") if path.is_file() and "/." not in str(path)}
        return {str(path.relative_to(package)) for path in found if path.suffix != ".pyc"}

    notebooks = {f"notebooks/{name}" for name in FILES}
    assert files(installed / "vaehelpers") == files(ROOT / "vaehelpers") | notebooks


def test_copies_come_out_of_the_wheel_with_the_code_that_they_link_to(installed, tmp_path):
    folder = tmp_path / "my folder"
    folder.mkdir()
    done = vaehelpers(installed, folder, "lab", "--copy-only")
    copied = f"copied into vaehelpers-notebooks/notebooks/: {', '.join(FILES)}\n"
    assert done.stdout.startswith(copied), done.stderr
    course = folder / "vaehelpers-notebooks"
    for name in FILES:
        copy = course / "notebooks" / name
        assert copy.read_bytes() == (ROOT / "notebooks" / name).read_bytes()
    code = course / "vaehelpers" / "vae" / "networks.py"
    assert code.read_bytes() == (ROOT / "vaehelpers" / "vae" / "networks.py").read_bytes()
    again = vaehelpers(installed, course, "lab", "--copy-only")
    assert again.stdout == "the four notebooks are in notebooks/\n"


def test_outside_every_project_the_wheels_own_notebooks_are_meant(installed, tmp_path):
    program = "from vaehelpers.series import notebooks; print(notebooks.find())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{installed / 'vaehelpers' / 'notebooks'}\n", done.stderr
    refused = vaehelpers(installed, tmp_path, "run", "--in-place")
    assert refused.returncode == 2
    assert "came with the package; copy them with `vaehelpers lab --copy-only" in refused.stderr


def test_an_editable_installation_is_not_hidden_by_a_readers_copies_of_code(tmp_path):
    project = copy_project(tmp_path / "project")
    done = build(project, tmp_path / "out", BUILD_EDITABLE)
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(next((tmp_path / "out").glob("*.whl"))) as wheel:
        (path,) = (name for name in wheel.namelist() if not name.partition("/")[2])
        assert path.endswith(".pth")
        assert wheel.read(path).decode().strip() == str(project), "a path, and no hook"


def test_no_wheel_is_built_without_all_notebooks(tmp_path):
    project = copy_project(tmp_path / "project")
    (project / "notebooks" / FILES[0]).unlink()
    done = build(project, tmp_path / "out")
    assert done.returncode != 0
    assert "4 are to be packed" in done.stderr
