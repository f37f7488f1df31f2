"""The command that tells what is here, what is missing, and how to mend it: doctor."""

import argparse

from ..errors import SetupError
from .checkup import Finding, State, findings
from .parsing import Add
from .terminal import styled

COLOURS = {State.GOOD: "green", State.LESS: "yellow", State.WRONG: "red"}


def add_commands(add: Add) -> None:
    """Add the command, with its examples."""
    add(
        "doctor",
        _doctor,
        "tell what is here, what is missing, and how to mend it",
        "vaehelpers doctor                               # exit status 1 where something is wrong",
        "NO_COLOR=1 vaehelpers doctor > doctor.txt       # to send along with a question",
    )


def _doctor(_args: argparse.Namespace) -> None:
    wrong = 0
    for finding in findings():
        print(_line(finding), flush=True)
        wrong += finding.state is State.WRONG
    if wrong:
        raise SetupError(f"{wrong} to mend; the lines `mend` above say how")
    print("all that the notebooks need is here")


def _line(finding: Finding) -> str:
    """Return a finding in a line, and its mend in another."""
    state = styled(f"{finding.state.value:<9}", COLOURS[finding.state])
    line = f"{state} {finding.what:<9} {finding.words}"
    return f"{line}\n{'':<9} {'mend:':<9} {finding.mend}" if finding.mend else line
