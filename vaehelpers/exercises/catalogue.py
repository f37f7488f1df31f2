"""All exercises of the series by name, and `check`, which a notebook calls."""

from ..core.settings import did_you_mean
from ..errors import InputError, one_line
from . import building, plane, theory, transformers
from .checking import Answer, Exercise, verdict

EXERCISES: dict[str, Exercise] = {
    **transformers.EXERCISES,
    **theory.EXERCISES,
    **building.EXERCISES,
    **plane.EXERCISES,
}


def check(name: str, answer: Answer) -> None:
    """Try a function that the reader wrote, and print what came out, a line a step.

    `name` is that of an exercise, for example "Q2.7". A mistake is a sentence, never an error, so
    that a notebook runs to its end with empty functions. Raises InputError for an unknown name and
    for what is no function.
    """
    if name not in EXERCISES:
        raise InputError(
            f"there is no exercise {one_line(name)}; {did_you_mean(str(name), EXERCISES)}"
            f"allowed: {', '.join(EXERCISES)}"
        )
    exercise = EXERCISES[name]
    if not callable(answer):
        raise InputError(
            f"exercise {name} takes the function itself, without brackets: "
            f'check("{name}", {exercise.call.partition("(")[0]})'
        )
    for line in verdict(exercise, answer):
        print(line)
