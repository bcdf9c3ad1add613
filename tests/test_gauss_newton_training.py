"""Damped Gauss-Newton steps end in the minima that L-BFGS finds, and in fewer steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from scipy.linalg import solve

from skprune._curvature.regularised import regularised_curvature
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective
from skprune._pruning.projection import Projection
from skprune._training.gauss_newton import first_iterate, train_gauss_newton
from skprune._training.lbfgs import train_lbfgs

SEEDS = st.integers(0, 2**16)
PAIRS = [
    ("log_loss", "logistic", 1),
    ("log_loss", "softmax", 3),
    ("squared_error", "identity", 2),
    ("squared_error", "tanh", 1),
    ("poisson", "exp", 1),
]


@pytest.mark.parametrize("loss, out, n_outputs", PAIRS)
def test_training_ends_in_the_minimum_of_a_model_that_has_one(loss, out, n_outputs):
    network = Network((4, n_outputs), (out,), loss)
    objective, w = make_objective(0, network, 50)
    kept = np.arange(network.n_weights)
    newton = train_gauss_newton(objective, w, kept, max_iter=100, tol=1e-8)
    other = train_lbfgs(objective, w, kept, max_iter=5000, tol=1e-9)
    assert newton.converged and newton.gradient_norm <= 1e-8
    assert newton.value == pytest.approx(other.value, abs=1e-12)


@pytest.mark.parametrize("loss, out, n_outputs", PAIRS)
def test_training_goes_on_to_the_minimum_that_is_near(loss, out, n_outputs):
    network = Network((3, 4, n_outputs), ("tanh", out), loss, direct_links=True)
    objective, w = make_objective(1, network, 60, alpha=2.0)
    kept = np.arange(network.n_weights)
    near = train_lbfgs(objective, w, kept, max_iter=5000, tol=1e-6).weights
    newton = train_gauss_newton(objective, near + 1e-3, kept, max_iter=200, tol=1e-9)
    np.testing.assert_allclose(
        network.predict(newton.weights, objective.X), network.predict(near, objective.X), atol=1e-3
    )
    assert newton.value <= objective.value(near) + 1e-12


@settings(max_examples=30, deadline=None)
@given(networks(), SEEDS, st.floats(0.2, 1.0))
def test_only_kept_weights_move_and_the_objective_falls(network, seed, share):
    objective, w = make_objective(seed, network)
    kept = np.flatnonzero(np.random.default_rng(seed).random(network.n_weights) < share)
    values, before = [], w.copy()
    result = train_gauss_newton(
        objective, w, kept, max_iter=15, tol=1e-6, on_iteration=values.append
    )
    np.testing.assert_array_equal(w, before)
    others = np.setdiff1d(np.arange(network.n_weights), kept)
    np.testing.assert_array_equal(result.weights[others], w[others])
    assert np.all(np.diff([objective.value(w), *values]) < 0)
    assert result.value == pytest.approx(objective.value(result.weights), rel=1e-12)
    assert result.n_iter == len(values) <= 15
    gradient = objective.value_and_gradient(result.weights)[1][kept]
    assert result.gradient_norm == pytest.approx(np.abs(gradient).max(initial=0.0))


def test_a_linear_model_is_solved_in_a_few_steps():
    network = Network((6, 1), ("identity",))
    objective, w = make_objective(2, network, 40, weighted=False)
    kept = np.arange(network.n_weights)
    X = np.column_stack([objective.X, np.ones(40)])
    exact = solve(X.T @ X + np.diag([0.3] * 6 + [0.0]), X.T @ objective.targets[:, 0])
    result = train_gauss_newton(objective, w, kept, max_iter=20, tol=1e-10)
    np.testing.assert_allclose(result.weights, exact, atol=1e-8)


@pytest.mark.parametrize("loss, out, n_outputs", PAIRS)
def test_six_steps_bring_back_the_outputs_of_a_network_that_was_disturbed(loss, out, n_outputs):
    """Where all targets can be met the curvature is exact, and the last steps are Newton's."""
    rng = np.random.default_rng(0)
    network = Network((3, 4, n_outputs), ("tanh", out), loss, direct_links=True)
    kept, X = np.arange(network.n_weights), rng.normal(size=(200, 3))
    for _ in range(5):
        w = rng.normal(size=network.n_weights)
        objective = Objective(network, X, network.predict(w, X), None, 1e-6)
        lowest, start = objective.value(w), w + 0.05 * rng.normal(size=network.n_weights)
        newton = train_gauss_newton(objective, start, kept, max_iter=6, tol=1e-12, damping=1e-3)
        other = train_lbfgs(objective, start, kept, max_iter=30, tol=1e-12)
        assert newton.value - lowest < 1e-2 * (other.value - lowest)


@pytest.mark.parametrize("n_samples", [8, 300])
def test_curvature_of_some_patterns_or_few_rows_leads_to_the_same_minimum(n_samples):
    """Eight patterns are fewer rows than the network has weights."""
    network = Network((10, 3, 1), ("tanh", "identity"), direct_links=True)
    objective, w = make_objective(3, network, n_samples, alpha=1.0)
    kept = np.arange(network.n_weights)
    w = train_lbfgs(objective, w, kept, max_iter=5000, tol=1e-4).weights
    result = train_gauss_newton(objective, w, kept, max_iter=300, tol=1e-8, max_patterns=100)
    assert result.converged
    assert result.value <= objective.value(w)
    assert result.gradient_norm <= 1e-7


def test_training_stops_when_told_and_at_a_minimum():
    network = Network((3, 2, 1), ("tanh", "identity"))
    objective, w = make_objective(4, network)
    kept = np.arange(network.n_weights)
    stopped = train_gauss_newton(
        objective, w, kept, max_iter=50, tol=1e-8, on_iteration=lambda value: True
    )
    assert stopped.n_iter == 1 and not stopped.converged
    end = train_gauss_newton(objective, w, kept, max_iter=500, tol=1e-8)
    again = train_gauss_newton(objective, end.weights, kept, max_iter=500, tol=1e-8)
    assert end.converged and again.converged and again.n_iter == 0
    nothing = train_gauss_newton(objective, w, kept[:0], max_iter=5, tol=1e-8)
    assert nothing.converged and nothing.n_iter == 0


@pytest.mark.parametrize("loss, out, n_outputs", PAIRS)
def test_other_decays_need_no_other_pass(loss, out, n_outputs):
    network = Network((3, 2, n_outputs), ("tanh", out), loss, direct_links=True)
    objective, w = make_objective(0, network, 30)
    kept = np.arange(0, network.n_weights, 2)
    w[1::2] = 0.0
    other = objective.decayed(np.random.default_rng(0).random(network.n_weights))
    found = first_iterate(objective, w, kept).with_decay(objective, other, kept)
    expected = first_iterate(other, w, kept)
    np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-12, atol=1e-13)
    assert found.value == pytest.approx(expected.value, rel=1e-13)
    assert found.data_loss == pytest.approx(other.data_loss(w), rel=1e-13)


@pytest.mark.parametrize("loss, out, n_outputs", PAIRS)
def test_a_curvature_that_serves_again_leads_to_the_same_minimum(loss, out, n_outputs, monkeypatch):
    network = Network((4, n_outputs), (out,), loss)
    objective, w = make_objective(0, network, 50)
    kept, made = np.arange(network.n_weights), []
    make = "skprune._training.gauss_newton.regularised_curvature"
    monkeypatch.setattr(make, lambda *data: made.append(0) or regularised_curvature(*data))
    limits = {"max_iter": 200, "tol": 1e-9, "damping": 1e-2}
    always = train_gauss_newton(objective, w, kept, **limits)
    n_always = len(made)
    again = train_gauss_newton(objective, w, kept, reuse=0.5, **limits)
    assert again.value == pytest.approx(always.value, rel=1e-9)
    assert again.converged and len(made) - n_always <= n_always


@pytest.mark.parametrize("loss, out, n_outputs", PAIRS)
def test_training_ends_early_where_a_newton_step_promises_little_more(loss, out, n_outputs):
    """Towards the outputs of a network that had a tenth of its weights more."""
    rng, least_gain = np.random.default_rng(1), 1e-2
    network = Network((4, 5, n_outputs), ("tanh", out), loss, direct_links=True)
    w, X = rng.normal(size=network.n_weights), rng.normal(size=(150, 4))
    decays = np.full(network.n_weights, 10.0)
    projection = Projection(Objective(network, X, network.predict(w, X), None, decays), w)
    kept = np.flatnonzero(rng.random(network.n_weights) < 0.9)
    start = np.zeros_like(w)
    start[kept] = w[kept]
    options = {"max_iter": 500, "tol": 1e-9, "damping": 0.01}
    tight = train_gauss_newton(projection, start, kept, **options)
    loose = train_gauss_newton(projection, start, kept, least_gain=least_gain, **options)
    gradient = projection.value_and_gradient(loose.weights)[1][kept]
    matrix = gauss_newton(projection, loose.weights, kept)
    assert loose.converged and 1 < loose.n_iter < tight.n_iter
    assert 0.5 * gradient @ solve(matrix, gradient) <= least_gain * loose.value
    assert loose.value < 0.5 * projection.value(start)
