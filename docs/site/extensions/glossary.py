"""Words of docs/glossary.md explain themselves where a page uses them.

The first use in each section becomes a link to the word's entry, with the entry's text as its
title, which the browser shows on hover and on focus.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PAGE = "docs/glossary"
FILE = Path(__file__).parents[3] / f"{PAGE}.md"
# How the names of pages begin on which words explain themselves.
EXPLAINED = ("notebooks/", "docs/answers", "explore")
# Elsewhere these are a head on shoulders and the frame around a convolution's input.
ONLY_OF_TRANSFORMERS = {"Head": "notebooks/01", "Padding": "notebooks/01"}
NO_PROSE = "references"  # the id of the section that lists titles of papers
# An entry: "**ELBO** (evidence lower bound). The reconstruction term ..."
ENTRY = re.compile(r"^\*\*(?P<word>[^*]+?)\.?\*\*(?P<text>.+)$", re.MULTILINE)
MARKS = re.compile(r"[*`]")
# Here a word is code, a formula, a link already, or a heading.
NOT_IN = (nodes.literal, nodes.math, nodes.reference, nodes.title, nodes.raw, nodes.container)


@dataclass(frozen=True)
class Entry:
    """A word of the glossary: how it is written, what explains it, and the id of its entry."""

    word: str
    text: str

    @property
    def id(self) -> str:
        """The entry's anchor on the page of the glossary."""
        return nodes.make_id(f"term-{self.word}")

    @property
    def forms(self) -> list[str]:
        """The ways in which pages write the word, without plurals.

        "Bits per dimension (bpd)" has two; so have "Precision and recall", and "KL divergence",
        which is also "KL".
        """
        plain, _, short = self.word.partition(" (")
        forms = [plain, *filter(None, [short.rstrip(")")])]
        if " and " in plain:
            forms = plain.split(" and ")
        forms += re.findall(r"^[A-Z]{2,}(?= )", plain)
        return forms


def entries(text: str) -> list[Entry]:
    """Return the words of a glossary in Markdown: what it has in bold at the start of a line."""
    found = []
    for match in ENTRY.finditer(text):
        plain = MARKS.sub("", match["text"]).strip()
        found.append(Entry(match["word"], plain))
    return found


def by_form(words: list[Entry]) -> dict[str, Entry]:
    """Return the entries by all forms of their words, in lower case."""
    return {form.lower(): entry for entry in words for form in entry.forms}


def pattern(forms: dict[str, Entry]) -> re.Pattern:
    """Return what finds any of the words in a text, in the singular or with a plural's s."""
    longest_first = sorted(forms, key=len, reverse=True)
    words = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])({words})(?:e?s)?(?![\w-])", re.IGNORECASE)


class Ids(SphinxTransform):
    """Give the entries on the page of the glossary their ids."""

    default_priority = 250

    def apply(self) -> None:
        """Find the entries by their bold words."""
        if self.env.docname != PAGE:
            return
        ids = {entry.word: entry.id for entry in entries(FILE.read_text(encoding="utf-8"))}
        for paragraph in self.document.findall(nodes.paragraph):
            if paragraph.children and isinstance(paragraph[0], nodes.strong):
                paragraph["ids"].append(ids[paragraph[0].astext().rstrip(".")])


def explain(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the first use of each word in each section to its entry."""
    if not page.startswith(EXPLAINED):
        return
    known = entries(FILE.read_text(encoding="utf-8"))
    here = [word for word in known if page.startswith(ONLY_OF_TRANSFORMERS.get(word.word, ""))]
    forms = by_form(here)
    words = pattern(forms)
    address = app.builder.get_relative_uri(page, PAGE)
    used: dict[str, set[str]] = {}  # by section
    for text in list(doctree.findall(nodes.Text)):
        section = _section(text)
        if section != NO_PROSE and _holds_prose(text):
            used_here = used.setdefault(section, set())
            _explain_in(text, words, forms, used_here, address)


def _explain_in(
    text: nodes.Text,
    words: re.Pattern,
    forms: dict[str, Entry],
    used: set[str],
    address: str,
) -> None:
    """Link the words of one text that its section has not used yet, and note them."""
    pieces: list[nodes.Node] = []
    end = 0
    for match in words.finditer(text):
        entry = forms[match[1].lower()]
        if entry.word not in used:
            used.add(entry.word)
            pieces += [nodes.Text(text[end : match.start()]), _link(match[0], entry, address)]
            end = match.end()
    if pieces:
        text.parent.replace(text, [*pieces, nodes.Text(text[end:])])


def _holds_prose(text: nodes.Text) -> bool:
    """Say whether a text is neither code nor formula nor heading nor part of a link."""
    parent = text.parent
    while parent is not None:
        if isinstance(parent, NOT_IN):
            return False
        parent = parent.parent
    return True


def _section(text: nodes.Text) -> str:
    """Return the id of the section of the second level in which a text stands."""
    found = ""
    parent = text.parent
    while parent is not None and not isinstance(parent.parent, nodes.document):
        if isinstance(parent, nodes.section):
            found = parent["ids"][0]
        parent = parent.parent
    return found


def _link(word: str, entry: Entry, address: str) -> nodes.reference:
    title = f"{entry.word}: {entry.text}"
    uri = f"{address}#{entry.id}"
    return nodes.reference(word, word, refuri=uri, reftitle=title, internal=True, classes=["term"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_transform(Ids)
    app.connect("doctree-resolved", explain)
    return {"parallel_read_safe": True}
