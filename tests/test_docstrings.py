"""Every public docstring passes numpydoc's checks, as chosen in pyproject.toml."""

import inspect
import tomllib
from pathlib import Path

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate
from public_api import PUBLIC_OBJECTS

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
CHECKS = set(PYPROJECT["tool"]["numpydoc_validation"]["checks"])


def own_methods():
    """Public methods and properties written in skprune, each once however often inherited."""
    methods = {}
    for class_name, cls in PUBLIC_OBJECTS.items():
        if not inspect.isclass(cls):
            continue
        for name, member in inspect.getmembers(cls):
            code = member.fget if isinstance(member, property) else member
            module = getattr(code, "__module__", None) or ""
            if not name.startswith("_") and callable(code) and module.startswith("skprune"):
                methods.setdefault((module, code.__qualname__), f"{class_name}.{name}")
    return sorted(methods.values())


@pytest.mark.parametrize("name", [*PUBLIC_OBJECTS, *own_methods()])
def test_docstring_is_valid(name):
    found = {code: message for code, message in validate(name)["errors"] if code in CHECKS}
    assert found == {}


@pytest.mark.parametrize("name", PUBLIC_OBJECTS)
def test_every_public_object_has_a_doctested_example(name):
    assert ">>> " in "\n".join(get_doc_object(PUBLIC_OBJECTS[name])["Examples"])
