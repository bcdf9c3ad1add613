"""Evidence and determined weights are those of exact and of numerical integration."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from scipy.stats import multivariate_normal
from sklearn.linear_model import BayesianRidge

from skprune._curvature.evidence import (
    estimated_noise_variance,
    fixed_point,
    laplace_posterior,
    symmetry_term,
)
from skprune._curvature.regularised import RegularisedMatrix, RegularisedRows
from skprune._gauss_newton.jacobian import jacobian_chunks
from skprune._network import Network, Objective
from skprune._training.gauss_newton import train_gauss_newton

SEEDS = st.integers(0, 2**16)


def with_precisions(objective, precisions, noise_variance=1.0):
    """The objective with decays given as precisions of the prior, in nats."""
    ones = np.ones(objective.network.n_weights)
    return objective.decayed(ones * precisions * noise_variance / objective.total)


def minimum(objective, w, kept):
    return train_gauss_newton(objective, w, kept, max_iter=200, tol=1e-10).weights


def linear_problem(seed, n_samples=60, n_features=5, *, noise=0.5):
    """A linear network, its kept weights (no bias), and data."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)) * rng.uniform(0.5, 2.0, n_features)
    y = X @ rng.normal(size=n_features) + noise * rng.normal(size=n_samples)
    network = Network((n_features, 1), ("identity",))
    return network, np.flatnonzero(~network.is_intercept), X, y


def test_the_fixed_point_of_a_linear_network_is_bayesian_ridge():
    network, kept, X, y = linear_problem(0)
    plain = {"alpha_1": 0, "alpha_2": 0, "lambda_1": 0, "lambda_2": 0, "tol": 1e-12}
    ridge = BayesianRidge(fit_intercept=False, compute_score=True, max_iter=5000, **plain)
    ridge.fit(X, y)
    objective, w = Objective(network, X, y[:, None]), np.zeros(network.n_weights)
    precision, variance = np.array([1.0]), 1.0
    groups = np.zeros(len(kept), dtype=int)
    for _ in range(200):
        penalised = with_precisions(objective, precision[0], variance)
        w = minimum(penalised, w, kept)
        posterior = laplace_posterior(penalised, w, kept, variance)
        precision = fixed_point(posterior, groups)
        variance = estimated_noise_variance(penalised, w, posterior.n_effective)
    assert precision[0] == pytest.approx(ridge.lambda_, rel=1e-6)
    assert 1.0 / variance == pytest.approx(ridge.alpha_, rel=1e-6)
    np.testing.assert_allclose(w[kept], ridge.coef_, rtol=1e-6)
    assert posterior.log_evidence == pytest.approx(ridge.scores_[-1], rel=1e-8)
    # scikit-learn does not keep gamma, but its noise precision tells it.
    errors = np.square(y - ridge.predict(X)).sum()
    assert posterior.n_effective == pytest.approx(len(y) - ridge.alpha_ * errors, abs=1e-5)
    np.testing.assert_allclose(posterior.variances, ridge.sigma_.diagonal(), rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.booleans())
def test_the_evidence_of_a_linear_network_is_the_density_of_its_targets(seed, weighted):
    network, kept, X, y = linear_problem(seed, n_samples=8)
    rng = np.random.default_rng(seed)
    precisions, variance = np.exp(rng.normal(size=network.n_weights)), np.exp(rng.normal())
    weights = rng.integers(1, 4, len(y)) if weighted else np.ones(len(y), dtype=int)
    objective = with_precisions(Objective(network, X, y[:, None], weights), precisions, variance)
    posterior = laplace_posterior(objective, minimum(objective, np.zeros(6), kept), kept, variance)
    X, y = np.repeat(X, weights, axis=0), np.repeat(y, weights)  # a weight counts samples
    covariance = variance * np.eye(len(y)) + (X / precisions[kept]) @ X.T
    expected = multivariate_normal(np.zeros(len(y)), covariance).logpdf(y)
    assert posterior.log_evidence == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    "loss, out", [("squared_error", "identity"), ("log_loss", "logistic"), ("poisson", "exp")]
)
def test_the_evidence_of_one_mode_is_its_integral(loss, out):
    """Two weights, 1-1-1 without biases: the other mode has the opposite signs."""
    network = Network((1, 1, 1), ("tanh", out), loss)
    kept = np.flatnonzero(~network.is_intercept)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 1))
    mean = network.predict(np.array([0.8, 0.0, 1.2, 0.0]), X)
    draw = {"squared_error": lambda m: rng.normal(m, 0.5), "poisson": rng.poisson}
    targets = draw.get(loss, lambda m: rng.binomial(1, m))(mean).astype(float)
    variance = 0.25 if loss == "squared_error" else 1.0
    objective = with_precisions(Objective(network, X, targets), 2.0, variance)
    w = minimum(objective, np.array([0.5, 0.0, 0.5, 0.0]), kept)
    posterior = laplace_posterior(objective, w, kept, variance)
    # All of the quarter-plane that the mode is in.
    first, second = np.meshgrid(np.linspace(0.01, 6, 150), np.linspace(0.01, 6, 150))
    b = np.tanh(X * first.ravel()) * second.ravel()
    density = {
        "squared_error": lambda: -0.5 * (targets - b) ** 2 / 0.25 - 0.5 * np.log(np.pi / 2),
        "log_loss": lambda: targets * b - np.logaddexp(0, b),
        "poisson": lambda: targets * b - np.exp(b) - log_factorial(targets),
    }[loss]().sum(axis=0)
    density += np.log(2.0 / (2 * np.pi)) - (first.ravel() ** 2 + second.ravel() ** 2)
    cell = (5.99 / 149) ** 2
    integral = np.log(np.exp(density - density.max()).sum() * cell) + density.max()
    assert posterior.log_evidence == pytest.approx(integral, abs=0.25)


def log_factorial(counts):
    return np.array([np.log(np.arange(1, int(n) + 1)).sum() for n in counts.ravel()])[:, None]


@settings(max_examples=30, deadline=None)
@given(st.booleans().flatmap(lambda linked: networks(direct_links=linked)), SEEDS)
def test_all_is_as_by_an_explicit_matrix(network, seed):
    objective, w = make_objective(seed, network)
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(rng.random(network.n_weights) < 0.8)
    objective = with_precisions(objective, np.exp(rng.normal(size=network.n_weights)))
    jacobian = np.vstack(list(jacobian_chunks(objective, w, kept)))
    precisions = objective.total * objective.decay[kept]
    matrix = objective.total * jacobian.T @ jacobian + np.diag(precisions)
    posterior = laplace_posterior(objective, w, kept)
    np.testing.assert_allclose(posterior.precisions, precisions)
    np.testing.assert_allclose(posterior.variances, np.linalg.inv(matrix).diagonal(), rtol=1e-7)
    assert posterior.log_det == pytest.approx(np.linalg.slogdet(matrix)[1], abs=1e-8)
    data_part = np.linalg.solve(matrix, matrix - np.diag(precisions))
    assert posterior.n_effective == pytest.approx(np.trace(data_part), abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 12), st.integers(1, 12))
def test_rows_and_their_matrix_solve_and_spread_alike(seed, n_rows, n_weights):
    rng = np.random.default_rng(seed)
    rows, vector = rng.normal(size=(n_rows, n_weights)), rng.normal(size=n_weights)
    ridge = np.exp(rng.normal(size=n_weights))
    few, whole = RegularisedRows(rows), RegularisedMatrix(rows.T @ rows)
    np.testing.assert_allclose(few.diagonal, whole.diagonal)
    np.testing.assert_allclose(few.solve(ridge, vector), whole.solve(ridge, vector), atol=1e-10)
    variances, log_det = few.spread(ridge)
    expected, expected_log_det = whole.spread(ridge)
    np.testing.assert_allclose(variances, expected, rtol=1e-8)
    assert log_det == pytest.approx(expected_log_det, abs=1e-9)


def test_a_singular_matrix_is_solved_within_rounding():
    rows = np.array([[1.0, 1.0, 0.0]])
    solution = RegularisedMatrix(rows.T @ rows).solve(np.zeros(3), np.array([2.0, 2.0, 0.0]))
    np.testing.assert_allclose(rows @ solution, [2.0], rtol=1e-3)
    solution = RegularisedRows(rows).solve(np.zeros(3), np.array([2.0, 2.0, 0.0]))
    np.testing.assert_allclose(rows @ solution, [2.0], rtol=1e-3)


def test_unpenalised_weights_count_one_each_and_have_a_flat_prior():
    network, kept, X, y = linear_problem(1)
    both = np.arange(network.n_weights)  # the bias as well
    precisions = np.where(network.is_intercept, 0.0, 2.0)
    objective = with_precisions(Objective(network, X, y[:, None]), precisions, 0.3)
    posterior = laplace_posterior(objective, minimum(objective, np.zeros(6), both), both, 0.3)
    assert posterior.determined[-1] == 1.0
    assert len(kept) < posterior.n_effective + 1 < len(both) + 1
    # A Gaussian prior that is flat over all that matters, but for its own density at 0.
    width = 1e5
    precisions[-1] = width**-2
    proper = with_precisions(objective, precisions, 0.3)
    expected = laplace_posterior(proper, minimum(proper, np.zeros(6), both), both, 0.3)
    density = -0.5 * np.log(2 * np.pi) - np.log(width)
    assert posterior.log_evidence + density == pytest.approx(expected.log_evidence, abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(networks(direct_links=True), SEEDS)
def test_a_weight_counts_samples(network, seed):
    rng = np.random.default_rng(seed)
    plain, w = make_objective(seed, network, weighted=False)
    counts = rng.integers(0, 4, len(plain.targets))
    counts[0] = 1
    kept = np.arange(network.n_weights)
    rows = np.repeat(np.arange(len(counts)), counts)
    precisions = np.exp(rng.normal(size=network.n_weights))
    data = [
        (plain.X, plain.targets, counts),
        (plain.X[rows], plain.targets[rows], None),
        (plain.X[np.tile(rows, 2)], plain.targets[np.tile(rows, 2)], np.full(2 * len(rows), 0.5)),
    ]
    weighted, repeated, halved = (
        laplace_posterior(with_precisions(Objective(network, *some), precisions), w, kept)
        for some in data
    )
    for other in (repeated, halved):
        assert weighted.log_evidence == pytest.approx(other.log_evidence, rel=1e-9)
        np.testing.assert_allclose(weighted.determined, other.determined, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=2),
    st.sampled_from(["tanh", "logistic"]),
)
def test_the_symmetry_term_counts_the_places_of_a_network(hidden, activation):
    """All orders of the units and, where that changes nothing, signs: counted one by one."""
    network = Network((2, *hidden, 1), (activation,) * len(hidden) + ("identity",))
    rng = np.random.default_rng(0)
    w, X = rng.normal(size=network.n_weights), rng.normal(size=(5, 2))
    expected, n_same = network.predict(w, X), 0
    layers = [list(permutations(range(h))) for h in hidden]
    signs = [list(product((1.0, -1.0), repeat=h)) for h in hidden]
    for order, sign in product(product(*layers), product(*signs)):
        moved = w.copy()
        blocks = network.layers(moved)
        for depth, (units, side) in enumerate(zip(order, sign)):
            blocks[depth][:] = blocks[depth][:, list(units)] * side
            above = blocks[depth + 1]
            above[:-1] = above[list(units)] * np.array(side)[:, None]
        n_same += np.allclose(network.predict(moved, X), expected)
    assert symmetry_term(network) == pytest.approx(np.log(n_same))


def test_the_noise_variance_of_other_losses_is_one():
    network = Network((3, 2, 1), ("tanh", "logistic"), "log_loss")
    objective, w = make_objective(0, network)
    assert estimated_noise_variance(objective, w, 2.0) == 1.0


def test_the_noise_variance_is_finite_where_all_targets_are_met():
    network, _, X, y = linear_problem(2, n_samples=5, noise=0.0)
    objective = Objective(network, X, y[:, None])
    w = np.append(np.linalg.lstsq(X, y, rcond=None)[0], 0.0)
    assert 0.0 < estimated_noise_variance(objective, w, 5.0) < 1e-6 * y.var()
    nothing = Objective(network, X, np.zeros((5, 1)))
    assert estimated_noise_variance(nothing, np.zeros(6), 0.0) > 0.0
