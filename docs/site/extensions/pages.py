"""What every page has around its text: buttons, and no more scripts and fonts than it uses."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinxcontrib import katex

from .notebooks import is_notebook

# The theme draws its icons twice: by a font, which is enough, and by 1.5 MB of JavaScript.
ICON_SCRIPT = re.compile(r"<script[^>]*/fontawesome\.js[^>]*></script>")
PATIENCE = 120.0  # seconds for node to start, and for a formula; the extension's own are five
UNUSED = ("_static/scripts/fontawesome.js*", "_static/**/*.map", "_static/*macros.html")


def set_up(app: Sphinx, config: Config) -> None:
    """Take KaTeX from where `tools.py` had npm put it, and give it time on a busy machine.

    The explorers' scripts are where `explorers.py` wrote them.
    """
    katex.STARTUP_TIMEOUT = katex.RENDER_TIMEOUT = PATIENCE
    npm = Path(config.npm_folder)
    config.katex_js_path = str(npm / "node_modules" / "katex" / "dist" / "katex.min.js")
    config.html_static_path += [str(npm / "static"), config.explorers_folder]


def add_filter(app: Sphinx) -> None:
    """Let templates leave out the script of the icons."""
    filters = app.builder.templates.environment.filters
    filters["without_icon_script"] = lambda text: ICON_SCRIPT.sub("", text)


def set_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Offer a notebook, and its PDF if there is one, for download; of other pages, to print."""
    buttons = context.get("header_buttons", [])
    for group in buttons:
        if group.get("label") != "download-buttons":
            continue
        printing = [b for b in group["buttons"] if b["label"] == "download-pdf-button"]
        if is_notebook(app, page):
            name = page.rpartition("/")[2]
            group["buttons"] = [_link(context, f"_sources/{page}.ipynb", ".ipynb", "fas fa-code")]
            if app.tags.has("pdf"):
                group["buttons"].append(
                    _link(context, f"pdf/{name}.pdf", ".pdf", "fas fa-file-pdf")
                )
            else:
                group["buttons"] += printing
        else:
            group["buttons"] = printing


def _link(context: dict[str, Any], path: str, text: str, icon: str) -> dict[str, str]:
    """Return a button of the theme's that leads to a file of the site."""
    return {
        "type": "link",
        "url": context["pathto"](path, 1),
        "text": text,
        "icon": icon,
        "tooltip": f"Download this notebook as {text}",
        "label": f"download{text.replace('.', '-')}-button",
    }


def clear(app: Sphinx, failed: Exception | None) -> None:
    """Remove what the theme brings and no page loads."""
    if not failed:
        for pattern in UNUSED:
            for path in Path(app.outdir).glob(pattern):
                path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("npm_folder", "", "env", str)
    app.add_config_value("explorers_folder", "", "env", str)
    app.connect("config-inited", set_up)
    app.connect("builder-inited", add_filter)
    app.connect("html-page-context", set_buttons, priority=900)
    app.connect("build-finished", clear)
    return {"parallel_read_safe": True}
