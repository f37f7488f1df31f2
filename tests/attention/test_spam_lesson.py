"""Notebook 01 on mails of your own: runs in any folder, and speaks of what it read."""

import json
import math
import re
from pathlib import Path

import pytest

from vaehelpers.series import outputs

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_transformers_theory.ipynb"


SECTIONS = ("6. ", "Further: the filter's errors", "Further: mails of your own")


def code_about_mails() -> list[str]:
    """Return the two first code cells, parameters and imports, and those of `SECTIONS`."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    chosen, heading = [], ""
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = next(iter(re.findall(r"^## (.+)$", source, re.MULTILINE)), heading)
        elif len(chosen) < 2 or heading.startswith(SECTIONS):
            chosen.append(source)
    return chosen


@pytest.fixture
def lesson(tmp_path, monkeypatch, capsys, house_style):
    """Run those sections elsewhere: a function that returns what is printed and recorded."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    shown = []
    monkeypatch.setattr(
        outputs, "_display", lambda data, metadata: shown.append(metadata.get("vaehelpers", {}))
    )

    def run(mails: str, **parameters) -> tuple[str, dict]:
        (tmp_path / "mails").write_text(mails)
        parameters["mail_csv"] = str(tmp_path / "mails")
        first, *others = code_about_mails()
        names: dict[str, object] = {}
        exec(first, names)
        names.update(parameters)
        for source in others:
            exec(source, names)
        records = {each["result"]: each["value"] for each in shown if "result" in each}
        return capsys.readouterr().out, records

    return run


FEW = [f"spam,win prize {i} now" for i in range(20)] + [
    f"ham,meet you at {i} pm" for i in range(20)
]


def test_where_nothing_is_called_spam_the_lesson_says_so(lesson):
    said, records = lesson("\n".join(["label,text", *FEW]), spam_epochs=1)
    assert "40 rows: 20 spam and 20 ham mails" in said
    assert "transformer: no test mail is called spam, so there is no precision" in said
    assert "transformer_precision" not in records
    assert records["transformer_recall"] == 0
    assert all(math.isfinite(value) for value in records.values())
    assert "What the boxes say of one run was seen with the parameters" in said


def test_prose_and_numbers_speak_of_the_mails_at_hand(lesson):
    rows = [f"spam\twin a prize of {i} now, number {i}" for i in range(36)]
    rows += [f"ham\tmeet me at {i} in room {i}" for i in range(264)]
    said, records = lesson("\n".join(rows), spam_epochs=8)
    assert "300 rows: 36 spam and 264 ham mails" in said
    assert re.search(r"lost 0 of 88 real test mails, missed \d+ of 12 spams", said)
    assert "own, spam: win a prize" in said
    assert "with the opening" not in said
    assert records["bag_of_words_recall"] == 1


@pytest.mark.parametrize("cost", [0.01, 10_000.0])
def test_any_cost_of_a_lost_mail_will_do(lesson, cost):
    _, records = lesson("\n".join(["label,text", *FEW]), spam_epochs=2, false_positive_cost=cost)
    assert all(math.isfinite(value) for value in records.values())
