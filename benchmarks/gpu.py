"""Check on a machine with a GPU: does `--compile` train with the same numbers there, and how long do 80 epochs take?

    python benchmarks/gpu.py [--epochs 80] [--only agree|time] [--results FOLDER]

`agree` trains one short epoch on the CPU, on the GPU eagerly and on the GPU as one graph of kernels, from the same
seed, and prints how far the bits per dimension of the batches lie apart. `time` trains whole runs and prints seconds.
Both write to FOLDER/gpu.json (default: benchmarks/results), each under its own name.
"""

import argparse
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch

from vaehelpers import data, provenance, training

RESULTS = Path(__file__).parent / "results"
AGREE_IMAGES = 12_800  # a hundred batches of 128
WAYS = {
    "eager": {"device": "cuda"},
    "graph": {"device": "cuda", "compiled": True},
    "graph, bfloat16": {"device": "cuda", "compiled": True, "precision": "bfloat16"},
}
RUNS = [  # recipe, way, whether the run has all epochs: an eager one needs only two to be timed
    ("practical", "eager", False),
    ("practical", "graph", True),
    ("practical", "graph, bfloat16", True),
    ("best", "graph, bfloat16", True),
]


def main() -> None:
    """Run the parts asked for; print and record what they found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=80, help="length of the timed runs")
    parser.add_argument("--only", choices=("agree", "time"), help="one part alone")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of gpu.json")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        parser.exit(1, "torch sees no CUDA device here: run this on a machine with a GPU\n")
    dataset = data.load()
    if args.only != "time":
        record(args.results, "agree", agreement(dataset))
    if args.only != "agree":
        record(args.results, "time", durations(dataset, args.epochs))


def agreement(dataset: data.Dataset) -> dict:
    """Return each way's largest distance [bits/dim] to the GPU's eager way over the first hundred batches.

    The ways draw the same images and noise, so that only rounding tells them apart. TF32, which keeps ten bits of a
    number, is off, except for the last way.
    """
    few = replace(dataset, train=dataset.train.head(AGREE_IMAGES), val=dataset.val.head(500))
    curves = {"cpu": batch_scores(few, {"device": "cpu"})}
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        curves |= {way: batch_scores(few, options) for way, options in WAYS.items()}
    curves["graph, TF32"] = batch_scores(few, WAYS["graph"])
    found = {}
    for way, curve in curves.items():
        found[way] = max(abs(a - b) for a, b in zip(curve, curves["eager"], strict=True))
        print(
            f"agree  {way:18} first {curve[0]:.6f}  last {curve[-1]:.6f}  largest distance {found[way]:.1e}"
        )
    return {
        "largest_distance_bpd": found,
        "last_bpd": {way: curve[-1] for way, curve in curves.items()},
    }


def batch_scores(dataset: data.Dataset, options: dict) -> list[float]:
    """Return the bits/dim of every fifth batch of one epoch of the practical's recipe."""
    scores = []
    for _ in training.fit(
        dataset, 1, recipe="practical", watch=lambda _, bpd: scores.append(bpd), **options
    ):
        pass
    return scores


def durations(dataset: data.Dataset, epochs: int) -> list[dict]:
    """Return the seconds and last scores of each of `RUNS`."""
    found = []
    for recipe, way, whole in RUNS:
        started, seconds = time.perf_counter(), []
        for record, _ in training.fit(dataset, epochs if whole else 2, recipe=recipe, **WAYS[way]):
            seconds.append(record.seconds)
        found.append(
            {
                "recipe": recipe,
                "way": way,
                "epochs": record.epoch,
                "seconds": round(time.perf_counter() - started, 1),
                "median_epoch_seconds": statistics.median(seconds[1:]),
                "first_epoch_seconds": seconds[1],
                "train_bpd": record.train_bpd,
                "val_bpd": record.val_bpd,
            }
        )
        print("time  ", found[-1], flush=True)
    return found


def record(folder: Path, part: str, content: object) -> None:
    """Write what a part found into gpu.json, beside what the other part left there."""
    path = folder / "gpu.json"
    before = json.loads(path.read_text()) if path.is_file() else {}
    after = before | {
        part: content,
        "versions": provenance.versions("triton"),
        "hardware": provenance.hardware(torch.device("cuda")),
    }
    path.write_text(json.dumps(after, indent=1) + "\n")


if __name__ == "__main__":
    main()
