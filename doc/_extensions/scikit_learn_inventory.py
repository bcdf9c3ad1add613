"""Links to scikit-learn's pages without a download: its inventory, from the installed package."""

import inspect
import zlib

import sklearn

SITE = "https://scikit-learn.org/stable/"
HEADER = """\
# Sphinx inventory version 2
# Project: scikit-learn
# Version: {version}
# The remainder of this file is compressed using zlib.
"""
# Sections that docstrings inherited from scikit-learn refer to.
LABELS = {
    "accuracy_score": ("modules/model_evaluation.html#accuracy-score", "User Guide"),
    "metadata_routing": ("metadata_routing.html#metadata-routing", "User Guide"),
    "r2_score": ("modules/model_evaluation.html#r2-score-the-coefficient-of-determination", "R2"),
}


def _public_objects():
    modules = {"base", "utils", *sklearn.__all__} - {"externals"}
    for module_name in sorted(modules):
        module = getattr(sklearn, module_name)
        if inspect.ismodule(module):
            for name in getattr(module, "__all__", dir(module)):
                yield f"sklearn.{module_name}.{name}", vars(module).get(name)


def _lines():
    for name, member in _public_objects():
        is_public = not name.rpartition(".")[2].startswith("_")
        if is_public and (inspect.isclass(member) or inspect.isfunction(member)):
            role = "class" if inspect.isclass(member) else "function"
            yield f"{name} py:{role} 1 modules/generated/{name}.html#$ -"
    for label, (uri, title) in LABELS.items():
        yield f"{label} std:label -1 {uri} {title}"


def write(path):
    """Write the inventory to a file."""
    header = HEADER.format(version=sklearn.__version__).encode()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(header + zlib.compress("".join(f"{line}\n" for line in _lines()).encode()))
