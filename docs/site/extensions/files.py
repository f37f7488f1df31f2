"""Links to files of the project, such as `../vaehelpers/vae/latent.py`, stay in the site.

What the page on architecture calls a door, `vae/latent.py:encode`, becomes such a link, too. A link
leads to the page that sphinx.ext.viewcode makes of a module, if the API pages document what the
link names. For all else a page with the file's text is made here.
"""

import ast
import posixpath
import re
from collections.abc import Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).parents[3]
DOORS = "docs/architecture"  # the page that names doors
DOOR = re.compile(r"(?P<file>[\w/]+\.py):(?P<name>\w+)")


class Files(SphinxTransform):
    """Turn links to files of the project, and doors, into links whose address is written later."""

    default_priority = 800

    def apply(self) -> None:
        """Find the links that lead to no page of the site, and the doors."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            if link["reftype"] == "myst" and not link["refdomain"]:
                here = posixpath.dirname(self.env.docname)
                address = link["reftarget"].partition("#")[0]
                path = posixpath.normpath(posixpath.join(here, address))
                self._link(link, path, list(link[0].children))
        if self.env.docname == DOORS:
            for code in list(self.document.findall(nodes.literal)):
                door = DOOR.fullmatch(code.astext())
                if door:
                    self._link(code, f"vaehelpers/{door['file']}", [code.deepcopy()])

    def _link(self, node: nodes.Element, path: str, children: list[nodes.Node]) -> None:
        """Put a link to a file, if there is one, in place of a node."""
        if not path.startswith("..") and (ROOT / path).is_file():
            node.replace_self(nodes.reference("", "", *children, classes=["file"], file=path))


def write_links(shown: set[str], app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Give links to files their addresses; note in `shown` those that need a page from here."""
    for link in doctree.findall(nodes.reference):
        path = link.get("file")
        if not path:
            continue
        name, line = _definition(path, link.astext())
        names = _documented(app, path)
        if names and (not name or name in names):
            target = f"_modules/{path.removesuffix('.py')}"
            place = f"#{name}" if name else ""
        else:
            shown.add(path)
            target = f"source/{path}"
            place = f"#line-{line}" if name else ""
        link["refuri"] = app.builder.get_relative_uri(page, target) + place
        link["internal"] = True


def _definition(path: str, words: str) -> tuple[str, int]:
    """Return the function or class of a file with whose name a link's words end, and its line.

    Without one, that is ("", 0).
    """
    if path.endswith(".py"):
        name = re.split(r"[.:]", words)[-1]
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return name, node.lineno
    return "", 0


def _documented(app: Sphinx, path: str) -> set[str]:
    """Return what sphinx.ext.viewcode has anchors for on its page of a module."""
    module = path.removesuffix(".py").replace("/", ".")
    known = getattr(app.env, "_viewcode_modules", {}).get(module)
    return set(known[2]) if known else set()


def source_pages(shown: set[str], app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page for each file that has been noted."""
    highlighter = PygmentsBridge("html", "default")  # writes classes; the theme has the colours
    for path in sorted(shown):
        text = (ROOT / path).read_text(encoding="utf-8")
        code = highlighter.highlight_block(text, _language(path), linespans="line")
        context = {"title": path, "body": f"<h1>{escape(path)}</h1>\n{code}"}
        yield f"source/{path}", context, "page.html"


def _language(path: str) -> str:
    """Return by what name Pygments knows a file's language."""
    try:
        return get_lexer_for_filename(path).aliases[0]
    except ClassNotFound:
        return "text"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    shown: set[str] = set()
    app.add_transform(Files)
    app.connect("doctree-resolved", partial(write_links, shown))
    app.connect("html-collect-pages", partial(source_pages, shown))
    return {"parallel_read_safe": True, "parallel_write_safe": False}
