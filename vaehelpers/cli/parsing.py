"""Options whose errors are one line with a hint, and help that ends with examples."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol

from ..core.settings import check, did_you_mean
from ..data.constants import DATA
from ..errors import one_line
from ..training.config import TrainConfig

EXTRA = "pip install 'vaehelpers[notebooks]' brings it"  # packages of the extra
LONGEST = 1_000  # characters of a message
Run = Callable[[argparse.Namespace], None]
# Fields of TrainConfig that are options with a value; the flags have names of their own.
VALUE_OPTIONS = tuple(
    name for name, default in TrainConfig.defaults().items() if not isinstance(default, bool)
)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line with a hint.

    Abbreviated options are refused. Help ends with `examples`, a line each. What a command with
    `hands_on` is given after `--` is for another program.
    """

    def __init__(self, examples: Sequence[str] = (), **options):
        self.flags: list[str] = []
        self.examples = examples
        self.hands_on = False
        lines = ["examples:", *(f"  {line}" for line in examples)] if examples else []
        super().__init__(
            allow_abbrev=False,
            epilog="\n".join(lines),
            formatter_class=argparse.RawDescriptionHelpFormatter,  # examples keep their lines
            **options,
        )

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
        if not hint and self.hands_on and words[0].startswith("-"):
            hint = "what is for another program goes after --, "
        self.error(f"unrecognized arguments: {' '.join(words)}; {hint}see `{self.prog} --help`")


class Add(Protocol):
    """What adds a command: its name, what it runs, what it does in a line, and examples of it."""

    def __call__(self, name: str, run: Run, text: str, *examples: str) -> Parser:
        """Return the command's parser, which has no options yet."""
        ...


def add_settings(parser: Parser, names: Iterable[str]) -> None:
    """Add options for fields of TrainConfig, with its help, ranges and defaults."""
    settings, defaults = TrainConfig.settings(), TrainConfig.defaults()
    for name in names:
        usual = "the recipe's" if defaults[name] is None else defaults[name]
        parser.add_argument(
            "--" + name.replace("_", "-"),
            default=defaults[name],
            metavar=name.upper(),
            help=f"{settings[name].help}: {settings[name].allowed} (default: {usual})",
        )


def given_settings(args: argparse.Namespace, names: Iterable[str]) -> dict[str, Any]:
    """Return the values of fields of TrainConfig that an option gave, checked and converted."""
    settings = TrainConfig.settings()
    values = {}
    for name in names:
        value = getattr(args, name)
        if value is not None:
            values[name] = check(name, value, settings)
    return values


def add_data(parser: Parser, default: str | None, usual: str) -> None:
    """Add the option `--data`; `usual` says in words what holds without it."""
    text = f"{DATA.help}: {DATA.allowed} (default: {usual})"
    parser.add_argument("--data", default=default, metavar="DATA", help=text)
