"""The font of the theme's icons, with those that the site uses: a tenth of its bytes."""

import logging
import re
from pathlib import Path

from fontTools import subset
from sphinx.application import Sphinx

# Beside it lie fonts of brands' icons and of outlines, which no page asks for.
FONT = "_static/vendor/fontawesome/webfonts/fa-solid-900.woff2"
NAME = re.compile(r"\bfa-[a-z-]+")
# A rule such as .fa-bars,.fa-navicon{--fa:"\f0c9"}
RULE = re.compile(r'((?:\.fa-[\w-]+,?)+)\{--fa:"\\([0-9a-f]+)"\}')
CONTENT = re.compile(r'content:\s*"\\(f[0-9a-f]{3})"')


def signs(names: set[str], styles: str) -> set[int]:
    """Return the code points of icons: of these names, and those that a style writes itself."""
    found = {int(code, 16) for code in CONTENT.findall(styles)}
    for selectors, code in RULE.findall(styles):
        if names & set(NAME.findall(selectors)):
            found.add(int(code, 16))
    return found


def shrink(app: Sphinx, failed: Exception | None) -> None:
    """Leave in the font what the site's pages show."""
    if failed:
        return
    out = Path(app.outdir)
    names: set[str] = set()
    for path in [*out.rglob("*.html"), *out.glob("_static/scripts/*.js")]:
        names.update(NAME.findall(path.read_text(encoding="utf-8")))
    styles = "".join(path.read_text(encoding="utf-8") for path in out.glob("_static/**/*.css"))
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells each step
    options = subset.Options(flavor="woff2")
    font = subset.load_font(out / FONT, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=signs(names, styles))
    subsetter.subset(font)
    subset.save_font(font, out / FONT, options)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", shrink, priority=900)
    return {"parallel_read_safe": True}
