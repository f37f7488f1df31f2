"""Time to quality: what each part of the fast recipe contributes to the validation score of a short run.

    python benchmarks/quality.py [--epochs 9] [--seeds 42 43 44] [--device cpu] [--only NAME ...]

Trains every recipe below with every seed (an hour and more on two cores; runs/quality/ keeps the checkpoints, and the
same command resumes), or only the named ones beside what was recorded, prints the validation scores beside that of the
practical's recipe after 80 epochs, and writes quality.json and quality.png to benchmarks/results/. How long an epoch
of each recipe takes, side by side, is measured by benchmarks/training.py.
"""

import argparse
import json
import statistics
from pathlib import Path

import matplotlib.pyplot as plt

from vaehelpers import checkpoint, data, provenance, training
from vaehelpers.device import choose_device
from vaehelpers.recipe import RECIPES, Recipe

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
FAST = RECIPES["fast"]
PRECISIONS = {"fast, bfloat16": "bfloat16"}  # of the others: float32
STEPS = {  # each changes one thing in the one before
    "practical": RECIPES["practical"],
    "rates rise and fall": Recipe(lr=0.004, batch_size=128, warmup=FAST.warmup),
    "Muon for hidden weights": Recipe(lr=0.004, batch_size=128, warmup=FAST.warmup, muon=2.5),
    "Adam's rate times four": Recipe(
        lr=FAST.lr, batch_size=128, warmup=FAST.warmup, muon=FAST.muon
    ),
    "fast": FAST,
    "fast, bfloat16": FAST,
}


def main() -> None:
    """Train what is missing, then print the table and write results and figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=9, help="length of each run")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[42, 43, 44], help="one run for each"
    )
    parser.add_argument("--device", default="auto", help="where to train: auto, cuda, mps or cpu")
    parser.add_argument(
        "--only", nargs="+", choices=STEPS, default=list(STEPS), help="train no others"
    )
    args = parser.parse_args()
    RECIPES.update(STEPS)
    dataset, device = data.load(), choose_device(args.device)
    made = {"versions": provenance.versions(), "hardware": provenance.hardware(device)}
    path, rows = RESULTS / "quality.json", {}
    if args.only != list(STEPS):
        rows = json.loads(path.read_text())["recipes"]
    for name in args.only:
        rows[name] = {
            "val_bpd": [
                curve(dataset, name, args.epochs, seed, device.type) for seed in args.seeds
            ],
            "seeds": args.seeds,
            **made,
        }
    goal = [row["val_bpd"] for row in checkpoint.read_meta(checkpoint.published(20, 80))["history"]]
    print(
        f"practical, 80 epochs: {goal[-1]:.4f} bits/dim on validation images; after {args.epochs} epochs:"
    )
    for name, row in rows.items():
        ends = [run[-1] for run in row["val_bpd"]]
        print(f"{name:32} {statistics.mean(ends):.4f}  ({min(ends):.4f} to {max(ends):.4f})")
    path.write_text(
        json.dumps({"epochs": args.epochs, "practical_80": goal, "recipes": rows}, indent=1) + "\n"
    )
    draw({name: row["val_bpd"] for name, row in rows.items()}, goal).savefig(
        RESULTS / "quality.png", dpi=100, metadata={"Software": None}
    )


def curve(dataset: data.Dataset, name: str, epochs: int, seed: int, device: str) -> list[float]:
    """Train one run, or what is left of it; return its validation bpd after each epoch."""
    folder = ROOT / "runs" / "quality" / f"{list(STEPS).index(name)}-epochs{epochs}-seed{seed}"
    records = training.fit(
        dataset,
        epochs,
        recipe=name,
        seed=seed,
        device=device,
        folder=folder,
        keep=(),
        precision=PRECISIONS.get(name, "float32"),
    )
    return [record.val_bpd for record, _ in records]


def draw(curves: dict[str, list[list[float]]], goal: list[float]) -> plt.Figure:
    """Draw each recipe's scores over the epochs, a band over its seeds, and where the practical's 80 epochs end."""
    fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
    colors = ("#555555", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#000000")
    for (name, runs), color in zip(curves.items(), colors, strict=False):
        epochs = range(1, len(runs[0]))
        low, high = ([pick(run[epoch] for run in runs) for epoch in epochs] for pick in (min, max))
        ax.fill_between(epochs, low, high, color=color, alpha=0.25)
        ax.plot(
            epochs,
            [statistics.mean(run[epoch] for run in runs) for epoch in epochs],
            "o-",
            ms=3,
            color=color,
            label=name,
        )
    ax.axhline(goal[-1], ls="--", color="#555555", lw=1)
    ax.annotate("practical, 80 epochs", (1, goal[-1]), xytext=(0, 3), textcoords="offset points")
    ax.set(xlabel="epoch", ylabel="validation, bits/dim", ylim=(goal[-1] - 0.02, 1.6))
    ax.legend()
    return fig


if __name__ == "__main__":
    main()
