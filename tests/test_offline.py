"""The series with the network cut off: no part of it asks another machine for anything.

Every Python process that a test starts, kernels included, first runs the guard: whatever looks up
or connects to another machine is refused, and written down even where the error is caught.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from vaehelpers.series import run

ROOT = Path(__file__).parents[1]
NAME = run.NOTEBOOKS[-1]
GUARD = """
import socket, sys

LOG = {log!r}
HERE = (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", socket.gethostname())

def watch(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        place = args[1]
        host = place[0] if isinstance(place, tuple) else None  # else a file, or already connected
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if host not in HERE:
        with open(LOG, "a") as file:
            file.write(f"{{event}} {{host}}\\n")
        raise OSError(f"no network for {{host}}")

sys.addaudithook(watch)
"""
IMPORTS = """
import importlib, pkgutil, vaehelpers
for module in pkgutil.walk_packages(vaehelpers.__path__, "vaehelpers."):
    if module.name != "vaehelpers.__main__":
        importlib.import_module(module.name)
data = vaehelpers.load_data()
vaehelpers.load_published(20, 80)
decoder = vaehelpers.explorers.page.PageExplorer
assert "function render" in str(decoder._esm) and ".vx" in str(decoder._css)
print(len(data.test))
"""
BODY = """
import sitecustomize
vae, _ = load_published(2, 80)
score = evaluate(vae, dataset.test.images[:50], seed)
record("bpd", score["bpd"])
record("guarded", int(callable(sitecustomize.watch)))
fig, ax = plt.subplots()
show(fig, "empty", alt="An empty pair of axes, which is all that this test needs.")
explorers.in_page(explorers.walk.over_prior(vae, dataset.test.images))
"""


@pytest.fixture
def guarded(tmp_path):
    """A function that runs Python with the network cut off, and the file that tells who tried."""
    log = tmp_path / "attempts"
    log.touch()
    guard = tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD.format(log=str(log)))
    (tmp_path / "work").mkdir()

    def python(*words, **variables):
        path = os.pathsep.join([str(guard), str(ROOT)])
        return subprocess.run(
            [sys.executable, *words],
            env={**os.environ, "PYTHONPATH": path, **variables},
            cwd=tmp_path / "work",
            capture_output=True,
            text=True,
        )

    return python, log


@pytest.mark.parametrize(
    ("program", "attempt"),
    [
        ("import urllib.request as r; r.urlopen('http://example.org')", "example.org"),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "192.0.2.1"),
        ("import socket; socket.socket(type=2).sendto(b'x', ('192.0.2.1', 9))", "192.0.2.1"),
    ],
)
def test_the_guard_refuses_other_machines(guarded, program, attempt):
    python, log = guarded
    done = python("-c", program)
    assert done.returncode == 1
    assert f"no network for {attempt}" in done.stderr
    assert attempt in log.read_text()


def test_the_guard_lets_a_machine_talk_to_itself(guarded):
    python, log = guarded
    program = """import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname())
socket.create_connection(("localhost", server.getsockname()[1]))"""
    assert python("-c", program).stderr == ""
    assert log.read_text() == ""


def test_modules_data_and_weights_come_without_a_network_and_from_any_folder(guarded):
    python, log = guarded
    done = python("-c", IMPORTS)
    assert done.stdout == "10000\n", done.stderr
    assert log.read_text() == ""


def test_a_notebook_runs_without_a_network(guarded, tmp_path):
    python, log = guarded
    notebook = nbformat.read(ROOT / "notebooks" / f"{NAME}.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = [*code[:2], nbformat.v4.new_code_cell(BODY)]
    folder = tmp_path / "work" / "notebooks"
    folder.mkdir()
    nbformat.write(notebook, folder / f"{NAME}.ipynb")
    done = python("-m", "vaehelpers", "run", NAME)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "work" / "build" / "results.json").read_text())[NAME]
    assert 1 < results["bpd"]["value"] < 2
    assert results["guarded"]["value"] == 1
    assert log.read_text() == ""


def test_without_data_and_network_there_is_one_line_and_no_wait(guarded, tmp_path):
    python, log = guarded
    empty = tmp_path / "empty"
    empty.mkdir()
    done = python("-m", "vaehelpers", "data", VAEHELPERS_DATA=str(empty), PATH=str(empty))
    assert done.returncode == 2
    fetching, told = done.stderr.splitlines()
    assert fetching == f"fetching FashionMNIST, 30 MB, into {empty}"
    assert told.startswith("vaehelpers data: FashionMNIST could not be fetched (torchvision")
    assert "socket.getaddrinfo" in log.read_text()
    assert list(empty.iterdir()) == []
