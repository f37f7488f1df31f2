"""A series of four notebooks that take a second each, and commands started on it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat

from vaehelpers.series import run

FIRST, LAST = run.NOTEBOOKS[0], run.NOTEBOOKS[-1]
BODY = """from vaehelpers.series import record, show
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
show(fig, "empty", alt="An empty pair of axes, which is all that this test needs.")
record("tenfold", epochs * 10, "epochs")"""


def series(folder, *bodies):
    """Write four notebooks with parameters; the last one's further cells are given."""
    folder.mkdir()
    for name in run.NOTEBOOKS:
        parameters = 'epochs: int = 2  # how many\ndata: str = "drawn"'
        cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
        for body in (bodies or (BODY,)) if name == LAST else ("epochs",):
            cells.append(nbformat.v4.new_code_cell(body))
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def contents(folder):
    """Return the files of a run's folder by name, without the lock, which stays there."""
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert files.pop(".lock", b"") == b""
    return files


def visible(folder):
    """Return what lies in a run's folder, without the lock."""
    return {path.name for path in folder.iterdir()} - {".lock"}


def announce(folder, then):
    """Return a cell that writes a file `kernel` into a folder, and does something `then`."""
    return f"open({str(folder / 'kernel')!r}, 'w').close()\n{then}"


def _ignore_nothing():
    """Let signals end the process: in the background, or under nohup, some are ignored."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def started(command, folder, **environment):
    """Run a command of ours in `folder`, as a shell runs it in the foreground.

    What it says goes to the file `log`.
    """
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "vaehelpers", *command],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment, "STARTED_IN": str(folder)},
            start_new_session=True,
            preexec_fn=_ignore_nothing,
        )
    try:
        yield process
    finally:
        for number in descendants(folder):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        process.wait()


def descendants(folder):
    """Return the processes that live of those started in a folder, and of those that they started.

    They have inherited a variable of the environment.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"STARTED_IN={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def ends(is_there, seconds=10):
    """Return whether something is no longer there within some seconds."""
    for _ in range(10 * seconds):
        if not is_there():
            return True
        time.sleep(0.1)
    return False


def wait_for(folder, pattern, process):
    """Wait until a file is there that a process makes."""
    while not list(folder.glob(pattern)):
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)


def said(folder):
    """Return the lines of the log that name no notebook."""
    lines = (folder / "log").read_text().splitlines()
    return [line for line in lines if not line.startswith("executing ")]


def result_of(folder, name=LAST):
    """Return the named results that a run has left of a notebook."""
    return json.loads((folder / "results.json").read_text())[name]
