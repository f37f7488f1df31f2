"""What a person can give to a notebook: names, types and ranges of the `parameters` cells."""

from collections.abc import Mapping
from typing import Any, NoReturn

from ..attention import mail_file
from ..core.settings import (
    Choice,
    Flag,
    ReadableFile,
    Real,
    Setting,
    Whole,
    check_typed,
    did_you_mean,
)
from ..data.constants import DATA
from ..errors import SettingError, one_line
from ..training.config import TrainConfig

JSON = (bool, int, float, str, list, dict, type(None))  # the types that papermill can put in

NOTEBOOK_PARAMETERS: dict[str, Setting] = {
    "data": DATA,
    "exact_images": Whole("test images whose log p(x) is integrated", 6, 500),
    "false_positive_cost": Real("missed spams that one lost mail is as bad as", 0.01, 10_000),
    "grid_size": Whole("pictures along each side of the manifold", 2, 60),
    "mail_csv": ReadableFile("a CSV file of mails with labels", mail_file.read_csv),
    "spam_epochs": Whole("epochs to train the spam classifier", 1, 1_000),
    "test_images": Whole("test images to score", 1, 10_000),
    "timings": Choice("whose wall times to show", ("recorded", "live", "record")),
    "train_images": Whole("training images of the live run", 128, 54_000),
    "train_steps": Whole(
        "training steps of the three translators, 0 for the shipped weights", 0, 100_000
    ),
}
# Settings of training except flags: a notebook may have a variable called `noise`.
TRAINING_PARAMETERS = {
    name: setting
    for name, setting in TrainConfig.settings().items()
    if not isinstance(setting, Flag)
}
# By name in the order of the alphabet, as messages list them.
PARAMETERS: dict[str, Setting] = dict(
    sorted({**TRAINING_PARAMETERS, **NOTEBOOK_PARAMETERS}.items())
)


def check_parameters(values: Mapping[str, Any]) -> None:
    """Check the parameters in `values`, such as a notebook's `globals()`.

    A notebook declares its parameters with a type, `seed: int = 42`; its other variables may have
    the name of a parameter and are left alone. Where nothing is declared, all are checked. Raises
    SettingError, also for a parameter that was given and is not declared. Nothing is converted, so
    a number that arrives as a string is refused.
    """
    annotated = values.get("__annotations__", {})
    declared = [name for name in PARAMETERS if name in values and name in (annotated or values)]
    for name in _given(values, annotated):
        if name not in declared:
            _refuse_undeclared(name, values[name], declared)
    for name in declared:
        check_typed(name, values[name], PARAMETERS)


def _given(values: Mapping[str, Any], annotated: Mapping[str, Any]) -> list[str]:
    """Return the variables that a notebook's `parameters` cell set, or a cell put in below it.

    papermill puts one there. Variables keep the order in which they were first set: these stand
    between the first with a type and the import of `check_parameters`, in the cell that calls it.
    What was set before or afterwards is the reader's own or the notebook's.
    """
    names = list(values)
    starts = [names.index(name) for name in annotated if name in values]
    if not starts or check_parameters.__name__ not in values:
        return []
    between = names[min(starts) : names.index(check_parameters.__name__)]
    return [name for name in between if isinstance(values[name], JSON) and not name.startswith("_")]


def _refuse_undeclared(name: str, value: object, declared: list[str]) -> NoReturn:
    raise SettingError(
        f"unknown parameter {one_line(f'{name}={value}')}; {did_you_mean(name, declared)}"
        f"this notebook takes {', '.join(declared)}; leave it out and restart the kernel"
    )
