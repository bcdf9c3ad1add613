"""Losses of output layers: derivatives by finite differences, divergences by their definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_targets
from scipy import stats
from scipy.special import entr

from skprune._network import OUTPUT_PAIRS, Network

SEEDS = st.integers(0, 2**16)
PAIRS = st.sampled_from(sorted(OUTPUT_PAIRS))


def problem(seed, loss, activation, n_outputs=3):
    """A loss with net inputs and targets; those of "relu" and "clip" away from their corners."""
    rng = np.random.default_rng(seed)
    network = Network((1, n_outputs), (activation,), loss)
    b = rng.normal(scale=1.5, size=(6, n_outputs))
    b += 0.01 * np.sign(b) + 0.01 * np.sign(np.abs(b) - 1.0)
    return network.output_loss, b, make_targets(rng, 6, network)


def slopes(function, b, step=1e-5):
    """Central differences of a function of each pattern by each of its net inputs."""
    shifts = step * np.eye(b.shape[1])
    columns = [function(b + shift) - function(b - shift) for shift in shifts]
    return np.stack(columns, axis=-1) / (2 * step)


@settings(max_examples=50, deadline=None)
@given(SEEDS, PAIRS)
def test_derivatives_are_those_of_finite_differences(seed, pair):
    loss, b, targets = problem(seed, *pair)
    slope = slopes(lambda z: loss.value(z, targets), b)
    np.testing.assert_allclose(loss.delta(b, targets), slope, rtol=1e-5, atol=1e-6)
    values, delta = loss.value_and_delta(b, targets)
    np.testing.assert_allclose(values, loss.value(b, targets))
    np.testing.assert_allclose(delta, loss.delta(b, targets), atol=1e-12)
    hessian = slopes(lambda z: loss.delta(z, targets), b)
    direction = np.random.default_rng(seed).normal(size=b.shape)
    expected = np.einsum("kij,kj->ki", hessian, direction)
    found = loss.second_derivative_product(b, targets, direction)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    rows, scales = loss.curvature_rows(b, targets, True)
    np.testing.assert_allclose(
        np.einsum("kri,kr,krj->kij", rows, scales, rows), hessian, rtol=1e-4, atol=1e-5
    )
    jacobian = slopes(loss.output, b)
    np.testing.assert_allclose(loss.jacobian(loss.output(b)), jacobian, rtol=1e-4, atol=1e-6)
    bar = np.random.default_rng(seed + 1).normal(size=jacobian.shape)
    back = slopes(lambda z: (loss.jacobian(loss.output(z)) * bar).sum(axis=(1, 2)), b)
    np.testing.assert_allclose(
        loss.jacobian_backward(loss.output(b), bar), back, rtol=1e-4, atol=1e-5
    )


@settings(max_examples=50, deadline=None)
@given(SEEDS, PAIRS)
def test_curvature_is_the_hessian_at_targets_equal_to_the_outputs(seed, pair):
    """In all its forms: the root, the root's products, blocks of outputs, and rows with scales."""
    loss, b, _ = problem(seed, *pair)
    outputs = loss.output(b)
    hessian = slopes(lambda z: loss.delta(z, outputs), b)
    root = loss.root_product(outputs, np.eye(3))
    np.testing.assert_allclose(np.einsum("kri,krj->kij", root, root), hessian, atol=1e-5)
    full = loss.root(outputs)
    full = full[:, :, None] * np.eye(3) if loss.has_independent_outputs else full
    np.testing.assert_allclose(root, full, atol=1e-12)
    some = np.array([0, 2])
    np.testing.assert_allclose(
        loss.curvature(outputs, some), hessian[:, some][:, :, some].transpose(1, 2, 0), atol=1e-5
    )
    rows, scales = loss.curvature_rows(b, outputs, False)
    np.testing.assert_allclose(np.einsum("kri,kr,krj->kij", rows, scales, rows), hessian, atol=1e-5)


def divergence_by_definition(loss, reference, others):
    """The expected log ratio of the densities that the outputs stand for, by enumeration."""
    name = type(loss).__name__
    if name == "SquaredError":
        grid = np.linspace(-15, 15, 6001)[:, None, None]
        p, q = stats.norm.pdf(grid, reference), stats.norm.logpdf(grid, others)
        return ((p * (stats.norm.logpdf(grid, reference) - q)).sum(axis=0) * 0.005).sum(axis=1)
    if name == "MultinomialLogLoss":
        return stats.entropy(reference, others, axis=1)
    if name == "BinaryLogLoss":
        parts = [stats.entropy([r, 1 - r], [o, 1 - o]) for r, o in zip(reference, others)]
        return np.sum(parts, axis=1)
    counts = np.arange(400)[:, None, None]
    p = stats.poisson.pmf(counts, reference)
    ratio = stats.poisson.logpmf(counts, reference) - stats.poisson.logpmf(counts, others)
    return np.where(p > 0, p * ratio, 0.0).sum(axis=(0, 2))


@settings(max_examples=50, deadline=None)
@given(SEEDS, PAIRS)
def test_divergence_is_that_of_the_distributions(seed, pair):
    loss, b, _ = problem(seed, *pair)
    reference = np.random.default_rng(seed + 1).normal(size=b.shape)
    expected = divergence_by_definition(loss, loss.output(reference), loss.output(b))
    np.testing.assert_allclose(loss.divergence(reference, b), expected, rtol=1e-6, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(SEEDS, PAIRS)
def test_divergence_has_the_gradient_of_the_loss_at_the_references_outputs(seed, pair):
    """So a network is projected onto another by training towards its outputs."""
    loss, b, _ = problem(seed, *pair)
    reference = np.random.default_rng(seed + 1).normal(size=b.shape)
    targets = loss.output(reference)
    slope = slopes(lambda z: loss.divergence(reference, z), b)
    np.testing.assert_allclose(loss.delta(b, targets), slope, rtol=1e-5, atol=1e-6)
    assert (loss.divergence(reference, reference) == 0.0).all()
    np.testing.assert_allclose(loss.delta(reference, targets), 0.0, atol=1e-14)


def test_divergence_of_probabilities_is_the_cross_entropy_less_the_entropy():
    loss, b, _ = problem(0, "log_loss", "softmax")
    reference = np.random.default_rng(1).normal(size=b.shape)
    targets = loss.output(reference)
    expected = loss.value(b, targets) - entr(targets).sum(axis=1)
    np.testing.assert_allclose(loss.divergence(reference, b), expected)


@pytest.mark.parametrize("loss, activation", sorted(OUTPUT_PAIRS))
def test_divergence_of_sure_outputs_is_finite_and_never_negative(loss, activation):
    """Rounding alone may separate outputs of net inputs that are nearly equal."""
    loss = Network((1, 2), (activation,), loss).output_loss
    b = np.array([[40.0, -40.0], [-40.0, 25.0], [0.0, 0.0]])
    for other in (b, b * (1 + 1e-12), -b):
        divergence = loss.divergence(b, other)
        assert np.isfinite(divergence).all() and (divergence >= 0).all()
