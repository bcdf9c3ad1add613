"""Penalties against brute force: explicit Jacobians, and derivatives by complex steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.frozen import FrozenEstimator

from skprune import FlatMinimum, PenalizedMLPClassifier
from skprune._network import OUTPUT_PAIRS, Network
from skprune._training.flat_minimum import FlatMinimumPenalty
from skprune._training.penalty_strength import WeightController
from skprune._training.weight_elimination import WeightEliminationPenalty

HIDDEN = ["tanh", "logistic", "relu", "identity", "clip"]

# Written for complex arguments: f(a + ih) = f(a) + ih f'(a) to rounding, for a tiny h.
COMPLEX = {
    "identity": (lambda z: z, np.ones_like),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "logistic": (
        lambda z: 1.0 / (1.0 + np.exp(-z)),
        lambda z: np.exp(-z) / (1.0 + np.exp(-z)) ** 2,
    ),
    "relu": (lambda z: z * (z.real > 0), lambda z: (z.real > 0) + 0.0 * z),
    "clip": (
        lambda z: np.where(np.abs(z.real) < 1.0, z, np.sign(z.real)),
        lambda z: (np.abs(z.real) < 1.0) + 0.0 * z,
    ),
    "exp": (np.exp, np.exp),
}


def brute_force_jacobian(network, w, x):
    """All derivatives do_k/dw of one pattern, shape (n_outputs, n_weights)."""
    value, inputs, slopes = np.asarray(x, dtype=w.dtype), [], []
    layers = network.layers(w)
    for layer, name in zip(layers, network.activations):
        inputs.append(np.append(value, 1.0))
        z = inputs[-1] @ layer
        if network.direct_links and len(inputs) == network.n_layers:
            z = z + inputs[0][:-1] @ network.direct(w)
        if name == "softmax":
            value = np.exp(z) / np.exp(z).sum()
            slopes.append(np.diag(value) - np.outer(value, value))
        else:
            function, derivative = COMPLEX[name]
            value = function(z)
            slopes.append(np.diag(derivative(z)))
    back, parts = slopes[-1], []
    if network.direct_links:
        parts.append(np.einsum("i,kj->kij", inputs[0][:-1], back).reshape(len(back), -1))
    for depth in range(network.n_layers - 1, -1, -1):
        parts.append(np.einsum("i,kj->kij", inputs[depth], back).reshape(len(back), -1))
        if depth:
            back = back @ layers[depth][:-1].T @ slopes[depth - 1]
    return np.hstack(parts[::-1])


def brute_force_log_edges(jacobian, epsilon=1.0):
    """HS97 eq. 5, weight by weight."""
    size = jacobian * np.where(jacobian.real < 0, -1.0, 1.0)
    size = np.where(size.real < 1e-20, 1e-20, size)
    root = np.sqrt((size**2).sum(axis=0))
    total = ((size / root).sum(axis=1) ** 2).sum()
    return 0.5 * np.log(epsilon) - np.log(root) - 0.5 * np.log(total)


def brute_force(network, w, X, weights, kept):
    """Mean of B over the patterns."""
    edges = [brute_force_log_edges(brute_force_jacobian(network, w, x)[:, kept]).sum() for x in X]
    return -(weights @ np.array(edges)) / weights.sum()


def complex_step_gradient(function, w, kept, step=1e-30):
    gradient = np.zeros(len(w))
    for index in kept:
        moved = w.astype(complex)
        moved[index] += 1j * step
        gradient[index] = function(moved).imag / step
    return gradient


@st.composite
def problems(draw):
    """A random network, its data, and the weights that exist."""
    sizes = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=4)))
    # (A softmax needs two outputs: with one it is a constant.)
    pairs = OUTPUT_PAIRS if sizes[-1] > 1 else OUTPUT_PAIRS - {("log_loss", "softmax")}
    loss, out = draw(st.sampled_from(sorted(pairs)))
    hidden = [draw(st.sampled_from(HIDDEN)) for _ in sizes[1:-1]]
    network = Network(sizes, (*hidden, out), loss, bool(hidden) and draw(st.booleans()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # (Moderate: the slope a (1 - a) of a saturated unit is rounding noise.)
    X = rng.uniform(-1.5, 1.5, size=(draw(st.integers(1, 5)), sizes[0]))
    X[rng.random(X.shape) < draw(st.sampled_from([0.0, 0.4]))] = 0.0
    weights = rng.uniform(0.2, 3.0, size=len(X))
    exists = rng.random(network.n_weights) >= draw(st.sampled_from([0.0, 0.3]))
    exists[0] = True
    w = rng.uniform(-1.2, 1.2, size=network.n_weights) * exists
    return network, w, X, weights, np.flatnonzero(exists)


@given(problems())
def test_flat_minimum_is_minus_the_sum_of_log_edges(problem):
    network, w, X, weights, kept = problem
    penalty = FlatMinimumPenalty(network, kept)
    value = penalty.value(w, X, weights)
    np.testing.assert_allclose(value, brute_force(network, w, X, weights, kept), rtol=1e-9)
    for x in X:
        edges = penalty.log_edges(w, x[None], np.ones(1))[kept]
        alone = brute_force(network, w, x[None], np.ones(1), kept)
        np.testing.assert_allclose(alone, -edges.sum(), rtol=1e-9, atol=1e-9)


@given(problems())
def test_edges_are_geometric_means_over_patterns_with_an_influence(problem):
    network, w, X, weights, kept = problem
    jacobians = np.array([brute_force_jacobian(network, w, x)[:, kept] for x in X])
    each = np.array([brute_force_log_edges(jacobian) for jacobian in jacobians])
    matters = weights[:, None] * (np.abs(jacobians) > 1e-20).any(axis=1)
    nowhere = ~matters.any(axis=0)  # then each pattern has the floor
    matters[:, nowhere] = weights[:, None]
    expected = np.average(each, axis=0, weights=matters)
    edges = FlatMinimumPenalty(network, kept).log_edges(w, X, weights)
    np.testing.assert_allclose(edges[kept], expected, rtol=1e-9, atol=1e-9)


@given(problems(), st.sampled_from([0.01, 1.0, 30.0]))
def test_the_box_is_flat_and_fills_the_bound(problem, epsilon):
    network, w, X, _, kept = problem
    penalty = FlatMinimumPenalty(network, kept)
    for x in X:
        jacobian = np.abs(brute_force_jacobian(network, w, x)[:, kept])
        jacobian = np.maximum(jacobian, 1e-20)
        edges = np.exp(penalty.log_edges(w, x[None], np.ones(1), epsilon)[kept])
        # The outputs move by epsilon at most, and each weight contributes alike.
        np.testing.assert_allclose(np.square(jacobian @ edges).sum(), epsilon, rtol=1e-9)
        moves = edges * np.sqrt(np.square(jacobian).sum(axis=0))
        np.testing.assert_allclose(moves, moves[0], rtol=1e-9)


@given(problems())
def test_flat_minimum_gradient_is_exact(problem):
    network, w, X, weights, kept = problem
    value, gradient = FlatMinimumPenalty(network, kept).value_and_gradient(w, X, weights)
    expected = complex_step_gradient(lambda v: brute_force(network, v, X, weights, kept), w, kept)
    scale = np.abs(expected).max(initial=0.0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-6 * scale + 1e-12)
    np.testing.assert_allclose(
        value, FlatMinimumPenalty(network, kept).value(w, X, weights), rtol=1e-12
    )


def test_flat_minimum_gradient_agrees_with_finite_differences_of_its_value():
    rng = np.random.default_rng(0)
    network = Network((3, 4, 3, 2), ("tanh", "logistic", "tanh"))
    penalty = FlatMinimumPenalty(network, np.arange(network.n_weights))
    X, w, weights = rng.normal(size=(20, 3)), rng.normal(size=network.n_weights), np.ones(20)
    _, gradient = penalty.value_and_gradient(w, X, weights)
    step = 1e-5 * np.eye(len(w))
    differences = [
        (penalty.value(w + d, X, weights) - penalty.value(w - d, X, weights)) / 2e-5 for d in step
    ]
    np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-5)


@given(problems(), st.floats(1e-3, 1.0))
def test_gradient_of_the_blurred_penalty_is_that_of_its_value(problem, resolution):
    network, w, X, weights, kept = problem
    if set(network.activations) & {"relu", "clip"}:
        return  # finite differences across a kink
    penalty = FlatMinimumPenalty(network, kept, resolution)
    _, gradient = penalty.value_and_gradient(w, X, weights)
    step = 1e-5 * resolution
    for index in kept:
        d = np.zeros_like(w)
        d[index] = step
        forth, back = (penalty.value(w + s * d, X, weights) for s in (1, -1))
        error = 1e-5 * np.abs(gradient).max() + 1e-5 / resolution
        assert abs((forth - back) / (2 * step) - gradient[index]) <= error


def test_flat_minimum_does_not_depend_on_storage_or_chunks(monkeypatch):
    rng = np.random.default_rng(0)
    network = Network((5, 4, 2), ("tanh", "identity"))
    penalty = FlatMinimumPenalty(network, np.arange(network.n_weights))
    X = rng.normal(size=(300, 5)) * (rng.random((300, 5)) < 0.5)
    w, weights = rng.normal(size=network.n_weights), rng.uniform(size=300)
    value, gradient = penalty.value_and_gradient(w, X, weights)
    monkeypatch.setattr("skprune._training.flat_minimum._CHUNK_BYTES", 0)
    for data in (X, sparse.csr_array(X)):
        again, gradient_again = penalty.value_and_gradient(w, data, weights)
        assert again == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(gradient_again, gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_flat_minimum_of_a_network_without_influence_is_finite(n_outputs):
    network = Network((2, 3, n_outputs), ("relu", "identity"))
    penalty = FlatMinimumPenalty(network, np.arange(network.n_weights))
    X, weights = np.zeros((4, 2)), np.ones(4)
    value, gradient = penalty.value_and_gradient(np.zeros(network.n_weights), X, weights)
    assert np.isfinite(value)
    np.testing.assert_array_equal(gradient, 0.0)


@given(st.integers(0, 1000), st.sampled_from([0.1, 1.0, 5.0]))
def test_weight_elimination_counts_large_weights(seed, w0):
    rng = np.random.default_rng(seed)
    network = Network((3, 2), ("identity",))
    kept = np.flatnonzero(~network.is_intercept)
    w = rng.normal(size=network.n_weights)
    penalty = WeightEliminationPenalty(network, kept, w0)

    def formula(v):
        return ((v[kept] / w0) ** 2 / (1.0 + (v[kept] / w0) ** 2)).sum()

    value, gradient = penalty.value_and_gradient(w)
    assert value == pytest.approx(formula(w))
    np.testing.assert_allclose(gradient, complex_step_gradient(formula, w, kept), rtol=1e-9)
    w[kept[:4]], w[kept[4:]] = 1e6 * w0, 1e-6 * w0
    assert penalty.value(w) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (0.4, 2.1),  # below the desired loss, though rising
        (0.79, 2.1),  # falling
        (0.85, 1.9),  # rising, below the average
        (2.0, 1.8),  # rising, above the average
    ],
)
def test_controller_has_three_branches(loss, expected):
    controller = WeightController(0.5, 0.1, strength=2.0, average=1.0)
    controller.previous = 0.3 if loss == 0.4 else 0.8
    assert controller.update(loss) == pytest.approx(expected)
    assert controller.previous == loss
    assert controller.average == pytest.approx(0.85 + 0.15 * loss)


def test_controller_rises_by_a_share_while_the_average_is_too_high():
    controller = WeightController(0.5, 0.1, approach=0.1)
    assert controller.update(1.0) == pytest.approx(0.01)
    # Below the target, but not yet on average.
    assert controller.update(0.4) == pytest.approx(0.02)
    controller.average = 0.45
    assert controller.update(0.4) == pytest.approx(0.12)


def test_controller_starts_at_zero_and_never_falls_below():
    controller = WeightController(0.0, 0.1)
    assert controller.strength == 0.0
    strengths = [controller.update(loss) for loss in (1.0, 0.5, 0.6, 0.62, 0.61, 0.63)]
    assert strengths[:2] == [pytest.approx(0.1), pytest.approx(0.2)]
    assert min(strengths) >= 0.0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weight_bound", [30.0, 1.0])
def test_search_with_the_published_constants_is_that_of_the_paper(weight_bound):
    """Update, penalty and strength of HS97, written out, on all patterns at once."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(8, 2))
    y = (X[:, 0] + 0.5 * rng.normal(size=8) > 0).astype(int)
    target, delta, gamma, rate = 0.1, 0.5, 0.85, 0.25
    how = {"loss": "squared_error", "direct_links": False, "random_state": 0}
    start = PenalizedMLPClassifier((2,), penalty=None, max_iter=3, **how)
    start.fit(X, y)
    penalty = FlatMinimum(
        target,
        delta_lambda=delta,
        gamma=gamma,
        approach=1,
        landing=0,
        resolution=0,
        solver="sgd",
        batch_size=len(X),
        learning_rate=rate,
        weight_bound=weight_bound,
        prune=False,
    )
    model = PenalizedMLPClassifier(
        penalty=penalty, estimator=FrozenEstimator(start), max_iter=40, **how
    ).fit(X, y)

    network = Network((2, 2, 1), ("tanh", "tanh"))
    w, kept = network.pack(start.coefs_, start.intercepts_), np.arange(network.n_weights)
    bound = max(weight_bound, np.abs(w).max())  # (A given network keeps what it has.)
    ones, targets = np.ones(len(X)), 2.0 * y[:, None] - 1.0

    def mean_loss(w):
        hidden, out = network.layers(w)
        z = np.tanh(X @ hidden[:-1] + hidden[-1])
        return 0.5 * np.mean((np.tanh(z @ out[:-1] + out[-1]) - targets) ** 2)

    strength, previous, average = 0.0, np.inf, np.nan
    losses, strengths, cases = [], [], set()
    for _ in range(40):
        of_loss = complex_step_gradient(mean_loss, w, kept)
        b = complex_step_gradient(lambda w: brute_force(network, w, X, ones, kept), w, kept)
        w = w - rate * (of_loss + strength * np.linalg.norm(of_loss) / np.linalg.norm(b) * b)
        w = np.clip(w, -bound, bound)
        loss = mean_loss(w)
        average = gamma * average + (1 - gamma) * loss if losses else loss
        if loss < target or loss < previous:
            strength, case = strength + delta, "simpler"
        elif loss < average:
            strength, case = max(strength - delta, 0.0), "a little less"
        else:
            strength, case = 0.9 * strength, "less"
        cases.add(case)
        previous = loss
        losses.append(loss)
        strengths.append(strength)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-6)
    np.testing.assert_allclose(model.lambda_curve_, strengths, rtol=1e-9)
    assert len(cases) >= 2
