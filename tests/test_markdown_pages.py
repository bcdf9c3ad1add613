"""Markdown pages of the repository come out whole in the documentation."""

import importlib.util
import re
from pathlib import Path

import docutils.nodes
import pytest

ROOT = Path(__file__).parents[1]
publish_doctree = pytest.importorskip("docutils.core").publish_doctree


def load_converter():
    path = ROOT / "doc" / "_extensions" / "markdown_pages.py"
    spec = importlib.util.spec_from_file_location("markdown_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.to_rst


to_rst = load_converter()


def parse(markdown):
    return publish_doctree(to_rst(markdown), settings_overrides={"halt_level": 2})


def test_benchmarks_are_complete():
    text = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    tree = parse(text)
    tables = list(tree.findall(docutils.nodes.table))
    rules = re.findall(r"^\|[ |:-]+\|$", text, flags=re.M)
    assert len(tables) == len(rules) > 5
    rows = sum(len(list(table.findall(docutils.nodes.row))) for table in tables)
    assert rows == len(re.findall(r"^\|", text, flags=re.M)) - len(rules)
    titles = {node.astext() for node in tree.findall(docutils.nodes.title)}
    titles |= {node.astext() for node in tree.findall(docutils.nodes.subtitle)}
    assert titles == set(re.findall(r"^##+ (.*)$", text, flags=re.M))


def test_what_stands_in_cells_is_kept():
    tree = parse("# T\n\n| `a_b` | c_d | e |\n| --- | --- | --- |\n| 1e-6 | [x](y.html) | |\n")
    cells = [entry.astext() for entry in tree.findall(docutils.nodes.entry)]
    assert cells == ["a_b", "c_d", "e", "1e-6", "x", ""]
    assert [link["refuri"] for link in tree.findall(docutils.nodes.reference)] == ["y.html"]


def test_blocks():
    tree = parse("# T\n\n## Part\n\nText *stressed*.\n\n* one\n* two_\n\n```bash\na  b\n```\n")
    assert [node.astext() for node in tree.findall(docutils.nodes.emphasis)] == ["stressed"]
    assert [node.astext() for node in tree.findall(docutils.nodes.list_item)] == ["one", "two_"]
    assert [node.astext() for node in tree.findall(docutils.nodes.literal_block)] == ["a  b"]


def test_a_row_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="has 1 cells, not 2"):
        to_rst("# T\n\n| a | b |\n| --- | --- |\n| 1 |\n")
