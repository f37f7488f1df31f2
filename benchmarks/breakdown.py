"""Where the time of a training step goes, beside the time that its arithmetic alone would take.

    python benchmarks/breakdown.py [--device cpu]

Profiles a step of the textbook's pipeline and two of the package's on a batch of 128 images, prints
milliseconds, and writes breakdown-KIND.json and .png to benchmarks/results/.
"""

from collections.abc import Callable
from functools import partial

import common
import matplotlib.pyplot as plt
import throughput
import torch
from matplotlib.figure import Figure
from textbook import BATCH
from torch.autograd import DeviceType
from torch.profiler import profile

from vaehelpers import choose_device
from vaehelpers.core import keep_freed_memory, multiplies_bfloat16, to_device
from vaehelpers.figures.colours import INK
from vaehelpers.training import RECIPES, TrainConfig
from vaehelpers.training.optimizers import build_optimizers
from vaehelpers.training.step import Step, compiles_correctly, in_bfloat16
from vaehelpers.vae import seeded_vae

plt.style.use("vaehelpers.figures.style")

STEPS = 20
KINDS = {  # the first that fits
    "convolutions, backward": ("convolution_backward",),
    "convolutions, forward": ("convolution",),
    "loss": ("softmax", "nll_loss"),
    "GELU": ("gelu",),
    "Adam": ("adam",),
}
OTHER = "all else"
COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#BBBBBB")


def main() -> None:
    """Profile, print, and write results and figure."""
    args = common.argument_parser(__doc__).parse_args()
    device = choose_device(args.device)
    parts = {}
    for name, build in steps(device).items():
        parts[name] = milliseconds(build(), device)
    alone = {name: arithmetic_alone(name, device) for name in parts}
    for name, part in parts.items():
        kinds = "".join(f"{kind} {value:.1f} ms   " for kind, value in part.items())
        whole = f"in all {sum(part.values()):.1f} ms, arithmetic alone {alone[name]:.1f} ms"
        print(f"{name:34}{kinds} {whole}")
    result = {
        "milliseconds": parts,
        "arithmetic_alone": alone,
        "batch": BATCH,
        **common.ran_on(device),
    }
    common.write_result(f"breakdown-{common.kind(device)}.json", result)
    common.save_figure(draw(parts, alone), f"breakdown-{common.kind(device)}.png")


def steps(device: torch.device) -> dict[str, Callable[[], Step]]:
    """Return by name what builds a step: the textbook's, then those of the package.

    They come in this order because the package's tune how the process keeps memory.
    """
    found = {
        "textbook": partial(usual, device),
        "vaehelpers, practical, compiled": partial(ours, device, is_narrow=False),
    }
    if multiplies_bfloat16(device):
        found["vaehelpers, practical, bfloat16"] = partial(ours, device, is_narrow=True)
    return found


def usual(device: torch.device) -> Step:
    """Build the textbook's step."""
    return common.textbook_step(seeded_vae(0).to(device))


def ours(device: torch.device, is_narrow: bool) -> Step:
    """Build the package's step, in 16 bits if it `is_narrow`; tune the memory as training does."""
    if device.type == "cpu":
        keep_freed_memory()
    model = to_device(seeded_vae(0), device)
    loss = in_bfloat16(model) if is_narrow else model.losses
    config = TrainConfig(precision="bfloat16" if is_narrow else "float32", compiled=True)
    if compiles_correctly(config, device):
        # The option gives kernels names that the profiler sees.
        loss = torch.compile(loss, options={"cpp.enable_kernel_profile": True})
    optimizers = build_optimizers(RECIPES["practical"], model, lr=1e-3)
    return Step(loss, optimizers, beta=1.0)


def milliseconds(step: Step, device: torch.device) -> dict[str, float]:
    """Return the milliseconds of each kind of work in one step, averages over `STEPS`."""
    imgs = common.any_images(BATCH).to(device)
    eps = torch.randn(BATCH, 20, device=device)
    for _ in range(5):
        step(imgs, eps)
    with profile() as seen:
        for _ in range(STEPS):
            step(imgs, eps).sum().item()
    parts = dict.fromkeys([*KINDS, OTHER], 0.0)
    on_gpu = device.type == "cuda"
    for event in seen.key_averages():
        if event.device_type != DeviceType.CPU:
            continue  # a kernel: its time is that of the operator that launched it
        microseconds = event.self_device_time_total if on_gpu else event.self_cpu_time_total
        parts[kind_of(event.key)] += microseconds / 1e3 / STEPS
    return parts


def kind_of(event: str) -> str:
    """Return which of `KINDS` an operation is, by its name."""
    for kind, words in KINDS.items():
        if any(word in event.lower() for word in words):
            return kind
    return OTHER


def arithmetic_alone(way: str, device: torch.device) -> float:
    """Return the milliseconds of a step if only its arithmetic took time."""
    operations = BATCH * throughput.flop_per_image()
    dtype = throughput.PEAKS[throughput.peak_of(way)]
    return 1e3 * operations / throughput.peak(device, dtype)


def draw(parts: dict[str, dict[str, float]], alone: dict[str, float]) -> Figure:
    """Draw stacked bars, and a line in each where it would end if only arithmetic took time."""
    fig, ax = plt.subplots(figsize=(7.2, 3.2))
    names = list(parts)
    ends = [0.0 for _ in names]
    for kind, colour in zip([*KINDS, OTHER], COLOURS, strict=True):
        widths = [part[kind] for part in parts.values()]
        ax.barh(names, widths, left=ends, color=colour, label=kind)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    for row, value in enumerate(alone.values()):
        label = "" if row else "arithmetic alone"
        ax.plot([value, value], [row - 0.4, row + 0.4], color=INK, lw=2, label=label)
    ax.invert_yaxis()
    ax.set(xlabel=f"milliseconds for a step on {BATCH} images")
    fig.legend(ncols=3, loc="outside lower center")
    return fig


if __name__ == "__main__":
    main()
