"""The README: its code runs as it stands, and what it says of a GPU was measured."""

import json
import re
from pathlib import Path

import matplotlib.pyplot as plt

import vaehelpers
from vaehelpers import Dataset

README = Path(__file__).parents[1] / "README.md"


def test_the_code_for_your_own_use_runs(drawn, monkeypatch, capsys, tmp_path):
    few = Dataset("drawn", "few", drawn.train.head(128), drawn.val.head(20), drawn.test.head(20))
    monkeypatch.setattr(vaehelpers, "load_data", lambda: few)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    with plt.style.context("default"):  # the code sets another
        exec(code.replace("epochs=9", "epochs=1"), {})
    plt.close("all")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["0", "1"]
    assert lines[2].startswith("{'bpd': ")
    assert (tmp_path / "manifold.png").is_file()


def test_what_it_says_of_a_gpu_is_what_was_recorded():
    text = README.read_text()
    found = json.loads((README.parent / "benchmarks" / "results" / "gpu.json").read_text())
    assert found["hardware"]["name"] in text
    distance = found["agree"]["largest_distance_bpd"]["graph"]
    assert f"to {distance:.0e} bits/dim".replace("e-0", "e-") in text
    seconds = {row["recipe"]: row["seconds"] for row in found["time"] if "bfloat16" in row["way"]}
    said = f"`practical` took {seconds['practical']:.0f} s and of `best` {seconds['best']:.0f} s"
    assert said in text
