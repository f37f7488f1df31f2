"""What training was tuned for, and what was reached: `training.py` prints this table below its own.

Only the first line is measured in that run; the others are read from what the other benchmarks, `make figures` and
`python -m vaehelpers evaluate` recorded, and say so where they did not run here.
"""

import json
from pathlib import Path

from vaehelpers import checkpoint

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
EPOCHS = 80  # of the practical's run


def table(rates: dict[str, float], device: str, limits: dict[str, float]) -> str:
    """Return the table: `rates` in images per second, `limits` the ratios that the device's arithmetic allows."""
    rows = [throughput(rates, "cpu", 3, device, limits), throughput(rates, "cuda", 50, device, limits),
            time_to_quality(rates), *final_quality(), batch_run(), *growth()]
    return "\n".join(f"{target:<58}{reached}" for target, reached in [("target", "reached"), *rows])


def base(rates: dict[str, float]) -> float:
    """Return the images per second of the textbook pipeline with the better number of workers."""
    return max(rate for name, rate in rates.items() if name.startswith("textbook"))


def throughput(rates: dict[str, float], device: str, wanted: int, here: str, limits: dict[str, float],
               ) -> tuple[str, str]:
    """Compare images per second at the practical's own recipe."""
    target = f"images per second on {device}: {wanted} times the textbook's"
    if device != here:
        return target, "not measured in this run"
    ours = {"bfloat16": rates["vaehelpers, practical, bfloat16"], "float32": rates["vaehelpers, practical, compiled"]}
    return target, "; ".join(f"{rate / base(rates):.2f} times in {name} (this machine's whole arithmetic: "
                             f"{limits[name]:.1f} times)" for name, rate in ours.items())


def time_to_quality(rates: dict[str, float]) -> tuple[str, str]:
    """Compare the wall time to the practical's last validation score, each with its own pipeline."""
    target = f"time to the practical's score after {EPOCHS} epochs: an eighth"
    found = read("quality.json")
    if not found:
        return target, "benchmarks/quality.py has not run"
    goal = found["practical_80"][-1]
    first = [next((epoch for epoch, bpd in enumerate(curve) if bpd <= goal), None)
             for curve in found["recipes"]["fast"]["val_bpd"]]
    if None in first:
        return target, f"not reached in {found['epochs']} epochs by {first.count(None)} of {len(first)} seeds"
    parts = [EPOCHS / epoch * rates["vaehelpers, fast, compiled"] / base(rates) for epoch in first]
    return target, f"1/{min(parts):.1f} to 1/{max(parts):.1f}, {len(parts)} seeds"


def final_quality() -> list[tuple[str, str]]:
    """Compare test scores, one-sample ELBO, of the published networks with 20 latents."""
    practical, best = (checkpoint.read_meta(checkpoint.published(20, EPOCHS, variant))["test"]["bpd"]
                       for variant in ("", "best"))
    return [("test score of the same network: 1.20 bits/dim", f"{best:.3f}"),
            ("... at least 0.04 below the practical's recipe", f"{practical - best:.3f} below its {practical:.3f}")]


def batch_run() -> tuple[str, str]:
    """Say how long the last `make figures` took."""
    path, target = ROOT / "build" / "run.json", "the four notebooks in batch: 150 s"
    seconds = json.loads(path.read_text()).get("wall_seconds") if path.is_file() else None
    return target, f"{seconds:.0f} s" if seconds else "`make figures` has not run here"


def growth() -> list[tuple[str, str]]:
    """Say how cost grows."""
    found = read("scaling-cpu.json")
    if not found:
        return [("cost as the work grows", "benchmarks/scaling.py has not run")]
    return [(f"cost against {knob.replace('_', ' ')}, exponents on cpu",
             f"time of an image {part['seconds']:.2f}, memory {part['bytes']:.2f}")
            for knob, part in found["exponents"].items()]


def read(name: str) -> dict | None:
    """Return what another benchmark recorded, or None."""
    path = RESULTS / name
    return json.loads(path.read_text()) if path.is_file() else None
