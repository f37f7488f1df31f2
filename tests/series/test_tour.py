"""The page of all answers is made of the notebooks, with each question before its answer."""

import nbformat

from vaehelpers.series import run, tour

TEXT = """<a id="why"></a>
## 1. Why

Some words. **Question (Q1.1)** is no question here.

**Question (Q1.1).** Why? See [there](#there).

---

### Answer to Q1.1

> **Answer (Q1.1).** Because.
> And
>
> therefore ([shown](#why)).

No part of it.

**Question (Q1.2), first half.** What?

> **Answer (Q1.2, scores).** 1.25"""


def saved(folder):
    """Save a notebook with two questions."""
    cells = [nbformat.v4.new_markdown_cell(text) for text in ("# 01 · On asking\n\nYes.", TEXT)]
    cells.insert(1, nbformat.v4.new_code_cell("1"))
    path = folder / "01_asking.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_boxes_are_found_with_their_section(tmp_path):
    found = [(box.kind, box.number, box.part) for box in tour.boxes(saved(tmp_path))]
    assert found == [
        ("Question", "Q1.1", ""),
        ("Answer", "Q1.1", ""),
        ("Question", "Q1.2", "first half"),
        ("Answer", "Q1.2", "scores"),
    ]
    _, answer, *_, last = tour.boxes(saved(tmp_path))
    assert answer.text == "Because.\nAnd\n\ntherefore ([shown](#why))."
    assert answer.section == "1. Why"
    assert last.text == "1.25"


def test_the_page_quotes_answers_and_leads_back_to_the_notebook(tmp_path):
    page = tour.page([saved(tmp_path)])
    assert "## Notebook 01: On asking" in page
    assert "### Q1.1\n\n*Why? See [there](../notebooks/01_asking.ipynb#there).*" in page
    assert "> And\n>\n> therefore ([shown](../notebooks/01_asking.ipynb#why))." in page
    assert "> **Scores.** 1.25\n\nShown in [1. Why](../notebooks/01_asking.ipynb)." in page
    assert "No part of it" not in page


def test_the_stored_page_is_that_of_the_stored_notebooks(request):
    root = request.config.rootpath
    notebooks = run.paths(run.NOTEBOOKS, root / "notebooks").values()
    stored = (root / "docs" / tour.PAGE).read_text()
    assert stored == tour.page(notebooks), "run `make notebooks`"
