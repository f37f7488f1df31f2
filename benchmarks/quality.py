"""Time to quality: what each part of the fast recipe adds to the score of a short run.

    python benchmarks/quality.py [--seeds 42 43 44] [--device cpu] [--only NAME ...]

Trains every recipe below with every seed (three hours on two cores; runs/quality/ keeps the
checkpoints, and the same command resumes), or only the named ones beside what was recorded. Prints
the validation scores beside that of the practical's recipe after 80 epochs, and writes quality.json
and quality.png to benchmarks/results/. How long an epoch of each recipe takes, side by side, is
measured by benchmarks/throughput.py.
"""

import argparse
import statistics
from dataclasses import dataclass, replace
from typing import NamedTuple

import common
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from vaehelpers import Dataset, TrainConfig, choose_device, fit, load_data
from vaehelpers.figures.colours import INK
from vaehelpers.published import published_checkpoint
from vaehelpers.training import RECIPES, Recipe
from vaehelpers.training.checkpoint import read_meta

plt.style.use("vaehelpers.figures.style")


class Step(NamedTuple):
    """A recipe, for how many epochs it is trained, and in which numbers."""

    recipe: Recipe
    epochs: int
    precision: str = "float32"


WARMUP = RECIPES["fast"].warmup
MUON = Recipe(lr=0.016, batch_size=64, hidden="Muon", hidden_lr_factor=0.625, warmup=WARMUP)
STEPS = {  # each changes one thing in the one before
    "practical": Step(RECIPES["practical"], 9),
    "rates rise and fall": Step(Recipe(lr=0.004, batch_size=128, warmup=WARMUP), 9),
    "Muon for hidden weights": Step(
        replace(MUON, lr=0.004, batch_size=128, hidden_lr_factor=2.5), 9
    ),
    "Adam's rate times four": Step(replace(MUON, batch_size=128), 9),
    "batches of 64": Step(MUON, 9),
    "fast": Step(RECIPES["fast"], 6),
    "fast, bfloat16": Step(RECIPES["fast"], 6, "bfloat16"),
}
COLOURS = (INK, "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#E69F00", "#56B4E9")


@dataclass(frozen=True)
class StepConfig(TrainConfig):
    """Settings of a run whose recipe is one of `STEPS`, most of which the package does not know."""

    @classmethod
    def settings(cls):
        """Return the settings that are checked: not the recipe, which need not be the package's."""
        settings = super().settings()
        del settings["recipe"]
        return settings

    @property
    def chosen_recipe(self) -> Recipe:
        """The recipe that `recipe` names."""
        return STEPS[self.recipe].recipe


def main() -> None:
    """Train what is missing, then print the table and write results and figure."""
    args = parse_arguments()
    dataset = load_data()
    device = choose_device(args.device)
    rows = {}
    if args.only != list(STEPS):
        rows = (common.read_result("quality.json") or {"recipes": {}})["recipes"]
    for name in args.only:
        curves = [curve(dataset, name, seed, device.type) for seed in args.seeds]
        rows[name] = {"val_bpd": curves, "seeds": args.seeds, **common.ran_on(device)}
    history = read_meta(published_checkpoint(20, 80))["history"]
    goal = [row["val_bpd"] for row in history]
    rows = {name: rows[name] for name in STEPS if name in rows}
    print_table(rows, goal[-1])
    common.write_result("quality.json", {"practical_80": goal, "recipes": rows})
    figure = draw({name: row["val_bpd"] for name, row in rows.items()}, goal[-1])
    common.save_figure(figure, "quality.png")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = common.argument_parser(__doc__)
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[42, 43, 44], help="one run for each"
    )
    parser.add_argument(
        "--only", nargs="+", choices=STEPS, default=list(STEPS), help="train no others"
    )
    return parser.parse_args()


def curve(dataset: Dataset, name: str, seed: int, device: str) -> list[float]:
    """Train one run, or what is left of it; return its validation bpd after each epoch."""
    step = STEPS[name]
    folder = common.ROOT / "runs" / "quality" / f"{name} {seed}".replace(" ", "-")
    config = StepConfig(
        recipe=name, epochs=step.epochs, seed=seed, device=device, precision=step.precision
    )
    return [record.val_bpd for record, _ in fit(dataset, config, folder=folder, keep=())]


def print_table(rows: dict[str, dict], goal: float) -> None:
    """Print each recipe's last scores, mean and range over the seeds, below the one to reach."""
    print(f"practical, 80 epochs: {goal:.4f} bits/dim on validation images")
    for name, row in rows.items():
        ends = [run[-1] for run in row["val_bpd"]]
        span = f"{statistics.mean(ends):.4f}  ({min(ends):.4f} to {max(ends):.4f})"
        print(f"{name:32} {len(row['val_bpd'][0]) - 1:2} epochs  {span}")


def draw(curves: dict[str, list[list[float]]], goal: float) -> Figure:
    """Draw each recipe's scores over the epochs, a band over its seeds, and the score to reach."""
    fig, ax = plt.subplots(figsize=(7.2, 4.4))
    for (name, runs), colour in zip(curves.items(), COLOURS, strict=False):
        epochs = range(1, len(runs[0]))
        scores = [[run[epoch] for run in runs] for epoch in epochs]
        low = [min(of_seeds) for of_seeds in scores]
        high = [max(of_seeds) for of_seeds in scores]
        mean = [statistics.mean(of_seeds) for of_seeds in scores]
        ax.fill_between(epochs, low, high, color=colour, alpha=0.25)
        ax.plot(epochs, mean, "o-", ms=3, color=colour, label=name)
    ax.axhline(goal, ls="--", color=INK, lw=1)
    ax.annotate("practical, 80 epochs", (1, goal), xytext=(0, 3), textcoords="offset points")
    ax.set(xlabel="epoch", ylabel="validation, bits/dim", ylim=(goal - 0.02, 1.6))
    ax.legend()
    return fig


if __name__ == "__main__":
    main()
