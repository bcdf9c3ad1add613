"""Noise on the inputs: a part of the loss that networks are trained for and pruned by."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from skprune import (
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._network import Network, Objective
from skprune._noise import n_versions, noisy_objective
from skprune.inspection import HessianDisplay


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


@pytest.fixture(scope="module")
def network():
    return Network((4, 3, 1), ("tanh", "identity"), "squared_error")


def stacked(objective):
    """The versions of the samples that a loss sees, as data of their own."""
    return objective.X, objective.targets[:, 0], objective.weights


def judged(noise, network, X, y, sample_weight=None, alpha=0.0):
    return noisy_objective(noise, network, X, y[:, None], sample_weight, alpha)


def test_the_weight_of_a_sample_is_shared_by_its_copies(iris, network):
    X, y = iris
    weights = np.linspace(0.1, 2.0, len(y))
    X_all, targets, shared = stacked(judged(0.3, network, X, y, weights))
    assert n_versions(0.3) == 5
    assert_array_equal(X_all[: len(y)], X)
    assert_allclose(shared.reshape(-1, len(y)).sum(axis=0), weights)
    assert_array_equal(targets.reshape(-1, len(y)), np.tile(y, (5, 1)))
    noise = (X_all.reshape(5, *X.shape) - X)[1:]
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert abs(noise.mean()) < 0.02
    corner = np.corrcoef(noise.reshape(4, -1))
    assert np.abs(corner - np.eye(4)).max() < 0.15


def test_noise_of_a_model_is_its_own_and_leaves_the_mean(iris, network):
    X, y = iris
    objective = judged(0.3, network, X, y)
    drawn = [objective.for_model(number).X.reshape(-1, *X.shape) for number in (0, 1, 0)]
    assert_array_equal(drawn[0], drawn[2])
    # Of few samples there are more pairs: seven of 150.
    assert len(drawn[0]) == 14
    noise = np.array(drawn[:2]) - X
    assert_allclose(noise.sum(axis=1), 0.0, atol=1e-12)
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    everything = np.concatenate([noise[:, :7].reshape(14, -1), [objective.X[150:300].ravel()]])
    everything[-1] -= X.ravel()
    assert np.abs(np.corrcoef(everything) - np.eye(15)).max() < 0.2


def test_noise_of_a_retraining_is_its_own(iris, network):
    X, y = iris
    objective = judged(0.3, network, X, y)
    first, second = (objective.for_training(number).X for number in (0, 1))
    assert len(first) == len(second) == 5 * len(X)
    assert_array_equal(first[:150], second[:150])
    assert np.abs(np.corrcoef(first[150:].ravel(), second[150:].ravel())[0, 1]) > 0.8  # samples
    noise = [(part.reshape(5, *X.shape)[1:] - X).ravel() for part in (first, second)]
    assert np.abs(np.corrcoef(noise)[0, 1]) < 0.1


@pytest.mark.parametrize("n_samples, versions", [(40, 21), (1000, 20), (3000, 6), (5000, 5)])
def test_a_training_to_the_end_has_many_copies_of_few_samples(network, n_samples, versions):
    X = np.random.RandomState(0).normal(size=(n_samples, 4))
    objective = judged(0.3, network, X, X[:, 0]).for_training()
    assert len(objective.X) == versions * n_samples
    assert objective.total == pytest.approx(n_samples)


def test_all_noises_are_of_one_loss(iris, network):
    """Each has the same expectation, weight decay included."""
    X, y = iris
    w = np.random.RandomState(0).normal(size=network.n_weights)
    objective = judged(0.2, network, X, y, np.linspace(0.1, 2.0, len(y)), alpha=3.0)
    values = [objective.for_training(number).value(w) for number in range(100)]
    # Models see no sample without noise, of which the others have one in five.
    drawn = Objective(network, X, y[:, None], np.linspace(0.1, 2.0, len(y)), 3.0)
    models = [objective.for_model(number).value(w) for number in range(100)]
    expected = 0.8 * np.mean(models) + 0.2 * drawn.value(w)
    error = np.hypot(np.std(values), np.std(models)) / 10
    assert abs(np.mean(values) - expected) < 4 * error
    assert abs(objective.value(w) - expected) < 4 * np.std(values)
    assert objective.for_training().value(w) == pytest.approx(expected, rel=0.02)
    assert expected - drawn.value(w) > 4 * error


def test_without_noise_the_data_are_left_alone(iris, network):
    X, y = iris
    sparse = csr_matrix(X)
    objective = judged(0.0, network, sparse, y)
    assert objective.X is sparse
    assert objective.for_model(3) is objective.for_training(2) is objective.for_training()
    assert objective.for_model(3) is objective


def test_a_sample_of_weight_zero_changes_nothing(iris, network):
    X, y = iris
    weights = np.ones(len(y))
    weights[::7] = 0.0
    seen = weights > 0
    with_it, without = judged(0.3, network, X, y, weights), judged(0.3, network, X[seen], y[seen])
    for first, second in (
        (with_it, without),
        (with_it.for_model(1), without.for_model(1)),
        (with_it.for_training(1), without.for_training(1)),
        (with_it.for_training(), without.for_training()),
    ):
        for part, expected in zip(stacked(first), stacked(second)):
            assert_array_equal(part, expected)


def test_training_is_that_on_the_copies(iris, network):
    X, y = iris
    sample_weight = np.random.RandomState(0).uniform(size=len(y))
    noisy = PenalizedMLPClassifier((3,), alpha=0.1, input_noise=0.3, random_state=0)
    plain = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0)
    noisy.fit(X, y, sample_weight=sample_weight)
    copies = judged(0.3, network, X, y, sample_weight).for_training()
    X_all, y_all, weights = stacked(copies)
    plain.fit(X_all, y_all.astype(int), sample_weight=weights)
    for coef, other in zip(noisy.coefs_, plain.coefs_):
        assert_allclose(coef, other, rtol=1e-6, atol=1e-8)
    assert noisy.loss_ == pytest.approx(plain.loss_)
    assert (noisy.input_noise_, plain.input_noise_) == (0.3, 0.0)


@pytest.fixture(scope="module")
def noisy(iris):
    return PenalizedMLPClassifier((3,), alpha=0.1, input_noise=0.3, random_state=0).fit(*iris)


def loss_on(model, objective, y):
    """Mean loss with weight decay, by scikit-learn."""
    logits = model.predict_proba(objective.X)
    targets = np.tile(y, len(objective.X) // len(y))
    decay = sum((coef**2).sum() for coef in model.coefs_) * model.alpha_ / (2 * len(y))
    return log_loss(targets, logits, sample_weight=objective.weights) + decay


@pytest.mark.parametrize("retrain", ["never", "final", "always"])
@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude", "obs-obd"])
def test_losses_are_those_with_the_same_noise_whatever_models_saw(
    iris, network, noisy, criterion, retrain
):
    X, y = iris
    objective = judged(0.3, network, X, y)
    frozen = FrozenEstimator(noisy)
    model = OBSMLPClassifier(frozen, n_weights=10, criterion=criterion, retrain=retrain)
    model.fit(X, y)
    assert model.input_noise_ == 0.3
    assert model.loss_ == pytest.approx(loss_on(model, objective, y))
    for size in (14, 20):
        smaller = model.at_size(size)
        assert smaller.loss_ == pytest.approx(loss_on(smaller, objective, y))
    # What is done to the pruned network is told by the same loss.
    for refined in (
        model.round_weights(X, y, decimals=1, threshold=None),
        model.swap_weights(X, y, max_swaps=1),
    ):
        assert refined.loss_ == pytest.approx(loss_on(refined, objective, y))
    again = OBSMLPClassifier(FrozenEstimator(model), n_weights=8).fit(X, y)
    assert again.input_noise_ == 0.3


def test_pruning_is_the_same_each_time(iris, noisy):
    models = [
        OBSMLPClassifier(FrozenEstimator(noisy), n_weights=9, retrain="always").fit(*iris)
        for _ in range(2)
    ]
    for coef, expected in zip(models[0].coefs_, models[1].coefs_):
        assert_array_equal(coef, expected)


def test_the_threshold_goes_by_the_same_noise(iris, network, noisy):
    X, y = iris
    objective = judged(0.3, network, X, y)
    model = OBSMLPClassifier(FrozenEstimator(noisy), threshold=0.05, retrain="never").fit(X, y)
    assert model.stopped_by_ == "threshold"
    decay = [sum((coef**2).sum() for coef in m.coefs_) * 0.1 / (2 * len(y)) for m in (model, noisy)]
    losses = [loss_on(m, objective, y) - d for m, d in zip((model, noisy), decay)]
    assert losses[0] - losses[1] <= 0.05 * np.log(3) * (1 + 1e-9)
    assert model.n_weights_ < 20


def test_the_hessian_is_that_on_the_copies(iris, network, noisy):
    X, y = iris
    X_all, y_all, weights = stacked(judged(0.3, network, X, y))
    y_all = y_all.astype(int)
    plain = OBSMLPClassifier(FrozenEstimator(noisy), n_weights=10).fit(X, y)
    curvature = HessianDisplay.from_estimator(plain, X, y).hessian
    vars(plain)["input_noise_"] = 0.0
    other = HessianDisplay.from_estimator(plain, X_all, y_all, sample_weight=weights).hessian
    assert_allclose(curvature, other, rtol=1e-8, atol=1e-10)


def test_linear_models_are_ridge_regression():
    """For squared errors of a linear model, noise is weight decay by its mean square."""
    X, y = make_regression(20_000, 5, noise=1.0, random_state=0)
    X, y = scale(X), scale(y)
    noisy = PenalizedMLPRegressor((), alpha=0.0, input_noise=0.5, tol=1e-8).fit(X, y)
    # 20,000 samples have four copies each.
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
