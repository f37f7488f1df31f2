"""The batch run on a miniature series: what it leaves, and what it leaves alone when a notebook fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from vaehelpers import batch
from vaehelpers.errors import BatchError, SettingError

BODY = """from vaehelpers.outputs import record, show
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
show(fig, "empty", alt="An empty pair of axes, which is all that this test needs.")
record("tenfold", epochs * 10, "epochs")"""


def series(folder, body=BODY):
    """Write four notebooks with one parameter each; the last one's body is given."""
    folder.mkdir()
    for name in batch.NOTEBOOKS:
        parameters = 'epochs: int = 2  # how many\ndata: str = "drawn"'
        cells = [
            nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(body if name == batch.NOTEBOOKS[-1] else "epochs"),
        ]
        notebook = nbformat.v4.new_notebook(
            cells=cells,
            metadata={
                "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
            },
        )
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_leaves_notebooks_figures_results_and_record(tmp_path):
    source, out, last = series(tmp_path / "source"), tmp_path / "out", batch.NOTEBOOKS[-1]
    batch.run("quick", {"epochs": "3"}, source=source, out=out)
    expected = {f"{name}.ipynb" for name in batch.NOTEBOOKS}
    assert contents(out).keys() == expected | {
        f"figures/{last}-empty.png",
        "results.json",
        "run.json",
    }
    results = json.loads((out / "results.json").read_text())
    assert results[last] == {
        "tenfold": {"value": 30, "unit": "epochs", "data": None, "recorded": False}
    }
    record = json.loads((out / "run.json").read_text())
    assert record["parameters"][last] == {"epochs": 3, "data": "drawn"}
    assert record["data"]["name"] == "drawn"
    assert record["seconds"].keys() == set(batch.NOTEBOOKS)
    assert {"preset", "versions", "hardware", "weights"} <= record.keys()


def test_the_summary_names_seconds_results_and_their_origin():
    results = {
        "03": {
            "tenfold": {"value": 30.0, "unit": "nats", "data": "drawn", "recorded": False},
            "hours": {"value": 1.5, "unit": "h", "data": None, "recorded": True},
        }
    }
    lines = batch.summary(
        {"seconds": {"03": 1.25}, "wall_seconds": 2.5, "results": results}
    ).splitlines()
    assert ["all,", "side", "by", "side", "2.5"] in [line.split() for line in lines]
    assert ["03", "1.2"] in [line.split() for line in lines]
    assert ["tenfold", "30", "nats", "[drawn]"] in [line.split() for line in lines]
    assert ["hours", "1.5", "h", "[recorded]"] in [line.split() for line in lines]


def test_a_failure_keeps_the_earlier_results(tmp_path):
    last, out = batch.NOTEBOOKS[-1], tmp_path / "out"
    batch.run("quick", {}, (last,), series(tmp_path / "good"), out)
    before = contents(out)
    bad = series(tmp_path / "bad", "raise RuntimeError('first line\\nsecond line')")
    with pytest.raises(
        BatchError, match=rf"{last}.ipynb failed in cell \[3\]: RuntimeError: first line \(see"
    ):
        batch.run("quick", {}, (last,), bad, out)
    after = contents(out)
    assert after.pop(f"failed/{last}.ipynb")
    assert after == before
    assert {p.name for p in out.iterdir()} == {
        f"{last}.ipynb",
        "failed",
        "figures",
        "results.json",
        "run.json",
    }


def test_a_lost_kernel_is_one_clear_error(tmp_path):
    source, last = series(tmp_path / "source", "import os; os._exit(1)"), batch.NOTEBOOKS[-1]
    for _ in range(2):  # the folder can be used again after a failure
        with pytest.raises(BatchError, match=rf"{last}.ipynb lost its kernel \(DeadKernelError"):
            batch.run("quick", {}, (last,), source, tmp_path / "out")
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["failed"]


@pytest.mark.parametrize("name", ["01_transformers_theory.ipynb", "figures", "results.json"])
def test_a_folder_of_somebody_else_is_refused(tmp_path, name):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    with pytest.raises(SettingError, match="holds files that no run wrote"):
        batch.run("quick", {}, (batch.NOTEBOOKS[0],), series(tmp_path / "source"), out)
    assert [path.name for path in out.iterdir()] == [name]


def test_a_new_run_replaces_the_old_one_whole(tmp_path):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    first, last = batch.NOTEBOOKS[0], batch.NOTEBOOKS[-1]
    batch.run("quick", {}, (last,), source, out)
    (out / "mine.txt").write_text("kept")
    batch.run("quick", {}, (first,), source, out)
    assert contents(out).keys() == {f"{first}.ipynb", "results.json", "run.json", "mine.txt"}


def test_refresh_is_repeatable_and_clean(tmp_path):
    source, last = series(tmp_path / "source"), batch.NOTEBOOKS[-1]
    batch.refresh((last,), source)
    first = (source / f"{last}.ipynb").read_bytes()
    batch.refresh((last,), source)
    assert (source / f"{last}.ipynb").read_bytes() == first
    notebook = nbformat.reads(first.decode(), 4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert notebook.cells[1].outputs[1]["data"]["text/plain"] == "tenfold = 20 epochs"
    assert not any("papermill" in str(thing.metadata) for thing in (notebook, *notebook.cells))


@pytest.mark.parametrize(
    ("preset", "given", "names", "message"),
    [
        ("fast", {}, batch.NOTEBOOKS, "unknown preset fast"),
        ("quick", {"epoch": "3"}, batch.NOTEBOOKS, "did you mean 'epochs'"),
        ("quick", {"epochs": "0x3"}, batch.NOTEBOOKS, "epochs=0x3 is not allowed"),
        ("quick", {}, ("05",), "unknown notebook 05"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path, preset, given, names, message):
    with pytest.raises(SettingError, match=message):
        batch.run(preset, given, names, series(tmp_path / "source"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_presets_name_settings_of_the_series(request):
    notebooks = request.config.rootpath / "notebooks"
    for preset in batch.PRESETS:
        planned = batch.plan(preset, {}, batch.NOTEBOOKS, notebooks)
        for key, value in batch.PRESETS[preset].items():
            assert value in [parameters.get(key) for parameters in planned.values()]


@pytest.mark.skipif(os.cpu_count() < 2, reason="one processor executes one notebook at a time")
def test_notebooks_run_side_by_side_and_share_the_processors(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    body = f"""import os, time
from pathlib import Path
from vaehelpers.outputs import record
here = Path({str(tmp_path)!r})
(here / f"{{os.getpid()}}.began").touch()
for _ in range(300):  # one waits for the other, half a minute at most
    if len(list(here.glob("*.began"))) == 2: break
    time.sleep(0.1)
record("running", len(list(here.glob("*.began"))))
record("threads", int(os.environ["OMP_NUM_THREADS"]))"""
    source = series(tmp_path / "source", body)
    names = batch.NOTEBOOKS[-2:]
    shutil.copy(source / f"{names[1]}.ipynb", source / f"{names[0]}.ipynb")
    done = batch.run("quick", {}, names, source, tmp_path / "out")
    one, two = (
        {key: entry["value"] for key, entry in done["results"][name].items()} for name in names
    )
    assert one["running"] == two["running"] == 2
    assert 1 <= one["threads"] == two["threads"] <= os.cpu_count() // 2
    assert done["wall_seconds"] >= max(done["seconds"].values())


@pytest.mark.parametrize("awaited", ["build/.running-*", "kernel"])
def test_an_interrupt_ends_all_kernels_in_one_line(tmp_path, awaited):
    kernel = str(tmp_path / "kernel")
    body = (
        f"import os, time\nopen('{kernel}.new', 'w').write(str(os.getpid()))\n"
        f"os.replace('{kernel}.new', '{kernel}')\ntime.sleep(300)"
    )
    series(tmp_path / "notebooks", body)
    command = [sys.executable, "-m", "vaehelpers", "run", batch.NOTEBOOKS[-1], batch.NOTEBOOKS[-2]]
    with open(tmp_path / "log", "w") as log:
        run = subprocess.Popen(
            command,
            cwd=tmp_path,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # shells may ignore it
    while not list(tmp_path.glob(awaited)):
        assert run.poll() is None
        time.sleep(0.1)
    os.killpg(
        run.pid, signal.SIGINT
    )  # as Ctrl-C does: to the command and what it started, not to the kernels
    assert run.wait(30) == 130
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[-1] == "vaehelpers run: interrupted"
    assert all(line.startswith("executing ") for line in lines[:-1])
    assert list((tmp_path / "build").iterdir()) == []
    process = Path("/proc", Path(kernel).read_text() if awaited == "kernel" else "none was started")
    for _ in range(100):
        if not process.exists():
            return
        time.sleep(0.1)
    pytest.fail("a kernel lives on")
