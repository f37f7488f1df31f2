"""On a machine with a GPU: does training agree with the CPU's, and how fast is it? In 8 minutes.

    python benchmarks/gpu.py [--seconds 480] [--only STAGE ...] [--results FOLDER] [--rehearse]

Runs the stages below in their order. Each writes its result to FOLDER/gpu.json (default:
benchmarks/results) as it ends; one for which too little time is left is skipped, and one that fails
is recorded with its error. It needs torch, safetensors, and for the textbook torchvision; no
Jupyter and no matplotlib. `--rehearse` runs every stage on the CPU with tiny sizes, which shows
that the script works and measures nothing.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import common
import textbook
import torch
from torch import Tensor
from torch.autograd import DeviceType
from torch.profiler import profile

from vaehelpers import VAE, Dataset, TrainConfig, fit, load_data
from vaehelpers.core import to_device
from vaehelpers.errors import TrainingError
from vaehelpers.published import published_checkpoint
from vaehelpers.training import RECIPES
from vaehelpers.training.checkpoint import read_meta
from vaehelpers.training.optimizers import build_optimizers
from vaehelpers.training.step import CudaGraphed, Loss, Step, in_bfloat16
from vaehelpers.vae import evaluate, seeded_vae
from vaehelpers.vae.objective import elbo_to_bpd

TESTS = ("tests/training", "tests/vae", "tests/core")  # those of the GPU are skipped elsewhere


@dataclass(frozen=True)
class Sizes:
    """How much every stage does; `device` is where."""

    device: str = "cuda"
    batch: int = textbook.BATCH
    agree_batches: int = 100
    epochs: int = 80
    timed_steps: int = 200
    workers: tuple[int, ...] = (0, 4, 8, 15)
    gradient_batches: int = 50
    tests: tuple[str, ...] = TESTS

    def compiled(self, loss: Loss) -> Loss:
        """Return the loss as torch compiles it; a rehearsal traces it, which takes no minute."""
        backend = "inductor" if self.device == "cuda" else "eager"
        return torch.compile(loss, dynamic=False, backend=backend)

    def data(self) -> Dataset:
        """Return FashionMNIST, in a rehearsal a few of its images."""
        dataset = load_data()
        if self.device == "cuda":
            return dataset
        parts = {part: getattr(dataset, part).head(256) for part in ("train", "val", "test")}
        return replace(dataset, **parts)


REHEARSAL = Sizes(
    device="cpu",
    batch=8,
    agree_batches=2,
    epochs=1,
    timed_steps=2,
    workers=(0,),
    gradient_batches=1,
    tests=("tests/training/test_muon.py",),
)


@dataclass(frozen=True)
class Way:
    """How a step is made."""

    recipe: str = "practical"
    is_graph: bool = True
    is_compiled: bool = False
    is_narrow: bool = False  # bfloat16
    has_tf32: bool = True  # in convolutions, PyTorch's default
    is_channels_last: bool = False

    def step(self, sizes: Sizes) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the step of a new model; without a CUDA device there is no graph of kernels."""
        recipe = RECIPES[self.recipe]
        model = to_device(seeded_vae(42), sizes.device)
        if self.is_channels_last:
            model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        is_graph = self.is_graph and sizes.device == "cuda"
        loss = in_bfloat16(model) if self.is_narrow else model.losses
        loss = sizes.compiled(loss) if self.is_compiled else loss
        step = Step(loss, build_optimizers(recipe, model, recipe.lr, is_graph), beta=1.0)
        return CudaGraphed(step) if is_graph else step

    @contextmanager
    def numbers(self) -> Iterator[None]:
        """Let convolutions have or not have TF32 meanwhile."""
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=self.has_tf32):
            yield


EXACT = replace(Way(), has_tf32=False)
VARIANTS = {
    "eager": replace(Way(), is_graph=False),
    "graph": Way(),
    "graph, without TF32": EXACT,
    "graph, channels last": replace(Way(), is_channels_last=True),
    "graph, compiled": replace(Way(), is_compiled=True),
    "graph, bfloat16": replace(Way(), is_narrow=True),
    "graph, best": replace(Way(), recipe="best"),
    "graph, compiled, best": replace(Way(), recipe="best", is_compiled=True),
}


def agreement(sizes: Sizes) -> dict:
    """Return each way's largest distance [bits/dim] to the CPU's over the first hundred batches.

    The ways draw the same images and noise, so that only rounding tells them apart.
    """
    batches = list(drawn_batches(sizes, sizes.agree_batches))
    on_cpu = replace(sizes, device="cpu")
    curves = {"cpu": scores(replace(Way(), is_graph=False), batches, on_cpu)}
    curves["eager"] = scores(replace(EXACT, is_graph=False), batches, sizes)
    curves["graph"] = scores(EXACT, batches, sizes)
    curves["graph, compiled"] = scores(replace(EXACT, is_compiled=True), batches, sizes)
    curves["graph, TF32"] = scores(Way(), batches, sizes)
    curves["graph, bfloat16"] = scores(replace(Way(), is_narrow=True), batches, sizes)
    found = {}
    for base in ("eager", "cpu"):
        found[f"largest_distance_to_{base}_bpd"] = {
            way: max(abs(a - b) for a, b in zip(curve, curves[base], strict=True))
            for way, curve in curves.items()
        }
    return {**found, "last_bpd": {way: curve[-1] for way, curve in curves.items()}}


def drawn_batches(sizes: Sizes, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of levels and noise on the CPU, always the same."""
    images = sizes.data().train.images
    generator = torch.Generator().manual_seed(42)
    for _ in range(count):
        chosen = torch.randint(len(images), (sizes.batch,), generator=generator)
        yield images[chosen], torch.randn(sizes.batch, 20, generator=generator)


def scores(way: Way, batches: list[tuple[Tensor, Tensor]], sizes: Sizes) -> list[float]:
    """Train on the batches; return the bits per dimension of each, before its step."""
    with way.numbers():
        step = way.step(sizes)
        found = []
        for imgs, eps in batches:
            nats = step(imgs.to(sizes.device), eps.to(sizes.device)).sum()
            found.append(float(elbo_to_bpd(nats, imgs.shape)))
    return found


def whole_run(sizes: Sizes, recipe: str, is_compiled: bool) -> dict:
    """Train a whole run; return seconds, scores, and how far these are from the CPU's."""
    dataset = sizes.data()
    config = TrainConfig(
        recipe=recipe,
        epochs=sizes.epochs,
        device=sizes.device,
        compiled=is_compiled and sizes.device == "cuda",
    )
    started = time.perf_counter()
    records, model = [], None
    found = {"recipe": recipe, "way": "graph, compiled" if is_compiled else "graph"}
    try:
        for record, trained in fit(dataset, config):
            records.append(record)
            model = trained
    except TrainingError as error:  # a finding, not the end of the measurement
        found["error"] = str(error)
    found["seconds"] = round(time.perf_counter() - started, 1)
    of_epochs = [record.seconds for record in records[1:]]
    variant = "" if recipe == "practical" else recipe
    published = read_meta(published_checkpoint(20, 80, variant))
    found |= {
        "epochs": records[-1].epoch,
        "first_epoch_seconds": of_epochs[0],
        "median_epoch_seconds": statistics.median(of_epochs),
        "val_bpd": records[-1].val_bpd,
        "cpu_val_bpd": published["history"][-1]["val_bpd"],
        "test_bpd": evaluate(model.eval(), dataset.test.images, 42)["bpd"],
        "cpu_test_bpd": published["test"]["bpd"],
    }
    return found


def usual_rates(sizes: Sizes) -> dict[str, float]:
    """Return the images per second of the textbook's pipeline by its number of workers."""
    device = torch.device(sizes.device)
    with tempfile.TemporaryDirectory() as folder:
        textbook.as_torchvision_has_them(Path(folder))
        ways = {
            f"{count} workers": textbook.with_loader(count, Path(folder), device)
            for count in sizes.workers
        }
        ways["images in memory"] = textbook.in_memory(device)
        rates = {}
        for name, way in ways.items():
            way.train(way.untimed + 5)
            seconds = common.timed(lambda way=way: way.train(sizes.timed_steps))
            rates[name] = textbook.BATCH * sizes.timed_steps / seconds
    return rates


def variants(sizes: Sizes) -> dict[str, dict[str, float]]:
    """Return images per second and kernels a step of the practical's step made in other ways."""
    found = {}
    batch = next(drawn_batches(sizes, 1))
    imgs, eps = (part.to(sizes.device) for part in batch)
    for name, way in VARIANTS.items():
        with way.numbers():
            step = way.step(sizes)
            for _ in range(6):  # kernels are compiled, chosen and recorded
                step(imgs, eps).sum().item()

            def work(step: Callable[[Tensor, Tensor], Tensor] = step) -> None:
                for _ in range(sizes.timed_steps):
                    result = step(imgs, eps)
                result.sum().item()

            rate = sizes.batch * sizes.timed_steps / common.timed(work)
            found[name] = {"images_per_second": rate, "kernels_a_step": kernels(step, imgs, eps)}
        print("variant ", name, found[name], flush=True)
    return found


def kernels(step: Callable[[Tensor, Tensor], Tensor], imgs: Tensor, eps: Tensor) -> int:
    """Return how many kernels a step runs; 0 where there are none to count."""
    with profile() as seen:
        step(imgs, eps).sum().item()
    events = seen.key_averages()
    return sum(event.count for event in events if event.device_type != DeviceType.CPU)


def gradient_errors(sizes: Sizes) -> dict[str, dict[str, float]]:
    """Return the relative errors of gradients in 16 bits, compiled by torch and not.

    The network was trained for an epoch in 32 bits, whose gradients are the reference. Of each
    weight the median over batches counts; returned are the median and the largest over weights.
    """
    config = TrainConfig(epochs=1, recipe="practical", device=sizes.device)
    *_, (_, model) = fit(sizes.data(), config)
    narrow = in_bfloat16(model)
    ways = {"as it is": narrow, "compiled": sizes.compiled(narrow)}
    found = {}
    for way, loss in ways.items():
        errors = {name: [] for name, _ in model.named_parameters()}
        for batch in drawn_batches(sizes, sizes.gradient_batches):
            imgs, eps = (part.to(sizes.device) for part in batch)
            wanted = gradients(model, model.losses, imgs, eps)
            for name, gradient in gradients(model, loss, imgs, eps).items():
                error = (gradient - wanted[name]).norm() / wanted[name].norm()
                errors[name].append(float(error))
        medians = [statistics.median(values) for values in errors.values()]
        found[way] = {"median": statistics.median(medians), "largest": max(medians)}
    return found


def gradients(model: VAE, loss: Loss, imgs: Tensor, eps: Tensor) -> dict[str, Tensor]:
    """Return the gradient of each weight, by name."""
    model.zero_grad()
    recon, kl = loss(imgs, eps)
    (recon + kl).mean().backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


def gpu_tests(sizes: Sizes) -> dict[str, str | int]:
    """Run the tests that need a GPU, and those beside them; return pytest's last line."""
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", *sizes.tests]
    done = subprocess.run(command, cwd=common.ROOT, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()[-300:]]
    return {"status": done.returncode, "said": lines[-1]}


class Stage(NamedTuple):
    """What is measured, and about how many seconds it takes on a GPU."""

    measure: Callable[[Sizes], object]
    seconds: int


STAGES = {  # the most wanted first
    "agree": Stage(agreement, 40),
    "practical": Stage(lambda sizes: whole_run(sizes, "practical", False), 50),
    "usual": Stage(usual_rates, 60),
    "variants": Stage(variants, 80),
    "best": Stage(lambda sizes: whole_run(sizes, "best", False), 110),
    "practical compiled": Stage(lambda sizes: whole_run(sizes, "practical", True), 60),
    "tests": Stage(gpu_tests, 90),
    "best compiled": Stage(lambda sizes: whole_run(sizes, "best", True), 110),
    "gradients": Stage(gradient_errors, 60),
}


def main() -> None:
    """Run the stages that fit into the time; print and record what they found."""
    started = time.perf_counter()
    parser = common.argument_parser(__doc__, with_device=False)
    parser.add_argument("--seconds", type=int, default=480, help="begin no stage that ends later")
    parser.add_argument("--only", nargs="+", choices=STAGES, help="these stages alone")
    parser.add_argument("--results", type=Path, default=common.RESULTS, help="folder of gpu.json")
    parser.add_argument("--rehearse", action="store_true", help="tiny, on the CPU, into a folder")
    args = parser.parse_args()
    if args.rehearse and args.results == common.RESULTS:
        parser.exit(2, "a rehearsal measures nothing: give --results another folder\n")
    if not (args.rehearse or torch.cuda.is_available()):
        parser.exit(1, "torch sees no CUDA device here: run this on a machine with a GPU\n")
    sizes = REHEARSAL if args.rehearse else Sizes()
    for name in args.only or STAGES:
        stage = STAGES[name]
        left = args.seconds - (time.perf_counter() - started)
        if stage.seconds > left:
            print(f"{name:20} skipped: {left:.0f} s are left, it takes {stage.seconds}", flush=True)
            continue
        add_result(args.results, name, sizes, attempt(stage, sizes))


def attempt(stage: Stage, sizes: Sizes) -> object:
    """Return what a stage finds, or its error: the next stages still have their turn."""
    try:
        return stage.measure(sizes)
    except Exception as error:  # whatever a machine that nobody has seen may raise
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def add_result(folder: Path, name: str, sizes: Sizes, found: object) -> None:
    """Print what a stage found; write it into gpu.json, beside what the others left there."""
    print(f"{name:20} {found}", flush=True)
    before = common.read_result("gpu.json", folder) or {}
    device = torch.device(sizes.device)
    common.write_result(
        "gpu.json", before | {name: found} | common.ran_on(device, "triton"), folder
    )


if __name__ == "__main__":
    main()
