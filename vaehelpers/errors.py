"""Errors meant for a person.

Each message is one line that says what was wrong, what is allowed, and what to do.
"""


def one_line(value: object, longest: int = 60) -> str:
    """Return what a person gave on one line, shortened, for use in a message."""
    try:
        written = str(value)
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        written = "a number of thousands of digits"
    text = "".join(_printable(char) for char in written)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _printable(char: str) -> str:
    """Return a character as it is, or the escape that stands for it in Python."""
    return char if char.isprintable() else repr(char)[1:-1]


class UserError(Exception):
    """Base of the errors that the command line prints without a traceback."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to print the message alone: a traceback would not help."""
        return [f"{type(self).__name__}: {self}"]


class SettingError(UserError, ValueError):
    """A setting is unknown, ill-typed or out of range."""


class InputError(UserError, ValueError):
    """A tensor is not of the kind that a function takes."""


class DataError(UserError, RuntimeError):
    """The data set is missing, damaged or unknown."""


class CheckpointError(UserError, RuntimeError):
    """A checkpoint is missing, damaged or made with other settings."""


class TrainingError(UserError, RuntimeError):
    """Training cannot go on; files written before are complete."""

    exit_code = 1


class BatchError(UserError, RuntimeError):
    """A notebook failed while it was executed."""

    exit_code = 1
