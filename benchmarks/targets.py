"""What training was tuned for, and what was reached: `training.py` prints this table below its own.

Only the first line is measured in that run; the others are read from what the other benchmarks, `make figures` and
`python -m vaehelpers evaluate` recorded, and say so where they did not run here.
"""

import json
from pathlib import Path
from typing import NamedTuple

from vaehelpers import checkpoint

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
EPOCHS = 80  # of the practical's run
FAST = "vaehelpers, fast, compiled"


class Row(NamedTuple):
    """A target, what was reached, whether that is enough (None: not known here), and if not, why."""

    target: str
    reached: str
    met: bool | None = None
    why: str = ""


def table(rates: dict[str, float], device: str, limits: dict[str, float]) -> str:
    """Return the table: `rates` in images per second, `limits` the ratios that the device's arithmetic allows.

    Below it, what is known about the targets that were missed.
    """
    rows = [
        throughput(rates, "cpu", 3, device, limits),
        throughput(rates, "cuda", 50, device, limits),
        time_to_quality(rates),
        *final_quality(),
        batch_run(),
        *growth(),
    ]
    words = {True: "met", False: "missed", None: ""}
    lines = [
        f"{'target':<58}{'':8}reached",
        *(f"{row.target:<58}{words[row.met]:8}{row.reached}" for row in rows),
    ]
    return "\n".join(
        [*lines, *(f"\n{row.target}\n{row.why}" for row in rows if row.met is False and row.why)]
    )


def base(rates: dict[str, float]) -> float:
    """Return the images per second of the textbook pipeline with the better number of workers."""
    return max(rate for name, rate in rates.items() if name.startswith("textbook"))


def throughput(
    rates: dict[str, float], device: str, wanted: int, here: str, limits: dict[str, float]
) -> Row:
    """Compare images per second at the practical's own recipe."""
    target = f"images per second on {device}: {wanted} times the textbook's"
    if device != here:
        return Row(target, "not measured in this run")
    ways = {
        "bfloat16": "vaehelpers, practical, bfloat16",
        "float32": "vaehelpers, practical, compiled",
    }
    ratios = {name: rates[way] / base(rates) for name, way in ways.items() if way in rates}
    reached = "; ".join(
        f"{ratio:.2f} times in {name} (this machine's whole arithmetic: {limits[name]:.1f} times)"
        for name, ratio in ratios.items()
    )
    return Row(
        target,
        reached,
        max(ratios.values()) >= wanted,
        f"{profile(device)}\n{tried(device.upper())}",
    )


def time_to_quality(rates: dict[str, float]) -> Row:
    """Compare the wall time to the practical's last validation score, each with its own pipeline."""
    target = f"time to the practical's score after {EPOCHS} epochs: an eighth"
    found = read("quality.json")
    if not found:
        return Row(target, "benchmarks/quality.py has not run")
    if FAST not in rates:
        return Row(target, "not measured in this run")
    goal = found["practical_80"][-1]
    first = [
        next((epoch for epoch, bpd in enumerate(curve) if bpd <= goal), None)
        for curve in found["recipes"]["fast"]["val_bpd"]
    ]
    if None in first:
        short = f"{first.count(None)} of {len(first)} seeds"
        return Row(target, f"not reached in {found['epochs']} epochs by {short}", False)
    parts = [EPOCHS / epoch * rates[FAST] / base(rates) for epoch in first]
    return Row(
        target, f"1/{min(parts):.1f} to 1/{max(parts):.1f}, {len(parts)} seeds", min(parts) >= 8
    )


def final_quality() -> list[Row]:
    """Compare test scores, one-sample ELBO, of the published networks with 20 latents."""
    practical, best = (
        checkpoint.read_meta(checkpoint.published(20, EPOCHS, variant))["test"]["bpd"]
        for variant in ("", "best")
    )
    return [
        Row(
            "test score of the same network: 1.20 bits/dim",
            f"{best:.4f}",
            best <= 1.2,
            tried("1.20"),
        ),
        Row(
            "... at least 0.04 below the practical's recipe",
            f"{practical - best:.4f} below its {practical:.4f}",
            practical - best >= 0.04,
        ),
    ]


def batch_run() -> Row:
    """Say how long the last `make figures` took."""
    path, target = ROOT / "build" / "run.json", "the four notebooks in batch: 150 s"
    seconds = json.loads(path.read_text()).get("wall_seconds") if path.is_file() else None
    if not seconds:
        return Row(target, "`make figures` has not run here")
    return Row(target, f"{seconds:.0f} s", seconds <= 150, tried("in batch"))


def growth() -> list[Row]:
    """Say how cost grows."""
    found = read("scaling-cpu.json")
    if not found:
        return [Row("cost as the work grows", "benchmarks/scaling.py has not run")]
    return [
        Row(
            f"cost against {knob.replace('_', ' ')}, exponents on cpu",
            f"time of an image {part['seconds']:.2f}, memory {part['bytes']:.2f}",
        )
        for knob, part in found["exponents"].items()
    ]


def profile(device: str) -> str:
    """Say where the time of a step goes, as benchmarks/breakdown.py recorded it."""
    found = read(f"breakdown-{device}.json")
    if not found:
        return "benchmarks/breakdown.py has not run"
    return "\n".join(
        f"- {name}, a step of {found['batch']} images: {sum(parts.values()):.0f} ms, of which "
        + ", ".join(f"{kind} {part:.0f}" for kind, part in parts.items())
        + f"; arithmetic alone {found['arithmetic_alone'][name]:.0f}"
        for name, parts in found["milliseconds"].items()
    )


def tried(word: str) -> str:
    """Return the section of tried.md whose heading has the word."""
    sections = (ROOT / "benchmarks" / "tried.md").read_text().split("\n## ")[1:]
    headed = (section.split("\n", 1) for section in sections)
    return next((text.strip() for heading, text in headed if word in heading), "")


def read(name: str) -> dict | None:
    """Return what another benchmark recorded, or None."""
    path = RESULTS / name
    return json.loads(path.read_text()) if path.is_file() else None
