"""One setting that a person can give: its type, its range, and what it is in words.

The settings of training are the fields of `training.TrainConfig`, those of the notebooks stand in
`series.parameters`. Nothing here imports torch: the command line's help is made of it.
"""

import difflib
import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError, SettingError, one_line

DEVICES = ("auto", "cuda", "mps", "cpu")


@dataclass(frozen=True)
class Setting(ABC):
    """A setting; `help` says in a few words what it is."""

    help: str

    @property
    @abstractmethod
    def allowed(self) -> str:
        """Say in words what values are allowed."""

    @abstractmethod
    def parse(self, value: object) -> object:
        """Convert a value to the setting's type; raise ValueError where it does not fit."""


@dataclass(frozen=True)
class Whole(Setting):
    """A whole number from `low` to `high`."""

    low: int
    high: int

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        return f"a whole number from {self.low:,} to {self.high:,}"

    def parse(self, value: object) -> int:
        """Convert a string or number to a whole number; raise ValueError where it does not fit."""
        number = _finite(value)
        if number != int(number) or not self.low <= number <= self.high:
            raise ValueError
        return int(number)


@dataclass(frozen=True)
class Real(Setting):
    """A finite number from `low` to `high`."""

    low: float
    high: float

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        return f"a finite number from {self.low:g} to {self.high:g}"

    def parse(self, value: object) -> float:
        """Convert a string or number to a float; raise ValueError where it does not fit."""
        number = _finite(value)
        if not self.low <= number <= self.high:
            raise ValueError
        return number


@dataclass(frozen=True)
class Choice(Setting):
    """One of several words."""

    choices: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        return "one of " + ", ".join(self.choices)

    def parse(self, value: object) -> str:
        """Return one of the choices; raise ValueError for anything else."""
        if not isinstance(value, str) or value not in self.choices:
            raise ValueError
        return value


@dataclass(frozen=True)
class Flag(Setting):
    """True or False. Strings are refused, because bool("False") is True."""

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        return "True or False"

    def parse(self, value: object) -> bool:
        """Return a truth value; raise ValueError for anything else."""
        if not isinstance(value, bool):
            raise ValueError
        return value


@dataclass(frozen=True)
class ReadableFile(Setting):
    """The path of a file, or an empty string for none.

    `reader` takes a path and raises DataError for a file that is not as it should be.
    """

    reader: Callable[[Path], object]

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        return "the path of a file, or empty"

    def parse(self, value: object) -> str:
        """Return the absolute path of a file that `reader` accepts, or an empty string as it is."""
        if not isinstance(value, str):
            raise ValueError
        if not value:
            return value
        try:
            path = Path(value).expanduser().absolute()
            str(path).encode()  # a notebook is JSON and could not hold other names
        except (RuntimeError, UnicodeEncodeError):
            raise DataError(
                f"{one_line(value)} is not a path that can be used; write it out, in UTF-8"
            ) from None
        self.reader(path)
        return str(path)


def _finite(value: object) -> float:
    """Return a finite number, given as one or as its digits; raise ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | numbers.Real) or "_" in str(value):
        raise ValueError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def check(name: str, value: object, settings: Mapping[str, Setting]) -> Any:
    """Return `value` converted to the type of setting `name`, one of `settings`.

    Raises SettingError for a name that is not among them and for a value that is not allowed.
    """
    if name not in settings:
        raise SettingError(
            f"unknown setting {one_line(f'{name}={value}')}; {did_you_mean(name, settings)}"
            f"allowed: {', '.join(settings)}"
        )
    setting = settings[name]
    try:
        return setting.parse(value)
    except (ValueError, OverflowError):
        raise SettingError(
            f"{name}={one_line(value)} is not allowed; {name} ({setting.help}) "
            f"must be {setting.allowed}"
        ) from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question that names the word in `known` nearest to a mistyped one, or nothing."""
    near = difflib.get_close_matches(word, list(known), 1)
    return f"did you mean {near[0]!r}? " if near else ""


def check_typed(name: str, value: object, settings: Mapping[str, Setting]) -> Any:
    """Do as `check` does, but refuse a number that is given as a string.

    For values that come from code, such as a notebook's cells, where a string is a mistake.
    """
    parsed = check(name, value, settings)
    if isinstance(value, str) and not isinstance(parsed, str):
        raise SettingError(
            f"{name}={value!r} is of type {type(value).__name__}; "
            f"{name} must be {settings[name].allowed}"
        )
    return parsed
