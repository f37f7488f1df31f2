"""What a person gives to make reaches the command as it was typed, and is never one itself."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from vaehelpers.cli import main

ROOT = Path(__file__).parents[1]
# Stands for the project's Python: writes down what it was given, and does nothing.
STUB = '#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done >> given\n'


@pytest.fixture
def project(tmp_path):
    """A folder that make takes for the project's, set up."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    bin_folder = tmp_path / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    for path in (tmp_path / "pyproject.toml", tmp_path / "constraints.txt", bin_folder / "python"):
        path.write_text(STUB)
    (bin_folder / "python").chmod(0o755)
    (tmp_path / ".venv" / "done").touch()
    return tmp_path


def given_to_run(project, *words, **environment) -> list[str]:
    """Return the arguments that `make figures` hands to `vaehelpers run`."""
    command = ["make", "figures", *words]
    subprocess.run(command, cwd=project, env={**os.environ, **environment}, check=True)
    given = (project / "given").read_text().splitlines()
    assert given[:2] == ["-m", "vaehelpers"]
    return given[given.index("run") + 1 :]


def test_the_defaults(project):
    assert given_to_run(project) == ["--preset", "full", "--set", ""]


@pytest.mark.parametrize(
    "text",
    [
        "x; touch harm",
        "x' ; touch harm '",
        'x" ; touch harm "',
        "`touch harm`",
        "$(touch harm)",
        "$(shell touch harm)",
        "$HOME $$ \\ * ~ #",
    ],
)
@pytest.mark.parametrize("name", ["PRESET", "SET"])
def test_no_text_is_a_command_or_is_changed(project, name, text):
    before = {path.name for path in project.iterdir()} | {"given"}
    for words, environment in (([f"{name}={text}"], {}), ([], {name: text})):
        given = given_to_run(project, *words, **environment)
        assert given[1 if name == "PRESET" else 3] == text
        (project / "given").unlink()
    assert {path.name for path in project.iterdir()} | {"given"} == before


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("", {}),
        ("epochs=3 seed=7", {"epochs": "3", "seed": "7"}),
        ("mail_csv=/tmp/my mails.csv", {"mail_csv": "/tmp/my mails.csv"}),
        (" seed=7  mail_csv=/tmp/my  mails.csv epochs=3 ", None),
    ],
)
def test_several_settings_in_one_text_may_hold_blanks(monkeypatch, capsys, text, given):
    if given is None:
        given = {"seed": "7", "mail_csv": "/tmp/my  mails.csv", "epochs": "3"}
    asked = []

    def run_notebooks(preset, settings, names, **_):
        asked.append(settings)
        return {"seconds": {}, "wall_seconds": 0, "results": {}}

    monkeypatch.setattr("vaehelpers.series.run.run_notebooks", run_notebooks)
    assert main(["run", "--set", text]) == 0
    assert asked == [given]
    assert main(["run", "--set", f"words {text}"]) == 2
    assert "has no value; write NAME=VALUE" in capsys.readouterr().err
