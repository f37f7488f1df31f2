"""The page of all answers, made of the stored notebooks: the way through the series in a hurry."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = "answers.md"  # in docs/
HEAD = """# All answers, in twenty minutes

All questions of the practical, restated in our words, each with the answer that its notebook gives.
Nothing here is written by hand: the page is made of the notebooks, where every answer stands below
the pictures and the cells that show it. Words that are new to you are explained in the
[glossary](glossary.md).
"""
BOX = re.compile(
    r"^(?P<quoted>> )?\*\*(?P<kind>Question|Answer) \((?P<number>Q\d\.\d+)(?P<part>[^)]*)\)"
    r"(?P<more>[^.*]*)\.\*\*(?P<first>.*)\n?(?P<rest>(?:^>.*\n?)*)",
    re.MULTILINE,
)
MARK = re.compile(r'^<a id="(?P<anchor>[\w-]+)"></a>|^## (?P<heading>.+)$', re.MULTILINE)


@dataclass(frozen=True)
class Box:
    """A question, or the box with its answer: what it is about, its text, and where it stands.

    `part` is for example "scores", where a question has several answers, and otherwise empty.
    """

    kind: str
    number: str
    part: str
    text: str
    section: str


def boxes(notebook: Path) -> list[Box]:
    """Return the questions and answers of a saved notebook, in their order.

    They open with a bold `Question (Q...)` or `Answer (Q...)`; an answer is a blockquote. Raises
    OSError where there is no such file.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    pages = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    text = "\n\n".join(pages)
    found = []
    for match in BOX.finditer(text):
        body = match["first"] + "\n" + match["rest"]
        box = Box(
            kind=match["kind"],
            number=match["number"],
            part=(match["part"] or match["more"]).strip(" ,"),
            text=re.sub(r"^> ?", "", body, flags=re.MULTILINE).strip(),
            section=_section_before(text, match.start()),
        )
        found.append(box)
    return found


def is_ours(path: Path) -> bool:
    """Say whether a file is such a page, and not somebody else's of that name."""
    return path.read_text(encoding="utf-8").startswith(HEAD.splitlines()[0])


def page(notebooks: Iterable[Path]) -> str:
    """Return the page of all answers of saved notebooks, as Markdown."""
    parts = [HEAD]
    for notebook in notebooks:
        parts.append(f"## Notebook {notebook.stem[:2]}: {_title(notebook)}\n")
        for box in boxes(notebook):
            parts.append(_as_markdown(box, f"../notebooks/{notebook.name}"))
    return "\n".join(parts)


def _as_markdown(box: Box, address: str) -> str:
    """Return a question as a heading with its text, or an answer and where it is shown."""
    text = re.sub(r"\]\((#[\w-]+)\)", rf"]({address}\1)", box.text)
    part = f" ({box.part})" if box.part else ""
    if box.kind == "Question":
        return f"### {box.number}{part}\n\n*{text}*\n" if "\n" not in text else f"### {text}\n"
    label = f"**{box.part[0].upper()}{box.part[1:]}.** " if box.part else ""
    if label and text.startswith("1. "):  # a list begins on a line of its own
        label = f"{label.strip()}\n\n"
    quoted = "\n".join(f"> {line}".rstrip() for line in (label + text).splitlines())
    return f"{quoted}\n\nShown in [{box.section}]({address}).\n"


def _section_before(text: str, place: int) -> str:
    """Return the heading of the section in which a place of a notebook's text lies."""
    headings = [match["heading"] for match in MARK.finditer(text, 0, place) if match["heading"]]
    return headings[-1] if headings else ""


def _title(notebook: Path) -> str:
    """Return a notebook's title without its number."""
    first = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"]
    return "".join(first).splitlines()[0].partition("· ")[2]
