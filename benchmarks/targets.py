"""What training was tuned for, and what was reached: `throughput.py` prints it below its own table.

Only the first line is measured in that run; the others are read from what the other benchmarks,
`make figures` and `python -m vaehelpers evaluate` recorded, and say so where they did not run here.
"""

import json
from typing import NamedTuple

import common

from vaehelpers.published import published_checkpoint
from vaehelpers.training.checkpoint import read_meta

EPOCHS = 80  # of the practical's run
FAST = "vaehelpers, fast, compiled"
PRACTICAL = {
    "bfloat16": "vaehelpers, practical, bfloat16",
    "float32": "vaehelpers, practical, compiled",
}
VERDICTS = {True: "met", False: "missed", None: ""}


class Row(NamedTuple):
    """A target, what was reached, whether that is enough (None: not known here), if not, why."""

    target: str
    reached: str
    met: bool | None = None
    why: str = ""


def table(rates: dict[str, float], device: str, limits: dict[str, float]) -> str:
    """Return the table, and below it what is known about the targets that were missed.

    `rates` are images per second, `limits` the ratios that the device's arithmetic allows.
    """
    rows = [
        images_per_second(rates, "cpu", 3, device, limits),
        images_per_second(rates, "cuda", 50, device, limits),
        time_to_quality(rates),
        *final_quality(),
        batch_run(),
        *growth(),
    ]
    lines = [f"{'target':<58}{'':8}reached"]
    for row in rows:
        lines.append(f"{row.target:<58}{VERDICTS[row.met]:8}{row.reached}")
    for row in rows:
        if row.met is False and row.why:
            lines.append(f"\n{row.target}\n{row.why}")
    return "\n".join(lines)


def base(rates: dict[str, float]) -> float:
    """Return the images per second of the textbook pipeline with the better number of workers."""
    return max(rate for name, rate in rates.items() if name.startswith("textbook"))


def images_per_second(
    rates: dict[str, float], device: str, wanted: int, here: str, limits: dict[str, float]
) -> Row:
    """Compare images per second at the practical's own recipe; `here` is the device measured."""
    target = f"images per second on {device}: {wanted} times the textbook's"
    if device != here:
        return Row(target, "not measured in this run")
    reached = []
    ratios = []
    for numbers, way in PRACTICAL.items():
        if way not in rates:
            continue
        ratio = rates[way] / base(rates)
        ratios.append(ratio)
        limit = f"this machine's whole arithmetic: {limits[numbers]:.1f} times"
        reached.append(f"{ratio:.2f} times in {numbers} ({limit})")
    why = f"{profile(device)}\n{tried(device.upper())}"
    return Row(target, "; ".join(reached), max(ratios) >= wanted, why)


def time_to_quality(rates: dict[str, float]) -> Row:
    """Compare the wall time to the practical's last validation score, each with its pipeline."""
    target = f"time to the practical's score after {EPOCHS} epochs: an eighth"
    found = common.read_result("quality.json")
    if not found:
        return Row(target, "benchmarks/quality.py has not run")
    if FAST not in rates:
        return Row(target, "not measured in this run")
    goal = found["practical_80"][-1]
    curves = found["recipes"]["fast"]["val_bpd"]
    first = [first_epoch_at(goal, curve) for curve in curves]
    if None in first:
        short = f"{first.count(None)} of {len(first)} seeds"
        return Row(target, f"not reached in {found['epochs']} epochs by {short}", False)
    faster = rates[FAST] / base(rates)
    parts = [EPOCHS / epoch * faster for epoch in first]
    reached = f"1/{min(parts):.1f} to 1/{max(parts):.1f}, {len(parts)} seeds"
    return Row(target, reached, min(parts) >= 8)


def first_epoch_at(goal: float, curve: list[float]) -> int | None:
    """Return the first epoch whose score is as low as `goal`, or None."""
    for epoch, bpd in enumerate(curve):
        if bpd <= goal:
            return epoch
    return None


def final_quality() -> list[Row]:
    """Compare test scores, one-sample ELBO, of the published networks with 20 latents."""
    practical = published_test_score()
    best = published_test_score("best")
    gain = practical - best
    return [
        Row(
            "test score of the same network: 1.20 bits/dim",
            f"{best:.4f}",
            best <= 1.2,
            tried("1.20"),
        ),
        Row(
            "... at least 0.04 below the practical's recipe",
            f"{gain:.4f} below its {practical:.4f}",
            gain >= 0.04,
        ),
    ]


def published_test_score(variant: str = "") -> float:
    """Return the test score [bits/dim] recorded with published weights of 20 latents."""
    return read_meta(published_checkpoint(20, EPOCHS, variant))["test"]["bpd"]


def batch_run() -> Row:
    """Say how long the last `make figures` took."""
    target = "the four notebooks in batch: 150 s"
    path = common.ROOT / "build" / "run.json"
    seconds = json.loads(path.read_text()).get("wall_seconds") if path.is_file() else None
    if not seconds:
        return Row(target, "`make figures` has not run here")
    return Row(target, f"{seconds:.0f} s", seconds <= 150, tried("in batch"))


def growth() -> list[Row]:
    """Say how cost grows."""
    found = common.read_result("scaling-cpu.json")
    if not found:
        return [Row("cost as the work grows", "benchmarks/scaling.py has not run")]
    rows = []
    for knob, part in found["exponents"].items():
        target = f"cost against {knob.replace('_', ' ')}, exponents on cpu"
        reached = f"time of an image {part['seconds']:.2f}, memory {part['bytes']:.2f}"
        rows.append(Row(target, reached))
    return rows


def profile(device: str) -> str:
    """Say where the time of a step goes, as benchmarks/breakdown.py recorded it."""
    found = common.read_result(f"breakdown-{device}.json")
    if not found:
        return "benchmarks/breakdown.py has not run"
    lines = []
    for name, parts in found["milliseconds"].items():
        whole = f"a step of {found['batch']} images: {sum(parts.values()):.0f} ms"
        kinds = ", ".join(f"{kind} {part:.0f}" for kind, part in parts.items())
        alone = f"arithmetic alone {found['arithmetic_alone'][name]:.0f}"
        lines.append(f"- {name}, {whole}, of which {kinds}; {alone}")
    return "\n".join(lines)


def tried(word: str) -> str:
    """Return the section of tried.md whose heading has the word."""
    text = (common.ROOT / "benchmarks" / "tried.md").read_text()
    for section in text.split("\n## ")[1:]:
        heading, body = section.split("\n", 1)
        if word in heading:
            return body.strip()
    return ""
