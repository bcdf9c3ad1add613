"""Inputs selected by the sensitivity of a network to gates on them."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from versions import needs_callbacks, parametrize_with_checks

from skprune import GateSensitivitySelector, PenalizedMLPClassifier, PenalizedMLPRegressor
from skprune.inspection import gate_sensitivity

# Decay enough that training is short.
NETWORK = PenalizedMLPRegressor((6,), alpha=1.0, direct_links=False)
CLASSIFIER = PenalizedMLPClassifier((6,), alpha=1.0, direct_links=False)


def make_problem(n_samples=200, n_features=8, seed=0):
    """Inputs 1, 4 and 6 matter, 4 and 6 as a product only."""
    X = np.random.default_rng(seed).normal(size=(n_samples, n_features))
    return X, np.tanh(X[:, 1]) + X[:, 4] * X[:, 6]


@pytest.mark.parametrize("settings", [{}, {"exact": False}])
@pytest.mark.parametrize("classifies", [False, True])
def test_the_inputs_that_matter_are_kept(settings, classifies):
    X, y = make_problem(400)
    y = y > 0 if classifies else y
    network = CLASSIFIER if classifies else NETWORK
    selector = GateSensitivitySelector(
        network, n_features_to_select=3, random_state=0, **settings
    ).fit(X, y)
    assert selector.get_support(indices=True).tolist() == [1, 4, 6]
    np.testing.assert_array_equal(selector.transform(X), X[:, [1, 4, 6]])
    assert sorted(selector.ranking_) == list(range(1, 9))
    assert set(selector.ranking_[[1, 4, 6]]) == {1, 2, 3}
    expected = gate_sensitivity(selector.estimator_, X, y, **settings)
    np.testing.assert_array_equal(selector.sensitivities_, expected)


def test_first_order_relevance_finds_what_classes_depend_on():
    X, y = make_problem(400)
    selector = GateSensitivitySelector(CLASSIFIER, n_features_to_select=3, order=1, random_state=0)
    selector.fit(X, y > 0)
    assert selector.get_support(indices=True).tolist() == [1, 4, 6]
    expected = gate_sensitivity(selector.estimator_, X, y > 0, order=1)
    np.testing.assert_array_equal(selector.sensitivities_, expected)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:Inputs reach")
def test_inputs_whose_squares_overflow_are_refused():
    X, y = make_problem(100)
    network = MLPRegressor(hidden_layer_sizes=(3,), activation="identity", random_state=0, tol=1.0)
    frozen = FrozenEstimator(network.fit(X, y))
    X[:, 2] *= 1e200
    with pytest.raises(ValueError, match=r"units \[.*2.*\] of layer 0 are not finite.*Scale"):
        gate_sensitivity(frozen, X, y)
    assert np.isfinite(gate_sensitivity(frozen, X, y, order=1)).all()
    with pytest.raises(ValueError, match="Scale the inputs"):
        GateSensitivitySelector(frozen, n_features_to_select=1).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_default_network_suits_the_targets():
    X, y = make_problem(80, 7)
    assert isinstance(GateSensitivitySelector().fit(X, y).estimator_, PenalizedMLPRegressor)
    classes = np.where(y > 0, "high", "low")
    assert isinstance(GateSensitivitySelector().fit(X, classes).estimator_, PenalizedMLPClassifier)
    counts = np.round(np.column_stack([y, 2 * X[:, 0]])).astype(int)
    several = GateSensitivitySelector().fit(X, counts).estimator_
    assert isinstance(several, PenalizedMLPRegressor) and several.n_outputs_ == 2
    indicators = np.column_stack([y > 0, X[:, 0] > 0]).astype(int)
    assert isinstance(
        GateSensitivitySelector().fit(X, indicators).estimator_, PenalizedMLPClassifier
    )


@pytest.mark.parametrize(
    ("n_values", "n_samples", "kind", "expected"),
    [
        (30, 120, np.float64, "PenalizedMLPRegressor"),
        (30, 120, np.float32, "PenalizedMLPRegressor"),
        (30, 120, np.int64, "PenalizedMLPClassifier"),
        (20, 120, np.float64, "PenalizedMLPClassifier"),
        (21, 440, np.float64, "PenalizedMLPRegressor"),
        (21, 441, np.float64, "PenalizedMLPClassifier"),
    ],
)
def test_whole_numbers_are_values_when_floats_of_many_values(
    n_values, n_samples, kind, expected, monkeypatch
):
    def train(self, X, y):
        raise AssertionError(type(self).__name__)

    for network in (PenalizedMLPClassifier, PenalizedMLPRegressor):
        monkeypatch.setattr(network, "fit", train)
    y = (np.arange(n_samples) % n_values).astype(kind)
    with pytest.raises(AssertionError, match=expected):
        GateSensitivitySelector().fit(make_problem(n_samples)[0], y)


def test_shares_and_thresholds():
    X, y = make_problem()
    selector = GateSensitivitySelector(NETWORK, random_state=0).fit(X, y)
    shares = selector.feature_importances_
    assert shares.sum() == pytest.approx(1) and shares.min() >= 0
    np.testing.assert_array_equal(selector.support_, shares >= 1 / 8)
    assert selector.n_features_ == selector.support_.sum()
    for threshold, expected in ((0.0, 8), (0.3, (shares >= 0.3).sum()), (0.99, 1)):
        selector = GateSensitivitySelector(NETWORK, threshold=threshold, random_state=0)
        assert selector.fit(X, y).n_features_ == expected


def test_fractions_count_features():
    X, y = make_problem()
    for fraction, expected in ((0.5, 4), (1.0, 8), (0.01, 1)):
        selector = GateSensitivitySelector(NETWORK, n_features_to_select=fraction, random_state=0)
        assert selector.fit(X, y).n_features_ == expected


def test_a_frozen_network_is_taken_as_it_is():
    X, y = make_problem()
    network = MLPClassifier((5,), solver="lbfgs", alpha=1.0, max_iter=5000, random_state=0)
    network.fit(X, y > 0)
    before = [coef.copy() for coef in network.coefs_]
    selector = GateSensitivitySelector(FrozenEstimator(network)).fit(X, y > 0)
    expected = gate_sensitivity(network, X, y > 0)
    np.testing.assert_array_equal(selector.sensitivities_, expected)
    for coef, other in zip(network.coefs_, before):
        np.testing.assert_array_equal(coef, other)
    with pytest.raises(ValueError, match="trained on 8"):
        GateSensitivitySelector(FrozenEstimator(network)).fit(X[:, :5], y > 0)
    with pytest.raises(NotFittedError):
        GateSensitivitySelector(FrozenEstimator(clone(network))).fit(X, y > 0)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frozen_network_meets_the_columns_it_was_trained_on(library):
    frames = pytest.importorskip(library)
    X, y = make_problem()
    frame = frames.DataFrame({name: column for name, column in zip("abcdefgh", X.T)})
    frozen = FrozenEstimator(clone(NETWORK).set_params(random_state=0).fit(frame, y))
    selector = GateSensitivitySelector(frozen, n_features_to_select=3).fit(frame, y)
    assert selector.get_feature_names_out().tolist() == ["b", "e", "g"]
    with pytest.raises(ValueError, match="same columns in the same order"):
        GateSensitivitySelector(frozen).fit(frame[list("hgfedcba")], y)


def test_a_frozen_search_is_taken_as_it_is():
    X, y = make_problem()
    search = GridSearchCV(clone(NETWORK).set_params(random_state=0), {"alpha": [1.0]}, cv=2)
    selector = GateSensitivitySelector(FrozenEstimator(search.fit(X, y))).fit(X, y)
    expected = gate_sensitivity(search.best_estimator_, X, y)
    np.testing.assert_array_equal(selector.sensitivities_, expected)


def test_a_given_estimator_is_cloned():
    X, y = make_problem()
    network = PenalizedMLPRegressor((4,), alpha=1.0, random_state=3, direct_links=False)
    selector = GateSensitivitySelector(network).fit(X, y)
    assert not hasattr(network, "coefs_")
    assert selector.estimator_.coefs_[0].shape == (8, 4)


def test_weights_reach_training_and_ranking():
    X, y = make_problem()
    weight = np.arange(len(y)) % 3
    parts = {"n_features_to_select": 3, "random_state": 0}
    weighted = GateSensitivitySelector(NETWORK, **parts).fit(X, y, sample_weight=weight)
    X_repeated, y_repeated = np.repeat(X, weight, axis=0), np.repeat(y, weight)
    repeated = GateSensitivitySelector(NETWORK, **parts).fit(X_repeated, y_repeated)
    largest = repeated.sensitivities_.max()
    np.testing.assert_allclose(
        weighted.sensitivities_, repeated.sensitivities_, atol=0.05 * largest
    )
    unweighted = GateSensitivitySelector(NETWORK, **parts).fit(X, y)
    assert np.abs(unweighted.sensitivities_ - weighted.sensitivities_).max() > 1e-3 * largest


class Untrainable(PenalizedMLPRegressor):
    """Shows that fit has come to the training."""

    def fit(self, X, y, sample_weight=None):
        raise AssertionError("trained before the weights were checked")


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.zeros(200), "zero"),
        (-1.0, "Negative values"),
        (np.full(200, np.nan), "NaN"),
        (np.ones((200, 1)), "1D"),
        (["heavy"] * 200, "could not convert"),
    ],
)
def test_invalid_weights_are_refused_before_training(weight, message):
    X, y = make_problem()
    frozen = FrozenEstimator(clone(NETWORK).set_params(random_state=0).fit(X, y))
    for network in (Untrainable(), frozen):
        with pytest.raises(ValueError, match=message):
            GateSensitivitySelector(network).fit(X, y, sample_weight=weight)


def test_one_number_weighs_all_samples_alike():
    X, y = make_problem()
    frozen = FrozenEstimator(clone(NETWORK).set_params(random_state=0).fit(X, y))
    plain = GateSensitivitySelector(frozen).fit(X, y)
    weighted = GateSensitivitySelector(frozen).fit(X, y, sample_weight=2.0)
    np.testing.assert_allclose(weighted.sensitivities_, plain.sensitivities_, rtol=1e-12)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_columns(library):
    frames = pytest.importorskip(library)
    X, y = make_problem()
    names = [f"column {i}" for i in range(8)]
    frame = frames.DataFrame({name: column for name, column in zip(names, X.T)})
    selector = GateSensitivitySelector(NETWORK, n_features_to_select=3, random_state=0)
    selector.set_output(transform=library)
    selected = selector.fit_transform(frame, y)
    assert list(selected.columns) == ["column 1", "column 4", "column 6"]
    assert isinstance(selected, frames.DataFrame)
    assert selector.get_feature_names_out().tolist() == list(selected.columns)


def test_sparse_inputs():
    X, y = make_problem()
    X[np.abs(X) < 0.7] = 0.0
    dense = GateSensitivitySelector(NETWORK, random_state=0).fit(X, y)
    thin = GateSensitivitySelector(NETWORK, random_state=0).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(thin.sensitivities_, dense.sensitivities_, rtol=1e-3)
    np.testing.assert_array_equal(thin.transform(sparse.csr_array(X)).toarray(), dense.transform(X))


def test_labels_and_several_values():
    X, y = make_problem()
    labels = np.column_stack([y > 0, X[:, 0] > 0])
    for network, targets in (
        (CLASSIFIER, labels.astype(int)),
        (NETWORK, np.column_stack([y, 2 * X[:, 0]])),
    ):
        selector = GateSensitivitySelector(network, n_features_to_select=4, random_state=0)
        assert selector.fit(X, targets).get_support(indices=True).tolist() == [0, 1, 4, 6]


def test_it_stands_in_pipelines_and_searches():
    X, y = make_problem()
    pipeline = make_pipeline(
        StandardScaler(),
        GateSensitivitySelector(NETWORK, random_state=0),
        PenalizedMLPRegressor((6,), alpha=1.0, random_state=0, direct_links=False),
    )
    grid = {"gatesensitivityselector__n_features_to_select": [1, 3]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_ == {"gatesensitivityselector__n_features_to_select": 3}


class Recorder:
    """A callback that notes what ended, and fails where it is told to."""

    def __init__(self, fail_at=None):
        self.fail_at, self.ended, self.is_torn_down = fail_at, [], False

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        self.is_torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        if context.task_name == self.fail_at:
            raise RuntimeError("no more")


@needs_callbacks
@pytest.mark.parametrize("frozen", [False, True])
def test_training_and_ranking_are_callback_tasks(frozen):
    X, y = make_problem()
    network = FrozenEstimator(clone(NETWORK).fit(X, y)) if frozen else NETWORK
    recorder = Recorder()
    GateSensitivitySelector(network).set_callbacks(recorder).fit(X, y)
    assert recorder.ended == ["train", "rank", "fit"]
    assert recorder.is_torn_down
    failing = GateSensitivitySelector(network).set_callbacks(Recorder(fail_at="rank"))
    with pytest.raises(RuntimeError, match="no more"):
        failing.fit(X, y)
    assert not hasattr(failing, "support_") and not hasattr(failing, "estimator_")


def test_errors_name_the_cure():
    X, y = make_problem()
    with pytest.raises(ValueError, match="more than the 8 features"):
        GateSensitivitySelector(n_features_to_select=9).fit(X, y)
    with pytest.raises(ValueError, match="make_pipeline"):
        GateSensitivitySelector(
            make_pipeline(PenalizedMLPRegressor(alpha=1e-3, direct_links=False))
        ).fit(X, y)
    with pytest.raises(ValueError, match="threshold"):
        GateSensitivitySelector(threshold=1.5).fit(X, y)


@parametrize_with_checks(
    [
        GateSensitivitySelector(
            PenalizedMLPClassifier((3,), max_iter=50, alpha=1e-3, direct_links=False)
        ),
        GateSensitivitySelector(
            PenalizedMLPRegressor((3,), max_iter=50, alpha=1e-3, direct_links=False),
            n_features_to_select=0.5,
            order=1,
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
