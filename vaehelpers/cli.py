"""The command line: `vaehelpers data | train | evaluate | run | verify | reversal | ...`.

Torch takes seconds to import, so nothing here imports it before a command runs: functions that
need it import it themselves.
"""

import argparse
import itertools
import re
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__
from .core.paths import expanded
from .core.settings import Setting, Whole, check, did_you_mean
from .data.constants import DATA, SOURCES
from .errors import BatchError, SettingError, UserError, in_words, is_full, one_line
from .training.config import TrainConfig

if TYPE_CHECKING:
    from .data.dataset import Dataset
    from .training.history import EpochRecord
    from .vae.networks import VAE

TIMEOUT = Whole("seconds that one cell of a notebook may take", 1, 10_000_000)
USUAL_SEED = TrainConfig.defaults()["seed"]
# Fields of TrainConfig that are options with a value; the flags have names of their own.
VALUE_OPTIONS = tuple(
    name for name, default in TrainConfig.defaults().items() if not isinstance(default, bool)
)
LONGEST = 1_000  # characters of a message
ROW = "{:>5}  {:>9}  {:>7}  {:>11}  {:>8}  {:>7}"
HEAD = ROW.format("epoch", "train bpd", "val bpd", "recon [nat]", "KL [nat]", "seconds")


def main(argv: list[str] | None = None) -> int:
    """Run one command; return 0, 1 for a failed job, 2 for bad input, 128 + n after signal n."""
    args = _parse(sys.argv[1:] if argv is None else argv)
    try:
        with _signals_interrupt():
            args.run(args)
        return 0
    except UserError as error:
        _complain(args.command, str(error), can_resume=is_full(error))
        return error.exit_code
    except OSError as error:
        # Where it is not said what could not be written, it is something in the folder of results.
        where = error.filename or getattr(args, "out", None) or "a file"
        _complain(args.command, f"{where}: {in_words(error)}", can_resume=is_full(error))
        return 2
    except KeyboardInterrupt as error:
        number = error.number if isinstance(error, _Ended) else signal.SIGINT
        message = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
        _complain(args.command, message, can_resume=True)
        return 128 + number


class _Ended(KeyboardInterrupt):
    """A signal to end, handled as Ctrl-C is."""

    def __init__(self, number: signal.Signals):
        super().__init__()
        self.number = number


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Have SIGTERM and SIGHUP interrupt as Ctrl-C does, unless they are ignored (`nohup`)."""

    def end(number: int, _frame: object) -> NoReturn:
        raise _Ended(signal.Signals(number))

    before = {}
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) == signal.SIG_DFL:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parse(argv: list[str]) -> argparse.Namespace:
    """Return a command's arguments; exit with help, or with one line that says what is wrong."""
    parser, commands = _build_parsers()
    if not argv:
        parser.print_help()
        parser.exit()
    first = argv[0]
    if first not in commands and first not in parser.flags:
        if first.startswith("-"):
            parser.refuse_unknown(argv[:1])
        hint = did_you_mean(first, commands)
        parser.error(f"unknown command {first!r}; {hint}allowed: {', '.join(commands)}")
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        commands[args.command].refuse_unknown(unknown)
    return args


def _complain(command: str, message: str, can_resume: bool) -> None:
    """Print why a command ended; with `can_resume`, that training goes on from where it stopped."""
    if can_resume and command == "train":
        message += "; finished epochs are kept, the same command resumes"
    print(one_line(f"vaehelpers {command}: {message}", LONGEST), file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line with a hint.

    Abbreviated options are refused.
    """

    def __init__(self, **options):
        self.flags: list[str] = []
        super().__init__(allow_abbrev=False, **options)

    def add_argument(self, *names: str, **options) -> argparse.Action:
        """Add an argument, and remember its names for hints."""
        self.flags += names
        return super().add_argument(*names, **options)

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        self.exit(2, f"{self.prog}: {one_line(message, LONGEST)}\n")

    def refuse_unknown(self, words: list[str]) -> NoReturn:
        """Exit with 2, and name the option that is nearest to an unknown one."""
        hint = did_you_mean(words[0].partition("=")[0], self.flags)
        self.error(f"unrecognized arguments: {' '.join(words)}; {hint}see `{self.prog} --help`")


def _build_parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """Return the parser of the whole command line, and those of the commands by name."""
    parser = _Parser(
        prog="vaehelpers",
        description="Train and score VAEs, and run the four notebooks of the series.",
    )
    parser.add_argument("--version", action="version", version=f"vaehelpers {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> _Parser:
        command = subparsers.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("data", _data, "fetch FashionMNIST where it is not yet, and check it")
    _add_train_options(add("train", _train, "train a VAE; resumes a run that was interrupted"))
    _add_evaluate_options(add("evaluate", _evaluate, "score a checkpoint on the test set"))
    _add_run_options(add("run", _run, "execute the notebooks in batch, through papermill"))
    _add_batch_options(
        add("verify", _verify, "execute the notebooks and list what differs from what is stored")
    )
    _add_reversal_options(
        add("reversal", _reversal, "train notebook 01's three models that reverse words")
    )
    add(
        "classifier",
        _classifier,
        "train the classifier by which notebook 03 judges samples (a minute)",
    )
    evidence = add(
        "evidence", _evidence, "record the slow scores of notebooks 03 and 04 (of new weights)"
    )
    evidence.add_argument("--out", type=expanded, help="folder for the record")
    films = add(
        "films",
        _films,
        "train twice for twenty epochs, and record the training films of notebooks 03 and 04",
    )
    films.add_argument("--out", type=expanded, help="folder for the record")
    return parser, subparsers.choices


def _add_settings(parser: _Parser, names: Iterable[str]) -> None:
    """Add options for fields of TrainConfig, with its help, ranges and defaults."""
    settings, defaults = TrainConfig.settings(), TrainConfig.defaults()
    for name in names:
        usual = "the recipe's" if defaults[name] is None else defaults[name]
        parser.add_argument(
            _option(name),
            default=defaults[name],
            metavar=name.upper(),
            help=f"{settings[name].help}: {settings[name].allowed} (default: {usual})",
        )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _given_settings(args: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return the values of fields of TrainConfig that an option gave, checked and converted."""
    settings = TrainConfig.settings()
    values = {}
    for name in names:
        value = getattr(args, name)
        if value is not None:
            values[name] = check(name, value, settings)
    return values


def _add_data(parser: _Parser, default: str | None, usual: str) -> None:
    text = f"{DATA.help}: {DATA.allowed} (default: {usual})"
    parser.add_argument("--data", default=default, metavar="DATA", help=text)


def _data(args: argparse.Namespace) -> None:
    from .data import load_data
    from .data.sources import fetch_data

    folder = fetch_data()
    dataset = load_data(folder=folder)
    print(
        f"FashionMNIST is whole: {len(dataset.train):,} training, {len(dataset.val):,} validation, "
        f"{len(dataset.test):,} test images in {folder}"
    )


def _add_train_options(parser: _Parser) -> None:
    _add_data(parser, SOURCES[0], SOURCES[0])
    _add_settings(parser, VALUE_OPTIONS)
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
    given = _given_settings(args, VALUE_OPTIONS)
    config = TrainConfig(**given, noise=args.noise, compiled=args.compiled)
    source = check("data", args.data, {"data": DATA})

    from .core import choose_device
    from .core.files import try_folder
    from .data import load_data
    from .training import checkpoint, fit
    from .training.tensorboard import tensorboard_writer

    choose_device(config.device)  # fails at once if the device is missing
    folder = args.out or Path("runs") / _run_name(config, source)
    try_folder(folder)  # it would fail after an epoch
    dataset = load_data(source)
    watch = tensorboard_writer(args.tensorboard)
    previous = checkpoint.latest_checkpoint(folder)
    epochs = fit(dataset, config, folder=folder)
    first, model = next(epochs)
    if previous:
        print(f"resuming {folder} after epoch {checkpoint.epoch_of(previous)}")
    print(HEAD)
    for record in itertools.chain([first], (record for record, _ in epochs)):
        watch(record)
        print(_row(record), flush=True)
    _print_test_score(model, dataset, config.seed)
    print(f"weights and history: {checkpoint.latest_checkpoint(folder)}")


def _row(record: "EpochRecord") -> str:
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


def _add_evaluate_options(parser: _Parser) -> None:
    parser.add_argument(
        "checkpoint", type=expanded, help="a .json or .safetensors file, or a run's folder"
    )
    parser.add_argument(
        "--save", action="store_true", help="record the score in the checkpoint's JSON"
    )
    _add_settings(parser, ("seed", "device"))
    _add_data(parser, None, "the one that the checkpoint was trained on")


def _evaluate(args: argparse.Namespace) -> None:
    given = _given_settings(args, ("seed", "device"))

    from .core import choose_device
    from .core.files import try_folder
    from .data import load_data
    from .training import checkpoint

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
    from .vae import evaluate

    score = evaluate(model.eval(), dataset.test.images, seed)
    print(
        f"test ({dataset.name}, {len(dataset.test):,} images): {score['bpd']:.4f} bpd = "
        f"{score['recon']:.2f} reconstruction + {score['kl']:.2f} KL nats per image, "
        f"one-sample ELBO, standard error {score['bpd_se']:.4f} bpd"
    )
    return {**score, "data": dataset.name, "images": len(dataset.test), "seed": seed}


def _add_batch_options(parser: _Parser) -> None:
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="which ones, by name (default: all four)"
    )
    parser.add_argument(
        "--out",
        type=expanded,
        default=Path("build"),
        help="folder for the results (default: build)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        help=f"{TIMEOUT.help}: {TIMEOUT.allowed} (default: 10,800, three hours)",
    )


def _add_run_options(parser: _Parser) -> None:
    _add_batch_options(parser)
    parser.add_argument(
        "--preset", default="quick", help="quick (the default), full, or drawn for stand-in data"
    )
    parser.add_argument(
        "-p",
        dest="given",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter",
    )
    parser.add_argument(
        "--set",
        default="",
        metavar="'NAME=VALUE ...'",
        help="set several; a new one begins at each NAME=, so that values may hold blanks",
    )
    parser.add_argument(
        "--in-place",
        action="store_true",
        help="instead refresh the outputs stored in notebooks/",
    )


def _run(args: argparse.Namespace) -> None:
    run = _import_run()
    names = tuple(args.notebooks) or run.NOTEBOOKS
    timeout = _timeout(args, run.TIMEOUT)
    given = dict(_split_pair(text) for text in args.given + _split_settings(args.set))
    if args.in_place:
        if given or args.preset != "quick":
            raise SettingError(
                "--in-place uses the notebooks' own defaults; leave out -p, --set and --preset"
            )
        run.refresh_notebooks(names, out=args.out, timeout=timeout)
        return
    record = run.run_notebooks(args.preset, given, names, out=args.out, timeout=timeout)
    print(run.summary(record))
    print(f"\nnotebooks, figures/, results.json and run.json are in {args.out}/")


def _verify(args: argparse.Namespace) -> None:
    run = _import_run()
    names = tuple(args.notebooks) or run.NOTEBOOKS
    timeout = _timeout(args, run.TIMEOUT)
    count = 0
    for difference in run.verify_notebooks(names, out=args.out, timeout=timeout):
        print(difference, flush=True)
        count += 1
    if count:
        differences = "1 difference" if count == 1 else f"{count} differences"
        raise BatchError(
            f"{differences} from what is stored; {args.out}/verify/ holds what came out; "
            "if that is as it should be, store it: vaehelpers run --in-place"
        )
    print(f"{', '.join(names)}: as stored")


def _timeout(args: argparse.Namespace, usual: int) -> int:
    return usual if args.timeout is None else check("timeout", args.timeout, {"timeout": TIMEOUT})


def _import_run() -> ModuleType:
    try:  # papermill comes with an extra
        from .series import run
    except ImportError as error:
        raise SettingError(
            f"the package {error.name} is missing; install vaehelpers[notebooks]"
        ) from None
    return run


def _split_settings(text: str) -> list[str]:
    """Split a text before each NAME=, so that values may hold blanks."""
    return [setting for setting in re.split(r"\s+(?=\w+=)", text.strip()) if setting]


def _split_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"{text} is not allowed; write NAME=VALUE")
    return name, value


def _add_reversal_options(parser: _Parser) -> None:
    parser.add_argument(
        "--out", type=expanded, help="folder for the weights (default: the package's)"
    )
    parser.add_argument(
        "--train-steps",
        metavar="TRAIN_STEPS",
        help="training steps of each model (default: those of the published weights)",
    )
    _add_settings(parser, ("seed",))


def _reversal(args: argparse.Namespace) -> None:
    from .attention import reversal
    from .core.files import save_weights, try_folder
    from .published.registry import TRANSLATORS, translator_path

    settings: dict[str, Setting] = {
        **TrainConfig.settings(),
        "train_steps": Whole("training steps of each model", 1, 100_000),
    }
    steps = reversal.STEPS if args.train_steps is None else args.train_steps
    steps = check("train_steps", steps, settings)
    seed = check("seed", args.seed, settings)
    if args.out is None and (steps, seed) != (reversal.STEPS, USUAL_SEED):
        raise SettingError(
            f"notebook 01 shows weights of {reversal.STEPS:,} steps with seed {USUAL_SEED}; "
            "name a folder for others with --out"
        )
    folder = args.out or TRANSLATORS
    try_folder(folder)
    for kind in reversal.KINDS:
        model = reversal.train_translator(kind, steps, seed)
        path = save_weights(model, translator_path(kind, folder))
        print(f"{kind}: {path}", flush=True)


def _classifier(args: argparse.Namespace) -> None:
    from .core.files import save_weights, try_folder
    from .data import load_data
    from .published import classifier

    try_folder(classifier.CLASSIFIER.parent)
    dataset = load_data()
    model = classifier.train_classifier(dataset)
    share = classifier.accuracy(model, dataset.val.images, dataset.val.labels)
    path = save_weights(model, classifier.CLASSIFIER)
    print(f"{path}: {share:.3f} of the validation images are classified correctly")


def _evidence(args: argparse.Namespace) -> None:
    from .core.files import try_folder
    from .data import load_data
    from .published import evidence
    from .published.records import RECORDED, load_record, save_record

    folder = args.out or RECORDED
    try_folder(folder)
    results = {}
    if (folder / f"{evidence.NAME}.json").is_file():
        results = load_record(evidence.NAME, folder)["results"]
    for name, part in evidence.compute(load_data(), results):
        results[name] = part
        save_record(evidence.NAME, results, folder)
        print(f"{name}: done", flush=True)


def _films(args: argparse.Namespace) -> None:
    from .core.files import try_folder
    from .data import load_data
    from .published import films
    from .published.records import RECORDED, save_record

    folder = args.out or RECORDED
    try_folder(folder)
    dataset = load_data()
    results = {}
    for z_dim in films.HEIGHTS:
        name = films.part_name(z_dim)
        print(f"{name}, trained in {Path('runs') / name}\n{HEAD}")
        results[name], png = films.record_film(
            dataset, z_dim, Path("runs") / name, lambda record: print(_row(record), flush=True)
        )
        films.save_frames(z_dim, png, folder)
    save_record(films.NAME, results, folder)
    print(f"{films.NAME}: recorded in {folder}")
