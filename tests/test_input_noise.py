"""Noise on the inputs: a part of the loss that networks are trained for and pruned by."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pruning import pruned
from scipy.sparse import csr_matrix
from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import scale

from skprune import (
    OBD,
    OBS,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._curvature.exact import exact_curvature
from skprune._network import Network, NoisyObjective, Objective, noisy_objective
from skprune._network.noise import GradientCorrectedObjective
from skprune._pruning.retraining import Never
from skprune._pruning.stop import MinWeights
from skprune._training.lbfgs import train_lbfgs
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


def noises(objective, X):
    """The noise of each version of the samples."""
    return objective.X.reshape(-1, *X.shape) - X


def few_weights(objective, number):
    """The loss of a model with so few weights that it has the gradient of its own noise."""
    return objective.for_model(number, np.zeros(objective.network.n_weights), 1)


def test_the_weight_of_a_sample_is_shared_by_its_copies(iris, network):
    X, y = iris
    weights = np.linspace(0.1, 2.0, len(y))
    objective = judged(0.3, network, X, y, weights)
    _, targets, shared = stacked(objective)
    assert objective.n_versions == 4
    assert_allclose(shared.reshape(-1, len(y)).sum(axis=0), weights)
    assert_array_equal(targets.reshape(-1, len(y)), np.tile(y, (4, 1)))
    assert noises(objective, X).std() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    "n_samples, of_training, of_model", [(40, 20, 4), (999, 20, 4), (1000, 20, 2), (3000, 6, 2)]
)
def test_each_use_has_mirrored_noise_of_its_own(network, n_samples, of_training, of_model):
    X = np.random.RandomState(0).normal(size=(n_samples, 4))
    objective = judged(0.3, network, X, X[:, 0])
    uses = [
        objective,
        objective.for_training(),
        *(
            draw(number)
            for draw in (partial(few_weights, objective), objective.for_retraining)
            for number in (0, 1)
        ),
    ]
    noise = [noises(use, X) for use in uses]
    assert [len(part) for part in noise] == [4, of_training, of_model, of_model, 4, 4]
    for use, part in zip(uses, noise):
        assert_allclose(part.sum(axis=0), 0.0, atol=1e-12)
        assert use.total == pytest.approx(n_samples)
    halves = np.concatenate([part[: len(part) // 2].reshape(len(part) // 2, -1) for part in noise])
    far = 5 / np.sqrt(halves.shape[1])
    assert np.abs(np.corrcoef(halves) - np.eye(len(halves))).max() < far
    assert_array_equal(few_weights(objective, 1).X, uses[3].X)


def test_all_noises_are_of_one_loss(iris, network):
    """Each has the same expectation, weight decay included, which is not that without noise."""
    X, y = iris
    w = np.random.RandomState(0).normal(size=network.n_weights)
    weights = np.linspace(0.1, 2.0, len(y))
    objective = judged(0.2, network, X, y, weights, alpha=3.0)
    values = [objective.for_retraining(number).value(w) for number in range(200)]
    models = [few_weights(objective, number).value(w) for number in range(200)]
    expected, spread = np.mean(values), np.std(values)
    error = spread / np.sqrt(200)
    assert abs(np.mean(models) - expected) < 5 * error
    assert abs(objective.value(w) - expected) < 4 * spread
    assert abs(objective.for_training().value(w) - expected) < 4 * spread
    clean = Objective(network, X, y[:, None], weights, 3.0)
    assert abs(expected - clean.value(w)) > 5 * error


@pytest.mark.parametrize("n_samples, n_weights, n_pairs", [(150, 100, 4), (1200, 400, 2)])
def test_a_model_of_many_weights_has_the_gradient_of_more_noise(n_samples, n_weights, n_pairs):
    """At the weights it was made for it has the slope of many copies, and the bends of few."""
    network = Network((4, 3, 1), ("tanh", "identity"), "squared_error")
    X = np.random.RandomState(0).normal(size=(n_samples, 4))
    objective = judged(0.5, network, X, np.sin(X[:, 0]), alpha=2.0)
    w, step = np.random.RandomState(1).normal(size=(2, network.n_weights))
    few, many = few_weights(objective, 3), objective.for_model(3, w, n_weights)
    assert_array_equal(many.X, few.X)
    value, gradient = many.value_and_gradient(w)
    assert value == pytest.approx(few.value(w)) == many.value(w)
    assert_allclose(many.value(w + step), many.value_and_gradient(w + step)[0])
    differences = [
        (many.value(w + 1e-5 * unit) - many.value(w - 1e-5 * unit)) / 2e-5
        for unit in np.eye(len(w))
    ]
    assert_allclose(gradient, differences, atol=1e-8)
    gradients = [few_weights(objective, k).value_and_gradient(w)[1] for k in range(400)]
    tilted = [objective.for_model(k, w, n_weights).value_and_gradient(w)[1] for k in range(400)]
    error = np.std(gradients, axis=0).max() / np.sqrt(400)
    assert_allclose(np.mean(tilted, axis=0), np.mean(gradients, axis=0), atol=5 * error)
    n_few = len(few.X) // (2 * n_samples)
    ratio = np.var(tilted, axis=0).sum() / np.var(gradients, axis=0).sum()
    assert ratio == pytest.approx(n_few / n_pairs, rel=0.2)
    # What is not linear in the weights is that of the few.
    bend = many.value(w + step) - 2 * many.value(w) + many.value(w - step)
    assert bend == pytest.approx(few.value(w + step) - 2 * few.value(w) + few.value(w - step))
    assert_allclose(many.hessian(w, np.arange(3)), few.hessian(w, np.arange(3)))


def test_no_gradient_is_of_more_patterns_than_training_sees():
    network = Network((4, 3, 1), ("tanh", "identity"), "squared_error")
    X = np.random.RandomState(0).normal(size=(12_000, 4))
    w = np.random.RandomState(1).normal(size=network.n_weights)
    objective = judged(0.5, network, X, X[:, 0])
    expected = few_weights(objective, 0).value_and_gradient(w)[1]
    assert_array_equal(objective.for_model(0, w, 10**6).value_and_gradient(w)[1], expected)


@pytest.mark.parametrize(
    "criterion, is_drawn",
    [
        (OBS(linearize=5), True),
        (OBD(), True),
        (OBS(linearize=5, first_order=False), False),
        (OBD(linearize=5), False),
    ],
)
def test_more_noise_is_drawn_only_where_slopes_matter(criterion, is_drawn, monkeypatch):
    network = Network((4, 30, 1), ("tanh", "identity"), "squared_error")
    X = np.random.RandomState(0).normal(size=(150, 4))
    w = np.random.RandomState(1).normal(size=network.n_weights)
    drawn = []
    draw = NoisyObjective.for_model

    def recorded(self, *arguments):
        drawn.append(draw(self, *arguments))
        return drawn[-1]

    monkeypatch.setattr(NoisyObjective, "for_model", recorded)
    pruned(
        judged(0.5, network, X, np.sin(X[:, 0])),
        w,
        np.arange(len(w)),
        MinWeights(len(w) - 10),
        retrain="never",
        criterion=criterion,
    )
    assert {isinstance(model, GradientCorrectedObjective) for model in drawn} == {is_drawn}


def test_without_noise_the_data_are_left_alone(iris, network):
    X, y = iris
    sparse = csr_matrix(X)
    objective = judged(0.0, network, sparse, y)
    assert objective.X is sparse
    w = np.zeros(network.n_weights)
    assert objective.for_model(3, w, len(w)) is objective.for_retraining(2) is objective
    assert objective.for_training() is objective


def test_a_sample_of_weight_zero_changes_nothing(iris, network):
    X, y = iris
    weights = np.ones(len(y))
    weights[::7] = 0.0
    seen = weights > 0
    with_it, without = judged(0.3, network, X, y, weights), judged(0.3, network, X[seen], y[seen])
    for first, second in (
        (with_it, without),
        (few_weights(with_it, 1), few_weights(without, 1)),
        (with_it.for_retraining(1), without.for_retraining(1)),
        (with_it.for_training(), without.for_training()),
    ):
        for part, expected in zip(stacked(first), stacked(second)):
            assert_array_equal(part, expected)


def test_training_is_that_on_the_copies(iris, network):
    X, y = iris
    sample_weight = np.random.RandomState(0).uniform(size=len(y))
    noisy = PenalizedMLPClassifier(
        (3,), alpha=0.1, input_noise=0.3, random_state=0, direct_links=False
    )
    plain = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
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
    return PenalizedMLPClassifier(
        (3,), alpha=0.1, input_noise=0.3, random_state=0, direct_links=False
    ).fit(*iris)


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
    how = {"criterion": criterion, "retrain": retrain, "teaching_signal": "data"}
    model = OBSMLPClassifier(frozen, n_weights=10, **how)
    model.fit(X, y)
    assert model.input_noise_ == 0.3
    assert model.loss_ == pytest.approx(loss_on(model, objective, y))
    if retrain == "never":
        last = np.flatnonzero(model.path_["evaluated"])[-1]
        assert model.path_["loss"][last] == pytest.approx(loss_on(model, objective, y))
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


def test_models_and_retrainings_see_noise_of_their_own(iris, network, noisy, monkeypatch):
    X, y = iris
    seen, trained = [], []

    def curvature(objective, *args, **kwargs):
        seen.append(objective.X)
        return exact_curvature(objective, *args, **kwargs)

    def train(objective, *args, **kwargs):
        trained.append(objective.X)
        return train_lbfgs(objective, *args, **kwargs)

    monkeypatch.setattr("skprune._curvature.choice.exact_curvature", curvature)
    max_iter, tol, _ = Never.__init__.__defaults__
    monkeypatch.setattr(Never.__init__, "__defaults__", (max_iter, tol, train))
    monkeypatch.setattr("skprune._refining.exchange.train_lbfgs", train)
    monkeypatch.setattr("skprune._refining.rounding.train_lbfgs", train)
    how = {"n_weights": 10, "retrain": "always", "teaching_signal": "data"}
    model = OBSMLPClassifier(FrozenEstimator(noisy), **how).fit(X, y)
    objective = judged(0.3, network, X, y)
    assert min(len(seen), len(trained)) > 3
    for number, part in enumerate(seen):
        assert_array_equal(part, few_weights(objective, number).X)
    for number, part in enumerate(trained[:-1]):
        assert_array_equal(part, objective.for_retraining(number).X)
    to_the_end = objective.for_training().X
    assert_array_equal(trained[-1], to_the_end)
    for refine in ({"decimals": 1}, {"max_swaps": 0}):
        trained.clear()
        name = "round_weights" if "decimals" in refine else "swap_weights"
        getattr(model, name)(X, y, **refine)
        assert trained
        for part in trained:
            assert_array_equal(part, to_the_end)


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
    noisy = PenalizedMLPRegressor((), alpha=0.0, input_noise=0.5, tol=1e-8, direct_links=False).fit(
        X, y
    )
    shrunk = Ridge(alpha=len(y) * 0.5**2).fit(X, y)
    assert_allclose(noisy.coefs_[0][:, 0], shrunk.coef_, atol=0.01)
    plain = PenalizedMLPRegressor((), alpha=0.0, tol=1e-8, direct_links=False).fit(X, y)
    assert np.abs(plain.coefs_[0][:, 0] - shrunk.coef_).max() > 0.05


def test_penalties_that_adapt_their_strength_see_the_noise(iris):
    X, y = iris
    networks = [
        PenalizedMLPClassifier(
            (3,),
            penalty="weight_elimination",
            input_noise=noise,
            max_iter=20,
            random_state=0,
            direct_links=False,
        ).fit(X, y)
        for noise in (0.0, 0.5)
    ]
    assert networks[1].input_noise_ == 0.5
    assert networks[1].loss_ > networks[0].loss_


@pytest.mark.parametrize("stopping", ["fpe", "validation"])
def test_estimates_of_the_size_are_of_samples_without_noise(iris, stopping):
    X, y = iris
    network = PenalizedMLPClassifier(
        (3,), alpha=0.1, input_noise=0.2, random_state=0, direct_links=False
    )
    model = OBSMLPClassifier(network, stopping=stopping, random_state=0).fit(X, y)
    assert model.input_noise_ == 0.2
    assert model.score(X, y) > 0.9


def test_scores_of_folds_are_of_samples_without_noise(iris):
    X, y = iris
    network = PenalizedMLPClassifier(
        (3,), alpha=0.1, input_noise=0.3, random_state=0, direct_links=False
    )
    how = {"cv": StratifiedKFold(3), "scoring": "accuracy"}
    path = OBSMLPClassifierCV(network, sizes=[10, 16], random_state=0, **how).fit(X, y)
    search = GridSearchCV(OBSMLPClassifier(network, random_state=0), {"n_weights": [10, 16]}, **how)
    search.fit(X, y)
    scores = path.cv_results_["mean_test_score"]
    # Two samples of 150: rounding differs by the number of threads.
    assert_allclose(scores, search.cv_results_["mean_test_score"], atol=0.014)
    assert path.input_noise_ == 0.3


def test_noise_is_a_hyperparameter():
    X, y = load_breast_cancer(return_X_y=True)
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, direct_links=False), n_weights=12
    )
    search = GridSearchCV(model, {"estimator__input_noise": [0.0, 0.3]}, cv=2)
    search.fit(scale(X), y)
    assert search.best_score_ > 0.9


def test_regression_with_several_targets(iris):
    X, _ = iris
    network = PenalizedMLPRegressor(
        (2,), alpha=0.1, input_noise=0.1, random_state=0, direct_links=False
    )
    model = OBSMLPRegressor(network, n_weights=8, random_state=0).fit(X[:, :2], X[:, 2:])
    assert model.input_noise_ == 0.1
    assert model.predict(X[:, :2]).shape == (150, 2)


def test_sparse_inputs_are_refused(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), input_noise=0.3, alpha=1e-3, direct_links=False)
    with pytest.raises(ValueError, match=r"input_noise=0\.3 .* sparse .*X\.toarray\(\)"):
        network.fit(csr_matrix(X), y)
    network.fit(X, y)
    with pytest.raises(ValueError, match=r"input_noise=0\.3 .* sparse"):
        OBSMLPClassifier(FrozenEstimator(network)).fit(csr_matrix(X), y)


@pytest.mark.parametrize("noise", [-0.1, "much", np.inf, np.nan])
def test_noise_out_of_range(iris, noise):
    with pytest.raises(ValueError, match="input_noise"):
        PenalizedMLPClassifier(input_noise=noise, alpha=1e-3, direct_links=False).fit(*iris)
