"""sample_weight reaches every estimator through scikit-learn's meta-estimators."""

import numpy as np
import pytest
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import assert_same_outputs, frame_for, quick
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import has_fit_parameter

WEIGHTED = sorted(
    name for name, cls in PUBLIC_ESTIMATORS.items() if has_fit_parameter(cls, "sample_weight")
)

each_estimator = pytest.mark.parametrize("name", WEIGHTED)


# Mixtures say so where components of a small table end at the floor of variances.
FLAT = r"ignore:.*raised to the floor:UserWarning"


@pytest.fixture(autouse=True)
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def weighted_data(model):
    """Data and weights that are far from uniform, some of them zero."""
    X, y = frame_for(model)
    rng = np.random.default_rng(0)
    return X, y, rng.integers(0, 4, len(y)).astype(float)


def asking(name):
    """An estimator that asks for weights, and whose scores do."""
    model = quick(name).set_fit_request(sample_weight=True)
    if hasattr(model, "set_score_request"):
        model.set_score_request(sample_weight=True)
    if "scoring" in model.get_params():
        scorer = get_scorer("accuracy" if is_classifier(model) else "r2")
        model.set_params(scoring=scorer.set_score_request(sample_weight=True))
    return model


@pytest.mark.filterwarnings(FLAT)
@each_estimator
def test_through_a_pipeline(name):
    model = asking(name)
    X, y, sample_weight = weighted_data(model)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(scaler, model).fit(X, y, sample_weight=sample_weight)
    scaled = pipeline[0].transform(X)
    direct = asking(name).fit(scaled, y, sample_weight=sample_weight)
    assert_same_outputs(direct, pipeline[-1], scaled)


@pytest.mark.filterwarnings(FLAT)
@pytest.mark.parametrize("name", [n for n in WEIGHTED if hasattr(PUBLIC_ESTIMATORS[n], "score")])
def test_through_a_grid_search(name):
    """One candidate: folds are weighted, and so is what is fitted at the end."""
    model = asking(name)
    X, y, sample_weight = weighted_data(model)
    search = GridSearchCV(model, {}, cv=2).fit(X, y, sample_weight=sample_weight)
    direct = asking(name).fit(X, y, sample_weight=sample_weight)
    assert_same_outputs(direct, search.best_estimator_, X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@each_estimator
def test_weights_that_nobody_asked_for_are_an_error(name):
    X, y, sample_weight = weighted_data(quick(name))
    with pytest.raises(UnsetMetadataPassedError, match="set_fit_request"):
        make_pipeline(quick(name)).fit(X, y, sample_weight=sample_weight)


@each_estimator
def test_a_request_survives_a_clone(name):
    requests = clone(quick(name).set_fit_request(sample_weight=True)).get_metadata_routing()
    assert requests.consumes("fit", ["sample_weight"]) == {"sample_weight"}
    requests = clone(quick(name).set_fit_request(sample_weight=False)).get_metadata_routing()
    if not hasattr(quick(name), "scoring"):  # a scorer may ask for them as well
        assert not requests.consumes("fit", ["sample_weight"])
