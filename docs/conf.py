"""Settings of the documentation site: ``nox -s docs`` builds it in ``docs/_build/html``.

Nothing is loaded from the network, neither by the build nor by the pages.
"""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

import featkit  # noqa: E402

# Tutorials import `made_data` from their folder.
SEARCHED = [str(DOCS / "tutorials"), os.environ.get("PYTHONPATH", "")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, SEARCHED))

project = "featkit"
author = "The featkit developers"
project_copyright = "the featkit developers, MIT licence"
release = version = featkit.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
    "accessible",
    "mathml",
    "repository_links",
    "project_pages",
    "command_pages",
    "catalogue",
    "api_pages",
]
source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
exclude_patterns = ["_blocks", "_build", "_checks", "_extensions", "_static", "conftest.py"]

# Warnings are errors (``-W -n``).
nitpicky = True

# Markdown: headings have the anchors of a code host.
myst_heading_anchors = 6
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_update_mathjax = False
html_math_renderer = "mathml"

# Pages with `{code-cell}` blocks are executed once, until a cell of theirs changes.
nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "cells")
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_merge_streams = True
# The scripts of widgets would be loaded from the network.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

# Docstrings are numpydoc; backquotes are links to public names, or code.
default_role = "py:obj"
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = f"featkit {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
# Summaries of search results would need a server; pages are also read as files.
html_show_search_summary = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
pygments_style = "default"
pygments_dark_style = "monokai"
copybutton_exclude = ".linenos, .gp, .go"
