"""How the site is built: `make site`, or `sphinx-build -W -c docs . build/site` from the project's folder.

The sources are the Markdown pages and notebooks where they stand, so a forge shows them as well.
Nothing that is built asks the network: fonts and icons come with the theme, and no page has
formulas that need MathJax.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "_ext")]

import mqsim  # noqa: E402

project = "mqsim"
author = "The mqsim authors"
project_copyright = "The mqsim authors"
release = version = mqsim.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mqsim_site"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "docs/how-to/*.md",
    "lessons/**.md",
    "notebooks/*.ipynb",
    "notebooks/README.md",
    "exercises/*.md",
    "exercises/*/README.md",
    "exercises/autograder/**.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
]
exclude_patterns = ["build", ".venv", "mqsim-notebooks", "changelog.d"]
html_static_path = ["_static"]

# Pages say `../docs/glossary.md#prefetch`; headings get the names that a forge gives them.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
# A page of the project may link to a file that is no page of the site.
myst_all_links_external = False
# The notebooks are kept with the outputs of a run; a test holds that they are fresh.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "sphinx_book_theme"
html_title = "mqsim"
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
# Summaries of what was found are fetched page by page, which a browser refuses for files.
html_show_search_summary = False
html_last_updated_fmt = None
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_persistent": [],
    "secondary_sidebar_items": {"**": ["page-toc"], "docs/index": []},
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navigation_with_keys": False,
    "show_navbar_depth": 1,
}
