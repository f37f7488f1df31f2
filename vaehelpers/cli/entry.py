"""One command, from its words to its exit code."""

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from .. import __version__
from ..core.settings import did_you_mean
from ..errors import UserError, in_words, is_full, one_line
from . import batch, doctor, reading, recording, training
from .parsing import LONGEST, Parser, Run


def main(argv: list[str] | None = None) -> int:
    """Run one command; return 0, 1 for a failed job, 2 for bad input, 128 + n after signal n."""
    args = parse(sys.argv[1:] if argv is None else argv)
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


def parse(argv: list[str]) -> argparse.Namespace:
    """Return a command's arguments; exit with help, or with one line that says what is wrong."""
    parser, commands = build_parsers()
    if not argv:
        parser.print_help()
        parser.exit()
    first = argv[0]
    if first not in commands and first not in parser.flags:
        if first.startswith("-"):
            parser.refuse_unknown(argv[:1])
        hint = did_you_mean(first, commands)
        parser.error(f"unknown command {first!r}; {hint}allowed: {', '.join(commands)}")
    rest = []
    if "--" in argv and first in commands and commands[first].hands_on:
        end = argv.index("--")
        argv, rest = argv[:end], argv[end + 1 :]
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        commands[args.command].refuse_unknown(unknown)
    args.rest = rest
    return args


def _complain(command: str, message: str, can_resume: bool) -> None:
    """Print why a command ended; with `can_resume`, that training goes on from where it stopped."""
    if can_resume and command == "train":
        message += "; finished epochs are kept, the same command resumes"
    print(one_line(f"vaehelpers {command}: {message}", LONGEST), file=sys.stderr)


def build_parsers() -> tuple[Parser, dict[str, Parser]]:
    """Return the parser of the whole command line, and those of the commands by name."""
    parser = Parser(
        prog="vaehelpers",
        description="Read and run the four notebooks of the series; train and score VAEs.",
        examples=(
            "vaehelpers lab      # read the notebooks in JupyterLab, with sliders",
            "vaehelpers run      # execute them, in two to three minutes",
            "vaehelpers doctor   # what is here, what is missing, and how to mend it",
        ),
    )
    parser.add_argument("--version", action="version", version=f"vaehelpers {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str, *examples: str) -> Parser:
        command = subparsers.add_parser(name, help=text, description=text, examples=examples)
        command.set_defaults(run=run)
        return command

    for module in (reading, batch, doctor, training, recording):
        module.add_commands(add)
    return parser, subparsers.choices
