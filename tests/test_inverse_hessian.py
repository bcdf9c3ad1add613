"""The curvature and its inverse: three ways, one result."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from scipy import sparse
from sklearn import config_context

from skprune._curvature.exact import DualInverse, InPlaceCholesky, exact_curvature
from skprune._curvature.hessian import HessianCurvature
from skprune._curvature.recursion import RecursiveCurvature, inverse_by_recursion
from skprune._gauss_newton.by_layers import add_by_layers, curvature_size
from skprune._gauss_newton.by_units import add_by_units
from skprune._gauss_newton.diagonal import gauss_newton_diagonal
from skprune._gauss_newton.gates import input_saliencies
from skprune._gauss_newton.jacobian import add_product, jacobian_chunks
from skprune._gauss_newton.kept_weights import KeptWeights, pattern_chunks
from skprune._gauss_newton.matrix import _cheapest_way, gauss_newton
from skprune._network import Network, Objective
from skprune._numerics.symmetric import mirror

SEEDS = st.integers(0, 2**16)
ANY = ("tanh", "logistic", "relu", "identity")


def explicit_hessian(objective, w, kept):
    jacobian = np.vstack(list(jacobian_chunks(objective, w, kept)))
    return jacobian.T @ jacobian + np.diag(objective.decay[kept])


def some_weights(network, seed, share):
    rng = np.random.default_rng(seed)
    return np.flatnonzero(rng.random(network.n_weights) < share)


def assembled(add, objective, w, kept):
    """The matrix by one of the ways, in two chunks of patterns."""
    survivors = KeptWeights(objective.network, kept)
    hessian = np.zeros((len(kept), len(kept)))
    for chunk in (slice(0, 5), slice(5, None)):
        add(hessian, objective, w, survivors, chunk)
    mirror(hessian)
    return hessian + np.diag(objective.decay[kept])


def test_gauss_newton_is_the_exact_hessian_where_the_targets_are_met():
    for out, loss in [("identity", "squared_error"), ("tanh", "squared_error")]:
        network = Network((3, 4, 2), ("tanh", out), loss)
        objective, w = make_objective(1, network, n_samples=20)
        objective.targets = network.predict(w, objective.X)
        kept = np.arange(network.n_weights)
        np.testing.assert_allclose(
            gauss_newton(objective, w, kept), objective.hessian(w, kept), atol=1e-12
        )


@settings(max_examples=60, deadline=None)
@given(networks(hidden=ANY), SEEDS, st.sampled_from([1.0, 0.7, 0.3, 0.0]))
def test_each_assembly_is_the_squared_jacobian(network, seed, share):
    objective, w = make_objective(seed, network)
    kept = some_weights(network, seed, share)
    expected = explicit_hessian(objective, w, kept) if len(kept) else np.zeros((0, 0))
    atol = 1e-13 * (1 + np.abs(expected).max(initial=0))
    for add in (add_product, add_by_layers, add_by_units):
        np.testing.assert_allclose(assembled(add, objective, w, kept), expected, atol=atol)
    np.testing.assert_allclose(gauss_newton(objective, w, kept), expected, atol=atol)
    np.testing.assert_allclose(
        gauss_newton_diagonal(objective, w, kept), expected.diagonal(), atol=atol
    )


@settings(max_examples=60, deadline=None)
@given(networks(hidden=ANY), SEEDS, st.sampled_from([0.5, 0.2, 0.0]))
def test_units_without_weights_carry_no_curvature(network, seed, share):
    """Pruned networks: what is not kept is zero, down to layers without a weight."""
    objective, w = make_objective(seed, network)
    kept = some_weights(network, seed, share)
    w[np.setdiff1d(np.arange(len(w)), kept)] = 0.0
    expected = explicit_hessian(objective, w, kept) if len(kept) else np.zeros((0, 0))
    atol = 1e-13 * (1 + np.abs(expected).max(initial=0))
    for add in (add_by_layers, add_by_units):
        np.testing.assert_allclose(assembled(add, objective, w, kept), expected, atol=atol)


@settings(max_examples=60, deadline=None)
@given(networks(hidden=ANY), SEEDS, st.sampled_from([1.0, 0.5]), st.sampled_from([1e-6, 1e-2]))
def test_three_inverses_agree_up_to_the_condition_number(network, seed, share, damping):
    objective, w = make_objective(seed, network)
    kept = some_weights(network, seed, share)
    if not len(kept):
        return
    damped = explicit_hessian(objective, w, kept) + damping * np.eye(len(kept))
    tolerance = 50 * len(kept) * np.finfo(float).eps * np.linalg.cond(damped)
    recursion = inverse_by_recursion(objective, w, kept, damping)
    dual, _ = DualInverse(objective, w, kept).invert(damping)
    lower, taken = InPlaceCholesky(gauss_newton(objective, w, kept)).invert(damping)
    cholesky = np.tril(lower) + np.tril(lower, -1).T
    assert taken == damping
    scale = np.abs(cholesky).max()
    np.testing.assert_allclose(recursion / scale, cholesky / scale, atol=tolerance)
    # The dual form takes differences of numbers as large as 1 / D.
    differences = 1.0 / (objective.decay[kept] + damping).min() / scale
    np.testing.assert_allclose(
        dual / scale, cholesky / scale, atol=tolerance * max(1.0, differences)
    )
    np.testing.assert_allclose(damped @ cholesky, np.eye(len(kept)), atol=tolerance)


def test_another_damping_needs_no_new_matrix():
    network = Network((3, 3, 2), ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(2, network)
    kept = np.arange(network.n_weights)
    hessian = explicit_hessian(objective, w, kept)
    inverse = InPlaceCholesky(np.asfortranarray(hessian.copy()))
    for damping in (1e-2, 1.0, 1e-4):
        lower, _ = inverse.invert(damping)
        expected = np.linalg.inv(hessian + damping * np.eye(len(kept)))
        np.testing.assert_allclose(np.tril(lower), np.tril(expected), rtol=1e-6, atol=1e-8)


def test_damping_is_raised_until_a_factor_exists():
    """A matrix that rounding made indefinite is damped, and no LinAlgError is seen."""
    indefinite = np.asfortranarray(np.diag([1.0, 1.0, -1e-3]))
    lower, damping = InPlaceCholesky(indefinite).invert(1e-8)
    assert damping > 1e-3
    np.testing.assert_allclose(np.diag(lower), 1 / (np.array([1, 1, -1e-3]) + damping))


def test_memory_order_does_not_matter():
    matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    lower, _ = InPlaceCholesky(matrix.copy()).invert(1e-9)
    np.testing.assert_allclose(np.tril(lower), np.tril(np.linalg.inv(matrix)), rtol=1e-6)


def test_zero_curvature_is_invertible():
    inverse, _ = InPlaceCholesky(np.zeros((3, 3), order="F")).invert(0.0)
    assert np.isfinite(inverse).all()


def test_curvature_that_is_not_finite_says_what_to_do():
    with pytest.raises(ValueError, match="Scale the inputs"):
        InPlaceCholesky(np.array([[1.0, np.nan], [np.nan, 1.0]]))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_result_depends_on_neither_memory_nor_workers(n_jobs):
    network = Network((12, 6, 5), ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(3, network, n_samples=700)
    kept = np.arange(network.n_weights)
    whole = gauss_newton(objective, w, kept)
    with config_context(working_memory=0.1):
        assert len(pattern_chunks(objective, 8 * curvature_size(network))) > 1
        chunked = gauss_newton(objective, w, kept, n_jobs=n_jobs)
        np.testing.assert_array_equal(chunked, gauss_newton(objective, w, kept))
    np.testing.assert_allclose(chunked, whole, atol=1e-14)


@pytest.mark.parametrize("flaw", ["unaligned", "read-only", "row-major"])
def test_inverse_of_an_array_that_cannot_be_worked_on_in_place(flaw):
    """Arrays that come back from another process are like that."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(30, 8))
    hessian = root.T @ root
    array = hessian.copy(order="C" if flaw == "row-major" else "F")
    if flaw == "unaligned":
        raw = np.empty(array.nbytes + 4, np.uint8)[4:]
        array = np.ndarray(array.shape, float, raw, order="F")
        array[...] = hessian
        assert not array.flags.aligned
    array.flags.writeable = flaw != "read-only"
    inverse, _ = InPlaceCholesky(array).invert(0.1)
    expected = np.linalg.inv(hessian + 0.1 * np.eye(8))
    np.testing.assert_allclose(np.tril(inverse), np.tril(expected))


# ---- memory -----------------------------------------------------------------------------------


def peak_bytes(work):
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize(
    "function, sizes, n_samples",
    [(gauss_newton_diagonal, (30, 20, 60), 2000), (input_saliencies, (1000, 5, 60), 100)],
)
def test_memory_of_many_outputs_is_bounded(function, sizes, n_samples):
    network = Network(sizes, ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(0, network, n_samples=n_samples)
    arguments = [np.arange(len(w))] if function is gauss_newton_diagonal else []
    whole = function(objective, w, *arguments)
    with config_context(working_memory=2):
        forward = peak_bytes(lambda: objective.value(w))
        assert peak_bytes(lambda: function(objective, w, *arguments)) < 5 * 2**20 + forward
        np.testing.assert_allclose(function(objective, w, *arguments), whole, rtol=1e-12)


@pytest.mark.parametrize("depth, units", [(0, [3, 7]), (1, [0, 2])])
def test_memory_of_some_units_weights_does_not_grow_with_the_other_units(depth, units):
    """Blocks of the curvature and groups of weights: most of a large network is left alone."""
    network = Network((5, 1000, 3), ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(0, network, n_samples=40)
    is_kept = np.zeros(network.n_weights, dtype=bool)
    network.layers(is_kept)[depth][:6, units] = True
    kept = np.flatnonzero(is_kept)
    arguments = (add_by_units, objective, w, kept)
    assert peak_bytes(lambda: assembled(*arguments)) < 4 * 2**20
    np.testing.assert_allclose(
        assembled(*arguments), explicit_hessian(objective, w, kept), atol=1e-13
    )


def test_the_way_to_units_weights_counts_the_units_on_it():
    """Below a wide layer, to backpropagate its units' curvature takes longer than their roots."""
    objective, w = make_objective(0, Network((50, 60, 10), ("tanh", "softmax"), "log_loss"), 500)
    assert way_to_first_units(objective, w) is add_by_units
    network = Network((50, 60, 300, 10), ("tanh", "tanh", "softmax"), "log_loss")
    objective, w = make_objective(0, network, 500)
    assert way_to_first_units(objective, w) is add_product
    network.layers(w)[1][:, 10:] = 0.0  # no way leads through these
    assert way_to_first_units(objective, w) is add_by_units


def way_to_first_units(objective, w):
    """How the curvature of a seventh of the weights into the first hidden layer is assembled."""
    kept = np.arange(0, objective.network.offsets[1], 7)
    survivors = KeptWeights(objective.network, kept)
    return _cheapest_way(objective, w, survivors)[0]


def test_of_sparse_inputs_only_those_with_weights_are_made_dense():
    """Blocks of the curvature of many columns see a few columns each."""
    network = Network((5000, 2, 1), ("tanh", "logistic"), "log_loss")
    X = sparse.random_array((400, 5000), density=0.01, format="csr", rng=0)
    rng = np.random.default_rng(0)
    objective = Objective(network, X, (rng.random((400, 1)) < 0.5).astype(float), alpha=1.0)
    w = rng.normal(size=network.n_weights)
    kept = np.sort(rng.choice(network.n_weights, 50, replace=False))
    dense = Objective(network, X.toarray(), objective.targets, alpha=1.0)
    expected = gauss_newton(dense, w, kept)
    for function in (gauss_newton, gauss_newton_diagonal):
        assert peak_bytes(lambda f=function: f(objective, w, kept)) < 0.2 * dense.X.nbytes
    np.testing.assert_allclose(gauss_newton(objective, w, kept), expected, atol=1e-14)
    np.testing.assert_allclose(
        gauss_newton_diagonal(objective, w, kept), expected.diagonal(), atol=1e-14
    )


# ---- forms of the curvature ------------------------------------------------------------------


def full(inverse, n):
    """An inverse as a matrix, column by column."""
    return np.stack([inverse.times(unit) for unit in np.eye(n)], axis=1)


def small_problem(seed=0):
    network = Network((4, 3, 2), ("tanh", "softmax"), "log_loss")
    objective, w = make_objective(seed, network, n_samples=30, alpha=0.3)
    return objective, w, np.flatnonzero(w)


def test_the_recursion_is_the_exact_form():
    objective, w, kept = small_problem()
    forms = [make(objective, w, kept) for make in (RecursiveCurvature, exact_curvature)]
    assert forms[0].scale == pytest.approx(forms[1].scale, rel=1e-12)
    inverses = [form.invert(1e-3) for form in forms]
    matrices = [full(inverse, len(kept)) for inverse in inverses]
    np.testing.assert_allclose(*matrices, rtol=1e-8, atol=1e-8)
    assert inverses[0].damping == inverses[1].damping == 1e-3


def test_a_curvature_that_is_kept_outlives_the_next():
    objective, w, kept = small_problem()
    for make in (RecursiveCurvature, exact_curvature, HessianCurvature):
        curvature = make(objective, w, kept)
        damping = 10.0 * curvature.scale
        first = curvature.invert(damping, keep=True)
        before = full(first, len(kept))
        curvature.invert(2 * damping, keep=True).elimination(w[kept]).delete(np.array([0]))
        np.testing.assert_array_equal(full(first, len(kept)), before)


@pytest.mark.parametrize("seed", range(5))
def test_the_hessian_is_damped_until_it_is_positive_definite(seed):
    """By the first of 1, 10, 100, ... times the damping that is asked for."""
    objective, w, kept = small_problem(seed)
    hessian = objective.hessian(w, kept)
    lowest = np.linalg.eigvalsh(hessian)[0]
    assert lowest < 0
    asked = 2e-3 * -lowest
    curvature = HessianCurvature(objective, w, kept)
    assert curvature.scale == pytest.approx(np.abs(hessian.diagonal()).mean())
    found = curvature.invert(asked)
    inverse = full(found, len(kept))
    assert found.damping / asked == pytest.approx(1e3, rel=1e-9)
    damped = hessian + found.damping * np.eye(len(kept))
    np.testing.assert_allclose(inverse @ damped, np.eye(len(kept)), atol=1e-8)
