"""Linear-programming perceptrons with any parameters against linprog on the primal.

A few hundred programs are drawn; SKPRUNE_TESTS_PROGRAMS=5000 draws as many as it says.
"""

import os
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning

from skprune import LPPerceptronClassifier, LPPerceptronRegressor
from skprune._linear_program import exact
from skprune._linear_program.starts import STRATEGIES

N_PROGRAMS = int(os.environ.get("SKPRUNE_TESTS_PROGRAMS", 300))
FIRST = 100_000 * int(os.environ.get("SKPRUNE_TESTS_RANDOM_SEED", 0))
EXACTLY = dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10)
NEAR = 1e-7
DEAR = 1e5  # from this cost on, linprog solves one goal after the other

CLASSIFICATIONS = "binary", "multiclass", "multilabel"
REGRESSIONS = "one output", "two outputs"


def draw_inputs(rng):
    """Patterns of many kinds; some tables are so long or wide that parts of them come in later."""
    n, p = rng.integers(2, 40), rng.integers(1, 25)
    if rng.random() < 0.1:
        n, p = rng.choice([(12 * n, p), (n, 12 * p)])
    X = rng.standard_normal((n, p))
    kind = rng.choice(["normal", "integer", "sparse", "repeated", "scaled"])
    if kind == "integer":
        X = np.rint(1.5 * X)
    elif kind == "sparse":
        X = X * (rng.random((n, p)) < 0.3)
    elif kind == "repeated":
        X = X[rng.integers(0, max(1, n // 2), n)]
    elif kind == "scaled":
        X = X * 10.0 ** rng.integers(-2, 3, p)
    return X


def draw_targets(rng, X, task):
    """One column an output for labels and numbers, class numbers for several classes."""
    n = len(X)
    n_outputs = {"multilabel": 3, "two outputs": 2}.get(task, 1)
    scores = X @ rng.standard_normal((X.shape[1], n_outputs)) / np.sqrt(X.shape[1])
    scores = scores + rng.choice([0.0, 0.3, 2.0]) * rng.standard_normal((n, n_outputs))
    if task in REGRESSIONS:
        y = np.clip(scores, -1, 1) if rng.random() < 0.7 else scores
        return np.rint(2 * y) / 2 if rng.random() < 0.3 else y
    if task == "multiclass":
        y = np.searchsorted([-0.4, 0.4], scores[:, 0])
        y[: min(n, 3)] = np.arange(min(n, 3))
        return y
    y = (scores > 0).astype(int)
    y[0], y[1] = 0, 1
    return y if task == "multilabel" else y[:, 0]


def draw(number):
    """An estimator, what it is fitted with, and its programs: one a unit."""
    rng = np.random.default_rng(FIRST + number)
    X = draw_inputs(rng)
    n, p = X.shape
    task = rng.choice([*CLASSIFICATIONS, *REGRESSIONS])
    y = draw_targets(rng, X, task)
    params = dict(
        C=rng.choice([1e-10, 1e-3, 0.1, 1.0, 30.0, 1e3, 1e6, 1e15, np.inf, np.inf, np.inf]),
        fit_intercept=rng.random() < 0.7,
        penalize_intercept=rng.random() < 0.6,
        solver=rng.choice(["auto", *STRATEGIES]),
        tol=1e-9,
    )
    signs = np.zeros(p)
    if rng.random() < 0.6 and not (task == "multiclass" and y.max() > 1):
        signs = rng.integers(-1, 2, p)
        params["monotonic_cst"] = signs
    weights = np.ones(n)
    if rng.random() < 0.5:
        weights = rng.choice([rng.integers(0, 4, n).astype(float), rng.random(n)])
        weights[:2] = 1.0
        if task == "multiclass":
            weights[:3] = 1.0
    if task in REGRESSIONS:
        targets = y.reshape(n, -1)
        used = targets[weights > 0]
        limits = np.column_stack([used.min(axis=0), used.max(axis=0)])
        given = rng.choice(["auto", "wide", "none"])
        if given != "auto":
            end = np.inf if given == "none" else np.abs(y).max() + 0.5
            params["limits"] = (-end, end)
            limits = np.tile([-end, end], (targets.shape[1], 1))
        costs = np.tile(weights[:, None], targets.shape[1])
        estimator = LPPerceptronRegressor(**params)
    else:
        labels = y if task == "multilabel" else y[:, None] == np.unique(y)
        labels = labels[:, 1:] if labels.shape[1] == 2 and task != "multilabel" else labels
        targets = np.where(labels, 1.0, -1.0)
        limits = np.tile([-1.0, 1.0], (targets.shape[1], 1))
        costs = np.tile(weights[:, None], targets.shape[1])
        if task == "binary" and rng.random() < 0.5:
            params["class_weight"] = {0: 0.5, 1: 3.0}
            costs *= np.where(y == 1, 3.0, 0.5)[:, None]
        estimator = LPPerceptronClassifier(**params)
    inputs = sparse.csr_array(X) if rng.random() < 0.3 else X
    programs = [
        Primal(X, target, low, high, cost, signs, estimator)
        for target, (low, high), cost in zip(targets.T, limits, costs.T)
    ]
    return estimator, (inputs, y, weights), programs


class Primal:
    """A unit's primal: weights up and down, then the violations of targets."""

    def __init__(self, X, targets, low, high, costs, signs, estimator):
        Z = np.column_stack([X, np.ones(len(X))]) if estimator.fit_intercept else X
        n, m = Z.shape
        self.costs = costs
        below, above = targets > low, targets < high
        self.A = np.vstack(
            [np.hstack([-Z, Z, -np.eye(n)])[below], np.hstack([Z, -Z, -np.eye(n)])[above]]
        )
        self.b = np.concatenate([-targets[below], targets[above]])
        self.weight_costs = np.ones(m)
        if estimator.fit_intercept and not estimator.penalize_intercept:
            self.weight_costs[-1] = 0.0
        self.signs = np.append(signs, 0) if estimator.fit_intercept else signs
        self.bounds = [
            *((0.0, 0.0 if sign < 0 else None) for sign in self.signs),
            *((0.0, 0.0 if sign > 0 else None) for sign in self.signs),
            *[(0.0, None)] * n,
        ]

    def least(self, weight_costs, costs, most=None):
        """The least cost; of those whose first goal is at most ``most``, if that is given."""
        A, b = self.A, self.b
        if most is not None:
            m = 2 * len(self.weight_costs)
            A = np.vstack([A, np.append(np.zeros(m), self.costs)])
            b = np.append(b, most)
        c = np.concatenate([weight_costs, weight_costs, costs])
        found = linprog(c, A_ub=A, b_ub=b, bounds=self.bounds, options=EXACTLY)
        assert found.status == 0, found.message
        return found.fun

    def cost(self, C):
        return self.least(self.weight_costs, C * self.costs)

    def violation(self):
        return self.least(0.0 * self.weight_costs, self.costs)

    def weights_of(self, violation):
        return self.least(self.weight_costs, 0.0 * self.costs, violation + 1e-12)


@pytest.mark.parametrize("number", range(N_PROGRAMS))
@pytest.mark.filterwarnings("ignore:No feature is used")
@pytest.mark.filterwarnings("ignore:.*duality gap")  # a few rest at 1e-8, and say so
def test_objective_and_violation_are_those_of_linprog(number):
    estimator, data, programs = draw(number)
    estimator.fit(*data)
    slack = estimator.slack_.reshape(len(data[1]), -1)
    violation = sum(float(program.costs @ v) for program, v in zip(programs, slack.T))
    if estimator.C < DEAR:
        expected = sum(program.cost(estimator.C) for program in programs)
    else:
        least = [program.violation() for program in programs]
        assert_allclose(violation, sum(least), rtol=NEAR, atol=NEAR)
        expected = sum(program.weights_of(v) for program, v in zip(programs, least))
        if np.inf > estimator.C:
            expected += estimator.C * sum(least)
    assert_allclose(estimator.objective_, expected, rtol=NEAR, atol=NEAR)
    assert estimator.dual_gap_ <= NEAR
    weights = np.atleast_2d(estimator.coef_)
    assert all(np.all(program.signs[: weights.shape[1]] * weights >= 0) for program in programs)


# What every solution says of itself


@pytest.mark.parametrize("solver", ["auto", *STRATEGIES])
def test_a_weight_that_the_least_violation_forbids(solver):
    """Two patterns at +-2 of one class are violated by twice any weight: by 2 at the least."""
    clf = LPPerceptronClassifier(C=np.inf, monotonic_cst=[1], solver=solver)
    clf.fit([[-2.0], [2.0], [0.0]], [0, 0, 1])
    assert_allclose(clf.slack_.sum(), 2.0)
    assert_allclose(clf.coef_, 0.0)
    assert clf.dual_gap_ <= clf.tol


@pytest.mark.parametrize("solver", ["auto", *STRATEGIES])
def test_the_certificate_bounds_the_violation_too(monkeypatch, solver):
    """A face that is too large lets weights violate more than they need: the gap says so."""

    def all_features(program, first):
        face, _ = honest(replace(program, row_lower=-np.ones(2), row_upper=np.ones(2)), first)
        return face, np.arange(program.n_features)

    honest = exact._optimal_face
    monkeypatch.setattr(exact, "_optimal_face", all_features)
    clf = LPPerceptronClassifier(C=np.inf, monotonic_cst=[1], solver=solver)
    with pytest.warns(ConvergenceWarning, match="duality gap"):
        clf.fit([[-2.0], [2.0], [0.0]], [0, 0, 1])
    assert_allclose(clf.slack_.sum(), 3.0)
    assert clf.dual_gap_ > 1 / 3 - 1e-9


def test_the_certificate_bounds_the_weights_too(monkeypatch):
    """A face that is too small makes weights larger than they need be."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    least = LPPerceptronClassifier(C=np.inf).fit(X, y)
    honest = exact._optimal_face

    def doubled(program, first):
        face, features = honest(program, first)
        weights = 1.5 * first.weights
        return replace(face, targets=program.net_input(weights)), features

    monkeypatch.setattr(exact, "_optimal_face", doubled)
    clf = LPPerceptronClassifier(C=np.inf)
    with pytest.warns(ConvergenceWarning, match="duality gap"):
        clf.fit(X, y)
    assert clf.objective_ > 1.4 * least.objective_
    assert clf.dual_gap_ > 0.1


@pytest.mark.parametrize("C", [1e-10, 1e-3, 1.0, 1e8, 1e15])
@pytest.mark.parametrize("factor", [1e-8, 1e4])
def test_only_the_product_of_costs_and_weights_counts(C, factor):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), rng.integers(0, 2, 40)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No feature is used")
        one = LPPerceptronClassifier(C).fit(X, y)
        other = LPPerceptronClassifier(C / factor).fit(X, y, np.full(40, factor))
    assert_allclose(other.coef_, one.coef_, atol=1e-8)
    assert_allclose(other.objective_, one.objective_, rtol=1e-9)
    assert max(one.dual_gap_, other.dual_gap_) <= 1e-6


@pytest.mark.parametrize("C, size", [(1e-60, 1e-45), (1e-300, 1.0), (1e40, 1e-10), (1e20, 1.0)])
@pytest.mark.parametrize("Model", [LPPerceptronClassifier, LPPerceptronRegressor])
def test_costs_beyond_all_scales_are_refused_with_their_value_and_range(Model, C, size):
    X, y, weights = np.array([[-1.0], [0.5], [1.0]]), [0, 1, 1], np.full(3, size)
    message = f"C={C:g} times the largest weight of a sample, {size:g}, must be in [1e-100, 1e+20)"
    with pytest.raises(ValueError, match=re.escape(message)):
        Model(C).fit(X, y, weights)
    exactly = Model(np.inf).fit(X, y)
    assert_allclose(Model(np.inf).fit(X, y, weights).coef_, exactly.coef_)


@pytest.mark.parametrize("Model", [LPPerceptronClassifier, LPPerceptronRegressor])
@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_weights_beyond_all_sums_are_refused_for_what_they_are(Model, size):
    with pytest.raises(ValueError, match=r"sample weights sum to .*; valid are sums from 1e-50"):
        Model().fit([[-1.0], [0.5], [1.0]], [0, 1, 1], np.full(3, size))


def test_samples_of_vanishing_weight_stop_nothing():
    """A ratio of 1e300 between weights, with and without what violates them."""
    X, y = np.array([[-1.0], [0.5], [1.0], [2.0], [3.0]]), [0, 1, 1, 0, 1]
    for C in (1.0, np.inf):
        for solver in STRATEGIES:
            clf = LPPerceptronClassifier(C, solver=solver).fit(X, y, [1.0, 1.0, 1.0, 1e-300, 1.0])
            without = LPPerceptronClassifier(C).fit(X, y, [1.0, 1.0, 1.0, 0.0, 1.0])
            assert_allclose(clf.objective_, without.objective_)
            assert clf.dual_gap_ <= clf.tol
