"""Links from inputs to outputs: values, derivatives and connectivity agree with the definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks, numerical_gradient
from scipy import sparse
from test_connectivity import useful

from skprune._curvature.block_diagonal import BlockCurvature, unit_blocks
from skprune._curvature.low_rank import sketched_rows
from skprune._gauss_newton.by_layers import add_by_layers
from skprune._gauss_newton.by_units import add_by_units
from skprune._gauss_newton.diagonal import gauss_newton_diagonal
from skprune._gauss_newton.gates import input_saliencies
from skprune._gauss_newton.jacobian import add_product
from skprune._gauss_newton.kept_weights import KeptWeights
from skprune._gauss_newton.matrix import gauss_newton
from skprune._growing.split import Split, split_unit
from skprune._network import Connectivity, Network, activate
from skprune._numerics.symmetric import mirror

SEEDS = st.integers(0, 2**16)
LINKED = networks(direct_links=True)
KINKED = networks(hidden=("tanh", "logistic", "relu", "identity"), direct_links=True)


def output_by_hand(network, w, X):
    """Layer by layer; the direct links are the last n_features n_outputs weights."""
    value, start, sizes = X, 0, network.layer_sizes
    for n_in, n_out, name in zip(sizes, sizes[1:], network.activations):
        coef = w[start : start + n_in * n_out].reshape(n_in, n_out)
        bias = w[start + n_in * n_out : start + (n_in + 1) * n_out]
        start += (n_in + 1) * n_out
        z = value @ coef + bias
        value = activate(name, z)
    assert len(w) == start + sizes[0] * sizes[-1]
    return z + X @ w[start:].reshape(sizes[0], sizes[-1])


def jacobian_by_differences(network, w, X, step=1e-6):
    """Derivatives of the outputs' net inputs by the weights, (n_samples, n_outputs, n_weights)."""
    columns = [
        output_by_hand(network, w + shift, X) - output_by_hand(network, w - shift, X)
        for shift in step * np.eye(len(w))
    ]
    return np.stack(columns, axis=-1) / (2 * step)


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS, st.booleans())
def test_outputs_see_the_inputs_too(network, seed, is_sparse):
    objective, w = make_objective(seed, network)
    X = sparse.csr_array(objective.X) if is_sparse else objective.X
    np.testing.assert_allclose(network.forward(w, X)[-1], output_by_hand(network, w, objective.X))


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS, st.booleans())
def test_gradient_and_hessian_are_those_of_finite_differences(network, seed, is_sparse):
    objective, w = make_objective(seed, network)
    if is_sparse:
        objective.X = sparse.csr_array(objective.X)
    gradient = objective.value_and_gradient(w)[1]
    expected = numerical_gradient(objective.value, w)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(gradient / scale, expected / scale, atol=1e-7)
    hessian = objective.hessian(w, np.arange(network.n_weights))
    expected = numerical_gradient(lambda v: objective.value_and_gradient(v)[1], w)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(hessian / scale, expected / scale, atol=1e-6)


def test_direct_links_decay_like_all_coefficients():
    network = Network((2, 3, 2), ("tanh", "identity"), direct_links=True)
    objective, w = make_objective(0, network, alpha=0.5)
    assert not network.is_intercept[-4:].any() and network.is_intercept.sum() == 5
    coefs = w[~network.is_intercept]
    expected = 0.25 * (coefs @ coefs) / objective.total
    assert objective.penalty(w) == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(KINKED, SEEDS, st.booleans())
def test_jacobian_factors_multiply_to_the_jacobian(network, seed, is_sparse):
    objective, w = make_objective(seed, network, n_samples=4)
    X = sparse.csr_array(objective.X) if is_sparse else objective.X
    jacobian = jacobian_by_differences(network, w, objective.X)
    outputs = network.output(network.forward(w, X)[-1])
    roots = network.output_loss.root_product(outputs, np.eye(network.n_outputs))
    expected = np.einsum("kcd,kdn->kcn", roots, jacobian)
    factors = [
        np.einsum("ki,kcj->kcij", inputs, root).reshape(4, network.n_outputs, -1)
        for inputs, root in zip(*network.jacobian_factors(w, X))
    ]
    scale = 1.0 + np.abs(expected).max()
    found = np.concatenate(factors, axis=2)
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(KINKED, SEEDS, st.floats(0.0, 1.0))
def test_some_rows_and_units_of_the_factors_are_taken_from_all(network, seed, share):
    objective, w = make_objective(seed, network)
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(rng.random(n) < share) for n in network.fan_in]
    units = [np.flatnonzero(rng.random(n) < share) for n in network.layer_sizes[1:]]
    some = network.jacobian_factors(w, objective.X, 0.0, rows, units)
    for inputs, root, r, u, x, z in zip(
        *some, rows, units, *network.jacobian_factors(w, objective.X)
    ):
        np.testing.assert_array_equal(inputs, x[:, r])
        np.testing.assert_allclose(root, z[:, :, u], rtol=1e-12, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS)
def test_sensitivities_multiply_to_the_derivatives_of_the_outputs(network, seed):
    objective, w = make_objective(seed, network, n_samples=3)
    values, sensitivities = network.sensitivities(w, objective.X)
    blocks = [
        np.einsum("ki,kcj->kcij", np.column_stack([x, np.ones(3)]), s).reshape(3, len(s[0]), -1)
        for x, s in zip(values, sensitivities)
    ]
    direct = np.einsum("ki,kcj->kcij", values[0], sensitivities[-1])
    found = np.concatenate([*blocks, direct.reshape(3, network.n_outputs, -1)], axis=2)
    b = output_by_hand(network, w, objective.X)
    outer = network.output_loss.jacobian(network.output(b))
    expected = outer @ jacobian_by_differences(network, w, objective.X)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS)
def test_gradient_through_sensitivities_is_that_of_finite_differences(network, seed):
    objective, w = make_objective(seed, network, n_samples=3)
    rng = np.random.default_rng(seed)
    values, sensitivities = network.sensitivities(w, objective.X)
    bars = [rng.normal(size=s.shape) for s in sensitivities]
    value_bars = [rng.normal(size=value.shape) for value in values[1:-1]]

    def function(v):
        values, sensitivities = network.sensitivities(v, objective.X)
        total = sum((bar * s).sum() for bar, s in zip(bars, sensitivities))
        return total + sum((bar * x).sum() for bar, x in zip(value_bars, values[1:-1]))

    expected = numerical_gradient(function, w)
    copies = [bar.copy() for bar in bars], [bar.copy() for bar in value_bars]
    gradient = network.sensitivities_backward(w, values, sensitivities, *copies)
    scale = 1.0 + np.abs(expected).max()
    np.testing.assert_allclose(gradient / scale, expected / scale, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS)
def test_derivatives_by_the_inputs_are_those_of_finite_differences(network, seed):
    """First and second ones of each pattern's loss; exact, and without the bends."""
    objective, w = make_objective(seed, network, n_samples=3)
    X, targets, loss = objective.X, objective.targets, network.output_loss
    values = network.forward(w, X)
    slopes, curvatures = network.unit_curvatures(w, values, targets)
    _, squares = network.unit_curvatures(w, values, targets, exact=False)
    root = loss.root_product(network.output(values[-1]), np.eye(network.n_outputs))
    for i, shift in enumerate(np.eye(X.shape[1])):

        def at(step, shift=shift):
            return loss.value(output_by_hand(network, w, X + step * shift), targets)

        first, h = (at(1e-6) - at(-1e-6)) / 2e-6, 1e-4
        second = (at(h) - 2 * at(0.0) + at(-h)) / h**2
        np.testing.assert_allclose(slopes[0][:, i], first, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(curvatures[0][:, i], second, rtol=1e-3, atol=1e-4)
        change = output_by_hand(network, w, X + 1e-6 * shift)
        change = (change - output_by_hand(network, w, X - 1e-6 * shift)) / 2e-6
        along = np.einsum("kcd,kd->kc", root, change)
        np.testing.assert_allclose(
            squares[0][:, i], np.square(along).sum(axis=1), rtol=1e-5, atol=1e-7
        )
    # Hidden units do not see the direct links.
    lower = network.unit_slopes(w, values, loss.delta(values[-1], targets), lowest=1)
    assert lower[0] is None
    for mine, all_of_them in zip(lower[1:], slopes[1:]):
        np.testing.assert_array_equal(mine, all_of_them)


def test_a_direct_link_falls_alone_and_with_its_input():
    network = Network((2, 2, 1), ("tanh", "identity"), direct_links=True)
    connectivity = Connectivity(network, np.arange(network.n_weights))
    first, second = network.direct(np.arange(network.n_weights)).ravel()
    assert [connectivity.locate(flat) for flat in (first, second)] == [(2, 0, 0), (2, 1, 0)]
    assert connectivity.closure([first]).tolist() == [first]
    seeds = {row: set(group.tolist()) for _, row, group in connectivity.inputs()}
    links = network.layers(np.arange(network.n_weights))[0]
    assert seeds == {0: {*links[0].tolist(), first}, 1: {*links[1].tolist(), second}}
    assert [(layer, row) for layer, row, _ in connectivity.units()] == [(0, 0), (0, 1)]
    # An input lives as long as one of its links does; no unit falls with a direct one.
    connectivity.remove(connectivity.closure(links[:2].ravel()))
    assert connectivity.n_inputs() == 2 and connectivity.n_units() == 0
    assert connectivity.joins_live_units(np.array([first, links[0, 0]])).tolist() == [True, False]
    connectivity.remove([first])
    assert connectivity.n_inputs() == 1
    assert not len(connectivity.useless())
    connectivity.restore([first])
    assert connectivity.n_inputs() == 2


def test_a_group_of_inputs_has_the_direct_links_of_all():
    network = Network((3, 2, 2), ("tanh", "identity"), direct_links=True)
    connectivity, columns = Connectivity(network, np.arange(network.n_weights)), [[0, 2], [1]]
    index = np.arange(network.n_weights)
    links, direct = network.layers(index)[0], network.direct(index)
    groups = [(row, sorted(seeds.tolist())) for _, row, seeds in connectivity.inputs(columns)]
    assert groups == [
        (0, sorted([*links[[0, 2]].ravel(), *direct[[0, 2]].ravel()])),
        (1, sorted([*links[1], *direct[1]])),
    ]
    connectivity = connectivity.without(connectivity.closure(groups[1][1]))
    assert connectivity.n_inputs(columns) == 1


@settings(max_examples=100, deadline=None)
@given(LINKED, SEEDS, st.floats(0.3, 1.0))
def test_closure_is_what_stripping_finds(network, seed, share):
    rng = np.random.default_rng(seed)
    connectivity = Connectivity(network, np.flatnonzero(rng.random(network.n_weights) < share))
    connectivity.remove(connectivity.useless())
    np.testing.assert_array_equal(connectivity.alive, useful(network, connectivity.alive))
    kept = np.flatnonzero(connectivity.alive)
    if not len(kept):
        return
    expected = connectivity.alive.copy()
    seeds = rng.choice(kept, size=min(2, len(kept)), replace=False)
    expected[seeds] = False
    group = connectivity.closure(seeds)
    before = connectivity.alive.copy()
    connectivity.remove(group)
    np.testing.assert_array_equal(connectivity.alive, useful(network, expected))
    assert not len(connectivity.useless())
    connectivity.restore(group)
    np.testing.assert_array_equal(connectivity.alive, before)


@settings(max_examples=20, deadline=None)
@given(LINKED, SEEDS)
def test_a_split_unit_leaves_the_direct_links_where_they_are(network, seed):
    """Children in the place of their parent give the outputs that it gave."""
    objective, w = make_objective(seed, network)
    rng = np.random.default_rng(seed)
    layer = int(rng.integers(1, network.n_layers))
    unit = int(rng.integers(network.layer_sizes[layer]))
    offsets = np.zeros((2, network.layer_sizes[layer - 1] + 1))
    grown, wider = split_unit(network, w, Split(layer, unit, 0.0, offsets))
    assert grown.n_weights == len(wider) > network.n_weights
    np.testing.assert_array_equal(grown.direct(wider), network.direct(w))
    np.testing.assert_allclose(
        output_by_hand(grown, wider, objective.X), output_by_hand(network, w, objective.X)
    )


def test_without_a_hidden_layer_there_is_nothing_to_pass_by():
    with pytest.raises(ValueError, match="needs a hidden layer"):
        Network((3, 2), ("identity",), direct_links=True)


def explicit_curvature(objective, w, kept):
    """``sum_k s_k J_k' A_k J_k`` plus decay, with Jacobians by finite differences."""
    network, X = objective.network, objective.X
    jacobian = jacobian_by_differences(network, w, X)[:, :, kept]
    outputs = network.output(output_by_hand(network, w, X))
    root = network.output_loss.root_product(outputs, np.eye(network.n_outputs))
    rows = np.einsum("kcd,kdn->kcn", root, jacobian)
    shares = objective.weights / objective.total
    return np.einsum("k,kcn,kcm->nm", shares, rows, rows) + np.diag(objective.decay[kept])


def some_weights(network, seed, share):
    return np.flatnonzero(np.random.default_rng(seed).random(network.n_weights) < share)


@settings(max_examples=60, deadline=None)
@given(LINKED, SEEDS, st.sampled_from([1.0, 0.7, 0.3, 0.0]), st.booleans())
def test_each_assembly_is_the_squared_jacobian(network, seed, share, is_sparse):
    objective, w = make_objective(seed, network, density=0.4)
    kept = some_weights(network, seed, share)
    w[np.setdiff1d(np.arange(len(w)), some_weights(network, seed + 1, 0.8))] = 0.0
    expected = explicit_curvature(objective, w, kept)
    if is_sparse:
        objective.X = sparse.csr_array(objective.X)
    survivors = KeptWeights(network, kept)
    scale = 1.0 + np.abs(expected).max(initial=0.0)
    for add in (add_product, add_by_layers, add_by_units):
        hessian = np.zeros((len(kept), len(kept)))
        for chunk in (slice(0, 5), slice(5, None)):
            add(hessian, objective, w, survivors, chunk)
        mirror(hessian)
        hessian += np.diag(objective.decay[kept])
        np.testing.assert_allclose(hessian / scale, expected / scale, atol=1e-6)
    found = gauss_newton(objective, w, kept)
    np.testing.assert_allclose(found, hessian, atol=1e-13 * scale)
    diagonal = gauss_newton_diagonal(objective, w, kept)
    np.testing.assert_allclose(diagonal, hessian.diagonal(), atol=1e-13 * scale)


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS, st.booleans())
def test_saliency_of_an_input_is_that_of_all_its_weights(network, seed, is_sparse):
    objective, w = make_objective(seed, network, alpha=0.0)
    expected = explicit_curvature(objective, w, np.arange(len(w)))
    if is_sparse:
        objective.X = sparse.csr_array(objective.X)
    index = np.arange(network.n_weights)
    links, direct = network.layers(index)[0], network.direct(index)
    for groups in (None, [np.arange(0, len(direct), 2), np.arange(1, len(direct), 2)]):
        found = input_saliencies(objective, w, groups)
        for columns in np.arange(len(direct))[:, None] if groups is None else groups:
            flat = np.concatenate([links[columns].ravel(), direct[columns].ravel()])
            joint = 0.5 * w[flat] @ expected[np.ix_(flat, flat)] @ w[flat]
            np.testing.assert_allclose(found[columns], joint, rtol=1e-5, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(LINKED, SEEDS, st.sampled_from([1.0, 0.5]))
def test_blocks_hold_the_direct_links_of_a_unit_with_its_other_weights(network, seed, share):
    kept = some_weights(network, seed, share)
    blocks = [set(kept[block].tolist()) for block in unit_blocks(network, kept)]
    assert sorted(np.concatenate([[], *map(list, blocks)])) == kept.tolist()
    index = np.arange(network.n_weights)
    for unit in range(network.n_outputs):
        own = {*network.layers(index)[-1][:, unit].tolist(), *network.direct(index)[:, unit]}
        own &= set(kept.tolist())
        assert not own or any(own <= block for block in blocks)


@settings(max_examples=20, deadline=None)
@given(LINKED, SEEDS, st.sampled_from([1.0, 0.5]))
def test_few_rows_and_blocks_are_parts_of_the_whole_curvature(network, seed, share):
    objective, w = make_objective(seed, network)
    kept = some_weights(network, seed, share)
    expected = gauss_newton(objective, w, kept)
    rows = sketched_rows(objective, w, kept, 1000)
    np.testing.assert_allclose(rows.T @ rows + np.diag(objective.decay[kept]), expected, atol=1e-12)
    curvature = BlockCurvature(objective, w, kept)
    np.testing.assert_allclose(curvature.diagonal, expected.diagonal(), atol=1e-12)
