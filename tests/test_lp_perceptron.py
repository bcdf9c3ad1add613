"""The estimators around the linear program."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import linprog
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification, make_multilabel_classification
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from versions import needs_callbacks, parametrize_with_checks

from skprune import (
    LPMLPClassifier,
    LPPerceptronClassifier,
    LPPerceptronClassifierCV,
    LPPerceptronRegressor,
)
from skprune._linear_program.solution import UnitSolution
from skprune._linear_program.units import SaturatingUnits
from skprune._linear_program.warnings import warn_of_gaps

AND = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]), np.array([0, 0, 0, 1])


@pytest.fixture
def binary():
    return make_classification(120, 8, n_informative=4, flip_y=0.1, random_state=0)


@parametrize_with_checks([LPPerceptronClassifier(), LPPerceptronRegressor()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# The paper's example


def test_and_exactly():
    clf = LPPerceptronClassifier(C=np.inf).fit(*AND)
    assert_allclose(clf.coef_, [[1, 1]], atol=1e-8)
    assert_allclose(clf.intercept_, [-1], atol=1e-8)
    assert_allclose(clf.truncation_, [2, 0, 0, 0], atol=1e-8)
    assert_allclose(clf.slack_, 0, atol=1e-8)
    assert_allclose(clf.objective_, 3)
    assert clf.dual_gap_ <= 1e-6
    assert_array_equal(clf.predict(AND[0]), AND[1])


def test_and_with_cheap_violations_costs_the_same_without_weights():
    X, y = AND
    clf = LPPerceptronClassifier(C=1.0).fit(X, y)
    assert_allclose(clf.objective_, 3)
    constant_cost = 1 + np.maximum(0, 1 + np.where(y, 1, -1)).sum()
    assert_allclose(constant_cost, 3)


def test_contradicting_rows_cost_the_least_violation():
    X = np.array([[0.0], [0.0], [0.0], [2.0]])
    clf = LPPerceptronClassifier(C=np.inf).fit(X, [0, 1, 0, 1])
    # Each pair at 0 costs 2, the majority there wins, and u = -1, w = 1 reach the rest.
    assert_allclose(clf.slack_, [0, 2, 0, 0], atol=1e-8)
    assert_allclose([clf.coef_[0, 0], clf.intercept_[0]], [1, -1], atol=1e-8)
    assert_allclose(clf.objective_, 2)


# Against linprog on the primal


def primal_cost(X, y, low, high, costs):
    """Cost of the best unit, by linprog on w+, w-, u+, u-, v."""
    Z = np.column_stack([X, np.ones(len(X))])
    n, m = Z.shape
    below, above = y > low, y < high
    A = np.vstack([np.hstack([-Z, Z, -np.eye(n)])[below], np.hstack([Z, -Z, -np.eye(n)])[above]])
    b = np.concatenate([-y[below], y[above]])
    return linprog(np.concatenate([np.ones(2 * m), costs]), A_ub=A, b_ub=b).fun


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 0.5, 1: 3.0}])
@pytest.mark.parametrize("C", [0.02, 1.0, 50.0])
def test_binary_objective(binary, C, class_weight):
    X, y = binary
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    clf = LPPerceptronClassifier(C=C, class_weight=class_weight).fit(X, y, weights)
    factors = {None: (1, 1), "balanced": weights.sum() / (2 * np.bincount(y, weights))}
    factors = factors[class_weight] if not isinstance(class_weight, dict) else (0.5, 3.0)
    costs = C * weights * np.where(y == 1, factors[1], factors[0])
    expected = primal_cost(X, np.where(y == 1, 1.0, -1.0), -1, 1, costs)
    assert_allclose(clf.objective_, expected, rtol=1e-7)
    own = np.abs(clf.coef_).sum() + np.abs(clf.intercept_).sum() + costs @ clf.slack_
    assert_allclose(own, expected, rtol=1e-7)


@pytest.mark.parametrize("C", [0.06, 2.0])
def test_regression_objective(C):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 5))
    y = np.clip(X @ [1, -1, 0, 0, 0.5] + 0.3 * rng.standard_normal(80), -1, 1)
    weights = rng.random(80)
    reg = LPPerceptronRegressor(C=C).fit(X, y, weights)
    assert_array_equal(reg.limits_, [-1, 1])
    assert_allclose(reg.objective_, primal_cost(X, y, -1, 1, C * weights), rtol=1e-7)
    assert np.any(reg.truncation_ > 0.1) == (C == 2.0)
    assert_array_equal(reg.truncation_[np.abs(y) < 1], 0)
    net = X @ reg.coef_ + reg.intercept_
    assert_allclose((reg.slack_ + reg.truncation_)[y == 1], np.abs(net - y)[y == 1])
    assert_allclose(reg.predict(X), np.clip(net, -1, 1))


def test_unlimited_regressor_is_least_absolute_deviations():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    y = X @ [1, 2, 3] + rng.standard_normal(60)
    reg = LPPerceptronRegressor(C=100.0, limits=(-np.inf, np.inf)).fit(X, y)
    assert_allclose(reg.objective_, primal_cost(X, y, -np.inf, np.inf, np.full(60, 100.0)))


def test_free_intercept_and_no_intercept(binary):
    X, y = binary
    shifted = X + 5
    free = LPPerceptronClassifier(penalize_intercept=False)
    moved, plain = clone(free).fit(shifted, y), clone(free).fit(X, y)
    assert_allclose(moved.objective_, plain.objective_, rtol=1e-7)  # invariant to shifts
    assert plain.objective_ < LPPerceptronClassifier().fit(X, y).objective_
    none = LPPerceptronClassifier(fit_intercept=False).fit(X, y)
    assert_array_equal(none.intercept_, [0])
    assert none.objective_ >= plain.objective_


# A C that is too small for any weight


def smallest_C_warned_of(fit, *data):
    with pytest.warns(UserWarning, match="No feature is used: C=.* Raise C well above") as caught:
        assert not fit(*data).coef_.any()
    (warning,) = caught
    return float(re.search(r"is below (\S+), up to which", str(warning.message))[1])


def test_classifier_without_weights(iris):
    X, y = iris
    targets = np.where(y[:, None] == np.arange(3), 1.0, -1.0)
    largest = np.abs(targets.T @ np.column_stack([X, np.ones(150)])).max()
    few = smallest_C_warned_of(LPPerceptronClassifier(C=1e-3).fit, X, y)
    assert_allclose(few, 1 / largest, rtol=1e-5)
    of_mean = smallest_C_warned_of(LPPerceptronClassifier().fit, X, y, np.full(150, 1 / 150))
    assert_allclose(of_mean, 150 / largest, rtol=1e-5)
    with pytest.warns(UserWarning, match="No feature is used: C=1 "):
        AdaBoostClassifier(LPPerceptronClassifier(), n_estimators=2).fit(X, y)


@pytest.mark.parametrize("penalize_intercept", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_regressor_without_weights(fit_intercept, penalize_intercept):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3)) + 0.3
    y = 10 + X @ [1, 2, 0] + rng.standard_normal(60)
    reg = LPPerceptronRegressor(
        1e-4, fit_intercept=fit_intercept, penalize_intercept=penalize_intercept
    )
    smallest = smallest_C_warned_of(reg.fit, X, y)
    assert_allclose(smallest_C_warned_of(reg.fit, X, y, np.full(60, 0.1)), 10 * smallest, rtol=1e-5)
    assert_allclose(
        smallest_C_warned_of(clone(reg).set_params(C=0.99 * smallest).fit, X, y), smallest
    )
    above = clone(reg).set_params(C=1.01 * smallest).fit(X, y)
    assert above.coef_.any() or (fit_intercept and penalize_intercept and above.intercept_)


def test_data_that_allow_no_weight_are_not_warned_of():
    rng = np.random.default_rng(0)
    X = rng.random((30, 2))
    X = np.vstack([X, rng.permuted(X, axis=0)])  # each feature has the same values in both classes
    y = np.repeat([0, 1], 30)
    for C in (1e-3, 1.0):
        for penalize_intercept in (True, False):
            clf = LPPerceptronClassifier(C, penalize_intercept=penalize_intercept).fit(X, y)
            assert not clf.coef_.any()
        for limits in ("auto", (-np.inf, np.inf)):
            reg = LPPerceptronRegressor(C, limits=limits, penalize_intercept=False)
            assert not reg.fit(X, np.full(60, 3.0)).coef_.any()


# Several outputs


def test_multiclass_is_one_against_the_rest():
    X, y = load_iris(return_X_y=True)
    clf = LPPerceptronClassifier(C=10.0).fit(X, y)
    binary = [LPPerceptronClassifier(C=10.0).fit(X, y == k) for k in range(3)]
    assert_allclose(clf.coef_, np.vstack([b.coef_ for b in binary]))
    assert_allclose(clf.objective_, sum(b.objective_ for b in binary))
    assert clf.decision_function(X).shape == clf.slack_.shape == (150, 3)
    assert clf.score(X, y) > 0.9
    parallel = LPPerceptronClassifier(C=10.0, n_jobs=2).fit(X, y)
    assert_array_equal(parallel.coef_, clf.coef_)


def test_multilabel():
    X, Y = make_multilabel_classification(100, 6, n_classes=3, random_state=0)
    weights = {0: 1.0, 1: 2.0}
    clf = LPPerceptronClassifier(class_weight=weights).fit(X, Y)
    assert clf.predict(X).shape == Y.shape
    for k in range(3):
        single = LPPerceptronClassifier(class_weight=weights).fit(X, Y[:, k])
        assert_array_equal(clf.predict(X)[:, k], single.predict(X))
    assert clf.score(X, Y) > 0.3
    constant = np.column_stack([Y[:, 0], np.ones(100, int)])
    assert clf.fit(X, constant).predict(X)[:, 1].all()


def test_multioutput_regression():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 4))
    Y = np.tanh(X[:, :2] * 2)
    reg = LPPerceptronRegressor(C=10.0, limits=(-1, 1)).fit(X, Y)
    assert reg.coef_.shape == (2, 4) and reg.predict(X).shape == (50, 2)
    single = LPPerceptronRegressor(C=10.0, limits=(-1, 1)).fit(X, Y[:, 1])
    assert_allclose(reg.predict(X)[:, 1], single.predict(X))


# Constraints on signs


def test_monotonic_by_position_and_by_name(binary):
    X, y = binary
    signs = np.sign(-LPPerceptronClassifier().fit(X, y).coef_[0]).astype(int)
    assert np.any(signs == 1) and np.any(signs == -1)
    by_position = LPPerceptronClassifier(monotonic_cst=signs).fit(X, y)
    assert np.all(by_position.coef_[0] * signs >= 0)
    names = [f"f{i}" for i in range(X.shape[1])]
    by_name = LPPerceptronClassifier(
        monotonic_cst={name: int(s) for name, s in zip(names, signs) if s}
    )
    for frame in (pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)):
        assert_array_equal(by_name.fit(frame, y).coef_, by_position.coef_)
        assert_array_equal(by_name.feature_names_in_, names)
    reg = LPPerceptronRegressor(monotonic_cst=signs).fit(X, y)
    assert np.all(reg.coef_ * signs >= 0)


def test_monotonic_is_refused_for_several_classes():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="not supported for 3 classes"):
        LPPerceptronClassifier(monotonic_cst=[1, 0, 0, 0]).fit(X, y)


@pytest.mark.parametrize(
    "monotonic_cst, message",
    [
        ([1, 0], r"shape \(2,\), but X has 8 features"),
        ([2, 0, 0, 0, 0, 0, 0, 0], r"values \[2\]; valid are -1"),
        ([0.5] + [0] * 7, r"values \[0.5\]"),
        ({"a": 1}, "X has none"),
    ],
)
def test_bad_monotonic_constraints(binary, monotonic_cst, message):
    with pytest.raises(ValueError, match=message):
        LPPerceptronClassifier(monotonic_cst=monotonic_cst).fit(*binary)


def test_bad_monotonic_names(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(8)])
    with pytest.raises(ValueError, match=r"does not have: \['g'\]"):
        LPPerceptronClassifier(monotonic_cst={"g": 1}).fit(frame, y)
    with pytest.raises(ValueError, match=r"values \[3\]"):
        LPPerceptronClassifier(monotonic_cst={"f1": 3}).fit(frame, y)


# Inputs


def test_sparse_and_dense_inputs_agree(binary):
    X, y = binary
    X = np.where(np.abs(X) > 0.7, X, 0.0)
    dense = LPPerceptronClassifier().fit(X, y)
    for container in (sparse.csr_array, sparse.csc_matrix):
        clf = LPPerceptronClassifier().fit(container(X), y)
        assert_allclose(clf.objective_, dense.objective_)
        assert_allclose(clf.decision_function(container(X)), clf.decision_function(X))


def test_float32_is_solved_in_float64(binary):
    X, y = binary
    X = X.astype(np.float32)
    single, double = (LPPerceptronClassifier().fit(Z, y) for Z in (X, X.astype(np.float64)))
    assert_array_equal(single.coef_, double.coef_)


@pytest.mark.parametrize("C", [1.0, np.inf])
def test_sample_weight_equals_repetition(binary, C):
    X, y = binary
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    weighted = LPPerceptronClassifier(C=C).fit(X, y, weights)
    repeated = LPPerceptronClassifier(C=C).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert_allclose(weighted.objective_, repeated.objective_, rtol=1e-7)
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-6)


def test_an_all_zero_column_gets_no_weight(binary):
    X, y = binary
    X = X.copy()
    X[:, 3] = 0
    clf = LPPerceptronClassifier().fit(X, y)
    assert clf.coef_[0, 3] == 0
    without = LPPerceptronClassifier().fit(np.delete(X, 3, axis=1), y)
    assert_allclose(clf.objective_, without.objective_)
    assert not LPPerceptronClassifier(C=np.inf).fit(np.zeros((4, 2)), [0, 0, 0, 1]).coef_.any()


def test_one_feature_and_one_pattern():
    X, y = np.array([[-1.0], [-2.0], [2.0], [4.0]]), [0, 0, 1, 1]
    clf = LPPerceptronClassifier(C=np.inf).fit(X, y)
    assert_allclose(clf.objective_, 1)
    reg = LPPerceptronRegressor(limits=(-1, 1)).fit([[2.0]], [0.5])
    assert_allclose(reg.predict([[2.0]]), [0.5])
    assert_allclose(reg.objective_, 0.25)  # w = 1/4 is cheaper than u = 1/2
    with pytest.raises(ValueError, match="only one class"):
        LPPerceptronClassifier().fit([[2.0]], [1])


def test_constant_target_of_a_regressor():
    reg = LPPerceptronRegressor().fit([[1.0], [2.0]], [3.0, 3.0])
    assert_array_equal(reg.predict([[1.0], [5.0]]), [3, 3])
    assert reg.objective_ == 0


def test_one_class_left_by_the_weights(binary):
    X, y = binary
    with pytest.raises(ValueError, match=r"only one class: .*0"):
        LPPerceptronClassifier().fit(X, y, np.where(y == 0, 1.0, 0.0))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        LPPerceptronClassifier().fit(X, y, np.zeros(len(y)))


@pytest.mark.parametrize("C", [np.nan, 0.0, -1.0, -np.inf, "1"])
@pytest.mark.parametrize("estimator", [LPPerceptronClassifier, LPPerceptronRegressor])
def test_bad_cost(binary, estimator, C):
    with pytest.raises(ValueError, match=r"'C' parameter .* in the range \(0.0, inf\]"):
        estimator(C=C).fit(*binary)


def test_continuous_targets_of_a_classifier(binary):
    X, _ = binary
    with pytest.raises(ValueError, match=r"continuous.*use LPPerceptronRegressor"):
        LPPerceptronClassifier().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="MultiOutputClassifier"):
        LPPerceptronClassifier().fit(X, np.column_stack([np.arange(120) % 3, np.arange(120) % 4]))


def test_targets_outside_the_limits():
    X = np.arange(4.0)[:, None]
    with pytest.raises(ValueError, match=r"from 0 to 3 lie outside the limits \(0, 2\)"):
        LPPerceptronRegressor(limits=(0, 2)).fit(X, X[:, 0])
    for limits in [(1, 0), (0, 0), (0, 1, 2), (np.nan, 1)]:
        with pytest.raises(ValueError, match="low < high"):
            LPPerceptronRegressor(limits=limits).fit(X, X[:, 0])


# Limits of effort


@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("limit", [dict(max_iter=3), dict(time_limit=0.0)])
def test_limits_warn_and_keep_the_best(binary, limit, C):
    X, y = binary
    with pytest.warns(ConvergenceWarning, match=r"the gap is .* Raise max_iter"):
        clf = LPPerceptronClassifier(C=C, solver="dual", **limit).fit(X, y)
    assert clf.dual_gap_ > 1e-6
    assert clf.predict(X).shape == y.shape


def test_more_iterations_end_without_a_warning(binary):
    clf = LPPerceptronClassifier(max_iter=1000, time_limit=60.0).fit(*binary)
    assert clf.dual_gap_ <= 1e-6
    assert 0 < clf.n_iter_ < 1000


def test_unknown_status_of_highs(binary, monkeypatch):
    from skprune._linear_program.restricted_dual import RestrictedDual

    monkeypatch.setattr(RestrictedDual, "solve", lambda self, *limits: "odd")
    monkeypatch.setattr(RestrictedDual, "status_text", lambda self: "Solve error")
    with pytest.raises(RuntimeError, match="HiGHS stopped with the status 'Solve error'"):
        LPPerceptronClassifier().fit(*binary)


def test_the_first_fit_of_a_process_writes_nothing():
    code = (
        "from skprune import LPPerceptronClassifier\n"
        "LPPerceptronClassifier(solver='dual').fit([[0], [1], [2], [3]], [0, 0, 1, 1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


# Life as an estimator


class RaisingCallback:
    """Fails at the end of the given task."""

    def __init__(self, failing_task):
        self.failing_task = failing_task

    def setup(self, estimator, context):
        self.tasks = []

    def on_fit_task_begin(self, estimator, context):
        self.tasks.append(context.task_name)

    def on_fit_task_end(self, estimator, context):
        if context.task_name == self.failing_task:
            raise KeyboardInterrupt

    def teardown(self, estimator, context):
        pass


@needs_callbacks
@pytest.mark.parametrize("failing_task", ["output", "fit"])
def test_an_interrupted_fit_leaves_nothing_behind(failing_task):
    X, y = load_iris(return_X_y=True)
    clf = LPPerceptronClassifier().set_callbacks(RaisingCallback(failing_task))
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    with pytest.raises(NotFittedError):
        clf.predict(X)
    assert not hasattr(clf, "coef_")


@needs_callbacks
def test_every_output_is_a_callback_task():
    X, y = load_iris(return_X_y=True)
    callback = RaisingCallback(None)
    LPPerceptronClassifier().set_callbacks(callback).fit(X, y)
    assert callback.tasks == ["fit", "output", "output", "output"]


def test_pickle_and_grid_search(binary):
    X, y = binary
    search = GridSearchCV(LPPerceptronClassifier(), {"C": [0.05, 1.0, np.inf]}, cv=3).fit(X, y)
    best = search.best_estimator_
    assert_array_equal(pickle.loads(pickle.dumps(best)).predict(X), best.predict(X))
    assert search.best_score_ > 0.6


# Scales, weights and costs at the ends of what the solver can tell from zero and infinity


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("scale", [2.0**-56, 2.0**-40, 2.0**40, 2.0**67])
def test_units_of_the_features_do_not_change_what_is_violated(C, scale):
    # A price of weights that hardly counts is no price: the least violation is that of any scale.
    X, y = load_iris(return_X_y=True)
    least = LPPerceptronClassifier(C=np.inf).fit(X, y).slack_.sum()
    clf = LPPerceptronClassifier(C=C / min(scale, 1.0) if C == 1.0 else C).fit(X * scale, y)
    assert least - 1e-8 <= clf.slack_.sum() <= least + (1e-8 if np.isinf(C) else 24)
    assert clf.score(X * scale, y) > 0.9


@pytest.mark.parametrize("as_sparse", [False, True])
def test_single_features_of_other_units_are_not_taken_for_zero(binary, as_sparse):
    X, y = binary
    factors = np.ones(X.shape[1])
    factors[[1, 4]] = 2.0**-35, 2.0**45
    least = LPPerceptronClassifier(C=np.inf).fit(X, y).slack_.sum()
    X = sparse.csr_array(X * factors) if as_sparse else X * factors
    with pytest.warns(ConvergenceWarning, match="Scale the features"):
        clf = LPPerceptronClassifier(C=np.inf).fit(X, y)
    assert_allclose(clf.slack_.sum(), least)


@pytest.mark.parametrize("size", [1e-45, 1e45])
def test_only_the_ratios_of_weights_count_for_an_infinite_cost(binary, size):
    X, y = binary
    weight = np.random.default_rng(0).uniform(1, 2, len(y))
    plain = LPPerceptronClassifier(C=np.inf).fit(X, y, weight)
    scaled = LPPerceptronClassifier(C=np.inf).fit(X, y, weight * size)
    assert_allclose(scaled.objective_, plain.objective_)


@pytest.mark.parametrize("C, size", [(1e30, 1.0), (1.0, 1e25)])
def test_costs_that_the_solver_takes_for_infinite(binary, C, size):
    X, y = binary
    with pytest.raises(ValueError, match=r"must be in \[1e-100, 1e\+20\).*Use C=np\.inf"):
        LPPerceptronClassifier(C=C).fit(X, y, np.full(len(y), size))


@pytest.mark.parametrize("Model", [LPPerceptronClassifier, LPPerceptronClassifierCV])
def test_labels_that_class_weights_leave_without_samples_are_named(binary, Model):
    X, y = binary
    labels = np.column_stack([y, np.zeros_like(y), 1 - y, np.zeros_like(y)])
    message = re.escape("class_weight={0: 0, 1: 1} leaves no sample for the labels [1, 3]")
    with pytest.raises(ValueError, match=message):
        Model(class_weight={0: 0, 1: 1}).fit(X, labels)
    # What sample weights leave of a label counts, and other labels are served.
    with pytest.raises(ValueError, match=r"the labels \[0\]"):
        Model(class_weight={0: 0, 1: 1}).fit(X, labels[:, [0, 2]], sample_weight=1 - y)
    served = Model(class_weight={0: 0, 1: 1}).fit(X, labels[:, [0, 2]])
    assert served.predict(X).all()


def test_balanced_classes_count_weights_not_rows(binary):
    X, y = binary
    repeats = np.where(y == 1, 3, np.arange(len(y)) % 3)  # zeros among them
    weighted = LPPerceptronClassifier(class_weight="balanced").fit(X, y, repeats)
    repeated = LPPerceptronClassifier(class_weight="balanced").fit(
        X.repeat(repeats, axis=0), y.repeat(repeats)
    )
    assert_allclose(weighted.objective_, repeated.objective_)


@pytest.mark.parametrize(
    "class_weight, message",
    [({0: -1.0}, "at least 0"), ({0: np.nan}, "at least 0"), ({0: 0, 1: 0}, "leaves no sample")],
)
def test_bad_class_weights(binary, class_weight, message):
    with pytest.raises(ValueError, match=message):
        LPPerceptronClassifier(class_weight=class_weight).fit(*binary)


def test_sparse_label_indicators():
    X, y = make_multilabel_classification(40, 6, n_classes=3, random_state=0)
    dense = LPPerceptronClassifier().fit(X, y)
    assert_array_equal(LPPerceptronClassifier().fit(X, sparse.csr_array(y)).coef_, dense.coef_)


@pytest.mark.parametrize("solver", ["auto", "interior_point", "feature_generation", "generation"])
def test_sparse_matrices_and_arrays_of_many_features(solver):
    X = sparse.random(60, 3000, density=0.01, format="csr", random_state=0)
    y = np.arange(60) % 2
    dense = LPPerceptronClassifier(solver=solver).fit(X.toarray(), y)
    for kind in (sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array):
        clf = LPPerceptronClassifier(solver=solver).fit(kind(X), y)
        assert_allclose(clf.objective_, dense.objective_)
        assert clf.score(kind(X), y) > 0.9


@pytest.mark.parametrize("values", [(-1, 1), (1, 2), (0, 5)])
@pytest.mark.parametrize("estimator", [LPPerceptronClassifier(), LPMLPClassifier()])
def test_label_matrices_of_other_numbers(estimator, values):
    X, y = make_multilabel_classification(40, 6, n_classes=3, random_state=0)
    with pytest.raises(ValueError, match=r"holds 0 and 1, but y has the values \["):
        estimator.fit(X, np.array(values)[y])


@pytest.mark.parametrize("limits", ["auto", (-np.inf, np.inf)])
@pytest.mark.parametrize("C", [1.0, np.inf])
@pytest.mark.parametrize("scale", [2.0**-70, 2.0**-30, 2.0**40, 2.0**100])
def test_units_of_the_targets_are_those_of_the_weights(scale, C, limits):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 4))
    y = X @ [1.0, -0.5, 0.0, 0.0] + 0.3 * rng.standard_normal(80)
    plain = LPPerceptronRegressor(C=C, limits=limits).fit(X, y)
    scaled = LPPerceptronRegressor(C=C, limits=limits).fit(X, y * scale)
    assert_allclose(scaled.coef_ / scale, plain.coef_, atol=1e-7)
    assert_allclose(scaled.intercept_ / scale, plain.intercept_, atol=1e-7)
    assert_allclose(scaled.objective_ / scale, plain.objective_)


def test_limits_that_are_no_numbers():
    with pytest.raises(ValueError, match=r"limits must be 'auto' or two numbers.*'low'"):
        LPPerceptronRegressor(limits=("low", "high")).fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("solver", ["auto", "dual", "interior_point"])
def test_signs_hold_to_the_last_digit(solver):
    """Duals that rounding made had forbidden signs, whose price is infinite."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(300, 10)), rng.random(300) < 0.1
        fitted = LPPerceptronClassifier(monotonic_cst=[1] * 5 + [-1] * 5, solver=solver).fit(X, y)
        assert (fitted.coef_[0, :5] >= 0).all()
        assert (fitted.coef_[0, 5:] <= 0).all()
        assert np.isfinite(fitted.objective_)
        assert fitted.dual_gap_ <= fitted.tol


@pytest.mark.parametrize("scale", [1e-2, 1e4])
@pytest.mark.parametrize("solver", ["dual", "interior_point"])
def test_weights_are_zero_or_matter(solver, scale):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y = scale * rng.normal(size=(200, 20)), rng.integers(0, 2, 200)
        fitted = LPPerceptronClassifier(C=10.0 / scale, solver=solver).fit(X, y)
        effects = np.abs(fitted.coef_[0]) * np.abs(X).max(axis=0)
        assert not ((effects > 0) & (effects < 1e-12)).any()


def test_a_cost_that_is_infinite_has_an_infinite_gap():
    unknown = UnitSolution(np.zeros(2), np.zeros(3), np.inf, 1.0)
    with pytest.warns(ConvergenceWarning, match="the gap is inf"):
        warn_of_gaps([unknown], SaturatingUnits(1.0))
