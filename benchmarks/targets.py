"""What training was tuned for, and what was reached: `throughput.py` prints it below its own table.

Only the first line is measured in that run; the others are read from what the other benchmarks,
`make figures` and `python -m vaehelpers evaluate` recorded, and say so where they did not run here.
"""

import json
from typing import NamedTuple

import common
import torch

from vaehelpers.published import published_checkpoint
from vaehelpers.training.checkpoint import read_meta

EPOCHS = 80  # of the practical's run
FAST = {  # the way that is timed, and the recipe of quality.json that is scored
    "vaehelpers, fast, compiled": "fast",
    "vaehelpers, fast, bfloat16": "fast, bfloat16",
}
PRACTICAL = "vaehelpers, practical"
VERDICTS = {True: "met", False: "missed", None: ""}


class Row(NamedTuple):
    """A target, what was reached, whether that is enough (None: not known here), if not, why."""

    target: str
    reached: str
    met: bool | None = None
    why: str = ""


def table(rates: dict[str, float], limits: dict[str, float], device: str) -> str:
    """Return the table, and below it what is known about the targets that were missed.

    `rates` and `limits` are each way's images per second, as measured and as the arithmetic of the
    device, "cpu" or "cuda", would allow.
    """
    rows = [
        share_of_arithmetic(rates, limits, device),
        on_a_gpu(),
        time_to_quality(rates),
        beside_peers(),
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


def share_of_arithmetic(rates: dict[str, float], limits: dict[str, float], device: str) -> Row:
    """Compare images per second at the practical's recipe, in 32 bits, with the arithmetic's."""
    target = "share of the arithmetic limit in 32 bits on a CPU: 65%"
    ways = [way for way in rates if way.startswith(PRACTICAL) and not way.endswith("bfloat16")]
    if device != "cpu" or not ways:
        return Row(target, "not measured in this run")
    best = max(ways, key=lambda way: rates[way])
    share = rates[best] / limits[best]
    of_the_textbook = rates[best] / base(rates)
    reached = f"{share:.0%} ({best}: {of_the_textbook:.2f} times the textbook's images per second)"
    why = f"{profile()}\n{tried('CPU')}"
    return Row(target, reached, share >= 0.65, why)


def on_a_gpu() -> Row:
    """Say what benchmarks/gpu.py recorded: seconds of a whole run of the practical's recipe."""
    target = f"{EPOCHS} epochs of practical on a GPU: 30 s"
    found = common.read_result("gpu.json") or {}
    stages = [found[name] for name in ("practical", "practical compiled") if name in found]
    runs = [*found.get("time", []), *stages]  # "time": as recorded before there were stages
    runs = [run for run in runs if "error" not in run and run["recipe"] == "practical"]
    seconds = [run["seconds"] for run in runs if run["epochs"] == EPOCHS]
    if not seconds:
        return Row(target, "benchmarks/gpu.py has not run")
    reached = f"{min(seconds):.0f} s on {common.machine(found)}, recorded"
    return Row(target, reached, min(seconds) <= 30, tried("CUDA"))


def time_to_quality(rates: dict[str, float]) -> Row:
    """Compare the wall time to the practical's last validation score, each with its pipeline."""
    target = f"time to the practical's score after {EPOCHS} epochs: 1/20"
    found = common.read_result("quality.json")
    if not found:
        return Row(target, "benchmarks/quality.py has not run")
    goal = found["practical_80"][-1]
    best = None
    for way, recipe in FAST.items():
        if way not in rates or recipe not in found["recipes"]:
            continue
        faster = rates[way] / base(rates)
        first = [first_epoch_at(goal, curve) for curve in found["recipes"][recipe]["val_bpd"]]
        late = f"{first.count(None)} of {len(first)} seeds"
        if None in first:
            return Row(target, f"not reached by {late}", False)
        parts = [EPOCHS / epoch * faster for epoch in first]
        reached = f"1/{min(parts):.1f} to 1/{max(parts):.1f}, {len(parts)} seeds ({way})"
        row = Row(target, reached, min(parts) >= 20, tried("Time to quality"))
        if best is None or min(parts) > best[0]:
            best = (min(parts), row)
    return best[1] if best else Row(target, "not measured in this run")


def beside_peers() -> Row:
    """Compare with other trainers after as many seconds, as benchmarks/peers.py recorded."""
    target = "a better score than other trainers in the same time"
    found = common.read_result("peers.json")
    if not found:
        return Row(target, "benchmarks/peers.py has not run")
    scores = {name: each["val_bpd"] for name, each in found["after_equal_seconds"].items()}
    ours = scores.pop("vaehelpers, fast")
    others = ", ".join(f"{score:.3f} ({name})" for name, score in scores.items())
    reached = f"validation {ours:.3f} against {others}, recorded"
    return Row(target, reached, ours < min(scores.values()))


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
            "test score of the same network: 1.203 bits/dim",
            f"{best:.4f}",
            best <= 1.203,
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
    target = "the four notebooks in batch: 120 s"
    path = common.ROOT / "build" / "run.json"
    seconds = json.loads(path.read_text()).get("wall_seconds") if path.is_file() else None
    if not seconds:
        return Row(target, "`make figures` has not run here")
    return Row(target, f"{seconds:.0f} s", seconds <= 120, tried("in batch"))


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


def profile() -> str:
    """Say where the time of a step goes on a CPU of this kind, as breakdown.py recorded it."""
    found = common.read_result(f"breakdown-{common.kind(torch.device('cpu'))}.json")
    if not found:
        return "benchmarks/breakdown.py has not run on a CPU of this kind"
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
