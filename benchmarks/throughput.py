"""Training speed: a textbook pipeline, as in the practical's template, beside `vaehelpers`.

    python benchmarks/throughput.py [--quick] [--device cpu]

The textbook's (see textbook.py) has 0 or 2 workers; the better one counts. "images in memory" is
what a good tutorial does, so that one sees what of the gain is the loader's. All take turns, in two
processes; shown are medians over the rounds. The arithmetic limit: floating-point operations of a
step, as torch counts them, at the rate of large products in the same rounds, in 32 bits and in 16.
The line `bfloat16` is compiled, too, on a CPU; a processor without instructions for such numbers is
not asked for it.
"""

import multiprocessing
import statistics
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import common
import matplotlib.pyplot as plt
import targets
import textbook
import torch
from matplotlib.figure import Figure
from textbook import BATCH, Way
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from vaehelpers import TrainConfig, choose_device, fit, load_data
from vaehelpers.core import multiplies_bfloat16
from vaehelpers.figures.colours import INK
from vaehelpers.vae import seeded_vae

plt.style.use("vaehelpers.figures.style")

USUAL = {
    "textbook, 0 workers": partial(textbook.with_loader, 0),
    "textbook, 2 workers": partial(textbook.with_loader, 2),
    "images in memory": lambda _, device: textbook.in_memory(device),
}
WAYS = {
    "vaehelpers, practical": {"recipe": "practical"},
    "vaehelpers, practical, compiled": {"recipe": "practical", "compiled": True},
    "vaehelpers, practical, bfloat16": {
        "recipe": "practical",
        "compiled": True,
        "precision": "bfloat16",
    },
    "vaehelpers, fast, compiled": {"recipe": "fast", "compiled": True},
    "vaehelpers, fast, bfloat16": {
        "recipe": "fast",
        "compiled": True,
        "precision": "bfloat16",
    },
}
QUICK = ("vaehelpers, practical",)  # compiling takes longest
PEAKS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> None:
    """Measure, print tables, and write throughput-DEVICE.json and .png."""
    parser = common.argument_parser(__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer steps, rounds and ways, nothing is written"
    )
    args = parser.parse_args()
    device = choose_device(args.device)
    if args.quick:
        rates, peaks = measure(device, QUICK, steps=8, rounds=2)
    else:
        rates, peaks = measure(device, WAYS, steps=50, rounds=7)
    flop = flop_per_image()
    limits = {name: peaks[peak_of(name)] / flop for name in rates}
    machine = common.ran_on(device, "torchvision")
    print_table(rates, limits)
    print(gains(rates))
    reached = ", ".join(f"{peak / 1e9:,.0f} GFLOP/s in {name}" for name, peak in peaks.items())
    print(f"one image, forward and backward: {flop / 1e6:.1f} million operations; peak: {reached}")
    print(f"on {common.machine(machine)}")
    print(f"\n{targets.table(rates, limits, device.type)}")
    if args.quick:
        return
    result = {
        "images_per_second": rates,
        "limits": limits,
        "flop_per_image": flop,
        "peak_flop_per_second": peaks,
        "batch": BATCH,
        **machine,
    }
    name = f"throughput-{common.kind(device)}"
    common.write_result(f"{name}.json", result)
    common.save_figure(draw(rates, limits), f"{name}.png")


def print_table(rates: dict[str, float], limits: dict[str, float]) -> None:
    """Print each way's images per second, beside the textbook's and beside its limit."""
    base = targets.base(rates)
    print(f"{'':34} images/s   ratio   of the limit")
    for name, rate in rates.items():
        print(f"{name:34} {rate:>8,.0f} {rate / base:>7.2f} {rate / limits[name]:>14.0%}")


def gains(rates: dict[str, float]) -> str:
    """Say what the loader costs, and what is left to gain in the step itself."""
    loader = rates["images in memory"] / targets.base(rates)
    ways = {name: rate for name, rate in rates.items() if name.startswith(targets.PRACTICAL)}
    steps = [f"{rate / rates['images in memory']:.2f} ({name})" for name, rate in ways.items()]
    return f"images in memory: {loader:.2f} times the textbook's; beside that {', '.join(steps)}"


@dataclass(frozen=True)
class Work:
    """What each way of training does again and again: a number of steps on a device.

    `folder` has the images for torchvision.
    """

    folder: Path
    device: torch.device
    steps: int


def measure(
    device: torch.device, ways: Iterable[str], steps: int, rounds: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return medians over the rounds: images per second, and the machine's `PEAKS`.

    The former are those of the textbook's and the named ways, the peaks are in operations per
    second.
    """
    numbers = [name for name in PEAKS if name == "float32" or multiplies_bfloat16(device)]
    ways = [name for name in ways if peak_of(name) in numbers]
    with tempfile.TemporaryDirectory() as folder:
        textbook.as_torchvision_has_them(Path(folder))
        work = Work(Path(folder), device, steps)
        lines = {}
        for names in (USUAL, ways):  # how the C library keeps memory goes by process
            line = in_a_process(names, work)
            lines |= dict.fromkeys(names, line)
        for name, line in lines.items():  # workers start, kernels are compiled and chosen
            line.send(name)
        for line in lines.values():
            line.recv()
        rates = {name: [] for name in lines}
        peaks = {name: [] for name in numbers}
        for _ in range(rounds):
            for name, line in lines.items():
                rates[name].append(BATCH * steps / seconds(line, name))
            for name in numbers:
                peaks[name].append(peak(device, PEAKS[name]))
        for line in set(lines.values()):
            line.send(None)
    return medians(rates), medians(peaks)


def medians(values: dict[str, list[float]]) -> dict[str, float]:
    """Return the median of each list."""
    return {name: statistics.median(found) for name, found in values.items()}


def in_a_process(names: Iterable[str], work: Work) -> Connection:
    """Start a process that trains in the named ways; return a line to it, see `serve`."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    spawn.Process(target=serve, args=(there, tuple(names), work)).start()
    return here


def serve(calls: Connection, names: tuple[str, ...], work: Work) -> None:
    """Train in the way whose name comes in, and answer with the seconds, until None comes."""
    ways = {}
    for name in names:
        usual = USUAL.get(name)
        ways[name] = usual(work.folder, work.device) if usual else ours(name, work)
    for name in iter(calls.recv, None):
        way = ways[name]
        way.train(way.untimed)
        calls.send(common.timed(lambda way=way: way.train(work.steps)))


def seconds(line: Connection, name: str) -> float:
    """Have the other end of the line train once in the named way; return how long it took."""
    line.send(name)
    return line.recv()


def ours(name: str, work: Work) -> Way:
    """Return what trains epochs of a small data set, and scores a batch, as `fit` does."""
    dataset = load_data()
    few = replace(
        dataset, train=dataset.train.head(BATCH * work.steps), val=dataset.val.head(BATCH)
    )
    run = fit(few, TrainConfig(epochs=9_999, device=work.device.type, **WAYS[name]))
    next(run)  # epoch 0 only measures

    def train(steps: int) -> None:
        if steps:  # an epoch has as many as are timed
            next(run)

    return Way(train, untimed=0)


def flop_per_image() -> float:
    """Return the floating-point operations of one image in training.

    Additions and multiplications are counted apart.
    """
    model = seeded_vae(0)
    with FlopCounterMode(display=False) as counter:
        recon, kl = model.per_image(torch.zeros(BATCH, 1, 28, 28))
        (recon.mean() + kl.mean()).backward()
    return counter.get_total_flops() / BATCH


def peak_of(way: str) -> str:
    """Return which of `PEAKS` limits a way of training."""
    for name in PEAKS:
        if way.endswith(name):
            return name
    return "float32"


def peak(device: torch.device, dtype: torch.dtype, size: int = 2048) -> float:
    """Return the operations per second of the faster of two large products of `dtype`.

    One is that of two matrices, the other a convolution of many channels: different libraries
    compute them, and on some machines the first reaches half of what the second does.
    """

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, device=device).to(dtype)

    matrix = drawn(size, size)
    kernels = drawn(512, 512, 3, 3).contiguous(memory_format=torch.channels_last)
    images = drawn(8, 512, 30, 30).contiguous(memory_format=torch.channels_last)
    count = 3 if device.type == "cpu" else 100  # a GPU is waited for once, at the end
    return max(
        rate(2 * size**3, lambda: matrix @ matrix, count),
        rate(2 * 8 * 28**2 * 9 * 512**2, lambda: conv2d(images, kernels), count),
    )


def rate(flop: int, product: Callable[[], torch.Tensor], count: int) -> float:
    """Return the operations per second of `count` products that take `flop` each."""

    def work() -> None:
        for _ in range(count - 1):
            product()
        product().sum().item()

    product().sum().item()  # kernels are chosen
    return count * flop / common.timed(work)


def draw(rates: dict[str, float], limits: dict[str, float]) -> Figure:
    """Draw images per second as bars, each on a paler one: its arithmetic limit."""
    fig, ax = plt.subplots(figsize=(7.2, 3))
    ax.barh(list(limits), list(limits.values()), color=INK, alpha=0.25, label="arithmetic limit")
    colours = [INK if name in USUAL else "#0072B2" for name in rates]
    bars = ax.barh(list(rates), list(rates.values()), height=0.5, color=colours)
    ax.bar_label(bars, fmt="{:,.0f}", padding=3)
    ax.invert_yaxis()
    ax.set(xlabel="images per second in training")
    ax.legend()
    return fig


if __name__ == "__main__":
    main()
