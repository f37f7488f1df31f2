"""The command line: `python -m vaehelpers data | train | evaluate | run | reversal | classifier | evidence`."""

import argparse
import sys
from pathlib import Path

from . import (
    checkpoint,
    classifier,
    data,
    epoch_log,
    evidence,
    recorded,
    seq2seq,
    settings,
    training,
)
from .device import choose_device
from .errors import SettingError, UserError

TRAIN_DEFAULTS = {
    "data": "fashion-mnist",
    "recipe": "best",
    "z_dim": 20,
    "epochs": 80,
    "num_filters": 32,
    "lr": None,
    "batch_size": None,
    "precision": "float32",
    "beta": 1.0,
    "seed": 42,
    "device": "auto",
}
ROW = "{:>5}  {:>9}  {:>7}  {:>11}  {:>8}  {:>7}"


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and that takes no option for another it resembles."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str):
        self.exit(2, f"{self.prog}: {message}\n")


def main(argv: list[str] | None = None) -> int:
    """Run one command; return 0, 1 for a failed job, 2 for bad input, 130 when interrupted."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args) or 0
    except UserError as error:
        print(f"vaehelpers {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"vaehelpers {args.command}: {where}{error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = (
            "; finished epochs are kept, the same command resumes"
            if args.command == "train"
            else ""
        )
        print(f"vaehelpers {args.command}: interrupted{kept}", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="vaehelpers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add(commands, "data", _data, "fetch FashionMNIST where it is not yet, and check it")
    train = _add(commands, "train", _train, "train a VAE; resumes a run that was interrupted")
    _add_settings(train, TRAIN_DEFAULTS)
    train.add_argument("--out", type=Path, help="folder for checkpoints (default: runs/zZ-seedS)")
    train.add_argument(
        "--no-noise", action="store_true", help="decode means; with --beta 0 a plain autoencoder"
    )
    train.add_argument(
        "--compile", action="store_true", help="use torch.compile (needs a C++ compiler)"
    )
    train.add_argument(
        "--tensorboard", type=Path, help="folder for a TensorBoard log (needs tensorboard)"
    )
    evaluate = _add(commands, "evaluate", _evaluate, "score a checkpoint on the test set")
    evaluate.add_argument(
        "checkpoint", type=Path, help="a .json or .safetensors file, or a run's folder"
    )
    evaluate.add_argument(
        "--save", action="store_true", help="record the score in the checkpoint's JSON"
    )
    _add_settings(evaluate, {key: TRAIN_DEFAULTS[key] for key in ("seed", "device")})
    evaluate.add_argument(
        "--data", help="the data set (default: the one that the checkpoint was trained on)"
    )
    run = _add(commands, "run", _run, "execute the notebooks in batch, through papermill")
    run.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="which ones, by name (default: all four)"
    )
    run.add_argument(
        "--preset", default="quick", help="quick (the default), full, or drawn for stand-in data"
    )
    run.add_argument(
        "-p",
        dest="given",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter",
    )
    run.add_argument(
        "--out", type=Path, default=Path("build"), help="folder for the results (default: build)"
    )
    run.add_argument(
        "--in-place", action="store_true", help="instead refresh the outputs stored in notebooks/"
    )
    reversal = _add(
        commands, "reversal", _reversal, "train notebook 01's three models that reverse words"
    )
    reversal.add_argument(
        "--out", type=Path, default=seq2seq.PUBLISHED, help="folder for the weights"
    )
    _add_settings(reversal, {"train_steps": seq2seq.STEPS, "seed": 42})
    _add(
        commands,
        "classifier",
        _classifier,
        "train the classifier by which notebook 03 judges samples (a minute)",
    )
    proof = _add(
        commands,
        "evidence",
        _evidence,
        "record the slow scores of notebooks 03 and 04 (of new weights)",
    )
    proof.add_argument("--out", type=Path, default=recorded.FOLDER, help="folder for the record")
    return parser


def _add(commands, name: str, run, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    return parser


def _add_settings(parser: argparse.ArgumentParser, defaults: dict) -> None:
    for name, default in defaults.items():
        setting, usual = settings.SETTINGS[name], "the recipe's" if default is None else default
        parser.add_argument(
            "--" + name.replace("_", "-"),
            default=default,
            metavar=name.upper(),
            help=f"{setting.help}: {setting.allowed} (default: {usual})",
        )


def _checked(args: argparse.Namespace, names) -> dict:
    values = {
        name: settings.check(name, value)
        for name in names
        if (value := getattr(args, name)) is not None
    }
    if "device" in values:
        values["device"] = choose_device(values["device"]).type
    return values


def _data(args: argparse.Namespace) -> None:
    dataset = data.load()
    print(
        f"FashionMNIST is whole: {len(dataset.train):,} training, {len(dataset.val):,} validation, "
        f"{len(dataset.test):,} test images in {data.locate()}"
    )


def _train(args: argparse.Namespace) -> None:
    config = _checked(args, TRAIN_DEFAULTS)
    folder = args.out or Path("runs") / _run_name(config, args.no_noise)
    dataset, log = data.load(config.pop("data")), epoch_log.tensorboard(args.tensorboard)
    folder.mkdir(
        parents=True, exist_ok=True
    )  # so that a folder that cannot be is known before an epoch is spent
    previous = checkpoint.latest(folder)
    records = training.fit(
        dataset, folder=folder, compiled=args.compile, noise=not args.no_noise, **config
    )
    for record, model in records:
        if record.epoch == 0:
            if previous:
                print(f"resuming {folder} after epoch {checkpoint.epoch_of(previous)}")
            print(ROW.format("epoch", "train bpd", "val bpd", "recon [nat]", "KL [nat]", "seconds"))
        log(record)
        print(
            ROW.format(
                record.epoch,
                f"{record.train_bpd:.4f}",
                f"{record.val_bpd:.4f}",
                f"{record.val_recon:.2f}",
                f"{record.val_kl:.2f}",
                f"{record.seconds:.1f}",
            ),
            flush=True,
        )
    _test_score(model, dataset, config["seed"])
    print(f"weights and history: {checkpoint.latest(folder)}")


def _run_name(config: dict, no_noise: bool) -> str:
    """Name a run by its latents, its seed, and whatever else is not as usual; not by what may change on resuming."""
    unusual = [
        f"{key}={value}"
        for key, value in config.items()
        if key not in ("z_dim", "seed", "epochs", "device") and value != TRAIN_DEFAULTS[key]
    ]
    return "-".join(
        [f"z{config['z_dim']:02d}", f"seed{config['seed']}", *unusual, *["no-noise"] * no_noise]
    )


def _evaluate(args: argparse.Namespace) -> None:
    config = _checked(args, ("seed", "device"))
    model, meta = checkpoint.load(args.checkpoint, config["device"])
    own = meta["config"].get("data", "fashion-mnist")
    source = settings.check("data", args.data or own)
    if args.save and (source, config["seed"]) != (own, TRAIN_DEFAULTS["seed"]):
        raise SettingError(
            f"--save records the score on {own} with seed {TRAIN_DEFAULTS['seed']} only; "
            "leave out --save, --data and --seed accordingly"
        )
    print(f"z_dim {model.z_dim}, epoch {meta['epoch']}, weights sha256 {meta['sha256'][:16]}")
    score = _test_score(model, data.load(source), config["seed"])
    if args.save:
        checkpoint.write_meta(checkpoint.find(args.checkpoint), {**meta, "test": score})


def _run(args: argparse.Namespace) -> None:
    try:
        from . import batch
    except ImportError as error:
        raise SettingError(
            f"the package {error.name} is missing; install vaehelpers[notebooks]"
        ) from None
    names = tuple(args.notebooks) or batch.NOTEBOOKS
    given = dict(_pair(text) for text in args.given)
    if args.in_place:
        if given or args.preset != "quick":
            raise SettingError(
                "--in-place uses the notebooks' own defaults; leave out -p and --preset"
            )
        batch.refresh(names)
    else:
        print(batch.summary(batch.run(args.preset, given, names, out=args.out)))
        print(f"\nnotebooks, figures/, results.json and run.json are in {args.out}/")


def _reversal(args: argparse.Namespace) -> None:
    config = _checked(args, ("train_steps", "seed"))
    if not config["train_steps"]:
        raise SettingError("train_steps=0 is not allowed here; give at least 1")
    for kind in seq2seq.KINDS:
        model = seq2seq.train(kind, config["train_steps"], config["seed"])
        print(f"{kind}: {seq2seq.save(model, kind, args.out)}", flush=True)


def _classifier(args: argparse.Namespace) -> None:
    dataset = data.load()
    model = classifier.train(dataset)
    accuracy = classifier.accuracy(model, dataset.val.images, dataset.val.labels)
    path = checkpoint.save_plain(model, classifier.PUBLISHED)
    print(f"{path}: {accuracy:.3f} of the validation images are classified rightly")


def _evidence(args: argparse.Namespace) -> None:
    earlier = (args.out / f"{evidence.NAME}.json").is_file()
    results = recorded.load(evidence.NAME, args.out)["results"] if earlier else {}
    for name, part in evidence.compute(data.load(), results):
        results[name] = part
        recorded.keep(evidence.NAME, results, args.out)
        print(f"{name}: done", flush=True)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"-p {text} is not allowed; write -p NAME=VALUE")
    return name, value


def _test_score(model, dataset: data.Dataset, seed: int) -> dict:
    """Score all test images, print the line, and return what a checkpoint's JSON records."""
    score = training.evaluate(model.eval(), dataset.test.images, seed)
    print(
        f"test ({dataset.name}, {len(dataset.test):,} images): {score['bpd']:.4f} bpd = "
        f"{score['recon']:.2f} reconstruction + {score['kl']:.2f} KL nats per image, one-sample ELBO, "
        f"standard error {score['bpd_se']:.4f} bpd"
    )
    return {**score, "data": dataset.name, "images": len(dataset.test), "seed": seed}
