"""The site, built by Sphinx from the markdown in this folder; it loads nothing from a network."""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from sphinx.application import Sphinx

import contents
from unstuck.charts import DARK, PALETTE

project = "unstuck"
extensions = ["myst_nb", "mathml"]
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_update_mathjax = False
html_math_renderer = "mathml"
highlight_language = "none"

html_theme = "furo"
html_title = "unstuck"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    f"{theme}_css_variables": {f"color-brand-{part}": color for part in ("primary", "content")}
    for theme, color in {"light": PALETTE["accent"], "dark": DARK["accent"]}.items()
}
html_copy_source = False
html_show_copyright = False
html_use_index = False


def _with_toctrees(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] += contents.toctrees(page)


def _with_notebook(app: Sphinx, page: str, source: list[str]) -> None:
    # The file is a link to the one that the tests run: Sphinx would follow it, and find no page there.
    to_file = rf"\[(.*)\]\({contents.NOTEBOOK}\.ipynb\)"
    source[0] = re.sub(to_file, rf"{{doc}}`\1 <{contents.NOTEBOOK}>`", source[0])


def _with_short_sidebar(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    # Unfolded only where the page stands: 145 pages that each list all 145 are large, and slow to make.
    if "toctree" in context:
        whole = context["toctree"]
        context["toctree"] = lambda **options: whole(**options | {"collapse": True})


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _with_toctrees)
    app.connect("source-read", _with_notebook)
    app.connect("html-page-context", _with_short_sidebar, priority=400)  # before the theme's
