"""How Sphinx builds the site: `make site` calls it with the folder that `staging.py` filled."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # the site's extensions, and the package

import vaehelpers  # noqa: E402  (found by the line above)

project = "Transformers and VAEs from running code"
author = "the vaehelpers authors"
version = release = vaehelpers.__version__
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinxcontrib.katex",
    "extensions.anchors",
    "extensions.boxes",
    "extensions.notebooks",
    "extensions.files",
    "extensions.formulas",
    "extensions.glossary",
    "extensions.icons",
    "extensions.pages",
    "extensions.spelling",
]
templates_path = [str(HERE / "templates")]

# Notebooks: their stored outputs, never executed.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# API: the docstrings of the public names. In them `name` is code.
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
viewcode_line_numbers = True

# Formulas become HTML now, by node; no page loads a script for them.
katex_prerender = True
katex_css_path = "katex/katex.min.css"

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = [str(HERE / "static")]
html_css_files = ["site.css", "explorers/explorers.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_copy_source = True
html_use_index = False  # the search finds what an index would
html_domain_indices = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "navbar_persistent": [],
    "show_toc_level": 2,
    "extra_footer": f"vaehelpers {release}. Text and figures: CC-BY-4.0. Code: MIT licence.",
    "back_to_top_button": False,  # on a phone it lies on the controls
    "use_fullscreen_button": False,
    "pygments_light_style": "github-light-high-contrast",
    "pygments_dark_style": "github-dark-high-contrast",
}
copybutton_prompt_text = "$ "
copybutton_exclude = ".linenos, .gp, .go"
