"""Targets on a scale that training cannot cope with are warned of, with the cure."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import StandardScaler

from skprune import (
    OBSMLPRegressor,
    PenalizedMLPRegressor,
    SplittingMLPRegressor,
)

# Training that ends early on such data is not what is looked at.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def regression(scale=1.0, mean=0.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    return X, mean + scale * (X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=60))


SCALES = pytest.mark.parametrize("scale, mean", [(1e4, 1e6), (1e-4, 0.0)])
GIVEN_DECAY = PenalizedMLPRegressor((10,), alpha=1e-3, direct_links=False, random_state=0)


@SCALES
@pytest.mark.parametrize("network", [GIVEN_DECAY, OBSMLPRegressor(GIVEN_DECAY)])
def test_targets_on_another_scale_are_named(network, scale, mean):
    X, y = regression(scale, mean)
    network = clone(network)
    with pytest.warns(UserWarning, match="TransformedTargetRegressor"):
        network.fit(X, y)
    assert network.score(X, y) < 0.5  # a straight line has 0.99
    cured = TransformedTargetRegressor(clone(network), transformer=StandardScaler())
    assert cured.fit(X, y).score(X, y) > 0.9


@SCALES
@pytest.mark.parametrize("estimator", [PenalizedMLPRegressor, OBSMLPRegressor])
def test_decays_by_the_evidence_go_with_targets_on_any_scale(estimator, scale, mean):
    X, y = regression(scale, mean)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert estimator(random_state=0).fit(X, y).score(X, y) > 0.98


def test_growth_tells_of_targets_too():
    X, y = regression(1e-3)
    with pytest.warns(UserWarning, match="TransformedTargetRegressor"):
        SplittingMLPRegressor(max_hidden=1, random_state=0).fit(X, y)


@pytest.mark.parametrize("target", [np.zeros(60), np.repeat([0.0, 1.0], 30), np.full(60, 5.0)])
def test_common_scales_are_left_alone(target):
    X, _ = regression()
    table = pd.DataFrame(X, columns=["a", "b"]) * 10
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        PenalizedMLPRegressor((2,), alpha=1.0, random_state=0, direct_links=False).fit(
            table, target
        )


def test_samples_without_weight_set_no_scale():
    X, y = regression()
    y[0] = 1e9
    weights = np.r_[1e-40, np.ones(59)]
    network = PenalizedMLPRegressor((2,), alpha=1.0, random_state=0, direct_links=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        network.fit(X, y, sample_weight=weights)
    assert network.score(X[1:], y[1:]) > 0.5


def test_counts_have_no_scale_to_change():
    X, _ = regression()
    counts = np.random.default_rng(0).poisson(5000.0, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        PenalizedMLPRegressor(
            (2,), loss="poisson", max_iter=5000, random_state=0, alpha=1e-3, direct_links=False
        ).fit(X, counts)
