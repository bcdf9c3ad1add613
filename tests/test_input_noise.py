"""Noise on the inputs: a part of the loss that networks are trained for and pruned by."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from skprune import (
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._noise import with_noisy_copies
from skprune.inspection import HessianDisplay


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


def stacked(noise, X, y, sample_weight=None):
    """The same copies as data of their own."""
    X, targets, weights = with_noisy_copies(noise, X, y[:, None], sample_weight)
    return X, targets[:, 0], weights


def test_the_weight_of_a_sample_is_shared_by_its_copies(iris):
    X, y = iris
    weights = np.linspace(0.1, 2.0, len(y))
    X_all, targets, shared = with_noisy_copies(0.3, X, y[:, None], weights)
    assert_array_equal(X_all[: len(y)], X)
    assert_allclose(shared.reshape(-1, len(y)).sum(axis=0), weights)
    assert_array_equal(targets.reshape(-1, len(y)), np.tile(y, (5, 1)))
    noise = (X_all.reshape(5, *X.shape) - X)[1:]
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert abs(noise.mean()) < 0.02
    corner = np.corrcoef(noise.reshape(4, -1))
    assert np.abs(corner - np.eye(4)).max() < 0.15


def test_without_noise_the_data_are_left_alone(iris):
    X, y = iris
    sparse = csr_matrix(X)
    X_same, y_same, weights = with_noisy_copies(0.0, sparse, y)
    assert X_same is sparse and y_same is y and weights is None


def test_a_sample_of_weight_zero_changes_nothing(iris):
    X, y = iris
    weights = np.ones(len(y))
    weights[::7] = 0.0
    seen = weights > 0
    with_it = with_noisy_copies(0.3, X, y[:, None], weights)
    without = with_noisy_copies(0.3, X[seen], y[seen][:, None])
    for part, expected in zip(with_it, without):
        assert_array_equal(part, expected)


def test_training_is_that_on_the_copies(iris):
    X, y = iris
    sample_weight = np.random.RandomState(0).uniform(size=len(y))
    noisy = PenalizedMLPClassifier((3,), alpha=0.1, input_noise=0.3, random_state=0)
    plain = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0)
    noisy.fit(X, y, sample_weight=sample_weight)
    X_all, y_all, weights = stacked(0.3, X, y, sample_weight)
    plain.fit(X_all, y_all, sample_weight=weights)
    for coef, other in zip(noisy.coefs_, plain.coefs_):
        assert_allclose(coef, other, rtol=1e-6, atol=1e-8)
    assert noisy.loss_ == pytest.approx(plain.loss_)
    assert (noisy.input_noise_, plain.input_noise_) == (0.3, 0.0)


def test_pruning_is_that_on_the_copies(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, input_noise=0.3, random_state=0).fit(X, y)
    X_all, y_all, weights = stacked(0.3, X, y)
    plain = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0)
    plain.fit(X_all, y_all, sample_weight=weights)
    noisy = OBSMLPClassifier(FrozenEstimator(network), n_weights=10).fit(X, y)
    other = OBSMLPClassifier(FrozenEstimator(plain), n_weights=10)
    other.fit(X_all, y_all, sample_weight=weights)
    assert noisy.input_noise_ == 0.3
    assert noisy.loss_ == pytest.approx(other.loss_, rel=1e-5)
    assert_array_equal(noisy.path_["layer"], other.path_["layer"])
    for coef, expected in zip(noisy.coefs_, other.coefs_):
        assert_allclose(coef, expected, rtol=1e-3, atol=1e-4)
    # What is done to the pruned network goes by the same loss.
    for refined, expected in (
        (noisy.swap_weights(X, y, max_swaps=0), noisy.loss_),
        (noisy.round_weights(X, y, decimals=12, threshold=None), noisy.loss_),
    ):
        assert refined.loss_ == pytest.approx(expected, rel=1e-6)
    again = OBSMLPClassifier(FrozenEstimator(noisy), n_weights=8).fit(X, y)
    assert again.input_noise_ == 0.3
    curvature = HessianDisplay.from_estimator(noisy, X, y).hessian
    assert_allclose(
        curvature,
        HessianDisplay.from_estimator(other, X_all, y_all, sample_weight=weights).hessian,
        rtol=1e-2,
        atol=1e-4,
    )


def test_linear_models_are_ridge_regression():
    """For squared errors of a linear model, noise is weight decay by its mean square."""
    X, y = make_regression(20_000, 5, noise=1.0, random_state=0)
    X, y = scale(X), scale(y)
    noisy = PenalizedMLPRegressor((), alpha=0.0, input_noise=0.5, tol=1e-8).fit(X, y)
    shrunk = Ridge(alpha=len(y) * 0.5**2 * 4 / 5).fit(X, y)
    assert_allclose(noisy.coefs_[0][:, 0], shrunk.coef_, atol=0.01)
    plain = PenalizedMLPRegressor((), alpha=0.0, tol=1e-8).fit(X, y)
    assert np.abs(plain.coefs_[0][:, 0] - shrunk.coef_).max() > 0.05


def test_penalties_that_adapt_their_strength_see_the_noise(iris):
    X, y = iris
    networks = [
        PenalizedMLPClassifier(
            (3,), penalty="weight_elimination", input_noise=noise, max_iter=20, random_state=0
        ).fit(X, y)
        for noise in (0.0, 0.5)
    ]
    assert networks[1].input_noise_ == 0.5
    assert networks[1].loss_ > networks[0].loss_


@pytest.mark.parametrize("stopping", ["fpe", "validation"])
def test_estimates_of_the_size_are_of_samples_without_noise(iris, stopping):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, input_noise=0.2, random_state=0)
    model = OBSMLPClassifier(network, stopping=stopping, random_state=0).fit(X, y)
    assert model.input_noise_ == 0.2
    assert model.score(X, y) > 0.9


def test_scores_of_folds_are_of_samples_without_noise(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, input_noise=0.3, random_state=0)
    path = OBSMLPClassifierCV(network, sizes=[8, 16], cv=3, random_state=0).fit(X, y)
    search = GridSearchCV(OBSMLPClassifier(network, random_state=0), {"n_weights": [8, 16]}, cv=3)
    search.fit(X, y)
    scores = path.cv_results_["mean_test_score"]
    # Two samples of 150: rounding differs by the number of threads.
    assert_allclose(scores, search.cv_results_["mean_test_score"], atol=0.014)
    assert path.input_noise_ == 0.3


def test_noise_is_a_hyperparameter():
    X, y = load_breast_cancer(return_X_y=True)
    model = OBSMLPClassifier(PenalizedMLPClassifier((2,), alpha=0.1, random_state=0), n_weights=12)
    search = GridSearchCV(model, {"estimator__input_noise": [0.0, 0.3]}, cv=2)
    search.fit(scale(X), y)
    assert search.best_score_ > 0.9


def test_regression_with_several_targets(iris):
    X, _ = iris
    network = PenalizedMLPRegressor((2,), alpha=0.1, input_noise=0.1, random_state=0)
    model = OBSMLPRegressor(network, n_weights=8, random_state=0).fit(X[:, :2], X[:, 2:])
    assert model.input_noise_ == 0.1
    assert model.predict(X[:, :2]).shape == (150, 2)


def test_sparse_inputs_are_refused(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), input_noise=0.3)
    with pytest.raises(ValueError, match=r"input_noise=0\.3 .* sparse .*X\.toarray\(\)"):
        network.fit(csr_matrix(X), y)
    network.fit(X, y)
    with pytest.raises(ValueError, match=r"input_noise=0\.3 .* sparse"):
        OBSMLPClassifier(FrozenEstimator(network)).fit(csr_matrix(X), y)


@pytest.mark.parametrize("noise", [-0.1, "much", np.inf, np.nan])
def test_noise_out_of_range(iris, noise):
    with pytest.raises(ValueError, match="input_noise"):
        PenalizedMLPClassifier(input_noise=noise).fit(*iris)
