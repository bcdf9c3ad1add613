"""What every search is given is checked in one place, and errors name the fold and the model."""

import numpy as np
import pytest

from skprune import (
    LPPerceptronClassifierCV,
    OBSMLPClassifierCV,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)

SMALL = dict(hidden_layer_sizes=(2,), alpha=0.1, direct_links=False)
SEARCHES = {
    "C": (LPPerceptronClassifierCV, dict(Cs=3), "C=0.02"),
    "size": (
        OBSMLPClassifierCV,
        dict(estimator=PenalizedMLPClassifier(**SMALL), sizes=3),
        "19 weights",
    ),
    "size for numbers": (
        OBSMLPRegressorCV,
        dict(estimator=PenalizedMLPRegressor(**SMALL), sizes=3),
        "13 weights",
    ),
}
HALVES = np.arange(75), np.arange(75, 150)


@pytest.fixture(params=SEARCHES)
def search(request, iris):
    """A search, its data, and how its first model is called in errors."""
    model, params, first = SEARCHES[request.param]
    X, y = iris
    shuffled = np.random.default_rng(0).permutation(len(y))
    y = X[:, 0] if model is OBSMLPRegressorCV else y
    return lambda **more: model(**params, **more).fit(X[shuffled], y[shuffled]), first


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("selection", ["best", "one_se"])
def test_scores_that_are_no_finite_numbers(search, value, selection):
    fit, first = search
    with pytest.raises(ValueError, match=rf"scorer returned {value} on fold 0 at {first[:4]}"):
        fit(scoring=lambda *args: value, selection=selection, cv=2)


@pytest.mark.parametrize("value", [None, "high", [0.5, 0.5], {"accuracy": 1.0}, 1j])
def test_scores_that_are_no_numbers(search, value):
    fit, first = search
    with pytest.raises(ValueError, match=rf"scorer failed on fold 0 at {first[:4]}.*Error"):
        fit(scoring=lambda *args: value, cv=2)


def test_scorers_that_fail(search):
    def failing(*args):
        raise RuntimeError("no luck")

    fit, _ = search
    with pytest.raises(ValueError, match="RuntimeError: no luck"):
        fit(scoring=failing, cv=2)
    with pytest.raises(ValueError, match="'scoring' parameter"):
        fit(scoring="no such score", cv=2)


def test_perceptrons_have_no_probabilities(iris):
    message = "fold 0 at C=.*AttributeError: LPPerceptronClassifier .*predict_proba. Use another"
    with pytest.raises(ValueError, match=message):
        LPPerceptronClassifierCV(Cs=3, scoring="neg_log_loss").fit(*iris)


@pytest.mark.parametrize(
    "fold, part",
    [
        ((HALVES[0], []), "test"),
        (([], HALVES[0]), "training"),
        ((HALVES[0], HALVES[1] + 1), "test"),
        ((HALVES[0].astype(float), HALVES[1]), "training"),
        ((HALVES[0][:, None], HALVES[1]), "training"),
        ((np.arange(149) < 75, HALVES[1]), "training"),
        ((HALVES[0], ["a", "b"]), "test"),
    ],
)
def test_folds_that_are_no_indices(search, fold, part):
    fit, _ = search
    with pytest.raises(ValueError, match=f"{part} part of fold 1 must be indices .* 0 to 149"):
        fit(cv=[HALVES, fold])


def test_folds_given_as_masks(search):
    fit, _ = search
    first = np.arange(150) < 75
    masks, indices = fit(cv=[(first, ~first)]), fit(cv=[HALVES])
    for name in ("C_", "best_n_weights_"):
        assert getattr(masks, name, None) == getattr(indices, name, None)
