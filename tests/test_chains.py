"""Networks handed from one estimator to the next: nothing comes back, nothing gets lost."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator

from skprune import (
    LPMLPClassifier,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    PenalizedMLPClassifier,
)
from skprune.inspection import export_numpy


@pytest.fixture(scope="module")
def pruned(iris):
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    return OBSMLPClassifier(network, n_weights=12, retrain="never").fit(*iris)


def unchanged(model, X, y):
    """The network that is read from a fitted estimator: pruned by nothing."""
    return OBSMLPClassifier(FrozenEstimator(model), n_weights=1.0, retrain="never").fit(X, y)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_deleted_weights_stay_away_through_two_trainings(iris, pruned, fit_intercept):
    model = pruned
    for _ in range(2):
        model = PenalizedMLPClassifier(
            estimator=FrozenEstimator(model),
            fit_intercept=fit_intercept,
            alpha=0.1,
            direct_links=False,
        ).fit(*iris)
        assert model.n_weights_ == 12
        for mask, expected in zip(model.coef_masks_, pruned.coef_masks_):
            np.testing.assert_array_equal(mask, expected)
    again = unchanged(model, *iris)
    assert again.n_weights_ == 12
    np.testing.assert_allclose(
        again.predict_proba(iris[0]), model.predict_proba(iris[0]), atol=1e-12
    )


def test_biases_that_a_network_has_are_read_whatever_fit_intercept_says(iris):
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False).fit(*iris)
    model = PenalizedMLPClassifier(
        estimator=FrozenEstimator(network), fit_intercept=False, alpha=0.1, direct_links=False
    ).fit(*iris)
    again = unchanged(model, *iris)
    np.testing.assert_allclose(
        again.predict_proba(iris[0]), model.predict_proba(iris[0]), atol=1e-12
    )


def test_a_fit_from_new_weights_forgets_the_masks(iris, pruned):
    model = PenalizedMLPClassifier(
        (3,), estimator=FrozenEstimator(pruned), random_state=0, alpha=1e-3, direct_links=False
    )
    model.fit(*iris)
    model.set_params(estimator=None).fit(*iris)
    assert not hasattr(model, "coef_masks_")


def test_sizes_of_sizes(pruned):
    smaller = pruned.at_size(12).at_size(12)
    np.testing.assert_array_equal(smaller.coefs_[0], pruned.at_size(12).coefs_[0])
    assert not hasattr(smaller, "stopped_by_")


def test_sources_are_those_of_the_rounded_network_after_cross_validation(iris):
    X, y = iris
    network = PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False)
    model = OBSMLPClassifierCV(network, cv=2, random_state=0).fit(X, y)
    for copy in (
        model.round_weights(X, y, decimals=0, threshold=None),
        model.at_size(model.path_["n_weights"][-1]),
    ):
        space = {}
        exec(export_numpy(copy), space)
        np.testing.assert_allclose(space["predict"](X), copy.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize("stopping", ["fpe", "validation"])
def test_the_size_is_estimated_on_paths_that_end_early(iris, stopping):
    network = PenalizedMLPClassifier((20,), random_state=0, alpha=1e-3, direct_links=False)
    model = OBSMLPClassifier(network, stopping=stopping, n_weights=100, random_state=0).fit(*iris)
    assert model.n_weights_ >= 100
    assert model.stopping_curve_["n_weights"][0] == 100


def test_a_network_that_starts_from_a_frozen_one_has_seen_the_held_out_samples(iris, pruned):
    network = PenalizedMLPClassifier(
        estimator=FrozenEstimator(pruned), alpha=1e-3, direct_links=False
    )
    with pytest.raises(ValueError, match="starts from, a FrozenEstimator"):
        OBSMLPClassifierCV(network, cv=3).fit(*iris)
    with pytest.raises(ValueError, match="starts from, a frozen network"):
        OBSMLPClassifier(network, stopping="validation").fit(*iris)


def test_each_constraint_is_of_a_parameter():
    assert OBSMLPClassifierCV._parameter_constraints.keys() == set(
        OBSMLPClassifierCV().get_params(deep=False)
    )


def test_rounding_takes_targets_of_the_kind_that_was_trained_on(iris):
    X, y = iris
    labels = np.stack([y > 0, y > 1], axis=1).astype(int)
    network = PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    several = OBSMLPClassifier(network, retrain="never").fit(X, labels)
    one = OBSMLPClassifier(network, retrain="never").fit(X, y)
    with pytest.raises(ValueError, match="trained on a label indicator matrix"):
        several.round_weights(X, y, decimals=1)
    with pytest.raises(ValueError, match="trained on class labels"):
        one.round_weights(X, labels, decimals=1)


def test_groups_of_columns_may_be_an_array(iris):
    settings = {"granularity": "input", "retrain": "never", "random_state": 0}
    network = PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False)
    array, lists = (
        OBSMLPClassifier(network, feature_groups=groups, **settings).fit(*iris)
        for groups in (np.array([[0, 1], [2, 3]]), [[0, 1], [2, 3]])
    )
    assert array.feature_groups_.keys() == lists.feature_groups_.keys()
    np.testing.assert_array_equal(array.coefs_[0], lists.coefs_[0])


def test_two_classes_with_a_unit_each_can_be_pruned(iris):
    X, y = iris
    y = np.where(y == 1, "versicolor", "another")
    units = LPMLPClassifier(n_hidden=8, random_state=0).fit(X, y)
    assert units.n_outputs_ == 2
    np.testing.assert_array_equal(unchanged(units, X, y).predict(X), units.predict(X))
    model = OBSMLPClassifier(LPMLPClassifier(n_hidden=8, random_state=0)).fit(X, y)
    assert model.n_weights_ < sum(part.size for part in (*model.coefs_, *model.intercepts_))
    for network in (model, model.round_weights(X, y, decimals=2)):
        assert network.score(X, y) > 0.8
        proba = network.predict_proba(X)
        np.testing.assert_allclose(proba.sum(axis=1), 1.0)
        np.testing.assert_array_equal(network.classes_[proba.argmax(axis=1)], network.predict(X))


@pytest.mark.parametrize("structure", ["layers", "cascade"])
def test_units_of_a_network_without_hidden_layers_see_the_inputs(iris, structure):
    X, y = iris
    linear = PenalizedMLPClassifier((), random_state=0, alpha=1e-3, direct_links=False)
    model = LPMLPClassifier(linear, structure=structure, C=1.0).fit(X, y)
    assert model.hidden_units_ == []
    assert model.coefs_[0].shape == (X.shape[1], 3)
    assert model.score(X, y) > 0.8
