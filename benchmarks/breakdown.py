"""Where the time of a training step goes, beside the time that its arithmetic alone would take.

    python benchmarks/breakdown.py [--device cpu]

Profiles a step of the textbook's pipeline and two of the package's on a batch of 128 images, prints milliseconds, and
writes breakdown-DEVICE.json and breakdown.png to benchmarks/results/.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import training
from torch.profiler import profile

from vaehelpers import provenance
from vaehelpers.device import choose_device, place
from vaehelpers.model import seeded_vae
from vaehelpers.recipe import RECIPES
from vaehelpers.step import Step, in_bfloat16

RESULTS = Path(__file__).parent / "results"
STEPS = 20
KINDS = {
    "convolutions, backward": ("convolution_backward",),
    "convolutions, forward": ("convolution",),
    "loss": ("softmax", "nll_loss"),
    "GELU": ("gelu",),
    "Adam": ("adam",),
}  # the first that fits


def main() -> None:
    """Profile, print, and write results and figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="auto", help="where to train: auto, cuda, mps or cpu")
    device = choose_device(parser.parse_args().device)
    parts = {name: milliseconds(build(), device) for name, build in steps(device).items()}
    operations = training.BATCH * training.flop_per_image()
    alone = {
        name: 1e3 * operations / training.peak(device, training.PEAKS[training.peak_of(name)])
        for name in parts
    }
    for name, part in parts.items():
        print(
            f"{name:34}" + "".join(f"{kind} {value:.1f} ms   " for kind, value in part.items()),
            f"in all {sum(part.values()):.1f} ms, arithmetic alone {alone[name]:.1f} ms",
        )
    content = {
        "milliseconds": parts,
        "arithmetic_alone": alone,
        "batch": training.BATCH,
        "versions": provenance.versions(),
        "hardware": provenance.hardware(device),
    }
    (RESULTS / f"breakdown-{device.type}.json").write_text(json.dumps(content, indent=1) + "\n")
    draw(parts, alone).savefig(RESULTS / "breakdown.png", dpi=100, metadata={"Software": None})


def steps(device: torch.device) -> dict[str, Callable[[], Step]]:
    """Return what builds a step of the textbook's kind, then, since they tune memory, two as the package takes them."""

    def textbook() -> Step:
        model = seeded_vae(0).to(device)
        return Step(model.per_image, [torch.optim.Adam(model.parameters(), 1e-3)], beta=1.0)

    def ours(narrow: bool) -> Step:
        model = place(seeded_vae(0), device)
        loss = in_bfloat16(model) if narrow else model.per_image
        named = torch.compile(
            loss, options={"cpp.enable_kernel_profile": True}
        )  # so that kernels have names
        return Step(named, RECIPES["practical"].optimizers(model, 1e-3), beta=1.0)

    return {
        "textbook": textbook,
        "vaehelpers, practical, compiled": partial(ours, False),
        "vaehelpers, practical, bfloat16": partial(ours, True),
    }


def milliseconds(step: Callable, device: torch.device) -> dict[str, float]:
    """Return the milliseconds of each kind of work in one step, averages over `STEPS`."""
    imgs = torch.randint(16, (training.BATCH, 1, 28, 28), dtype=torch.uint8, device=device)
    eps = torch.randn(training.BATCH, 20, device=device)
    for _ in range(5):
        step(imgs, eps)
    with profile() as seen:
        for _ in range(STEPS):
            step(imgs, eps).sum().item()
    parts = dict.fromkeys([*KINDS, "all else"], 0.0)
    for event in seen.key_averages():
        spent = event.self_device_time_total if device.type == "cuda" else event.self_cpu_time_total
        parts[kind_of(event.key)] += spent / 1e3 / STEPS
    return parts


def kind_of(event: str) -> str:
    """Return which of `KINDS` an operation is, by its name."""
    return next(
        (kind for kind, words in KINDS.items() if any(word in event.lower() for word in words)),
        "all else",
    )


def draw(parts: dict[str, dict[str, float]], alone: dict[str, float]) -> plt.Figure:
    """Draw stacked bars, and a line in each where it would end if only arithmetic took time."""
    fig, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
    left = dict.fromkeys(parts, 0.0)
    for kind, color in zip(
        next(iter(parts.values())),
        ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#BBBBBB"),
        strict=True,
    ):
        widths = [part[kind] for part in parts.values()]
        ax.barh(list(parts), widths, left=list(left.values()), color=color, label=kind)
        left = {name: left[name] + part[kind] for name, part in parts.items()}
    for place, value in enumerate(alone.values()):
        ax.plot(
            [value] * 2,
            [place - 0.4, place + 0.4],
            color="black",
            lw=2,
            label="" if place else "arithmetic alone",
        )
    ax.invert_yaxis()
    ax.set(xlabel=f"milliseconds for a step on {training.BATCH} images")
    fig.legend(fontsize=8, ncols=4, loc="outside lower center")
    return fig


if __name__ == "__main__":
    main()
