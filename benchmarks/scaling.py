"""How time and memory grow: with batch size, latents, filters, samples and images of the bound.

    python benchmarks/scaling.py [--device cpu]

The bound is the importance-weighted one. Each point is a process of its own, so that its peak of
memory is its own too; what importing needs is subtracted. Writes scaling-DEVICE.json and
scaling.png to benchmarks/results/, with exponents fitted over the upper half of each range.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import common
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from vaehelpers import choose_device
from vaehelpers.vae import seeded_vae
from vaehelpers.vae.likelihood import importance_weights

plt.style.use("vaehelpers.figures.style")

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
COSTS = {  # how each is drawn: label, scale
    "seconds": ("time of an image [ms]", 1e3),
    "bytes": ("peak memory [MB]", 1e-6),
}
SECONDS = 4  # of measuring, for each point


def main() -> None:
    """Measure all points, print and write what was found; or, with --point, measure that one."""
    parser = common.argument_parser(__doc__)
    parser.add_argument("--point", nargs=2, metavar=("KNOB", "VALUE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    device = choose_device(args.device)
    if args.point:
        knob, value = args.point
        print(json.dumps(point(knob, int(value), device)))
    else:
        measure_all(device)


def measure_all(device: torch.device) -> None:
    """Measure every point, print the exponents, write results and figure."""
    points = {}
    exponents = {}
    for knob, values in KNOBS.items():
        points[knob] = {value: in_a_process(knob, value, device) for value in values}
        exponents[knob] = {cost: exponent(points[knob], cost) for cost in COSTS}
    for knob, found in exponents.items():
        time_grows = f"time of an image ~ x^{found['seconds']:.2f}"
        memory_grows = f"peak memory ~ x^{found['bytes']:.2f}"
        print(f"{WORDS[knob]:38} {time_grows}   {memory_grows}")
    result = {"points": points, "exponents": exponents, **common.ran_on(device)}
    common.write_result(f"scaling-{device.type}.json", result)
    common.save_figure(draw(points, exponents), "scaling.png")


def in_a_process(knob: str, value: int, device: torch.device) -> dict[str, float]:
    """Measure one point in a process of its own."""
    command = [sys.executable, __file__, "--device", device.type, "--point", knob, str(value)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def point(knob: str, value: int, device: torch.device) -> dict[str, float]:
    """Return the median `seconds` for an image, and by how many `bytes` the peak of memory rose."""
    images = common.any_images(max(KNOBS["batch_size"]))
    before = peak_bytes(device)
    if knob in BOUND:
        sizes = {**BOUND, knob: value}
        count = sizes["images"]
        work = scoring(images[:count], device, sizes["samples"])
    else:
        sizes = {**USUAL, knob: value}
        count = sizes.pop("batch_size")
        work = one_step(images[:count], device, **sizes)
    work()
    times = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times) < 3:
        times.append(common.timed(work))
    return {"seconds": statistics.median(times) / count, "bytes": peak_bytes(device) - before}


def one_step(
    images: torch.Tensor, device: torch.device, z_dim: int, num_filters: int
) -> Callable[[], object]:
    """Return what takes one training step on some images."""
    model = seeded_vae(0, num_filters, z_dim).to(device)
    batch = images.to(device)
    step = common.textbook_step(model)

    def work() -> None:
        eps = torch.randn(len(batch), z_dim, device=device)
        step(batch, eps).sum().item()  # wait for a GPU

    return work


def scoring(images: torch.Tensor, device: torch.device, samples: int) -> Callable[[], object]:
    """Return what scores some images by the importance-weighted bound."""
    model = seeded_vae(0).to(device)
    return lambda: importance_weights(model, images, samples)


def peak_bytes(device: torch.device) -> int:
    """Return the peak of memory so far: of the process, or on a GPU of torch's tensors."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def exponent(points: dict[int, dict[str, float]], cost: str) -> float:
    """Fit log(cost) against log(x) over the upper half of the points: the slope."""
    upper = list(points)[len(points) // 2 :]
    costs = [points[value][cost] for value in upper]
    if cost == "bytes":
        costs = [max(each, 1) for each in costs]
    slope, _ = np.polyfit(np.log(upper), np.log(costs), 1)
    return float(slope)


def draw(points: dict[str, dict], exponents: dict[str, dict]) -> Figure:
    """Draw both costs against each of the sizes, with the fitted exponents."""
    fig, axes = plt.subplots(len(KNOBS), 2, figsize=(7.2, 2.1 * len(KNOBS)), sharey="col")
    for knob, row in zip(points, axes, strict=True):
        for cost, ax in zip(COSTS, row, strict=True):
            label, scale = COSTS[cost]
            heights = [found[cost] * scale for found in points[knob].values()]
            ax.loglog([int(value) for value in points[knob]], heights, "o-")
            ax.set_title(f"{label}: exponent {exponents[knob][cost]:.2f}")
            ax.set_xlabel(WORDS[knob])
    return fig


if __name__ == "__main__":
    main()
