"""Networks trained towards simplicity: what comes out, and what is refused."""

import pickle
import warnings

import numpy as np
import polars as pl
import pytest
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import scale
from versions import parametrize_with_checks

from skprune import (
    FlatMinimum,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    WeightElimination,
)
from skprune._network import Network, Objective, noisy_objective
from skprune._training.adaptive import train_adaptively
from skprune._training.descent import DescentSettings, MomentumStep, _batches, descend, reinitialise
from skprune._training.flat_minimum import FlatMinimumPenalty
from skprune._training.lbfgs import train_lbfgs
from skprune._training.penalty_strength import WeightController
from skprune._training.precision_box import (
    delete_and_train,
    description_length,
    small_weights,
    trained,
    wide_class,
    zeros_in_box,
)
from skprune._training.target_loss import estimate_target_loss
from skprune.datasets import make_noisy_classification

PENALTIES = ["flat_minimum", "weight_elimination"]
SETTINGS = [FlatMinimum, WeightElimination]


@pytest.fixture(scope="module")
def noisy():
    return make_noisy_classification(random_state=0)


def train(penalty, X, y, **parameters):
    how = {"direct_links": False, "random_state": 0} | parameters
    return PenalizedMLPClassifier(penalty=penalty, **how).fit(X, y)


def weights_of(model):
    return [np.vstack([c, b]) for c, b in zip(model.coefs_, model.intercepts_)]


# ---- what comes out -------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("solver", "n_epochs"), [("lbfgs", 1000), ("sgd", 600)])
def test_training_ends_at_the_target_with_a_small_network(noisy, setting, solver, n_epochs):
    X, y = noisy
    penalty = setting(target_loss=0.3, prune=True, solver=solver)
    model = train(penalty, X, y, max_iter=n_epochs)
    assert model.target_loss_ == 0.3
    assert model.loss_before_pruning_ <= 1.1 * 0.3
    assert model.loss_ <= 1.1 * 0.3
    assert sum(model.hidden_layer_sizes_) <= 4
    assert len(model.loss_curve_) == len(model.lambda_curve_) == model.n_iter_ == n_epochs
    assert min(model.lambda_curve_) >= 0.0
    assert max(model.lambda_curve_) > 0.1


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_string_is_the_object_with_its_defaults(noisy, penalty):
    X, y = noisy
    setting = {"flat_minimum": FlatMinimum, "weight_elimination": WeightElimination}[penalty]
    named, given = (train(p, X, y, max_iter=200) for p in (penalty, setting()))
    np.testing.assert_array_equal(named.coefs_[0], given.coefs_[0])


@pytest.mark.parametrize("setting", SETTINGS)
def test_fitted_attributes_are_consistent(iris, setting):
    X, y = iris
    plain = train(setting(prune=False), X, y, max_iter=300, n_init=1)
    pruned = train(setting(prune=True), X, y, max_iter=300, n_init=1)
    assert plain.n_weights_ == sum(part.size for part in weights_of(plain))
    assert plain.loss_before_pruning_ == plain.loss_
    for before, after, mask in zip(weights_of(plain), weights_of(pruned), plain.pruned_mask_):
        np.testing.assert_array_equal(after, np.where(mask, 0.0, before))
    kept = [np.vstack(pair) for pair in zip(pruned.coef_masks_, pruned.intercept_masks_)]
    assert [(~k == m).all() for k, m in zip(kept, pruned.pruned_mask_)] == [True, True]
    assert pruned.n_weights_ == sum(int(k.sum()) for k in kept)
    b = X @ plain.coefs_[0] + plain.intercepts_[0]
    b = np.tanh(b) @ plain.coefs_[1] + plain.intercepts_[1]
    loss = np.mean(np.log(np.exp(b).sum(axis=1)) - b[np.arange(len(y)), y])
    assert plain.loss_ == pytest.approx(loss)
    assert plain.alpha_ == 0.0


def test_precision_is_the_geometric_mean_of_the_box(iris):
    X, y = iris
    model = train(FlatMinimum(0.9, prune=False), X, y, max_iter=60, fit_intercept=False)
    network = Network((4, 10, 3), ("tanh", "softmax"), "log_loss")
    w = network.pack(model.coefs_, model.intercepts_)
    kept = np.flatnonzero(~network.is_intercept)
    penalty = FlatMinimumPenalty(network, kept)
    each = np.array([penalty.log_edges(w, x[None], np.ones(1)) for x in X])
    precision = np.concatenate([part.ravel() for part in model.weight_precision_])
    matters = np.array([np.repeat(x != 0, 10) for x in X])
    expected = np.exp(np.average(each[:, :40], axis=0, weights=matters))
    np.testing.assert_allclose(precision[:40], expected, rtol=1e-9)
    assert np.isnan(precision[network.is_intercept]).all()
    assert not np.concatenate([m.ravel() for m in model.pruned_mask_])[network.is_intercept].any()


@pytest.mark.parametrize("penalty", PENALTIES)
def test_regression_finds_the_inputs_that_matter(penalty):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4))
    y = np.tanh(2.0 * X[:, 0]) + 0.1 * rng.normal(size=150)
    setting = {
        "flat_minimum": FlatMinimum(prune="box"),
        PENALTIES[1]: WeightElimination(prune=True),
    }
    model = PenalizedMLPRegressor(
        (6,), penalty=setting[penalty], random_state=0, direct_links=False
    ).fit(X, y)
    assert model.score(X, y) > 0.9
    assert sum(model.hidden_layer_sizes_) <= 3
    assert model.coef_masks_[0][0].any()
    assert model.coef_masks_[0][1:].sum() <= 2


def test_several_targets_and_deep_networks():
    X, y = load_diabetes(return_X_y=True)
    X, Y = scale(X), scale(np.column_stack([y, X[:, 0]]))
    model = PenalizedMLPRegressor(
        (5, 4),
        activation="logistic",
        penalty="flat_minimum",
        max_iter=400,
        random_state=0,
        direct_links=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert [p.shape for p in model.weight_precision_] == [(11, 5), (6, 4), (5, 2)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_input_formats_agree(iris, setting):
    X, y, penalty = *iris, setting(prune=False)
    X = X * (X > 0)
    reference = train(penalty, X, y, max_iter=50).predict_proba(X)
    for data in (sparse.csr_array(X), pl.DataFrame(X, schema=list("abcd"))):
        model = train(penalty, data, y, max_iter=50)
        np.testing.assert_allclose(model.predict_proba(data), reference, rtol=1e-6, atol=1e-9)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(data), model.predict_proba(data))


@pytest.mark.parametrize("setting", SETTINGS)
def test_sample_weights_are_repetitions(iris, setting):
    # With the target given: "auto" estimates it by folds, which repeated samples change.
    X, y = iris
    X, y = X[::3], y[::3]
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    few = {"max_iter": 30}
    weighted = PenalizedMLPClassifier(penalty=setting(0.5), random_state=0, **few)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weighted.fit(X, y, sample_weight=weights)
        repeated = clone(weighted).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-8)


def test_grid_search_sets_the_constants(noisy):
    X, y = noisy
    search = GridSearchCV(
        PenalizedMLPClassifier(
            penalty=FlatMinimum(0.35), max_iter=50, random_state=0, direct_links=False
        ),
        {"penalty__delta_lambda": [0.01, 0.1], "penalty__prune": [False, "box"]},
        cv=2,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit(X, y)
    assert set(search.best_params_) == {"penalty__delta_lambda", "penalty__prune"}
    assert (
        search.best_estimator_.penalty.delta_lambda == search.best_params_["penalty__delta_lambda"]
    )


# ---- compositions -----------------------------------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_surgeon_takes_pruned_weights_as_gone(noisy, setting):
    X, y = noisy
    simple = train(setting(prune=True), X, y)
    pruned = OBSMLPClassifier(FrozenEstimator(simple)).fit(X, y)
    assert pruned.n_weights_ <= simple.n_weights_ < 41
    for after, before in zip(pruned.coef_masks_, simple.coef_masks_):
        assert not (after & ~before).any()
    together = OBSMLPClassifier(simple, random_state=0).fit(X, y)
    assert together.n_weights_ == pruned.n_weights_


def test_the_surgeon_for_regression_takes_them_too():
    X, y = load_diabetes(return_X_y=True)
    simple = PenalizedMLPRegressor(
        (4,), penalty=WeightElimination(prune=True), random_state=0, direct_links=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        pruned = OBSMLPRegressor(simple).fit(scale(X), scale(y))
    assert pruned.n_weights_ <= pruned.estimator_.n_weights_


@pytest.mark.parametrize(
    "penalty", [FlatMinimum(prune=False), WeightElimination(), "l2", None], ids=str
)
def test_training_goes_on_from_a_pruned_network(noisy, penalty):
    """The surgeon first: what it has deleted stays away."""
    X, y = noisy
    dense = PenalizedMLPClassifier((10,), alpha=1e-3, direct_links=False)
    pruned = OBSMLPClassifier(dense, n_weights=15, random_state=3).fit(X, y)
    further = train(penalty, X, y, estimator=FrozenEstimator(pruned), max_iter=300)
    for after, before, mask in zip(further.coefs_, pruned.coefs_, pruned.coef_masks_):
        assert after.shape == before.shape
        np.testing.assert_array_equal(after[~mask], 0.0)
    if penalty not in ("l2", None):
        assert (further.coefs_[1] != pruned.coefs_[1]).any()
        assert further.n_weights_ == 15
        assert np.isnan(further.weight_precision_[0][:-1][~pruned.coef_masks_[0]]).all()
        assert further.loss_ <= 1.1 * further.target_loss_
    np.testing.assert_array_equal(pruned.coefs_[0], pruned.coefs_[0] * pruned.coef_masks_[0])


def test_training_starts_at_the_given_weights(noisy):
    X, y = noisy
    first = train("l2", X, y, hidden_layer_sizes=(10,), alpha=1e-3)
    how = {"estimator": FrozenEstimator(first), "hidden_layer_sizes": (3,), "alpha": 1e-3}
    again = train("l2", X, y, **how)
    assert again.coefs_[0].shape == first.coefs_[0].shape != (2, 3)
    assert again.n_iter_ == 1
    np.testing.assert_allclose(again.coefs_[0], first.coefs_[0], rtol=0.05, atol=0.05)
    penalty = FlatMinimum(0.3, prune=False)
    simple = train(penalty, X, y, estimator=FrozenEstimator(first), max_iter=1)
    np.testing.assert_allclose(simple.loss_curve_[0], first.loss_, atol=0.05)


def test_a_given_network_keeps_its_large_weights(noisy):
    """Cut down to the bound, it would be another one, and a much worse one."""
    X, y = noisy
    first = train(None, X, y, hidden_layer_sizes=(10,))
    assert max(np.abs(part).max() for part in weights_of(first)) > 40.0
    penalty = FlatMinimum(0.3, prune=False, weight_bound=5.0)
    further = train(penalty, X, y, estimator=FrozenEstimator(first), max_iter=1)
    assert further.loss_curve_[0] == pytest.approx(first.loss_, abs=0.05)
    deleted = train("flat_minimum", X, y, estimator=FrozenEstimator(first), max_iter=1)
    assert deleted.loss_ <= 1.1 * deleted.target_loss_


def test_where_nothing_helps_on_new_patterns_the_network_is_a_constant():
    """Noise by folds: a loss half-way to the constant's would be that of a network of noise."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 5)), rng.integers(0, 2, 100)
    model = train("flat_minimum", X, y, max_iter=200)
    assert model.n_weights_ <= 3
    assert (
        log_loss(rng.integers(0, 2, 1000), model.predict_proba(rng.normal(size=(1000, 5)))) < 0.75
    )


def test_regression_goes_on_from_a_network_of_scikit_learn():
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    mlp = MLPRegressor(
        hidden_layer_sizes=(4,), activation="tanh", solver="lbfgs", max_iter=1000, random_state=0
    ).fit(X, y)
    setting = FlatMinimum(target_loss=0.25, prune="box")
    simple = PenalizedMLPRegressor(
        penalty=setting, estimator=FrozenEstimator(mlp), direct_links=False
    ).fit(X, y)
    assert simple.n_weights_ < 49
    assert simple.score(X, y) > 0.4


def test_a_network_that_does_not_fit_the_data_is_refused(noisy, iris):
    X, y = noisy
    fitted = FrozenEstimator(train("l2", X, y))
    refused = {
        "trained on 2": iris,
        r"classes \[3, 4\]": (X, y + 3),
    }
    for words, data in refused.items():
        with pytest.raises(ValueError, match=words):
            train("l2", *data, estimator=fitted)
    with pytest.raises(ValueError, match=r"loss='log_loss'.*set loss and out_activation"):
        train("l2", X, y, estimator=fitted, loss="squared_error")
    with pytest.raises(ValueError, match="needs a regressor"):
        PenalizedMLPRegressor(estimator=fitted, alpha=1e-3, direct_links=False).fit(X, y)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        train(
            "l2",
            X,
            y,
            estimator=FrozenEstimator(PenalizedMLPClassifier(alpha=1e-3, direct_links=False)),
        )
    frame = pl.DataFrame(X, schema=list("ab"))
    named = FrozenEstimator(train("l2", frame, y))
    with pytest.raises(ValueError, match="same columns in the same order"):
        train("l2", frame.select("b", "a"), y, estimator=named)


# ---- the parts --------------------------------------------------------------------------------


def make_problem():
    X, y = make_noisy_classification(60, random_state=1)
    network = Network((2, 3, 1), ("tanh", "logistic"), "log_loss")
    return Objective(network, X, y[:, None].astype(float)), np.arange(network.n_weights)


def test_descent_without_strength_is_gradient_descent():
    objective, kept = make_problem()
    w = np.random.default_rng(0).normal(size=len(kept))
    expected = w.copy()
    for _ in range(3):
        expected -= 0.1 * objective.value_and_gradient(expected)[1]
    controller = WeightController(np.inf, 1e-300)
    settings = DescentSettings(max_iter=3, learning_rate=0.1)
    penalty = FlatMinimumPenalty(objective.network, kept)
    result = descend(objective, penalty, controller, w, kept, settings, None)
    np.testing.assert_allclose(result.weights, expected, rtol=1e-12)
    assert result.within_target


def test_the_penalty_gradient_gets_the_length_of_the_loss_gradient():
    objective, kept = make_problem()
    w = np.random.default_rng(0).normal(size=len(kept))
    penalty = FlatMinimumPenalty(objective.network, kept)
    _, gradient = objective.value_and_gradient(w)
    _, pull = penalty.value_and_gradient(w, objective.X, objective.weights)
    step = gradient + 0.7 * np.linalg.norm(gradient) / np.linalg.norm(pull) * pull
    controller = WeightController(np.inf, 0.1, strength=0.7)
    settings = DescentSettings(max_iter=1, learning_rate=0.1)
    result = descend(objective, penalty, controller, w, kept, settings, None)
    np.testing.assert_allclose(result.weights, w - 0.1 * step, rtol=1e-12)
    assert result.strengths == [pytest.approx(0.8)]


def test_weights_stay_within_their_bound_and_absent_ones_at_zero():
    objective, _ = make_problem()
    network = objective.network
    kept = np.flatnonzero(~network.is_intercept)
    penalty = FlatMinimumPenalty(network, kept, 0.1)
    settings = DescentSettings(
        max_iter=20, learning_rate=5.0, batch_size=7, weight_bound=0.3, revive_every=60
    )
    start = np.where(network.is_intercept, 0.0, 0.1)
    controller = WeightController(0.1, 0.1)
    result = descend(
        objective, penalty, controller, start, kept, settings, np.random.RandomState(0)
    )
    assert np.abs(result.weights).max() == 0.3
    np.testing.assert_array_equal(result.weights[network.is_intercept], 0.0)


def test_lost_units_come_back_with_their_sign():
    w = np.array([0.0, 0.003, -0.003, 0.5, -0.5, 0.001])
    revived = reinitialise(w, np.arange(5), 0.01, (0.005, 0.01), np.random.RandomState(0))
    assert (revived[:2] >= 0.005).all()
    assert (revived[:2] <= 0.01).all()
    assert -0.01 <= revived[2] <= -0.005
    np.testing.assert_array_equal(revived[3:], w[3:])


@pytest.mark.parametrize("landing", [0.0, 0.2])
def test_revival_starts_the_strength_anew_but_in_the_landing(noisy, landing):
    X, y = noisy
    penalty = FlatMinimum(0.3, revive_every=200 * 50, landing=landing, prune=False)
    model = train(penalty, X, y, max_iter=120, n_init=1)
    strengths = np.array(model.lambda_curve_)
    assert strengths[50] < 0.05 < strengths[48]
    # After 100 epochs lost units are due again: the last fifth is the landing, if there is one.
    if landing:
        assert strengths[100] >= 0.89 * strengths[99] > 0.05
    else:
        assert strengths[100] < 0.05 < strengths[98]


def test_without_a_landing_nothing_follows_the_last_epoch(noisy):
    X, y = noisy
    how = {"max_iter": 40, "n_init": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of targets that were missed
        landed = train(FlatMinimum(0.2, prune=False), X, y, **how)
        published = train(FlatMinimum(0.2, prune=False, landing=0), X, y, **how)
    assert published.loss_ == min(published.loss_curve_)
    assert landed.loss_ < min(landed.loss_curve_)


# ---- several starts ---------------------------------------------------------------------------


def bic(model, X, y):
    """Half of it: nats of the labels and of the weights."""
    of_labels = log_loss(y, model.predict_proba(X), normalize=False)
    return of_labels + 0.5 * model.n_weights_ * np.log(len(y))


def test_the_network_of_the_shortest_description_is_kept(noisy):
    """The first of several starts is the one that is alone with ``n_init=1``."""
    X, y = noisy
    penalty, gains = FlatMinimum(0.3), []
    for seed in range(3):
        how = {"max_iter": 150, "random_state": seed}
        alone, best = (train(penalty, X, y, n_init=n, **how) for n in (1, 3))
        gains.append(bic(alone, X, y) - bic(best, X, y))
    assert min(gains) >= 0.0
    assert max(gains) > 1.0
    auto = train(penalty, X, y, **how)
    np.testing.assert_array_equal(auto.coefs_[0], best.coefs_[0])


def test_a_network_within_the_target_goes_before_a_shorter_one_above_it():
    objective, kept = make_problem()
    setting = WeightElimination(1e-3, delta_lambda=1.0)
    losses = []

    def trained_from(n_init):
        how = {"n_init": n_init, "tol": 1e-4, "on_epoch": lambda loss, _: losses.append(loss)}
        settings = DescentSettings(max_iter=20, learning_rate=0.1)
        start = np.zeros(len(kept)), None
        return train_adaptively(
            setting, objective, start, kept, settings, np.random.RandomState(0), **how
        )

    found = trained_from(4)
    assert len(losses) == 80
    assert not found.within_target
    setting.target_loss = np.median(np.reshape(losses, (4, 20)).min(axis=1)) / 1.1
    assert trained_from(4).within_target


def test_who_stops_a_search_stops_all():
    objective, kept = make_problem()
    seen = []

    def stop_at_the_fifth(loss, strength):
        seen.append(loss)
        return len(seen) == 5

    train_adaptively(
        FlatMinimum(0.3),
        objective,
        (np.zeros(len(kept)), None),
        kept,
        DescentSettings(max_iter=20, learning_rate=0.1),
        np.random.RandomState(0),
        n_init=3,
        tol=1e-4,
        on_epoch=stop_at_the_fifth,
    )
    assert len(seen) == 5


@pytest.mark.parametrize("out", ["logistic", "identity"])
def test_description_length_is_that_of_the_targets_and_the_weights(out):
    """But for a constant: two networks are compared."""
    rng = np.random.default_rng(0)
    loss = "log_loss" if out == "logistic" else "squared_error"
    network = Network((2, 3, 2), ("tanh", out), loss)
    X, targets = rng.normal(size=(40, 2)), rng.integers(0, 2, (40, 2)).astype(float)
    objective = Objective(network, X, targets)
    lengths, expected = [], []
    for n_weights in (5, 11):
        w = rng.normal(size=network.n_weights)
        lengths.append(description_length(objective, objective.data_loss(w), n_weights))
        predicted = network.predict(w, X)
        if out == "identity":
            spread = np.sqrt(np.mean((targets - predicted) ** 2))
            of_targets = stats.norm(predicted, spread).logpdf(targets)
        else:
            of_targets = stats.bernoulli(predicted).logpmf(targets)
        expected.append(n_weights * np.log(40) / 2 - of_targets.sum())
    np.testing.assert_allclose(np.diff(lengths), np.diff(expected), rtol=1e-9)


def test_estimated_target_is_between_noise_and_ignorance():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    targets = np.tanh(X[:, :1]) + 0.3 * rng.normal(size=(300, 1))
    network = Network((3, 8, 1), ("tanh", "identity"))
    objective = Objective(network, X, targets)
    start = rng.uniform(-0.5, 0.5, network.n_weights)
    kept = np.arange(network.n_weights)
    target = estimate_target_loss(
        objective, start, kept, np.random.RandomState(0), max_iter=200, tol=1e-5
    )
    # Half the variance of the noise; the network alone would fit some of it.
    assert target == pytest.approx(0.5 * 0.09, rel=0.15)


def test_wide_class_is_above_the_lowest_gap_that_may_be_deleted():
    objective, kept = make_problem()
    w = np.zeros(len(kept))
    w[0], w[9] = 3.0, 3.0  # unit 0 alone, from input 0
    loss = objective.data_loss(w)
    log_edges = np.full(len(kept), np.log(1e6))
    log_edges[0], log_edges[9] = 0.0, np.log(1e3)
    pruned = wide_class(objective, w, kept, log_edges, min_gap=100, ceiling=loss)
    np.testing.assert_array_equal(np.flatnonzero(~pruned), [0, 9])
    assert not wide_class(objective, w, kept, log_edges, min_gap=1e4, ceiling=loss).any()
    assert wide_class(objective, w, kept, log_edges, min_gap=100, ceiling=1.0).sum() == 12


def test_small_weights_are_deleted_as_far_as_the_loss_allows():
    objective, kept = make_problem()
    w = np.linspace(1e-3, 2e-3, len(kept))
    w[0], w[9], w[5] = 3.0, 3.0, 0.5
    ceiling = 1.01 * objective.data_loss(w)
    free = small_weights(objective, w, kept, size=0.1, ceiling=np.inf)
    np.testing.assert_array_equal(np.flatnonzero(~free), [0, 5, 9])
    bound = small_weights(objective, w, kept, size=10.0, ceiling=ceiling)
    assert not bound[[0, 9]].any()
    assert objective.data_loss(np.where(bound, 0.0, w)) <= ceiling
    assert not small_weights(objective, w, kept, size=0.1, ceiling=0.0).any()


@pytest.mark.parametrize("setting", [FlatMinimum(prune="box"), *(s(prune=True) for s in SETTINGS)])
def test_deletions_stay_near_the_target(setting):
    """Units of a regressor that work in their linear range have small weights that matter."""
    X = np.random.default_rng(0).normal(size=(150, 4))
    model = PenalizedMLPRegressor((3,), penalty=setting, random_state=0, direct_links=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of targets that were missed
        model.fit(X, X[:, :2])
    assert model.score(X, X[:, :2]) > 0.99
    assert model.loss_ <= max(1.1 * model.target_loss_, model.loss_before_pruning_) * (1 + 1e-9)


def test_zeros_in_box_are_deleted_as_far_as_the_loss_allows():
    objective, kept = make_problem()
    w = np.full(len(kept), 1e-3)
    w[0], w[9] = 3.0, 3.0
    log_edges = np.zeros(len(kept))
    ceiling = 1.01 * objective.data_loss(w)
    pruned = zeros_in_box(objective, w, kept, log_edges, ceiling=ceiling)
    np.testing.assert_array_equal(np.flatnonzero(~pruned), [0, 9])
    assert zeros_in_box(objective, w, kept, log_edges, ceiling=np.inf).all()
    assert not zeros_in_box(objective, w, kept, log_edges, ceiling=0.0).any()


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_weights_that_are_not_worth_their_description_are_deleted(loss):
    """Against brute force: training with and without each of the weights that are left."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3))
    if loss == "log_loss":
        network = Network((3, 2, 1), ("tanh", "logistic"), loss)
        targets = (X[:, :1] + 0.5 * rng.normal(size=(150, 1)) > 0.3).astype(float)
    else:
        network = Network((3, 2, 1), ("tanh", "identity"), loss)
        targets = np.tanh(2.0 * X[:, :1] - 0.6) + 0.2 * rng.normal(size=(150, 1))
    objective, kept = Objective(network, X, targets), np.arange(network.n_weights)
    w = train_lbfgs(
        objective, 0.1 * rng.normal(size=len(kept)), kept, max_iter=300, tol=1e-8, bound=30.0
    ).weights
    ceiling = objective.null_loss()
    shrunk, left = delete_and_train(objective, w, kept, ceiling=ceiling, weight_bound=30.0)
    assert 2 <= len(left) <= 6
    np.testing.assert_array_equal(np.delete(shrunk, left), 0.0)

    def trained(kept):
        result = train_lbfgs(objective, shrunk * np.isin(range(len(w)), kept), kept, **options)
        return objective.data_loss(result.weights)

    options = {"max_iter": 300, "tol": 1e-8, "bound": 30.0}
    best = trained(left)
    price = 0.5 * np.log(150) / 150 * (1.0 if loss == "log_loss" else 2.0 * best)
    assert objective.data_loss(shrunk) <= best + 1.5 * price
    without = [trained(np.setdiff1d(left, [q])) for q in left]
    assert min(without) > best + price


def test_deletion_with_training_respects_the_ceiling_and_the_bound():
    objective, kept = make_problem()
    w = np.random.default_rng(1).uniform(-2, 2, len(kept))
    loss = objective.data_loss(w)
    low, _ = delete_and_train(objective, w, kept, ceiling=0.7 * loss, weight_bound=2.0)
    assert np.abs(low).max() <= 2.0
    assert objective.data_loss(low) <= 0.7 * loss or np.array_equal(low, w)
    same, left = delete_and_train(objective, w, kept, ceiling=0.0, weight_bound=2.0)
    np.testing.assert_array_equal(same, w)
    np.testing.assert_array_equal(left, kept)


def test_no_network_is_trained_twice_to_see_what_its_weights_are_worth(monkeypatch):
    objective, kept = make_problem()
    w, seen = np.random.default_rng(1).uniform(-2, 2, len(kept)), []

    def recorded(objective, w, kept, enough, weight_bound):
        seen.append((w.tobytes(), kept.tobytes()))
        return trained(objective, w, kept, enough, weight_bound)

    monkeypatch.setattr("skprune._training.precision_box.trained", recorded)
    delete_and_train(objective, w, kept, ceiling=0.0, weight_bound=2.0)
    assert len(seen) == len(set(seen)) > 5


def test_even_steps_have_one_size_until_they_fall_to_zero():
    gradient = np.random.default_rng(0).normal(size=10)
    sizes = []
    for steepness in (1.0, 1e-6):
        settings = DescentSettings(max_iter=100, learning_rate=0.01, even_steps=True, landing=0.2)
        pace = MomentumStep(settings, np.ones(10, bool))
        gradient = steepness * gradient
        sizes.append([np.sqrt(np.square(pace.step(gradient, e)).mean()) for e in range(100)])
    np.testing.assert_allclose(sizes[0], sizes[1], rtol=1e-9)
    np.testing.assert_allclose(sizes[0][:80], 0.01, rtol=1e-9)
    np.testing.assert_allclose(sizes[0][90], 0.005, rtol=1e-9)
    assert sizes[0][-1] == pytest.approx(0.01 * 0.01 / 0.2)


@pytest.mark.parametrize("shape", ["circle", "corner"])
def test_boundaries_that_need_several_units_are_found(shape):
    """On a plateau near zero weights a step in proportion to the gradient would get nowhere."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2))
    inside = (X**2).sum(axis=1) < 1.4 if shape == "circle" else (X > -0.5).all(axis=1)
    y = inside ^ (rng.rand(200) < 0.05)
    model = train(FlatMinimum(prune="box"), X + 0.15 * rng.normal(size=X.shape), y)
    assert 2 <= sum(model.hidden_layer_sizes_) <= 5
    assert model.score(X, inside) > 0.9


# ---- what is refused, and what is warned of ---------------------------------------------------


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_target_below_the_noise_is_said_by_how_much(noisy, setting):
    X, y = noisy
    with pytest.warns(ConvergenceWarning, match=r"target_loss=0.01 .*above.*Raise\s+target_loss"):
        model = train(setting(0.01), X, y, max_iter=100)
    assert model.loss_ <= min(model.loss_curve_)


def test_inputs_far_outside_the_units_range_are_warned_of(noisy):
    X, y = noisy
    with (
        warnings.catch_warnings(),
        pytest.warns(UserWarning, match="Scale the inputs"),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        train(FlatMinimum(0.4), 1000 * X, y, max_iter=50)


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_other_units_are_allowed(noisy, activation):
    X, y = noisy
    model = train(FlatMinimum(0.4), X, y, activation=activation)
    assert model.loss_ <= 1.1 * 0.4
    assert all(np.isfinite(part).all() for part in weights_of(model))


def test_constant_targets_and_inputs_without_influence_are_no_trouble():
    X = np.zeros((20, 3))
    model = PenalizedMLPRegressor(
        (4,), penalty="flat_minimum", max_iter=50, random_state=0, direct_links=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, np.ones(20))
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("penalty", [FlatMinimum(prune=False), WeightElimination()], ids=str)
def test_a_constant_network_stays_one(penalty):
    """The bias of its output, which gives the mean, is all that it has."""
    X = np.random.default_rng(0).normal(size=(30, 3))
    plain = PenalizedMLPRegressor((2,), random_state=0, alpha=1e-3, direct_links=False)
    empty = FrozenEstimator(OBSMLPRegressor(plain, n_weights=0).fit(X, X[:, 0]))
    model = clone(plain).set_params(penalty=penalty, estimator=empty, max_iter=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, X[:, 0])
    assert model.n_weights_ == 1
    np.testing.assert_allclose(model.predict(X), X[:, 0].mean(), atol=0.05)


def test_a_strength_that_blows_up_leaves_finite_weights(noisy):
    X, y = noisy
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = train(FlatMinimum(0.3, delta_lambda=1e6), X, y, max_iter=100)
    assert max(np.abs(part).max() for part in weights_of(model)) <= 30.0
    assert np.isfinite(model.loss_)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (FlatMinimum(-1.0), "target_loss"),
        (FlatMinimum(delta_lambda=0), "delta_lambda"),
        (FlatMinimum(approach=1.5), "approach"),
        (WeightElimination(landing=-0.1), "landing"),
        (FlatMinimum(gamma=1.0), "gamma"),
        (FlatMinimum(min_gap=0.5), "min_gap"),
        (FlatMinimum(prune="all"), "prune"),
        (FlatMinimum(revive_range=(0.1, 0.05)), "revive_range.*low <= high"),
        (FlatMinimum(revive_range=("a", "b")), "revive_range.*low <= high"),
        (WeightElimination(w0=0.0), "w0"),
        (FlatMinimum(solver="adam"), "solver"),
        (FlatMinimum(batch_size=0), "batch_size"),
        (WeightElimination(learning_rate=0.0), "learning_rate"),
        (WeightElimination(weight_bound=0.0), "weight_bound"),
    ],
)
def test_impossible_constants_are_named(noisy, setting, words):
    with pytest.raises(ValueError, match=words):
        train(setting, *noisy)


def test_mini_batches_are_for_adaptive_penalties():
    """How the changing objective is descended, only these penalties know."""
    for name in ("solver", "batch_size", "learning_rate"):
        assert name in FlatMinimum().get_params()
        with pytest.raises(TypeError, match=name):
            PenalizedMLPClassifier(**{name: None})


def test_a_failing_fit_leaves_the_estimator_as_it_was(noisy):
    X, y = noisy
    model = train(FlatMinimum(0.35), X, y, max_iter=20)
    before = dict(vars(model))
    model.penalty = FlatMinimum(gamma=2.0)
    with pytest.raises(ValueError, match="gamma"):
        model.fit(X, y)
    assert model.coefs_ is before["coefs_"]


# ---- scikit-learn's checks --------------------------------------------------------------------


def expected_failures(estimator):
    """Repeated samples are those of larger weights where the target is given and batches whole."""
    reasons = {"check_sparsify_coefficients": "networks have coefs_, a list, and no coef_"}
    if getattr(estimator.penalty, "solver", "lbfgs") == "sgd":
        reason = "mini-batches are drawn from the samples, whatever their weights"
    elif isinstance(estimator.penalty, str):
        reason = (
            "the target loss is estimated by folds; the test above compares with a target given"
        )
    else:
        return reasons
    for kind in ("dense", "sparse"):
        reasons[f"check_sample_weight_equivalence_on_{kind}_data"] = reason
    return reasons


@parametrize_with_checks(
    [
        PenalizedMLPClassifier((3,), penalty="flat_minimum", max_iter=60, direct_links=False),
        PenalizedMLPRegressor(
            (3,), penalty=FlatMinimum(0.2, prune=False), max_iter=60, direct_links=False
        ),
        PenalizedMLPClassifier(
            (3,), penalty=FlatMinimum(0.2, solver="sgd"), max_iter=20, direct_links=False
        ),
        PenalizedMLPClassifier(
            (3,), penalty=WeightElimination(0.2), max_iter=60, direct_links=False
        ),
        PenalizedMLPRegressor((3,), penalty="weight_elimination", max_iter=60, direct_links=False),
    ],
    expected_failed_checks=expected_failures,
    xfail_strict=False,
)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        check(estimator)


def test_mini_batches_pull_as_their_weights_do():
    """All together as all patterns at once do, single ones too."""
    rng = np.random.default_rng(0)
    network = Network((3, 2, 1), ("tanh", "logistic"), "log_loss")
    X, targets = rng.normal(size=(20, 3)), rng.integers(0, 2, (20, 1))
    objective = Objective(network, X, targets, rng.uniform(0.1, 5.0, 20))
    w = rng.normal(size=network.n_weights)
    expected = objective.value_and_gradient(w)[1]
    for size in (1, 3, 20, None):
        pulls = [
            share * batch.X.shape[0] * batch.value_and_gradient(w)[1]
            for batch, share in _batches(objective, size, np.random.RandomState(0))
        ]
        np.testing.assert_allclose(sum(pulls) / 20, expected, atol=1e-12)


def test_desired_loss_with_noise_next_to_none_is_that_without():
    """The copies of a sample are in the same fold, or it would be known already."""
    rng = np.random.default_rng(0)
    network = Network((4, 6, 1), ("tanh", "logistic"), "log_loss")
    X, targets = rng.normal(size=(40, 4)), rng.integers(0, 2, (40, 1))
    w, kept = rng.uniform(-0.5, 0.5, network.n_weights), np.arange(network.n_weights)
    found = [
        estimate_target_loss(
            noisy_objective(noise, network, X, targets).for_retraining(0),
            w,
            kept,
            np.random.RandomState(0),
            max_iter=8,
            tol=1e-6,
        )
        for noise in (0, 1e-9)
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-4)
