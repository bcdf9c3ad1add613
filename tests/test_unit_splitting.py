"""Splits of hidden units: matrices, their eigenpairs, and what a split does to the loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks, numerical_gradient
from scipy import sparse
from sklearn import config_context

from skprune._growing.criteria import CRITERIA, find_splits, standard_deviations
from skprune._growing.split import Split, new_unit, split_unit
from skprune._growing.unit_matrices import LayerPatterns
from skprune._network import Network, Objective
from skprune._numerics.scatter import StreamingScatter

SEEDS = st.integers(0, 10**6)
MATRICES = ("scatter", "splitting", "own_hessian")


def deep_networks():
    return networks(max_layers=4).filter(lambda network: network.n_layers > 1)


def explicit(matrices, unit):
    """The matrix of one unit, column by column."""
    n_units, n = matrices.coefficients.shape[1], matrices.inputs.shape[1] + 1
    rows = np.zeros((n_units, n))
    columns = []
    for i in range(n):
        rows[:] = 0.0
        rows[unit, i] = 1.0
        columns.append(matrices.multiply(rows)[unit])
    return np.array(columns)


def incoming(network, layer, unit):
    """Flat indices of a unit's incoming weights, the bias last."""
    marks = np.zeros(network.n_weights, dtype=bool)
    network.layers(marks)[layer - 1][:, unit] = True
    return np.flatnonzero(marks)


@settings(max_examples=40, deadline=None)
@given(deep_networks(), SEEDS)
def test_own_hessian_is_the_block_of_the_exact_hessian(network, seed):
    objective, w = make_objective(seed, network, alpha=0.0)
    hessian = objective.hessian(w, np.arange(network.n_weights))
    for layer in range(1, network.n_layers):
        matrices = LayerPatterns(objective, w, layer).own_hessian()
        for unit in range(network.layer_sizes[layer]):
            own = incoming(network, layer, unit)
            np.testing.assert_allclose(
                explicit(matrices, unit),
                hessian[np.ix_(own, own)],
                atol=1e-11 * (1 + np.abs(hessian).max()),
            )


@settings(max_examples=40, deadline=None)
@given(deep_networks(), SEEDS)
def test_updates_are_the_negative_gradients_of_single_patterns(network, seed):
    objective, w = make_objective(seed, network, n_samples=5, alpha=0.0)
    for layer in range(1, network.n_layers):
        patterns = LayerPatterns(objective, w, layer)
        for unit in range(network.layer_sizes[layer]):
            own = incoming(network, layer, unit)
            updates = patterns.updates(unit)
            for pattern in range(5):
                single = objective.subset(slice(pattern, pattern + 1))
                gradient = single.value_and_gradient(w)[1]
                np.testing.assert_allclose(updates[pattern], -gradient[own], atol=1e-12)
            scatter = (updates.T * objective.weights) @ updates / objective.total
            np.testing.assert_allclose(explicit(patterns.scatter(), unit), scatter, atol=1e-12)
            trace = patterns.scatter().traces()[unit]
            assert trace == pytest.approx(np.trace(scatter), rel=1e-9, abs=1e-12)


def unit_split(network, layer, unit, offset):
    return Split(layer, unit, 0.0, np.array([offset, -offset]))


@settings(max_examples=60, deadline=None)
@given(deep_networks(), SEEDS)
def test_a_small_split_changes_the_loss_as_the_splitting_matrix_says(network, seed):
    """Theory: dE = eps^2 / 2 v'Sv, found by a second difference in eps."""
    objective, w = make_objective(seed, network, alpha=0.0)
    rng = np.random.default_rng(seed)
    for layer in range(1, network.n_layers):
        patterns = LayerPatterns(objective, w, layer)
        for unit in range(network.layer_sizes[layer]):
            direction = rng.standard_normal(network.layer_sizes[layer - 1] + 1)
            direction /= np.linalg.norm(direction)
            rows = np.tile(direction, (network.layer_sizes[layer], 1))
            predicted = patterns.splitting().along(rows)[unit]
            losses = []
            for eps in (1e-3, 0.0):
                split = unit_split(network, layer, unit, eps * direction)
                grown, v = split_unit(network, w, split)
                data = objective.X, objective.targets, objective.weights
                losses.append(Objective(grown, *data).data_loss(v))
            loss = objective.data_loss(w)
            assert losses[1] == pytest.approx(loss, rel=1e-12, abs=1e-13)
            change = 2 * (losses[0] - losses[1]) / 1e-6
            assert change == pytest.approx(predicted, rel=1e-2, abs=2e-4 * (1 + abs(loss)))


@settings(max_examples=25, deadline=None)
@given(deep_networks(), SEEDS, st.sampled_from(CRITERIA))
def test_a_split_leaves_the_outputs_unchanged_to_first_order(network, seed, criterion):
    objective, w = make_objective(seed, network)
    outputs = network.predict(w, objective.X)
    rng = np.random.RandomState(seed)
    for split in find_splits(objective, w, criterion, rng=rng):
        changes = []
        for scale in (1e-3, 1e-4):
            offsets = split.offsets if split.unit is None else scale * split.offsets
            grown, v = split_unit(network, w, Split(split.layer, split.unit, 0.0, offsets))
            assert grown.layer_sizes[split.layer] == network.layer_sizes[split.layer] + 1
            changes.append(np.abs(grown.predict(v, objective.X) - outputs).max())
        # Second order: a tenth of the way, a hundredth of the change.
        assert changes[1] <= 0.02 * changes[0] + 1e-11 * (1 + np.abs(outputs).max())


@settings(max_examples=25, deadline=None)
@given(deep_networks(), SEEDS, st.sampled_from(MATRICES), st.booleans())
def test_eigenpairs_are_those_of_the_matrices(network, seed, kind, has_intercept):
    objective, w = make_objective(seed, network)
    for layer in range(1, network.n_layers):
        matrices = getattr(LayerPatterns(objective, w, layer, has_intercept), kind)()
        largest, top = matrices.largest()
        smallest, bottom = matrices.smallest()
        for unit in range(network.layer_sizes[layer]):
            matrix = explicit(matrices, unit)
            scale = np.abs(matrix).max() + 1e-300
            spectrum = np.linalg.eigvalsh(matrix)
            if not has_intercept:
                assert not matrix[-1].any() and not matrix[:, -1].any()
            for values, vectors in ((largest, top), (smallest, bottom)):
                vector = vectors[unit, 0]
                residual = matrix @ vector - values[unit, 0] * vector
                assert np.abs(residual).max() <= 1e-5 * scale
            # (Where the Krylov space is exhausted early, zero stands for eigenvalues beyond it.)
            margin = 1e-7 * scale
            assert spectrum[-1] - margin <= largest[unit, 0] <= max(spectrum[-1], 0) + margin
            assert min(spectrum[0], 0) - margin <= smallest[unit, 0] <= spectrum[0] + margin


def a_problem(**settings):
    network = Network((6, 5, 4, 3), ("tanh", "logistic", "softmax"), "log_loss")
    return make_objective(1, network, n_samples=400, **settings)


def test_streaming_estimates_converge_to_the_batch_eigenpairs():
    objective, w = a_problem(weighted=False)
    patterns = LayerPatterns(objective, w, 1)
    values, directions = patterns.scatter().largest(n_directions=2)
    traces = patterns.scatter().traces()
    for unit in range(5):
        stream = StreamingScatter(7, n_directions=2)
        for epoch in range(25):
            order = np.random.default_rng(epoch).permutation(400)
            stream.partial_fit(patterns.updates(unit)[order])
        np.testing.assert_allclose(stream.trace, traces[unit])
        np.testing.assert_allclose(stream.eigenvalues, values[unit], rtol=0.2)
        assert abs(stream.directions[0] @ directions[unit, 0]) > 0.97


def test_memory_sparse_inputs_and_zero_weights_do_not_matter():
    objective, w = a_problem()
    thin = Objective(
        objective.network, sparse.csr_array(objective.X), objective.targets, objective.weights, 0.3
    )
    for criterion in set(CRITERIA) - {"random"}:
        splits = find_splits(objective, w, criterion)
        with config_context(working_memory=0.01):
            for other in (objective, thin):
                again = find_splits(other, w, criterion)
                assert [(s.layer, s.unit) for s in again] == [(s.layer, s.unit) for s in splits]
                for mine, theirs in zip(splits, again):
                    assert theirs.score == pytest.approx(mine.score, rel=1e-6)
                    same = np.abs(np.sum(mine.offsets[0] * theirs.offsets[0]))
                    assert same == pytest.approx(np.sum(mine.offsets[0] ** 2), rel=1e-5)


def test_only_descents_are_offered_by_the_splitting_matrix():
    for seed in range(5):
        network = Network((3, 4, 2), ("tanh", "identity"))
        objective, w = make_objective(seed, network, n_samples=60, alpha=0.0)
        matrices = LayerPatterns(objective, w, 1).splitting()
        can_descend = {j for j in range(4) if np.linalg.eigvalsh(explicit(matrices, j))[0] < -1e-9}
        splits = find_splits(objective, w, "splitting_matrix", step=1e-2)
        assert {split.unit for split in splits} == can_descend
        for split in splits:
            grown, v = split_unit(network, w, split)
            data = objective.X, objective.targets, objective.weights
            fall = objective.data_loss(w) - Objective(grown, *data).data_loss(v)
            assert fall == pytest.approx(1e-4 * find_score(objective, w, split.unit), rel=0.05)


def find_score(objective, w, unit):
    return next(s.score for s in find_splits(objective, w, "splitting_matrix") if s.unit == unit)


def test_distances_are_standard_deviations_of_newton_steps():
    objective, w = a_problem(alpha=0.0)
    patterns = LayerPatterns(objective, w, 1)
    values, directions = patterns.scatter().largest()
    lengths = standard_deviations(patterns, directions)[:, 0]
    stiffness = patterns.own_hessian(exact=False)
    inputs = np.hstack([patterns.inputs, np.ones((400, 1))])
    for unit, axis in enumerate(directions[:, 0]):
        natural = np.sqrt(values[unit, 0]) / (axis @ explicit(stiffness, unit) @ axis)
        net_input = np.sqrt(np.average(np.square(inputs @ axis), weights=objective.weights))
        assert lengths[unit] == pytest.approx(min(natural, 1 / net_input))
        offsets = next(
            s
            for s in find_splits(objective, w, "scatter", step=0.5)
            if (s.layer, s.unit) == (1, unit)
        ).offsets
        np.testing.assert_allclose(np.linalg.norm(offsets, axis=1), 0.5 * lengths[unit])


def test_splits_along_several_directions_have_two_children_each():
    objective, w = a_problem()
    for criterion in ("scatter", "gate", "hessian"):
        split = find_splits(objective, w, criterion, n_directions=2)[0]
        assert split.offsets.shape == (4, objective.network.layer_sizes[split.layer - 1] + 1)
        grown, v = split_unit(objective.network, w, split)
        assert grown.layer_sizes[split.layer] == objective.network.layer_sizes[split.layer] + 3
        still = Split(split.layer, split.unit, 0.0, 0 * split.offsets)
        grown, v = split_unit(objective.network, w, still)
        np.testing.assert_allclose(
            grown.predict(v, objective.X), objective.network.predict(w, objective.X)
        )


def test_meiosis_compares_gradients_with_weights_on_both_sides():
    network = Network((3, 4, 2), ("tanh", "identity"))
    objective, w = make_objective(5, network, n_samples=7, alpha=0.0)
    gradients = np.array(
        [np.abs(objective.subset(slice(p, p + 1)).value_and_gradient(w)[1]) for p in range(7)]
    )
    spread = network.layers(objective.weights @ gradients / objective.total)
    layers = network.layers(np.abs(w))
    inside = spread[0].sum(axis=0) / layers[0].sum(axis=0)
    outside = spread[1][:-1].sum(axis=1) / layers[1][:-1].sum(axis=1)
    for split in find_splits(objective, w, "meiosis"):
        expected = min(inside[split.unit], outside[split.unit])
        assert split.score == pytest.approx(expected)
        axis = spread[0][:, split.unit] / np.linalg.norm(spread[0][:, split.unit])
        assert abs(axis @ split.offsets[0]) == pytest.approx(np.linalg.norm(split.offsets[0]))


@pytest.mark.parametrize("layer", [1, 2])
def test_the_best_new_unit_has_the_steepest_outgoing_weights(layer):
    objective, w = a_problem(alpha=0.0)
    chosen = new_unit(objective, w, layer, n_candidates=20, rng=np.random.RandomState(0))

    def slope(split):
        grown, v = split_unit(objective.network, w, split)
        data = objective.X, objective.targets, objective.weights
        gradient = grown.layers(Objective(grown, *data).value_and_gradient(v)[1])[layer][-2]
        outputs = grown.forward(v, objective.X)[layer][:, -1]
        return np.square(gradient).sum() / np.average(outputs**2, weights=objective.weights)

    assert chosen.score == pytest.approx(slope(chosen))
    rng = np.random.RandomState(0)
    bound = np.abs(new_unit(objective, w, layer, n_candidates=20, rng=rng).offsets).max()
    rng = np.random.RandomState(1)
    others = [new_unit(objective, w, layer, rng=rng) for _ in range(10)]
    assert chosen.score > np.mean([other.score for other in others])
    assert bound <= np.sqrt(6 / 4)


def test_gradients_of_the_grown_network_are_shared_by_the_children():
    objective, w = a_problem(alpha=0.0)
    split = find_splits(objective, w, "scatter")[0]
    still = Split(split.layer, split.unit, 0.0, 0 * split.offsets)
    grown, v = split_unit(objective.network, w, still)
    larger = Objective(grown, objective.X, objective.targets, objective.weights)
    gradient = larger.value_and_gradient(v)[1]
    np.testing.assert_allclose(gradient, numerical_gradient(larger.data_loss, v), atol=1e-6)
    children = grown.layers(gradient)[split.layer - 1][:, -2:]
    np.testing.assert_allclose(children[:, 0], children[:, 1])
