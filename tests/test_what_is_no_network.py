"""What is known to hold no network is refused before it is trained, by all that take a network."""

import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier

from skprune import (
    GateSensitivitySelector,
    LPMLPClassifier,
    LPPerceptronClassifier,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
)

TAKERS = [OBSMLPClassifier, OBSMLPClassifierCV, LPMLPClassifier, GateSensitivitySelector]
SMALL = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, direct_links=False)
FOREST = RandomForestClassifier()
SEARCHES = [GridSearchCV(SMALL, {"alpha": [0.1]}), RandomizedSearchCV(SMALL, {"alpha": [0.1]})]
CASCADE = LPMLPClassifier(structure="cascade")
OTHERS = [FOREST, OneVsRestClassifier(SMALL), LPPerceptronClassifier()]


def name_of(estimator):
    return getattr(estimator, "__name__", type(estimator).__name__)


@pytest.fixture
def untrainable(monkeypatch):
    """Whatever is given is refused, or this tells of its training."""

    def fail(self, *args, **kwargs):
        raise AssertionError(f"{type(self).__name__} was trained")

    for estimator in (*OTHERS, *SEARCHES, SMALL, RandomForestRegressor()):
        monkeypatch.setattr(type(estimator), "fit", fail)


@pytest.mark.parametrize("taker", TAKERS, ids=name_of)
@pytest.mark.parametrize("estimator", OTHERS, ids=name_of)
def test_other_models_are_refused_untrained(iris, untrainable, taker, estimator):
    with pytest.raises(ValueError, match=f"{type(estimator).__name__} holds no network.*; use sci"):
        taker(clone(estimator)).fit(*iris)


@pytest.mark.parametrize("taker", [OBSMLPRegressor, OBSMLPRegressorCV], ids=name_of)
def test_regressors_are_refused_untrained(iris, untrainable, taker):
    with pytest.raises(ValueError, match="RandomForestRegressor holds no network"):
        taker(RandomForestRegressor()).fit(*iris)


@pytest.mark.parametrize("taker", TAKERS[:3], ids=name_of)
@pytest.mark.parametrize("search", SEARCHES, ids=name_of)
def test_searches_are_refused_untrained(iris, untrainable, taker, search):
    message = f"{type(search).__name__} holds no network.* use its best_estimator_"
    with pytest.raises(ValueError, match=message):
        taker(clone(search)).fit(*iris)


def test_of_a_search_the_selector_takes_the_best_estimator(iris):
    selector = GateSensitivitySelector(clone(SEARCHES[0]), n_features_to_select=2).fit(*iris)
    assert selector.get_support().sum() == 2


@pytest.mark.parametrize("taker", TAKERS, ids=name_of)
def test_a_cascade_is_refused_untrained(iris, monkeypatch, taker):
    monkeypatch.setattr(LPMLPClassifier, "_trained", lambda *args: pytest.fail("trained"))
    with pytest.raises(ValueError, match="LPMLPClassifier is a cascade"):
        taker(CASCADE).fit(*iris)


@pytest.mark.parametrize("taker", [OBSMLPClassifier, LPMLPClassifier, GateSensitivitySelector])
def test_what_is_frozen_is_refused_with_the_same_words(iris, taker):
    model = LogisticRegression().fit(*iris)
    for frozen in (model, FrozenEstimator(model)):
        with pytest.raises(ValueError, match="LogisticRegression holds no network"):
            taker(FrozenEstimator(frozen)).fit(*iris)


def test_a_network_that_is_frozen_twice_is_a_network(iris):
    frozen = FrozenEstimator(FrozenEstimator(clone(SMALL).fit(*iris)))
    assert OBSMLPClassifier(frozen, n_weights=5).fit(*iris).n_weights_ == 5


class Wrapper(ClassifierMixin, BaseEstimator):
    """A class that nothing is known of."""

    def __init__(self, copies=True):
        self.copies = copies

    def fit(self, X, y):
        self.network_ = clone(SMALL).fit(X, y)
        self.classes_ = self.network_.classes_
        if self.copies:
            vars(self).update({k: v for k, v in vars(self.network_).items() if k[-1] == "_"})
        return self

    def predict(self, X):
        return self.network_.predict(X)


def test_classes_of_others_are_judged_once_they_are_trained(iris):
    assert OBSMLPClassifier(Wrapper(), n_weights=5).fit(*iris).n_weights_ == 5
    with pytest.raises(ValueError, match="Wrapper holds no network"):
        OBSMLPClassifier(Wrapper(copies=False)).fit(*iris)
