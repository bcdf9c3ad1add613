"""Networks agree with scikit-learn's MLPs; derivatives agree with finite differences."""

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks, numerical_gradient
from scipy import sparse
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import PoissonRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from versions import needs_mlp_of_1_7

from skprune import PenalizedMLPRegressor
from skprune._fitted.reading import read_network
from skprune._network import Network, Objective, network_output

SEEDS = st.integers(0, 2**16)


@settings(max_examples=60, deadline=None)
@given(networks(), SEEDS)
def test_gradient_is_that_of_finite_differences(network, seed):
    objective, w = make_objective(seed, network)
    gradient = objective.value_and_gradient(w)[1]
    expected = numerical_gradient(objective.value, w)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(gradient / scale, expected / scale, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(networks(), SEEDS)
def test_exact_hessian_is_that_of_finite_differences(network, seed):
    objective, w = make_objective(seed, network)
    hessian = objective.hessian(w, np.arange(network.n_weights))
    expected = numerical_gradient(lambda v: objective.value_and_gradient(v)[1], w)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(hessian / scale, expected / scale, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(networks(hidden=("tanh", "logistic", "relu", "identity")), SEEDS)
def test_jacobian_factors_square_to_the_linearised_loss_curvature(network, seed):
    """sum_c (Z d)_c^2 is the loss' curvature along the change Jd of the outputs."""
    objective, w = make_objective(seed, network, n_samples=4, weighted=False)
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=len(w))
    inputs, roots = network.jacobian_factors(w, objective.X)
    along = sum(
        np.einsum("ki,kcj,ij->kc", x, root, part)
        for x, root, part in zip(inputs, roots, network.layers(direction))
    )
    b = network.forward(w, objective.X)[-1]
    h = 1e-6
    change = (
        network.forward(w + h * direction, objective.X)[-1]
        - network.forward(w - h * direction, objective.X)[-1]
    ) / (2 * h)
    # At targets equal to the outputs the exact curvature has no (t - o) term.
    fitted = network.output(b)
    curvature = network.output_loss.second_derivative_product(b, fitted, change)
    np.testing.assert_allclose(
        np.square(along).sum(axis=1), (curvature * change).sum(axis=1), rtol=1e-4, atol=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(networks(), SEEDS, st.floats(0.0, 1.0))
def test_smoothing_moves_the_curvature_of_log_losses_towards_the_uniform(network, seed, share):
    """Loss and gradient do not change, nor does the curvature of other losses."""
    objective, w = make_objective(seed, network)
    smoothed = objective.smoothed(share)
    assert smoothed.value(w) == objective.value(w)
    outputs = network.output(network.forward(w, objective.X)[-1])
    root = network.output_loss.root(outputs, smoothed.smoothing)
    if network.loss != "log_loss":
        np.testing.assert_array_equal(root, network.output_loss.root(outputs))
    elif network.activations[-1] == "softmax":
        mixed = (1 - share) * outputs + share / network.n_outputs
        expected = mixed[:, :, None] * (np.eye(network.n_outputs) - mixed[:, None, :])
        np.testing.assert_allclose(root.transpose(0, 2, 1) @ root, expected, atol=1e-12)
    else:
        mixed = (1 - share) * outputs + share / 2
        np.testing.assert_allclose(np.square(root), mixed * (1 - mixed), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 40), st.integers(2, 12), st.sampled_from([1e-3, 1.0, 30.0, 1e4]))
def test_softmax_outputs_are_those_of_scipy(seed, n_samples, n_classes, size):
    rng = np.random.default_rng(seed)
    b = size * rng.standard_normal((n_samples, n_classes))
    targets = rng.dirichlet(np.ones(n_classes), n_samples)
    network = Network((1, n_classes), ("softmax",), "log_loss")
    loss = network.output_loss
    losses, delta = loss.value_and_delta(b, targets)
    expected = -(targets * log_softmax(b, axis=1)).sum(axis=1)
    np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(delta, softmax(b, axis=1) - targets, atol=1e-12)
    np.testing.assert_allclose(
        network.output_loss.value(b, targets), losses, rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(network.output(b), softmax(b, axis=1), atol=1e-12)


MLPS = [
    (MLPClassifier, {"activation": "tanh"}, "binary"),
    (MLPClassifier, {"activation": "relu", "hidden_layer_sizes": (5, 4)}, "multiclass"),
    (MLPClassifier, {"activation": "logistic", "hidden_layer_sizes": ()}, "multiclass"),
    (MLPClassifier, {"activation": "identity"}, "multilabel"),
    (MLPRegressor, {"activation": "logistic", "hidden_layer_sizes": (3, 3, 3)}, "values"),
    (MLPRegressor, {"activation": "tanh"}, "several values"),
    pytest.param(
        MLPRegressor,
        {"activation": "tanh", "loss": "poisson"},
        "counts",
        marks=needs_mlp_of_1_7,
    ),
]


@pytest.mark.parametrize("weighted", [False, pytest.param(True, marks=needs_mlp_of_1_7)])
@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("kind, parameters, task", MLPS)
def test_scikit_learns_mlps_are_read_as_they_are(kind, parameters, task, as_sparse, weighted):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) * (rng.random((60, 4)) < 0.5)
    y = {
        "binary": rng.integers(2, size=60),
        "multiclass": rng.integers(3, size=60),
        "multilabel": rng.integers(2, size=(60, 3)),
        "values": rng.normal(size=60),
        "several values": rng.normal(size=(60, 2)),
        "counts": rng.poisson(2, size=60),
    }[task]
    data = sparse.csr_array(X) if as_sparse else X
    weights = rng.uniform(0.5, 2, 60) if weighted else None
    given = {"sample_weight": weights} if weighted else {}
    defaults = {"hidden_layer_sizes": (5,), "alpha": 0.5}
    mlp = kind(**(defaults | parameters), solver="lbfgs", max_iter=50, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp.fit(data, y, **given)
    network, w, kept, alpha = read_network(mlp)
    assert len(kept) == network.n_weights == sum(c.size for c in mlp.coefs_ + mlp.intercepts_)
    outputs = network.predict(w, data)
    np.testing.assert_allclose(
        network_output(mlp.coefs_, mlp.intercepts_, network.activations, data), outputs
    )
    predicted = mlp.predict_proba(X) if kind is MLPClassifier else mlp.predict(X)
    if task == "binary":
        predicted = predicted[:, 1]
    np.testing.assert_allclose(outputs, predicted.reshape(60, -1), atol=1e-12)

    targets = y.reshape(60, -1).astype(float) if task != "multiclass" else np.eye(3)[y]
    objective = Objective(network, data, targets, weights, alpha)
    # scikit-learn reports squared errors averaged over the outputs; its gradient sums them.
    averaged = network.n_outputs if network.loss == "squared_error" else 1
    loss = objective.data_loss(w) / averaged + objective.penalty(w)
    np.testing.assert_allclose(loss, mlp.loss_, rtol=1e-6)


def test_weight_zero_leaves_a_pattern_out():
    network = Network((3, 2, 1), ("tanh", "identity"))
    objective, w = make_objective(0, network, weighted=False)
    X, targets = objective.X, objective.targets
    weights = np.ones(len(X))
    weights[3:5] = 0.0
    some = np.flatnonzero(weights)
    weighted = Objective(network, X, targets, weights, alpha=0.1)
    fewer = Objective(network, X[some], targets[some], None, alpha=0.1)
    assert weighted.value(w) == fewer.value(w)


@settings(max_examples=30, deadline=None)
@given(networks(hidden=("tanh", "relu", "clip")), SEEDS)
def test_flat_weights_and_layers_are_two_views(network, seed):
    w = np.random.default_rng(seed).normal(size=network.n_weights)
    coefs, intercepts, _ = network.unpack(w)
    np.testing.assert_array_equal(network.pack(coefs, intercepts), w)
    assert network.is_intercept.sum() == sum(len(b) for b in intercepts)


@settings(max_examples=40, deadline=None)
@given(networks(), SEEDS, st.sampled_from([0.0, 0.3]), st.booleans())
def test_factors_of_some_rows_and_units_are_those_of_all(network, seed, smoothing, as_sparse):
    objective, w = make_objective(seed, network)
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(rng.random(height) < 0.5) for height, _ in network.shapes]
    units = [np.flatnonzero(rng.random(width) < 0.5) for _, width in network.shapes]
    X = sparse.csr_array(objective.X) if as_sparse else objective.X
    inputs, roots = network.jacobian_factors(w, objective.X, smoothing)
    some_inputs, some_roots = network.jacobian_factors(w, X, smoothing, rows, units)
    for depth in range(network.n_layers):
        for some, all_ in [
            (some_inputs[depth], inputs[depth][:, rows[depth]]),
            (some_roots[depth], roots[depth][:, :, units[depth]]),
        ]:
            np.testing.assert_allclose(some, all_, rtol=1e-12, atol=1e-14)


def test_many_classes_need_no_matrix_of_classes_for_the_units_below():
    """Blocks of the curvature, of which a network of many outputs has many, would each make it."""
    network = Network((3, 2, 400), ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(0, network, 64)
    units = [np.arange(2), np.arange(3)]
    tracemalloc.start()
    network.jacobian_factors(w, objective.X, units=units)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 64 * 400 * 400 / 10


@settings(max_examples=30, deadline=None)
@given(networks(), SEEDS)
def test_null_loss_is_the_lowest_of_a_constant_model(network, seed):
    objective, w = make_objective(seed, network)
    best = objective.null_loss()
    constant = np.zeros_like(w)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        network.layers(constant)[-1][-1] = rng.normal(size=network.n_outputs)
        assert objective.data_loss(constant) >= best - 1e-12


@pytest.mark.parametrize("out", ["logistic", "softmax"])
def test_null_loss_of_a_label_that_all_weighted_samples_have(out):
    """Weighted means of ones can be above one by rounding."""
    rng = np.random.default_rng(0)
    network = Network((1, 2), (out,), "log_loss")
    targets = np.repeat([[1.0, 0.0]], 41, axis=0)
    for _ in range(50):
        weights = rng.uniform(0.1, 2.0, 41)
        assert network.output_loss.null_value(targets, weights) == pytest.approx(0.0, abs=1e-12)


def test_unknown_pairs_are_refused():
    with pytest.raises(ValueError, match="not supported; use one of"):
        Network((2, 1), ("softmax",), "squared_error")
    with pytest.raises(ValueError, match="Hidden activation 'exp'"):
        Network((2, 3, 1), ("exp", "identity"))
    with pytest.raises(ValueError, match="needs 2 activations"):
        Network((2, 3, 1), ("identity",))


def test_poisson_loss_is_convex_with_the_slope_that_is_given_at_any_net_input():
    loss = Network((1, 1), ("exp",), "poisson").output_loss
    for target in (0.0, 3.0, 1e20):
        b, targets = np.linspace(-60.0, 400.0, 921)[:, None], np.full((921, 1), target)
        values, slope = loss.value(b, targets), loss.delta(b, targets)[:, 0]
        assert (np.diff(slope) >= 0.0).all()
        assert b[np.argmin(values), 0] == pytest.approx(np.log(max(target, 1e-26)), abs=0.5)
        h = 1e-5
        rise = loss.value(b + h, targets) - loss.value(b - h, targets)
        # (Half a step beside the corner of the slope.)
        np.testing.assert_allclose(rise / (2 * h), slope, rtol=1e-4, atol=1e-4 + 1e-10 * target)


@pytest.mark.parametrize("spread", [0.5, 50.0])
def test_poisson_training_finds_the_minimum_from_unscaled_inputs(spread):
    """An unbounded or overflowing loss would end it anywhere; without units it has one minimum."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)) * spread
    y = rng.poisson(np.exp(0.5 * X[:, 0] / spread))
    expected = PoissonRegressor(alpha=0.0, tol=1e-10, max_iter=1000).fit(X, y).predict(X)
    for seed in range(6):
        model = PenalizedMLPRegressor((), loss="poisson", alpha=0.0, tol=1e-6, random_state=seed)
        np.testing.assert_allclose(model.fit(X, y).predict(X), expected, rtol=1e-3)
