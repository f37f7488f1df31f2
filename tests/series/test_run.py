"""The batch run on a miniature series: what it leaves, and what it leaves alone on a failure."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import pytest

from vaehelpers.errors import BatchError, SettingError
from vaehelpers.series import run

FIRST, LAST = run.NOTEBOOKS[0], run.NOTEBOOKS[-1]
BODY = """from vaehelpers.series import record, show
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
show(fig, "empty", alt="An empty pair of axes, which is all that this test needs.")
record("tenfold", epochs * 10, "epochs")"""


def series(folder, body=BODY):
    """Write four notebooks with one parameter each; the last one's body is given."""
    folder.mkdir()
    for name in run.NOTEBOOKS:
        parameters = 'epochs: int = 2  # how many\ndata: str = "drawn"'
        cells = [
            nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(body if name == LAST else "epochs"),
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_leaves_notebooks_figures_results_and_record(tmp_path):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    run.run_notebooks("quick", {"epochs": "3"}, source=source, out=out)
    notebooks = {f"{name}.ipynb" for name in run.NOTEBOOKS}
    others = {f"figures/{LAST}-empty.png", "results.json", "run.json"}
    assert contents(out).keys() == notebooks | others
    results = json.loads((out / "results.json").read_text())
    tenfold = {"value": 30, "unit": "epochs", "data": None, "recorded": False}
    assert results[LAST] == {"tenfold": tenfold}
    record = json.loads((out / "run.json").read_text())
    assert record["parameters"][LAST] == {"epochs": 3, "data": "drawn"}
    assert record["data"]["name"] == "drawn"
    assert record["seconds"].keys() == set(run.NOTEBOOKS)
    assert {"preset", "versions", "hardware", "weights"} <= record.keys()


def test_the_summary_names_seconds_results_and_their_origin():
    results = {
        "tenfold": {"value": 30.0, "unit": "nats", "data": "drawn", "recorded": False},
        "hours": {"value": 1.5, "unit": "h", "data": None, "recorded": True},
    }
    record = {"seconds": {"03": 1.25}, "wall_seconds": 2.5, "results": {"03": results}}
    rows = [line.split() for line in run.summary(record).splitlines()]
    assert ["all,", "side", "by", "side", "2.5"] in rows
    assert ["03", "1.2"] in rows
    assert ["tenfold", "30", "nats", "[drawn]"] in rows
    assert ["hours", "1.5", "h", "[recorded]"] in rows


def test_a_failure_keeps_the_earlier_results(tmp_path):
    out = tmp_path / "out"
    run.run_notebooks("quick", {}, (LAST,), series(tmp_path / "good"), out)
    before = contents(out)
    bad = series(tmp_path / "bad", "raise RuntimeError('first line\\nsecond line')")
    message = rf"{LAST}.ipynb failed in cell \[3\]: RuntimeError: first line \(see"
    with pytest.raises(BatchError, match=message):
        run.run_notebooks("quick", {}, (LAST,), bad, out)
    after = contents(out)
    assert after.pop(f"failed/{LAST}.ipynb")
    assert after == before
    left = {f"{LAST}.ipynb", "failed", "figures", "results.json", "run.json"}
    assert {path.name for path in out.iterdir()} == left


def test_a_lost_kernel_is_one_clear_error(tmp_path):
    source, out = series(tmp_path / "source", "import os; os._exit(1)"), tmp_path / "out"
    for _ in range(2):  # the folder can be used again after a failure
        with pytest.raises(BatchError, match=rf"{LAST}.ipynb lost its kernel \(DeadKernelError"):
            run.run_notebooks("quick", {}, (LAST,), source, out)
        assert [path.name for path in out.iterdir()] == ["failed"]


@pytest.mark.parametrize("name", ["01_transformers_theory.ipynb", "figures", "results.json"])
def test_a_folder_of_somebody_else_is_refused(tmp_path, name):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    with pytest.raises(SettingError, match="holds files that no run wrote"):
        run.run_notebooks("quick", {}, (FIRST,), series(tmp_path / "source"), out)
    assert [path.name for path in out.iterdir()] == [name]


def test_a_new_run_replaces_the_old_one_whole(tmp_path):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    run.run_notebooks("quick", {}, (LAST,), source, out)
    (out / "mine.txt").write_text("kept")
    run.run_notebooks("quick", {}, (FIRST,), source, out)
    assert contents(out).keys() == {f"{FIRST}.ipynb", "results.json", "run.json", "mine.txt"}


def test_refresh_is_repeatable_and_clean(tmp_path):
    source = series(tmp_path / "source")
    path = source / f"{LAST}.ipynb"
    run.refresh_notebooks((LAST,), source)
    first = path.read_bytes()
    run.refresh_notebooks((LAST,), source)
    assert path.read_bytes() == first
    notebook = nbformat.reads(first.decode(), 4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert notebook.cells[1].outputs[1]["data"]["text/plain"] == "tenfold = 20 epochs"
    assert not any("papermill" in str(thing.metadata) for thing in (notebook, *notebook.cells))


def test_refresh_renews_the_copies_of_figures_that_the_readme_shows(tmp_path):
    source = series(tmp_path / "source")
    copies = tmp_path / "docs" / "figures"
    copies.mkdir(parents=True)
    shown = copies / f"{LAST}-empty.png"
    shown.write_bytes(b"old")
    run.refresh_notebooks((LAST,), source)
    assert shown.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in copies.iterdir()] == [shown.name]


@pytest.mark.parametrize(
    ("preset", "given", "names", "message"),
    [
        ("fast", {}, run.NOTEBOOKS, "unknown preset fast"),
        ("quick", {"epoch": "3"}, run.NOTEBOOKS, "did you mean 'epochs'"),
        ("quick", {"epochs": "0x3"}, run.NOTEBOOKS, "epochs=0x3 is not allowed"),
        ("quick", {}, ("05",), "unknown notebook 05"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path, preset, given, names, message):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    with pytest.raises(SettingError, match=message):
        run.run_notebooks(preset, given, names, source, out)
    assert not out.exists()


def test_presets_name_settings_of_the_series(request):
    notebooks = request.config.rootpath / "notebooks"
    for preset, changes in run.PRESETS.items():
        planned = run.plan(preset, {}, run.NOTEBOOKS, notebooks)
        for key, value in changes.items():
            assert value in [parameters.get(key) for parameters in planned.values()]


@pytest.mark.skipif(os.cpu_count() < 2, reason="one processor executes one notebook at a time")
def test_notebooks_run_side_by_side_and_share_the_processors(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    body = f"""import os, time
from pathlib import Path
from vaehelpers.series import record
here = Path({str(tmp_path)!r})
(here / f"{{os.getpid()}}.began").touch()
for _ in range(300):  # one waits for the other, half a minute at most
    if len(list(here.glob("*.began"))) == 2: break
    time.sleep(0.1)
record("running", len(list(here.glob("*.began"))))
record("threads", int(os.environ["OMP_NUM_THREADS"]))"""
    source = series(tmp_path / "source", body)
    names = run.NOTEBOOKS[-2:]
    shutil.copy(source / f"{names[1]}.ipynb", source / f"{names[0]}.ipynb")
    done = run.run_notebooks("quick", {}, names, source, tmp_path / "out")
    one, two = (done["results"][name] for name in names)
    assert one["running"]["value"] == two["running"]["value"] == 2
    threads = one["threads"]["value"]
    assert 1 <= threads == two["threads"]["value"] <= os.cpu_count() // 2
    assert done["wall_seconds"] >= max(done["seconds"].values())


@contextmanager
def started(command, folder):
    """Run a command in `folder`, as a shell runs it in the foreground; its errors go to `log`."""
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stderr=log,
            start_new_session=True,
            # Shells may ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("awaited", ["build/.running-*", "kernel"])
def test_an_interrupt_ends_all_kernels_in_one_line(tmp_path, awaited):
    kernel = tmp_path / "kernel"
    body = (
        f"import os, time\nopen('{kernel}.new', 'w').write(str(os.getpid()))\n"
        f"os.replace('{kernel}.new', '{kernel}')\ntime.sleep(300)"
    )
    series(tmp_path / "notebooks", body)
    command = [sys.executable, "-m", "vaehelpers", "run", run.NOTEBOOKS[-1], run.NOTEBOOKS[-2]]
    with started(command, tmp_path) as process:
        while not list(tmp_path.glob(awaited)):
            assert process.poll() is None
            time.sleep(0.1)
        # As Ctrl-C does: to the command and what it started, not to the kernels.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
        *before, last = (tmp_path / "log").read_text().splitlines()
        assert last == "vaehelpers run: interrupted"
        assert [line for line in before if not line.startswith("executing ")] == []
        assert list((tmp_path / "build").iterdir()) == []
        if awaited == "kernel":
            assert ends(int(kernel.read_text())), "a kernel lives on"


def ends(number: int) -> bool:
    """Return whether a process is gone within ten seconds."""
    for _ in range(100):
        if not Path("/proc", str(number)).exists():
            return True
        time.sleep(0.1)
    return False
