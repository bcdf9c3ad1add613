"""`n_inputs`: pruning ends when so many inputs, or groups of inputs, are left."""

import numpy as np
import pytest
from sklearn.datasets import make_friedman1
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import scale

from skprune import OBSMLPClassifier, OBSMLPRegressor, PenalizedMLPClassifier, PenalizedMLPRegressor

HOW = {"granularity": "input", "random_state": 0}


@pytest.fixture(scope="module")
def friedman():
    X, y = make_friedman1(200, n_features=8, random_state=0)
    return X, scale(y)


@pytest.fixture(scope="module")
def trained(friedman):
    return FrozenEstimator(
        PenalizedMLPRegressor((4, 3), alpha=0.3, random_state=0, direct_links=False).fit(*friedman)
    )


@pytest.mark.parametrize(("n_inputs", "left"), [(0, 0), (1, 1), (5, 5), (8, 8), (0.5, 4), (1.0, 8)])
def test_a_number_or_a_share_is_left(friedman, trained, n_inputs, left):
    model = OBSMLPRegressor(trained, n_inputs=n_inputs, **HOW).fit(*friedman)
    assert model.get_support().sum() == left
    assert model.stopped_by_ == "n_inputs"
    assert len(model.path_["index"]) == 8 - left


def test_the_path_is_that_of_pruning_further(friedman, trained):
    few, none = (OBSMLPRegressor(trained, n_inputs=n, **HOW).fit(*friedman) for n in (3, 0))
    np.testing.assert_array_equal(few.path_["index"], none.path_["index"][:5])
    np.testing.assert_array_equal(
        few.predict(friedman[0]), none.at_size(few.n_weights_).predict(friedman[0])
    )


def test_a_group_counts_as_one(friedman, trained):
    groups = [[0, 5], [1, 6, 7]]
    model = OBSMLPRegressor(trained, n_inputs=3, feature_groups=groups, **HOW).fit(*friedman)
    support = model.get_support()
    assert support[[0, 5]].all()
    assert support[[1, 6, 7]].all()
    assert support[[2, 3, 4]].sum() == 1
    half = OBSMLPRegressor(trained, n_inputs=0.4, feature_groups=groups, **HOW).fit(*friedman)
    assert len(half.path_["index"]) == 5 - 2


def test_nothing_but_the_rules_that_are_given_stops_before(friedman, trained):
    model = OBSMLPRegressor(trained, n_inputs=1, threshold=0.01, **HOW).fit(*friedman)
    assert model.stopped_by_ == "threshold"
    assert model.get_support().sum() > 1


def test_inputs_that_the_network_does_not_use_are_not_counted(friedman, trained):
    six = OBSMLPRegressor(trained, n_inputs=6, **HOW).fit(*friedman)
    again = OBSMLPRegressor(FrozenEstimator(six), n_inputs=0.5, **HOW).fit(*friedman)
    assert again.get_support().sum() == 3
    assert set(again.get_support(indices=True)) <= set(six.get_support(indices=True))
    with pytest.raises(ValueError, match="n_inputs=7 is more than the 6 inputs of the network"):
        OBSMLPRegressor(FrozenEstimator(six), n_inputs=7, **HOW).fit(*friedman)


def test_direct_links_are_links_of_an_input(friedman):
    network = PenalizedMLPRegressor((3,), direct_links=True, alpha=0.3)
    model = OBSMLPRegressor(network, n_inputs=5, **HOW).fit(*friedman)
    used = model.coefs_[0].any(axis=1) | model.direct_coef_.any(axis=1)
    assert used.sum() == model.get_support().sum() == 5


def test_of_several_starts_each_keeps_as_many(friedman):
    X, y = friedman
    network = PenalizedMLPClassifier((2,), alpha=0.3, direct_links=False)
    model = OBSMLPClassifier(network, n_inputs=2, n_init=3, **HOW).fit(X, y > 0)
    assert model.get_support().sum() == 2


@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_what_deletes_no_inputs_keeps_no_number_of_them(friedman, trained, granularity):
    model = OBSMLPRegressor(trained, n_inputs=5, granularity=granularity)
    with pytest.raises(ValueError, match=r"n_inputs=5 counts inputs.*use granularity='input'"):
        model.fit(*friedman)


@pytest.mark.parametrize("n_inputs", [-1, 1.5, "five"])
def test_impossible_numbers_are_refused(friedman, trained, n_inputs):
    with pytest.raises(ValueError, match="n_inputs"):
        OBSMLPRegressor(trained, n_inputs=n_inputs, **HOW).fit(*friedman)
