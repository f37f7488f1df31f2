"""The explorers of the site: where each has its place, and the scripts that make them live."""

import html
import json
from pathlib import Path
from typing import Any

from tools import SiteError

FOLDER = "explorers"  # below the site's static files
# For each explorer of a notebook, by its cell: its name in series.pages.PAGES, and how it begins
# where that is not as usual; None for what Python alone can draw.
PLACES: dict[tuple[str, str], tuple[str, dict[str, Any]] | None] = {
    ("01_transformers_theory", "step-table"): (
        "attention",
        {"word": "board", "kind": "additive (Bahdanau)"},
    ),
    ("01_transformers_theory", "a6ca8f04"): ("attention", {}),
    ("01_transformers_theory", "56e4b456"): ("spam", {}),
    ("02_vae_theory", "ee485e88"): ("prior", {}),
    ("02_vae_theory", "bd28d241"): ("gaussians", {}),
    ("02_vae_theory", "throws-figure"): ("paths", {}),
    ("03_vae_train", "d83fa9c5"): None,
    ("03_vae_train", "film"): ("film-z20", {}),
    ("04_manifold", "2e576a34"): ("walk", {}),
    ("04_manifold", "film"): ("film-z02", {}),
    ("04_manifold", "47c5f56d"): ("posterior", {}),
    ("04_manifold", "drawing"): ("bound", {}),
    ("04_manifold", "706baf91"): ("between", {}),
    ("04_manifold", "9668fc44"): ("active", {}),
    ("04_manifold", "a5fa78f0"): None,
}
ALIVE = (
    '<div class="explorer" id="{id}" data-explorer="{name}" data-start="{start}">'
    '<p class="explorer-still">An explorer that moves, where scripts may run.</p></div>'
)
OF_PYTHON = (
    '<div class="explorer" id="{id}">'
    '<p class="explorer-still">Python draws this one: it moves in JupyterLab, '
    "<code>vaehelpers lab</code>.</p></div>"
)


def place(notebook: str, cell: str) -> str:
    """Return the HTML element of a cell's explorer. Raises SiteError for one that is not listed."""
    identity = f"explorer-{html.escape(cell)}"
    try:
        found = PLACES[notebook, cell]
    except KeyError:
        raise SiteError(
            f"cell {cell} of {notebook} shows an explorer; say which in docs/site/explorers.py"
        ) from None
    if found is None:
        return OF_PYTHON.format(id=identity)
    name, start = found
    return ALIVE.format(id=identity, name=name, start=html.escape(json.dumps(start)))


def write_scripts(static: Path) -> None:
    """Write what the explorers need: their style, their script, and a script for each one's data.

    A page that was opened from disk can load scripts, and no other files. Raises SiteError where
    there is no data set to take test images from.
    """
    from vaehelpers.data import load_data  # with torch, which takes a while
    from vaehelpers.errors import DataError
    from vaehelpers.explorers import pages
    from vaehelpers.series.pages import PAGES

    folder = static / FOLDER
    folder.mkdir(parents=True)
    try:
        dataset = load_data()
    except DataError as error:
        raise SiteError(f"the explorers show test images: {error}") from error
    (folder / "explorers.css").write_text(pages.style(), encoding="utf-8")
    script = f"{pages.script()}\nconst explorers = {{}};\n"
    (folder / "explorers.js").write_text(script, encoding="utf-8")
    for name, (kind, make) in PAGES.items():
        given = pages.as_javascript(make(dataset))
        line = f"explorers[{json.dumps(name)}] = {{ kind: {json.dumps(kind)}, given: {given} }};\n"
        (folder / f"{name}.js").write_text(line, encoding="utf-8")
