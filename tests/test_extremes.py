"""Numbers at the ends of double precision: results that are finite, or errors that say why."""

import numpy as np
import pytest
from public_api import PUBLIC_ESTIMATORS
from quick_estimators import frame_for, outputs, quick
from sklearn.base import is_regressor

from skprune._estimator.ranges import LARGEST

# Linear programs are scaled; their extremes are in tests/test_linear_program.py.
NAMES = sorted(name for name in PUBLIC_ESTIMATORS if "LPPerceptron" not in name)
each_estimator = pytest.mark.parametrize("name", NAMES)
# Searches predict as what they search for does.
each_but_searches = pytest.mark.parametrize("name", [n for n in NAMES if not n.endswith("CV")])


def arrays_for(name):
    X, y = frame_for(quick(name))
    return X.to_numpy(copy=True), y


@each_estimator
@pytest.mark.parametrize("size", [1e55, 1e154, 1e300])
def test_inputs_that_squares_cannot_bear_are_refused_with_their_size(name, size):
    X, y = arrays_for(name)
    X[3, 1] = -size
    with pytest.raises(ValueError, match=r"X has numbers of up to 1e\+[0-9]+ .*up to 1e\+50"):
        quick(name).fit(X, y)


@each_but_searches
def test_such_inputs_are_refused_in_prediction_too(name):
    X, y = arrays_for(name)
    model = quick(name).fit(X, y)
    method = next(m for m in ("score_samples", "predict", "transform") if hasattr(model, m))
    if method == "transform":
        return  # (a selector hands columns on as they are)
    X[3, 1] = 1e160
    with pytest.raises(ValueError, match=r"X has (numbers of up to|the value) 1e\+160"):
        getattr(model, method)(X)


@each_but_searches
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_largest_inputs_that_are_taken_give_finite_results(name):
    X, y = arrays_for(name)
    X *= 0.99 * LARGEST / np.abs(X).max()
    for values in outputs(quick(name).fit(X, y), X).values():
        assert values.dtype.kind != "f" or np.isfinite(values).all()


@pytest.mark.parametrize("name", [n for n in NAMES if "Regressor" in n])
def test_targets_that_squares_cannot_bear_are_refused(name):
    X, y = arrays_for(name)
    assert is_regressor(quick(name))
    with pytest.raises(ValueError, match="y has numbers of up to"):
        quick(name).fit(X, y * 1e160)


@pytest.mark.parametrize("weight", [1e-300, 1e300])
@pytest.mark.parametrize("name", sorted(PUBLIC_ESTIMATORS))
def test_weights_out_of_range_are_blamed_on_the_weights(name, weight):
    X, y = arrays_for(name)
    with pytest.raises(ValueError, match=r"sample weights sum to .*e[-+]"):
        quick(name).fit(X, y, sample_weight=np.full(len(X), weight))
