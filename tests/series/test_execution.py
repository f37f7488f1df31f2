"""Kernels end with the run, however it ends, and a notebook that fails is one line."""

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning import local_provisioner as provisioning
from miniature import (
    FIRST,
    LAST,
    contents,
    descendants,
    ends,
    said,
    series,
    started,
    visible,
    wait_for,
)

from vaehelpers.cli import main
from vaehelpers.errors import BatchError
from vaehelpers.series import execution, run

# The cell says where its kernel lies before it begins: a sleep, a loop, or one long call of C in
# which Python's own threads, such as the one by which a kernel looks for its parent, stand still.
ANNOUNCE = """import os, re, time
from pathlib import Path
from ipykernel.connect import get_connection_file
Path({0!r}).write_text(f"{{os.getpid()}} {{get_connection_file()}}")
os.replace({0!r}, {1!r})
"""
SLEEP, LOOP, C_CALL = "time.sleep(10**6)", "while True: pass", "re.match('(a+)+$', 'a' * 60 + 'b')"


def announced(folder, then):
    return ANNOUNCE.format(str(folder / "kernel.new"), str(folder / "kernel")) + then


def kernel_of(folder) -> tuple[Path, Path]:
    """Return where the process and the folder of the kernel that has announced itself are."""
    number, connection = (folder / "kernel").read_text().split()
    return Path("/proc", number), Path(connection).parent


@pytest.mark.parametrize(
    ("awaited", "number", "cell", "line"),
    [
        ("build/.running-*", signal.SIGINT, LOOP, "interrupted"),
        ("kernel", signal.SIGTERM, C_CALL, "ended by SIGTERM"),
        ("kernel", signal.SIGHUP, SLEEP, "ended by SIGHUP"),
    ],
)
def test_a_signal_ends_all_kernels_in_one_line(tmp_path, awaited, number, cell, line):
    series(tmp_path / "notebooks", announced(tmp_path, cell))
    with started(["run", LAST, FIRST], tmp_path) as process:
        wait_for(tmp_path, awaited, process)
        # As a terminal does: to the command and its group, which is not the kernels'.
        os.killpg(process.pid, number)
        assert process.wait(30) == 128 + number
        assert said(tmp_path) == [f"vaehelpers run: {line}"]
        assert visible(tmp_path / "build") == set()
        assert ends(lambda: descendants(tmp_path))
        assert awaited != "kernel" or not kernel_of(tmp_path)[1].exists()


def test_a_signal_before_the_first_kernel_is_not_lost(tmp_path, monkeypatch):
    source, out = series(tmp_path / "source", announced(tmp_path, LOOP)), tmp_path / "out"
    begin = asyncio.run

    def begin_late(work):
        signal.raise_signal(signal.SIGINT)
        return begin(work)

    monkeypatch.setattr(asyncio, "run", begin_late)
    with pytest.raises(KeyboardInterrupt):
        run.run_notebooks("quick", {}, (LAST,), source, out)
    assert visible(out) == set()
    assert not (tmp_path / "kernel").exists()


def test_only_the_kernels_own_group_is_killed(tmp_path, monkeypatch):
    source, out = series(tmp_path / "source", "1 / 0"), tmp_path / "out"
    killed, kill = [], os.killpg

    def kill_and_record(group, number):
        killed.append(group)
        if group != os.getpgrp():
            kill(group, number)

    # What the system says of a kernel that died before it had a group of its own.
    monkeypatch.setattr(provisioning.os, "getpgid", lambda pid: os.getpgrp())
    monkeypatch.setattr(provisioning.os, "killpg", kill_and_record)
    with pytest.raises(BatchError, match="ZeroDivisionError"):
        run.run_notebooks("quick", {}, (LAST,), source, out)
    assert killed
    assert os.getpgrp() not in killed


def test_a_killed_run_leaves_no_kernel_and_the_next_run_clears_its_folder(tmp_path):
    source, out = series(tmp_path / "notebooks", announced(tmp_path, C_CALL)), tmp_path / "build"
    with started(["run", LAST], tmp_path) as process:
        wait_for(tmp_path, "kernel", process)
        assert len(descendants(tmp_path)) == 3, "the run, the kernel and its guard"
        with pytest.raises(BatchError, match=f"another run is writing to {out}; wait for its end"):
            run.run_notebooks("quick", {}, (FIRST,), source, out)
        assert len(visible(out)) == 1, "the folder of the run that lives"
        os.killpg(process.pid, signal.SIGKILL)
        assert ends(lambda: descendants(tmp_path))
        assert not kernel_of(tmp_path)[1].exists()
    (stale,) = visible(out)
    run.run_notebooks("quick", {}, (FIRST,), source, out)
    assert stale.startswith(".running-")
    assert visible(out) == {f"{FIRST}.ipynb", "results.json", "run.json"}


def test_a_cell_that_hangs_is_ended_and_the_notebook_kept_with_what_it_had(tmp_path):
    cells = ("print('before')", announced(tmp_path, C_CALL), "'never'")
    source, out = series(tmp_path / "source", *cells), tmp_path / "out"
    path = source / f"{LAST}.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="of an earlier run")]
    nbformat.write(notebook, path)
    message = (
        r"was ended in cell \[4\], which took longer than 1 seconds; allow more with --timeout"
    )
    with pytest.raises(BatchError, match=message):
        run.run_notebooks("quick", {}, (LAST,), source, out, timeout=1)
    assert contents(out).keys() == {f"failed/{LAST}.ipynb"}
    kept = nbformat.read(out / "failed" / f"{LAST}.ipynb", 4)
    assert kept.cells[2].outputs[0].text == "before\n"
    assert kept.cells[-1].outputs == []
    process, folder = kernel_of(tmp_path)
    assert not process.exists()
    assert not folder.exists()


def test_a_long_folder_for_temporary_files_is_no_obstacle(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    run.run_notebooks("quick", {}, (FIRST,), series(tmp_path / "source"), tmp_path / "out")
    assert list(long.iterdir()) == []


def test_the_advice_for_a_slow_cell_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    series(tmp_path / "notebooks", "import time; time.sleep(1.5)")
    assert main(["run", LAST, "--timeout", "1"]) == 1
    begun, error = capsys.readouterr().err.splitlines()
    assert begun == f"executing {LAST}"
    assert "took longer than 1 seconds; allow more with --timeout SECONDS (see build/fail" in error
    assert main(["run", LAST, "--timeout", "100"]) == 0
    assert "failed" not in visible(tmp_path / "build")


def test_a_lost_kernel_is_one_clear_error(tmp_path):
    cells = ("1", "import os; os.kill(os.getpid(), 9)")
    source, out = series(tmp_path / "source", *cells), tmp_path / "out"
    message = rf"{LAST}.ipynb lost its kernel in cell \[4\]: it was killed, most often because mem"
    with pytest.raises(BatchError, match=message):
        run.run_notebooks("quick", {}, (LAST,), source, out)
    assert visible(out) == {"failed"}


def test_a_kernel_that_does_not_start_is_one_clear_error(tmp_path, monkeypatch):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('broken')")
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
        with pytest.raises(BatchError, match=rf"{LAST}.ipynb found no kernel \(Kernel died"):
            run.run_notebooks("quick", {}, (LAST,), source, out)
    monkeypatch.setattr(execution, "KERNEL", "nowhere")
    with pytest.raises(BatchError, match=r"found no kernel \(No such kernel named nowhere\); inst"):
        run.run_notebooks("quick", {}, (LAST,), source, out)


def test_within_a_notebook_the_run_says_where_it_can_be_done(tmp_path):
    async def in_a_cell():
        execution.side_by_side({tmp_path / "a.ipynb": {}}, tmp_path)

    with pytest.raises(BatchError, match="a notebook cannot execute others; use `vaehelpers run`"):
        asyncio.run(in_a_cell())


@pytest.mark.skipif(os.cpu_count() < 2, reason="one processor executes one notebook at a time")
def test_a_failure_ends_the_others(tmp_path):
    source, out = series(tmp_path / "source", announced(tmp_path, SLEEP)), tmp_path / "out"
    notebook = nbformat.read(source / f"{FIRST}.ipynb", 4)
    waits = f"import time\nwhile not __import__('os').path.exists('{tmp_path}/kernel'):"
    notebook.cells[-1].source = f"{waits} time.sleep(0.1)\n1 / 0"
    nbformat.write(notebook, source / f"{FIRST}.ipynb")
    began = time.monotonic()
    with pytest.raises(BatchError, match=rf"{FIRST}.ipynb failed in cell \[3\]: ZeroDivisionError"):
        run.run_notebooks("quick", {}, (LAST, FIRST), source, out)
    assert time.monotonic() - began < 100
    assert contents(out).keys() == {f"failed/{FIRST}.ipynb"}
    assert not kernel_of(tmp_path)[0].exists()
