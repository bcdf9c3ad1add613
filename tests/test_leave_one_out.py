"""Samples left out by one step have the losses that training without them gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks, numerical_gradient

from skprune._curvature.leave_one_out import leave_one_out_loss, output_jacobian
from skprune._curvature.regularised import RegularisedMatrix, RegularisedRows
from skprune._network import Network, Objective
from skprune._training.decay_groups import decay_groups
from skprune._training.decays import settle
from skprune._training.gauss_newton import train_gauss_newton
from skprune._training.minimum import at_best_strength

SEEDS = st.integers(0, 2**16)


def trained(objective, w, kept, **parameters):
    options = {"max_iter": 500, "tol": 1e-11, "damping": 1e-2, **parameters}
    return train_gauss_newton(objective, w, kept, **options).weights


def left_out_one_by_one(objective, w, kept):
    """By training again without each sample, the decay of each weight in nats as it is."""
    network, losses = objective.network, []
    for k in range(len(objective.targets)):
        weights = objective.weights.copy()
        weights[k] -= 1.0
        without = Objective(network, objective.X, objective.targets, weights)
        without = without.decayed(objective.decay * objective.total / without.total)
        b = network.forward(trained(without, w, kept), objective.X[[k]])[-1]
        losses.append(network.output_loss.value(b, objective.targets[[k]])[0])
    return float(objective.weights @ losses / objective.total)


def test_a_linear_model_is_exact():
    network = Network((3, 2), ("identity",))
    objective, w = make_objective(0, network, 15, weighted=False, alpha=2.0)
    kept = np.arange(network.n_weights)
    w = trained(objective, w, kept)
    expected = left_out_one_by_one(objective, w, kept)
    for noise_variance in (1.0, 0.3):
        loss = leave_one_out_loss(objective, w, kept, noise_variance)
        assert loss == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "loss, out, n_outputs",
    [("log_loss", "logistic", 2), ("log_loss", "softmax", 3), ("poisson", "exp", 1)],
)
def test_other_losses_are_close(loss, out, n_outputs):
    network = Network((2, 2, n_outputs), ("tanh", out), loss, direct_links=True)
    objective, w = make_objective(1, network, 40, weighted=False)
    kept = np.arange(network.n_weights)
    objective = objective.decayed(np.full(len(kept), 3.0 / objective.total))
    w = trained(objective, 0.1 * w, kept)
    expected = left_out_one_by_one(objective, w, kept)
    seen = objective.data_loss(w)
    assert abs(leave_one_out_loss(objective, w, kept) - expected) < 0.25 * (expected - seen)


def test_a_weight_counts_samples():
    network = Network((3, 2, 1), ("tanh", "logistic"), "log_loss")
    plain, w = make_objective(2, network, weighted=False)
    counts = np.random.default_rng(0).integers(1, 4, len(plain.targets))
    rows = np.repeat(np.arange(len(counts)), counts)
    kept, decay = np.arange(network.n_weights), np.full(network.n_weights, 0.1)
    weighted = Objective(network, plain.X, plain.targets, counts).decayed(decay)
    repeated = Objective(network, plain.X[rows], plain.targets[rows]).decayed(decay)
    expected = leave_one_out_loss(repeated, w, kept)
    assert leave_one_out_loss(weighted, w, kept) == pytest.approx(expected, rel=1e-9)


def test_some_of_the_patterns_tell_of_all():
    network = Network((3, 1), ("logistic",), "log_loss")
    objective, w = make_objective(3, network, 2000, weighted=False)
    kept = np.arange(network.n_weights)
    w = trained(objective, w, kept)
    some = leave_one_out_loss(objective, w, kept, max_patterns=1000)
    assert some == pytest.approx(leave_one_out_loss(objective, w, kept), rel=0.05)


@settings(max_examples=20, deadline=None)
@given(networks(direct_links=True), SEEDS)
def test_the_output_jacobian_is_that_of_the_pre_activations(network, seed):
    objective, w = make_objective(seed, network, n_samples=4)
    kept = np.flatnonzero(np.random.default_rng(seed).random(network.n_weights) < 0.7)
    expected = numerical_gradient(lambda u: network.forward(u, objective.X)[-1], w)
    jacobian = output_jacobian(objective, w, kept)
    np.testing.assert_allclose(jacobian, np.moveaxis(expected, 0, -1)[..., kept], atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 8), st.integers(1, 8))
def test_spreads_of_a_stack_are_those_of_the_inverse(seed, n_rows, n_weights):
    rng = np.random.default_rng(seed)
    rows, vectors = rng.normal(size=(n_rows, n_weights)), rng.normal(size=(5, 2, n_weights))
    ridge = np.exp(rng.normal(size=n_weights))
    inverse = np.linalg.inv(rows.T @ rows + np.diag(ridge))
    expected = vectors @ inverse @ vectors.transpose(0, 2, 1)
    for form in (RegularisedRows(rows), RegularisedMatrix(rows.T @ rows)):
        np.testing.assert_allclose(form.spreads(ridge, vectors), expected, atol=1e-9)


def linear_problem(n_samples, loss, seed=0):
    """Labels that a line all but separates, of which a weak decay makes the model too sure."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, 4))
    b = 3.0 * X[:, :1] + rng.logistic(size=(n_samples, 1))
    out, targets = ("logistic", b > 0) if loss == "log_loss" else ("identity", b)
    network = Network((4, 1), (out,), loss)
    return Objective(network, X, targets.astype(float), np.ones(n_samples))


def settled_at(objective, precision):
    network = objective.network
    kept, precisions = np.arange(network.n_weights), np.full(network.n_weights, precision)
    groups = decay_groups(network).fixed()
    return settle(objective, np.zeros(len(kept)), kept, groups, precisions, max_steps=40)


def test_decays_are_as_strong_as_left_out_samples_want_them():
    """By training again without each sample, at strengths a factor of two apart."""
    raised = []
    for seed in range(3):
        objective = linear_problem(30, "log_loss", seed)
        weak = settled_at(objective, 0.1)
        best, expected = at_best_strength(weak), {}
        for factor in 2.0 ** np.arange(6):
            decay = weak.objective.decay * np.where([1, 1, 1, 1, 0], factor, 1.0)
            stronger = objective.decayed(decay)
            w = trained(stronger, weak.weights, weak.kept)
            expected[factor] = left_out_one_by_one(stronger, w, weak.kept)
        factors = best.objective.decay / weak.objective.decay
        assert factors[-1] == 1.0 and np.ptp(factors[:-1]) == 0.0  # the bias' stays
        assert expected[factors[0]] < min(expected.values()) + 0.01
        raised.append(factors[0])
        assert_same_decays(best, at_best_strength(best))
    assert min(raised) == 1.0 and max(raised) >= 4.0


def test_decays_of_squared_errors_are_the_evidences():
    weak = settled_at(linear_problem(30, "squared_error"), 0.02)
    assert_same_decays(weak, at_best_strength(weak))


def assert_same_decays(one, other):
    np.testing.assert_array_equal(other.objective.decay, one.objective.decay)
