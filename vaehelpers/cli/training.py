"""The commands about one network: data, train, evaluate."""

import argparse
import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.paths import expanded
from ..core.settings import check
from ..data.constants import DATA, SOURCES
from ..errors import SettingError
from ..training.config import TrainConfig
from .parsing import VALUE_OPTIONS, Add, Parser, add_data, add_settings, given_settings

if TYPE_CHECKING:
    from ..data.dataset import Dataset
    from ..training.history import EpochRecord
    from ..vae.networks import VAE

USUAL_SEED = TrainConfig.defaults()["seed"]
ROW = "{:>5}  {:>9}  {:>7}  {:>11}  {:>8}  {:>7}"
HEAD = ROW.format("epoch", "train bpd", "val bpd", "recon [nat]", "KL [nat]", "seconds")


def add_commands(add: Add) -> None:
    """Add the commands, with their options and examples."""
    add(
        "data",
        _data,
        "fetch FashionMNIST where it is not yet, and check it",
        "vaehelpers data                                 # into data/ of the project, or here",
        "VAEHELPERS_DATA=~/sets/fashion vaehelpers data  # into a folder of yours",
    )
    train = add(
        "train",
        _train,
        "train a VAE; resumes a run that was interrupted",
        "vaehelpers train                                # 80 epochs, forty minutes",
        "vaehelpers train --recipe fast --epochs 6       # a good network in six epochs",
        "vaehelpers train --recipe practical --z-dim 2   # as the practical asks for Q2.10",
        "vaehelpers train --beta 0 --no-noise            # a plain autoencoder",
    )
    _add_train_options(train)
    evaluate = add(
        "evaluate",
        _evaluate,
        "score a checkpoint on the test set",
        "vaehelpers evaluate runs/z20-seed42             # the latest checkpoint of a run",
        "vaehelpers evaluate runs/z20-seed42 --seed 7    # with other random draws",
    )
    _add_evaluate_options(evaluate)


def _data(args: argparse.Namespace) -> None:
    from ..data import load_data
    from ..data.sources import fetch_data

    folder = fetch_data()
    dataset = load_data(folder=folder)
    print(
        f"FashionMNIST is whole: {len(dataset.train):,} training, {len(dataset.val):,} validation, "
        f"{len(dataset.test):,} test images in {folder}"
    )


def _add_train_options(parser: Parser) -> None:
    add_data(parser, SOURCES[0], SOURCES[0])
    add_settings(parser, VALUE_OPTIONS)
    parser.add_argument(
        "--no-noise",
        dest="noise",
        action="store_false",
        help="decode means; with --beta 0 a plain autoencoder",
    )
    parser.add_argument(
        "--compile",
        dest="compiled",
        action="store_true",
        help="use torch.compile (needs a C++ compiler)",
    )
    parser.add_argument(
        "--out", type=expanded, help="folder for checkpoints (default: runs/zZ-seedS)"
    )
    parser.add_argument(
        "--tensorboard", type=expanded, help="folder for a TensorBoard log (needs tensorboard)"
    )


def _train(args: argparse.Namespace) -> None:
    given = given_settings(args, VALUE_OPTIONS)
    config = TrainConfig(**given, noise=args.noise, compiled=args.compiled)
    source = check("data", args.data, {"data": DATA})

    from ..core import choose_device
    from ..core.files import try_folder
    from ..data import load_data
    from ..training import checkpoint, fit
    from ..training.tensorboard import tensorboard_writer

    choose_device(config.device)  # fails at once if the device is missing
    folder = args.out or Path("runs") / _run_name(config, source)
    try_folder(folder)  # it would fail after an epoch
    dataset = load_data(source)
    watch = tensorboard_writer(args.tensorboard)
    previous = checkpoint.latest_checkpoint(folder)
    epochs = fit(dataset, config, folder=folder)
    first, model = next(epochs)
    began = checkpoint.epoch_of(previous) if previous else 0
    if previous:
        print(f"resuming {folder} after epoch {began}")
    print(f"to epoch {config.epochs}, on {len(dataset.train):,} images, into {folder}/")
    print(HEAD, flush=True)
    for record in itertools.chain([first], (record for record, _ in epochs)):
        watch(record)
        print(row_of(record), flush=True)
        if record.epoch == began + 1 < config.epochs:
            _say_how_long(record.seconds, config.epochs - record.epoch)
    _print_test_score(model, dataset, config.seed)
    print(f"weights and history: {checkpoint.latest_checkpoint(folder)}")


def _say_how_long(seconds: float, epochs: int) -> None:
    """Say, beside the table, how long so many epochs more are going to take."""
    minutes = epochs * seconds / 60
    left = f"{minutes:.0f} minutes" if minutes >= 2 else f"{60 * minutes:.0f} seconds"
    print(f"at this pace, {epochs} more take about {left}", file=sys.stderr)


def row_of(record: "EpochRecord") -> str:
    """Return a line below HEAD."""
    return ROW.format(
        record.epoch,
        f"{record.train_bpd:.4f}",
        f"{record.val_bpd:.4f}",
        f"{record.val_recon:.2f}",
        f"{record.val_kl:.2f}",
        f"{record.seconds:.1f}",
    )


def _run_name(config: TrainConfig, source: str) -> str:
    """Name a run by its latents, its seed, and whatever else is not as usual.

    What may change when a run is resumed is not in its name.
    """
    parts = [f"z{config.z_dim:02d}", f"seed{config.seed}"]
    if source != SOURCES[0]:
        parts.append(f"data={source}")
    for name in VALUE_OPTIONS:
        value = getattr(config, name)
        unusual = value != TrainConfig.defaults()[name]
        if unusual and name not in ("z_dim", "seed", "epochs", "device"):
            parts.append(f"{name}={value}")
    if not config.noise:
        parts.append("no-noise")
    return "-".join(parts)


def _add_evaluate_options(parser: Parser) -> None:
    parser.add_argument(
        "checkpoint", type=expanded, help="a .json or .safetensors file, or a run's folder"
    )
    parser.add_argument(
        "--save", action="store_true", help="record the score in the checkpoint's JSON"
    )
    add_settings(parser, ("seed", "device"))
    add_data(parser, None, "the one that the checkpoint was trained on")


def _evaluate(args: argparse.Namespace) -> None:
    given = given_settings(args, ("seed", "device"))

    from ..core import choose_device
    from ..core.files import try_folder
    from ..data import load_data
    from ..training import checkpoint

    path = checkpoint.find_checkpoint(args.checkpoint)
    model, meta = checkpoint.load_checkpoint(path, choose_device(given["device"]))
    own = meta["config"].get("data", SOURCES[0])
    source = check("data", args.data or own, {"data": DATA})
    if args.save and (source, given["seed"]) != (own, USUAL_SEED):
        raise SettingError(
            f"--save records the score on {own} with seed {USUAL_SEED} only; "
            "leave out --save, --data and --seed accordingly"
        )
    if args.save:
        try_folder(path.parent)
    print(f"z_dim {model.z_dim}, epoch {meta['epoch']}, weights sha256 {meta['sha256'][:16]}")
    score = _print_test_score(model, load_data(source), given["seed"])
    if args.save:
        checkpoint.write_meta(path, {**meta, "test": score})


def _print_test_score(model: "VAE", dataset: "Dataset", seed: int) -> dict[str, Any]:
    """Score all test images, print the line, and return what a checkpoint's JSON records."""
    from ..vae import evaluate

    score = evaluate(model.eval(), dataset.test.images, seed)
    print(
        f"test ({dataset.name}, {len(dataset.test):,} images): {score['bpd']:.4f} bpd = "
        f"{score['recon']:.2f} reconstruction + {score['kl']:.2f} KL nats per image, "
        f"one-sample ELBO, standard error {score['bpd_se']:.4f} bpd"
    )
    return {**score, "data": dataset.name, "images": len(dataset.test), "seed": seed}
