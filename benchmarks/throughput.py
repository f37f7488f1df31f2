"""Training speed: a textbook pipeline, which does what the practical's template does, beside `vaehelpers`.

    python benchmarks/training.py [--quick] [--device cpu]

The textbook's: torchvision's data set, transforms for each image, a DataLoader (with 0 and with 2 workers; the better
one counts), Adam, one step after another. They take turns, in two processes; shown are medians over the rounds. The
arithmetic limit: floating-point operations of a step, as torch counts them, at the rate of large products in the same
rounds, in 32 bits and in 16. The line `bfloat16` is compiled, too.
"""

import argparse
import gzip
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import matplotlib.pyplot as plt
import targets
import torch
from torch.utils.data import DataLoader, RandomSampler
from torch.utils.flop_counter import FlopCounterMode
from torchvision import datasets, transforms

from vaehelpers import data, provenance, training
from vaehelpers.device import choose_device
from vaehelpers.model import seeded_vae

RESULTS = Path(__file__).parent / "results"
BATCH = 128
TEXTBOOK = {"textbook, 0 workers": 0, "textbook, 2 workers": 2}
WAYS = {
    "vaehelpers, practical": {"recipe": "practical"},
    "vaehelpers, practical, compiled": {"recipe": "practical", "compiled": True},
    "vaehelpers, practical, bfloat16": {
        "recipe": "practical",
        "compiled": True,
        "precision": "bfloat16",
    },
    "vaehelpers, fast, compiled": {"recipe": "fast", "compiled": True},
}
QUICK = ("vaehelpers, practical", "vaehelpers, practical, bfloat16")  # compiling takes longest
PEAKS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main() -> None:
    """Measure, print a table, and write benchmarks/results/training-DEVICE.json and .png."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="fewer steps, rounds and ways, nothing is written"
    )
    parser.add_argument("--device", default="auto", help="where to train: auto, cuda, mps or cpu")
    args = parser.parse_args()
    device = choose_device(args.device)
    rates = (
        measure(device, QUICK, steps=8, rounds=2)
        if args.quick
        else measure(device, WAYS, steps=100, rounds=7)
    )
    flop, peaks = flop_per_image(), {name: rates.pop(name) for name in PEAKS}
    limits = {name: peaks[peak_of(name)] / flop for name in rates}
    base = targets.base(rates)
    print(f"{'':34} images/s   ratio   of the limit")
    for name, rate in rates.items():
        print(f"{name:34} {rate:>8,.0f} {rate / base:>7.2f} {rate / limits[name]:>14.0%}")
    print(
        f"one image, forward and backward: {flop / 1e6:.1f} million operations; peak:",
        ", ".join(f"{peak / 1e9:,.0f} GFLOP/s in {name}" for name, peak in peaks.items()),
    )
    print(
        f"\n{targets.table(rates, device.type, {name: peak / flop / base for name, peak in peaks.items()})}"
    )
    if not args.quick:
        content = {
            "images_per_second": rates,
            "limits": limits,
            "flop_per_image": flop,
            "peak_flop_per_second": peaks,
            "batch": BATCH,
            "versions": provenance.versions("torchvision"),
            "hardware": provenance.hardware(device),
        }
        (RESULTS / f"training-{device.type}.json").write_text(json.dumps(content, indent=1) + "\n")
        path = RESULTS / f"training-{device.type}.png"
        draw(rates, limits).savefig(path, dpi=100, metadata={"Software": None})


def measure(device: torch.device, ways: Iterable[str], steps: int, rounds: int) -> dict[str, float]:
    """Return images per second of the textbook's and the named ways, and the machine's `PEAKS`, medians over rounds.

    The peaks are in operations per second.
    """
    with tempfile.TemporaryDirectory() as folder:
        as_torchvision_has_them(Path(folder))
        lines = {}
        for names in (TEXTBOOK, ways):  # how the C library keeps memory goes by process
            lines |= dict.fromkeys(names, in_a_process(names, Path(folder), device, steps))
        for name, line in lines.items():  # workers start, kernels are compiled and chosen
            line.send(name)
        for line in lines.values():
            line.recv()
        rates = {name: [] for name in (*lines, *PEAKS)}
        for _ in range(rounds):
            for name, line in lines.items():
                rates[name].append(BATCH * steps / seconds(line, name))
            for name, dtype in PEAKS.items():
                rates[name].append(peak(device, dtype))
        for line in set(lines.values()):
            line.send(None)
    return {name: statistics.median(values) for name, values in rates.items()}


def in_a_process(
    names: Iterable[str], folder: Path, device: torch.device, steps: int
) -> Connection:
    """Start a process that trains in the named ways; return a line to it, see `serve`."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    spawn.Process(target=serve, args=(there, tuple(names), folder, device, steps)).start()
    return here


def serve(
    calls: Connection, names: tuple[str, ...], folder: Path, device: torch.device, steps: int
) -> None:
    """Train in the way whose name comes in, and answer with the seconds, until None comes."""
    ways = {
        name: textbook(folder, TEXTBOOK[name], device, steps)
        if name in TEXTBOOK
        else ours(device, steps, **WAYS[name])
        for name in names
    }
    for name in iter(calls.recv, None):
        calls.send(timed(ways[name]))


def seconds(line: Connection, name: str) -> float:
    """Have the other end of the line train once in the named way, and return how long it took."""
    line.send(name)
    return line.recv()


def peak_of(way: str) -> str:
    """Return which of `PEAKS` limits a way of training."""
    return next((name for name in PEAKS if way.endswith(name)), "float32")


def draw(rates: dict[str, float], limits: dict[str, float]) -> plt.Figure:
    """Draw images per second as bars, each on a paler one: the rate at which only arithmetic would take time."""
    fig, ax = plt.subplots(figsize=(8, 2.8), layout="constrained")
    ax.barh(list(limits), list(limits.values()), color="#D5D5D5", label="arithmetic limit")
    bars = ax.barh(
        list(rates),
        list(rates.values()),
        height=0.5,
        color=["#555555" if name.startswith("textbook") else "#0072B2" for name in rates],
    )
    ax.bar_label(bars, fmt="{:,.0f}", padding=3)
    ax.invert_yaxis()
    ax.set(xlabel="images per second in training")
    ax.legend()
    return fig


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes; it must leave nothing running on a GPU."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ours(device: torch.device, steps: int, **options) -> Callable[[], object]:
    """Return what trains one epoch on a small data set, and scores a batch, as `fit` does."""
    dataset = data.load()
    few = replace(dataset, train=dataset.train.head(BATCH * steps), val=dataset.val.head(BATCH))
    run = training.fit(few, 9999, device=device.type, **options)
    next(run)
    return lambda: next(run)


def textbook(folder: Path, workers: int, device: torch.device, steps: int) -> Callable[[], None]:
    """Return what trains `steps` steps the customary way, printing no loss but looking at each."""
    images = torchvision_images(folder)
    endless = RandomSampler(images, replacement=True, num_samples=10**9)
    loader = iter(
        DataLoader(
            images, BATCH, sampler=endless, num_workers=workers, pin_memory=device.type == "cuda"
        )
    )
    model = seeded_vae(0).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def train(batches: Iterator = loader) -> None:
        for _ in range(steps):
            imgs, _ = next(batches)
            L_rec, L_reg, bpd = model(imgs.to(device))
            optimizer.zero_grad()
            (L_rec + L_reg).backward()
            optimizer.step()
            bpd.item()  # as a progress bar does

    return train


def as_torchvision_has_them(folder: Path) -> None:
    """Unpack the data set's files into `folder`, where torchvision looks for them."""
    found, raw = data.locate(), folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name in data.SHA256:
        plain = found / name
        (raw / name).write_bytes(
            plain.read_bytes()
            if plain.is_file()
            else gzip.decompress((found / f"{name}.gz").read_bytes())
        )


def torchvision_images(folder: Path) -> datasets.FashionMNIST:
    """Return torchvision's data set with 4-bit levels."""
    to_levels = transforms.Lambda(to_4_bits)
    return datasets.FashionMNIST(
        folder, transform=transforms.Compose([transforms.ToTensor(), to_levels])
    )


def to_4_bits(pixels: torch.Tensor) -> torch.Tensor:
    """Return levels 0..15 of pixels in [0, 1]."""
    return (pixels * 255).div(16, rounding_mode="floor").long()


def flop_per_image() -> float:
    """Return the floating-point operations of one image in training, additions and multiplications counted apart."""
    model = seeded_vae(0)
    with FlopCounterMode(display=False) as counter:
        sum(part.mean() for part in model.per_image(torch.zeros(BATCH, 1, 28, 28))).backward()
    return counter.get_total_flops() / BATCH


def peak(device: torch.device, dtype: torch.dtype, size: int = 2048) -> float:
    """Return the floating-point operations per second of the faster of two large products of numbers of `dtype`.

    One is that of two matrices, the other a convolution of many channels: different libraries compute them, and on
    some machines the first reaches half of what the second does.
    """

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, device=device).to(dtype)

    a, kernels, images = drawn(size, size), drawn(512, 512, 3, 3), drawn(8, 512, 30, 30)
    images, kernels = (x.contiguous(memory_format=torch.channels_last) for x in (images, kernels))
    return max(
        rate(2 * size**3, lambda: a @ a),
        rate(2 * 8 * 28**2 * 9 * 512**2, lambda: torch.nn.functional.conv2d(images, kernels)),
    )


def rate(flop: int, product: Callable[[], torch.Tensor]) -> float:
    """Return the operations per second of a product that takes `flop`."""
    product().sum().item()  # kernels are chosen
    return 3 * flop / timed(lambda: [product() for _ in range(3)][-1].sum().item())


if __name__ == "__main__":
    main()
