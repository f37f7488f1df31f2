"""The notebooks' formulas are formulas in every reader: GitHub, JupyterLab, VS Code, MyST.

Each reader below finds the formulas of a text by that reader's own rules, which were read in its
source or documentation; all four have to find the same ones. That KaTeX knows every command in
them, the site's tests show.
"""

import re
from collections.abc import Iterator

import nbformat
import pytest

from vaehelpers.series import notebooks

CODE = re.compile(r"^```.*?^```|(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL | re.MULTILINE)
Found = list[tuple[str, str]]  # "display" or "inline", and the LaTeX without blanks


def texts(name: str) -> Iterator[str]:
    """Yield a notebook's Markdown cells, with code blanked out."""
    for cell in nbformat.read(notebooks.packaged() / f"{name}.ipynb", 4).cells:
        if cell.cell_type == "markdown":
            yield CODE.sub(lambda match: "x" * len(match[0]), cell.source)


def squeezed(kind: str, latex: str) -> tuple[str, str]:
    """Return a formula for comparison: readers differ in the blanks that they keep."""
    return kind, re.sub(r"[\s>]+", "", latex)


def by_github(text: str) -> Found:
    """GitHub's guide: `$$` on lines of their own, `$` with blanks or signs outside, none inside."""
    pattern = re.compile(
        r"(?:^|\n\n)(?:> )?\$\$(?P<display>[^$]+)\$\$(?=\n\n|\n*$)"
        r"|(?<![\w\\$])\$(?P<inline>[^\s$](?:[^$\n]|\n(?!\n))*?(?<![\s\\])|[^\s$])\$(?![\w$])"
    )
    return [
        squeezed(kind, latex)
        for match in pattern.finditer(text)
        for kind, latex in match.groupdict().items()
        if latex
    ]


def by_jupyterlab(text: str) -> Found:
    """JupyterLab's `removeMath` (rendermime/src/latex.ts): braces balance, no blank line inside."""
    parts = re.split(r"(\$\$?|\\[{}$]|[{}]|(?:\n\s*)+)", text.replace("\r", ""))
    found: Found = []
    end, inside, braces = "", "", 0
    for part in parts:
        if not end:
            if part in ("$", "$$"):
                end, inside, braces = part, "", 0
        elif part == end and braces == 0:
            found.append(squeezed("display" if end == "$$" else "inline", inside))
            end = ""
        elif re.search(r"\n.*\n", part):
            end = ""  # what looked like a formula was none
        else:
            inside += part
            braces += (part == "{") - (part == "}")
    return found


def by_vscode(text: str) -> Found:
    """VS Code's markdown-it-katex: no letter or digit beside a `$` on its outer side."""
    found: Found = []
    place = 0
    while (start := text.find("$", place)) >= 0:
        sign = "$$" if text.startswith("$$", start) else "$"
        before = text[start - 1] if start else " "
        end = text.find(sign, start + len(sign))
        while end > 0 and text[end - 1] == "\\":
            end = text.find(sign, end + 1)
        after = text[end + len(sign) : end + len(sign) + 1] or " "
        is_open = not re.match(r"[\w\\]", before)
        if end < 0 or not is_open or re.match(r"\w", after):
            place = start + len(sign)
            continue
        latex = text[start + len(sign) : end]
        line_start = text.rfind("\n", 0, start) + 1
        is_display = sign == "$$" and text[line_start:start].strip("> ") == ""
        found.append(squeezed("display" if is_display else "inline", latex))
        place = end + len(sign)
    return found


def by_myst(text: str) -> Found:
    """MyST's own parser, as the site uses it."""
    markdown_it = pytest.importorskip("markdown_it")
    dollarmath = pytest.importorskip("mdit_py_plugins.dollarmath")
    parser = markdown_it.MarkdownIt("commonmark").use(dollarmath.dollarmath_plugin)
    found: Found = []
    for token in parser.parse(text):
        if token.type == "math_block":
            found.append(squeezed("display", token.content))
        for child in token.children or []:
            if child.type.startswith("math_inline"):
                found.append(squeezed("inline", child.content))
    return found


@pytest.mark.parametrize("reader", [by_jupyterlab, by_vscode, by_myst])
@pytest.mark.parametrize("name", notebooks.NOTEBOOKS)
def test_four_readers_find_the_same_formulas(name, reader):
    count = 0
    for text in texts(name):
        expected = by_github(text)
        assert sorted(reader(text)) == sorted(expected), text[:200]
        count += len(expected)
    assert count > 40


@pytest.mark.parametrize(
    "text",
    [
        "the $n$th letter",
        "a sum of $ x $ here",
        '<a id="eq"></a>\n$$x$$\n\nmore',
        "$$x\n\ny$$",
        "${x$ and $y$",
    ],
)
def test_a_formula_that_one_reader_takes_for_words_is_noticed(text):
    expected = sorted(by_github(text))
    assert any(sorted(reader(text)) != expected for reader in (by_jupyterlab, by_vscode, by_myst))
