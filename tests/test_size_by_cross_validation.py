"""The size chosen by cross-validation is the one that pruning each fold by hand gives."""

import copy
import pickle
import warnings
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, log_loss, make_scorer, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale
from versions import needs_callbacks, parametrize_with_checks

from skprune import (
    LPMLPClassifier,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._estimator.one_standard_error import choose_simplest
from skprune.datasets import make_noisy_classification
from skprune.neural_network._obs.cv_results import align, choose_size_of_path

# Sizes that are asked for need not be good ones; the tests of this warning look for it.
pytestmark = pytest.mark.filterwarnings("ignore:The chosen network")

KINDS = {
    "classifier": (OBSMLPClassifierCV, OBSMLPClassifier, PenalizedMLPClassifier),
    "regressor": (OBSMLPRegressorCV, OBSMLPRegressor, PenalizedMLPRegressor),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def data(kind):
    if kind == "classifier":
        X, y = make_classification(
            90, 5, n_informative=3, n_redundant=0, flip_y=0.1, random_state=0
        )
        return scale(X), np.array(["no", "yes"])[y]
    X, y = make_regression(90, 5, n_informative=3, noise=20.0, random_state=0)
    return scale(X), np.tanh(scale(y))


def folds(kind):
    return (StratifiedKFold if kind == "classifier" else KFold)(3, shuffle=True, random_state=0)


def chooser(kind, **parameters):
    chooser, _, plain = KINDS[kind]
    parameters = {"estimator": plain((3,), alpha=0.3), "cv": folds(kind)} | parameters
    return chooser(**({"random_state": 0} | parameters))


def exact_rows(results, n_splits=3):
    """Rows at whose size every fold has a network of just that size."""
    sizes = np.array([results[f"split{k}_n_weights"] for k in range(n_splits)])
    return np.flatnonzero((sizes == results["n_weights"]).all(axis=0))


def held_out_score(kind, network, X, y, weight=None):
    """Minus the log-loss, or half the squared error, by scikit-learn."""
    if kind == "classifier":
        return -log_loss(y, network.predict_proba(X), sample_weight=weight, labels=network.classes_)
    return -mean_squared_error(y, network.predict(X), sample_weight=weight) / 2


# ---- the scores ------------------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("granularity", ["weight", "unit", "input"])
@pytest.mark.parametrize("criterion", ["obs", "magnitude"])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_of_pruning_each_fold_by_hand(kind, granularity, criterion, weighted):
    X, y = data(kind)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    how = {"granularity": granularity, "criterion": criterion}
    model = chooser(kind, **how).fit(X, y, weight)
    results = model.cv_results_
    _, pruner, plain = KINDS[kind]
    by_fold = []
    for k, (train, test) in enumerate(folds(kind).split(X, y)):
        part = (None, None) if weight is None else (weight[train], weight[test])
        path = pruner(plain((3,), alpha=0.3), n_weights=0, retrain="never", random_state=0, **how)
        path.fit(X[train], y[train], part[0])
        networks = [path.at_size(n) for n in results["n_weights"]]
        scores = [held_out_score(kind, net, X[test], y[test], part[1]) for net in networks]
        np.testing.assert_allclose(results[f"split{k}_test_score"], scores, rtol=1e-9)
        sizes = [network.n_weights_ for network in networks]
        np.testing.assert_array_equal(results[f"split{k}_n_weights"], sizes)
        by_fold.append(scores)
    np.testing.assert_allclose(results["mean_test_score"], np.mean(by_fold, axis=0))
    np.testing.assert_allclose(results["std_test_score"], np.std(by_fold, axis=0))
    assert model.best_score_ == results["mean_test_score"][model.best_index_]
    assert model.best_n_weights_ == results["n_weights"][model.best_index_]


@each_kind
@pytest.mark.parametrize("retrain", ["never", "final"])
@pytest.mark.parametrize("n_init", [1, 2])
def test_scores_are_those_of_a_grid_search_over_n_weights(kind, retrain, n_init):
    X, y = data(kind)
    how = {"retrain": retrain, "n_init": n_init, "random_state": 3}
    scoring = "neg_log_loss" if kind == "classifier" else "neg_mean_absolute_error"
    model = chooser(kind, sizes=[4, 9, 13, 16, 23, 26], scoring=scoring, selection="best", **how)
    model.fit(X, y)
    rows = exact_rows(model.cv_results_)
    assert len(rows) >= 3
    _, pruner, plain = KINDS[kind]
    search = GridSearchCV(
        pruner(plain((3,), alpha=0.3), **how),
        {"n_weights": model.cv_results_["n_weights"][rows].tolist()},
        cv=folds(kind),
        scoring=scoring,
    ).fit(X, y)
    for k in range(3):
        np.testing.assert_allclose(
            model.cv_results_[f"split{k}_test_score"][rows],
            search.cv_results_[f"split{k}_test_score"],
            rtol=1e-12,
        )
    if model.best_index_ in rows:
        assert model.best_n_weights_ == search.best_params_["n_weights"]
        np.testing.assert_allclose(model.coefs_[0], search.best_estimator_.coefs_[0])


@each_kind
@pytest.mark.parametrize("weighted", [False, True])
def test_the_default_score_is_the_negative_loss_of_scikit_learn(kind, weighted):
    X, y = data(kind)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    scoring = "neg_log_loss" if kind == "classifier" else "neg_mean_squared_error"
    default = chooser(kind, sizes=6).fit(X, y, weight)
    named = chooser(kind, sizes=6, scoring=scoring).fit(X, y, weight)
    factor = 1.0 if kind == "classifier" else 0.5
    np.testing.assert_allclose(
        default.cv_results_["mean_test_score"],
        factor * named.cv_results_["mean_test_score"],
        rtol=1e-9,
    )
    assert default.constant_score_ == pytest.approx(factor * named.constant_score_)
    np.testing.assert_array_equal(default.coefs_[0], named.coefs_[0])


@each_kind
@pytest.mark.parametrize("weighted", [False, True])
def test_the_constant_has_the_base_rates_of_the_training_samples(kind, weighted):
    X, y = data(kind)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    model = chooser(kind, sizes=[9]).fit(X, y, weight)
    dummy = DummyClassifier() if kind == "classifier" else DummyRegressor()
    scores = []
    for train, test in folds(kind).split(X, y):
        part = (None, None) if weight is None else (weight[train], weight[test])
        dummy.fit(X[train], y[train], part[0])
        scores.append(held_out_score(kind, dummy, X[test], y[test], part[1]))
    assert model.constant_score_ == pytest.approx(np.mean(scores))


@each_kind
@pytest.mark.parametrize("granularity", ["weight", "unit", "input"])
def test_the_smallest_network_has_the_base_rates(kind, granularity):
    X, y = data(kind)
    # (Direct links are no part of a hidden unit.)
    estimator = KINDS[kind][2]((3,), alpha=0.3, direct_links=False)
    model = chooser(kind, estimator=estimator, granularity=granularity).fit(X, y)
    assert model.cv_results_["n_weights"][0] == 1
    smallest = model.cv_results_["mean_test_score"][0]
    assert smallest == pytest.approx(model.constant_score_, rel=0.02)


@each_kind
def test_retraining_is_final_by_auto(kind):
    X, y = data(kind)
    auto, final = (chooser(kind, retrain=how, sizes=[5, 12]).fit(X, y) for how in ("auto", "final"))
    np.testing.assert_array_equal(
        auto.cv_results_["mean_test_score"], final.cv_results_["mean_test_score"]
    )
    np.testing.assert_array_equal(auto.coefs_[0], final.coefs_[0])


@each_kind
def test_retraining_always_starts_from_the_retrained_path(kind):
    X, y = data(kind)
    model = chooser(kind, retrain="always", sizes=[5, 12, 22]).fit(X, y)
    assert np.isfinite(model.cv_results_["mean_test_score"]).all()
    assert model.n_retrainings_ > 1


@each_kind
def test_results_do_not_depend_on_the_number_of_workers(kind):
    X, y = data(kind)
    for random_state in (0, np.random.RandomState(5)):
        one = chooser(kind, random_state=copy.deepcopy(random_state), n_init=2).fit(X, y)
        two = chooser(kind, random_state=copy.deepcopy(random_state), n_init=2, n_jobs=2)
        two.fit(X, y)
        for name, values in one.cv_results_.items():
            np.testing.assert_array_equal(values, two.cv_results_[name], err_msg=name)
        np.testing.assert_array_equal(one.coefs_[0], two.coefs_[0])


def test_weights_enter_the_scores():
    X, y = data("classifier")
    weight = np.random.default_rng(1).integers(1, 4, len(y)).astype(float)
    splits, how = list(folds("classifier").split(X, y)), {"sizes": [6, 15], "scoring": "accuracy"}
    model = chooser("classifier", cv=splits, **how).fit(X, y, weight)
    # Whole weights are repetitions, in the folds as well.
    repeated = np.repeat(np.arange(len(y)), weight.astype(int))
    again = [
        tuple(np.flatnonzero(np.isin(repeated, part)) for part in (train, test))
        for train, test in splits
    ]
    plain = chooser("classifier", cv=again, **how).fit(X[repeated], y[repeated])
    for k in range(3):
        # Training sums in another order, and alpha is divided by the sum of the weights.
        np.testing.assert_allclose(
            model.cv_results_[f"split{k}_test_score"],
            plain.cv_results_[f"split{k}_test_score"],
            atol=0.05,
        )


@pytest.mark.parametrize("y", [np.full(60, 3.0), np.tile([5.0, -2.0], (60, 1))])
def test_constant_targets_are_predicted(y):
    X = np.random.default_rng(0).normal(size=(60, 4))
    network = PenalizedMLPRegressor((3,), random_state=0, alpha=1e-3, direct_links=False)
    model = OBSMLPRegressorCV(network, cv=3).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=0.05)


# ---- the choice ------------------------------------------------------------------------------


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=12),
)
def test_the_rules_choose_as_defined(table):
    scores = np.array(table, dtype=float)
    results = {f"split{k}_test_score": scores[:, k] for k in range(3)}
    mean, std = scores.mean(axis=1), scores.std(axis=1)
    results |= {"mean_test_score": mean, "std_test_score": std, "rank_test_score": None}
    results["n_weights"] = np.arange(len(mean))
    best = choose_size_of_path(results, "best")
    assert all(mean[row] < mean[best] for row in range(best))
    assert max(mean) == mean[best]
    chosen = choose_size_of_path(results, "one_se")

    def is_as_good(row):
        difference = scores[best] - scores[row]
        spread = min(np.std(difference, ddof=1), np.std(scores[best], ddof=1))
        return difference.mean() <= spread / np.sqrt(3) + 1e-12

    assert is_as_good(chosen)
    assert not any(is_as_good(row) for row in range(chosen))


def test_a_model_that_fails_in_one_fold_is_not_as_good():
    best = np.array([0.9, 0.95, 0.85, 0.9, 0.92])
    assert choose_simplest(np.transpose([best - [0.5, 0, 0, 0, 0], best]), "one_se") == 1
    # Harder folds are harder for all: what is a little worse in each of them is worse.
    spread = np.array([0.5, 0.9, 0.6, 0.8, 0.7])
    slightly = 0.05 + 0.01 * np.array([1, -1, 1, -1, 0])
    assert choose_simplest(np.transpose([spread - slightly, spread]), "one_se") == 1
    assert choose_simplest(np.transpose([spread - slightly + 0.05, spread]), "one_se") == 0


@given(st.permutations([24, 27, 28, 29, 30]), st.permutations([24, 27, 28, 29, 30]))
def test_sizes_with_the_same_scores_in_other_folds_are_as_good(first, second):
    sizes = np.array([3, 5, 9])
    scored = [(sizes, np.array([a, b, b]) / 30, 9) for a, b in zip(first, second)]
    results = align(scored, None)
    np.testing.assert_array_equal(results["rank_test_score"], 1)
    assert choose_size_of_path(results, "best") == choose_size_of_path(results, "one_se") == 0


@each_kind
@pytest.mark.parametrize("granularity", ["unit", "input"])
def test_the_refit_has_at_most_the_chosen_size(kind, granularity):
    X, y = data(kind)
    for size in (16, 9):
        model = chooser(kind, granularity=granularity, sizes=[size]).fit(X, y)
        assert model.best_n_weights_ == size
        assert model.n_weights_ <= size
        assert model.best_estimator_.n_weights == model.n_weights_


def test_one_fold_has_no_standard_error():
    X, y = data("classifier")
    split = [next(iter(folds("classifier").split(X, y)))]
    one_se = chooser("classifier", cv=split).fit(X, y)
    best = chooser("classifier", cv=split, selection="best").fit(X, y)
    assert one_se.best_n_weights_ == best.best_n_weights_


def test_a_callable_chooses_a_row():
    X, y = data("classifier")
    seen = []

    def largest(results):
        seen.append(results)
        return len(results["n_weights"]) - 1

    model = chooser("classifier", selection=largest).fit(X, y)
    assert model.best_n_weights_ == model.n_weights_ == 27
    assert seen[0] is model.cv_results_


@pytest.mark.parametrize("answer", [-1, 10**6, "best", 2.0, None])
def test_a_callable_that_chooses_no_row_is_an_error(answer):
    X, y = data("classifier")
    with pytest.raises(ValueError, match=r"selection returned .*must return a row"):
        chooser("classifier", sizes=3, selection=lambda results: answer).fit(X, y)


# ---- sizes -----------------------------------------------------------------------------------


def test_sizes_limit_what_is_scored():
    X, y = data("classifier")
    every = chooser("classifier").fit(X, y).cv_results_
    np.testing.assert_array_equal(every["n_weights"][-3:], [25, 26, 27])
    assert every["n_weights"][0] == 1
    given_sizes = chooser("classifier", sizes=[18, 3, 7, 7]).fit(X, y).cv_results_
    np.testing.assert_array_equal(given_sizes["n_weights"], [3, 7, 18])
    row = np.flatnonzero(every["n_weights"] == 18)[0]
    assert given_sizes["mean_test_score"][-1] == every["mean_test_score"][row]
    spaced = chooser("classifier", sizes=4).fit(X, y).cv_results_
    np.testing.assert_array_equal(spaced["n_weights"], [1, 3, 9, 27])


@pytest.mark.parametrize("sizes", [2, 4, 9, [4, 13, 20]])
def test_each_fold_has_its_largest_network_within_a_size(sizes):
    """Not one that is smaller because the path was not looked at there."""
    X, y = load_iris(return_X_y=True)
    estimator = PenalizedMLPClassifier((6,), alpha=0.1, random_state=0, direct_links=False)
    how = {"estimator": estimator, "cv": 3, "random_state": 0}
    results = OBSMLPClassifierCV(**how, sizes=sizes).fit(scale(X), y).cv_results_
    every = OBSMLPClassifierCV(**how).fit(scale(X), y).cv_results_
    at = np.searchsorted(every["n_weights"], results["n_weights"], side="right") - 1
    for name in ("test_score", "n_weights"):
        for k in range(3):
            np.testing.assert_array_equal(
                results[f"split{k}_{name}"], every[f"split{k}_{name}"][at]
            )


def test_spaced_sizes_are_those_of_each_fold_where_networks_differ():
    scored = [(np.array([2, 10, 50]), np.arange(3.0), 50), (np.array([2, 11, 60]), np.ones(3), 60)]
    results = align(scored, 3)
    np.testing.assert_array_equal(results["n_weights"], [2, 11, 60])
    np.testing.assert_array_equal(results["split0_n_weights"], [2, 10, 50])
    np.testing.assert_array_equal(results["split0_test_score"], [0, 1, 2])


@pytest.mark.parametrize(
    "sizes", [1, -3, [], [-1, 4], [2.5], [[3, 4]], ["a"], 2.5, "all", [True, False]]
)
def test_impossible_sizes_are_refused(sizes):
    X, y = data("classifier")
    with pytest.raises(ValueError, match="sizes"):
        chooser("classifier", sizes=sizes).fit(X, y)


@pytest.mark.parametrize("how", [{"sizes": [5, 900]}, {"sizes": [0, 9]}])
def test_sizes_out_of_reach_are_an_error_with_the_range(how):
    X, y = data("regressor")
    with pytest.raises(ValueError, match=r"reach from \d+ to \d+, but .* from \d+ to 27"):
        chooser("regressor", **how).fit(X, y)


def test_networks_of_other_sizes_in_other_folds_are_aligned():
    X, y = data("classifier")
    # Networks pruned by their own rule: each fold, and the refit, starts from another size.
    start = OBSMLPClassifier(
        PenalizedMLPClassifier((4,), alpha=0.3, direct_links=False), threshold=0.05
    )
    model = chooser("classifier", estimator=start, selection=lambda r: len(r["n_weights"]) - 1)
    model.fit(X, y)
    largest = [model.cv_results_[f"split{k}_n_weights"][-1] for k in range(3)]
    assert len(set(largest)) > 1
    assert model.best_n_weights_ == max(largest)
    assert model.n_weights_ <= model.best_n_weights_


# ---- what can go wrong -----------------------------------------------------------------------


@each_kind
def test_a_frozen_estimator_has_seen_the_folds(kind):
    X, y = data(kind)
    frozen = FrozenEstimator(KINDS[kind][2]((3,), alpha=0.3).fit(X, y))
    with pytest.raises(ValueError, match="trained on the very samples that each fold holds out"):
        chooser(kind, estimator=frozen).fit(X, y)


def failing_scorer(estimator, X, y, failure):
    if estimator.n_weights_ <= 9:
        if failure == "raises":
            raise ZeroDivisionError("no weights to divide by.")
        return {"nan": np.nan, "a dict": {"score": 1.0}}[failure]
    return estimator.score(X, y)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("raises", r"failed on fold . at 9 weights with ZeroDivisionError: no .* by\. Use"),
        ("nan", "returned nan on fold . at 9 weights"),
        ("a dict", "failed on fold . at 9 weights with TypeError"),
    ],
)
def test_a_failing_scorer_is_an_error_that_names_fold_and_size(failure, words, n_jobs):
    X, y = data("regressor")
    model = chooser("regressor", scoring=partial(failing_scorer, failure=failure), n_jobs=n_jobs)
    with pytest.raises(ValueError, match=words):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_a_fold_without_a_class_has_networks_of_all_classes():
    X, y = load_iris(return_X_y=True)
    model = OBSMLPClassifierCV(
        PenalizedMLPClassifier((2,), alpha=1e-3, direct_links=False), cv=KFold(3), random_state=0
    )
    model.fit(scale(X), y)
    # Each class is held out whole: what was never seen is thought to be rare.
    assert (model.cv_results_["mean_test_score"] < np.log(1 / 3)).all()
    assert list(model.classes_) == [0, 1, 2]


class Unweighted(MLPClassifier):
    """A trainer that knows no sample weights."""

    def fit(self, X, y):
        return super().fit(X, y)


def test_a_fold_without_a_class_is_an_error_where_samples_have_no_weights():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"training part of fold 0 lacks the classes \[0\]"):
        OBSMLPClassifierCV(Unweighted((2,)), cv=KFold(3)).fit(X, y)


def test_a_class_with_one_sample_is_warned_of_as_by_scikit_learn():
    X, y = data("classifier")
    y = np.append(np.where(y == "yes", "maybe", "no")[:-1], "rare")
    with pytest.warns(UserWarning, match="least populated class in y has only 1 member"):
        model = chooser("classifier", cv=None, sizes=[8, 20]).fit(X, y)
    assert model.predict_proba(X).shape == (len(y), 3)
    assert np.isfinite(model.cv_results_["mean_test_score"]).all()


@each_kind
def test_folds_are_shuffled_by_random_state(kind):
    X, y = data(kind)
    how = {"sizes": [4, 12, 20], "selection": "best"}
    of_number = chooser(kind, cv=3, random_state=7, **how).fit(X, y)
    splitter = (StratifiedKFold if kind == "classifier" else KFold)(3, shuffle=True, random_state=7)
    by_hand = chooser(kind, cv=splitter, random_state=7, **how).fit(X, y)
    other = chooser(kind, cv=3, random_state=8, **how).fit(X, y)
    name = "split0_test_score"
    np.testing.assert_array_equal(of_number.cv_results_[name], by_hand.cv_results_[name])
    assert not np.array_equal(of_number.cv_results_[name], other.cv_results_[name])


@each_kind
def test_noise_is_told_from_signal(kind):
    X, y = data(kind)
    shuffled = np.random.default_rng(1).permutation(y)  # (Of six, 0 seems to tell something.)
    with pytest.warns(UserWarning, match="no better than a constant"):
        model = chooser(kind, cv=5).fit(X, shuffled)
    assert model.best_score_ <= model.constant_score_ + 0.01 * abs(model.constant_score_)


# ---- decays ----------------------------------------------------------------------------------


@each_kind
def test_decays_are_those_of_the_trainer(kind):
    X, y = data(kind)
    alphas, sizes = [0.01, 0.3, 10.0], [4, 9, 16]
    model = chooser(kind, alphas=alphas, sizes=sizes, selection="best").fit(X, y)
    results = model.cv_results_
    np.testing.assert_array_equal(results["n_weights"], np.repeat(sizes, 3))
    np.testing.assert_array_equal(results["alpha"], np.tile(alphas, 3))
    for alpha in alphas:
        network = KINDS[kind][2]((3,), alpha=alpha)
        alone = chooser(kind, estimator=network, sizes=sizes).fit(X, y).cv_results_
        for name in ("split1_test_score", "mean_test_score"):
            np.testing.assert_array_equal(results[name][results["alpha"] == alpha], alone[name])
    assert model.best_score_ == results["mean_test_score"].max()
    assert results["rank_test_score"][model.best_index_] == 1
    assert model.best_alpha_ == model.alpha_ == results["alpha"][model.best_index_]


def test_of_one_size_the_decay_with_the_best_score_is_taken():
    scores = np.array([[0.5, 0.5], [0.7, 0.7], [0.6, 0.6], [0.71, 0.71]])
    results = {"split0_test_score": scores[:, 0], "split1_test_score": scores[:, 1]}
    results |= dict.fromkeys(("mean_test_score", "std_test_score", "rank_test_score"))
    results["n_weights"] = np.array([3, 3, 9, 9])
    assert choose_size_of_path(results, "best") == 3
    results["split0_test_score"] = np.array([0.5, 0.7, 0.6, 0.75])
    results["split1_test_score"] = np.array([0.5, 0.7, 0.6, 0.69])
    assert choose_size_of_path(results, "one_se") == 1


@pytest.mark.parametrize("alphas", [[], [-1.0], 0.1, ["auto"], [[0.1]], [np.nan]])
def test_impossible_decays_are_refused(alphas):
    X, y = data("classifier")
    with pytest.raises(ValueError, match="alphas"):
        chooser("classifier", alphas=alphas).fit(X, y)


def test_a_trainer_without_a_decay_has_none_to_search():
    X, y = data("classifier")
    with pytest.raises(ValueError, match="alphas are values of the parameter alpha"):
        chooser("classifier", estimator=LPMLPClassifier(), alphas=[1.0]).fit(X, y)


# ---- what can go wrong -----------------------------------------------------------------------


def test_a_splitter_without_folds_is_an_error():
    X, y = data("regressor")
    with pytest.raises(ValueError, match="no folds"):
        chooser("regressor", cv=[]).fit(X, y)


@each_kind
def test_a_failed_fit_leaves_the_previous_one(kind):
    X, y = data(kind)
    model = chooser(kind, sizes=4).fit(X, y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="selection returned"):
        model.set_params(selection=lambda results: None).fit(X[:60], y[:60])
    np.testing.assert_array_equal(model.predict(X), before)


class Halves:
    """Splits by the index of a data frame, as splitters of time series do."""

    def split(self, X, y=None, groups=None):
        late = np.asarray(X.index >= X.index[len(X) // 2])
        yield np.flatnonzero(~late), np.flatnonzero(late)

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1


def score_where_positive(estimator, X, y):
    """A score of some samples, chosen by a named column."""
    rows = X["x0"] > 0
    assert y.index.equals(X.index)
    return float((estimator.predict(X[rows]) == y[rows]).mean())


def test_splitters_and_scorers_see_data_frames():
    X, y = data("classifier")
    # What may be passed to `GridSearchCV` is what may be passed here.
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(5)]).set_index(np.arange(90) + 7)
    how = {"cv": Halves(), "scoring": score_where_positive}
    model = chooser("classifier", sizes=[6, 12], **how).fit(frame, pd.Series(y, frame.index))
    split = (np.arange(45), np.arange(45, 90))
    tested = split[1][X[45:, 0] > 0]
    how = {"sizes": [6, 12], "scoring": "accuracy"}
    by_hand = chooser("classifier", cv=[(split[0], tested)], **how).fit(X, y)
    np.testing.assert_allclose(
        model.cv_results_["mean_test_score"], by_hand.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("scoring", [None, "roc_auc"])
@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (pd.DataFrame, pd.Series),
        (sparse.coo_array, pd.Index),
        (np.asfortranarray, pl.Series),
        (np.ndarray.tolist, list),
    ],
)
def test_scores_do_not_depend_on_the_container(inputs, targets, scoring):
    X, y = data("classifier")
    how = {"sizes": [6, 12], "scoring": scoring}
    expected = chooser("classifier", **how).fit(X, y).cv_results_
    found = chooser("classifier", **how).fit(inputs(X), targets(y)).cv_results_
    np.testing.assert_allclose(found["mean_test_score"], expected["mean_test_score"], rtol=1e-3)


@pytest.mark.parametrize("container", [sparse.csr_array, pd.DataFrame, np.ndarray.tolist])
def test_label_indicators_do_not_depend_on_the_container(container):
    X, y = data("classifier")
    Y = np.c_[y == "yes", X[:, 0] > 0].astype(int)
    how, weights = {"sizes": [6, 12], "cv": 3}, np.arange(90) % 3 + 1.0
    expected = chooser("classifier", **how).fit(X, Y, weights).cv_results_
    found = chooser("classifier", **how).fit(X, container(Y), weights).cv_results_
    np.testing.assert_array_equal(found["mean_test_score"], expected["mean_test_score"])


# ---- metadata --------------------------------------------------------------------------------


def test_groups_reach_the_splitter():
    X, y = data("regressor")
    groups = np.arange(len(y)) % 4
    model = chooser("regressor", cv=GroupKFold(4), sizes=[8, 22]).fit(X, y, groups=groups)
    splits = list(GroupKFold(4).split(X, y, groups))
    by_hand = chooser("regressor", cv=splits, sizes=[8, 22]).fit(X, y)
    np.testing.assert_array_equal(
        model.cv_results_["mean_test_score"], by_hand.cv_results_["mean_test_score"]
    )


def test_unknown_metadata_name_the_cure():
    X, y = data("regressor")
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        chooser("regressor").fit(X, y, price=np.ones(len(y)))


def test_metadata_are_routed_as_requested():
    X, y = data("regressor")
    weight = np.linspace(0.5, 2.0, len(y))
    groups = np.arange(len(y)) % 3
    plain = chooser("regressor", cv=GroupKFold(3), sizes=[8, 22], scoring="r2")
    weighted = plain.fit(X, y, weight, groups=groups).cv_results_
    with config_context(enable_metadata_routing=True):
        for request in (True, False):
            scorer = make_scorer(r2_score).set_score_request(sample_weight=request)
            model = clone(plain).set_params(scoring=scorer).set_fit_request(sample_weight=True)
            routed = model.fit(X, y, sample_weight=weight, groups=groups).cv_results_
            same = np.array_equal(routed["mean_test_score"], weighted["mean_test_score"])
            assert same == request


def test_the_default_score_counts_sample_weights_under_routing_as_without():
    X, y = data("regressor")
    weight = np.linspace(0.5, 2.0, len(y))
    expected = chooser("regressor", sizes=[8, 22]).fit(X, y, weight).cv_results_
    with config_context(enable_metadata_routing=True):
        model = chooser("regressor", sizes=[8, 22]).set_fit_request(sample_weight=True)
        found = model.fit(X, y, sample_weight=weight).cv_results_
    np.testing.assert_array_equal(found["mean_test_score"], expected["mean_test_score"])


# ---- callbacks -------------------------------------------------------------------------------


class Recorder:
    """Notes the tasks that end; fails at the first task of a given name."""

    def __init__(self, fail_at=None):
        self.fail_at, self.tasks = fail_at, []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append((context.task_name, context.source_task_name))
        if context.task_name == self.fail_at:
            raise RuntimeError("stop here")

    def teardown(self, estimator, context):
        self.tasks.append("teardown")


class Propagated(Recorder):
    max_propagation_depth = None


@needs_callbacks
def test_folds_and_the_refit_are_tasks():
    X, y = data("regressor")
    recorder = Recorder()
    chooser("regressor", sizes=[10]).set_callbacks(recorder).fit(X, y)
    names = [task[0] for task in recorder.tasks[:-1]]
    assert names == ["fold"] * 3 + ["refit", "fit"]
    assert recorder.tasks[-1] == "teardown"


@needs_callbacks
def test_deletions_in_the_folds_are_tasks_of_a_propagated_callback():
    X, y = data("regressor")
    recorder = Propagated()
    model = chooser("regressor", sizes=[10]).set_callbacks(recorder).fit(X, y)
    names = [task[0] for task in recorder.tasks[:-1]]
    n_deletions = [model.path_["n_weights"].size]
    for train, _ in folds("regressor").split(X, y):
        path = OBSMLPRegressor(
            PenalizedMLPRegressor((3,), alpha=0.3),
            n_weights=0,
            retrain="never",
            random_state=0,
        )
        n_deletions.append(path.fit(X[train], y[train]).path_["n_weights"].size)
    assert names.count("deletion") == sum(n_deletions)
    assert recorder.tasks.count(("fit", "fold")) == 3
    assert recorder.tasks.count(("fit", "refit")) == 1
    pickle.dumps(model.best_estimator_)
    assert not any("callback" in name for name in vars(model.best_estimator_))


@needs_callbacks
@pytest.mark.parametrize("task", ["fold", "refit", "deletion"])
def test_a_failing_callback_leaves_no_half_fitted_estimator(task):
    X, y = data("regressor")
    recorder = (Propagated if task == "deletion" else Recorder)(fail_at=task)
    model = chooser("regressor", sizes=[10]).set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="stop here"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    assert not hasattr(model, "cv_results_")
    assert recorder.tasks[-1] == "teardown"


# ---- the pruned network ----------------------------------------------------------------------


@each_kind
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_the_estimator_is_its_pruned_network(kind, frame):
    X, y = data(kind)
    X = frame({f"x{i}": column for i, column in enumerate(X.T)})
    model = chooser(kind).fit(X, y)
    best = model.best_estimator_
    assert isinstance(best, KINDS[kind][1])
    assert best.get_params()["n_weights"] == model.best_n_weights_ == model.n_weights_
    assert list(model.feature_names_in_) == [f"x{i}" for i in range(5)]
    refitted = clone(best).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), refitted.predict(X))
    np.testing.assert_array_equal(model.get_support(), best.get_support())
    np.testing.assert_array_equal(model.feature_importances_, best.feature_importances_)
    np.testing.assert_array_equal(model.path_["loss"], best.path_["loss"])
    assert model.at_size(20).n_weights_ == 20
    if kind == "classifier":
        np.testing.assert_array_equal(model.to_mlp().predict(X), model.predict(X))
        np.testing.assert_array_equal(model.sparsify().predict(X), best.predict(X))
    else:
        np.testing.assert_allclose(model.to_mlp().predict(X), model.predict(X), rtol=1e-10)
        np.testing.assert_allclose(model.sparsify().predict(X), best.predict(X), rtol=1e-10)
    assert sparse.issparse(model.coefs_[0])
    assert isinstance(best.coefs_[0], np.ndarray)


def test_the_chosen_network_can_be_pruned_further():
    X, y = data("classifier")
    model = chooser("classifier", selection="best").fit(X, y)
    again = OBSMLPClassifier(FrozenEstimator(model), n_weights=0.5).fit(X, y)
    assert 1 < again.n_weights_ < model.n_weights_


def test_sparse_inputs_and_multilabel_targets():
    X, _ = data("classifier")
    Y = (X[:, :2] + X[:, 2:4] > 0).astype(int)
    model = OBSMLPClassifierCV(
        MLPClassifier((3,), solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0),
        sizes=5,
        cv=3,
        scoring="accuracy",
        random_state=0,
    )
    dense = model.fit(X, Y).cv_results_
    of_sparse = clone(model).fit(sparse.csr_array(X), Y).cv_results_
    np.testing.assert_allclose(dense["mean_test_score"], of_sparse["mean_test_score"], atol=0.1)
    assert model.predict(X).shape == Y.shape
    assert accuracy_score(Y, model.predict(X)) > 0.6


# ---- scikit-learn's checks -------------------------------------------------------------------


def estimators():
    few = {"sizes": 5, "cv": 3, "selection": "best"}
    yield OBSMLPClassifierCV(
        PenalizedMLPClassifier((3,), alpha=0.1, max_iter=100, direct_links=False), **few
    )
    yield OBSMLPRegressorCV(
        PenalizedMLPRegressor((3,), alpha=0.1, max_iter=100, direct_links=False), **few
    )


SPARSIFY = {
    "check_sparsify_coefficients": "reads coef_, which a network of several layers does not have"
}
# Labels leave no trace of it on the check's data, values do.
WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data": "sums in another order: training, which stops "
    "at a tolerance, and the order of deletions differ by rounding",
    "check_sample_weight_equivalence_on_sparse_data": "the same",
}


def expected_failures(estimator):
    return SPARSIFY if is_classifier(estimator) else SPARSIFY | WEIGHTS


@parametrize_with_checks(list(estimators()), expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        check(estimator)


class StuckFromSeedZero(PenalizedMLPClassifier):
    """Of 200 samples, training from seed 0 ends where all weights are zero."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        if self.random_state == 0 and len(X) == 200:
            self.coefs_ = [np.zeros_like(coef) for coef in self.coefs_]
        return self


def test_a_refit_that_falls_short_of_the_folds_gets_more_starts():
    X, y = make_noisy_classification(200, random_state=102)
    network = StuckFromSeedZero(4, random_state=0)
    chosen = OBSMLPClassifierCV(network, scoring="accuracy", random_state=102).fit(X, y)
    alone = OBSMLPClassifier(network, n_weights=chosen.best_n_weights_, retrain="never")
    # The first start is lost; no fold was.
    assert alone.fit(X, y).score(X, y) < 0.6 < chosen.best_score_
    assert chosen.best_estimator_.estimator.random_state != 0
    assert chosen.n_weights_ == chosen.best_n_weights_
    assert chosen.score(X, y) > 0.85
    again = clone(chosen.best_estimator_).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), chosen.predict_proba(X))
