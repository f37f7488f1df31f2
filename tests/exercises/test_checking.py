"""What a reader's function does becomes sentences, and never an error."""

import pytest
import torch

from vaehelpers.errors import InputError
from vaehelpers.exercises import Exercise, check, checking, verdict


def doubles_three(answer):
    return checking.compare(
        checking.tensor_of(checking.call(answer, 3), (), "the double of 3"),
        torch.tensor(6.0),
        "the double of 3",
        {"Did you square?": torch.tensor(9.0)},
    )


EXERCISE = Exercise("double(x)", {"a number": doubles_three, "the same number": doubles_three})


def refuse(x):
    raise ValueError(f"no {x}\nplease")


def second_time_nothing(x, calls=[]):  # noqa: B006
    calls.append(x)
    return 6 if len(calls) == 1 else None


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (lambda x: 2 * x, ["right: the double of 3 is 6.000"] * 2),
        (lambda x: x**2, ["the double of 3 is 9.000, expected 6.000. Did you square?"]),
        (lambda x: x, ["the double of 3 is 3.000, expected 6.000"]),
        (lambda x: "6", ["the double of 3 is of type str, expected a tensor of shape []"]),
        (refuse, ["a number: double(x) stopped with ValueError: no 3"]),
    ],
)
def test_each_step_is_a_line(answer, lines):
    if len(lines) == 1:
        lines = [f"not yet: {lines[0]}", "not tried: the same number"]
    assert verdict(EXERCISE, answer) == lines


def test_a_function_without_a_body_is_nothing_to_check_yet():
    (line,) = verdict(EXERCISE, lambda x: None)
    assert line.startswith("Nothing to check yet: double(x) returns nothing. Write its body")
    first, second = verdict(EXERCISE, second_time_nothing)
    assert first.startswith("right: ")
    assert second == "not yet: the same number: double(x) returns nothing here"


def test_of_many_numbers_the_first_are_written():
    assert checking.in_words(torch.arange(9.0)).endswith("5.000, ...]")


def test_an_unknown_exercise_and_what_is_no_function():
    with pytest.raises(InputError, match=r"there is no exercise Q2.77; did you mean 'Q2.7'\? allo"):
        check("Q2.77", refuse)
    with pytest.raises(InputError, match=r'without brackets: check\("Q2.7", sample\)$'):
        check("Q2.7", torch.zeros(1))
