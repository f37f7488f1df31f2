"""Boxes of the notebooks, `> **Answer (Q1.1).** ...`, are named by their bold label.

On the page of all answers there is no label: each quoted block is an answer.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ANSWERS = "docs/answers"
LABEL = re.compile(r"[A-Z][a-z]+")


class Boxes(SphinxTransform):
    """Give `box` and `box-answer`, for example, to a blockquote as its classes."""

    default_priority = 700

    def apply(self) -> None:
        """Name all boxes of a document, except those without a label."""
        for quote in self.document.findall(nodes.block_quote):
            if self.env.docname == ANSWERS:
                quote["classes"] += ["box", "box-answer"]
                continue
            first = quote.next_node(nodes.Text)
            if first is None or not isinstance(first.parent, nodes.strong):
                continue
            label = LABEL.match(first)
            if label:
                quote["classes"] += ["box", f"box-{label[0].lower()}"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_transform(Boxes)
    return {"parallel_read_safe": True}
