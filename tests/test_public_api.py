"""The public names: importable, of moderate size, complete and checked."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from public_api import PUBLIC_ESTIMATORS, PUBLIC_MODULES
from sklearn.base import BaseEstimator
from sklearn.utils import all_estimators

import skprune

MAX_PARAMETERS = 18

each_estimator = pytest.mark.parametrize("name", PUBLIC_ESTIMATORS)


@pytest.mark.parametrize("module", PUBLIC_MODULES)
def test_exported_names_exist_once(module):
    assert hasattr(PUBLIC_MODULES[module], "__all__"), "a public module says what it exports"
    exported = PUBLIC_MODULES[module].__all__
    assert len(set(exported)) == len(exported)
    assert [name for name in exported if not hasattr(PUBLIC_MODULES[module], name)] == []


def test_every_estimator_is_exported_from_the_top():
    """Estimators are what no other class of skprune derives from."""
    defined, bases = set(), set()
    for module in pkgutil.walk_packages(skprune.__path__, "skprune."):
        if module.name.startswith("skprune.hmm"):  # needs an extra, so the top is without it
            continue
        for _, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            is_ours = issubclass(cls, BaseEstimator) and cls.__module__.startswith("skprune")
            if is_ours and hasattr(cls, "fit"):
                defined.add(cls.__name__)
                bases |= {base.__name__ for base in cls.__mro__[1:]}
    public = {name for name in defined - bases if not name.startswith("_")}
    assert len(public) > 10
    assert public <= set(skprune.__all__)


@each_estimator
def test_constructor_is_short_and_has_defaults(name):
    parameters = inspect.signature(PUBLIC_ESTIMATORS[name]).parameters
    assert len(parameters) <= MAX_PARAMETERS
    assert [p for p in parameters.values() if p.default is p.empty] == []


@each_estimator
def test_no_concrete_estimator_of_scikit_learn_is_subclassed(name):
    concrete = {cls for _, cls in all_estimators()}
    assert concrete.isdisjoint(PUBLIC_ESTIMATORS[name].__mro__)


@each_estimator
def test_estimator_is_put_through_scikit_learns_checks(name):
    sources = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    checking = [text for text in sources if "@parametrize_with_checks" in text]
    assert any(PUBLIC_ESTIMATORS[name].__name__ in text for text in checking)
