"""Scatter of updates: batch and streaming eigenpairs, the criterion, the new places."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skprune._numerics.scatter import (
    StreamingScatter,
    lanczos,
    lanczos_start,
    leading_eigenpairs,
    noise_variance_ratio,
    split_offsets,
    update_scatter,
    variance_ratio,
)


def make_updates(spectrum, n_samples, seed=0):
    """Updates whose scatter has the given eigenvalues, in random directions."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((len(spectrum), len(spectrum))))[0]
    return rng.standard_normal((n_samples, len(spectrum))) * np.sqrt(spectrum) @ axes


@settings(deadline=None, max_examples=40)
@given(
    n_parameters=st.integers(1, 12),
    n_samples=st.integers(2, 60),
    n_directions=st.integers(1, 3),
    seed=st.integers(0, 10**6),
)
def test_leading_eigenpairs_are_those_of_the_scatter_matrix(
    n_parameters, n_samples, n_directions, seed
):
    rng = np.random.default_rng(seed)
    n_directions = min(n_directions, n_parameters)
    updates = rng.standard_normal((n_samples, n_parameters)) * rng.uniform(0.1, 3, n_parameters)
    weight = rng.uniform(0, 2, n_samples) + 1e-3
    eigenvalues, directions, trace = leading_eigenpairs(updates, weight, n_directions)
    scatter = update_scatter(updates, weight)
    expected = np.linalg.eigvalsh(scatter)[::-1][:n_directions]
    np.testing.assert_allclose(eigenvalues, expected, atol=1e-9 * expected[0])
    np.testing.assert_allclose(trace, np.trace(scatter))
    residual = directions @ scatter - eigenvalues[:, None] * directions
    assert np.abs(residual).max() <= 1e-6 * expected[0]


def test_weights_count_as_repetitions():
    updates = make_updates([3.0, 1.0, 0.5], 40)
    weight = np.arange(40) % 4
    repeated = leading_eigenpairs(np.repeat(updates, weight, axis=0))
    weighted = leading_eigenpairs(updates, weight)
    np.testing.assert_allclose(weighted[0], repeated[0])
    np.testing.assert_allclose(weighted[2], repeated[2])


def test_lanczos_serves_many_operators_at_once():
    rng = np.random.default_rng(0)
    roots = rng.standard_normal((5, 9, 9))
    matrices = roots @ np.swapaxes(roots, 1, 2)
    eigenvalues, directions = lanczos(
        lambda vectors: np.einsum("kij,kj->ki", matrices, vectors), lanczos_start(5, 9), 2
    )
    np.testing.assert_allclose(eigenvalues, np.linalg.eigvalsh(matrices)[:, ::-1][:, :2])
    products = np.einsum("kij,kmj->kmi", matrices, directions)
    np.testing.assert_allclose(products, eigenvalues[:, :, None] * directions, atol=1e-8)


def test_lanczos_survives_an_exhausted_krylov_space():
    line = np.array([0.6, 0.8, 0.0])
    eigenvalues, directions = lanczos(
        lambda vectors: (vectors @ line)[:, None] * line, lanczos_start(1, 3), 2
    )
    np.testing.assert_allclose(eigenvalues[0], [1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(np.abs(directions[0, 0]), line, atol=1e-12)


@pytest.mark.parametrize("spectrum", [[4.0, 1.0, 0.5], [5.0, 2.0] + [0.5] * 18])
def test_oja_converges_to_the_batch_eigenpair(spectrum):
    updates = make_updates(spectrum, 20_000)
    eigenvalues, directions, trace = leading_eigenpairs(updates)
    stream = StreamingScatter(len(spectrum))
    for batch in np.array_split(updates, 50):
        stream.partial_fit(batch)
    assert abs(stream.directions[0] @ directions[0]) > 0.999
    np.testing.assert_allclose(stream.eigenvalues, eigenvalues, rtol=0.03)
    np.testing.assert_allclose(stream.trace, trace)


def test_sanger_converges_to_several_batch_eigenpairs():
    updates = make_updates([8.0, 4.0, 2.0, 0.5, 0.5, 0.5], 40_000)
    eigenvalues, directions, _ = leading_eigenpairs(updates, n_directions=3)
    stream = StreamingScatter(6, n_directions=3).partial_fit(updates)
    assert np.abs(np.einsum("ij,ij->i", stream.directions, directions)).min() > 0.995
    np.testing.assert_allclose(stream.eigenvalues, eigenvalues, rtol=0.05)
    np.testing.assert_allclose(stream.directions @ stream.directions.T, np.eye(3), atol=1e-12)


def test_stream_does_not_depend_on_the_unit():
    updates = make_updates([4.0, 1.0, 0.5], 2000)
    one = StreamingScatter(3).partial_fit(updates)
    other = StreamingScatter(3).partial_fit(1e-4 * updates)
    np.testing.assert_allclose(other.directions, one.directions, atol=1e-9)
    np.testing.assert_allclose(other.eigenvalues, 1e-8 * one.eigenvalues)


def test_stream_ignores_zero_weights_and_settled_nodes():
    stream = StreamingScatter(3).partial_fit(np.ones((4, 3)), np.zeros(4))
    assert stream.weight == 0
    stream.partial_fit(np.zeros((20, 3)))
    assert stream.trace == 0
    assert np.isfinite(stream.directions).all()
    assert variance_ratio(stream.eigenvalues[0], stream.trace) == 0


@pytest.mark.parametrize("n_parameters", [2, 5, 30])
@pytest.mark.parametrize("n_samples", [50, 400, 3000])
def test_noise_ratio_is_what_isotropic_updates_give(n_parameters, n_samples):
    ratios = []
    for seed in range(20):
        updates = make_updates(np.ones(n_parameters), n_samples, seed)
        eigenvalues, _, trace = leading_eigenpairs(updates)
        ratios.append(variance_ratio(eigenvalues[0], trace))
    expected = noise_variance_ratio(n_samples, n_parameters)
    assert np.mean(ratios) <= expected
    assert np.mean(ratios) >= 0.75 * expected
    line = make_updates([20.0] + [0.05] * (n_parameters - 1), n_samples)
    eigenvalues, _, trace = leading_eigenpairs(line)
    assert variance_ratio(eigenvalues[0], trace) > expected


@settings(deadline=None, max_examples=30)
@given(n_parameters=st.integers(1, 8), n_directions=st.integers(1, 4), seed=st.integers(0, 1000))
def test_children_keep_the_moments_along_the_split_directions(n_parameters, n_directions, seed):
    n_directions = min(n_directions, n_parameters)
    rng = np.random.default_rng(seed)
    directions = np.linalg.qr(rng.standard_normal((n_parameters, n_parameters)))[0][:n_directions]
    eigenvalues = rng.uniform(0.1, 2, n_directions)
    offsets = split_offsets(eigenvalues, directions)
    assert offsets.shape == (2 * n_directions, n_parameters)
    np.testing.assert_allclose(offsets.mean(axis=0), 0, atol=1e-12)
    between = offsets.T @ offsets / len(offsets)
    np.testing.assert_allclose(between, (directions.T * eigenvalues) @ directions, atol=1e-12)


def test_one_direction_is_one_standard_deviation_either_side():
    offsets = split_offsets(np.array([4.0]), np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(offsets, [[0, 2], [0, -2]])
