"""Errors meant for a person: each message is one line that says what was wrong, what is allowed, what to do."""


def shown(value: object, longest: int = 60) -> str:
    """Return what a person gave on one line, shortened, for use in a message."""
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in str(value))
    return text if len(text) <= longest else text[: longest - 3] + "..."


class UserError(Exception):
    """Base of the errors that the command line prints without a traceback."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """Tell IPython to print the message alone: where in the package it arose helps nobody."""
        return [f"{type(self).__name__}: {self}"]


class SettingError(UserError, ValueError):
    """A setting is unknown, ill-typed or out of range."""


class DataError(UserError, RuntimeError):
    """The data set is missing, damaged or unknown."""


class CheckpointError(UserError, RuntimeError):
    """A checkpoint is missing, damaged or made with other settings."""


class TrainingError(UserError, RuntimeError):
    """Training cannot go on; what was written before is whole."""

    exit_code = 1


class BatchError(UserError, RuntimeError):
    """A notebook failed while it was executed."""

    exit_code = 1
