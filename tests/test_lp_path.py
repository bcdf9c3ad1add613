"""The path over C and its cross-validation."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, cross_val_score
from versions import parametrize_with_checks

from skprune import LPPerceptronClassifier, LPPerceptronClassifierCV, lp_perceptron_path
from skprune._estimator.one_standard_error import choose_simplest
from skprune._linear_program import solve

EXPECTED_FAILURES = {
    "check_class_weight_classifiers": "C is chosen for plain accuracy, against extreme weights"
}


@pytest.fixture
def binary():
    return make_classification(150, 10, n_informative=4, flip_y=0.1, random_state=0)


@parametrize_with_checks(
    [LPPerceptronClassifierCV(Cs=5, cv=3)], expected_failed_checks=lambda _: EXPECTED_FAILURES
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("solver", ["auto", "constraint_generation", "feature_generation"])
@pytest.mark.parametrize("penalize_intercept", [True, False])
def test_every_point_of_the_path_is_a_fit(binary, solver, penalize_intercept):
    X, y = binary
    options = dict(solver=solver, penalize_intercept=penalize_intercept, class_weight="balanced")
    Cs, coefs, intercepts, gaps = lp_perceptron_path(X, y, Cs=6, **options)
    assert np.all(np.diff(Cs) > 0) and np.all(gaps <= 1e-6)
    assert coefs.shape == (10, 6) and intercepts.shape == (6,)
    for C, coef, intercept in zip(Cs, coefs.T, intercepts):
        clf = LPPerceptronClassifier(C, **options).fit(X, y)
        factors = len(y) / (2 * np.bincount(y))
        violation = np.maximum(0, 1 - np.where(y, 1, -1) * (X @ coef + intercept))
        cost = np.abs(coef).sum() + penalize_intercept * abs(intercept)
        cost += C * factors[y] @ violation
        assert_allclose(cost, clf.objective_, rtol=1e-7)


def test_path_starts_where_weights_start(binary):
    X, y = binary
    Cs, coefs, intercepts, _ = lp_perceptron_path(X, y, Cs=4, C_ratio=50)
    assert coefs[:, 0].any() or intercepts[0]
    assert_allclose(Cs[-1] / Cs[0], 50)
    with pytest.warns(UserWarning, match="No feature is used"):
        below = LPPerceptronClassifier(0.98 * Cs[0]).fit(X, y)
    assert not below.coef_.any() and not below.intercept_.any()


def test_path_starts_where_signed_weights_start(binary):
    X, y = binary
    signs = -np.sign(LPPerceptronClassifier(0.02).fit(X, y).coef_[0]).astype(int)
    options = dict(monotonic_cst=signs, fit_intercept=False)
    Cs, coefs, _, _ = lp_perceptron_path(X, y, Cs=3, **options)
    assert coefs[:, 0].any() and np.all(coefs * signs[:, None] >= 0)
    with pytest.warns(UserWarning, match="No feature is used"):
        below = LPPerceptronClassifier(0.98 * Cs[0], **options).fit(X, y)
    assert not below.coef_.any()


def test_a_path_ends_where_nothing_is_violated(monkeypatch):
    """From there on the solution is that of every higher C, and is not looked for again."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 60))
    y = X[:, 0] > 0
    honest, costs = solve.run, []

    def counted(program, *args):
        costs.append(program.largest_cost)
        return honest(program, *args)

    monkeypatch.setattr(solve, "run", counted)
    Cs, coefs, intercepts, gaps = lp_perceptron_path(X, y, Cs=10)
    missed = np.maximum(0.0, 1 - np.where(y, 1, -1)[:, None] * (X @ coefs + intercepts)).sum(axis=0)
    (first, *others) = np.flatnonzero(missed < 1e-9)
    assert 1 < first < 7
    assert_allclose(costs, Cs[: first + 1])
    assert_array_equal(coefs[:, others], np.tile(coefs[:, [first]], len(others)))
    assert gaps.max() <= 1e-6
    again = LPPerceptronClassifier(Cs[-1]).fit(X, y)
    assert_allclose(again.objective_, np.abs(coefs[:, -1]).sum() + abs(intercepts[-1]))


def test_path_of_several_classes():
    X, y = load_iris(return_X_y=True)
    Cs, coefs, intercepts, gaps = lp_perceptron_path(X, y, Cs=[10.0, 0.1])
    assert_array_equal(Cs, [0.1, 10])
    assert coefs.shape == (3, 4, 2) and intercepts.shape == gaps.shape == (3, 2)


@pytest.mark.parametrize(
    "Cs", [[0.0, 1.0], [1.0, np.inf], [np.nan], [], [[0.1, 0.2]], [[1.0], [2.0, 3.0]], ["low"]]
)
def test_bad_values_of_the_grid(binary, Cs):
    message = r"Cs must be a number .* list .* in \(0, inf\), got " + re.escape(repr(Cs))
    with pytest.raises(ValueError, match=message):
        lp_perceptron_path(*binary, Cs=Cs)
    with pytest.raises(ValueError, match=message):
        LPPerceptronClassifierCV(Cs=Cs).fit(*binary)


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("Cs", 0, r"\[1, inf\) or an array-like"),
        ("Cs", 2.5, r"\[1, inf\) or an array-like"),
        ("Cs", None, r"\[1, inf\) or an array-like"),
        ("C_ratio", "x", r"\(1.0, inf\)"),
        ("C_ratio", 1, r"\(1.0, inf\)"),
        ("C_ratio", np.inf, r"\(1.0, inf\)"),
        ("tol", -1.0, r"\(0.0, inf\)"),
        ("solver", "quick", "a str among"),
    ],
)
def test_bad_parameters_are_named_as_those_of_what_was_called(binary, name, value, valid):
    message = r"The '{}' parameter of {} must be .*{}.* Got {!r}"
    with pytest.raises(ValueError, match=message.format(name, "lp_perceptron_path", valid, value)):
        lp_perceptron_path(*binary, **{name: value})
    caller = "LPPerceptronClassifierCV"
    with pytest.raises(ValueError, match=message.format(name, caller, valid, value)):
        LPPerceptronClassifierCV(**{name: value}).fit(*binary)


def test_cross_validation_equals_the_explicit_loop(binary):
    X, y = binary
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    how = {"scoring": "roc_auc", "selection": "best"}
    clf = LPPerceptronClassifierCV(Cs=[0.05, 0.1, 1.0], cv=folds, **how).fit(X, y)
    for C, scores in zip(clf.Cs_, clf.scores_.T):
        expected = cross_val_score(LPPerceptronClassifier(C), X, y, cv=folds, scoring="roc_auc")
        assert_allclose(scores, expected, atol=1e-6)
    assert clf.Cs_[clf.scores_.mean(axis=0).argmax()] == clf.C_
    final = LPPerceptronClassifier(clf.C_).fit(X, y)
    assert_array_equal(clf.coef_, final.coef_)
    assert_array_equal(clf.predict(X), final.predict(X))


def test_one_standard_error_takes_a_smaller_C(binary):
    best = LPPerceptronClassifierCV(selection="best").fit(*binary)
    sparse = LPPerceptronClassifierCV().fit(*binary)
    scores = best.scores_
    at_best = scores[:, [scores.mean(axis=0).argmax()]]
    paired = (at_best - scores).std(axis=0, ddof=1)
    error = np.minimum(paired, at_best.std(ddof=1)) / np.sqrt(5)
    is_as_good = (at_best - scores).mean(axis=0) <= error
    assert sparse.C_ == best.Cs_[is_as_good][0] <= best.C_


def test_no_feature_is_a_choice_unless_no_C_gives_one(binary):
    first = dict(cv=2, scoring=lambda *_: 0.0)  # no score prefers a feature
    assert not LPPerceptronClassifierCV(Cs=[1e-4, 1.0], **first).fit(*binary).coef_.any()
    assert not lp_perceptron_path(*binary, Cs=[1e-5, 1e-4])[1].any()
    with pytest.warns(UserWarning, match=r"max\(Cs\)=0.0001 is below .* Raise max\(Cs\)") as caught:
        LPPerceptronClassifierCV(Cs=[1e-5, 1e-4], **first).fit(*binary)
    assert len(caught) == 1


def test_class_weights_shift_the_decision(binary):
    X, y = binary
    shares = [
        LPPerceptronClassifierCV(Cs=[1.0], class_weight={0: 1, 1: w}).fit(X, y).predict(X).mean()
        for w in (0.1, 1, 10)
    ]
    assert shares[0] < shares[1] < shares[2]


def test_weights_signs_names_and_jobs(binary):
    X, y = binary
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(10)])
    weights = np.random.default_rng(0).integers(0, 3, len(y))
    clf = LPPerceptronClassifierCV(Cs=4, monotonic_cst={"f1": 1}).fit(frame, y, weights)
    again = LPPerceptronClassifierCV(Cs=4, monotonic_cst=[0, 1] + [0] * 8, n_jobs=2)
    assert_array_equal(again.fit(X, y, weights).coef_, clf.coef_)
    assert clf.coef_[0, 1] >= 0
    assert list(clf.feature_names_in_) == list(frame.columns)
    kept = weights > 0
    dropped = LPPerceptronClassifier(clf.C_, monotonic_cst=again.monotonic_cst)
    dropped.fit(X[kept], y[kept], weights[kept])
    assert_allclose(dropped.coef_, clf.coef_, atol=1e-7)


def test_the_smallest_of_several_best_is_taken_whatever_the_order_of_the_folds():
    scores = np.random.default_rng(0).random(7)
    for seed in range(50):
        orders = [np.random.default_rng([seed, k]).permutation(7) for k in range(4)]
        table = np.column_stack([scores[order] for order in orders])
        assert choose_simplest(table, "best") == 0


def test_signs_of_several_classes_are_refused_before_the_folds():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="not supported for 3 classes"):
        lp_perceptron_path(X, y, monotonic_cst=[1, 0, 0, 0])
    with pytest.raises(ValueError, match="not supported for 3 classes"):
        LPPerceptronClassifierCV(monotonic_cst=[1, 0, 0, 0]).fit(X, y)


def test_groups_reach_the_splitter(binary):
    X, y = binary
    groups = np.arange(len(y)) % 4
    grouped = LPPerceptronClassifierCV(Cs=3, cv=GroupKFold(4)).fit(X, y, groups=groups)
    by_hand = LPPerceptronClassifierCV(Cs=3, cv=list(GroupKFold(4).split(X, y, groups)))
    assert_array_equal(grouped.scores_, by_hand.fit(X, y).scores_)
    with pytest.raises(ValueError, match=r"\['price'\].*enable_metadata_routing"):
        grouped.fit(X, y, price=groups)


def test_metadata_are_routed_as_requested(binary):
    X, y = binary
    weight, groups = np.linspace(0, 2, len(y)), np.arange(len(y)) % 3
    plain = LPPerceptronClassifierCV(Cs=3, cv=GroupKFold(3))
    weighted = clone(plain).fit(X, y, weight, groups=groups).scores_
    with config_context(enable_metadata_routing=True):
        for request in (True, False):
            scorer = make_scorer(accuracy_score).set_score_request(sample_weight=request)
            model = clone(plain).set_params(scoring=scorer).set_fit_request(sample_weight=True)
            routed = model.fit(X, y, sample_weight=weight, groups=groups).scores_
            assert np.array_equal(routed, weighted) == request


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_workers_know_that_metadata_are_routed(binary, n_jobs):
    """A scorer that counts what it is given scores each fold by it, in another process too."""
    X, y = binary
    prices = np.linspace(1, 2, len(y))
    folds = list(StratifiedKFold(3).split(X, y))
    with config_context(enable_metadata_routing=True):
        scorer = make_scorer(total_price).set_score_request(price=True)
        model = LPPerceptronClassifierCV(Cs=3, cv=folds, scoring=scorer, n_jobs=n_jobs)
        scores = model.fit(X, y, price=prices).scores_
    expected = [prices[held_out].sum() for _, held_out in folds]
    assert_allclose(scores, np.tile(np.reshape(expected, (3, 1)), (1, 3)))


def total_price(y_true, y_pred, price):
    return price.sum()


def test_held_out_samples_of_weight_zero_do_not_count(binary):
    X, y = binary
    weight = (np.arange(len(y)) % 3 > 0).astype(float)
    counts = np.flatnonzero(weight)
    folds = list(StratifiedKFold(3).split(X, y))
    inner = [tuple(np.searchsorted(counts, np.intersect1d(p, counts)) for p in f) for f in folds]
    weighted = LPPerceptronClassifierCV(Cs=[0.1, 1], cv=folds).fit(X, y, weight)
    chosen = LPPerceptronClassifierCV(Cs=[0.1, 1], cv=inner).fit(X[counts], y[counts])
    assert_allclose(weighted.scores_, chosen.scores_)


def test_a_fold_that_trains_with_one_class_names_the_cure():
    X, y = np.arange(12.0)[:, None], np.repeat([0, 1], 6)
    with pytest.raises(ValueError, match=r"has one class only\. Use a stratified splitter"):
        LPPerceptronClassifierCV(Cs=2, cv=KFold(2)).fit(X, y)
    with pytest.raises(ValueError, match="gives no folds"):
        LPPerceptronClassifierCV(Cs=2, cv=[]).fit(X, y)
