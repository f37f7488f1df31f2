"""What counts as a difference between stored and new outputs, and how a line says it."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
from miniature import LAST, series, visible
from PIL import Image

from vaehelpers.cli import main
from vaehelpers.series.comparison import differences, same_text


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("loss 1.2345", "loss 1.2355", True),  # within a thousandth
        ("loss 1.2345", "loss 1.2360", False),
        ("0.002", "0.003", True),  # one in the last decimal
        ("0.002", "0.004", False),
        ("12 of 20", "13 of 20", False),  # whole numbers are exact where they are small
        ("54,000 images", "54,050 images", True),
        ("54,000 images", "54,100 images", False),
        ("-0.5", "0.5", False),
        ("1.5e-05", "1.6e-05", True),
        ("1.5e-05", "1.5e-06", False),
        ("7.2e-18", "-1.2e-20", True),  # rounding
        ("7.2e-12", "1.2e-20", False),
        ("a  9.99 |", "a 10.00 |", True),  # blanks follow the numbers
        ("nan", "1.0", False),
        ("two cats", "two dogs", False),
        ("1 2", "1 2 3", False),
        ("", "", True),
    ],
)
def test_numbers_have_a_tolerance_and_words_have_none(before, after, same):
    assert same_text(before, after) is same
    assert same_text(after, before) is same


def png(*changed, rows=10) -> str:
    pixels = np.zeros((rows, 10, 3), np.uint8)
    for row, column in changed:
        pixels[row, column] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def notebook_with(*outputs):
    cells = [nbformat.v4.new_code_cell("...", id="abc", outputs=list(outputs))]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("words"), *cells])


def text(words):
    return nbformat.v4.new_output("stream", text=words)


def picture(content, alt="a picture"):
    return nbformat.v4.new_output("display_data", {"image/png": content, "text/plain": alt})


def result(value, unit="bits/dim"):
    entry = {"result": "bpd", "value": value, "unit": unit}
    shown = {"text/plain": "bpd = 1.23 bits/dim"}
    return nbformat.v4.new_output("display_data", shown, metadata={"vaehelpers": entry})


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (text("a\nb 1.0\nc"), text("a\nb 2.0\nc"), ["stored b 1.0, came out b 2.0"]),
        (text("a"), text("a\nb"), ["stored nothing, came out b"]),
        (result(1.25), result(1.2505), []),
        (result(7.2e-18), result(1.2e-20), []),
        (
            result(1.25),
            result(1.26),
            ["stored bpd = 1.25 bits/dim, came out bpd = 1.26 bits/dim"],
        ),
        (
            result(1.25),
            result(1.25, "nats"),
            ["stored bpd = 1.25 bits/dim, came out bpd = 1.25 nats"],
        ),
        (picture(png()), picture(png()), []),
        (
            picture(png()),
            picture(png((1, 2), (3, 4))),
            ["stored picture HASH, came out HASH (2.0% of the pixels differ)"],
        ),
        (
            picture(png()),
            picture(png(rows=11)),
            ["stored picture HASH, came out HASH (of another size)"],
        ),
        (picture(png(), "a boot"), picture(png(), "a bag"), ["stored a boot, came out a bag"]),
    ],
)
def test_each_difference_is_one_line(before, after, lines):
    found = differences(notebook_with(before), notebook_with(after))
    hidden = [re.sub(r"\b[0-9a-f]{12}\b", "HASH", line) for line in found]
    assert hidden == [f"cell abc: {line}" for line in lines]


def test_an_output_that_is_missing_or_new_is_a_difference():
    one, two = notebook_with(picture(png())), notebook_with()
    lost = list(differences(one, two))
    assert len(lost) == 2
    assert lost[0] == "cell abc: stored a picture, came out nothing"
    assert lost[1].endswith("(one is missing)")
    assert len(list(differences(two, one))) == 2
    assert list(differences(two, two)) == []


def test_verify_lists_what_differs_from_the_store_and_its_advice_works(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    path = series(tmp_path / "notebooks") / f"{LAST}.ipynb"
    before = path.read_bytes()
    cell = nbformat.read(path, 4).cells[1].id
    assert main(["verify", LAST]) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == (
        f"{LAST}, cell {cell}: stored nothing, came out tenfold = 20 epochs"
    )
    assert "in-place" in printed.err
    assert printed.err.splitlines()[-1] == (
        "vaehelpers verify: 3 differences from what is stored; build/verify/ holds what came out; "
        "if that is as it should be, store it: vaehelpers run --in-place"
    )
    assert path.read_bytes() == before
    assert len(nbformat.read(f"build/verify/{LAST}.ipynb", 4).cells[1].outputs) == 3
    assert main(["run", "--in-place", LAST]) == 0
    assert main(["verify", LAST]) == 0
    assert capsys.readouterr().out == f"{LAST}: as stored\n"
    assert visible(tmp_path / "build") == set()
