"""Imports go down only, so each layer can be read, tested and used without those above it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skprune

ROOT = Path(skprune.__file__).parent

# From the bottom up; a part imports from the layers below its own. One line a package: a new
# package directly below skprune/ takes its place here.
LAYERS = [
    {"_numerics"},
    {"_estimator"},
    {"_network"},
    {"_gauss_newton", "_linear_program", "_mixture"},
    {"_curvature", "_fitted"},
    {"_training"},
    {"_growing", "_pruning", "_refining"},
    {"hmm", "linear_model", "mixture"},
    {"neural_network"},
    {"inspection"},
    {"feature_selection"},
    {"__init__"},
]
LEVEL = {part: level for level, parts in enumerate(LAYERS) for part in parts}
# Of the private packages, `_fitted` reads estimators and `_estimator` serves them.
CORE = {part for part in set().union(*LAYERS) if part.startswith("_")}
CORE -= {"_estimator", "_fitted", "__init__"}
STANDALONE = {"datasets"}
ESTIMATORS_OF_OTHERS = {"base", "linear_model", "mixture", "neural_network", "pipeline"}

IMPORT_ALL = """
import importlib.util, pkgutil, sys, skprune
for module in pkgutil.walk_packages(skprune.__path__, "skprune."):
    if "skprune.hmm" not in module.name or importlib.util.find_spec("hmmlearn"):
        importlib.import_module(module.name)
print(*sys.modules)
"""

FILES = sorted(ROOT.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))


def part_of(path):
    """The name, directly below ``skprune``, that a file belongs to."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(path):
    """Absolute dotted names, as tuples, of all that a file imports, inside functions too."""
    package = ("skprune", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            yield from ((*base, *module, alias.name) for alias in node.names)


@each_file
def test_imports_go_down(path):
    part = part_of(path)
    imported = {name[1] for name in imports_of(path) if name[0] == "skprune" and len(name) > 1}
    imported -= {part}
    if part in STANDALONE:
        assert not imported
    elif part == "__init__":
        assert imported <= LEVEL.keys() | STANDALONE
    else:
        assert part in LEVEL, f"{part} has no place in LAYERS yet"
        assert {
            other for other in imported if LEVEL.get(other, len(LAYERS)) >= LEVEL[part]
        } == set()


@each_file
def test_the_core_knows_nothing_of_estimators(path):
    used = {name[1] for name in imports_of(path) if name[0] == "sklearn" and len(name) > 1}
    assert part_of(path) not in CORE or not used & ESTIMATORS_OF_OTHERS


def test_matplotlib_is_imported_only_when_something_is_drawn():
    loaded = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "skprune.datasets._monks" in loaded
    assert "matplotlib" not in loaded
