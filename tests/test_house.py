"""The source keeps to its measures: packages of one subject, small files, short functions."""

import ast
from pathlib import Path

import pytest

import skprune

ROOT = Path(skprune.__file__).parent
MAX_LINES = 500  # of a file, docstrings counted apart
MAX_BODY = 40  # lines of a function, without signature and docstring

FILES = sorted(ROOT.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))


def docstring_lines(node):
    """Lines of the docstring of a module, class or function."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return node.body[0].end_lineno - node.body[0].lineno + 1


def nodes_of(path, *kinds):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def body_lines(function):
    """Lines from the first statement, or the comment above it, to the last."""
    first = function.body[0]
    start = first.end_lineno + 1 if docstring_lines(function) else first.lineno
    return function.end_lineno - start + 1


def test_no_private_module_lies_flat_beside_the_packages():
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]


@each_file
def test_files_are_small(path):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines - sum(map(docstring_lines, nodes_of(path, *kinds))) <= MAX_LINES


@each_file
def test_functions_are_short(path):
    bodies = {node.name: body_lines(node) for node in nodes_of(path, ast.FunctionDef)}
    assert {name: size for name, size in bodies.items() if size > MAX_BODY} == {}


@each_file
def test_modules_tell_their_job(path):
    assert docstring_lines(ast.parse(path.read_text(encoding="utf-8")))


@each_file
def test_module_names_are_bound_once(path):
    """A second constant of the same name would take the first one's place without a word."""
    bound = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.append(node.name)
        elif isinstance(node, ast.Assign):
            names = (name for target in node.targets for name in ast.walk(target))
            bound += [name.id for name in names if isinstance(name, ast.Name)]
    assert len(bound) == len(set(bound))
