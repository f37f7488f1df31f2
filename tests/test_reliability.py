"""The table of promises counts the tests that keep each, by the command in its last column."""

import re
import subprocess
import sys

import pytest

ROW = re.compile(
    r"^\| (?P<promise>[^|]+) \|.*\| (?P<cases>[\d,]+) \| [^|]* \| (?P<repeat>[^|]*) \|$"
)
SELECTION = re.compile(r"`(?P<where>tests/?\S*?)(?: -k (?P<word>\w+))?`")


@pytest.fixture(scope="module")
def collected(request) -> list[str]:
    """Return the names of all tests, as pytest finds them: now, if this run is of all."""
    asked = request.config
    if "tests" in asked.args and not (asked.option.keyword or asked.option.markexpr):
        return [item.nodeid for item in request.session.items]
    options = ["--collect-only", "--quiet", "-W", "ignore"]  # what is counted does not warn
    command = [sys.executable, "-m", "pytest", *options, "tests"]
    found = subprocess.run(command, cwd=request.config.rootpath, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    return [line for line in found.stdout.splitlines() if "::" in line]


def count(selection: re.Match, collected: list[str]) -> int:
    """Return how many tests pytest would run: those in a file or folder with a word in the name."""
    word = (selection["word"] or "").lower()
    names = [name for name in collected if name.startswith(selection["where"])]
    return sum(word in name.partition("::")[2].lower() for name in names)


def test_the_cases_of_each_promise_are_those_that_pytest_finds(request, collected):
    table = (request.config.rootpath / "docs" / "reliability.md").read_text()
    rows = [row for row in map(ROW.match, table.splitlines()) if row]
    rows = [row for row in rows if SELECTION.search(row["repeat"])]
    assert len(rows) > 25
    stated = {row["promise"]: int(row["cases"].replace(",", "")) for row in rows}
    found = {
        row["promise"]: sum(count(part, collected) for part in SELECTION.finditer(row["repeat"]))
        for row in rows
    }
    assert found == stated
