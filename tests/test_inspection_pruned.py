"""The tools on networks that the library itself has pruned."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MaxAbsScaler, OneHotEncoder, StandardScaler

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune._fitted.drawing import network_svg
from skprune.datasets import load_monks, make_xor
from skprune.inspection import (
    ErrorSurfaceDisplay,
    HessianDisplay,
    NetworkDisplay,
    PruningPathDisplay,
    export_rules,
    export_text,
    gate_sensitivity,
)

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="module")
def monk_1():
    X, y = load_monks(1, return_X_y=True, as_frame=True)
    pruner = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), n_init=3, random_state=0
    )
    return make_pipeline(OneHotEncoder(sparse_output=False), pruner).fit(X, y)


def test_monk_1_from_training_to_rule(monk_1):
    X, y = load_monks(1, subset="test", return_X_y=True, as_frame=True)
    rules = export_rules(monk_1, X, y)
    assert rules.rules_[1] == "a1 == a2 or a5 == 1"
    assert rules.fidelity_ == rules.accuracy_ == 1.0
    assert rules.attributes_ == ["a1", "a2", "a5"]
    copy = pickle.loads(pickle.dumps(rules))
    np.testing.assert_array_equal(copy.predict(X), rules.predict(X))
    assert str(copy) == str(rules)


def test_one_line_a_surviving_weight(monk_1):
    n_weights = monk_1[-1].n_weights_
    assert len(NetworkDisplay.from_estimator(monk_1).lines_) == n_weights
    assert network_svg(monk_1).count("<line ") == n_weights
    names = export_text(monk_1).replace("(", " ").replace(")", " ").split()
    assert sum("*" in name for name in names) == sum(m.sum() for m in monk_1[-1].coef_masks_)


def test_path_ends_at_the_chosen_size(monk_1):
    display = PruningPathDisplay.from_estimator(monk_1[-1])
    assert display.loss_line_.get_xdata()[-1] == display.chosen == monk_1[-1].n_weights_


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_curvature_of_a_pruned_network(loss):
    X, y = make_xor()
    network = PenalizedMLPClassifier(
        (2,), loss=loss, out_activation="auto", random_state=1, alpha=1e-3, direct_links=False
    )
    pruned = OBSMLPClassifier(network, n_weights=8, random_state=0).fit(X, y)
    display = HessianDisplay.from_estimator(pruned, X, y)
    assert len(display.labels) == pruned.n_weights_
    surface = ErrorSurfaceDisplay.from_estimator(pruned, X, y, n_points=5)
    assert set(surface.labels) <= set(display.labels)


def test_sparsified_network_reads_the_same(monk_1):
    dense = export_text(monk_1)
    pruner = monk_1[-1].sparsify()
    assert export_text(monk_1) == dense
    pruner.densify()


def test_a_search_is_read_as_its_best_estimator():
    X, y = load_monks(1, return_X_y=True, as_frame=True)
    network = PenalizedMLPClassifier((3,), random_state=0, alpha=1e-3, direct_links=False)
    pipeline = make_pipeline(OneHotEncoder(), network)
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(pipeline, {"penalizedmlpclassifier__alpha": [1e-3, 1e-2]}, cv=folds)
    search.fit(X, y)
    assert export_text(search) == export_text(search.best_estimator_)
    assert str(export_rules(search, X, y)) == str(export_rules(search.best_estimator_, X, y))


def test_a_pipeline_that_ends_in_a_search_over_pipelines():
    X, y = load_monks(1, return_X_y=True, as_frame=True)
    inner = make_pipeline(
        MaxAbsScaler(), PenalizedMLPClassifier((3,), random_state=0, alpha=1e-3, direct_links=False)
    )
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(inner, {"penalizedmlpclassifier__alpha": [1e-3, 1e-2]}, cv=folds)
    pipeline = make_pipeline(OneHotEncoder(sparse_output=False), search).fit(X, y)
    best = pipeline[-1].best_estimator_
    flat = Pipeline([("encode", pipeline[0]), ("scale", best[0]), ("network", best[1])])
    assert export_text(pipeline) == export_text(flat)
    assert str(export_rules(pipeline, X, y)) == str(export_rules(flat, X, y))
    assert_array_equal(gate_sensitivity(pipeline, X, y), gate_sensitivity(flat, X, y))


def test_mixed_columns_keep_their_own_names():
    rng = np.random.default_rng(0)
    colour, smoker = rng.choice(["light_red", "blue", "green"], 300), rng.integers(0, 2, 300)
    X = pd.DataFrame({"dark_colour": colour, "smoker": smoker, "tie": rng.integers(0, 2, 300)})
    y = np.where((colour == "blue") | (smoker == 1), "buys", "leaves")
    columns = make_column_transformer(
        (OneHotEncoder(), ["dark_colour"]), remainder="passthrough", sparse_threshold=0
    )
    network = PenalizedMLPClassifier((2,), alpha=1e-3, direct_links=False)
    pipeline = make_pipeline(columns, OBSMLPClassifier(network, random_state=0)).fit(X, y)
    rules = export_rules(pipeline, X, y)
    assert rules.rules_["buys"] == "dark_colour == blue or smoker == 1"
    assert rules.accuracy_ == 1.0
    frozen = FrozenEstimator(pipeline)
    assert export_text(frozen) == export_text(pipeline)
    labels = [text.get_text() for text in NetworkDisplay.from_estimator(frozen).texts_]
    assert "smoker" in labels
    assert any(label.startswith("dark_colour_") for label in labels)


def test_discretised_numbers_become_rules():
    X, y = load_iris(return_X_y=True, as_frame=True)
    bins = KBinsDiscretizer(3, encode="onehot", quantile_method="averaged_inverted_cdf")
    pruner = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), threshold=0.1, random_state=0
    )
    pipeline = make_pipeline(bins, pruner).fit(X, y)
    rules = export_rules(pipeline, X, y, class_names=["setosa", "versicolor", "virginica"])
    assert rules.exact_ and rules.fidelity_ == 1.0
    assert rules.accuracy_ == pipeline.score(X, y)
    assert any("petal" in rule for rule in rules.rules_.values())


def test_numbers_are_refused_for_rules_but_written_as_equations():
    X, y = load_iris(return_X_y=True, as_frame=True)
    pruner = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), random_state=0
    )
    pipeline = make_pipeline(StandardScaler(), pruner).fit(X, y)
    with pytest.raises(ValueError, match=r"different values in X.*KBinsDiscretizer"):
        export_rules(pipeline, X)
    assert "[petal width (cm)]" in export_text(pipeline)
