"""Inputs so large that networks hardly learn are warned of, and others are not."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skprune import (
    FlatMinimum,
    OBSMLPClassifier,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    SplittingMLPClassifier,
    SplittingMLPRegressor,
)
from skprune._network import Network
from skprune._training.initial_weights import initial_weights
from skprune.datasets import load_monks
from skprune.neural_network._trainer import warn_about_scale

SMALL = {"alpha": 0.1, "direct_links": False, "random_state": 0}
MESSAGE = "Inputs reach .* Scale the inputs"


def years(n_samples=200):
    """A trend over the years, and a column that does not matter."""
    rng = np.random.default_rng(0)
    year = rng.integers(1950, 2021, n_samples)
    return np.c_[year, rng.normal(size=n_samples)], np.sin((year - 1950) / 12)


def warnings_of(model, X, y, **params):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **params)
    return [str(w.message) for w in caught if not issubclass(w.category, ConvergenceWarning)]


def test_training_that_fails_without_another_sign_is_warned_of():
    X, y = years()
    network = PenalizedMLPRegressor(**SMALL)
    with pytest.warns(UserWarning, match=MESSAGE) as caught:
        network.fit(X, y)
    assert len(caught) == 1
    assert network.score(X, y) < 0.1
    assert make_pipeline(StandardScaler(), network).fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
@pytest.mark.parametrize(
    "network",
    [
        PenalizedMLPClassifier(max_iter=5, **SMALL),
        PenalizedMLPClassifier(penalty=FlatMinimum(0.1), max_iter=5, direct_links=False),
        SplittingMLPClassifier(max_hidden=2, max_iter=5),
        OBSMLPClassifier(PenalizedMLPClassifier(max_iter=5, **SMALL), n_weights=0.9),
        OBSMLPClassifier(MLPClassifier((5,), max_iter=5), n_weights=0.9),
    ],
    ids=["penalized", "flat minimum", "splitting", "obs", "obs of scikit-learn"],
)
def test_all_that_train_warn_once(network, load):
    X, y = load(return_X_y=True)
    (message,) = warnings_of(network, X, y)
    assert message.startswith(f"Inputs reach {X.max():.3g}, ")
    assert "StandardScaler" in message


def test_regressors_that_grow_warn():
    assert len(warnings_of(SplittingMLPRegressor(max_hidden=2, max_iter=5), *years())) == 1


def one_hot():
    X, y = load_monks(return_X_y=True)
    return OneHotEncoder(sparse_output=False).fit_transform(X), y


def counts():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    return rng.poisson(rng.gamma(1.0, 3.0, (2, 50))[y]), y


def rare_giants():
    """One sample in fifty, and one column, are far away."""
    X, y = load_iris(return_X_y=True)
    X[::50] *= 1e4
    return X, y


@pytest.mark.parametrize(
    "load",
    [load_iris, load_digits, load_diabetes, one_hot, counts, rare_giants],
    ids=lambda load: load.__name__,
)
def test_inputs_that_units_can_take_are_not(load):
    X = load(return_X_y=True)[0] if load.__module__.startswith("sklearn") else load()[0]
    warn_about_scale(X, (10,))
    warn_about_scale(X, (1,))
    warn_about_scale(sparse.csr_array(X), (10,))


def test_samples_without_weight_and_networks_without_training_or_units_do_not_count():
    X, y = load_iris(return_X_y=True)
    together = np.vstack([X, np.full((300, 4), 1e6)]), np.append(y, np.zeros(300, dtype=int))
    weight = np.repeat([1.0, 0.0], [150, 300])
    network = PenalizedMLPClassifier(max_iter=5, **SMALL)
    assert not warnings_of(network, *together, sample_weight=weight)
    assert warnings_of(network, *together)
    assert not warnings_of(network, X, y)
    frozen = FrozenEstimator(network)
    assert not warnings_of(OBSMLPClassifier(frozen, n_weights=0.9), 1e3 * X, y)
    assert not warnings_of(
        PenalizedMLPClassifier((), max_iter=5, alpha=1e-3, direct_links=False), 1e3 * X, y
    )


@pytest.mark.parametrize("n_features, n_hidden", [(1, 1), (3, 10), (50, 4)])
def test_the_size_is_that_of_net_inputs_of_initial_weights(monkeypatch, n_features, n_hidden):
    x = np.full((1, n_features), 7.0)
    network = Network((n_features, n_hidden, 1), ("tanh", "identity"))
    random_state = np.random.RandomState(0)
    draws = [initial_weights(network, False, random_state) for _ in range(4000)]
    size = np.std([x @ network.unpack(w)[0][0] for w in draws])
    for limit, does_warn in ((0.97 * size, True), (1.03 * size, False)):
        monkeypatch.setattr("skprune.neural_network._trainer._LARGEST_NET_INPUT", limit)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warn_about_scale(x, (n_hidden,))
        assert bool(caught) == does_warn
