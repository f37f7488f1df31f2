"""Links to files of the project, such as `../vaehelpers/vae/latent.py`, stay in the site.

A module that the API pages document has a page with its source already (sphinx.ext.viewcode). Any
other file that a page links to gets one here.
"""

import ast
import posixpath
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).parents[3]
LINKED = "vaehelpers_linked_files"  # where the environment keeps which files pages link to


class Files(SphinxTransform):
    """Turn links to files of the project into links to pages with their text."""

    default_priority = 800

    def apply(self) -> None:
        """Find the links; note each file, and write the link once all pages are known."""
        for link in list(self.document.findall(addnodes.pending_xref)):
            if link["reftype"] != "myst" or link["refdomain"]:
                continue
            here = posixpath.dirname(self.env.docname)
            path = posixpath.normpath(posixpath.join(here, link["reftarget"].partition("#")[0]))
            if not path.startswith("..") and (ROOT / path).is_file():
                linked = self.env.metadata[self.env.docname].setdefault(LINKED, [])
                linked.append(path)
                link.replace_self(
                    nodes.reference("", "", *link[0].children, classes=["file"], file=path)
                )


def write_links(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Give links to files their addresses, down to the function that a link names."""
    for link in doctree.findall(nodes.reference):
        path = link.get("file")
        if path:
            address = app.builder.get_relative_uri(page, page_of(app, path))
            link["refuri"] = address + _place(path, link.astext())
            link["internal"] = True


def page_of(app: Sphinx, path: str) -> str:
    """Return the name of the page that shows a file of the project."""
    module = path.removesuffix(".py").replace("/", ".")
    if getattr(app.env, "_viewcode_modules", {}).get(module):
        return f"_modules/{path.removesuffix('.py')}"
    return f"source/{path}"


def _place(path: str, words: str) -> str:
    """Return `#name` if a link's last word names a function or class of a Python file."""
    if not path.endswith(".py"):
        return ""
    name = words.rpartition(".")[2]
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return f"#{name}" if name in defined else ""


def source_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page for each file that some page links to."""
    linked = set()
    for metadata in app.env.metadata.values():
        linked.update(metadata.get(LINKED, []))
    for path in sorted(linked):
        page = page_of(app, path)
        if page.startswith("source/"):
            text = (ROOT / path).read_text(encoding="utf-8")
            code = app.builder.highlighter.highlight_block(text, _language(path))
            body = f"<h1>{escape(path)}</h1>\n{code}"
            yield page, {"title": path, "body": body}, "page.html"


def _language(path: str) -> str:
    """Return by what name Pygments knows a file's language."""
    try:
        return get_lexer_for_filename(path).aliases[0]
    except ClassNotFound:
        return "text"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_transform(Files)
    app.connect("doctree-resolved", write_links)
    app.connect("html-collect-pages", source_pages)
    return {"parallel_read_safe": True}
