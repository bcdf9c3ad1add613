"""Every backend of joblib gives what one process does."""

import numpy as np
import pytest
from joblib import parallel_config
from networks import make_objective
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone

from skprune import (
    LPMLPClassifier,
    LPPerceptronClassifier,
    LPPerceptronClassifierCV,
    LPPerceptronRegressor,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    PenalizedMLPClassifier,
    SplittingGaussianMixtureClassifier,
)
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network

BACKENDS = ["threading", "multiprocessing", "loky"]
SMALL = PenalizedMLPClassifier((2,), alpha=0.1, direct_links=False)
MODELS = [
    LPPerceptronClassifier(),
    LPPerceptronClassifierCV(Cs=4, cv=2),
    LPMLPClassifier(n_hidden=5, random_state=0),
    LPMLPClassifier(n_hidden=5, structure="cascade", random_state=0),
    OBSMLPClassifier(SMALL, n_init=2, random_state=0),
    OBSMLPClassifierCV(SMALL, cv=2, random_state=0),
    SplittingGaussianMixtureClassifier(),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model)[:25])
def test_two_workers_find_what_one_process_does(iris, model, backend):
    X, y = iris
    expected = clone(model).fit(X, y).predict(X)
    with parallel_config(backend=backend, n_jobs=2):
        found = clone(model).fit(X, y).predict(X)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_matrices_that_workers_may_only_read(backend):
    """Arrays of more than a megabyte reach joblib's processes as read-only maps of memory."""
    rng = np.random.default_rng(0)
    X = sparse.random_array((3000, 200), density=0.3, rng=rng, format="csr")
    assert X.data.nbytes > 2**20
    y = X[:, [0, 1]].toarray() @ [[1.0, -1.0], [-1.0, 2.0]]
    model = LPPerceptronRegressor(C=0.01, solver="dual")
    expected = clone(model).fit(X, y).coef_
    with parallel_config(backend=backend, n_jobs=2):
        assert_allclose(clone(model).fit(X, y).coef_, expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_chunks_of_the_curvature(backend):
    network = Network((6, 5, 8), ("tanh", "identity"))
    objective, w = make_objective(0, network, n_samples=400)
    kept = np.arange(network.n_weights)
    with config_context(working_memory=0.1):
        expected = gauss_newton(objective, w, kept)
        with parallel_config(backend=backend, n_jobs=2):
            found = gauss_newton(objective, w, kept)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
