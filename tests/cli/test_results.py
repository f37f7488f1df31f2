"""What a run prints at its end: headline numbers that the notebooks record, or all of them."""

import re
from pathlib import Path

import nbformat
import pytest

from vaehelpers.cli import results
from vaehelpers.series import outputs, run

LAST = run.NOTEBOOKS[-1]
STORED = Path(__file__).parents[2] / "notebooks"
RESULTS = {
    "tenfold": {"value": 30.0, "unit": "nats", "data": "drawn", "recorded": False},
    "hours": {"value": 1.5, "unit": "h", "data": None, "recorded": True},
}
RECORD = {"seconds": {LAST: 1.25}, "wall_seconds": 2.5, "results": {LAST: RESULTS}}
COLOUR = "\033["


def recorded() -> dict[str, dict]:
    """Return what the stored notebooks record, as a run's record has it."""
    found = {}
    for name in run.NOTEBOOKS:
        _, found[name] = outputs.collect(nbformat.read(STORED / f"{name}.ipynb", 4))
    return {"seconds": dict.fromkeys(found, 30.0), "wall_seconds": 118.0, "results": found}


def test_a_dozen_headlines_are_results_of_the_stored_notebooks():
    record = recorded()
    assert results.HEADLINES.keys() == record["results"].keys()
    names = [(notebook, name) for notebook, lines in results.HEADLINES.items() for name in lines]
    assert len(names) == 12
    assert [name for notebook, name in names if name not in record["results"][notebook]] == []
    printed = results.headlines(record).splitlines()
    for notebook, name in names:
        entry = record["results"][notebook][name]
        (line,) = [line for line in printed if results.HEADLINES[notebook][name] in line]
        value = float(re.search(r"  +([\d.,]+)  ", line)[1].replace(",", ""))
        assert value == pytest.approx(entry["value"], rel=1e-3)
        assert entry["unit"], f"a headline needs a unit: {name}"
        assert entry["unit"] in line
    assert len(printed) < 24
    assert max(map(len, printed)) < 100


def test_a_headline_that_a_run_did_not_give_is_left_out():
    assert results.headlines(RECORD).split() == [LAST, "1", "s"]


def test_all_results_name_seconds_units_and_their_origin():
    rows = [line.split() for line in results.everything(RECORD).splitlines()]
    assert ["all,", "side", "by", "side", "2.5"] in rows
    assert [LAST, "1.2"] in rows
    assert ["tenfold", "30", "nats", "[drawn]"] in rows
    assert ["hours", "1.5", "h", "[recorded]"] in rows


def test_all_results_of_the_series_stand_in_columns():
    lines = results.everything(recorded()).splitlines()
    assert len(lines) > 150
    _, table = "\n".join(lines).split("\nresult ")
    rows = [row for row in table.splitlines()[1:] if row]
    assert all(re.match(r"\S+ +-?[\d.e+-]+(  |$)", row) for row in rows)
    assert {row.index(re.search(r" [\d-]", row)[0]) < 59 for row in rows} == {True}


@pytest.mark.parametrize(
    ("variables", "is_terminal", "is_coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),  # no-color.org: not an empty string
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(monkeypatch, variables, is_terminal, is_coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal, raising=False)
    assert (COLOUR in results.headlines(RECORD)) is is_coloured
