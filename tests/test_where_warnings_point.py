"""Warnings point to the line that called the public method, however deep they arise."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skprune import (
    FlatMinimum,
    GateSensitivitySelector,
    LPMLPClassifier,
    LPPerceptronClassifier,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    PenalizedMLPClassifier,
    SplittingGaussianMixture,
    SplittingMLPClassifier,
)

SHORT = PenalizedMLPClassifier((3,), max_iter=2, random_state=0, alpha=1e-3, direct_links=False)
ESTIMATORS = {
    "penalized": SHORT,
    "adaptive": PenalizedMLPClassifier(
        (3,), penalty=FlatMinimum(1e-9), max_iter=2, random_state=0, direct_links=False
    ),
    "splitting": SplittingMLPClassifier(max_iter=2, random_state=0),
    "obs": OBSMLPClassifier(SHORT),
    "obs cv": OBSMLPClassifierCV(SHORT, cv=2),
    "lp mlp": LPMLPClassifier(max_iter=1, random_state=0),
    "lp perceptron": LPPerceptronClassifier(max_iter=1),
    "selector": GateSensitivitySelector(SHORT),
    "pipeline": make_pipeline(OBSMLPClassifier(SHORT)),
    "search": GridSearchCV(SHORT, {"alpha": [0.1]}, cv=2),
}


def lines_of_warnings(function, *args, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*args, **kwargs)  # the user's line
    assert caught
    return {(warning.filename, warning.lineno) for warning in caught}


THE_USERS = (__file__, lines_of_warnings.__code__.co_firstlineno + 3)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_of_fit(iris, name):
    assert lines_of_warnings(clone(ESTIMATORS[name]).fit, *iris) == {THE_USERS}


@pytest.mark.parametrize("name", ["penalized", "obs", "lp mlp", "lp perceptron"])
def test_of_targets_in_a_column(iris, name):
    X, y = iris
    assert lines_of_warnings(clone(ESTIMATORS[name]).fit, X, y[:, None]) == {THE_USERS}


def test_of_a_frozen_network_and_a_mixture(iris):
    with pytest.warns(ConvergenceWarning):
        network = clone(SHORT).fit(*iris)
    frozen = OBSMLPClassifier(FrozenEstimator(network))
    assert lines_of_warnings(frozen.fit, *iris) == {THE_USERS}
    mixture = SplittingGaussianMixture(covariance_type="full", random_state=0)
    assert lines_of_warnings(mixture.fit, np.hstack([iris[0]] * 2)) == {THE_USERS}


def test_of_round_weights(iris):
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    model = OBSMLPClassifier(network).fit(*iris)
    lines = lines_of_warnings(model.round_weights, *iris, decimals=0, threshold=0.0)
    assert lines == {THE_USERS}
