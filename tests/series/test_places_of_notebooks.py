"""Where notebooks are found, and copies for a reader: nothing of the reader's is ever changed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from miniature import BODY, FIRST, LAST, contents, result_of, series

import vaehelpers
from vaehelpers.cli import main, terminal
from vaehelpers.errors import OutputError, SettingError
from vaehelpers.series import fingerprint, notebooks, run, tour

PROJECT = Path(vaehelpers.__file__).parents[1]
FILES = [f"{name}.ipynb" for name in run.NOTEBOOKS]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder, with a blank in its name."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A miniature series in place of the notebooks that came with the package, in a wheel."""
    package = tmp_path / "site-packages" / "vaehelpers"
    package.mkdir(parents=True)
    monkeypatch.setattr(notebooks, "PACKAGE", package)
    return series(package / "notebooks")


def test_they_are_here_or_in_notebooks_or_in_the_package(here):
    assert notebooks.find() == notebooks.packaged() == PROJECT / "notebooks"
    (here / "notebooks").mkdir()
    assert notebooks.find() == notebooks.packaged(), "an empty folder has none"
    (here / "notebooks" / f"{LAST}.ipynb").touch()
    assert notebooks.find() == Path("notebooks")
    assert notebooks.find((FIRST,)) == notebooks.packaged(), "the one that is asked for"
    (here / f"{FIRST}.ipynb").touch()
    assert notebooks.find() == Path()


def test_in_a_wheel_they_lie_in_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "PACKAGE", tmp_path / "vaehelpers")
    assert notebooks.packaged() == tmp_path / "notebooks"
    (tmp_path / "vaehelpers" / "notebooks").mkdir(parents=True)
    assert notebooks.packaged() == tmp_path / "vaehelpers" / "notebooks"


def test_copies_are_the_packages_byte_by_byte_and_their_stamps_hold(here):
    copies = notebooks.copy_to(Path("course"))
    assert (copies.place, copies.new, copies.kept) == (Path("course/notebooks"), FILES, [])
    for name in FILES:
        copy = copies.place / name
        original = PROJECT / "notebooks" / name
        assert copy.read_bytes() == original.read_bytes()
        was, now = (fingerprint.outdated(nbformat.read(path, 4)) for path in (original, copy))
        assert now == was
    again = notebooks.copy_to(Path("course"))
    assert (again.new, again.kept) == ([], [])


def test_what_the_reader_changed_stays_and_what_is_missing_comes_back(here):
    place = notebooks.copy_to(here).place
    mine, gone, linked = (place / name for name in FILES[:3])
    mine.write_text("mine")
    gone.unlink()
    linked.unlink()
    linked.symlink_to("nowhere")
    copies = notebooks.copy_to(here)
    assert copies.new == [gone.name]
    assert copies.kept == [f"notebooks/{mine.name}", f"notebooks/{linked.name}"]
    assert mine.read_text() == "mine"
    assert os.readlink(linked) == "nowhere"
    assert gone.read_bytes() == (PROJECT / "notebooks" / gone.name).read_bytes()


def test_beside_notebooks_that_lie_in_the_folder_itself_go_the_others(here):
    shutil.copy(PROJECT / "notebooks" / FILES[0], here)
    copies = notebooks.copy_to(here)
    assert (copies.place, copies.new) == (here, FILES[1:])
    assert sorted(path.name for path in here.iterdir()) == FILES


def test_a_project_is_left_as_it_is(monkeypatch):
    monkeypatch.chdir(PROJECT)
    before = sorted(PROJECT.iterdir())
    assert notebooks.readers_folder() == Path()
    copies = notebooks.copy_to(Path())
    assert copies == notebooks.Copies(Path("notebooks"), [], [], 0)
    assert sorted(PROJECT.iterdir()) == before


def test_links_of_the_copies_lead_to_the_code(here):
    place = notebooks.copy_to(here).place
    leading, astray = 0, set()
    for name in FILES:
        for cell in json.loads((place / name).read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                for target in re.findall(
                    r"\]\(([\w./]+\.\w+)(?:#[\w-]+)?\)", "".join(cell["source"])
                ):
                    leading += (place / target).exists()
                    if not (place / target).exists():
                        astray.add(target.split("/")[1])
    assert leading > 50
    assert astray <= {"benchmarks"}, "what is not in the package"


def test_copied_code_is_read_and_never_imported(here):
    notebooks.copy_to(here)
    copied = {path.name for path in (here / "vaehelpers").rglob("*") if path.is_file()}
    assert {"networks.py", "mail.txt"} <= copied
    assert "__init__.py" not in copied
    program = "import vaehelpers, vaehelpers.vae.networks as each; print(each.__file__)"
    command = [sys.executable, "-c", program]  # with this folder in front of all others
    done = subprocess.run(command, capture_output=True, text=True, cwd=here)
    assert done.stdout == f"{PROJECT / 'vaehelpers' / 'vae' / 'networks.py'}\n", done.stderr


def test_code_that_the_reader_changed_stays(here):
    notebooks.copy_to(here)
    mine = here / "vaehelpers" / "vae" / "networks.py"
    mine.write_text("mine")
    copies = notebooks.copy_to(here)
    assert (copies.code, copies.kept) == (0, ["vaehelpers/vae/networks.py"])
    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_named(here):
    (here / "file").touch()
    with pytest.raises(OutputError, match="file cannot be written: Not a directory"):
        notebooks.copy_to(here / "file")


def test_a_run_without_notebooks_takes_the_packages_and_works_here(here, packaged, capsys):
    body = f"{BODY}\nimport os\nopen('worked-here', 'w').close()"
    shutil.rmtree(packaged)
    series(packaged, body)
    before = contents(packaged)
    assert main(["run", LAST]) == 0
    printed = capsys.readouterr().out
    assert "no notebooks are here: these are those that came with vaehelpers" in printed
    assert result_of(here / "build")["tenfold"]["value"] == 20
    assert (here / "worked-here").is_file()
    assert contents(packaged) == before
    assert main(["verify", LAST]) == 1
    assert capsys.readouterr().err.endswith("what is stored came with vaehelpers, and stays\n")
    assert contents(packaged) == before


def test_a_run_in_a_readers_folder_takes_the_copies(here, packaged, capsys):
    assert main(["lab", "--copy-only"]) == 0
    assert notebooks.READERS_FOLDER.is_dir()
    os.chdir(notebooks.READERS_FOLDER)
    copy = Path("notebooks", f"{LAST}.ipynb")
    copy.write_text(copy.read_text().replace("epochs * 10", "epochs * 11"))
    assert main(["run", LAST]) == 0
    assert "those that came with vaehelpers" not in capsys.readouterr().out
    assert result_of(Path("build"))["tenfold"]["value"] == 22
    assert main(["run", "--in-place", LAST]) == 0
    assert "tenfold = 22 epochs" in copy.read_text()


def test_the_packages_own_are_never_refreshed_from_elsewhere_and_the_advice_works(
    here, packaged, capsys
):
    before = contents(packaged)
    assert main(["run", "--in-place", LAST]) == 2
    told = capsys.readouterr().err
    assert "copy them with `vaehelpers lab --copy-only FOLDER`, and run this in that" in told
    assert contents(packaged) == before
    assert main(["lab", "--copy-only", "FOLDER"]) == 0
    os.chdir("FOLDER")
    assert main(["run", "--in-place", LAST]) == 0
    assert contents(packaged) == before


def test_a_notebook_is_named_by_its_number_its_file_or_its_name(here, packaged):
    for text in ("1", "01", FIRST, f"{FIRST}.ipynb"):
        assert notebooks.name_of(text) == FIRST
    shutil.copytree(packaged, here / "notebooks")
    for text in (
        f"notebooks/{FIRST}.ipynb",
        f"./notebooks/{FIRST}",
        str(here / "notebooks" / FIRST),
    ):
        assert notebooks.name_of(text) == FIRST
    for text in (f"other/{FIRST}.ipynb", "5", "0", "", "001", "README.md"):
        assert notebooks.name_of(text) == text, "it is not one of those that are meant here"


@pytest.mark.parametrize("content", ["", "not a notebook", "{}", '{"cells": 3}', "[1]", "\udcff"])
def test_a_notebook_that_is_damaged_is_named_and_the_advice_works(here, packaged, capsys, content):
    shutil.copytree(packaged, here / "notebooks")
    path = Path("notebooks", f"{FIRST}.ipynb")
    path.write_bytes(content.encode(errors="surrogateescape"))
    for command in ("run", "verify"):
        assert main([command]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"vaehelpers {command}: {path} is no whole notebook (")
        assert told.count("\n") == 1
    path.rename("notebooks/damaged.ipynb")
    assert main(re.search("`vaehelpers (.*)`", told)[1].split()) == 0
    assert run.paths(run.NOTEBOOKS, notebooks.find())[FIRST] == path


@pytest.mark.parametrize("where", [".", "notebooks"])
def test_a_missing_notebook_is_named_and_the_advice_brings_it(here, packaged, capsys, where):
    shutil.copytree(packaged, here / where, dirs_exist_ok=True)
    path = Path(where, f"{FIRST}.ipynb")
    path.unlink()
    with pytest.raises(SettingError, match=f"{FIRST}.ipynb is not there; `vaehelpers ") as error:
        run.paths(run.NOTEBOOKS, notebooks.find())
    advised = re.search("`vaehelpers (.*)`", str(error.value))[1]
    assert main(advised.split()) == 0
    assert run.paths(run.NOTEBOOKS, notebooks.find())[FIRST] == path


def test_a_page_of_answers_that_is_somebody_elses_is_not_replaced(here, packaged):
    mine = here / "docs" / tour.PAGE
    mine.parent.mkdir()
    mine.write_text("# My answers")
    shutil.copytree(packaged, here / "notebooks")
    run.refresh_notebooks((LAST,))
    assert mine.read_text() == "# My answers"
    mine.write_text(tour.HEAD)
    run.refresh_notebooks((LAST,))
    assert "## Notebook 01" in mine.read_text()


def test_a_run_ends_with_where_all_is_and_what_is_next(here, capsys):
    series(here / "notebooks")
    assert main(["run", LAST]) == 0
    printed = capsys.readouterr().out
    assert "tenfold" not in printed, "no headline"
    place = re.search(r"results in all: 1, in (\S+) \(--all prints them\)", printed)[1]
    assert "tenfold" in json.loads(Path(place).read_text())[LAST]
    assert Path(re.search(r"executed notebooks: (\S+);", printed)[1], f"{LAST}.ipynb").is_file()
    assert list(Path(re.search(r"their figures: (\S+);", printed)[1]).glob("*.png"))
    step = re.search(r"^next: (.*) opens", printed, re.MULTILINE)[1]
    assert step == terminal.typed("lab")


def test_all_results_are_printed_where_they_are_asked_for(here, monkeypatch, capsys):
    entry = {"value": 20, "unit": "epochs", "data": None, "recorded": False}
    record = {"seconds": {LAST: 1.0}, "wall_seconds": 1.0, "results": {LAST: {"tenfold": entry}}}
    monkeypatch.setattr(run, "run_notebooks", lambda *_, **__: record)
    assert main(["run", LAST, "--all"]) == 0
    printed = capsys.readouterr().out
    assert "tenfold " in printed
    assert "--all" not in printed
