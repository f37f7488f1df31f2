"""README and the pages that go on from it: short, its claims true, its code as it runs."""

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
from PIL import Image, ImageChops

import vaehelpers
from vaehelpers import Dataset
from vaehelpers.cli import entry

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
USAGE = (ROOT / "docs" / "usage.md").read_text()
PERFORMANCE = (ROOT / "docs" / "performance.md").read_text()
PARSER, COMMANDS = entry.build_parsers()


def test_the_readme_is_read_in_three_minutes():
    assert len(README.split()) < 700


def test_its_claim_is_proved_by_a_cell_of_the_notebook_that_it_names():
    section = README.partition("## A claim")[2].partition("\n## ")[0]
    (number,) = set(re.findall(r"[Nn]otebook (\d\d)", section))
    (code,) = re.findall(r"```python\n(.*?)\n```", section, re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)\n```", section, re.DOTALL)
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    (cell,) = (cell for cell in nbformat.read(path, 4).cells if cell.source == code)
    assert "".join(output.text for output in cell.outputs).strip() == printed
    assert "nbval-check-output" in cell.metadata.tags, "so that `make test` compares it"


def test_its_two_numbers_are_those_of_the_benchmark():
    found = json.loads((ROOT / "benchmarks" / "results" / "explorer.json").read_text())["results"]
    ours, usual = (found[name]["pictures"] for name in ("page tier", "interact + matplotlib"))
    said = f"{ours:.0f} a second, where `interact` manages {usual:.0f}"
    assert said in README
    assert len(re.findall(r"per second|a second|times as fast", README)) == 1


def test_the_moving_picture_is_of_todays_explorer_and_weights(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import moving_picture

    assert moving_picture.PATH.stat().st_size < 800_000
    with Image.open(moving_picture.PATH) as stored:
        assert stored.n_frames == moving_picture.FRAMES
        for i, drawn in zip((0, 17), moving_picture.pictures((0, 17)), strict=True):
            stored.seek(i)
            apart = ImageChops.difference(stored.convert("RGB"), drawn.convert("RGB"))
            assert max(high for _, high in apart.getextrema()) < 8


def test_commands_in_the_documents_are_commands():
    rules = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"figures", "test", "lab"} <= set(rules)
    for text in (README, USAGE, PERFORMANCE):
        shown = "\n".join(re.findall(r"`[^`\n]+`|```sh\n.*?```", text, re.DOTALL))
        asked = re.findall(r"(?<!from )\bvaehelpers ([a-z]+)", shown)
        assert asked
        assert [command for command in asked if command not in COMMANDS] == []
        made = set(re.findall(r"\bmake ([a-z]+)", shown))
        assert made <= set(rules)
    for line in re.findall(r"^make (\w+) ", README, re.MULTILINE):
        assert line in rules


def test_the_code_for_your_own_use_runs(drawn, monkeypatch, capsys, tmp_path):
    few = Dataset("drawn", "few", drawn.train.head(128), drawn.val.head(20), drawn.test.head(20))
    monkeypatch.setattr(vaehelpers, "load_data", lambda: few)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", USAGE, re.DOTALL)
    with plt.style.context("default"):  # the code sets another
        exec(code.replace("epochs=9", "epochs=1"), {})
    plt.close("all")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["0", "1"]
    assert lines[2].startswith("{'bpd': ")
    assert (tmp_path / "runs" / "mine" / "manifold.png").is_file()


def test_the_names_that_the_readme_imports_are_there():
    (names,) = re.findall(r"`from vaehelpers import ([\w, ]+)`", README)
    assert set(names.split(", ")) <= set(vaehelpers.__all__)


def test_what_is_said_of_a_gpu_is_what_was_recorded():
    found = json.loads((ROOT / "benchmarks" / "results" / "gpu.json").read_text())
    assert found["hardware"]["name"] in PERFORMANCE
    distance = found["agree"]["largest_distance_bpd"]["graph"]
    assert f"to {distance:.0e} bits/dim".replace("e-0", "e-") in PERFORMANCE
    seconds = {row["recipe"]: row["seconds"] for row in found["time"] if "bfloat16" in row["way"]}
    said = f"`practical` took {seconds['practical']:.0f} s and of `best` {seconds['best']:.0f} s"
    assert said in PERFORMANCE


def test_the_wheel_that_the_page_names_is_this_versions():
    assert f"vaehelpers-{vaehelpers.__version__}-py3-none-any.whl" in USAGE
