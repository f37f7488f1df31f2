"""The settings a person can give, to the command line or to a notebook: one table of names, types and ranges."""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import mail
from .data import SOURCES
from .device import DEVICES
from .errors import DataError, SettingError, shown
from .recipe import RECIPES
from .step import PRECISIONS


@dataclass(frozen=True)
class Setting:
    """One setting: its type, its range, its choices or what reads the file that it names, and what it is in words."""

    kind: type
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    reader: Callable[[Path], object] | None = (
        None  # raises DataError for a file that is not as it should be
    )

    @property
    def allowed(self) -> str:
        """Say in words what values are allowed."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.reader:
            return "the path of a file, or empty"
        if self.kind is int:
            return f"a whole number from {self.low:,} to {self.high:,}"
        return f"a finite number from {self.low:g} to {self.high:g}"

    def parse(self, value: object) -> object:
        """Convert a string or number to the setting's type; raise ValueError where it does not fit."""
        if self.reader:
            if not isinstance(value, str):
                raise ValueError
            return self._file(value)
        if isinstance(value, bool) or value is None or "_" in str(value):
            raise ValueError
        if self.choices:
            if value not in self.choices:
                raise ValueError
            return value
        number = float(value)
        if (
            not math.isfinite(number)
            or not self.low <= number <= self.high
            or number != self.kind(number)
        ):
            raise ValueError
        return self.kind(number)

    def _file(self, value: str) -> str:
        """Return the absolute path of a file that `reader` accepts; leave an empty string as it is."""
        if not value:
            return value
        try:
            path = Path(value).expanduser().absolute()
            str(path).encode()  # a notebook is JSON and could not hold other names
        except (RuntimeError, UnicodeEncodeError):
            raise DataError(
                f"{shown(value)} is not a path that can be used; write it out, in UTF-8"
            ) from None
        self.reader(path)
        return str(path)


SETTINGS = {
    "batch_size": Setting(int, "images per training step", 1, 10_000),
    "beta": Setting(float, "weight of the KL in the loss", 0, 10_000),
    "data": Setting(str, "the data set", choices=SOURCES),
    "device": Setting(str, "where to compute", choices=DEVICES),
    "epochs": Setting(int, "epochs to train", 1, 9_999),
    "exact_images": Setting(int, "test images whose log p(x) is integrated", 6, 500),
    "false_positive_cost": Setting(
        float, "missed spams that one lost mail is as bad as", 0.01, 10_000
    ),
    "grid_size": Setting(int, "pictures along each side of the manifold", 2, 60),
    "lr": Setting(float, "Adam's learning rate, or its peak", 1e-8, 1.0),
    "mail_csv": Setting(str, "a CSV file with the columns label and text", reader=mail.read_csv),
    "num_filters": Setting(int, "filters of the first convolution", 1, 1024),
    "precision": Setting(str, "the networks' numbers in training", choices=PRECISIONS),
    "recipe": Setting(str, "how to train", choices=tuple(RECIPES)),
    "seed": Setting(int, "seed of every random draw", 0, 2**31 - 1),
    "spam_epochs": Setting(int, "epochs to train the spam classifier", 1, 1_000),
    "test_images": Setting(int, "test images to score", 1, 10_000),
    "timings": Setting(str, "whose wall times to show", choices=("recorded", "live", "record")),
    "train_images": Setting(int, "training images of the live run", 128, 54_000),
    "train_steps": Setting(
        int, "training steps of the three translators, 0 for the shipped weights", 0, 100_000
    ),
    "z_dim": Setting(int, "latent dimensions", 1, 1024),
}


def check(name: str, value: object, among: tuple[str, ...] = tuple(SETTINGS)) -> object:
    """Return `value` converted to the type of setting `name`, which must be one of `among`; or raise SettingError."""
    if name not in among:
        near = difflib.get_close_matches(name, among, 1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise SettingError(
            f"unknown setting {shown(f'{name}={value}')}; {hint}allowed: {', '.join(among)}"
        )
    try:
        return SETTINGS[name].parse(value)
    except (TypeError, ValueError, OverflowError):
        raise SettingError(
            f"{name}={shown(value)} is not allowed; {name} ({SETTINGS[name].help}) "
            f"must be {SETTINGS[name].allowed}"
        ) from None


def check_all(values: dict) -> None:
    """Check every known setting that occurs in `values`, such as a notebook's `globals()`; or raise SettingError.

    Unlike `check`, it converts nothing, so a number that arrives as a string is refused.
    """
    for name in SETTINGS.keys() & values.keys():
        parsed = check(name, values[name])
        if parsed != values[name] and not SETTINGS[name].reader:  # a path may be relative
            raise SettingError(
                f"{name}={values[name]!r} is of type {type(values[name]).__name__}; "
                f"{name} must be {SETTINGS[name].allowed}"
            )
