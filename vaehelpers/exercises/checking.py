"""How a reader's function is tried: step by step, and each outcome is a sentence.

A step calls the function, compares what comes back with what is expected, and returns what is
right, for example "z has the mean 1.00", or raises Mistake with what is wrong. Later steps are not
tried after a mistake: they would most often repeat it in other words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import one_line

Answer = Callable[..., Any]
Step = Callable[[Answer], str]
LONGEST = 300  # characters of what an error in the reader's function says
MOST_NUMBERS = 6  # of a tensor that are written out


class Mistake(Exception):
    """What a reader's function does wrong, as a sentence for the reader."""


class _Nothing(Exception):
    """A reader's function returned None."""


@dataclass(frozen=True)
class Exercise:
    """A function to write: how it is called, and by which steps it is tried.

    `call` is for example "sample(mean, std)"; `steps` has what each step is about as its key.
    """

    call: str
    steps: Mapping[str, Step]


def verdict(exercise: Exercise, answer: Answer) -> list[str]:
    """Try a function by each step of an exercise; return what came out, a line a step.

    Nothing is raised, whatever the function does.
    """
    lines = []
    for number, (topic, step) in enumerate(exercise.steps.items()):
        try:
            lines.append(f"right: {step(answer)}")
            continue
        except _Nothing:
            if number == 0:
                return [f"Nothing to check yet: {exercise.call} returns nothing. {HOW_TO_BEGIN}"]
            lines.append(f"not yet: {topic}: {exercise.call} returns nothing here")
        except Mistake as mistake:
            lines.append(f"not yet: {mistake}")
        except Exception as error:
            lines.append(f"not yet: {topic}: {exercise.call} stopped with {_in_a_line(error)}")
        later = list(exercise.steps)[number + 1 :]
        return [*lines, *[f"not tried: {each}" for each in later]]
    return lines


HOW_TO_BEGIN = "Write its body, end it with `return`, and run this cell again."


def call(answer: Answer, *arguments: object) -> Any:
    """Return what a reader's function returns for `arguments`, which must be something."""
    result = answer(*arguments)
    if result is None:
        raise _Nothing
    return result


def tensor_of(result: object, shape: tuple[int, ...], name: str) -> Tensor:
    """Return a result if it is a tensor of the expected shape; raise Mistake if it is not.

    A plain number passes where a tensor without axes is expected.
    """
    if isinstance(result, int | float) and shape == ():
        return torch.tensor(float(result))
    if not isinstance(result, Tensor):
        kind = type(result).__name__
        raise Mistake(f"{name} is of type {kind}, expected a tensor of shape {list(shape)}")
    if result.shape != shape:
        raise Mistake(f"{name} has the shape {list(result.shape)}, expected {list(shape)}")
    return result


def compare(
    found: Tensor,
    expected: Tensor,
    name: str,
    slips: Mapping[str, Tensor] | None = None,
    tolerance: float = 1e-4,
) -> str:
    """Say that a result is as expected; raise Mistake, with both numbers, if it is not.

    `slips` has what typical mistakes would give, by the question to ask the reader then.
    `tolerance` is the largest difference, for numbers above 1 in relation to them.
    """
    if _agree(found, expected, tolerance):
        return f"{name} is {in_words(found)}"
    shown = f"{name} is {in_words(found)}, expected {in_words(expected)}"
    for question, slip in (slips or {}).items():
        if found.shape == slip.shape and _agree(found, slip, tolerance):
            raise Mistake(f"{shown}. {question}")
    raise Mistake(shown)


def in_words(value: Tensor) -> str:
    """Return a tensor's numbers with three digits after the point, or the first of many."""
    numbers = value.detach().double().flatten().tolist()
    words = [f"{number:.3f}" for number in numbers[:MOST_NUMBERS]]
    if len(numbers) > MOST_NUMBERS:
        words.append("...")
    return words[0] if value.dim() == 0 else f"[{', '.join(words)}]"


def _agree(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    return torch.allclose(
        found.detach().double(), expected.double(), rtol=tolerance, atol=tolerance, equal_nan=True
    )


def _in_a_line(error: Exception) -> str:
    """Return an error's type and the first line of what it says."""
    first = (str(error).splitlines() or [""])[0]
    return one_line(f"{type(error).__name__}: {first}", LONGEST)
