"""Sparse inputs of any make give what dense ones give, and stay as they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import outputs, quick
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import get_tags

from skprune import (
    LPPerceptronClassifier,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    lp_perceptron_path,
)
from skprune._estimator.data import canonical

TAKE_SPARSE = [name for name in PUBLIC_ESTIMATORS if get_tags(quick(name)).input_tags.sparse]


@pytest.fixture(scope="module")
def table():
    """Thirty patterns with entries of different sizes, a third of them zero."""
    rng = np.random.default_rng(0)
    X = np.round(rng.standard_normal((30, 5)), 3) * (rng.random((30, 5)) < 0.67)
    X[:, 4] *= 1e4
    return X, X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(30)


def unsorted(X):
    """Indices of each row from the last to the first."""
    X = X if sparse.issparse(X) else sparse.csr_array(X)
    order = np.concatenate([np.arange(*ends)[::-1] for ends in zip(X.indptr[:-1], X.indptr[1:])])
    return sparse.csr_array((X.data[order], X.indices[order], X.indptr), shape=X.shape)


def duplicated(X):
    """Every entry as two halves, whose sum is exact."""
    X = sparse.csr_array(X)
    return sparse.csr_array(
        (np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), 2 * X.indptr), shape=X.shape
    )


def read_only(X):
    X = X if sparse.issparse(X) else sparse.csr_array(X)
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    return X


def wrongly_flagged(X):
    """Arrays that were changed after SciPy had found them in order."""
    X = sparse.csr_matrix(X)
    assert X.has_canonical_format
    found = unsorted(X)
    X.data[:], X.indices[:] = found.data, found.indices
    return X


def with_zeros(X):
    """Zeros that are stored."""
    rows, columns = np.indices(X.shape)
    return sparse.csr_array((X.ravel(), (rows.ravel(), columns.ravel())), shape=X.shape)


def long_indices(X):
    X = duplicated(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


MAKES = [
    unsorted,
    duplicated,
    read_only,
    wrongly_flagged,
    with_zeros,
    long_indices,
    sparse.csc_matrix,
    sparse.coo_array,
]


def parts(X):
    names = ("data", "indices", "indptr", "row", "col")
    return {name: getattr(X, name).copy() for name in names if hasattr(X, name)}


def assert_unchanged(given, before):
    assert before.keys() == parts(given).keys()
    for part, values in before.items():
        assert_array_equal(getattr(given, part), values, err_msg=part)


def as_array(values):
    values = values.item() if values.dtype == object else values
    return values.toarray() if sparse.issparse(values) else values


def fitted(name, X, y):
    estimator = quick(name)
    return estimator.fit(X, y > 0 if is_classifier(estimator) else y)


@pytest.mark.parametrize("make", MAKES)
def test_canonical_form(table, make):
    X = table[0]
    given = make(X)
    before = parts(given)
    found = canonical(given.tocsr() if given.format != "csr" else given)
    rebuilt = sparse.csr_array((found.data, found.indices, found.indptr), shape=found.shape)
    assert rebuilt.has_canonical_format
    assert found.data.flags.writeable
    assert_array_equal(found.toarray(), X)
    assert_unchanged(given, before)


def test_what_is_canonical_is_not_copied(table):
    given = sparse.csr_array(table[0])
    found = canonical(given)
    assert found is not given
    assert np.shares_memory(found.data, given.data)
    assert np.shares_memory(found.indices, given.indices)


@pytest.mark.parametrize("name", TAKE_SPARSE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:No feature|Inputs reach|The chosen network")
def test_the_make_of_a_sparse_matrix_does_not_matter(name, table):
    X, y = table
    expected = outputs(fitted(name, sparse.csr_array(X), y), sparse.csr_array(X))
    given = unsorted(duplicated(X))
    before = parts(given)
    found = outputs(fitted(name, given, y), given)
    for method, values in expected.items():
        assert_allclose(as_array(found[method]), as_array(values), rtol=1e-9, err_msg=method)
    assert_unchanged(given, before)


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("solver", ["dual", "constraint_generation", "feature_generation"])
def test_perceptrons_and_paths(table, make, fit_intercept, solver):
    X, y = table
    params = dict(fit_intercept=fit_intercept, solver=solver)
    given = make(X)
    before = parts(given)
    sparsely = LPPerceptronClassifier(2.0, **params).fit(given, y > 0)
    densely = LPPerceptronClassifier(2.0, **params).fit(X, y > 0)
    assert_allclose(sparsely.objective_, densely.objective_, rtol=1e-9)
    assert_allclose(
        lp_perceptron_path(given, y > 0, Cs=3, **params)[0],
        lp_perceptron_path(X, y > 0, Cs=3, **params)[0],
    )
    assert_unchanged(given, before)


@pytest.mark.parametrize("Model", [PenalizedMLPClassifier, PenalizedMLPRegressor])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
def test_sparse_weights_predict_what_dense_ones_do(table, Model, dtype):
    X, y = table
    X = np.rint(X / [1, 1, 1, 1, 1e4]).astype(dtype)
    model = Model((3,), alpha=0.1, random_state=0, n_init=1).fit(
        X, y > 0 if Model is PenalizedMLPClassifier else y
    )
    makes = [np.asarray, *MAKES]
    expected = [outputs(model, make(X)) for make in makes]
    model.sparsify()
    for make, wanted in zip(makes, expected):
        found = outputs(model, make(X))
        for method, values in wanted.items():
            assert_allclose(found[method], values, rtol=1e-5, err_msg=f"{make} {method}")
