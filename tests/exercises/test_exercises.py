"""Every exercise knows its right answers, and answers each usual mistake with its own sentence."""

import inspect
import itertools
import math
import re

import building_answers
import nbformat
import plane_answers
import pytest
import theory_answers
import torch
import torch.nn.functional as F
import transformers_answers
from scipy.stats import norm
from torch import nn

from vaehelpers.exercises import EXERCISES, verdict
from vaehelpers.series.run import NOTEBOOKS

KNOWN = (transformers_answers, theory_answers, building_answers, plane_answers)
RIGHT = {name: answers for module in KNOWN for name, answers in module.RIGHT.items()}
WRONG = {name: answers for module in KNOWN for name, answers in module.WRONG.items()}
# What a solution may use: the notebooks have imported it where they ask.
IMPORTED = {"torch": torch, "nn": nn, "F": F, "math": math, "norm": norm}


def lines(name, answer) -> list[str]:
    """Return what is said of an answer, with fixed draws."""
    torch.manual_seed(0)
    return verdict(EXERCISES[name], answer)


def passes(name, answer) -> bool:
    """Return whether every step of an exercise finds an answer right."""
    said = lines(name, answer)
    assert all(line.startswith("right: ") for line in said), said
    return len(said) == len(EXERCISES[name].steps)


def test_every_exercise_has_right_answers_and_at_least_five_mistakes():
    assert RIGHT.keys() == WRONG.keys() == EXERCISES.keys()
    assert min(len(answers) for answers in WRONG.values()) >= 5


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_answer_passes_every_step(name):
    for answer in RIGHT[name]:
        assert passes(name, answer)


@pytest.mark.parametrize(("name", "hint"), [(name, hint) for name in WRONG for hint in WRONG[name]])
def test_each_usual_mistake_has_a_sentence_of_its_own(name, hint):
    (mistake,) = [line for line in lines(name, WRONG[name][hint]) if line.startswith("not yet: ")]
    assert hint in mistake
    assert [other for other in WRONG[name] if other in mistake] == [hint]


@pytest.fixture(scope="module")
def asked(request) -> dict[str, tuple]:
    """Return each exercise's cell, and the one below with hint and solution, by its name."""
    found = {}
    for notebook in NOTEBOOKS:
        path = request.config.rootpath / "notebooks" / f"{notebook}.ipynb"
        for cell, below in itertools.pairwise(nbformat.read(path, 4).cells):
            called = re.search(r'^check\("([^"]+)", \w+\)', cell.source, re.M)
            if called and cell.cell_type == "code":
                assert called[1] not in found
                found[called[1]] = cell, below
    return found


def test_the_notebooks_ask_for_every_exercise(asked):
    assert asked.keys() == EXERCISES.keys()


@pytest.mark.parametrize("name", EXERCISES)
def test_the_notebook_has_an_empty_function_a_hint_and_a_solution_that_passes(name, asked):
    cell, below = asked[name]
    function = EXERCISES[name].call.partition("(")[0]
    written = dict(IMPORTED, check=lambda *given: None)
    exec(cell.source, written)
    (empty,) = lines(name, written[function])
    assert empty.startswith("Nothing to check yet")
    assert cell.outputs[0].text.startswith("Nothing to check yet")
    assert "<summary>Hint</summary>" in below.source
    (solution,) = re.findall(r"```python\n(.*?)```", below.source, re.S)
    exec(solution, written)
    signature = ", ".join(inspect.signature(written[function]).parameters)
    assert f"{function}({signature})" == EXERCISES[name].call
    assert f"def {function}({signature}):" in cell.source
    assert passes(name, written[function])
