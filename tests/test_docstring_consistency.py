"""Estimators document what they share in the same words, entry by entry."""

import inspect
import re

import pytest
from numpydoc.docscrape import NumpyDocString

import skprune

# Pairs of classes, and the entries that mean different things by the same name. Nothing else may
# differ but the names of classes: "classifier" in the one where "regressor" is in the other.
CLASSES = {"out_activation", "loss"}  # their options depend on the kind of targets
OF_FOLDS = {"estimator", "n_init", "n_jobs", "retrain", "stopped_by_", "max_divergence_"}
OF_FOLDS |= {"loss_", "n_weights_"}
PATHS = {"max_iter", "n_jobs", "time_limit"}
DELIBERATE = {
    ("OBSMLPClassifier", "OBSMLPRegressor"): set(),
    ("OBSMLPClassifier", "OBSMLPClassifierCV"): OF_FOLDS,
    ("OBSMLPRegressor", "OBSMLPRegressorCV"): OF_FOLDS,
    ("OBSMLPClassifierCV", "OBSMLPRegressorCV"): {"cv", "scoring"},
    ("PenalizedMLPClassifier", "PenalizedMLPRegressor"): CLASSES | {"loss_"},
    ("SplittingMLPClassifier", "SplittingMLPRegressor"): CLASSES
    | {"loss_", "history_", "patience"},
    ("FlatMinimum", "WeightElimination"): {"prune", "target_loss"},
    ("LPPerceptronClassifier", "LPPerceptronRegressor"): {"C", "coef_", "intercept_"}
    | {"monotonic_cst", "slack_", "truncation_"},
    ("LPPerceptronClassifier", "LPPerceptronClassifierCV"): PATHS,
}


def entries(name):
    """Type and description of each parameter and attribute."""
    doc = NumpyDocString(inspect.cleandoc(getattr(skprune, name).__doc__))
    return {
        entry.name: tuple(
            " ".join(text.split()).replace("Regressor", "Classifier")
            for text in (entry.type, " ".join(entry.desc))
        )
        for section in ("Parameters", "Attributes")
        for entry in doc[section]
    }


def says_the_same(one, other):
    """Whether entries are equal, or of one type and refer the reader to the other class."""
    (kind, text), (other_kind, other_text) = one, other
    refers = re.search(r"\b(as in|see) (:class:)?`", text + other_text)
    return kind == other_kind and (text == other_text or refers is not None)


@pytest.mark.parametrize("pair", DELIBERATE, ids="-".join)
def test_shared_entries_are_equal(pair):
    one, other = map(entries, pair)
    shared = one.keys() & other.keys()
    assert len(shared) > 3
    differing = {name for name in shared if not says_the_same(one[name], other[name])}
    assert differing == DELIBERATE[pair]
