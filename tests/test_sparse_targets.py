"""Sparse targets: indicators of labels are taken, all else is taken, or refused, as arrays are."""

import numpy as np
import pytest
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import quick
from scipy import sparse
from sklearn.base import is_classifier

NAMES = sorted(name for name in PUBLIC_ESTIMATORS if "Mixture" not in name)
CLASSIFIERS = [name for name in NAMES if is_classifier(quick(name)) and not name.endswith("CV")]
REGRESSORS = [name for name in NAMES if "Regressor" in name]
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
INDICATORS = (X + 0.1 * rng.normal(size=X.shape) > 0).astype(int)


@pytest.mark.parametrize("form", ["csr", "coo"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_sparse_indicators_mean_what_dense_ones_mean(name, form):
    y = sparse.coo_matrix(INDICATORS).asformat(form)
    expected = quick(name).fit(X, INDICATORS).predict(X)
    found = quick(name).fit(X, y).predict(X)
    found = found.toarray() if sparse.issparse(found) else found
    np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore:A column-vector y")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_sparse_column_is_a_column_of_classes(name):
    model = quick(name).fit(X, sparse.csr_matrix(INDICATORS[:, :1]))
    expected = quick(name).fit(X, INDICATORS[:, 0]).predict(X)
    np.testing.assert_array_equal(model.predict(X), expected)


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize(
    "y", [3 * INDICATORS + 1, rng.normal(size=(40, 2))], ids=["classes", "values"]
)
def test_sparse_targets_that_are_no_indicators_are_refused(name, y):
    with pytest.raises(ValueError, match=r"Unknown label type|indicator matrix of labels holds"):
        quick(name).fit(X, sparse.csr_matrix(y))


@pytest.mark.parametrize("name", REGRESSORS)
def test_sparse_values_are_refused(name):
    with pytest.raises(ValueError, match=r"takes dense targets, got a sparse matrix"):
        quick(name).fit(X, sparse.csr_matrix(X))


def test_searches_take_sparse_indicators():
    expected = quick("skprune.OBSMLPClassifierCV").fit(X, INDICATORS).predict(X)
    found = quick("skprune.OBSMLPClassifierCV").fit(X, sparse.csr_array(INDICATORS)).predict(X)
    found = found.toarray() if sparse.issparse(found) else found
    np.testing.assert_array_equal(found, expected)
