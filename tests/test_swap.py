"""Swaps at a fixed size: prices are those of brute force, the loss falls, the size stays."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import scale

from skprune import (
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._network import Connectivity
from skprune._refining.exchange import ExchangeModel, Swapper


@pytest.fixture(scope="module")
def pruned(iris):
    network = PenalizedMLPClassifier((4,), alpha=0.1, random_state=0, direct_links=False)
    how = {"criterion": "magnitude", "retrain": "never", "teaching_signal": "data"}
    return OBSMLPClassifier(network, n_weights=12, **how).fit(*iris)


# ---- the quadratic model ----------------------------------------------------------------------


def quadratic(seed, n, m):
    """A random positive definite problem around n survivors and m candidates."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n + m + 3, n + m))
    return root.T @ root, rng.normal(size=n + m), rng.normal(size=n)


def minimum(hessian, gradient, start, free, fixed_to_zero):
    """Least value of the model over ``free``, and where; the others stay, but for the zeros."""
    step = np.zeros(len(start))
    step[fixed_to_zero] = -start[fixed_to_zero]
    pull = gradient[free] + hessian[np.ix_(free, fixed_to_zero)] @ step[fixed_to_zero]
    step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], pull)
    return gradient @ step + 0.5 * step @ hessian @ step, start + step


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**16), st.integers(1, 6), st.integers(1, 5))
def test_all_exchanges_have_the_price_and_the_place_of_the_constrained_minimum(seed, n, m):
    hessian, gradient, values = quadratic(seed, n, m)
    damping = 0.1
    model = ExchangeModel(hessian.copy(), gradient, values, damping)
    damped, start = hessian + damping * np.eye(n + m), np.r_[values, np.zeros(m)]
    survivors = np.arange(n)
    base, _ = minimum(damped, gradient, start, survivors, np.empty(0, int))
    changes = model.changes()
    for q in range(n):
        for c in range(m):
            free = np.r_[np.delete(survivors, q), n + c]
            value, place = minimum(damped, gradient, start, free, np.array([q]))
            np.testing.assert_allclose(changes[q, c], value - base, rtol=1e-6, atol=1e-8)
            kept, inserted = model.exchanged(q, c)
            np.testing.assert_allclose(kept, place[:n], rtol=1e-6, atol=1e-8)
            np.testing.assert_allclose(inserted, place[n + c], rtol=1e-6, atol=1e-8)
            assert kept[q] == 0


def test_gains_are_those_of_insertion_alone():
    hessian, gradient, values = quadratic(5, 4, 3)
    model = ExchangeModel(hessian.copy(), gradient, values, 0.1)
    damped, start = hessian + 0.1 * np.eye(7), np.r_[values, np.zeros(3)]
    none = np.empty(0, int)
    base, _ = minimum(damped, gradient, start, np.arange(4), none)
    for c in range(3):
        value, place = minimum(damped, gradient, start, np.r_[:4, 4 + c], none)
        np.testing.assert_allclose(model.gains[c], base - value)
        np.testing.assert_allclose(model.inserted[c], place[4 + c])


# ---- the network ------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(networks(), st.integers(0, 2**16))
def test_the_loss_falls_and_the_size_stays(network, seed):
    objective, w = make_objective(seed, network)
    rng = np.random.default_rng(seed)
    topology = Connectivity(network, np.flatnonzero(rng.random(len(w)) < 0.6))
    topology.remove(topology.useless())
    w[~topology.alive] = 0.0
    kept, available = np.flatnonzero(topology.alive), np.flatnonzero(rng.random(len(w)) < 0.9)
    before = objective.value(w)
    swapper = Swapper(objective, w, kept, available).swap(max_swaps=5)
    assert len(swapper.kept) == len(kept)
    assert set(swapper.kept) <= set(kept) | set(available)
    assert not swapper.w[np.setdiff1d(np.arange(len(w)), swapper.kept)].any()
    assert objective.value(swapper.w) <= before
    assert len(Connectivity(network, swapper.kept).useless()) == 0
    trained = Swapper(objective, w, kept, available).swap(max_swaps=0)
    assert objective.value(swapper.w) <= objective.value(trained.w)
    assert swapper.n_swaps or np.array_equal(swapper.kept, kept)


def test_a_wrong_deletion_is_mended():
    """The survivors see noise, the weight that matters is gone: one swap brings it back."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = X[:, 2].copy()
    dense = PenalizedMLPRegressor((), random_state=0, alpha=1e-3, direct_links=False).fit(X, y)
    wrong = OBSMLPRegressor(FrozenEstimator(dense), n_weights=1.0).fit(X, y)
    wrong._set_pruned(np.array([0]), np.eye(5)[0])
    wrong.loss_ = 1.0
    swapped = wrong.swap_weights(X, y)
    assert swapped.n_swaps_ == 1
    np.testing.assert_array_equal(swapped.get_support(indices=True), [2])
    np.testing.assert_allclose(swapped.coefs_[0].ravel(), [0, 0, 1, 0], atol=1e-3)


def test_swaps_do_what_training_does_not(iris, pruned):
    trained = pruned.swap_weights(*iris, max_swaps=0)
    swapped = pruned.swap_weights(*iris)
    assert trained.n_swaps_ == 0 < swapped.n_swaps_
    assert swapped.loss_ < trained.loss_ < pruned.loss_
    assert swapped.n_weights_ == trained.n_weights_ == pruned.n_weights_
    np.testing.assert_array_equal(
        np.concatenate([mask.ravel() for mask in trained.coef_masks_]),
        np.concatenate([mask.ravel() for mask in pruned.coef_masks_]),
    )
    one = pruned.swap_weights(*iris, max_swaps=1)
    assert one.n_swaps_ == 1
    assert swapped.loss_ <= one.loss_ < trained.loss_


def test_tol_is_a_share_of_the_loss_of_a_constant_model(iris, pruned):
    trained = pruned.swap_weights(*iris, max_swaps=0)
    gain, one = 0.0, pruned.swap_weights(*iris, max_swaps=1)
    # A swap that brings too little is passed over for one that brings more, if there is one.
    while one.n_swaps_:
        before, gain = gain, (trained.loss_ - one.loss_) / np.log(3)
        assert gain > 1.01 * before
        one = pruned.swap_weights(*iris, max_swaps=1, tol=1.01 * gain)
    assert gain > 0
    assert pruned.swap_weights(*iris, max_swaps=1, tol=0.99 * gain).n_swaps_ == 1


def test_the_estimator_is_not_changed_and_the_copy_is_whole(iris, pruned):
    X, y = iris
    before = [coef.copy() for coef in pruned.coefs_]
    swapped = pruned.swap_weights(X, y)
    for old, new in zip(before, pruned.coefs_):
        np.testing.assert_array_equal(old, new)
    assert not hasattr(pruned, "n_swaps_")
    for coef, mask in zip(swapped.coefs_, swapped.coef_masks_):
        assert not coef[~mask].any()
    assert swapped.to_mlp().score(X, y) == swapped.score(X, y)
    assert swapped.feature_importances_.sum() == pytest.approx(1)
    again = OBSMLPClassifier(FrozenEstimator(swapped), n_weights=8).fit(X, y)
    assert again.n_weights_ < swapped.n_weights_
    assert swapped.round_weights(X, y, decimals=1).n_weights_ <= 12
    sparse = pruned.at_size(12).sparsify().swap_weights(X, y)
    np.testing.assert_array_equal(sparse.predict_proba(X), swapped.predict_proba(X))


# ---- what stays -------------------------------------------------------------------------------


@pytest.mark.parametrize("prune_intercepts", [True, False])
def test_protected_intercepts_stay(prune_intercepts):
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    network = PenalizedMLPRegressor((3,), alpha=1, random_state=0, direct_links=False)
    model = OBSMLPRegressor(
        network,
        n_weights=16,
        prune_intercepts=prune_intercepts,
        criterion="magnitude",
        retrain="never",
    ).fit(X, y)
    swapped = model.swap_weights(X, y)
    assert swapped.n_swaps_ > 0
    assert swapped.n_weights_ == model.n_weights_
    if not prune_intercepts:
        for before, after in zip(model.intercept_masks_, swapped.intercept_masks_):
            np.testing.assert_array_equal(before, after)


def test_the_number_of_swaps_is_that_of_the_copy_alone(iris, pruned):
    X, y = iris
    swapped = pruned.swap_weights(X, y)
    assert hasattr(swapped, "n_swaps_")
    assert not hasattr(swapped.at_size(swapped.n_weights_), "n_swaps_")
    assert not hasattr(swapped.fit(X, y), "n_swaps_")


def test_networks_without_intercepts_get_none(iris):
    network = PenalizedMLPClassifier(
        (3,), alpha=0.1, fit_intercept=False, random_state=0, direct_links=False
    )
    model = OBSMLPClassifier(network, criterion="magnitude", retrain="never", n_weights=10)
    swapped = model.fit(*iris).swap_weights(*iris)
    assert swapped.n_swaps_ > 0
    assert not any(intercept.any() for intercept in swapped.intercepts_)
    assert not any(mask.any() for mask in swapped.intercept_masks_)


def test_weights_that_the_given_network_did_not_have_stay_out(iris, pruned):
    first = OBSMLPClassifier(FrozenEstimator(pruned), n_weights=8).fit(*iris)
    swapped = first.swap_weights(*iris)
    for mask, allowed in zip(swapped.coef_masks_, pruned.coef_masks_):
        assert not mask[~allowed].any()


def test_sample_weights_count(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    weight = np.where(np.arange(len(y)) % 3, 1.0, 0.0)
    seen = weight > 0
    model = OBSMLPClassifier(network, criterion="magnitude", retrain="never", n_weights=10)
    model.fit(X[seen], y[seen])
    weighted = model.swap_weights(X, y, weight)
    without = model.swap_weights(X[seen], y[seen])
    np.testing.assert_allclose(weighted.coefs_[0], without.coefs_[0], atol=1e-6)


def test_of_a_size_chosen_by_cross_validation(iris):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = OBSMLPClassifierCV(
            PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False), cv=3, random_state=0
        ).fit(*iris)
    swapped = model.swap_weights(*iris)
    assert swapped.n_weights_ == model.best_n_weights_
    assert swapped.loss_ <= model.loss_


def test_nothing_left_nothing_to_swap(iris):
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), random_state=0, alpha=1e-3, direct_links=False), n_weights=0
    ).fit(*iris)
    assert model.swap_weights(*iris).n_weights_ == model.n_weights_ == 3  # output biases
    dense = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), random_state=0, alpha=1e-3, direct_links=False), n_weights=1.0
    ).fit(*iris)
    assert dense.swap_weights(*iris).n_swaps_ == 0


# ---- bad input --------------------------------------------------------------------------------


def test_bad_parameters(iris, pruned):
    for bad in ({"max_swaps": -1}, {"max_swaps": 1.5}, {"tol": 0}, {"tol": "auto"}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            pruned.swap_weights(*iris, **bad)
    X, y = iris
    with pytest.raises(ValueError, match="features"):
        pruned.swap_weights(X[:, :3], y)
    with pytest.raises(NotFittedError):
        clone(pruned).swap_weights(X, y)


@pytest.mark.parametrize("granularity", ["unit", "input"])
def test_what_was_deleted_whole_is_not_brought_back_in_parts(iris, granularity):
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((4,), alpha=0.1, random_state=0, direct_links=False),
        granularity=granularity,
    ).fit(*iris)
    with pytest.raises(ValueError, match=f"granularity='{granularity}'"):
        model.swap_weights(*iris)
