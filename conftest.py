"""Settings of the whole test run, of the examples in docstrings and in the guide, too."""

import os
from importlib.util import find_spec

# Before NumPy is loaded: processes of pytest-xdist share the cores, so each has one thread.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

import hypothesis
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale

# The page runs callbacks, which scikit-learn has since 1.9.
if find_spec("sklearn.callback") is None:
    collect_ignore = ["doc/guide/progress.rst"]

# A run is the same every time; another seed tries other starts, and other examples of Hypothesis.
SEED = os.environ.get("SKPRUNE_TESTS_RANDOM_SEED")
hypothesis.settings.register_profile("skprune", derandomize=SEED is None, deadline=None)
hypothesis.settings.load_profile("skprune")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Seed what estimators without `random_state` draw from, before the fixtures of a test."""
    np.random.seed(int(SEED or 0))  # noqa: NPY002


@pytest.fixture(scope="module")
def iris():
    """Inputs with mean zero and variance one, and three classes."""
    X, y = load_iris(return_X_y=True)
    return scale(X), y
