"""The batch run on a miniature series: what it leaves, and what it leaves alone on a failure."""

import json
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from miniature import FIRST, LAST, contents, result_of, series, visible

from vaehelpers.errors import BatchError, SettingError
from vaehelpers.series import run


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """Execute a miniature series once: `source`, and `out` with its results."""
    folder = tmp_path_factory.mktemp("first-run")
    run.run_notebooks("quick", {}, (LAST,), series(folder / "source"), folder / "out")
    return folder


@pytest.fixture
def after_a_run(first_run, tmp_path):
    """Return copies of `source` and `out` as a run left them."""
    for name in ("source", "out"):
        shutil.copytree(first_run / name, tmp_path / name)
    return tmp_path / "source", tmp_path / "out"


def test_a_run_leaves_notebooks_figures_results_and_record(tmp_path):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    run.run_notebooks("quick", {"epochs": "3"}, source=source, out=out)
    notebooks = {f"{name}.ipynb" for name in run.NOTEBOOKS}
    others = {f"figures/{LAST}-empty.png", "results.json", "run.json"}
    assert contents(out).keys() == notebooks | others
    tenfold = {"value": 30, "unit": "epochs", "data": None, "recorded": False}
    assert result_of(out) == {"tenfold": tenfold}
    record = json.loads((out / "run.json").read_text())
    assert record["parameters"][LAST] == {"epochs": 3, "data": "drawn"}
    assert record["data"]["name"] == "drawn"
    assert record["seconds"].keys() == set(run.NOTEBOOKS)
    assert {"preset", "versions", "hardware", "weights"} <= record.keys()


def test_a_failure_keeps_the_earlier_results(after_a_run, tmp_path):
    _, out = after_a_run
    before = contents(out)
    bad = series(tmp_path / "bad", "raise RuntimeError('first line\\nsecond line')")
    message = rf"{LAST}.ipynb failed in cell \[3\]: RuntimeError: first line \(see"
    with pytest.raises(BatchError, match=message):
        run.run_notebooks("quick", {}, (LAST,), bad, out)
    after = contents(out)
    assert after.pop(f"failed/{LAST}.ipynb")
    assert after == before
    assert visible(out) == {f"{LAST}.ipynb", "failed", "figures", "results.json", "run.json"}


@pytest.mark.parametrize(
    "name", ["01_transformers_theory.ipynb", f"figures/{FIRST}-a.png", "results.json"]
)
def test_a_folder_of_somebody_else_is_refused(tmp_path, name):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    with pytest.raises(SettingError, match="holds files that no run wrote"):
        run.run_notebooks("quick", {}, (FIRST,), series(tmp_path / "source"), out)
    assert [path for path in out.rglob("*") if path.name == Path(name).name] == [out / name]


STRANGERS = ("figures/thesis.png", "failed/notes.txt", "verify/proofs.txt", "figures", "verify")


@pytest.mark.parametrize("name", STRANGERS)
def test_what_somebody_keeps_where_a_run_writes_is_never_removed(after_a_run, tmp_path, name):
    source, out = after_a_run
    before = contents(out)
    mine = out / name
    if "/" in name:
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine")
    else:
        shutil.rmtree(mine, ignore_errors=True)
        (tmp_path / "elsewhere").mkdir()
        mine.symlink_to(tmp_path / "elsewhere")
    there = contents(out)
    for command in (
        lambda: run.run_notebooks("quick", {}, (FIRST,), source, out),
        lambda: list(run.verify_notebooks((FIRST,), source, out)),
    ):
        with pytest.raises(SettingError, match="was not written by a run") as error:
            command()
        assert str(mine) in str(error.value)
        assert contents(out) == there
    shutil.rmtree(mine) if mine.is_dir() and not mine.is_symlink() else mine.unlink()
    run.run_notebooks("quick", {}, (LAST,), source, out)  # as the advice says
    assert contents(out).keys() == before.keys()


def test_a_run_json_of_another_program_is_no_runs(tmp_path):
    source, out = series(tmp_path / "source"), tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text('{"mine": 1}')
    with pytest.raises(SettingError, match=r"run.json was not written by a run"):
        run.run_notebooks("quick", {}, (FIRST,), source, out)
    assert contents(out) == {"run.json": b'{"mine": 1}'}


def test_hidden_files_in_a_runs_folders_are_left_alone(after_a_run):
    source, out = after_a_run
    (out / "figures" / ".DS_Store").write_text("kept")
    (out / "failed" / ".ipynb_checkpoints").mkdir(parents=True)
    run.run_notebooks("quick", {}, (LAST,), source, out)
    assert (out / "figures" / ".DS_Store").is_file()
    assert (out / "failed" / ".ipynb_checkpoints").is_dir()


def test_a_new_run_replaces_the_old_one_whole(after_a_run):
    source, out = after_a_run
    (out / "mine.txt").write_text("kept")
    run.run_notebooks("quick", {}, (FIRST,), source, out)
    assert contents(out).keys() == {f"{FIRST}.ipynb", "results.json", "run.json", "mine.txt"}


def test_refresh_is_repeatable_and_clean(tmp_path):
    source = series(tmp_path / "source")
    path = source / f"{LAST}.ipynb"
    run.refresh_notebooks((LAST,), source, tmp_path / "build")
    first = path.read_bytes()
    run.refresh_notebooks((LAST,), source, tmp_path / "build")
    assert path.read_bytes() == first
    notebook = nbformat.reads(first.decode(), 4)
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert notebook.cells[1].outputs[2]["data"]["text/plain"] == "tenfold = 20 epochs"
    assert not any("papermill" in str(thing.metadata) for thing in (notebook, *notebook.cells))


def test_refresh_renews_the_copies_of_figures_that_the_readme_shows(tmp_path):
    source = series(tmp_path / "source")
    copies = tmp_path / "docs" / "figures"
    copies.mkdir(parents=True)
    shown = copies / f"{LAST}-empty.png"
    shown.write_bytes(b"old")
    run.refresh_notebooks((LAST,), source, tmp_path / "build")
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
