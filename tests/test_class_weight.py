"""Class weights are sample weights by class: in training, pruning, validation and folds."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale
from sklearn.utils import compute_sample_weight

from skprune import (
    LPMLPClassifier,
    LPPerceptronClassifier,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    PenalizedMLPClassifier,
    SplittingMLPClassifier,
)
from skprune._estimator.class_weight import weights_by_class

pytestmark = pytest.mark.filterwarnings("ignore:The chosen network")
TRAINER = PenalizedMLPClassifier((2,), alpha=0.3, random_state=0, direct_links=False)
ESTIMATORS = {
    "trainer": TRAINER,
    "pruned": OBSMLPClassifier(TRAINER, n_weights=8, random_state=0),
    "validated": OBSMLPClassifier(TRAINER, stopping="validation", random_state=0),
    "chosen": OBSMLPClassifierCV(TRAINER, sizes=[6, 12], cv=2, random_state=0),
    "grown": SplittingMLPClassifier(max_hidden=3, alpha=0.3, random_state=0),
    "programs": LPMLPClassifier(TRAINER, C=1.0, random_state=0),
    "perceptron": LPPerceptronClassifier(C=1.0),
}
each_estimator = pytest.mark.parametrize("name", ESTIMATORS)
SETTINGS = [{0: 1.0, 1: 3.0, 2: 0.5}, "balanced"]


@pytest.fixture(scope="module")
def flowers():
    X, y = load_iris(return_X_y=True)
    rows = np.r_[0:20, 50:90, 100:150]
    return scale(X[rows]), y[rows]


def scores(estimator, X):
    return estimator.decision_function(X) if "LPP" in repr(estimator) else estimator._outputs(X)


@each_estimator
@pytest.mark.parametrize("class_weight", SETTINGS, ids=["dict", "balanced"])
def test_they_multiply_sample_weights(flowers, name, class_weight):
    X, y = flowers
    weights = compute_sample_weight(class_weight, y)
    by_class = clone(ESTIMATORS[name]).set_params(class_weight=class_weight).fit(X, y)
    by_sample = clone(ESTIMATORS[name]).fit(X, y, weights)
    plain = clone(ESTIMATORS[name]).fit(X, y)
    np.testing.assert_allclose(scores(by_class, X), scores(by_sample, X), atol=1e-6)
    assert not np.allclose(scores(by_class, X), scores(plain, X), atol=1e-3)


@each_estimator
def test_of_several_labels_they_are_multiplied(flowers, name):
    X, y = flowers
    Y = np.c_[y == 0, X[:, 0] > 0.5].astype(int)
    class_weight = [{0: 1.0, 1: 4.0}, {0: 0.5, 1: 1.0}]
    model = clone(ESTIMATORS[name]).set_params(class_weight=class_weight).fit(X, Y)
    if name == "perceptron":  # each label has a program, and weights, of its own
        for label in range(2):
            alone = clone(ESTIMATORS[name]).set_params(class_weight=class_weight[label])
            np.testing.assert_allclose(
                model.decision_function(X)[:, label],
                alone.fit(X, Y[:, label]).decision_function(X),
                atol=1e-6,
            )
    else:
        expected = clone(ESTIMATORS[name]).fit(X, Y, compute_sample_weight(class_weight, Y))
        np.testing.assert_allclose(scores(model, X), scores(expected, X), atol=1e-6)


def test_balanced_classes_have_equal_totals_of_sample_weights():
    y = np.array(["a", "b", "b", "c", "b", "c"])
    weights = np.array([1.0, 2.0, 0.5, 0.0, 1.0, 3.0])
    balanced = weights_by_class("balanced", y, weights)
    totals = [balanced[y == name].sum() for name in "abc"]
    np.testing.assert_allclose(totals, weights.sum() / 3)
    np.testing.assert_allclose(
        weights_by_class("balanced", y, None), compute_sample_weight("balanced", y)
    )


def test_the_default_score_counts_them(flowers):
    X, y = flowers
    folds = [(np.arange(0, 110, 2), np.arange(1, 110, 2))]
    class_weight = {0: 1.0, 1: 5.0, 2: 0.2}
    how = {"sizes": [12], "cv": folds, "random_state": 0, "class_weight": class_weight}
    model = OBSMLPClassifierCV(TRAINER, **how).fit(X, y)
    path = OBSMLPClassifier(
        TRAINER, n_weights=12, retrain="never", random_state=0, class_weight=class_weight
    )
    train, test = folds[0]
    proba = path.fit(X[train], y[train]).predict_proba(X[test])
    weights = compute_sample_weight(class_weight, y[test])
    assert model.best_score_ == pytest.approx(-log_loss(y[test], proba, sample_weight=weights))
    # As in scikit-learn, a scorer does not.
    named = OBSMLPClassifierCV(TRAINER, scoring="neg_log_loss", **how).fit(X, y)
    assert named.best_score_ == pytest.approx(-log_loss(y[test], proba))


def test_rounding_and_exchange_go_by_the_same_loss(flowers):
    X, y = flowers
    class_weight = {0: 1.0, 1: 5.0, 2: 0.2}
    how = {"n_weights": 10, "random_state": 0}
    by_class = OBSMLPClassifier(TRAINER, class_weight=class_weight, **how).fit(X, y)
    weights = compute_sample_weight(class_weight, y)
    by_sample = OBSMLPClassifier(TRAINER, **how).fit(X, y, weights)
    for method, args in (("round_weights", {"decimals": 1}), ("swap_weights", {"max_swaps": 1})):
        one = getattr(by_class, method)(X, y, **args)
        other = getattr(by_sample, method)(X, y, weights, **args)
        np.testing.assert_allclose(one.coefs_[0], other.coefs_[0], atol=1e-8)


@pytest.mark.parametrize("name", ["pruned", "chosen", "programs"])
def test_they_are_given_once(flowers, name):
    X, y = flowers
    trainer = clone(TRAINER).set_params(class_weight="balanced")
    model = clone(ESTIMATORS[name]).set_params(estimator=trainer, class_weight={0: 2.0})
    with pytest.raises(ValueError, match=r"class_weight=\{0: 2.0\} of .* and class_weight='bal"):
        model.fit(X, y)
    model.set_params(class_weight=None).fit(X, y)


def test_a_frozen_network_is_pruned_by_those_that_are_given(flowers):
    X, y = flowers
    trainer = clone(TRAINER).set_params(class_weight="balanced").fit(X, y)
    model = OBSMLPClassifier(FrozenEstimator(trainer), n_weights=10, class_weight="balanced")
    weighted = OBSMLPClassifier(FrozenEstimator(trainer), n_weights=10)
    weighted.fit(X, y, compute_sample_weight("balanced", y))
    np.testing.assert_allclose(model.fit(X, y).coefs_[0], weighted.coefs_[0])


@pytest.mark.parametrize(
    ("class_weight", "words"),
    [
        ([{0: 1.0}], "does not go with y of shape"),
        ({0: -1.0}, "finite weights of at least 0"),
        ({0: 0, 1: 0, 2: 0}, "leaves no sample"),
        ("equal", "class_weight"),
    ],
)
def test_impossible_ones_are_refused(flowers, class_weight, words):
    for estimator in (TRAINER, ESTIMATORS["pruned"]):
        with pytest.raises(ValueError, match=words):
            clone(estimator).set_params(class_weight=class_weight).fit(*flowers)
