"""On a machine with a GPU: does `--compile` train with the same numbers, and how fast?

    python benchmarks/gpu.py [--epochs 80] [--only PART] [--results FOLDER]

`agree` trains one short epoch on the CPU, on the GPU eagerly and on the GPU as one graph of
kernels, from the same seed, and prints how far the bits per dimension of the batches lie apart.
`gradients` prints how far the gradients of 16 bits lie from those of 32, compiled and not. `time`
trains whole runs and prints seconds. Each result is written to FOLDER/gpu.json (default:
benchmarks/results) as soon as it is there.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import common
import torch
from torch import Tensor

from vaehelpers import VAE, Dataset, TrainConfig, fit, load_data
from vaehelpers.errors import TrainingError
from vaehelpers.training.step import in_bfloat16

AGREE_IMAGES = 12_800  # a hundred batches of 128
BATCH = 128
WAYS = {
    "eager": {"device": "cuda"},
    "graph": {"device": "cuda", "compiled": True},
    "graph, bfloat16": {"device": "cuda", "compiled": True, "precision": "bfloat16"},
}
RUNS = [  # recipe, way, whether the run has all epochs: an eager one needs only two to be timed
    ("practical", "eager", False),
    ("practical", "graph, bfloat16", True),
    ("best", "graph, bfloat16", True),
    ("practical", "graph", True),
    ("best", "graph", True),
]
PARTS = ("agree", "gradients", "time")


def main() -> None:
    """Run the parts asked for; print and record what they found."""
    parser = common.argument_parser(__doc__, with_device=False)
    parser.add_argument("--epochs", type=int, default=80, help="length of the timed runs")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    parser.add_argument("--results", type=Path, default=common.RESULTS, help="folder of gpu.json")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        parser.exit(1, "torch sees no CUDA device here: run this on a machine with a GPU\n")
    dataset = load_data()
    parts = PARTS if args.only is None else (args.only,)
    if "agree" in parts:
        add_result(args.results, "agree", agreement(dataset))
    if "gradients" in parts:
        add_result(args.results, "gradients", gradient_errors(dataset, "cuda"))
    if "time" in parts:
        found = []
        for row in durations(dataset, args.epochs):
            found.append(row)
            add_result(args.results, "time", found)


def agreement(dataset: Dataset) -> dict:
    """Return each way's largest distance [bits/dim] to the GPU's eager way.

    It is taken over the first hundred batches. The ways draw the same images and noise, so that
    only rounding tells them apart. TF32, which keeps ten bits of a number, is off, except for the
    last way.
    """
    few = replace(dataset, train=dataset.train.head(AGREE_IMAGES), val=dataset.val.head(500))
    curves = {"cpu": batch_scores(few, {"device": "cpu"})}
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for way, options in WAYS.items():
            curves[way] = batch_scores(few, options)
    curves["graph, TF32"] = batch_scores(few, WAYS["graph"])
    distances = {}
    for way, curve in curves.items():
        distances[way] = largest_distance(curve, curves["eager"])
        ends = f"first {curve[0]:.6f}  last {curve[-1]:.6f}"
        print(f"agree  {way:18} {ends}  largest distance {distances[way]:.1e}")
    last = {way: curve[-1] for way, curve in curves.items()}
    return {"largest_distance_bpd": distances, "last_bpd": last}


def batch_scores(dataset: Dataset, options: dict) -> list[float]:
    """Return the bits/dim of every fifth batch of one epoch of the practical's recipe."""
    scores = []
    config = TrainConfig(epochs=1, recipe="practical", **options)
    for _ in fit(dataset, config, on_batch=lambda _, bpd: scores.append(bpd)):
        pass
    return scores


def largest_distance(curve: list[float], other: list[float]) -> float:
    """Return how far two curves lie apart at most."""
    return max(abs(a - b) for a, b in zip(curve, other, strict=True))


def gradient_errors(
    dataset: Dataset, device: str, batches: int = 50, epochs: int = 2
) -> dict[str, dict[str, float]]:
    """Return the relative errors of gradients in 16 bits, compiled by torch and not.

    The network was trained for two epochs in 32 bits, whose gradients are the reference. Of each
    weight the median over batches counts; returned are the median and the largest over weights.
    """
    config = TrainConfig(epochs=epochs, recipe="practical", device=device)
    *_, (_, model) = fit(dataset, config)
    narrow = in_bfloat16(model)
    ways = {"as it is": narrow, "compiled": torch.compile(narrow)}
    found = {}
    for way, loss in ways.items():
        errors = {name: [] for name, _ in model.named_parameters()}
        for images in dataset.train.images.split(BATCH)[:batches]:
            imgs = images.to(device)
            eps = torch.randn(len(imgs), model.z_dim, device=device)
            wanted = gradients(model, model.losses, imgs, eps)
            for name, gradient in gradients(model, loss, imgs, eps).items():
                error = (gradient - wanted[name]).norm() / wanted[name].norm()
                errors[name].append(float(error))
        medians = [statistics.median(values) for values in errors.values()]
        found[way] = {"median": statistics.median(medians), "largest": max(medians)}
        print(f"gradients in bfloat16, {way:9} relative errors {found[way]}", flush=True)
    return found


def gradients(
    model: VAE, loss: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], imgs: Tensor, eps: Tensor
) -> dict[str, Tensor]:
    """Return the gradient of each weight, by name."""
    model.zero_grad()
    recon, kl = loss(imgs, eps)
    (recon + kl).mean().backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


def durations(dataset: Dataset, epochs: int) -> Iterator[dict]:
    """Yield the seconds and last scores of each of `RUNS`."""
    for recipe, way, is_whole in RUNS:
        config = TrainConfig(epochs=epochs if is_whole else 2, recipe=recipe, **WAYS[way])
        started = time.perf_counter()
        row, records = {"recipe": recipe, "way": way}, []
        try:
            for record, _ in fit(dataset, config):
                records.append(record)
        except TrainingError as error:  # a finding, not the end of the measurement
            row["error"] = str(error)
        row |= {
            "epochs": records[-1].epoch,
            "seconds": round(time.perf_counter() - started, 1),
            "train_bpd": records[-1].train_bpd,
            "val_bpd": records[-1].val_bpd,
        }
        of_epochs = [record.seconds for record in records[1:]]
        if of_epochs:
            row["median_epoch_seconds"] = statistics.median(of_epochs)
            row["first_epoch_seconds"] = of_epochs[0]
        print("time  ", row, flush=True)
        yield row


def add_result(folder: Path, part: str, content: object) -> None:
    """Write what a part found into gpu.json, beside what the other parts left there."""
    before = common.read_result("gpu.json", folder) or {}
    now = {part: content, **common.ran_on(torch.device("cuda"), "triton")}
    common.write_result("gpu.json", before | now, folder)


if __name__ == "__main__":
    main()
