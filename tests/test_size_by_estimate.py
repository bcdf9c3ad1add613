"""`stopping`: estimates are those of direct computation, and the size with the least is taken."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_diabetes, make_friedman1, make_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.metrics import d2_log_loss_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._gauss_newton.jacobian import jacobian_chunks
from skprune._network import Network, Objective
from skprune._pruning.prediction_error import effective_parameters, final_prediction_error


@pytest.fixture(scope="module")
def friedman():
    X, y = make_friedman1(150, noise=1.0, random_state=0)
    return scale(X), scale(y)


def traces(objective, w, kept, damping=0.0):
    """tr(H J^-1) and tr(H J^-1 H J^-1), by matrices."""
    jacobian = np.vstack(list(jacobian_chunks(objective, w, kept)))
    hessian = jacobian.T @ jacobian
    shares = np.linalg.solve(hessian + np.diag(objective.decay[kept] + damping), hessian)
    return np.trace(shares), np.trace(shares @ shares)


# ---- estimates ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(0, 2**16), st.sampled_from([4, 60]))
def test_effective_parameters(network, seed, n_samples):
    objective, w = make_objective(seed, network, n_samples)
    objective.decay = np.full_like(objective.decay, 0.05)
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(rng.random(network.n_weights) < 0.8)
    found = effective_parameters(objective, w, kept)
    np.testing.assert_allclose(found, traces(objective, w, kept), rtol=1e-6, atol=1e-9)
    assert -1e-9 <= found[1] <= found[0] + 1e-9 <= len(kept) + 2e-9


def test_biases_without_weight_decay_and_dead_weights_are_no_obstacle():
    network = Network((3, 4, 1), ("tanh", "identity"))
    objective, w = make_objective(0, network, 50)
    objective.X[:, 0] = 0.0
    kept = np.arange(network.n_weights)
    expected = traces(objective, w, kept, 1e-9)
    np.testing.assert_allclose(effective_parameters(objective, w, kept), expected, rtol=1e-5)


def test_no_parameters_are_determined_where_all_units_are_dead():
    network = Network((3, 4, 1), ("relu", "relu"))
    objective, _ = make_objective(0, network, 50, alpha=0.0)
    w = np.full(network.n_weights, -1.0)
    objective.X[:] = np.abs(objective.X)
    kept = np.arange(network.n_weights)
    assert effective_parameters(objective, w, kept) == pytest.approx((0.0, 0.0))
    assert final_prediction_error(objective, w, kept) == objective.data_loss(w)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_linear_regression_has_the_final_prediction_error_of_akaike(n_outputs):
    X, y = make_regression(40, 5, n_targets=n_outputs, noise=10.0, random_state=0)
    y = y.reshape(40, n_outputs)
    linear = LinearRegression().fit(X, y)
    network = Network((5, n_outputs), ("identity",))
    objective = Objective(network, X, y)
    w = network.pack([linear.coef_.T], [linear.intercept_])
    error = 0.5 * np.square(y - linear.predict(X)).sum(axis=1).mean()
    expected = error * (40 + 6) / (40 - 6)  # 6 parameters for 40 residuals, an output
    found = final_prediction_error(objective, w, np.arange(len(w)))
    assert found == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(0, 2**16))
def test_final_prediction_error(network, seed):
    objective, w = make_objective(seed, network, 30)
    objective.decay = np.full_like(objective.decay, 0.05)
    kept = np.arange(network.n_weights)
    first, second = traces(objective, w, kept)
    error, weights = objective.data_loss(w), objective.weights
    total = max(weights.sum(), weights.sum() ** 2 / (weights**2).sum())
    if network.loss == "squared_error":
        n = total * network.n_outputs
        assume(second < 0.9 * n)
        expected = error * (n + second) / (n - second)
    else:
        expected = error + first / total
    np.testing.assert_allclose(final_prediction_error(objective, w, kept), expected, 1e-6, 1e-12)


def test_as_many_parameters_as_residuals_have_no_estimate():
    network = Network((12, 1), ("identity",))
    objective, w = make_objective(0, network, 10, alpha=0.0, weighted=False)
    assert final_prediction_error(objective, w, np.arange(network.n_weights)) == np.inf
    assert np.isfinite(final_prediction_error(objective, w, np.arange(4)))


# ---- the choice -----------------------------------------------------------------------------


def test_fpe_takes_the_size_with_the_least_estimate(friedman):
    X, y = friedman
    network = PenalizedMLPRegressor((4,), alpha=0.5, random_state=0, direct_links=False)
    model = OBSMLPRegressor(network, stopping="fpe", retrain="never").fit(X, y)
    path = OBSMLPRegressor(network, n_weights=0, retrain="never", teaching_signal="data")
    path.fit(X, y)
    sizes, estimates = [], []
    for size in range(1, 50):
        pruned = path.at_size(size)
        if pruned.n_weights_ < size:
            continue
        w = pruned._network.pack(pruned.coefs_, pruned.intercepts_)
        kept = np.flatnonzero(
            pruned._network.pack(pruned.coef_masks_, pruned.intercept_masks_, dtype=bool)
        )
        objective = Objective(pruned._network, X, y[:, None], alpha=0.5)
        _, n_effective = traces(objective, w, kept, 1e-12) if len(kept) else (0, 0)
        error = 0.5 * np.square(y - pruned.predict(X)).mean()
        sizes.append(size)
        estimates.append(error * (len(y) + n_effective) / (len(y) - n_effective))
    np.testing.assert_array_equal(model.stopping_curve_["n_weights"], sizes)
    np.testing.assert_allclose(model.stopping_curve_["estimate"], estimates, rtol=1e-5)
    assert model.n_weights_ == sizes[np.argmin(estimates)]
    assert 0 < model.n_weights_ < 49
    assert model.stopped_by_ == "fpe"
    np.testing.assert_allclose(
        model.predict(X), path.at_size(model.n_weights_).predict(X), atol=1e-8
    )


def test_validation_takes_the_smallest_size_within_a_standard_error_on_samples_held_out(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    model = OBSMLPClassifier(network, stopping="validation", retrain="never", random_state=5)
    model.fit(X, y)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=5)
    how = {"retrain": "never", "teaching_signal": "data", "random_state": 5}
    path = OBSMLPClassifier(network, n_weights=0, **how).fit(X, y)
    sizes = model.stopping_curve_["n_weights"]
    rows, tables = np.arange(len(y_test)), [path.at_size(n).predict_proba(X_test) for n in sizes]
    losses = np.array([-np.log(table[rows, y_test]) for table in tables])
    means = [log_loss(y_test, table) for table in tables]
    np.testing.assert_allclose(model.stopping_curve_["estimate"], means)
    best = losses[np.argmin(means)]
    chosen = next(
        n
        for n, loss in zip(sizes, losses)
        if (loss - best).mean() <= min((loss - best).std(), best.std()) / np.sqrt(len(rows))
    )
    assert model.n_weights_ == chosen <= sizes[np.argmin(means)] < 27
    assert model.stopped_by_ == "validation"
    assert model.path_["n_weights"][-1] == 3


def test_validation_of_a_linear_truth_ends_at_its_inputs():
    """The least of many losses that hardly differ is anywhere; the tolerance is what decides."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(600, 6))
    y = 2 * X[:, 0] - X[:, 1] + rng.normal(size=600)
    network = PenalizedMLPRegressor((), alpha=0.1, direct_links=False)
    model = OBSMLPRegressor(network, stopping="validation", random_state=0).fit(X, y)
    assert model.get_support(indices=True).tolist() == [0, 1]
    curve = model.stopping_curve_
    assert curve["n_weights"][np.argmin(curve["estimate"])] > model.n_weights_


def test_weights_of_held_out_samples_are_repetitions(iris):
    X, y = iris
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(y))
    train, test = rows[:100], rows[100:]
    counts = rng.integers(0, 4, len(test))
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    model = OBSMLPClassifier(network, retrain="never", random_state=0)
    samples = {"X_val": X[test], "y_val": y[test]}
    weighted = clone(model).fit(X[train], y[train], **samples, sample_weight_val=counts)
    repeated = {name: np.repeat(values, counts, axis=0) for name, values in samples.items()}
    expected = clone(model).fit(X[train], y[train], **repeated)
    np.testing.assert_allclose(
        weighted.stopping_curve_["estimate"], expected.stopping_curve_["estimate"]
    )


# ---- samples for validation -----------------------------------------------------------------


@pytest.mark.parametrize("stopping", ["auto", "validation"])
def test_samples_can_be_given_to_choose_the_size_by(iris, stopping):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    held_out = OBSMLPClassifier(network, stopping="validation", retrain="never", random_state=5)
    held_out.fit(X, y)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=5)
    model = OBSMLPClassifier(network, stopping=stopping, retrain="never", random_state=5)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.n_weights_ == held_out.n_weights_
    assert model.stopped_by_ == "validation"
    np.testing.assert_array_equal(
        model.stopping_curve_["estimate"], held_out.stopping_curve_["estimate"]
    )
    np.testing.assert_array_equal(model.coefs_[0], held_out.coefs_[0])


def test_without_samples_stopping_is_left_to_the_rules(iris):
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    auto = OBSMLPClassifier(network).fit(*iris)
    none = OBSMLPClassifier(network, stopping=None).fit(*iris)
    assert auto.stopping_curve_ is None
    np.testing.assert_array_equal(auto.coefs_[0], none.coefs_[0])


def test_a_frozen_network_may_be_judged_by_samples_it_has_not_seen(iris):
    X, y = iris
    seen, new = np.arange(0, 150, 2), np.arange(1, 150, 2)
    dense = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False).fit(
        X[seen], y[seen]
    )
    model = OBSMLPClassifier(FrozenEstimator(dense), stopping="validation")
    model.fit(X[seen], y[seen], X_val=X[new], y_val=y[new])
    assert model.n_weights_ < 27
    assert model.score(X[new], y[new]) > 0.9


def test_pipelines_transform_the_inputs_for_validation(iris):
    X, y = iris
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    )
    scaler = StandardScaler().fit(X)
    alone = clone(model).fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    with config_context(enable_metadata_routing=True):
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], alone.coefs_[0])


def test_balanced_classes_weigh_in_validation_what_they_do_in_training(iris):
    X, y = iris
    train, test = np.r_[0:50, 60:70, 100:120], np.r_[50:60, 70:100, 120:150]
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    how = {"retrain": "never", "random_state": 0}
    samples = {"X_val": X[test], "y_val": y[test]}
    balanced = OBSMLPClassifier(network, class_weight="balanced", **how)
    balanced.fit(X[train], y[train], **samples)
    factors = dict(enumerate(80 / 3 / np.array([50, 10, 20])))
    by_factor = OBSMLPClassifier(network, class_weight=factors, **how)
    by_factor.fit(X[train], y[train], **samples)
    np.testing.assert_allclose(
        balanced.stopping_curve_["estimate"], by_factor.stopping_curve_["estimate"]
    )


@pytest.mark.parametrize(
    ("stopping", "names", "words"),
    [
        ("auto", ["X_val"], "got X_val, but samples for validation are X_val and y_val"),
        ("auto", ["y_val", "sample_weight_val"], "got y_val and sample_weight_val, but"),
        ("fpe", ["X_val", "y_val"], "X_val is for stopping='validation', but stopping='fpe'"),
        (None, ["X_val", "y_val"], "but stopping=None"),
    ],
)
def test_samples_that_nothing_looks_at_are_refused(iris, stopping, names, words):
    X, y = iris
    given = {"X_val": X, "y_val": y, "sample_weight_val": np.ones(len(y))}
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), alpha=1e-3, direct_links=False), stopping=stopping
    )
    with pytest.raises(ValueError, match=words):
        model.fit(X, y, **{name: given[name] for name in names})


def test_classes_that_training_has_not_seen_are_refused(iris):
    X, y = iris
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, direct_links=False)
    )
    with pytest.raises(ValueError, match=r"y has the classes \[2\]"):
        model.fit(X[:100], y[:100], X_val=X[50:], y_val=y[50:])


@pytest.mark.parametrize("stopping", ["fpe", "validation"])
def test_the_chosen_network_is_trained_on_all_samples(friedman, stopping):
    X, y = friedman
    network = PenalizedMLPRegressor((3,), alpha=0.5, random_state=0, direct_links=False)
    model = OBSMLPRegressor(network, stopping=stopping, random_state=0).fit(X, y)
    w = model._network.pack(model.coefs_, model.intercepts_)
    kept = np.flatnonzero(w)
    objective = Objective(model._network, X, y[:, None], alpha=0.5)
    assert model.loss_ == pytest.approx(objective.value(w))
    assert np.abs(objective.value_and_gradient(w)[1][kept]).max() < 1e-4
    assert model.n_retrainings_ >= 1
    assert model.score(X, y) > 0.5


def test_fpe_finds_a_smaller_network_where_most_inputs_are_noise():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 8))
    y = np.tanh(2 * X[:, 0]) + 0.3 * rng.normal(size=200)
    model = OBSMLPRegressor(
        PenalizedMLPRegressor((3,), alpha=0.1, direct_links=False), stopping="fpe", random_state=0
    ).fit(X, y)
    assert model.n_weights_ < 31 * 0.7
    assert model.feature_importances_.argmax() == 0


def test_more_starts_give_no_larger_estimate(friedman):
    network = PenalizedMLPRegressor((3,), alpha=0.5, direct_links=False)
    one, several = (
        OBSMLPRegressor(network, stopping="fpe", n_init=n, random_state=0).fit(*friedman)
        for n in (1, 3)
    )
    assert len(several.stopping_curve_["n_weights"]) == len(several.stopping_curve_["estimate"])
    assert min(several.stopping_curve_["estimate"]) <= 1.05 * min(one.stopping_curve_["estimate"])


def test_rules_that_are_given_bound_the_path(iris):
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    at_least = OBSMLPClassifier(network, stopping="fpe", n_weights=20).fit(*iris)
    assert at_least.n_weights_ >= 20 == at_least.path_["n_weights"][-1]
    strict = OBSMLPClassifier(network, stopping="fpe", threshold=1e-4).fit(*iris)
    free = OBSMLPClassifier(network, stopping="fpe").fit(*iris)
    assert strict.n_weights_ > free.n_weights_
    assert strict.path_["n_weights"][-1] > free.path_["n_weights"][-1] == 3  # output biases
    plain = OBSMLPClassifier(network).fit(*iris)
    assert plain.stopping_curve_ is None


@pytest.mark.parametrize("retrain", ["final", "always"])
def test_training_at_the_chosen_size_keeps_to_an_explicit_threshold(retrain):
    """Strong weight decay would give up more of the loss than the rule allows."""
    for seed in range(12):
        rng = np.random.RandomState(seed)
        X = rng.normal(size=(60, 4))
        y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=60) > 0
        network = PenalizedMLPClassifier((4,), alpha=3, random_state=0, direct_links=False)
        model = OBSMLPClassifier(network, stopping="fpe", threshold=0.003, retrain=retrain)
        model.fit(X, y)
        scores = [d2_log_loss_score(y, m.predict_proba(X)) for m in (model.estimator_, model)]
        assert scores[0] - scores[1] <= 0.003 + 1e-8


def test_large_paths_are_looked_at_in_steps():
    X, y = load_diabetes(return_X_y=True)
    network = PenalizedMLPRegressor((20,), alpha=1.0, random_state=0, direct_links=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = OBSMLPRegressor(
            network, criterion="magnitude", stopping="fpe", retrain="never"
        ).fit(scale(X), scale(y))
    sizes = model.stopping_curve_["n_weights"]
    large = sizes[sizes > 64]
    assert (large[1:] >= 1.1 * large[:-1]).all()
    assert len(large) >= 8
    held = model._path.sizes
    np.testing.assert_array_equal(sizes[sizes <= 64], np.sort(held[held <= 64]))
    # Nothing may be the best to delete.
    assert sizes[-1] == held[0] == 241


def test_weighted_samples_are_repeated_samples(friedman):
    X, y = friedman
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    network = PenalizedMLPRegressor(
        (2,), alpha=1.0, tol=1e-9, max_iter=5000, random_state=0, direct_links=False
    )
    model = OBSMLPRegressor(network, stopping="fpe", retrain="never")
    weighted = clone(model).fit(X, y, weight).stopping_curve_
    repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight)).stopping_curve_
    np.testing.assert_array_equal(weighted["n_weights"], repeated["n_weights"])
    np.testing.assert_allclose(weighted["estimate"], repeated["estimate"], rtol=1e-2)


@pytest.mark.parametrize("input_noise", [0.0, 0.1])
def test_weights_that_sum_to_one_serve_as_well(friedman, input_noise):
    X, y = friedman
    shares = np.full(len(y), 1 / len(y))
    curves = []
    for alpha, weight in ((1.0, None), (1 / len(y), shares)):
        network = PenalizedMLPRegressor(
            (2,),
            alpha=alpha,
            input_noise=input_noise,
            tol=1e-9,
            max_iter=5000,
            random_state=0,
            direct_links=False,
        )
        model = OBSMLPRegressor(network, stopping="fpe", retrain="never")
        curves.append(model.fit(X, y, weight).stopping_curve_)
    np.testing.assert_array_equal(curves[0]["n_weights"], curves[1]["n_weights"])
    np.testing.assert_allclose(curves[0]["estimate"], curves[1]["estimate"], rtol=1e-2)


# ---- what is refused ------------------------------------------------------------------------


def test_a_frozen_estimator_has_seen_what_validation_would_hold_out(iris):
    X, y = iris
    frozen = FrozenEstimator(
        PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False).fit(X, y)
    )
    with pytest.raises(
        ValueError, match="PenalizedMLPClassifier is, or starts from, a frozen network"
    ):
        OBSMLPClassifier(frozen, stopping="validation").fit(X, y)
    assert OBSMLPClassifier(frozen, stopping="fpe").fit(X, y).n_weights_ < 27


def test_samples_that_cannot_be_split_are_refused(iris):
    X, y = iris
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), alpha=0.1, direct_links=False), stopping="validation"
    )
    with pytest.raises(ValueError, match=r"cannot hold out 20% of 101 samples: .*only 1 member"):
        model.fit(X[:101], y[:101])
    with pytest.raises(ValueError, match="cannot hold out 20% of 1 samples"):
        OBSMLPRegressor(stopping="validation").fit(X[:1], y[:1])
    weight = np.zeros(len(y))
    weight[:3] = 1.0
    with pytest.raises(ValueError, match="needs samples of positive weight"):
        OBSMLPRegressor(stopping="validation", random_state=0).fit(X, y, weight)


def test_unknown_estimates_are_refused(iris):
    with pytest.raises(ValueError, match="'stopping' parameter of OBSMLPClassifier must be"):
        OBSMLPClassifier(stopping="aic").fit(*iris)


@pytest.mark.parametrize("stopping", ["fpe", "validation"])
def test_sparse_label_indicators_are_the_dense_ones(iris, stopping):
    X, y = iris
    labels = np.c_[y > 0, y > 1].astype(int)
    network = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, direct_links=False)
    model = OBSMLPClassifier(network, stopping=stopping, random_state=0)
    dense = clone(model).fit(X, labels)
    other = clone(model).fit(X, sparse.csr_array(labels))
    assert other.n_weights_ == dense.n_weights_
    np.testing.assert_array_equal(other.predict(X).toarray(), dense.predict(X))
