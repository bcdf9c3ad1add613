"""Settings of the whole test run."""

import os

# Before NumPy is loaded: processes of pytest-xdist share the cores, so each has one thread.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import scale


@pytest.fixture(scope="module")
def iris():
    """Inputs with mean zero and variance one, and three classes."""
    X, y = load_iris(return_X_y=True)
    return scale(X), y
