"""Types for those who check them: hints on public functions, and the marker that they hold."""

import inspect
import typing
from importlib import resources

import pytest
from public_api import PUBLIC_OBJECTS

FUNCTIONS = sorted(name for name, member in PUBLIC_OBJECTS.items() if inspect.isfunction(member))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_have_type_hints(name):
    function = inspect.unwrap(PUBLIC_OBJECTS[name])
    hints = typing.get_type_hints(function)
    assert hints.keys() == {*inspect.signature(function).parameters, "return"}


def test_the_marker_is_part_of_the_package():
    assert (resources.files("skprune") / "py.typed").is_file()
