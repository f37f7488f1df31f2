"""How time and memory grow with batch size, latents, filters, samples and images of the importance-weighted bound.

    python benchmarks/scaling.py [--device cpu]

Each point is a process of its own, so that its peak of memory is its own too; what importing needs is subtracted.
Writes scaling-DEVICE.json and scaling.png to benchmarks/results/, with exponents fitted over the upper half of each
range.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

from vaehelpers import likelihood, provenance
from vaehelpers.device import choose_device
from vaehelpers.model import seeded_vae

RESULTS = Path(__file__).parent / "results"
USUAL = {"batch_size": 128, "z_dim": 20, "num_filters": 32}
BOUND = {"samples": 500, "images": 2}
KNOBS = {
    "batch_size": (8, 16, 32, 64, 128, 256, 512, 1024),
    "z_dim": (2, 8, 32, 128, 512),
    "num_filters": (8, 16, 32, 64, 128),
    "samples": (10, 30, 100, 300, 1000, 3000),
    "images": (4, 16, 64, 256),
}
WORDS = {
    "batch_size": "batch size",
    "z_dim": "latents",
    "num_filters": "filters of the first convolution",
    "samples": "samples of the bound, for each image",
    "images": "images of the bound",
}
SECONDS = 4  # of measuring, for each point


def main() -> None:
    """Measure every point, print the exponents, write results and figure; or, with --point, measure that one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="auto", help="where to compute: auto, cuda, mps or cpu")
    parser.add_argument("--point", nargs=2, metavar=("KNOB", "VALUE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    device = choose_device(args.device)
    if args.point:
        return print(json.dumps(point(args.point[0], int(args.point[1]), device)))
    points = {
        knob: {value: in_a_process(knob, value, device) for value in values}
        for knob, values in KNOBS.items()
    }
    exponents = {
        knob: {key: exponent(part, key) for key in ("seconds", "bytes")}
        for knob, part in points.items()
    }
    for knob, part in exponents.items():
        print(
            f"{WORDS[knob]:38} time of an image ~ x^{part['seconds']:.2f}   peak memory ~ x^{part['bytes']:.2f}"
        )
    content = {
        "points": points,
        "exponents": exponents,
        "versions": provenance.versions(),
        "hardware": provenance.hardware(device),
    }
    (RESULTS / f"scaling-{device.type}.json").write_text(json.dumps(content, indent=1) + "\n")
    draw(points, exponents).savefig(RESULTS / "scaling.png", dpi=100, metadata={"Software": None})


def in_a_process(knob: str, value: int, device: torch.device) -> dict[str, float]:
    """Measure one point in a process of its own."""
    command = [sys.executable, __file__, "--device", device.type, "--point", knob, str(value)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def point(knob: str, value: int, device: torch.device) -> dict[str, float]:
    """Return the median `seconds` for an image, and the `bytes` of memory at the peak beyond those at the start."""
    images = torch.randint(
        16, (max(KNOBS["batch_size"]), 1, 28, 28), dtype=torch.uint8
    )  # what they show costs nothing
    before = peak_bytes(device)
    if knob in BOUND:
        work, count = bounds(images, device, **BOUND | {knob: value})
    else:
        work, count = steps(images, device, **USUAL | {knob: value})
    work()
    times, ends = [], time.perf_counter() + SECONDS
    while time.perf_counter() < ends or len(times) < 3:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return {"seconds": statistics.median(times) / count, "bytes": peak_bytes(device) - before}


def steps(images: torch.Tensor, device: torch.device, batch_size: int, **sizes: int):
    """Return what takes one training step, and the number of images in it."""
    model, batch = seeded_vae(0, **sizes).to(device), images[:batch_size].to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        recon, kl = model.per_image(batch)
        (recon + kl).mean().backward()
        optimizer.step()
        next(model.parameters()).flatten()[0].item()  # wait for a GPU

    return step, len(batch)


def bounds(pictures: torch.Tensor, device: torch.device, samples: int, images: int):
    """Return what scores some images by the importance-weighted bound, and their number."""
    model = seeded_vae(0).to(device)
    return lambda: likelihood.importance_weights(model, pictures[:images], samples), images


def peak_bytes(device: torch.device) -> int:
    """Return the peak of memory so far: of the process, or on a GPU of torch's tensors."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def exponent(points: dict[int, dict], key: str) -> float:
    """Fit log(cost) against log(x) over the upper half of the points: the slope."""
    upper = list(points)[len(points) // 2 :]
    costs = [
        max(points[value][key], 1) if key == "bytes" else points[value][key] for value in upper
    ]
    return float(np.polyfit(np.log(upper), np.log(costs), 1)[0])


def draw(points: dict[str, dict], exponents: dict[str, dict]) -> plt.Figure:
    """Draw both costs against each of the sizes, with the fitted exponents."""
    fig, axes = plt.subplots(2, len(KNOBS), figsize=(16, 6), sharey="row", layout="constrained")
    rows = {"seconds": ("time of an image [ms]", 1e3), "bytes": ("peak memory [MB]", 1e-6)}
    for (key, (label, scale)), row in zip(rows.items(), axes, strict=True):
        for (knob, part), ax in zip(points.items(), row, strict=True):
            ax.loglog(
                list(part), [entry[key] * scale for entry in part.values()], "o-", color="#0072B2"
            )
            ax.set_title(f"exponent {exponents[knob][key]:.2f}", fontsize=10)
            ax.set_xlabel(WORDS[knob])
            ax.grid(alpha=0.3, which="both")
        row[0].set_ylabel(label)
    return fig


if __name__ == "__main__":
    main()
