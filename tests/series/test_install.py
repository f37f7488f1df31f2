"""Results are put in place all or nothing: what a kill leaves, and what the next run does."""

import subprocess
import sys

import pytest
from miniature import FIRST, LAST, contents

from vaehelpers.errors import BatchError
from vaehelpers.series import run

# Installs in a process of its own, which is killed before its n-th change of the file system.
KILLED = """
import os, signal, sys
from pathlib import Path
from vaehelpers.series import run

CHANGES = {"os.remove", "os.rename", "os.rmdir"}
folders = [Path(name) for name in sys.argv[1:]]
for number, folder in enumerate(folders):
    if os.fork():
        os.wait()
        continue
    left = [number]

    def kill(event, _):
        if event in CHANGES:
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(kill)
    run._install(folder)
    (folder / "unharmed").touch()
    os._exit(0)
"""
OLD = {
    f"{FIRST}.ipynb": b"old",
    f"{LAST}.ipynb": b"old",
    f"figures/{FIRST}-a.png": b"old",
    "results.json": b"old",
    "run.json": b'{"preset": "old", "parameters": {}, "seconds": {}}',
    f"failed/{LAST}.ipynb": b"old",
}
NEW = {
    f"{LAST}.ipynb": b"new",
    f"figures/{LAST}-b.png": b"new",
    f"figures/{LAST}-c.png": b"new",
    "results.json": b"new",
    "run.json": b'{"preset": "new", "parameters": {}, "seconds": {}}',
}
MINE = {"mine.txt": b"mine", "figures.txt": b"mine"}

RESULTS = {
    OLD["run.json"]: {n: content for n, content in (OLD | MINE).items() if "failed" not in n},
    NEW["run.json"]: NEW | MINE,
}


def write(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def staged(folder):
    """Return a folder with an earlier run, things of somebody else, and a finished stage."""
    write(folder, OLD | MINE)
    write(folder / ".clearing", NEW)
    return folder


def test_whenever_it_is_killed_the_next_run_finishes_the_installation(tmp_path):
    folders = [staged(tmp_path / str(number)) for number in range(25)]
    subprocess.run([sys.executable, "-c", KILLED, *map(str, folders)], check=True)
    killed = [folder for folder in folders if not (folder / "unharmed").exists()]
    assert 12 < len(killed) < 25, "every change, and then none"
    for folder in killed:
        files = contents(folder)
        left = {name: files[name] for name in files if name[0] != "." and "failed" not in name}
        # Where a reader finds run.json, all the rest belongs to it.
        assert left == RESULTS.get(left.get("run.json"), left)
        run._refuse_foreign(folder)
        with run._alone_in(folder):
            assert contents(folder) == NEW | MINE


def test_where_the_file_system_refuses_the_results_wait_and_the_advice_works(tmp_path):
    write(tmp_path / ".installing", NEW)
    in_the_way = write(tmp_path / "results.json", MINE)
    message = f"{in_the_way}: Is a directory; the new results are whole, and wait in .*: mend this"
    with pytest.raises(BatchError, match=message), run._alone_in(tmp_path):
        pytest.fail("the run has begun")
    assert not (tmp_path / "run.json").exists()
    in_the_way.rename(tmp_path / "moved")
    with run._alone_in(tmp_path):
        assert contents(tmp_path).items() >= NEW.items()
        assert contents(tmp_path / "moved") == MINE


def test_a_run_is_alone_in_its_folder(tmp_path):
    stale = write(tmp_path / ".running-old", {"stage/a": b""})
    with run._alone_in(tmp_path) as scratch:
        assert scratch.is_dir()
        assert not stale.exists()
        message = f"another run is writing to {tmp_path}; wait for its end"
        with pytest.raises(BatchError, match=message), run._alone_in(tmp_path):
            pytest.fail("two runs at once")
        assert scratch.is_dir()
    assert not scratch.exists()
    with run._alone_in(tmp_path) as scratch:  # as the advice says: its end was waited for
        assert scratch.is_dir()
