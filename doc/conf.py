"""Sphinx settings."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

import api_pages  # noqa: E402
import markdown_pages  # noqa: E402
import scikit_learn_inventory  # noqa: E402

import skprune  # noqa: E402

project = "skprune"
author = "The skprune developers"
copyright = "The skprune developers, BSD-3-Clause licence"
version = release = skprune.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
    "mathml",
]
exclude_patterns = ["_build", "_templates", "_extensions"]
templates_path = ["_templates"]

api_pages.write(HERE / "api")
scikit_learn_inventory.write(HERE / "api" / "scikit_learn.inv")
markdown_pages.write(HERE.parent / "benchmarks" / "README.md", HERE / "api" / "benchmarks.inc")
intersphinx_mapping = {
    "sklearn": (scikit_learn_inventory.SITE, str(HERE / "api" / "scikit_learn.inv"))
}
autosummary_generate = True
autodoc_typehints = "none"
# Members are documented by autodoc, on the class's own page.
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"/(?!plot_)[^/]*\.py$",
    "doc_module": ("skprune",),
    "reference_url": {"skprune": None},
    "remove_config_comments": True,
    "backreferences_dir": "api/generated/backreferences",
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,  # a page that takes scripts from elsewhere
    "min_reported_time": 1,
}

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_title = "skprune"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skprune"},
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "show_prev_next": False,
}
html_sidebars = {"index": [], "benchmarks": [], "bibliography": []}


def skip_foreign_plumbing(app, what, name, obj, skip, options):
    """Leave out metadata requests and output settings, which scikit-learn documents."""
    module = getattr(obj, "__module__", None) or ""
    return skip or module.startswith("sklearn.utils")


def setup(app):
    """Connect the event handlers."""
    app.connect("autodoc-skip-member", skip_foreign_plumbing)
