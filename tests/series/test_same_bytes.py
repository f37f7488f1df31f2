"""Two runs leave the same bytes: in other folders, time zones, locales, and with other hashes."""

import json
import shutil

from miniature import LAST, contents, said, series, started

from vaehelpers.series import run

PIECES = """import sys, time
import ipywidgets
from vaehelpers.series import record, show
import matplotlib.pyplot as plt
for piece in "zwei · drei · ":
    print(piece, end="", flush=True)
    time.sleep(0.01)
fig, ax = plt.subplots()
ax.plot([1, 2], label="ein · Label")
show(fig, "line", alt="A line that rises from left to right, as the two numbers do.")
record("tenfold", epochs * 10, "epochs")
ipywidgets.IntSlider()"""
# Where Python takes the locale at its word, files and pipes are ASCII.
ELSEWHERE = {
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PYTHONHASHSEED": "7",
}


def test_two_runs_leave_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    here, there = tmp_path / "here", tmp_path / "there with blanks"
    here.mkdir()
    source = series(here / "notebooks", PIECES)
    shutil.copytree(here, there)
    run.run_notebooks("quick", {}, (LAST,), source, here / "out")
    with started(["run", LAST], there, **ELSEWHERE) as process:
        assert process.wait(300) == 0, said(there)
    one, two = contents(here / "out"), contents(there / "build")
    for made in (one, two):  # run.json alone holds times
        assert json.loads(made.pop("run.json"))["wall_seconds"] > 0
    assert one == two
    assert one.keys() == {f"{LAST}.ipynb", f"figures/{LAST}-line.png", "results.json"}
    assert "zwei · drei · " in one[f"{LAST}.ipynb"].decode()
