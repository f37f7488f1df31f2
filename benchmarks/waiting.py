"""Everything a reader waits for: import, help, set-up, the batch run, the tests; and on what.

    python benchmarks/waiting.py [--only import help setup run test ...]

Measures each line by a command as a person types it, names the three largest parts of each, and
writes waiting.json and waiting.png to benchmarks/results/, beside what was recorded of the lines
that were not asked for. `setup` makes an environment in a temporary folder (about 6 GB), `test`
runs the suite: ask for them on a machine that does nothing else.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import common
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from vaehelpers.figures.colours import INK

plt.style.use("vaehelpers.figures.style")

REPEATS = 7


class Wait(NamedTuple):
    """The command of a line, what measures it, and what it is to take at most, in seconds."""

    command: str
    measure: Callable[[], dict]
    target: float | None = None


def main() -> None:
    """Measure, print the table, and write results and figure."""
    parser = common.argument_parser(__doc__, with_device=False)
    parser.add_argument(
        "--only", nargs="+", choices=WAITS, default=["import", "help", "run"], help="these lines"
    )
    args = parser.parse_args()
    recorded = common.read_result("waiting.json") or {"lines": {}}
    lines = recorded["lines"]
    machine = common.ran_on(torch.device("cpu"))
    for name in args.only:
        wait = WAITS[name]
        lines[name] = {"command": wait.command, "target": wait.target, **wait.measure(), **machine}
    lines = {name: lines[name] for name in WAITS if name in lines}
    for name, line in lines.items():
        print(row(name, line))
    common.write_result("waiting.json", {"lines": lines})
    common.save_figure(draw(lines), "waiting.png")


def row(name: str, line: dict) -> str:
    """Return a line of the table: what is waited for, how long, and on what."""
    parts = ", ".join(f"{part} {seconds:.2g}" for part, seconds in line["parts"].items())
    size = f", {line['gigabytes']:.1f} GB" if "gigabytes" in line else ""
    return f"{name:8} {line['seconds']:8.2f} s{size}  {parts}"


def of_import() -> dict:
    """Time `import vaehelpers`."""
    program = [sys.executable, "-X", "importtime", "-c", "import vaehelpers"]
    return {"seconds": median_seconds(program) - start_of_python(), "parts": imports(program)}


def of_help() -> dict:
    """Time `vaehelpers --help`."""
    program = [sys.executable, "-X", "importtime", "-m", "vaehelpers", "--help"]
    return {"seconds": median_seconds(program), "parts": imports(program)}


def median_seconds(program: list[str]) -> float:
    """Return how long a program takes, without the report on its imports."""
    plain = [word for word in program if word not in ("-X", "importtime")]
    return statistics.median(
        common.timed(lambda: subprocess.run(plain, check=True, stdout=subprocess.DEVNULL))
        for _ in range(REPEATS)
    )


def start_of_python() -> float:
    """Return the seconds of a Python that does nothing."""
    return median_seconds([sys.executable, "-c", "pass"])


def imports(program: list[str]) -> dict[str, float]:
    """Return the three packages whose own modules take longest to import, in seconds."""
    done = subprocess.run(program, check=True, capture_output=True, text=True)
    own = Counter()
    for microseconds, module in re.findall(
        r"^import time:\s+(\d+) \|\s+\d+ \| +(\S+)", done.stderr, re.M
    ):
        own[module.split(".")[0]] += int(microseconds) / 1e6
    return dict(own.most_common(3))


def of_setup() -> dict:
    """Time the set-up of a fresh clone; say how large it is, and its largest packages."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(common.ROOT), str(clone)], check=True)
        environment = os.environ | {"UV_CACHE_DIR": str(Path(folder) / "cache")}
        seconds = common.timed(
            lambda: subprocess.run(["make", "setup"], cwd=clone, env=environment, check=True)
        )
        (packages,) = (clone / ".venv" / "lib").glob("python*/site-packages")
        sizes = {path.name: gigabytes(path) for path in packages.iterdir() if path.is_dir()}
        largest = dict(Counter(sizes).most_common(3))
        return {
            "seconds": seconds,
            "parts": {},
            "gigabytes": gigabytes(clone),
            "gigabytes_of": largest,
        }


def gigabytes(folder: Path) -> float:
    """Return the size of a folder's files."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e9


def of_run() -> dict:
    """Time `make figures` once everything is set up; its parts, side by side, are notebooks."""
    out = Path(tempfile.mkdtemp()) / "build"
    program = [sys.executable, "-m", "vaehelpers", "run", "--preset", "full", "--out", str(out)]
    seconds = common.timed(lambda: subprocess.run(program, check=True, stdout=subprocess.DEVNULL))
    record = json.loads((out / "run.json").read_text())
    shutil.rmtree(out.parent)
    return {"seconds": seconds, "parts": dict(Counter(record["seconds"]).most_common(3))}


def of_test() -> dict:
    """Time what `make test` runs after its lint; its parts are files of tests, on any worker.

    A test that fails counts as well: one of them waits for this record.
    """
    report = Path(tempfile.mkdtemp()) / "report.xml"
    workers = [
        "--numprocesses=auto",
        "--maxprocesses=4",
        "--dist=loadfile",
        "--no-loadscope-reorder",
    ]
    pytest = [sys.executable, "-m", "pytest", "-q", *workers, "--nbval-lax"]
    program = [*pytest, f"--junitxml={report}", "tests", "notebooks"]
    seconds = common.timed(lambda: subprocess.run(program, cwd=common.ROOT))
    files = Counter()
    for case in ET.parse(report).iter("testcase"):
        files[case.get("classname", "").removeprefix("tests.")] += float(case.get("time", 0))
    shutil.rmtree(report.parent)
    return {"seconds": seconds, "parts": dict(files.most_common(3))}


WAITS = {
    "import": Wait("import vaehelpers", of_import),
    "help": Wait("vaehelpers --help", of_help),
    "setup": Wait("make setup", of_setup),
    "run": Wait("make figures", of_run, 120),
    "test": Wait("make test", of_test, 480),
}


def in_words(seconds: float) -> str:
    """Return a time in a unit that suits it."""
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.0f} s"


def draw(lines: dict[str, dict]) -> Figure:
    """Draw a bar for each line, on a scale of factors, with a mark where it should end."""
    fig, ax = plt.subplots(figsize=(7.2, 2.6))
    names = [line["command"] for line in lines.values()]
    bars = ax.barh(names, [line["seconds"] for line in lines.values()], color="#0072B2")
    ax.bar_label(bars, fmt=in_words, padding=4)
    for i, line in enumerate(lines.values()):
        if line["target"]:
            ax.plot([line["target"]] * 2, [i - 0.4, i + 0.4], color=INK, lw=2)
    ax.set(xscale="log", xlabel="seconds (a line: what it should take at most)")
    ax.margins(x=0.15)
    ax.invert_yaxis()
    return fig


if __name__ == "__main__":
    main()
