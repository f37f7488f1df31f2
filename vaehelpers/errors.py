"""Errors meant for a person.

Each message is one line that says what was wrong, what is allowed, and what to do.
"""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


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


def is_full(error: Exception) -> bool:
    """Say whether an error means that the disk, or a person's share of it, is full."""
    return isinstance(error, OSError) and error.errno in FULL


def in_words(error: OSError) -> str:
    """Return why a file cannot be used, in the system's words, and what to do about it."""
    why = error.strerror or type(error).__name__
    if is_full(error):
        return f"{why}; free some space, or give a folder on another disk"
    if error.errno in CLOSED:
        return f"{why}; give another folder, one that you may write to"
    return why


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


class OutputError(UserError, OSError):
    """A file or folder cannot be written; what was there before is as it was.

    It is raised with what an OSError is raised with: number, words, path.
    """

    def __str__(self) -> str:
        """Name the file, say why it cannot be written, and what to do."""
        return f"{self.filename} cannot be written: {in_words(self)}"


class TrainingError(UserError, RuntimeError):
    """Training cannot go on; files written before are complete."""

    exit_code = 1


class SetupError(UserError, RuntimeError):
    """Something that the notebooks need is not there, or is not as it should be."""

    exit_code = 1


class BatchError(UserError, RuntimeError):
    """A notebook failed while it was executed, or shows something else than what is stored."""

    exit_code = 1
