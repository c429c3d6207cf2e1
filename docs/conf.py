"""How the documentation is built: ``python -m sphinx -W --keep-going docs build/docs``.

The pages are Markdown that reads well without the site too; the gallery is made by
running the examples.
"""

import os
import re
import sys
import warnings
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "lgta_sklearn"
author = "lgta_sklearn developers"
copyright = author
version = release = version_of("lgta-sklearn")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
]
root_doc = "index"
templates_path = ["_templates"]
exclude_patterns = ["benchmarks/*_notes.md", "build", "_templates"]

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

default_role = "py:obj"
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections have the types
numpydoc_show_class_members = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "lgta_sklearn"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "lgta_sklearn"},
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
}
html_sidebars = {"index": [], "start": [], "changes": []}

# EXAMPLES=plot_quickstart runs one example, EXAMPLES=none only makes the other pages
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": os.environ.get("EXAMPLES", r"plot_"),
    "within_subsection_order": "example_order.ExampleOrder",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "matplotlib_animations": False,
    "only_warn_on_example_error": False,
    "default_thumb_file": str(HERE / "images" / "quickstart.png"),
    "min_reported_time": 0,
    "backreferences_dir": "api/backreferences",
    "doc_module": ("lgta_sklearn",),
}
# what libraries say to their developers is not for readers of the gallery
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning)


def list_public_names():
    """Write the page that lists every public name, before Sphinx looks for pages."""
    import lgta_sklearn

    title = "Public names of the package"
    names = "".join(f"   {name}\n" for name in lgta_sklearn.__all__)
    page = HERE / "api" / "public.rst"
    page.parent.mkdir(exist_ok=True)
    page.write_text(
        f"{title}\n{'=' * len(title)}\n\n.. currentmodule:: lgta_sklearn\n\n"
        f".. autosummary::\n   :toctree: .\n\n{names}"
    )


list_public_names()


def link_gallery(app, docname, source):
    """Let links to the examples' files lead to their pages."""
    up = "../" * docname.count("/")
    source[0] = re.sub(
        r"\]\((?:\.\./)+examples/(plot_\w+)\.py\)",
        rf"]({up}gallery/\1.rst)",
        source[0],
    )


def setup(app):
    """Register what this file adds."""
    app.connect("source-read", link_gallery)
