"""Anchors of the notebooks, `<a id="cost"></a>`, become the ids of what stands below them.

A link to one then leads to its heading, and a heading's own link is short and stays the same when
its words change. The number of an equation is the link to it.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ANCHOR = re.compile(r'<a id="([\w-]+)">|</a>')
TAG = re.compile(r"\\tag\{([\d.]+)\}")
NUMBER = '<a class="number" href="#{}" title="Link to this equation">({})</a>'
# These are written to HTML with their ids; raw HTML, for one, is not.
WITH_IDS = (
    nodes.section,
    nodes.paragraph,
    nodes.block_quote,
    nodes.container,
    nodes.math_block,
    nodes.bullet_list,
    nodes.enumerated_list,
)


class Anchors(SphinxTransform):
    """Give the names of anchors to the elements that follow them."""

    default_priority = 250  # before anything looks for targets

    def apply(self) -> None:
        """Move all anchors of a document; tell MyST their names, so that links find them."""
        slugs = getattr(self.document, "myst_slugs", None)
        if slugs is None:  # not written in Markdown
            return
        for paragraph in list(self.document.findall(nodes.paragraph)):
            names = _take_anchors(paragraph)
            if not names:
                continue
            element = _owner(paragraph)
            element["ids"] = names + [own for own in element["ids"] if own not in names]
            if "equation" in element["classes"]:
                _number(element, names[0])
            for name in names:
                slugs[name] = (paragraph.line or 0, name, "")
                self.document.ids[name] = element  # no heading gets the same one
        self.env.metadata[self.env.docname]["myst_slugs"] = slugs


def _take_anchors(paragraph: nodes.paragraph) -> list[str]:
    """Remove the anchors with which a paragraph begins; return their names."""
    names = []
    while paragraph.children and isinstance(paragraph[0], nodes.raw | nodes.Text):
        first = paragraph[0].astext().strip()
        if first and not ANCHOR.fullmatch(first):
            break
        names += filter(None, ANCHOR.findall(first))
        paragraph.pop(0)
    return names


def _number(equation: nodes.container, name: str) -> None:
    """Put an equation's number beside it, where no wide formula can reach it."""
    (formula,) = equation.children
    text = formula.astext()
    tag = TAG.search(text)
    if not tag:
        return
    without = TAG.sub("", text)
    equation.replace(formula, nodes.math_block(without, without, nowrap=True, number=None))
    equation += nodes.raw("", NUMBER.format(name, tag[1]), format="html")


def _owner(paragraph: nodes.paragraph) -> nodes.Element:
    """Return the element that gets the names which a paragraph held.

    That is the paragraph itself or, if it is empty now, what follows it in its place.
    """
    if paragraph.children:
        return paragraph
    below = paragraph.next_node(descend=False, siblings=True, ascend=True)
    if not isinstance(below, WITH_IDS):
        target = nodes.target()
        paragraph.replace_self(target)
        return target
    paragraph.parent.remove(paragraph)
    if not isinstance(below, nodes.math_block):
        return below
    equation = nodes.container(classes=["equation"])
    below.replace_self(equation)
    equation += below
    return equation


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_transform(Anchors)
    return {"parallel_read_safe": True}
