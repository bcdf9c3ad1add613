"""Rounded networks: the step is the constrained minimum, values are as asked, the rule holds."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_iris,
    make_multilabel_classification,
)
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._curvature.exact import InPlaceCholesky
from skprune._gauss_newton.matrix import gauss_newton
from skprune._refining.grids import Decimals, Levels
from skprune._refining.rounding import Rounder


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    return (
        X,
        y,
        OBSMLPClassifier(
            PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False),
            threshold=0.01,
        ).fit(X, y),
    )


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    network = PenalizedMLPRegressor((4,), alpha=1, random_state=0, direct_links=False)
    return X, y, OBSMLPRegressor(network, n_weights=25, teaching_signal="data").fit(X, y)


def existing(model):
    values = np.concatenate([part.ravel() for part in model.coefs_ + model.intercepts_])
    masks = np.concatenate([part.ravel() for part in model.coef_masks_ + model.intercept_masks_])
    assert not values[~masks].any()
    return values[masks]


# ---- the step -------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(0, 2**16), st.sampled_from([1.0, -1.0]))
def test_free_weights_make_up_for_the_fixed_ones(network, seed, order):
    """One after the other, by eq. 5, is the minimum of the model under all the constraints."""
    objective, w = make_objective(seed, network)
    kept = np.arange(network.n_weights)
    count = 1 + seed % len(kept)
    rounder = Rounder(objective, w, kept, Decimals(0))
    curvature = InPlaceCholesky(gauss_newton(objective, w, kept))
    found, fixed = rounder._fixed(curvature, 0.1, order, kept, count)
    assert len(set(fixed)) == len(fixed) == count
    np.testing.assert_array_equal(found[fixed], np.round(found[fixed]))
    hessian = gauss_newton(objective, w, kept)
    hessian = hessian + 0.1 * np.trace(hessian) / len(kept) * np.eye(len(kept))
    free = np.setdiff1d(kept, fixed)
    step = -np.linalg.solve(
        hessian[np.ix_(free, free)], hessian[np.ix_(free, fixed)] @ (found - w)[fixed]
    )
    np.testing.assert_allclose(found[free], w[free] + step, atol=1e-6)


@pytest.mark.parametrize("order", [1.0, -1.0])
def test_first_weight_is_the_dearest_or_the_cheapest(order):
    network = OBSMLPRegressor(
        PenalizedMLPRegressor((4,), random_state=0, alpha=1e-3, direct_links=False), n_weights=1.0
    )
    X, y = load_diabetes(return_X_y=True)
    model = network.fit(scale(X), scale(y))
    objective, w = make_objective(0, model._network, n_samples=60)
    kept = np.arange(len(w))
    inverse = np.linalg.inv(gauss_newton(objective, w, kept) + 1e-3 * np.eye(len(kept)))
    prices = 0.5 * (w - np.round(w, 1)) ** 2 / np.diag(inverse)
    curvature = InPlaceCholesky(gauss_newton(objective, w, kept))
    # The damping is given in units of the mean curvature.
    rounder = Rounder(objective, w, kept, Decimals(1))
    _, fixed = rounder._fixed(curvature, 1e-3 / curvature.scale, order, kept, 1)
    assert fixed[0] == (np.argmax(prices) if order > 0 else np.argmin(prices))


def test_more_weights_than_a_deferred_block_holds():
    X, y = load_diabetes(return_X_y=True)
    model = OBSMLPRegressor(
        PenalizedMLPRegressor((20,), alpha=1.0, random_state=0, direct_links=False), n_weights=1.0
    )
    model.set_params(estimator__max_iter=3000).fit(scale(X), scale(y))
    objective, w = make_objective(0, model._network, n_samples=60)
    kept = np.flatnonzero(np.arange(len(w)) % 7)
    rounder = Rounder(objective, w, kept, Decimals(1))
    curvature = InPlaceCholesky(gauss_newton(objective, w, kept))
    found, fixed = rounder._fixed(curvature, 0.1, -1.0, kept, 150)
    assert len(np.unique(fixed)) == 150
    hessian = gauss_newton(objective, w, kept)
    hessian = hessian + 0.1 * np.trace(hessian) / len(kept) * np.eye(len(kept))
    at, free = np.searchsorted(kept, fixed), np.flatnonzero(~np.isin(kept, fixed))
    pull = hessian[np.ix_(free, at)] @ (found - w)[fixed]
    step = -np.linalg.solve(hessian[np.ix_(free, free)], pull)
    np.testing.assert_allclose(found[kept[free]], w[kept[free]] + step, atol=1e-8)
    np.testing.assert_array_equal(found[::7], w[::7])


# ---- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("decimals", [2, 1, 0, -1])
def test_weights_have_the_decimals_asked_for(iris, decimals):
    X, y, model = iris
    rounded = model.round_weights(X, y, decimals=decimals, threshold=None)
    values = existing(rounded)
    np.testing.assert_array_equal(values, np.round(values, decimals))
    assert values.all()
    assert rounded.n_weights_ == len(values) <= model.n_weights_


@pytest.mark.parametrize("levels", [1, 2, 8, 500])
def test_weights_share_the_levels_asked_for(diabetes, levels):
    X, y, model = diabetes
    rounded = model.round_weights(X, y, levels=levels, threshold=None)
    assert 1 <= len(np.unique(existing(rounded))) <= levels


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.integers(1, 8), st.integers(0, 99))
def test_nearest_values_and_neighbours(values, n_levels, seed):
    values = np.array(values)
    grid = Levels.among(values, n_levels)
    assert len(grid.levels) <= n_levels
    assert (np.diff(grid.levels) > 0).all()
    distances = np.abs(values[:, None] - grid.levels)
    np.testing.assert_allclose(np.abs(values - grid.nearest(values)), distances.min(axis=1))
    low, high = grid.neighbours(grid.nearest(values))
    assert (low <= grid.nearest(values)).all() and (grid.nearest(values) <= high).all()
    decimals = Decimals(seed % 4 - 1)
    step = 10.0**-decimals.decimals
    low, high = decimals.neighbours(decimals.nearest(values))
    np.testing.assert_allclose(high - low, 2 * step)
    assert (np.abs(decimals.nearest(values) - values) <= step / 2 * (1 + 1e-12)).all()


# ---- the loss -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{"decimals": 0}, {"decimals": 1}, {"levels": 4}])
def test_compensation_is_never_worse_than_rounding_alone(iris, diabetes, how):
    for X, y, model in (iris, diabetes):
        rounded = model.round_weights(X, y, threshold=None, **how)
        w = model._network.pack(model.coefs_, model.intercepts_)
        kept = np.flatnonzero(w)
        grid = Decimals(how["decimals"]) if "decimals" in how else Levels.among(w[kept], 4)
        w[kept] = grid.nearest(w[kept])
        plain = clone(model)
        plain.__dict__.update(vars(model))
        plain._set_network(model._network, w)
        if isinstance(model, OBSMLPRegressor):
            penalty = 0.5 * np.square(w[~model._network.is_intercept]).sum() / len(y)
            alone = 0.5 * np.square(plain.predict(X) - y).mean() + model.alpha_ * penalty
            assert rounded.loss_ <= alone + 1e-12
        else:
            chosen = plain.predict_proba(X)[np.arange(len(y)), y]
            assert -np.log(rounded.predict_proba(X)[np.arange(len(y)), y]).mean() <= (
                -np.log(chosen).mean() + 0.01
            )


def test_weights_that_the_rule_protects_keep_their_digits(diabetes):
    X, y, model = diabetes
    with pytest.warns(
        UserWarning, match=r"of 25 weights keep their digits.*threshold=0.01. Use more"
    ):
        rounded = model.round_weights(X, y, decimals=0)
    values = existing(rounded)
    is_round = values == np.round(values)
    assert 0 < is_round.sum() < len(values)
    assert rounded.score(X, y) >= model.score(X, y) - 0.01
    everything = model.round_weights(X, y, decimals=0, threshold=None)
    assert everything.score(X, y) < model.score(X, y) - 0.01


def test_auto_is_the_threshold_of_the_estimator(diabetes):
    X, y, model = diabetes
    loose = clone(model).set_params(n_weights=None, threshold=0.9).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loose.round_weights(X, y, decimals=0)


def test_samples_of_weight_zero_count_for_nothing(diabetes):
    X, y, model = diabetes
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    weighted = model.round_weights(X, y, weight, decimals=1, threshold=None)
    part = model.round_weights(X[weight > 0], y[weight > 0], decimals=1, threshold=None)
    np.testing.assert_array_equal(existing(weighted), existing(part))


# ---- what comes out -------------------------------------------------------------------------


def test_the_original_stays_and_the_copy_is_a_fitted_estimator(iris):
    X, y, model = iris
    before = [coef.copy() for coef in model.coefs_]
    names = set(vars(model))
    rounded = model.round_weights(X, y, decimals=1)
    for old, new in zip(before, model.coefs_):
        np.testing.assert_array_equal(old, new)
    assert set(vars(rounded)) == names
    assert rounded.feature_importances_.sum() == pytest.approx(1)
    assert rounded.score(X, y) > 0.9
    mlp = rounded.to_mlp()
    np.testing.assert_allclose(mlp.predict_proba(X), rounded.predict_proba(X), atol=1e-10)
    sparse = model.round_weights(X, y, decimals=1).sparsify().round_weights(X, y, decimals=0)
    assert sparse.n_weights_ <= rounded.n_weights_


def test_every_kind_of_network_can_be_rounded():
    X, Y = make_multilabel_classification(n_samples=80, n_classes=3, random_state=0)
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    )
    model = model.fit(scale(X), Y).round_weights(scale(X), Y, decimals=1, threshold=None)
    assert model.predict(scale(X)).shape == Y.shape
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X)[:150], scale(y)[:150]
    chosen = OBSMLPRegressorCV(
        PenalizedMLPRegressor((2,), alpha=1, direct_links=False), cv=2, sizes=5, random_state=0
    ).fit(X, y)
    values = existing(chosen.round_weights(X, y, levels=3, threshold=None))
    assert len(np.unique(values)) <= 3


def test_more_levels_than_weights_are_of_no_use(iris):
    X, y, _ = iris
    network = PenalizedMLPClassifier((2,), alpha=1.0, random_state=0, direct_links=False)
    model = OBSMLPClassifier(network, n_weights=8).fit(X, y)
    few, many = (model.round_weights(X, y, levels=levels) for levels in (8, 10**8))
    np.testing.assert_array_equal(few.coefs_[0], many.coefs_[0])


def test_of_a_constant_network_the_base_rates_are_rounded(iris):
    X, y, model = iris
    constant = clone(model).set_params(n_weights=0, threshold=None).fit(X, y)
    assert constant.n_weights_ == 3
    for how in ({"decimals": 1}, {"levels": 2}):
        rounded = constant.round_weights(X, y, **how)
        np.testing.assert_allclose(rounded.predict_proba(X), 1 / 3, atol=0.05)


def test_a_network_taught_by_its_reference_is_rounded_as_it_is():
    """It is no minimum for the targets and its decay, to which rounding must not train it."""
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    network = PenalizedMLPClassifier((5,), alpha=0.1, random_state=0)
    model = OBSMLPClassifier(network).fit(X, y)
    before = existing(model)
    np.testing.assert_allclose(existing(model.round_weights(X, y, decimals=20)), before, rtol=1e-9)
    rounded = model.round_weights(X, y, decimals=2)
    np.testing.assert_array_equal(existing(rounded), existing(rounded).round(2))
    assert np.abs(rounded.predict_proba(X) - model.predict_proba(X)).mean() < 0.01


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "decimals or levels, one of them; got decimals=None and levels=None"),
        ({"decimals": 1, "levels": 3}, "got decimals=1 and levels=3"),
        ({"decimals": 1.5}, "'decimals' parameter of round_weights must be.*1.5"),
        ({"decimals": 400}, "'decimals' parameter of round_weights must be.*-20, 20.*400"),
        ({"decimals": -21}, "'decimals' parameter of round_weights must be.*-20, 20.*-21"),
        ({"levels": 0}, "'levels' parameter of round_weights must be an int in the range"),
        ({"decimals": 1, "threshold": -0.1}, "'threshold' parameter of round_weights"),
        ({"decimals": 1, "threshold": "none"}, "'threshold' parameter of round_weights"),
    ],
)
def test_parameters_out_of_range_are_named(iris, how, message):
    X, y, model = iris
    with pytest.raises(ValueError, match=message):
        model.round_weights(X, y, **how)


def test_the_most_and_the_fewest_decimals(iris):
    X, y, model = iris
    finest = model.round_weights(X, y, decimals=20)
    for found, expected in zip(finest.coefs_, model.coefs_):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    coarsest = model.round_weights(X, y, decimals=-20, threshold=None)
    assert not any(coef.any() for coef in coarsest.coefs_)


def test_data_that_do_not_fit_are_refused(iris, diabetes):
    X, y, model = iris
    with pytest.raises(ValueError, match=r"classes \[3\], which the network was not trained on"):
        model.round_weights(X, y + 1, decimals=1)
    with pytest.raises(ValueError, match="X has 3 features, but"):
        model.round_weights(X[:, :3], y, decimals=1)
    with pytest.raises(NotFittedError):
        OBSMLPClassifier().round_weights(X, y, decimals=1)
    X, y, model = diabetes
    with pytest.raises(ValueError, match="y needs 2 output units, but the network has 1"):
        model.round_weights(X, np.c_[y, y], decimals=1)
