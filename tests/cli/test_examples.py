"""The examples below the help of each command are commands that are understood."""

import re
import shlex
from pathlib import Path

import pytest

from vaehelpers.cli import entry, main
from vaehelpers.cli.batch import given_parameters
from vaehelpers.cli.parsing import VALUE_OPTIONS, given_settings
from vaehelpers.series import run
from vaehelpers.training import TrainConfig

ROOT = Path(__file__).parents[2]
PARSER, COMMANDS = entry.build_parsers()
EXAMPLES = [
    (name, line) for name, parser in {"": PARSER, **COMMANDS}.items() for line in parser.examples
]


def words_of(line: str) -> list[str]:
    """Return what an example gives to our command, without its comment."""
    words = shlex.split(line, comments=True)
    start = words.index("vaehelpers")
    assert all("=" in word for word in words[:start]), "variables may stand before a command"
    words = words[start + 1 :]
    return words[: words.index(">")] if ">" in words else words


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_ends_with_examples_of_it(name, capsys):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    printed = capsys.readouterr().out
    given = printed.partition("\nexamples:\n")[2].splitlines()
    assert given == [f"  {line}" for line in COMMANDS[name].examples]
    assert given
    assert all(words_of(line)[0] == name for line in given)
    assert max(map(len, given)) <= 100


@pytest.mark.parametrize(("name", "line"), EXAMPLES, ids=lambda text: re.sub(r"\W+", "-", text))
def test_an_example_is_understood(name, line):
    args = entry.parse(words_of(line))
    assert name in ("", args.command)
    if args.command == "train":
        TrainConfig(**given_settings(args, VALUE_OPTIONS), noise=args.noise)
    if args.command == "run":
        given = given_parameters(args)
        given.pop("mail_csv", None)  # a file that is not here
        names = tuple(args.notebooks) or run.NOTEBOOKS
        assert run.plan(args.preset, given, names, ROOT / "notebooks").keys() == set(names)


def test_what_follows_two_dashes_is_handed_on_by_lab_alone(capsys):
    args = entry.parse(["lab", "my course", "--", "--no-browser", "--port=9999"])
    assert (args.folder, args.rest) == (Path("my course"), ["--no-browser", "--port=9999"])
    assert entry.parse(["lab", "--", "--no-browser"]).folder is None
    assert entry.parse(["evaluate", "--", "-odd"]).checkpoint == Path("-odd")
    with pytest.raises(SystemExit):
        entry.parse(["doctor", "--", "--no-browser"])
    assert "unrecognized arguments: " in capsys.readouterr().err
