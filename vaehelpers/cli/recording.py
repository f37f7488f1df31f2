"""The commands that renew what the package ships: weights of notebook 01, records, films."""

import argparse
from pathlib import Path

from ..core.paths import expanded
from ..core.settings import Setting, Whole, check
from ..errors import SettingError
from ..training.config import TrainConfig
from .parsing import Add, Parser, add_settings
from .training import HEAD, USUAL_SEED, row_of


def add_commands(add: Add) -> None:
    """Add the commands, with their options and examples."""
    reversal = add(
        "reversal",
        _reversal,
        "train notebook 01's three models that reverse words",
        "vaehelpers reversal                             # the package's own, in eight minutes",
        "vaehelpers reversal --train-steps 500 --out short",
    )
    _add_reversal_options(reversal)
    add(
        "classifier",
        _classifier,
        "train the classifier by which notebook 03 judges samples (a minute)",
        "vaehelpers classifier                           # replaces the package's",
    )
    evidence = add(
        "evidence",
        _evidence,
        "record the slow scores of notebooks 03 and 04 (of new weights)",
        "vaehelpers evidence                             # what is recorded already is kept",
        "vaehelpers evidence --out my-record",
    )
    evidence.add_argument("--out", type=expanded, help="folder for the record")
    films = add(
        "films",
        _films,
        "train twice for twenty epochs, and record the training films of notebooks 03 and 04",
        "vaehelpers films                                # forty minutes on two cores",
        "vaehelpers films --out my-films",
    )
    films.add_argument("--out", type=expanded, help="folder for the record")


def _add_reversal_options(parser: Parser) -> None:
    parser.add_argument(
        "--out", type=expanded, help="folder for the weights (default: the package's)"
    )
    parser.add_argument(
        "--train-steps",
        metavar="TRAIN_STEPS",
        help="training steps of each model (default: those of the published weights)",
    )
    add_settings(parser, ("seed",))


def _reversal(args: argparse.Namespace) -> None:
    from ..attention import reversal
    from ..core.files import try_folder
    from ..core.weights import save_weights
    from ..published.registry import TRANSLATORS, translator_path

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
    from ..core.files import try_folder
    from ..core.weights import save_weights
    from ..data import load_data
    from ..published import classifier

    try_folder(classifier.CLASSIFIER.parent)
    dataset = load_data()
    model = classifier.train_classifier(dataset)
    share = classifier.accuracy(model, dataset.val.images, dataset.val.labels)
    path = save_weights(model, classifier.CLASSIFIER)
    print(f"{path}: {share:.3f} of the validation images are classified correctly")


def _evidence(args: argparse.Namespace) -> None:
    from ..core.files import try_folder
    from ..data import load_data
    from ..published import evidence
    from ..published.records import RECORDED, load_record, save_record

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
    from ..core.files import try_folder
    from ..data import load_data
    from ..published import films
    from ..published.records import RECORDED, save_record

    folder = args.out or RECORDED
    try_folder(folder)
    dataset = load_data()
    results = {}
    for z_dim in films.HEIGHTS:
        name = films.part_name(z_dim)
        print(f"{name}, trained in {Path('runs') / name}\n{HEAD}")
        results[name], png = films.record_film(
            dataset, z_dim, Path("runs") / name, lambda record: print(row_of(record), flush=True)
        )
        films.save_frames(z_dim, png, folder)
    save_record(films.NAME, results, folder)
    print(f"{films.NAME}: recorded in {folder}")
