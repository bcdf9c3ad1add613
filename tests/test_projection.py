"""Pruning towards the outputs of the network before it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks, numerical_gradient
from pruning import pruned
from scipy.special import expit, xlogy
from sklearn.linear_model import LinearRegression

from skprune._curvature.evidence import laplace_posterior
from skprune._network import Network, Objective
from skprune._pruning.projection import DECAY_SHARE, Projection, reference_of
from skprune._pruning.stop import AnyOf, MaxLoss, MaxOtherLoss, MinWeights
from skprune._pruning.trust import TrustRegion
from skprune._training.lbfgs import train_lbfgs


def trained(network, seed=0, n_samples=150, alpha=1.0):
    """An objective, and its minimum from random weights."""
    objective, w = make_objective(seed, network, n_samples, alpha=alpha)
    kept = np.arange(network.n_weights)
    return objective, train_lbfgs(objective, w, kept, max_iter=500, tol=1e-9).weights, kept


def classified(seed=0):
    """A trained network that tells classes by two of six inputs and their product."""
    rng = np.random.default_rng(seed)
    X, network = rng.normal(size=(300, 6)), Network((6, 5, 1), ("tanh", "logistic"), "log_loss")
    chance = expit(2 * X[:, 0] - X[:, 1] + 2 * X[:, 0] * X[:, 1])
    y = (rng.random(300) < chance).astype(float)
    objective, kept = Objective(network, X, y[:, None], alpha=1.0), np.arange(network.n_weights)
    w = 0.5 * rng.normal(size=len(kept))
    return objective, train_lbfgs(objective, w, kept, max_iter=500, tol=1e-9).weights, kept


@given(networks(), st.integers(0, 9))
@settings(deadline=None)
def test_a_reference_is_no_distance_from_itself_and_no_slope_leads_away(network, seed):
    objective, w = make_objective(seed, network)
    projection = Projection(objective, w)
    slope = projection.value_and_gradient(w)[1] - DECAY_SHARE * objective.decay * w
    assert projection.data_loss(w) == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_allclose(slope, 0.0, atol=1e-13)


@given(networks(), st.integers(0, 9))
@settings(deadline=None)
def test_divergences_are_not_negative_and_their_gradients_right(network, seed):
    objective, w = make_objective(seed, network)
    projection, other = Projection(objective, w), w + 0.3
    assert projection.data_loss(other) >= -1e-14
    value, gradient = projection.value_and_gradient(other)
    assert value == pytest.approx(projection.value(other), abs=1e-13)
    if "relu" not in network.activations and "clip" not in network.activations:
        numbers = numerical_gradient(projection.value, other)
        np.testing.assert_allclose(gradient, numbers, rtol=1e-5, atol=1e-7)


def bernoulli(p, q):
    return xlogy(p, p / q) + xlogy(1 - p, (1 - p) / (1 - q))


def categorical(p, q):
    return xlogy(p, p / q).sum(axis=1, keepdims=True)


def poisson(p, q):
    return xlogy(p, p / q) - p + q


@pytest.mark.parametrize(
    ("loss", "activation", "divergence"),
    [
        ("log_loss", "logistic", bernoulli),
        ("log_loss", "softmax", categorical),
        ("poisson", "exp", poisson),
    ],
)
def test_divergences_are_those_of_the_distributions(loss, activation, divergence):
    network = Network((3, 4, 3), ("tanh", activation), loss)
    objective, w = make_objective(1, network, 40)
    reference = reference_of(objective, w, np.arange(len(w)))
    outputs = network.predict(w, objective.X), network.predict(0.5 * w, objective.X)
    expected = objective.weights @ divergence(*outputs).sum(axis=1)
    assert reference.divergence(0.5 * w) == pytest.approx(expected)


def test_squared_errors_are_measured_by_the_noise():
    network = Network((3, 4, 2), ("tanh", "identity"))
    objective, w, kept = trained(network)
    reference = reference_of(objective, w, kept)
    gamma = laplace_posterior(objective, w, kept).n_effective
    residuals = objective.targets - network.predict(w, objective.X)
    squares = objective.weights @ np.square(residuals).sum(axis=1)
    noise = squares / (2 * objective.total - gamma)
    shift = network.predict(w, objective.X) - network.predict(0.9 * w, objective.X)
    expected = objective.weights @ np.square(shift).sum(axis=1) / (2 * noise)
    assert reference.n_effective == pytest.approx(gamma)
    assert reference.divergence(0.9 * w) == pytest.approx(expected)


def test_without_decay_every_weight_is_determined():
    network = Network((3, 2, 1), ("tanh", "logistic"), "log_loss")
    objective, w, kept = trained(network, alpha=0.0)
    assert reference_of(objective, w, kept).n_effective == pytest.approx(len(kept))


def test_a_linear_model_is_projected_onto_the_inputs_that_are_left():
    """Least squares of the reference's outputs on the inputs that are kept, in closed form."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5))
    y = X @ [3.0, -2.0, 1.0, 0.05, 0.02] + 1.0 + rng.normal(size=80)
    model = LinearRegression().fit(X, y)
    objective, w = Objective(Network((5, 1), ("identity",)), X, y[:, None]), np.zeros(6)
    w[:5], w[5] = model.coef_, model.intercept_
    reference = reference_of(objective, w, np.arange(6))
    result = pruned(reference.projection, w, np.arange(6), MinWeights(4), retrain="never")
    kept = result.state.kept
    assert len(kept) == 4
    assert 5 in kept
    expected = LinearRegression().fit(X[:, kept[:-1]], model.predict(X))
    np.testing.assert_allclose(result.state.w[kept[:-1]], expected.coef_, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(result.state.w[5], expected.intercept_, rtol=1e-4, atol=1e-5)


def test_pruning_ends_within_the_allowed_divergence_and_smaller_the_more_is_allowed():
    objective, w, kept = classified()
    reference, sizes = reference_of(objective, w, kept), []
    for share in (0.03, 0.3, 2.0):
        stop = MaxLoss(reference.ceiling(share), "max_divergence")
        trust = TrustRegion(unit=reference.ceiling(1.0))
        result = pruned(reference.projection, w, kept, stop, trust=trust)
        assert result.stopped_by == "max_divergence"
        divergence = reference.divergence(result.state.w)
        assert divergence <= share * reference.n_effective / 2
        sizes.append(result.state.n_alive)
    assert sizes[0] > sizes[1] > sizes[2]


def test_the_divergence_can_bound_a_pruning_that_goes_by_the_targets():
    objective, w, kept = classified()
    reference = reference_of(objective, w, kept)
    stop = AnyOf(MaxOtherLoss(reference.projection, reference.ceiling(0.3), "max_divergence"))
    result = pruned(objective, w, kept, stop)
    assert result.stopped_by == "max_divergence"
    assert 0 < result.state.n_alive < len(kept)
    assert reference.divergence(result.state.w) <= 0.15 * reference.n_effective


def test_predictions_keep_their_shrinkage_though_survivors_hardly_have_decay():
    """Of weak effects that decay has shrunk, pruning towards the data would undo the shrinkage."""
    rng = np.random.default_rng(3)
    X, w = rng.normal(size=(60, 4)), np.array([0.8, 0.5, 0.1, 0.05, 0.0])
    y = (rng.random(60) < expit(X @ w[:4])).astype(float)
    network = Network((4, 1), ("logistic",), "log_loss")
    objective, start = Objective(network, X, y[:, None], alpha=20.0), np.zeros(5)
    w = train_lbfgs(objective, start, np.arange(5), max_iter=500, tol=1e-9).weights
    reference = reference_of(objective, w, np.arange(5))
    result = pruned(reference.projection, w, np.arange(5), MinWeights(4))
    outputs = (network.predict(v, X) for v in (result.state.w, w))
    assert np.ptp(next(outputs)) == pytest.approx(np.ptp(next(outputs)), rel=0.1)


def test_weights_that_sum_to_one_allow_no_more_than_counts():
    objective, w, kept = classified()
    shares = Objective(
        objective.network, objective.X, objective.targets, np.full(300, 1 / 300), 1 / 300
    )
    references = [reference_of(one, w, kept) for one in (objective, shares)]
    assert references[1].nats == pytest.approx(references[0].nats)
    assert references[1].ceiling(0.1) == pytest.approx(references[0].ceiling(0.1))
