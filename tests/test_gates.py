"""Derivatives by gates, against finite differences of the loss with gates in the network."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import HIDDEN_ACTIVATIONS, make_objective, networks
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import frame_for, quick
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skprune import OBSMLPClassifier, PenalizedMLPClassifier, PenalizedMLPRegressor
from skprune._gauss_newton.gates import gate_curvature, gate_slope, input_saliencies
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective
from skprune.inspection import gate_sensitivity

SEEDS = st.integers(0, 10**6)


def gated(network, w, layer, unit, value):
    """Weights of the network whose gate on one unit has a value."""
    w = w.copy()
    network.layers(w)[layer][unit] *= value
    return w


def second_difference(function, step):
    return (function(1 + step) - 2 * function(1.0) + function(1 - step)) / step**2


@settings(max_examples=60, deadline=None)
@given(networks(max_layers=4), SEEDS)
def test_curvature_is_the_second_difference(network, seed):
    objective, w = make_objective(seed, network)
    for layer in range(network.n_layers):
        numeric = []
        for unit in range(network.layer_sizes[layer]):
            move = partial(gated, network, w, layer, unit)
            numeric.append(second_difference(lambda a, m=move: objective.data_loss(m(a)), 1e-3))
        curvature = gate_curvature(objective, w, layer)
        atol = 1e-4 * (1 + objective.data_loss(w))
        np.testing.assert_allclose(curvature, numeric, rtol=1e-3, atol=atol)


@settings(max_examples=40, deadline=None)
@given(networks(hidden=HIDDEN_ACTIVATIONS, max_layers=4), SEEDS)
def test_gauss_newton_curvature_is_that_of_the_outgoing_weights(network, seed):
    objective, w = make_objective(seed, network, alpha=0.0)
    hessian = gauss_newton(objective, w, np.arange(network.n_weights))
    for layer in range(network.n_layers):
        expected = []
        for unit in range(network.layer_sizes[layer]):
            start = network.offsets[layer] + unit * network.layer_sizes[layer + 1]
            group = slice(start, start + network.layer_sizes[layer + 1])
            expected.append(w[group] @ hessian[group, group] @ w[group])
        curvature = gate_curvature(objective, w, layer, exact=False)
        np.testing.assert_allclose(curvature, expected, rtol=1e-9, atol=1e-11)
        assert curvature.min() >= 0


@settings(max_examples=60, deadline=None)
@given(networks(max_layers=4), SEEDS)
def test_relevance_is_the_slope_of_the_absolute_error(network, seed):
    objective, w = make_objective(seed, network)

    size = np.abs(network.predict(w, objective.X)).max()

    def absolute_error(w):
        errors = np.abs(network.predict(w, objective.X) - objective.targets).sum(axis=1)
        return objective.weights @ errors / objective.total

    for layer in range(network.n_layers):
        relevance = gate_slope(objective, w, layer)
        for unit, value in enumerate(relevance):
            up, down = (
                absolute_error(gated(network, w, layer, unit, 1 + h)) for h in (1e-6, -1e-6)
            )
            assert value == pytest.approx((down - up) / 2e-6, rel=1e-3, abs=1e-6 * (1 + size))


def test_memory_is_bounded_and_chunks_do_not_matter():
    network = Network((6, 5, 4, 3), ("tanh", "logistic", "softmax"), "log_loss")
    objective, w = make_objective(0, network, n_samples=400)
    with config_context(working_memory=0.01):
        chunked = [gate_curvature(objective, w, layer) for layer in range(3)]
        slopes = [gate_slope(objective, w, layer) for layer in range(3)]
    for layer in range(3):
        np.testing.assert_allclose(chunked[layer], gate_curvature(objective, w, layer))
        np.testing.assert_allclose(slopes[layer], gate_slope(objective, w, layer))


def test_sparse_inputs_are_the_same():
    network = Network((4, 3, 1), ("tanh", "identity"))
    objective, w = make_objective(3, network)
    data = sparse.csr_array(objective.X), objective.targets, objective.weights
    thin = Objective(network, *data)
    for function in (gate_curvature, gate_slope):
        np.testing.assert_allclose(function(thin, w), function(objective, w))


# ---- gate_sensitivity -----------------------------------------------------------------------


def fitted(kind):
    """A fitted network, its data, and its mean loss from its own predictions."""
    settings = {"solver": "lbfgs", "max_iter": 5000, "random_state": 0}
    if kind == "classes":
        X, y = load_iris(return_X_y=True)
        network = MLPClassifier((4, 3), activation="tanh", alpha=0.5, **settings)

        def loss(network):
            return -np.log(network.predict_proba(X)[np.arange(len(y)), y]).mean()
    elif kind == "labels":
        X, y = make_multilabel_classification(80, 5, random_state=0)
        network = PenalizedMLPClassifier((3,), alpha=1.0, random_state=0, direct_links=False)

        def loss(network):
            p = network.predict_proba(X)
            return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1).mean()
    elif kind == "binary":
        X, y = load_iris(return_X_y=True)
        X, y = X[y > 0], y[y > 0]
        network = MLPClassifier((3,), activation="logistic", alpha=1.0, **settings)

        def loss(network):
            return -np.log(network.predict_proba(X)[np.arange(len(y)), y - 1]).mean()
    else:
        X, y = make_regression(80, 5, n_targets=2, random_state=0)
        y = y / 100
        network = PenalizedMLPRegressor((4,), alpha=0.1, random_state=0, direct_links=False)

        def loss(network):
            return 0.5 * np.square(network.predict(X) - y).sum(axis=1).mean()

    X = X if kind == "regression" else StandardScaler().fit_transform(X)
    return network.fit(X, y), X, y, loss


@pytest.mark.parametrize("kind", ["classes", "labels", "binary", "regression"])
def test_sensitivity_is_the_curvature_of_the_estimators_own_loss(kind):
    network, X, y, loss = fitted(kind)
    for layer in range(len(network.coefs_)):
        coef = network.coefs_[layer].copy()

        def gated_loss(a, unit, layer=layer, coef=coef):
            network.coefs_[layer][unit] = a * coef[unit]
            value = loss(network)
            network.coefs_[layer][unit] = coef[unit]
            return value

        numeric = [
            second_difference(lambda a, i=i: gated_loss(a, i), 1e-3) for i in range(len(coef))
        ]
        sensitivities = gate_sensitivity(network, X, y, layer=layer)
        np.testing.assert_allclose(sensitivities, numeric, rtol=1e-3, atol=1e-5)


def test_layers_have_names_and_numbers():
    network, X, y, _ = fitted("binary")
    by_name = gate_sensitivity(network, X, y, layer="hidden")
    np.testing.assert_array_equal(by_name, gate_sensitivity(network, X, y, layer=1))
    by_name = gate_sensitivity(network, X, y, layer="input")
    np.testing.assert_array_equal(by_name, gate_sensitivity(network, X, y, layer=0))
    for layer in (2, -1):
        with pytest.raises(ValueError, match="number from 0"):
            gate_sensitivity(network, X, y, layer=layer)
    deep, X, y, _ = fitted("classes")
    with pytest.raises(ValueError, match="2 hidden layers"):
        gate_sensitivity(deep, X, y, layer="hidden")


def test_weights_count_as_repetitions():
    network, X, y, _ = fitted("binary")
    weight = np.arange(len(y)) % 3
    repeated = gate_sensitivity(network, np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(gate_sensitivity(network, X, y, sample_weight=weight), repeated)


def test_an_input_without_weights_has_no_sensitivity():
    network, X, y, _ = fitted("binary")
    network.coefs_[0][2] = 0.0
    for variant in ({}, {"exact": False}, {"order": 1}):
        assert gate_sensitivity(network, X, y, **variant)[2] == 0


def test_pipelines_frozen_and_pruned_networks_are_read():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        OBSMLPClassifier(
            PenalizedMLPClassifier((3,), random_state=0, alpha=1e-3, direct_links=False)
        ),
    ).fit(X, y)
    through = gate_sensitivity(model, X, y)
    Z = model[0].transform(X)
    np.testing.assert_array_equal(through, gate_sensitivity(model[-1], Z, y))
    np.testing.assert_array_equal(through, gate_sensitivity(FrozenEstimator(model[-1]), Z, y))
    assert np.all((through != 0) == model[-1].get_support())


NETWORKS = sorted(name for name in PUBLIC_ESTIMATORS if "MLP" in name)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_estimator_is_read(name):
    model = quick(name)
    X, y = frame_for(model)
    model.fit(X, y)
    for layer, coef in enumerate(model.coefs_):
        for variant in ({}, {"exact": False}, {"order": 1}):
            sensitivities = gate_sensitivity(model, X, y, layer=layer, **variant)
            assert sensitivities.shape == (coef.shape[0],)
            assert np.isfinite(sensitivities).all()


@settings(max_examples=20, deadline=None)
@given(networks(hidden=HIDDEN_ACTIVATIONS), SEEDS)
def test_importances_of_pruned_networks_are_gate_curvatures(network, seed):
    objective, w = make_objective(seed, network)
    halves = 0.5 * gate_curvature(objective, w, exact=False)
    np.testing.assert_allclose(input_saliencies(objective, w), halves, rtol=1e-9, atol=1e-12)


def test_large_networks_are_not_refused():
    X, y = make_regression(30, 300, random_state=0)
    network = PenalizedMLPRegressor(
        (9,), max_iter=5000, alpha=10.0, random_state=0, direct_links=False
    )
    assert gate_sensitivity(network.fit(X, y / 100), X, y / 100).shape == (300,)


def test_errors_say_what_is_wrong():
    network, X, y, _ = fitted("binary")
    with pytest.raises(NotFittedError):
        gate_sensitivity(clone(network), X, y)
    with pytest.raises(TypeError, match="holds no layered feedforward network"):
        gate_sensitivity(LinearRegression().fit(X, y), X, y)
    with pytest.raises(ValueError, match="order"):
        gate_sensitivity(network, X, y, order=3)
    with pytest.raises(ValueError, match=r"3 features.*4"):
        gate_sensitivity(network, X[:, :3], y)
    with pytest.raises(ValueError, match="y needs 1 output units"):
        gate_sensitivity(fitted("regression")[0], fitted("regression")[1], np.ones(80))


def scaled_iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def small_classifier():
    return PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("library", ["skprune", "scikit-learn"])
def test_samples_of_some_classes_are_encoded_by_all(n_classes, library):
    X, y = scaled_iris()
    X, y = X[y < n_classes], y[y < n_classes]
    network = small_classifier()
    if library == "scikit-learn":
        network = MLPClassifier((3,), solver="lbfgs", alpha=0.1, max_iter=2000, random_state=0)
    network.fit(X, y)
    # The curvature is a mean over the samples, so those of the classes add up to the whole.
    parts = [gate_sensitivity(network, X[y == k], y[y == k]) for k in range(n_classes)]
    whole = gate_sensitivity(network, X, y)
    np.testing.assert_allclose(np.mean(parts, axis=0), whole, rtol=1e-9, atol=1e-12)
    some = gate_sensitivity(network, X[y > 0], y[y > 0])
    np.testing.assert_allclose(some, np.mean(parts[1:], axis=0), rtol=1e-9, atol=1e-12)
    with pytest.warns(DataConversionWarning):
        column = gate_sensitivity(network, X[y == 1], y[y == 1].reshape(-1, 1))
    np.testing.assert_array_equal(column, parts[1])


def test_targets_of_another_kind_are_refused():
    X, y = scaled_iris()
    indicators = np.eye(3, dtype=int)[y]
    exclusive = small_classifier().fit(X, y)
    several = small_classifier().fit(X, indicators)
    assert gate_sensitivity(several, X, indicators).shape == (4,)
    with pytest.raises(ValueError, match=r"matrix of 3 columns, .* trained on class labels"):
        gate_sensitivity(exclusive, X, indicators)
    with pytest.raises(ValueError, match=r"class labels, .* trained on a label indicator matrix"):
        gate_sensitivity(several, X, y)
    with pytest.raises(ValueError, match=r"matrix of 2 columns, .* trained on class labels"):
        gate_sensitivity(exclusive, X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="needs 2 output units, but the network has 3"):
        gate_sensitivity(several, X, indicators[:, :2])


@pytest.mark.parametrize("piped", [False, True])
def test_columns_in_another_order_are_refused(piped):
    pandas = pytest.importorskip("pandas")
    X, y = scaled_iris()
    frame = pandas.DataFrame(X, columns=list("abcd"))
    network = make_pipeline(StandardScaler(), small_classifier()) if piped else small_classifier()
    network.fit(frame, y)
    assert gate_sensitivity(network, frame, y).shape == (4,)
    with pytest.raises(ValueError, match="same order"):
        gate_sensitivity(network, frame[["c", "b", "a", "d"]], y)
    with pytest.raises(ValueError, match="unseen at fit time"):
        gate_sensitivity(network, frame.rename(columns={"a": "z"}), y)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(150), "zero"),
        (-np.ones(150), "Negative values"),
        (np.full(150, np.nan), "NaN"),
        (np.ones((150, 1)), "1D"),
        (np.ones(149), "shape"),
        (["heavy"] * 150, "could not convert"),
    ],
)
def test_invalid_weights_are_refused(weight, message):
    X, y = scaled_iris()
    network = small_classifier().fit(X, y)
    with pytest.raises(ValueError, match=message):
        gate_sensitivity(network, X, y, sample_weight=weight)


def test_targets_that_are_not_finite_are_refused():
    X, y = scaled_iris()
    network = PenalizedMLPRegressor((3,), alpha=0.1, random_state=0, direct_links=False).fit(
        X, y / 2
    )
    for value in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            gate_sensitivity(network, X, np.where(y == 1, value, y / 2))
