"""The commands about all notebooks: run, verify."""

import argparse
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from ..core.paths import expanded
from ..core.settings import Whole, check
from ..errors import BatchError, SettingError
from ..series.notebooks import NOTEBOOKS, check_name, find, name_of, packaged
from ..series.presets import TIMEOUT, check_preset
from .parsing import EXTRA, Add, Parser
from .results import everything, headlines
from .terminal import styled, typed

COMMA = re.compile(r"^(?!mail_csv=)[^,]*,\s*\w+=")  # epochs=3,seed=7
SECONDS = Whole("seconds that one cell of a notebook may take", 1, 10_000_000)


def add_commands(add: Add) -> None:
    """Add the commands, with their options and examples."""
    run = add(
        "run",
        _run,
        "execute the notebooks in batch, through papermill",
        "vaehelpers run                                  # all four, into build/",
        "vaehelpers run --preset full                    # with the notebooks' own values",
        "vaehelpers run --preset drawn                   # needs no data set",
        "vaehelpers run 03_vae_train -p epochs=3 --out build/three",
        'vaehelpers run --set "seed=7 mail_csv=/home/me/my mails.csv"',
        "vaehelpers run --in-place                       # refresh the stored outputs",
    )
    _add_run_options(run)
    verify = add(
        "verify",
        _verify,
        "execute the notebooks and list what differs from what is stored",
        "vaehelpers verify                               # all four",
        "vaehelpers verify 04_manifold",
    )
    _add_batch_options(verify)


def _add_batch_options(parser: Parser) -> None:
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
        help=f"{SECONDS.help}: {SECONDS.allowed} (default: {TIMEOUT:,}, three hours)",
    )


def _add_run_options(parser: Parser) -> None:
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
        "--all", action="store_true", help="print all results at the end, not a dozen of them"
    )
    parser.add_argument(
        "--in-place",
        action="store_true",
        help="instead refresh the outputs stored in notebooks/",
    )


def _run(args: argparse.Namespace) -> None:
    names, timeout, given = _names(args), _timeout(args), given_parameters(args)
    check_preset(args.preset)
    run = _import_run()
    if args.in_place:
        if given or args.preset != "quick":
            raise SettingError(
                "--in-place uses the notebooks' own defaults; leave out -p, --set and --preset"
            )
        run.refresh_notebooks(names, out=args.out, timeout=timeout)
        return
    record = run.run_notebooks(args.preset, given, names, out=args.out, timeout=timeout)
    print(everything(record) if args.all else headlines(record))
    print(_where_next(record, args.out, args.all))


def _where_next(record: dict[str, Any], out: Path, is_all: bool) -> str:
    """Say where everything lies that a run has left, whose it is, and what to do next."""
    count = sum(len(results) for results in record["results"].values())
    more = "" if is_all else " (--all prints them)"
    lines = [
        f"\nresults in all: {count}, in {out / 'results.json'}{more}",
        f"executed notebooks: {out}/; their figures: {out / 'figures'}/; "
        f"{record['wall_seconds']:,.0f} s in all",
    ]
    if _are_packaged(tuple(record["seconds"])):
        lines.append("no notebooks are here: these are those that came with vaehelpers")
    next_step = f"{typed('lab')} opens the notebooks in JupyterLab, with sliders"
    return "\n".join([*lines, f"{styled('next:', 'bold')} {next_step}"])


def _are_packaged(names: tuple[str, ...]) -> bool:
    """Say whether notebooks that are meant here are those that came with the package."""
    return find(names) == packaged()


def _verify(args: argparse.Namespace) -> None:
    names, timeout = _names(args), _timeout(args)
    run = _import_run()
    count = 0
    for difference in run.verify_notebooks(names, out=args.out, timeout=timeout):
        print(difference, flush=True)
        count += 1
    if count:
        differences = "1 difference" if count == 1 else f"{count} differences"
        advice = "if that is as it should be, store it: vaehelpers run --in-place"
        if _are_packaged(names):
            advice = "what is stored came with vaehelpers, and stays"
        raise BatchError(
            f"{differences} from what is stored; {args.out}/verify/ holds what came out; {advice}"
        )
    print(f"{', '.join(names)}: as stored")


def _names(args: argparse.Namespace) -> tuple[str, ...]:
    """Return the names of the notebooks that are asked for, all four if none is."""
    names = tuple(map(name_of, args.notebooks)) or NOTEBOOKS
    for name in names:
        check_name(name)
    return names


def _timeout(args: argparse.Namespace) -> int:
    seconds = TIMEOUT if args.timeout is None else args.timeout
    return check("timeout", seconds, {"timeout": SECONDS})


def _import_run() -> ModuleType:
    try:  # papermill comes with an extra
        from ..series import run
    except ImportError as error:
        raise SettingError(f"the package {error.name} is missing; {EXTRA}") from None
    return run


def given_parameters(args: argparse.Namespace) -> dict[str, str]:
    """Return the notebooks' parameters that `-p` and `--set` give, as they were written."""
    settings = args.given + _split_settings(args.set)
    for text in settings:
        if COMMA.search(text):
            raise SettingError(f"{text} is not allowed; separate settings by blanks, not by commas")
    return dict(_split_pair(text) for text in settings)


def _split_settings(text: str) -> list[str]:
    """Split a text before each NAME=, so that values may hold blanks."""
    return [setting for setting in re.split(r"\s+(?=\w+=)", text.strip()) if setting]


def _split_pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"{text!r} has no value; write NAME=VALUE")
    return name, value
