"""Groups of inputs are priced jointly, deleted whole, and told by names."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import make_objective, networks
from pruning import pruned
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skprune import (
    OBS,
    FeatureGroups,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._estimator.one_hot import one_hot_groups
from skprune._gauss_newton.gates import input_saliencies
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Connectivity
from skprune._pruning.candidates import Inputs
from skprune._pruning.stop import MinWeights
from skprune.datasets import load_monks
from skprune.neural_network._parameters.feature_groups import resolve_groups


def one_hot(problem=3, subset="train"):
    X, y = load_monks(problem, subset=subset, return_X_y=True, as_frame=True)
    encoder = OneHotEncoder(sparse_output=False).set_output(transform="pandas")
    return encoder.fit_transform(X), y


@pytest.fixture(scope="module")
def monks():
    return one_hot()


@pytest.fixture
def small():
    return PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, direct_links=False)


def partition(rng, n_inputs):
    owner = rng.integers(0, max(1, n_inputs // 2) + 1, n_inputs)
    return [np.flatnonzero(owner == group) for group in np.unique(owner)]


# ---- prices ---------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(0, 2**16))
def test_first_deletion_is_the_group_with_the_lowest_joint_price_for_its_cost(network, seed):
    rng = np.random.default_rng(seed)
    objective, w = make_objective(seed, network)
    groups = partition(rng, network.layer_sizes[0])
    costs = {int(columns[0]): float(rng.uniform(0.2, 5)) for columns in groups[::2]}
    kept = np.arange(network.n_weights)
    damping = 0.1
    hessian = gauss_newton(objective, w, kept) + damping * np.eye(len(kept))
    inverse = np.linalg.inv(hessian)
    inputs = network.layers(kept)[0]
    connectivity = Connectivity(network, kept)
    prices = []
    for columns in groups:
        group = np.sort(connectivity.closure(inputs[columns].ravel()))
        # What falls with the inputs is held where it is.
        values = np.where(connectivity.without_effect(group), 0.0, w[group])
        joint = 0.5 * values @ np.linalg.solve(inverse[np.ix_(group, group)], values)
        prices.append(joint / costs.get(int(columns[0]), 1.0))
    first = pruned(
        objective, w, kept, MinWeights(0), candidates=Inputs(groups, costs),
        criterion=OBS(linearize=1, first_order=False, damping=damping), retrain="never",
    ).path.deletions[0]  # fmt: skip
    best = int(np.argmin(prices))
    assert first.index == groups[best][0]
    cost = costs.get(int(groups[best][0]), 1.0)
    np.testing.assert_allclose(first.saliency / cost, prices[best], rtol=1e-5, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(0, 2**16))
def test_importance_of_a_group_is_its_joint_formula(network, seed):
    objective, w = make_objective(seed, network, alpha=0.0)
    groups = partition(np.random.default_rng(seed), network.layer_sizes[0])
    hessian = gauss_newton(objective, w, np.arange(network.n_weights))
    inputs = network.layers(np.arange(network.n_weights))[0]
    found = input_saliencies(objective, w, groups)
    for columns in groups:
        flat = inputs[columns].ravel()
        expected = 0.5 * w[flat] @ hessian[np.ix_(flat, flat)] @ w[flat]
        np.testing.assert_allclose(found[columns], expected, atol=1e-10)


def test_groups_of_one_change_nothing(monks, small):
    X, y = monks
    how = {"granularity": "input", "threshold": 0.2}
    plain = OBSMLPClassifier(small, **how).fit(X, y)
    singles = OBSMLPClassifier(small, feature_groups=[[name] for name in X], **how).fit(X, y)
    np.testing.assert_array_equal(plain.path_["index"], singles.path_["index"])
    np.testing.assert_allclose(plain.feature_importances_, singles.feature_importances_)
    np.testing.assert_array_equal(plain.get_support(), singles.get_support())
    assert plain.feature_groups_ is None


def test_a_dear_group_goes_first(monks, small):
    X, y = monks
    small.fit(X, y)

    def first(costs):
        model = OBSMLPClassifier(
            FrozenEstimator(small), granularity="input", n_weights=0, retrain="never",
            feature_groups=FeatureGroups(costs=costs),
        ).fit(X, y)  # fmt: skip
        column = model.path_["index"][0]
        return next(k for k, v in model.feature_groups_.items() if v[0] == column)

    assert first(None) != "a2"
    assert first({"a2": 1e9}) == "a2"
    cheap = first(None)
    assert first({cheap: 1e-9}) != cheap


# ---- what is deleted ------------------------------------------------------------------------


def test_groups_are_kept_or_deleted_whole(monks, small):
    X, y = monks
    model = OBSMLPClassifier(small, granularity="input", feature_groups="auto", threshold=0.2).fit(
        X, y
    )
    assert list(model.feature_groups_) == ["a1", "a2", "a3", "a4", "a5", "a6"]
    support = model.get_support()
    used = [name for name, columns in model.feature_groups_.items() if support[columns].any()]
    # The rule (without its noise) reads a2, a4 and a5.
    assert {"a2", "a5"} <= set(used) < set(model.feature_groups_)
    shares = model.feature_importances_
    for name, columns in model.feature_groups_.items():
        assert support[columns].all() == (name in used) == support[columns].any()
        assert np.ptp(shares[columns]) == 0
        assert (shares[columns[0]] > 0) == (name in used)
    total = sum(shares[columns[0]] for columns in model.feature_groups_.values())
    assert total == pytest.approx(1)
    chosen = SelectFromModel(model, prefit=True, threshold=1e-12).get_support()
    np.testing.assert_array_equal(chosen, support)
    assert not hasattr(model.at_size(30), "feature_importances_")
    assert (model.at_size(30).get_support() >= support).all()


@pytest.mark.parametrize(
    ("criterion", "container"),
    [("obs", np.asarray), ("obd", sparse.csr_array), ("magnitude", pl.from_pandas)],
)
def test_ways_to_name_the_groups_agree(monks, small, criterion, container):
    X, y = monks
    how = {"criterion": criterion, "granularity": "input", "n_weights": 20}
    by_name = {"a": ["a1_1", "a1_2", "a1_3"], "b": ["a5_4", "a5_1"]}
    by_index = [[0, 1, 2], np.array([14, 11])]
    expected = OBSMLPClassifier(small, feature_groups=by_name, **how).fit(X, y)
    X_other = container(X)
    groups = by_name if container is pl.from_pandas else by_index
    other = OBSMLPClassifier(small, feature_groups=groups, **how).fit(X_other, y.to_numpy())
    np.testing.assert_array_equal(other.path_["index"], expected.path_["index"])
    np.testing.assert_array_equal(other.get_support(), expected.get_support())
    np.testing.assert_allclose(other.feature_importances_, expected.feature_importances_, atol=2e-3)
    names = list(other.feature_groups_)
    assert names[0] == ("a" if groups is by_name else "group0")
    assert names[1] == ("a2_1" if container is pl.from_pandas else "x3")


def test_categories_are_found_behind_a_column_transformer():
    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "green", "blue", "grey"], 120)
    frame = pd.DataFrame(
        {
            "colour": colour,
            "skin_tone": rng.choice(["a", "b"], 120),
            "mean_size": rng.normal(size=120),
            "mean_age": rng.normal(size=120),
        }
    )
    y = (colour == "red") + frame["mean_size"].to_numpy()
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["colour", "skin_tone"]),
        (StandardScaler(), ["mean_size", "mean_age"]),
    ).set_output(transform="pandas")
    pruning = OBSMLPRegressor(
        PenalizedMLPRegressor((3,), alpha=0.1, direct_links=False),
        granularity="input",
        feature_groups="auto",
        threshold=0.01,
        random_state=0,
    )  # fmt: skip
    model = make_pipeline(encode, pruning).fit(frame, y)[-1]
    sizes = {name: len(columns) for name, columns in model.feature_groups_.items()}
    # Columns that are named alike but hold numbers are no category.
    assert sizes == {
        "colour": 4, "skin_tone": 2,
        "standardscaler__mean_size": 1, "standardscaler__mean_age": 1,
    }  # fmt: skip
    np.testing.assert_array_equal(model.get_support(), [True] * 4 + [False] * 2 + [True, False])


def test_cross_validation_takes_the_groups_of_all_data(monks, small):
    X, y = monks
    groups = FeatureGroups(costs={"a6": 3.0})
    model = OBSMLPClassifierCV(
        small, granularity="input", feature_groups=groups, cv=3, random_state=0
    ).fit(X, y)
    assert list(model.feature_groups_) == ["a1", "a2", "a3", "a4", "a5", "a6"]
    for columns in model.feature_groups_.values():
        assert np.ptp(model.get_support()[columns].astype(int)) == 0
    shares = model.feature_importances_
    assert sum(shares[columns[0]] for columns in model.feature_groups_.values()) == pytest.approx(1)
    # The chosen network's own parameters say the same, by indices, to data without names.
    again = clone(model.best_estimator_).fit(X.to_numpy(), y)
    assert again.feature_groups_.keys() == model.feature_groups_.keys()
    assert again._groups.costs == model._groups.costs
    assert again._groups.costs[model.feature_groups_["a6"][0]] == 3.0


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (
            {"a": ["a1_1", "a1_9"]},
            r"'a' has \['a1_9'\], which are no columns of X. Use names among",
        ),
        ([[0, 1], [2, 99]], r"'group1' has \[99\].*indices from 0 to 16"),
        ([[0, -1]], r"has \[-1\]"),
        ([[0, True]], r"has \[True\]"),
        ([[0, 1.0]], r"has \[1.0\]"),
        ([[0, 1], [1, 2]], r"column 1 \('a1_2'\) is in 'group0' and in 'group1'"),
        ([[0, "a1_1"]], r"column 0 \('a1_1'\) is in 'group0' and in 'group0'"),
        ({"a": []}, "'a' must be a list of at least one column"),
        ({"a": "a1_1"}, "must be a list of at least one column.*got 'a1_1'"),
        ([0, 1], "'group0' must be a list of at least one column.*got 0"),
        ({"a2_1": ["a1_1", "a1_2"]}, "name of the column 'a2_1', which is not in it"),
        ({"a": None}, "'a' must be a list of at least one column.*got None"),
        ({"a": slice(0, 2)}, r"'a' must be a list of at least one column.*got slice\(0, 2"),
        ({1: [0, 1], "1": [2, 3]}, r"feature_groups has names that are the same .*\[1, '1'\]"),
        (FeatureGroups("names"), "must be 'auto', a dict"),
        (FeatureGroups(None), "must be 'auto', a dict of lists .* got None"),
        (FeatureGroups(5), "must be 'auto', a dict of lists .* got 5"),
        (FeatureGroups(np.array(5)), "must be 'auto', a dict of lists"),
        (FeatureGroups([[0, 1]], costs=3.0), "costs must be a dict with the cost .* got 3.0"),
        (FeatureGroups(costs={"a1": 0}), "cost of 'a1' is 0, but costs must be positive"),
        (FeatureGroups(costs={"a1": -1.0}), "cost of 'a1' is -1.0"),
        (FeatureGroups(costs={"a1": np.nan}), "cost of 'a1' is nan"),
        (FeatureGroups(costs={"a1": np.inf}), "cost of 'a1' is inf"),
        (FeatureGroups(costs={"a1": "dear"}), "cost of 'a1' is 'dear'"),
        (FeatureGroups(costs={"a7": 1.0}), r"costs has \['a7'\], which are no groups and no"),
    ],
)
@pytest.mark.parametrize("kind", [OBSMLPClassifier, OBSMLPClassifierCV])
def test_impossible_groups_are_refused(monks, small, groups, message, kind):
    X, y = monks
    model = kind(small, granularity="input", feature_groups=groups)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_groups_may_have_numbers_as_names_and_rows_of_an_array_as_columns():
    X = np.zeros((3, 5))
    found = resolve_groups(FeatureGroups({1: [0, 1]}, costs={1: 2.0}), None, X)
    assert list(found.columns) == ["1", "x2", "x3", "x4"] and found.costs == {0: 2.0}
    found = resolve_groups(np.array([[0, 1], [4, 3]]), None, X)
    assert {k: v.tolist() for k, v in found.columns.items()} == {
        "group0": [0, 1], "x2": [2], "group1": [3, 4],
    }  # fmt: skip


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_underscores_in_attributes_and_in_values(container):
    categories = {
        "colour": ["blue", "dark_red", "dark_green"],
        "marital_status": ["single", "married_once"],
        "home_size": ["s", "l"],
        "home_type": ["flat", "house_old", "house_new"],
        "age": ["young", "very_old"],
    }
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(values, 50) for name, values in categories.items()})
    encoder = OneHotEncoder(sparse_output=False).set_output(transform="pandas")
    X = encoder.fit_transform(frame).assign(age=rng.normal(size=50), mean_a=1, mean_b=1)
    found = resolve_groups("auto", list(X), container(X)).columns
    for name in categories:
        group = found[f"{name}_*" if name == "age" else name]
        assert [X.columns[column] for column in group] == [
            column for column in X if column.startswith(f"{name}_")
        ]
    assert set(found) == {*categories, "age_*", "mean_a", "mean_b"}
    assert X.columns[found["age"]].tolist() == ["age"]


def test_columns_that_are_named_alike_do_not_hide_a_category():
    """A length beside a size, as numbers or, in another transformer, as flags of its own."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.choice(list("SML"), 60),
            "size_cm": rng.normal(size=60),
            "colour": rng.choice(["blue", "dark_red", "dark_green"], 60),
            "colour_depth": rng.normal(size=60),
            "size_known": np.ones(60),
        }
    )
    encode = ColumnTransformer(
        [
            ("cat", OneHotEncoder(sparse_output=False), ["size", "colour"]),
            ("num", StandardScaler(), ["size_cm", "colour_depth"]),
            ("flag", "passthrough", ["size_known"]),
            ("again", OneHotEncoder(sparse_output=False, drop="first"), ["size"]),
        ]
    ).set_output(transform="pandas")
    expected = {"size": [0, 1, 2], "colour": [3, 4, 5], "again__size": [9, 10]}
    X = encode.fit_transform(frame)
    for values in (X.to_numpy(), sparse.csr_array(X), sparse.coo_array(X)):
        assert one_hot_groups(list(X), values) == expected
    # Without the names of the transformers, numbers are still no category.
    X = X.loc[:, ~X.columns.str.startswith(("flag", "again"))]
    names = [name.partition("__")[2] for name in X]
    assert one_hot_groups(names, X.to_numpy()) == {"size": [0, 1, 2], "colour": [3, 4, 5]}


def test_names_are_needed_to_find_groups(monks, small):
    X, y = monks
    model = OBSMLPClassifier(small, granularity="input", feature_groups="auto")
    with pytest.raises(ValueError, match=r"reads the groups from the names.*set_output"):
        model.fit(X.to_numpy(), y)


@pytest.mark.parametrize("granularity", ["weight", "unit"])
def test_groups_need_inputs_as_what_is_deleted(monks, small, granularity):
    X, y = monks
    model = OBSMLPClassifier(small, granularity=granularity, feature_groups="auto")
    with pytest.raises(ValueError, match=f"granularity='{granularity}' does not do"):
        model.fit(X, y)


def test_wide_sparse_inputs_stay_sparse_while_groups_are_looked_for():
    """Names such as those of words share a beginning that spans the whole table."""
    X = sparse.random_array((2000, 1000), density=0.002, rng=np.random.default_rng(0))
    X = sparse.hstack([X, sparse.csr_array(np.eye(2)[np.arange(2000) % 2])], format="csr")
    names = [f"word_{i}" for i in range(1000)] + ["class_a", "class_b"]
    tracemalloc.start()
    groups = resolve_groups("auto", names, X).columns
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert groups["class"].tolist() == [1000, 1001] and "word" not in groups
    assert peak < X.shape[0] * X.shape[1]
