"""The doctor: each thing that may be missing is named, and its mend is carried out or checked."""

import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import write_idx_files
from packaging.requirements import Requirement

from vaehelpers.cli import checkup, main
from vaehelpers.cli.checkup import Finding, State
from vaehelpers.data import download, places
from vaehelpers.series import run

ROOT = Path(__file__).parents[2]
MANAGER = "@jupyter-widgets/jupyterlab-manager"


def found(what: str) -> list[Finding]:
    """Return what the doctor finds about one thing."""
    return [finding for finding in checkup.findings() if finding.what == what]


def fault(what: str, state: State = State.WRONG) -> Finding:
    """Return the one thing that is not as it should be."""
    (finding,) = (finding for finding in found(what) if finding.state is not State.GOOD)
    assert finding.state is state
    assert finding.mend
    return finding


def is_mended(what: str) -> bool:
    """Say whether nothing is wrong any more, and something is right."""
    states = {finding.state for finding in found(what)}
    return states == {State.GOOD}


def carry_out(mend: str) -> None:
    """Type a mend into a shell."""
    subprocess.run(["sh", "-c", mend], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def empty_path(monkeypatch, tmp_path):
    """A folder that is looked in for programs, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CXX", raising=False)
    return folder


def install_program(folder: Path, name: str) -> Path:
    """Put a program into a folder."""
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_all_is_well_here_and_every_thing_has_a_line(capsys):
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "all that the notebooks need is here"
    for what in ("Python", "packages", "widgets", "kernel", "data", "device", "disk"):
        assert [line for line in lines if line.startswith(f"ok        {what} ")]
    for what in ("compiler", "Node.js", "browser"):
        assert [line for line in lines if re.match(rf"(ok|optional) +{what} ", line)]
    (packages,) = (line for line in lines if " packages " in line)
    assert {name for name in checkup.SHOWN if f"{name} " in packages} == set(checkup.SHOWN)


QUICK = """
import json, resource, sys
from vaehelpers.cli import main
code = main(["doctor"])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, code, "torch" in sys.modules]))
"""


def test_it_is_quick_and_asks_torch_only_about_a_gpu():
    done = subprocess.run([sys.executable, "-c", QUICK], capture_output=True, text=True)
    seconds, code, has_torch = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    has_gpu = any(map(os.path.exists, checkup.GPU_FILES)) or sys.platform == "darwin"
    assert has_torch is has_gpu
    assert has_gpu or seconds < 3


def test_what_is_wrong_gives_status_1_and_stands_above_its_mend(mini, capsys):
    assert main(["doctor"]) == 1
    printed = capsys.readouterr()
    assert printed.err == "vaehelpers doctor: 1 to mend; the lines `mend` above say how\n"
    lines = printed.out.splitlines()
    (row,) = (row for row, line in enumerate(lines) if line.startswith("wrong     data "))
    assert lines[row + 1].split(maxsplit=1) == ["mend:", fault("data").mend]
    assert not lines[-1].startswith("all that")


# What the mend asks for, in place of what is installed.
VERSIONS = {"ipywidgets": "8.1.9", "numpy": "1.0", "jupyterlab": None}


@pytest.mark.parametrize("name", VERSIONS)
def test_the_mend_for_a_package_asks_for_what_is_needed(monkeypatch, name):
    true = checkup._version
    version = VERSIONS[name]
    if name == "ipywidgets" and "ipywidgets!=8.1.9" not in str(checkup._requirements(us())):
        pytest.skip("installed before 8.1.9 was left out")
    monkeypatch.setattr(checkup, "_version", lambda each: version if each == name else true(each))
    finding = fault("packages")
    assert finding.words == f"{name} {version or 'is missing'}"
    *command, asked = shlex.split(finding.mend)
    (bounds,) = (each.specifier for each in checkup._requirements(us()) if each.name == name)
    assert Requirement(asked).specifier == bounds
    assert Requirement(asked).name == name
    assert command[-1] == "install"
    first = command[: command.index("&&")] if "&&" in command else command
    done = subprocess.run([*first, "--help"], capture_output=True)
    assert done.returncode == 0, "the program that installs is here"
    newest = true(name)
    assert bounds.contains(newest)
    monkeypatch.setattr(checkup, "_version", lambda each: newest if each == name else true(each))
    assert is_mended("packages")


def us() -> importlib.metadata.Distribution:
    """Return this package as it is installed."""
    installed = checkup._installed()
    assert installed
    return installed


@pytest.mark.parametrize(
    ("pip", "uv", "beginning"),
    [
        (True, True, "{python} -m pip install"),
        (False, True, "uv pip install --python {python}"),
        (False, False, "{python} -m ensurepip && {python} -m pip install"),
    ],
)
def test_packages_are_installed_by_what_is_here(monkeypatch, empty_path, pip, uv, beginning):
    monkeypatch.setattr(checkup, "_version", lambda name: "26.0" if pip else None)
    if uv:
        install_program(empty_path, "uv")
    assert checkup._install() == beginning.format(python=checkup.python())


def test_a_package_that_only_lies_here_is_to_be_installed_with_what_the_notebooks_need(monkeypatch):
    monkeypatch.setattr(checkup, "_installed", lambda: None)
    finding = fault("packages")
    *_, option, project = shlex.split(finding.mend)
    assert option == "--editable"
    folder, extra = re.fullmatch(r"(.*)\[(\w+)\]", project).groups()
    assert Path(folder) == ROOT
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text()


def test_what_a_build_left_in_a_folder_is_no_installation(monkeypatch, tmp_path):
    left = tmp_path / "vaehelpers.egg-info"
    left.mkdir()
    (left / "PKG-INFO").write_text("Name: vaehelpers\nVersion: 0.0\nRequires-Dist: torch>=99\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert importlib.metadata.version("vaehelpers") == "0.0"
    assert is_mended("packages")


def test_widgets_that_are_gone_come_back_with_the_package_that_the_mend_names(
    monkeypatch, tmp_path
):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    faults = found("widgets")
    assert [finding.state for finding in faults] == [State.WRONG, State.WRONG]
    for finding, (name, package) in zip(faults, checkup.EXTENSIONS.items(), strict=True):
        assert name in finding.words
        assert finding.mend.endswith(
            f"--force-reinstall --no-deps {package}=={importlib.metadata.version(package)}"
        )
        files = [str(file) for file in importlib.metadata.files(package)]
        assert [file for file in files if file.endswith(f"labextensions/{name}/package.json")]


def test_widgets_that_others_hide_are_found_once_the_others_are_aside(monkeypatch, tmp_path):
    other = tmp_path / "my jupyter" / "labextensions" / MANAGER
    other.mkdir(parents=True)
    (other / "package.json").write_text('{"version": "1.0"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "my jupyter"))
    finding = fault("widgets")
    assert str(other) in finding.words
    carry_out(finding.mend)
    assert is_mended("widgets")


def test_widgets_for_another_jupyterlab_are_named_with_their_package(monkeypatch):
    true = checkup._version
    monkeypatch.setattr(
        checkup, "_version", lambda name: "99.0.1" if name == "jupyterlab" else true(name)
    )
    finding = fault("widgets")
    assert finding.words == f"{MANAGER} is not for JupyterLab 99.0.1"
    assert finding.mend.endswith(f"--upgrade {checkup.EXTENSIONS[MANAGER]}")


@pytest.mark.parametrize("program", ["/opt/other/bin/python", sys.executable, "python"])
def test_a_kernel_of_another_python_is_found_and_put_aside(monkeypatch, tmp_path, program):
    kernel = tmp_path / "my jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": "Mine"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "my jupyter"))
    if program.startswith("/opt"):
        finding = fault("kernel")
        assert program in finding.words
        carry_out(finding.mend)
        assert not kernel.exists()
    assert is_mended("kernel")


def test_without_jupyter_its_lines_are_left_to_the_line_on_packages(monkeypatch):
    gone = ("jupyterlab", "jupyter_client", "jupyterlab_widgets", "anywidget", "ipywidgets")
    true = checkup._version
    monkeypatch.setattr(checkup, "_version", lambda name: None if name in gone else true(name))
    assert found("widgets") == found("kernel") == []
    assert "jupyterlab is missing" in fault("packages").words


def test_the_mend_for_missing_data_fetches_them(mini, monkeypatch):
    finding = fault("data")
    assert finding.words == f"FashionMNIST is not in {places.looked_in()}"
    monkeypatch.setattr(
        download,
        "_torchvision",
        lambda scratch: write_idx_files(scratch / "FashionMNIST" / "raw", mini),
    )
    *program, command = shlex.split(finding.mend)
    assert program[-1].endswith("vaehelpers")
    assert main([command]) == 0
    assert is_mended("data")


def test_the_mend_for_data_of_which_a_part_is_missing_works(mini, monkeypatch, tmp_path):
    folder = write_idx_files(Path("data"), mini).absolute()
    (folder / f"{places.FILES[0]}.gz").unlink()
    finding = fault("data")
    assert finding.words.startswith(f"{places.FILES[0]} of FashionMNIST missing in {folder}")
    moved, command = re.match(
        r"move the idx files out of (.*) and run `python -m vaehelpers (\w+)`", finding.mend
    ).groups()
    for path in list(Path(moved).iterdir()):
        path.rename(tmp_path / path.name)
    monkeypatch.setattr(
        download,
        "_torchvision",
        lambda scratch: write_idx_files(scratch / "FashionMNIST" / "raw", mini),
    )
    assert main([command]) == 0
    assert is_mended("data")


def test_a_gpu_that_torch_does_not_use_is_no_fault(monkeypatch):
    monkeypatch.setattr(checkup, "GPU_FILES", (__file__,))
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert "a CPU is enough" in fault("device", State.LESS).mend
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)  # as after the mend
    assert found("device") == [Finding("device", State.GOOD, "cuda")]


def test_a_torch_that_cannot_be_imported_is_to_be_installed_again(monkeypatch):
    monkeypatch.setattr(checkup, "GPU_FILES", (__file__,))
    monkeypatch.setitem(sys.modules, "vaehelpers.core.device", None)
    finding = fault("device")
    assert finding.words.startswith("torch cannot be imported: ")
    assert finding.mend.endswith("install --force-reinstall torch")


def test_the_mend_for_a_missing_compiler_works(monkeypatch, empty_path):
    finding = fault("compiler", State.LESS)
    assert "or set CXX to yours" in finding.mend
    monkeypatch.setenv("CXX", str(install_program(empty_path, "my++")))
    assert is_mended("compiler") or any(map(os.path.exists, checkup.GPU_FILES))


def test_a_full_disk_is_left_for_another_folder(monkeypatch, tmp_path):
    def usage(folder):
        return SimpleNamespace(free=9e9 if Path(folder) == tmp_path else 1e8)

    monkeypatch.setattr("shutil.disk_usage", usage)
    assert "work in a folder on another disk" in fault("disk").mend
    monkeypatch.chdir(tmp_path)
    assert is_mended("disk")


def test_a_folder_that_cannot_be_written_is_left_for_another(monkeypatch, tmp_path):
    here = Path.cwd()
    able = os.access
    monkeypatch.setattr("os.access", lambda path, mode: path != here and able(path, mode))
    assert fault("folder", State.LESS).mend == "work in a folder of yours"
    monkeypatch.chdir(tmp_path)
    assert not found("folder")


def test_with_little_memory_a_notebook_runs_alone(monkeypatch):
    monkeypatch.setattr("os.sysconf", lambda name: 1e6 if name == "SC_PHYS_PAGES" else 2048)
    finding = fault("memory", State.LESS)
    assert finding.words.startswith("2.0 GB, ")
    *_, command, notebook = shlex.split(finding.mend)
    assert command == "run"
    assert run.paths((notebook,), ROOT / "notebooks")


@pytest.mark.parametrize(
    ("what", "names"), [("Node.js", ("node",)), ("npm", ("npm",)), ("browser", checkup.BROWSERS)]
)
def test_optional_programs_are_found_once_they_are_installed(empty_path, what, names):
    for name in names:
        assert "install " in fault(what, State.LESS).mend
        path = install_program(empty_path, name)
        assert found(what) == [Finding(what, State.GOOD, str(path))]
        path.unlink()


def test_the_browser_is_the_one_that_the_tests_open():
    source = (ROOT / "tests" / "browser" / "lab.py").read_text()
    assert f"for name in {json.dumps(checkup.BROWSERS)[1:-1]}" in source.replace("(", "")
