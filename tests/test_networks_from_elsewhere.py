"""Weights trained elsewhere enter through scikit-learn's MLPs; what cannot be right is told so."""

import re

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier

from skprune import OBSMLPClassifier
from skprune.inspection import export_text


def network_of(iris, coefs, intercepts):
    """A scikit-learn network with given weights, which has seen what it needs of the data."""
    X, y = iris
    network = MLPClassifier((5,), activation="tanh").partial_fit(X, y, classes=np.unique(y))
    network.coefs_, network.intercepts_ = coefs, intercepts
    return network


def trained_weights(iris):
    X, y = iris
    network = MLPClassifier((5,), activation="tanh", alpha=0.5, solver="lbfgs", random_state=0)
    network.fit(X, y)
    return network.coefs_, network.intercepts_


def test_weights_in_single_precision_are_pruned(iris):
    X, y = iris
    coefs, intercepts = trained_weights(iris)
    single = [[part.astype(np.float32) for part in parts] for parts in (coefs, intercepts)]
    network = network_of(iris, *single)
    pruned = OBSMLPClassifier(FrozenEstimator(network), n_weights=1.0, retrain="never").fit(X, y)
    np.testing.assert_allclose(pruned.predict_proba(X), network.predict_proba(X), atol=1e-5)
    assert pruned.coefs_[0].dtype == np.float64
    smaller = OBSMLPClassifier(FrozenEstimator(network)).fit(X, y)
    assert smaller.n_weights_ < 43 and smaller.score(X, y) > 0.95


def transposed(coefs, intercepts):
    return [coef.T for coef in coefs], intercepts


def without_last_intercept(coefs, intercepts):
    return coefs, intercepts[:-1]


def with_short_intercept(coefs, intercepts):
    return coefs, [intercepts[0], intercepts[1][:2]]


def with_foreign_layer(coefs, intercepts):
    return [coefs[0], np.ones((6, 3))], intercepts


@pytest.mark.parametrize(
    "spoil", [transposed, without_last_intercept, with_short_intercept, with_foreign_layer]
)
def test_weights_that_do_not_fit_together_are_named(iris, spoil):
    X, y = iris
    network = network_of(iris, *spoil(*trained_weights(iris)))
    shapes = ", ".join(str(coef.shape) for coef in network.coefs_)
    message = rf"MLPClassifier do not fit together.*{re.escape(shapes)}.*transpose"
    with pytest.raises(ValueError, match=message):
        OBSMLPClassifier(FrozenEstimator(network)).fit(X, y)
    with pytest.raises(ValueError, match=message):
        export_text(network)
