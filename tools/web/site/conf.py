"""Sphinx's settings for the web edition; `tools/website.py` calls it."""

from typing import Any

project = "Neural-network quantization"
html_title = "Neural-network quantization, computed in front of you"
language = "en"
extensions = ["myst_nb"]
exclude_patterns = ["static"]

# Lessons are shown with the outputs that are stored in them.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}  # no kernel, no widgets, and no script for them
nb_number_source_lines = False
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
myst_heading_slug_func = "tools.website.anchor"  # a link to a heading as in Jupyter

# Everything is in the folder itself: no font, no script and no style from elsewhere.
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["course.css"]
mathjax_path = "mathjax.js"
mathjax_options = {"defer": "defer"}
mathjax3_config = {"svg": {"fontCache": "local"}, "options": {"enableMenu": False}}
html_copy_source = False
html_use_index = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = False  # a page read from a disk may not fetch another
html_theme_options = {"navigation_with_keys": True}


def setup(app: Any) -> None:
    """Load Mermaid on the pages that have a diagram; it is 2.5 MB."""

    def page(app: Any, _name: str, _template: str, context: dict, _tree: Any) -> None:
        if '<pre class="mermaid">' in context.get("body", ""):
            app.add_js_file("mermaid.tiny.js")
            app.add_js_file("diagrams.js")

    app.connect("html-page-context", page)
