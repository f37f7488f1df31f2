"""Stored notebooks on the site: evidence folded, explorers in their places, pictures described."""

import base64
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from explorers import place
from myst_nb.sphinx_ import HideCodeCellNode
from PIL import Image
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from vaehelpers.explorers.constants import STAND_IN
from vaehelpers.series.comparison import is_in_words
from vaehelpers.series.outputs import EVIDENCE

STUB = Path(__file__).parents[3] / "vaehelpers" / "explorers" / "__init__.pyi"
# A name that the room imports from one of its modules: `from .film import film_explorer as ...`.
NAME = re.compile(r"^from \.\w+ import (\w+)", re.MULTILINE)
NAMES = NAME.findall(STUB.read_text(encoding="utf-8"))
UNCHECKED = "Nothing to check yet"  # what an exercise says before anything is written
HOW_TO_CHECK = "Write your lines in JupyterLab (`vaehelpers lab`): there they are checked.\n"
FIGURE_CODE = "The code of this figure"
CALL = re.compile(rf"\bexplorers\.({'|'.join(NAMES)})\(")


def shows_explorer(cell: dict[str, Any]) -> bool:
    """Say whether a code cell makes an explorer."""
    return cell["cell_type"] == "code" and CALL.search(cell["source"]) is not None


def for_the_site(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Change a stored notebook, in place, to what MyST-NB is to show; return it.

    Evidence cells are folded under their first line. So is the code of figures: a reader is asked
    first what a figure will show, and its description in the code says it. What a cell says in
    place of its explorer becomes the element of `place`, below all that it shows. Figures in words
    go: here each picture has its description.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith(EVIDENCE):
            _fold(cell, "hide-cell", cell.source.splitlines()[0].removeprefix("# ").strip())
        if any("image/png" in out.get("data", {}) for out in cell.get("outputs", [])):
            _fold(cell, "hide-input", FIGURE_CODE)
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if not is_in_words(out)]
        for output in cell.get("outputs", []):
            if output.get("text", "").startswith(UNCHECKED):
                output.text = HOW_TO_CHECK
        if shows_explorer(cell):
            cell.outputs = [out for out in cell.outputs if not _is_stand_in(out)]
            element = {"text/html": place(name, cell.id)}
            cell.outputs.append(nbformat.v4.new_output("display_data", element))
    return notebook


def _fold(cell: nbformat.NotebookNode, tag: str, line: str) -> None:
    """Fold a cell under a line, with its outputs ("hide-cell") or without them ("hide-input")."""
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), tag]
    cell.metadata["mystnb"] = {"code_prompt_show": line, "code_prompt_hide": line}


def _is_stand_in(output: nbformat.NotebookNode) -> bool:
    data = output.get("data", {})
    return "image/png" not in data and data.get("text/plain") == STAND_IN


def is_notebook(app: Sphinx, page: str) -> bool:
    """Say whether a page of the site is a notebook."""
    return page in app.env.found_docs and Path(app.env.doc2path(page)).suffix == ".ipynb"


def change_source(app: Sphinx, page: str, source: list[str]) -> None:
    """Have MyST-NB read the changed notebook."""
    if is_notebook(app, page):
        notebook = nbformat.reads(source[0], 4)
        source[0] = nbformat.writes(for_the_site(notebook, page.rpartition("/")[2]))


def describe_pictures(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Let each picture load late; give those of a notebook their descriptions and sizes.

    MyST-NB takes the size alone from a picture's metadata, and names it by its file otherwise.
    """
    for node in doctree.findall(nodes.image):
        node["loading"] = "lazy"
    if not is_notebook(app, page):
        return
    cells = json.loads(Path(app.env.doc2path(page)).read_text(encoding="utf-8"))["cells"]
    for container in doctree.findall(nodes.container):
        if container.get("nb_element") != "cell_code":
            continue
        pictures = [
            output
            for output in cells[container["cell_index"]]["outputs"]
            if "image/png" in output.get("data", {})
        ]
        for node, output in zip(container.findall(nodes.image), pictures, strict=True):
            node["alt"] = output["metadata"]["image/png"]["alt"]
            node["width"], node["height"] = map(str, _size(output["data"]["image/png"]))


def _size(png: str | list[str]) -> tuple[int, int]:
    """Return the width and height of a stored picture, in pixels."""
    return Image.open(io.BytesIO(base64.b64decode("".join(png)))).size


def open_fold(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Write the beginning of a folded cell: MyST-NB's own hides its words from screen readers."""
    words = html.escape(node["prompt_show"])
    kind = "evidence figure-code" if words == FIGURE_CODE else "evidence"
    translator.body.append(f'<details class="{kind}"><summary>{words}</summary>\n')


def close_fold(translator: HTML5Translator, node: HideCodeCellNode) -> None:
    """Write the end of a folded cell."""
    translator.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))
    app.connect("source-read", change_source)
    app.connect("doctree-resolved", describe_pictures)
    return {"parallel_read_safe": True}
