"""Blocked elimination is the one-at-a-time algorithm; groups are priced jointly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from skprune._curvature.dense_elimination import OBSElimination
from skprune._curvature.diagonal import MagnitudeElimination, OBDElimination
from skprune._curvature.elimination import BLOCK


def random_model(seed, n):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n + 3))
    return rng.normal(size=n), root @ root.T / n + 0.05 * np.eye(n)


def one_at_a_time(w, hessian, n_deletions):
    """HS93's algorithm, inverting the surviving block anew each time."""
    w, alive = w.copy(), list(range(len(w)))
    order, saliencies = [], []
    for _ in range(n_deletions):
        inverse = np.linalg.inv(hessian[np.ix_(alive, alive)])
        prices = w[alive] ** 2 / (2 * inverse.diagonal())
        q = int(np.argmin(prices))
        order.append(alive[q])
        saliencies.append(prices[q])
        w[alive] -= w[alive[q]] / inverse[q, q] * inverse[:, q]
        w[order[-1]] = 0.0
        alive.pop(q)
    return order, saliencies, w


def eliminate(state, n_deletions):
    """Delete the cheapest single weights, committing whenever a block is full."""
    frame = np.arange(len(state.weights))
    order, saliencies = [], []
    while len(order) < n_deletions:
        q = int(np.argmin(state.saliencies))
        order.append(int(frame[q]))
        saliencies.append(state.delete(np.array([q])))
        if state.room == 0:
            positions = state.commit()
            frame = frame if positions is None else frame[positions]
    weights = np.zeros(max(frame) + 1)
    weights[frame] = state.weights
    return order, saliencies, weights


@pytest.mark.parametrize("n, n_deletions", [(30, 29), (200, 170), (3 * BLOCK, 2 * BLOCK + 5)])
def test_blocked_elimination_is_one_at_a_time_elimination(n, n_deletions):
    w, hessian = random_model(n, n)
    expected_order, expected_saliencies, expected_w = one_at_a_time(w, hessian, n_deletions)
    state = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    order, saliencies, weights = eliminate(state, n_deletions)
    assert order == expected_order
    np.testing.assert_allclose(saliencies, expected_saliencies, rtol=1e-8)
    np.testing.assert_allclose(weights, expected_w[: len(weights)], atol=1e-9)
    assert not expected_w[len(weights) :].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(3, 12), st.data())
def test_group_price_and_update_are_the_constrained_minimum(seed, n, data):
    w, hessian = random_model(seed, n)
    group = np.array(
        data.draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=n - 1).map(list))
    )
    rest = np.setdiff1d(np.arange(n), group)

    def energy(moved):
        d = np.zeros(n)
        d[group], d[rest] = -w[group], moved
        return 0.5 * d @ hessian @ d

    best = minimize(energy, np.zeros(len(rest)), tol=1e-12)
    state = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    price = state.joint_saliency(group)
    np.testing.assert_allclose(price, best.fun, rtol=1e-5)
    assert price == pytest.approx(state.delete(group), rel=1e-10)
    np.testing.assert_allclose(state.weights[rest], w[rest] + best.x, atol=1e-4)
    assert (state.weights[group] == 0).all()
    # After the deletion the inverse is that of the surviving block.
    survivors = np.linalg.inv(hessian[np.ix_(rest, rest)])
    np.testing.assert_allclose(
        state.saliencies[rest], state.weights[rest] ** 2 / (2 * survivors.diagonal()), rtol=1e-6
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(3, 12), st.data())
def test_targets_of_a_group_are_reached_at_the_constrained_minimum(seed, n, data):
    """Lagrange's equations, solved with deletions before, have the price and the update."""
    w, hessian = random_model(seed, n)
    group = np.array(data.draw(st.sets(st.integers(1, n - 1), min_size=1).map(list)))
    targets = np.random.default_rng(seed).normal(size=len(group)) * data.draw(
        st.sampled_from([0, 1])
    )
    fixed = np.concatenate([[0], group])
    select = np.eye(n)[fixed]
    at = np.concatenate([[0.0], targets])

    def constrained(select, values):
        m = len(values)
        system = np.block([[hessian, select.T], [select, np.zeros((m, m))]])
        right = np.concatenate([hessian @ w, values])
        return np.linalg.lstsq(system, right, rcond=None)[0][:n]

    def energy(point):
        return 0.5 * (point - w) @ hessian @ (point - w)

    state = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    state.delete(np.array([0]))
    before, after = constrained(select[:1], at[:1]), constrained(select, at)
    price = energy(after) - energy(before)
    np.testing.assert_allclose(state.joint_saliency(group, targets), price, rtol=1e-6, atol=1e-10)
    assert state.delete(group, targets) == pytest.approx(price, rel=1e-6, abs=1e-10)
    rest = np.setdiff1d(np.arange(n), fixed)
    np.testing.assert_allclose(state.weights[rest], after[rest], atol=1e-8)
    np.testing.assert_allclose(state.weights_after(2)[rest], after[rest], atol=1e-8)
    assert not state.weights_after(2)[fixed].any()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(5, 12))
def test_weights_without_a_group_forget_the_running_block_but_no_earlier_one(seed, n):
    w, hessian = random_model(seed, n)
    state = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    state.delete(np.array([n - 1]))
    n_left = n if state.commit() is None else n - 1
    state.delete(np.array([1, 2]), np.array([0.0, w[2]]))
    weights = state.weights_without(np.array([1, 0]))
    # The others minimise the quadratic model: a least-squares problem.
    root = np.linalg.cholesky(hessian).T
    free = np.arange(2, n - 1)
    expected = np.linalg.lstsq(root[:, free], root @ w, rcond=None)[0]
    np.testing.assert_allclose(weights, np.r_[0.0, 0.0, expected, [0.0] * (n_left - n + 1)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.integers(6, 20), st.data())
def test_groups_of_all_sizes_are_priced_as_by_brute_force(seed, n, data):
    w, hessian = random_model(seed, n)
    state = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    state.delete(np.array([1, 4]))
    left = np.setdiff1d(np.arange(n), [1, 4])
    covariance = np.linalg.inv(hessian[np.ix_(left, left)])
    members = st.sets(st.sampled_from(range(len(left))), min_size=1, max_size=len(left) - 1)
    groups = [np.array(sorted(group)) for group in data.draw(st.lists(members, max_size=12))]
    values = state.weights[left]
    expected = [
        0.5 * values[group] @ np.linalg.solve(covariance[np.ix_(group, group)], values[group])
        for group in groups
    ]
    np.testing.assert_allclose(
        state.joint_saliencies([left[group] for group in groups]), expected, rtol=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**16), st.integers(4, 12))
def test_a_group_at_once_is_its_weights_one_by_one(seed, n):
    w, hessian = random_model(seed, n)
    group = np.array([2, 0, 3])
    at_once = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    one_by_one = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    price = at_once.delete(group)
    prices = [one_by_one.delete(np.array([q])) for q in group]
    assert price == pytest.approx(sum(prices), rel=1e-8)
    np.testing.assert_allclose(at_once.weights, one_by_one.weights, atol=1e-9)


@pytest.mark.parametrize("kind", ["obs", "obd", "magnitude"])
def test_any_prefix_of_a_block_can_be_rebuilt(kind):
    w, hessian = random_model(0, 20)
    w[9] = 0.0  # a weight of zero is not a deleted one
    make = {
        "obs": lambda: OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian))),
        "obd": lambda: OBDElimination(w, hessian.diagonal(), hessian),
        "magnitude": lambda: MagnitudeElimination(w),
    }[kind]
    state, after = make(), []
    for group in ([3], [5, 1], [7], [0, 2, 4]):
        state.delete(np.array(group), np.array([0.0, 0.3, -0.2])[: len(group)])
        after.append(state.weights.copy())
    np.testing.assert_array_equal(state.weights_after(0), w)
    for k, weights in enumerate(after, 1):
        np.testing.assert_allclose(state.weights_after(k), weights, atol=1e-12)


def test_groups_larger_than_a_block():
    n = 2 * BLOCK + 10
    w, hessian = random_model(5, n)
    state = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian)))
    state.delete(np.arange(3))
    state.delete(np.arange(10, n - 1))
    rest = np.r_[3:10, n - 1]
    gone = np.setdiff1d(np.arange(n), rest)
    moved = np.linalg.solve(hessian[np.ix_(rest, rest)], hessian[np.ix_(rest, gone)] @ w[gone])
    np.testing.assert_allclose(state.weights[rest], w[rest] + moved, atol=1e-8)
    np.testing.assert_allclose(state.weights_after(2), state.weights, atol=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(2, 12))
def test_first_prices_are_ordered_magnitude_obd_obs(seed, n):
    """To second order, E(magnitude) >= E(OBD) >= E(OBS) for one deletion at a minimum."""
    w, hessian = random_model(seed, n)
    obs = OBSElimination(w, np.asfortranarray(np.linalg.inv(hessian))).saliencies
    obd = OBDElimination(w, hessian.diagonal()).saliencies
    smallest = int(np.argmin(MagnitudeElimination(w).saliencies))
    assert (obs <= obd * (1 + 1e-9)).all()
    assert obs.min() <= obd.min() * (1 + 1e-9) <= obd[smallest] * (1 + 1e-8)


def test_group_prices_of_the_other_criteria():
    w, hessian = random_model(1, 8)
    group = np.array([6, 2, 3])
    obd = OBDElimination(w, hessian.diagonal(), hessian)
    expected = 0.5 * w[group] @ hessian[np.ix_(group, group)] @ w[group]
    assert obd.joint_saliency(group) == pytest.approx(expected)
    assert MagnitudeElimination(w).joint_saliency(group) == pytest.approx(w[group] @ w[group])
    # Weights that are held where they are do not move, and cost nothing.
    held, driven = np.array([0.0, w[2], w[3]]), group[:1]
    for state in (obd, MagnitudeElimination(w)):
        assert state.joint_saliency(group, held) == pytest.approx(state.joint_saliency(driven))
        assert not state.weights_without(driven)[driven].any()


def test_singular_inverse_blocks_do_not_raise():
    """Downdates can leave a block of the inverse indefinite by rounding."""
    inverse = np.asfortranarray(np.ones((3, 3)))
    state = OBSElimination(np.array([1.0, 2.0, 3.0]), inverse)
    state.delete(np.array([0, 1]))
    assert np.isfinite(state.weights).all()


def test_variances_that_rounding_makes_negative_leave_prices_finite():
    """Of a nearly singular inverse little but rounding is left after a deletion."""
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(6, 1))
    for scale in (1e6, 1e12, 1e18):
        inverse = np.asfortranarray(scale * direction @ direction.T + 1e-3 * np.eye(6))
        elimination = OBSElimination(rng.normal(size=6), inverse)
        for _ in range(5):
            prices = elimination.saliencies[elimination.alive]
            assert np.isfinite(prices).all() and (prices < 1e20).all()
            elimination.delete(np.flatnonzero(elimination.alive)[:1])
