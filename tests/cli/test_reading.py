"""The command lab: copies, data, and JupyterLab in the folder, whatever it is called."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import write_idx_files

import vaehelpers
from vaehelpers.cli import main, terminal
from vaehelpers.data import download
from vaehelpers.series import run

FILES = [f"{name}.ipynb" for name in run.NOTEBOOKS]
TOKEN = "for-this-test-alone"
FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """A working folder with a blank in its name, and what JupyterLab is started with there."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    calls = []

    def execve(program, command, environment):
        calls.append((command, environment))

    monkeypatch.setattr("os.execve", execve)
    return calls


def test_jupyterlab_opens_where_the_copies_are(opened, monkeypatch, capsys):
    monkeypatch.setenv("VAEHELPERS_BATCH", "1")
    here = Path.cwd()
    assert main(["lab", "a course", "--", "--no-browser", "--port=9999"]) == 0
    notebooks, code = capsys.readouterr().out.splitlines()
    assert notebooks == f"copied into a course/notebooks/: {', '.join(FILES)}"
    assert re.fullmatch(r"copied into a course/vaehelpers/: \d\d files of code, to read; .*", code)
    ((command, environment),) = opened
    place = here / "a course"
    assert command[-4:] == [
        f"--ServerApp.root_dir={place}",
        f"--FileContentsManager.preferred_dir={place / 'notebooks'}",
        "--no-browser",
        "--port=9999",
    ]
    assert Path.cwd() == place
    assert "VAEHELPERS_BATCH" not in environment, "there somebody is watching"


def test_a_second_time_nothing_is_copied_and_what_was_changed_is_said_in_a_line(opened, capsys):
    assert main(["lab", "--copy-only"]) == 0
    Path("vaehelpers-notebooks", "notebooks", FILES[2]).write_text("mine")
    os.chdir("vaehelpers-notebooks")
    capsys.readouterr()
    assert main(["lab"]) == 0
    assert capsys.readouterr().out == (
        f"kept as you have them in ./: notebooks/{FILES[2]} (rename yours, and the next `lab` "
        f"brings those of vaehelpers {vaehelpers.__version__})\n"
    )
    Path("notebooks", FILES[2]).rename(Path("notebooks", "mine.ipynb"))  # as the line advises
    assert main(["lab"]) == 0
    assert capsys.readouterr().out == f"copied into notebooks/: {FILES[2]}\n"
    assert main(["lab"]) == 0
    assert capsys.readouterr().out == "the four notebooks are in notebooks/\n"
    assert len(opened) == 3


def test_data_are_fetched_into_the_folder_where_every_notebook_finds_them(
    mini, opened, monkeypatch, capsys
):
    here = Path.cwd()
    monkeypatch.setattr(
        download,
        "_torchvision",
        lambda scratch: write_idx_files(scratch / "FashionMNIST" / "raw", mini),
    )
    assert main(["lab"]) == 0
    target = here / "vaehelpers-notebooks" / "data"
    assert f"fetching FashionMNIST, 30 MB, into {target}\n" in capsys.readouterr().err
    monkeypatch.chdir(here / "vaehelpers-notebooks" / "notebooks")
    assert len(vaehelpers.load_data().test) == 10
    assert main(["lab"]) == 0
    assert "fetching" not in capsys.readouterr().err


def test_without_a_network_the_notebooks_can_still_be_read(mini, opened, monkeypatch, capsys):
    def mirror(_scratch):
        raise OSError("no network")

    def apt(_scratch):
        raise OSError("no network")

    monkeypatch.setattr(download, "_torchvision", mirror)
    monkeypatch.setattr(download, "_debian", apt)
    assert main(["lab"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len([line for line in lines if "could not be fetched (" in line]) == 1
    assert len(opened) == 1


def test_without_jupyterlab_nothing_is_copied_and_the_extra_is_named(opened, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["lab"]) == 2
    assert "pip install 'vaehelpers[notebooks]' brings it" in capsys.readouterr().err
    assert list(Path.cwd().iterdir()) == []
    assert main(["lab", "--copy-only"]) == 0


def test_a_folder_may_begin_with_a_tilde(opened, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["lab", "~/course", "--copy-only"]) == 0
    assert (tmp_path / "course" / "notebooks" / FILES[0]).is_file()


def ask(url: str, seconds: float = 5) -> bytes:
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return answer.read()


def wait_for(server: subprocess.Popen, url: str) -> bytes:
    """Return what a server answers, once it answers; a minute at most."""
    for _ in range(240):
        assert server.poll() is None, "JupyterLab did not start"
        try:
            return ask(url)
        except urllib.error.URLError:
            time.sleep(0.25)
    raise TimeoutError(url)


def test_jupyterlab_serves_the_copies_and_the_code_that_they_link_to(tmp_path):
    pytest.importorskip("jupyterlab")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {name: str(tmp_path / name) for name in FOLDERS}
    folder = tmp_path / "my folder"
    folder.mkdir()
    command = [sys.executable, "-m", "vaehelpers", "lab", "a course"]
    options = ["--no-browser", "--allow-root", f"--port={port}"]
    with open(tmp_path / "log", "w") as log:
        server = subprocess.Popen(
            [*command, "--", *options],
            cwd=folder,
            env={**os.environ, **own, "JUPYTER_TOKEN": TOKEN},
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        listed = json.loads(wait_for(server, f"{address}/api/contents/notebooks?token={TOKEN}"))
        assert sorted(item["name"] for item in listed["content"]) == FILES
        code = f"{address}/api/contents/vaehelpers/vae/networks.py?token={TOKEN}"
        assert "class CNNEncoder" in json.loads(ask(code))["content"]
        page = ask(f"{address}/lab?token={TOKEN}", 60).decode()
        assert '"preferredPath": "notebooks"' in page
    finally:
        server.terminate()
        assert server.wait(30) is not None


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment with our script in it, as a virtual environment has it."""
    folder = tmp_path / "my env" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "vaehelpers"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr("sys.executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return folder


def test_commands_are_named_as_they_can_be_typed(environment, monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert terminal.typed("lab") == f"'{environment}/vaehelpers' lab"
    monkeypatch.chdir(tmp_path)
    assert terminal.typed("lab") == "'my env/bin/vaehelpers' lab"
    monkeypatch.chdir(environment)
    assert terminal.typed("lab") == "./vaehelpers lab"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(environment))
    assert terminal.typed("lab") == "vaehelpers lab"
    (environment / "vaehelpers").unlink()
    assert terminal.typed("lab") == "'my env/bin/python' -m vaehelpers lab"


def test_the_command_of_another_environment_is_not_ours(environment, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "vaehelpers").write_text("#!/bin/sh\n")
    (other / "vaehelpers").chmod(0o755)
    monkeypatch.setenv("PATH", f"{other}:{environment}")
    monkeypatch.chdir(tmp_path)
    assert terminal.typed("data") == "'my env/bin/vaehelpers' data"
