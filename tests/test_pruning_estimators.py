"""The pruning estimators: what goes in, what comes out, and what is refused."""

import pickle
import warnings

import numpy as np
import polars as pl
import pytest
from joblib import parallel_config
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.datasets import (
    load_diabetes,
    load_iris,
    make_classification,
    make_friedman1,
    make_multilabel_classification,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from versions import needs, needs_callbacks, needs_mlp_of_1_7

from skprune import (
    OBD,
    OBS,
    Magnitude,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune.datasets import make_xor


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return (X - X.mean()) / X.std(), y


@pytest.fixture
def small():
    return PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)


def n_connections(estimator):
    return sum(int(np.count_nonzero(m)) for m in estimator.coef_masks_ + estimator.intercept_masks_)


# ---- what comes out -------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
@pytest.mark.parametrize("granularity", ["weight", "unit", "input"])
def test_fitted_attributes_are_consistent(iris, small, criterion, granularity):
    X, y = iris
    model = OBSMLPClassifier(small, criterion=criterion, granularity=granularity).fit(X, y)
    assert model.n_weights_ == n_connections(model)
    for coef, mask in zip(model.coefs_, model.coef_masks_):
        assert not coef[~mask].any()
    for intercept, mask in zip(model.intercepts_, model.intercept_masks_):
        assert not intercept[~mask].any()
    np.testing.assert_array_equal(model.get_support(), model.coef_masks_[0].any(axis=1))
    np.testing.assert_array_equal(
        model.get_support(indices=True), np.flatnonzero(model.get_support())
    )
    assert model.feature_importances_.sum() == pytest.approx(1)
    np.testing.assert_array_equal(model.feature_importances_ > 0, model.get_support())
    assert model.hidden_layer_sizes_ == (model.coef_masks_[1].any(axis=1).sum(),)
    assert len({len(column) for column in model.path_.values()}) == 1
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    assert list(model.feature_names_in_) == list(X.columns)


def test_a_threshold_of_a_hundredth_is_one_point_of_explained_deviance(iris, small):
    X, y = iris
    dense = clone(small).fit(X, y)
    model = OBSMLPClassifier(FrozenEstimator(dense), threshold=0.01).fit(X, y)
    index = np.arange(len(y))
    null = -np.log(1 / 3)

    def deviance(estimator):
        return 1 + np.log(estimator.predict_proba(X)[index, y]).mean() / null

    assert deviance(model) >= deviance(dense) - 0.01 - 1e-9
    assert model.n_weights_ < 27
    assert model.stopped_by_ == "threshold"


@pytest.mark.parametrize("n_weights, expected", [(9, 9), (0.5, 14), (27, 27), (1.0, 27)])
def test_n_weights_counts_or_is_a_share(iris, small, n_weights, expected):
    X, y = iris
    model = OBSMLPClassifier(small, n_weights=n_weights).fit(X, y)
    assert model.n_weights_ == expected
    assert model.stopped_by_ == "n_weights"


def test_at_size_is_the_path_of_a_deeper_fit(iris, small):
    X, y = iris
    how = {"retrain": "never", "teaching_signal": "data"}
    deep = OBSMLPClassifier(small, n_weights=5, **how).fit(X, y)
    size = int(deep.path_["n_weights"][deep.path_["n_weights"] <= 12][0])
    shallow = OBSMLPClassifier(small, n_weights=size, **how).fit(X, y)
    taken = deep.at_size(12)
    assert taken.n_weights_ == shallow.n_weights_ == size
    np.testing.assert_allclose(taken.predict_proba(X), shallow.predict_proba(X), atol=1e-6)
    assert taken.loss_ == pytest.approx(shallow.loss_)
    assert not hasattr(taken, "feature_importances_")
    assert deep.n_weights_ == 5
    with pytest.raises(ValueError, match="smallest network has 5 weights, got n_weights=3"):
        deep.at_size(3)
    for size in ("12", 0.5, -1):
        with pytest.raises(ValueError, match=rf"n_weights.*at_size must be an int.*{size!r}"):
            deep.at_size(size)


def test_more_starts_give_no_larger_network(iris):
    X, y = iris
    one = OBSMLPClassifier(random_state=0).fit(X, y)
    several = OBSMLPClassifier(random_state=0, n_init=6).fit(X, y)
    assert several.n_weights_ <= one.n_weights_


@pytest.mark.parametrize("kind", [OBSMLPClassifier, OBSMLPRegressor])
def test_result_does_not_depend_on_n_jobs(iris, kind):
    X, y = iris
    trainer = PenalizedMLPClassifier if kind is OBSMLPClassifier else PenalizedMLPRegressor
    model = kind(trainer((3,), alpha=0.1), random_state=3, n_init=3)
    serial = clone(model).fit(X, y)
    for n_jobs in (2, -1):
        parallel = clone(model).set_params(n_jobs=n_jobs).fit(X, y)
        for a, b in zip(serial.coefs_, parallel.coefs_):
            np.testing.assert_array_equal(a, b)
    with parallel_config("threading", n_jobs=2):
        threaded = clone(model).set_params(n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(serial.coefs_[0], threaded.coefs_[0])


def test_pickle_and_clone(iris, small):
    X, y = iris
    model = OBSMLPClassifier(small).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.at_size(20).n_weights_ == model.at_size(20).n_weights_
    refitted = clone(model).fit(X, y)
    np.testing.assert_array_equal(refitted.predict_proba(X), model.predict_proba(X))


def test_weighted_samples_are_repeated_samples():
    X, y = load_diabetes(return_X_y=True)
    X, y = scale(X), scale(y)
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 3, len(y))
    trainer = PenalizedMLPRegressor(
        (3,), alpha=5, tol=1e-9, max_iter=5000, random_state=0, direct_links=False
    )
    parameters = {"n_weights": 30, "retrain": "never"}
    weighted = OBSMLPRegressor(trainer, **parameters).fit(X, y, sample_weight=weights)
    repeated = OBSMLPRegressor(trainer, **parameters).fit(
        np.repeat(X, weights, axis=0), np.repeat(y, weights)
    )
    np.testing.assert_array_equal(weighted.path_["index"], repeated.path_["index"])
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-3, atol=1e-3)


# ---- what goes in ---------------------------------------------------------------------------

FOREIGN = [
    MLPClassifier((5,), activation="relu", solver="lbfgs", max_iter=2000, random_state=0),
    MLPClassifier((4, 3), activation="tanh", solver="lbfgs", max_iter=2000, random_state=0),
    MLPClassifier((), solver="lbfgs", max_iter=2000, random_state=0),
    PenalizedMLPClassifier(
        (4,), loss="squared_error", random_state=0, alpha=1e-3, direct_links=False
    ),
    PenalizedMLPClassifier(
        (4,),
        activation="logistic",
        fit_intercept=False,
        random_state=0,
        alpha=1e-3,
        direct_links=False,
    ),
    OBSMLPClassifier(
        PenalizedMLPClassifier((4,), random_state=0, alpha=1e-3, direct_links=False), n_weights=25
    ),
]


@pytest.mark.parametrize("estimator", FOREIGN, ids=lambda e: type(e).__name__)
def test_any_network_can_be_pruned(iris, estimator):
    X, y = iris
    unpruned = clone(estimator).fit(X, y)
    model = OBSMLPClassifier(estimator, threshold=0.02).fit(X, y)
    assert model.score(X, y) >= unpruned.score(X, y) - 0.03
    assert model.n_weights_ < sum(c.size for c in unpruned.coefs_ + unpruned.intercepts_)
    if not getattr(estimator, "fit_intercept", True):
        assert not any(mask.any() for mask in model.intercept_masks_)


def test_frozen_network_is_pruned_as_it_is(iris, small):
    X, y = iris
    small.fit(X, y)
    before = [coef.copy() for coef in small.coefs_]
    model = OBSMLPClassifier(FrozenEstimator(small), n_weights=10).fit(X, y)
    for kept, original in zip(before, small.coefs_):
        np.testing.assert_array_equal(kept, original)
    assert model.estimator_.estimator is small
    trained = OBSMLPClassifier(small, n_weights=10, retrain="never").fit(X, y)
    np.testing.assert_allclose(trained.predict_proba(X), model.predict_proba(X))


def test_masks_of_a_pruned_network_are_kept(iris, small):
    X, y = iris
    first = OBSMLPClassifier(small, n_weights=15).fit(X, y)
    second = OBSMLPClassifier(FrozenEstimator(first), n_weights=10).fit(X, y)
    for outer, inner in zip(first.coef_masks_, second.coef_masks_):
        assert not (inner & ~outer).any()
    with pytest.raises(ValueError, match="n_weights=16 is more than the 15 weights"):
        OBSMLPClassifier(FrozenEstimator(first), n_weights=16).fit(X, y)


def test_labels_come_back_as_they_are(iris, small):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    model = OBSMLPClassifier(small).fit(X, names)
    assert set(model.predict(X)) <= set(names)
    assert model.score(X, names) > 0.9


def test_multilabel_and_several_values():
    X, Y = make_multilabel_classification(n_samples=80, n_classes=3, random_state=0)
    X = scale(X)
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((4,), alpha=0.1, random_state=0, direct_links=False)
    ).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.8
    values = np.c_[X[:, 0], X[:, 1] ** 2]
    regressor = OBSMLPRegressor(
        PenalizedMLPRegressor((4,), alpha=0.1, max_iter=3000, direct_links=False), random_state=0
    ).fit(X, values)
    assert regressor.predict(X).shape == values.shape
    assert regressor.score(X, values) > 0.9


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, np.float32])
def test_input_containers_agree(iris, small, container):
    X, y = iris
    X = np.maximum(np.round(8 * X.to_numpy()) / 8, 0)  # exact in float32 too
    converted = X.astype(np.float32) if container is np.float32 else container(X)
    expected = OBSMLPClassifier(small, n_weights=12).fit(X, y).predict_proba(X)
    result = OBSMLPClassifier(small, n_weights=12).fit(converted, y).predict_proba(converted)
    np.testing.assert_allclose(result, expected, atol=1e-3)


def test_polars_and_pandas_agree(iris, small):
    X, y = iris
    model = OBSMLPClassifier(small).fit(pl.from_pandas(X), y.to_numpy())
    assert list(model.feature_names_in_) == list(X.columns)
    expected = OBSMLPClassifier(small).fit(X, y)
    # Another memory layout, other rounding.
    np.testing.assert_allclose(
        model.predict_proba(pl.from_pandas(X)), expected.predict_proba(X), rtol=1e-6
    )


def test_pipeline_in_a_parallel_grid_search(iris):
    X, y = iris
    pipeline = make_pipeline(
        StandardScaler(),
        OBSMLPClassifier(
            PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), random_state=0
        ),
    )
    name = "obsmlpclassifier__"
    grid = [{name + "threshold": [0.01, 0.1]}, {name + "n_weights": [8, 0.5]}]
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.85
    assert search.best_estimator_[-1].n_features_in_ == 4


def test_selectors_read_the_importances():
    X, y = make_friedman1(150, n_features=8, random_state=0)
    y = scale(y)
    model = OBSMLPRegressor(
        PenalizedMLPRegressor((4,), alpha=0.1, direct_links=False), random_state=0
    )
    selected = SelectFromModel(model, threshold="median").fit(X, y).get_support()
    assert selected[[0, 1, 3]].all()
    assert RFE(model, n_features_to_select=4, step=4).fit(X, y).support_.sum() == 4


# ---- export ---------------------------------------------------------------------------------


def compare_mlp(model, X, y):
    for compact in (False, True):
        mlp = model.to_mlp(compact=compact)
        if hasattr(model, "predict_proba"):
            np.testing.assert_array_equal(mlp.predict(X), model.predict(X))
            np.testing.assert_allclose(mlp.predict_proba(X), model.predict_proba(X), atol=1e-10)
        else:
            np.testing.assert_allclose(mlp.predict(X), model.predict(X), atol=1e-10)
        assert mlp.score(X, y) == pytest.approx(model.score(X, y))
        assert clone(mlp).get_params()["alpha"] == model.alpha_
    return mlp


def test_mlp_predicts_the_same_and_is_smaller(iris):
    X, y = iris
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((8, 6), random_state=0, alpha=1e-3, direct_links=False),
        n_weights=12,
        random_state=0,
    ).fit(X, y)
    mlp = compare_mlp(model, X, y)
    assert mlp.hidden_layer_sizes == model.hidden_layer_sizes_
    assert isinstance(mlp, MLPClassifier)
    assert list(mlp.feature_names_in_) == list(X.columns)


@pytest.mark.parametrize(
    "task",
    [
        "binary",
        "multilabel",
        "values",
        "several",
        pytest.param("counts", marks=needs_mlp_of_1_7),
        "names",
    ],
)
def test_mlp_for_every_task(task):
    X, y = make_classification(80, 5, random_state=0)
    kind, extra = OBSMLPClassifier, {}
    if task == "multilabel":
        X, y = make_multilabel_classification(80, 5, n_classes=3, random_state=0)
        X = scale(X)
    elif task == "names":
        y = np.array(["no", "yes"])[y]
    elif task != "binary":
        kind = OBSMLPRegressor
        values = {"values": X[:, 0], "several": X[:, :2] ** 2, "counts": np.round(np.exp(X[:, 0]))}
        y = values[task]
        extra = {"loss": "poisson"} if task == "counts" else {}
    trainer = PenalizedMLPClassifier if kind is OBSMLPClassifier else PenalizedMLPRegressor
    plain = {"alpha": 0.1, "direct_links": False, "max_iter": 3000, "random_state": 0}
    trainer = trainer((4,), **plain, **extra)
    compare_mlp(kind(trainer, threshold=0.1).fit(X, y), X, y)


def test_constant_units_are_folded_and_constant_networks_have_no_hidden_layer(iris, small):
    X, y = iris
    model = OBSMLPClassifier(small).fit(X, y)
    model.coefs_[0][:, 1] = 0.0
    model.coefs_[1][1] = 0.7
    folded = model.to_mlp()
    assert folded.coefs_[0].shape[1] < 3
    np.testing.assert_allclose(folded.predict_proba(X), model.predict_proba(X), atol=1e-12)
    constant = OBSMLPClassifier(small, n_weights=0).fit(X, y)
    mlp = constant.to_mlp()
    assert mlp.hidden_layer_sizes == ()
    np.testing.assert_allclose(mlp.predict_proba(X), constant.predict_proba(X), atol=1e-12)
    assert len(np.unique(mlp.predict_proba(X), axis=0)) == 1


def test_mlp_says_what_it_cannot_express(iris):
    X, y = iris
    model = PenalizedMLPClassifier(
        (2,), loss="squared_error", alpha=0.1, random_state=0, direct_links=False
    ).fit(X, y)
    with pytest.raises(ValueError, match=r"export_c.*, or train with loss='log_loss'"):
        model.to_mlp()
    for target, parameters in [(y, {"out_activation": "logistic"}), (np.zeros(len(y)), {})]:
        model = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, **parameters)
        model.fit(X, target)
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)
        with pytest.raises(ValueError, match="out_activation='auto'"):
            model.to_mlp()


def test_sparsify_keeps_the_predictions(iris, small):
    X, y = iris
    for model in (OBSMLPClassifier(small).fit(X, y), clone(small).fit(X, y)):
        expected = model.predict_proba(X)
        assert model.sparsify() is model
        assert all(sparse.issparse(coef) for coef in model.coefs_)
        np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-12)
        np.testing.assert_allclose(model.to_mlp().predict_proba(X), expected, atol=1e-10)
        again = pickle.loads(pickle.dumps(model))
        np.testing.assert_allclose(again.densify().predict_proba(X), expected, atol=1e-12)
        assert isinstance(again.coefs_[0], np.ndarray)


# ---- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"criterion": "obx"}, "criterion"),
        ({"granularity": "layer"}, "granularity"),
        ({"threshold": -0.1}, "threshold"),
        ({"threshold": 5}, r"range \[0.0, 1.0\]"),
        ({"threshold": "some"}, "threshold"),
        ({"max_saliency": -1}, "max_saliency"),
        ({"n_weights": -1}, "n_weights"),
        ({"n_weights": 1.5}, "n_weights"),
        ({"n_weights": 1000}, r"n_weights=1000 is more than the 27 weights of the network"),
        ({"prune_intercepts": "yes"}, "prune_intercepts"),
        ({"criterion": OBS(linearize=0)}, "'linearize' parameter of OBS"),
        ({"criterion": OBD(linearize="never")}, "'linearize' parameter of OBD"),
        ({"criterion": Magnitude(1.5)}, "'linearize' parameter of Magnitude"),
        ({"criterion": OBS(first_order=None)}, "first_order"),
        ({"retrain": "often"}, "retrain"),
        ({"criterion": OBS(damping=0.0)}, "damping"),
        ({"n_init": 0}, "n_init"),
        ({"criterion": "magnitude", "max_saliency": 0.1}, "is relative to the loss"),
        ({"estimator": "mlp"}, "estimator"),
        ({"estimator": make_pipeline(StandardScaler(), MLPClassifier())}, "last in the pipeline"),
        (
            {"estimator": PenalizedMLPRegressor(alpha=1e-3, direct_links=False)},
            "needs a classifier, got PenalizedMLPRegressor",
        ),
        ({"estimator": LogisticRegression()}, "LogisticRegression holds no network"),
    ],
)
def test_parameters_out_of_range_are_named(iris, small, parameters, message):
    X, y = iris
    model = OBSMLPClassifier(small).set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize(
    "estimator", [OBSMLPClassifier, OBSMLPRegressor, OBSMLPClassifierCV, OBSMLPRegressorCV]
)
def test_parameters_of_a_network_that_is_not_given(estimator):
    network = "PenalizedMLPClassifier" if is_classifier(estimator()) else "PenalizedMLPRegressor"
    message = rf"'estimator__alpha' .* estimator=None .* Pass estimator={network}\(\)"
    with pytest.raises(ValueError, match=message):
        estimator().set_params(estimator__alpha=0.1)
    with pytest.raises(ValueError, match=message):
        GridSearchCV(estimator(), {"estimator__alpha": [0.1]}).fit([[0.0]] * 20, [0, 1] * 10)
    given = estimator().set_params(
        estimator=PenalizedMLPClassifier(alpha=1e-3, direct_links=False), estimator__alpha=0.1
    )
    assert given.estimator.alpha == 0.1
    with pytest.raises(ValueError, match="Invalid parameter 'alpha'"):
        estimator().set_params(alpha=0.1)


def test_frozen_networks_must_fit_the_data(iris, small):
    X, y = iris
    with pytest.raises(NotFittedError, match="fit it before it is frozen"):
        OBSMLPClassifier(FrozenEstimator(clone(small))).fit(X, y)
    with pytest.raises(ValueError, match="holds no network"):
        OBSMLPClassifier(FrozenEstimator(LogisticRegression().fit(X, y))).fit(X, y)
    search = GridSearchCV(small, {"alpha": [0.1]}, cv=2).fit(X, y)
    with pytest.raises(ValueError, match=r"GridSearchCV holds no network.* its best_estimator_"):
        OBSMLPClassifier(FrozenEstimator(search)).fit(X, y)
    small.fit(X, y)
    frozen = FrozenEstimator(small)
    with pytest.raises(ValueError, match=r"X has 3 features.* was trained on 4"):
        OBSMLPClassifier(frozen).fit(X.iloc[:, :3], y)
    with pytest.raises(ValueError, match="the same columns in the same order"):
        OBSMLPClassifier(frozen).fit(X.iloc[:, ::-1], y)
    with pytest.raises(ValueError, match=r"y has the classes \[3\]"):
        OBSMLPClassifier(frozen).fit(X, y + 1)
    with pytest.raises(ValueError, match="n_init=2 trains several networks"):
        OBSMLPClassifier(frozen, n_init=2).fit(X, y)
    with pytest.raises(ValueError, match="last in the pipeline"):
        OBSMLPClassifier(FrozenEstimator(make_pipeline(small).fit(X, y))).fit(X, y)
    values = PenalizedMLPRegressor((2,), random_state=0, alpha=1e-3, direct_links=False).fit(X, y)
    with pytest.raises(ValueError, match="y needs 2 output units, but the network has 1"):
        OBSMLPRegressor(FrozenEstimator(values)).fit(X, np.c_[y, y])
    with pytest.raises(
        ValueError, match="y is a matrix of 3 columns, but the network was trained on class labels"
    ):
        OBSMLPClassifier(frozen).fit(X, np.eye(3, dtype=int)[y])
    several = clone(small).fit(X, np.eye(3, dtype=int)[y])
    with pytest.raises(
        ValueError, match="y is class labels, but the network was trained on a label"
    ):
        OBSMLPClassifier(FrozenEstimator(several)).fit(X, y)
    # Fewer classes than it was trained on are no fault.
    some = y < 2
    model = OBSMLPClassifier(frozen).fit(X[some], y[some])
    assert list(model.classes_) == [0, 1, 2]


def test_frozen_weights_that_are_not_finite(iris, small):
    X, y = iris
    small.fit(X, y)
    small.coefs_[0][0, 0] = np.nan
    with pytest.raises(ValueError, match="weights of PenalizedMLPClassifier are not finite"):
        OBSMLPClassifier(FrozenEstimator(small)).fit(X, y)


@pytest.mark.parametrize("criterion", ["obs", "obd", "magnitude"])
def test_frozen_weights_that_are_too_large(iris, criterion):
    X, y = iris
    base = PenalizedMLPRegressor((2,), alpha=0.1, random_state=0, direct_links=False).fit(X, y)
    base.coefs_[-1] *= 1e200
    model = OBSMLPRegressor(FrozenEstimator(base), criterion=criterion)
    message = r"loss of PenalizedMLPRegressor.*is inf.*Scale"
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_starts_of_nested_estimators_differ(iris, small):
    X, y = iris
    nested = OBSMLPClassifier(OBSMLPClassifier(small, n_weights=20), n_weights=12, n_init=3)
    model = nested.set_params(random_state=0)
    seeds = {est.estimator.random_state for est in model._estimators()}
    assert len(seeds) == 3
    assert model.fit(X, y).n_weights_ <= 13


def test_another_penalty_leaves_nothing_behind(iris):
    X, y = iris
    model = PenalizedMLPClassifier(
        (4,), penalty="weight_elimination", random_state=0, direct_links=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.set_params(max_iter=30).fit(X, y)
    model.set_params(penalty="l2", hidden_layer_sizes=(3,), max_iter=1000, alpha=0.1).fit(X, y)
    fresh = clone(model).fit(X, y)
    assert vars(model).keys() == vars(fresh).keys()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_inputs_that_are_not_finite(iris, small, bad):
    X, y = iris
    X = X.to_numpy().copy()
    X[0, 0] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        OBSMLPClassifier(small).fit(X, y)


def test_one_class_gives_a_constant_network(iris, small):
    X, _ = iris
    y = np.full(len(X), "a")
    model = OBSMLPClassifier(small).fit(X, y)
    assert set(model.predict(X)) == {"a"}
    assert model.predict_proba(X).shape == (len(X), 1)


@pytest.mark.parametrize("unit, offset", [(1e-4, 0), (1e4, 0), (1, 1e4), (1, 1e8)])
def test_threshold_does_not_depend_on_the_scale_of_the_targets(unit, offset):
    X = np.random.default_rng(0).normal(size=(100, 3))
    y = np.tanh(X[:, 0]) + X[:, 1]
    base = PenalizedMLPRegressor(
        (4,), alpha=0.01, max_iter=5000, random_state=0, direct_links=False
    ).fit(X, y)
    pruning = OBSMLPRegressor(FrozenEstimator(base), threshold=0.01)
    expected = clone(pruning).fit(X, y).score(X, y)
    base.coefs_[-1] *= unit
    base.intercepts_[-1] = base.intercepts_[-1] * unit + offset
    base.alpha_ = 0.0
    model = pruning.fit(X, y * unit + offset)
    assert model.score(X, y * unit + offset) > 0.97
    assert expected > 0.97


@pytest.mark.parametrize("low, high", [(-1, 1), (1, 2)])
def test_label_matrices_hold_zeros_and_ones(iris, low, high):
    X, y = iris
    labels = np.where(np.eye(3)[y] > 0, high, low)
    for model in (OBSMLPClassifier(), PenalizedMLPClassifier(alpha=1e-3, direct_links=False)):
        with pytest.raises(
            ValueError, match=rf"holds 0 and 1, but y has the values \[{low}, {high}"
        ):
            model.fit(X, labels)


def test_sparse_targets_of_a_regressor_are_refused(iris):
    X, _ = iris
    with pytest.raises(ValueError, match=r"dense targets.*shape \(150, 2\); pass y.toarray\(\)"):
        OBSMLPRegressor().fit(X, sparse.csr_array(np.ones((150, 2))))


def test_constant_target_gives_a_constant_network(iris):
    X, _ = iris
    model = OBSMLPRegressor(random_state=0).fit(X, np.full(len(X), 3.0))
    assert model.n_weights_ == 1
    np.testing.assert_allclose(model.predict(X), 3.0, atol=1e-4)
    assert model.feature_importances_.sum() == 0
    assert not model.get_support().any()


def test_samples_of_weight_zero_count_for_nothing(iris, small):
    X, y = iris
    weights = np.ones(len(y))
    weights[::3] = 0
    seen = weights > 0
    weighted = OBSMLPClassifier(small, n_weights=15).fit(X, y, sample_weight=weights)
    fewer = OBSMLPClassifier(small, n_weights=15).fit(X[seen], y[seen])
    np.testing.assert_allclose(weighted.predict_proba(X), fewer.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="at least one non-zero"):
        OBSMLPClassifier(small).fit(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        OBSMLPClassifier(small).fit(X, y, sample_weight=-np.ones(len(y)))


def test_a_sample_of_next_to_no_weight_does_not_set_the_scale():
    """Targets of tiny spread for their size count as constant; weights belong to both."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 4))
    y, weights = X[:, 0].copy(), np.ones(40)
    y[0], weights[0] = 1e9, 1e-20
    network = PenalizedMLPRegressor((3,), random_state=0, alpha=1e-3, direct_links=False)
    model = OBSMLPRegressor(network, random_state=0).fit(X, y, weights)
    assert model.score(X[1:], y[1:]) > 0.98


def test_an_estimator_that_takes_no_weights_is_named(iris):
    class Unweighted(PenalizedMLPClassifier):
        def fit(self, X, y):
            return super().fit(X, y)

    X, y = iris
    with pytest.raises(ValueError, match="Unweighted does not accept sample_weight"):
        OBSMLPClassifier(Unweighted()).fit(X, y, sample_weight=np.ones(len(y)))


@pytest.mark.parametrize("frozen", [False, True])
def test_a_network_that_did_not_converge_is_pruned_with_a_warning(iris, frozen):
    X, y = iris
    estimator = MLPClassifier((5,), max_iter=100, learning_rate_init=0.01, random_state=0)
    if frozen:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator = FrozenEstimator(estimator.fit(X, y))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = OBSMLPClassifier(estimator).fit(X, y)
    messages = [str(warning.message) for warning in caught]
    assert all(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    assert len(messages) == (1 if frozen else 2)  # (A network that is trained here says so, too.)
    assert sum("assumes a minimum" in text and "first-order" in text for text in messages) == 1
    assert model.score(X, y) > 0.6


def test_penalized_mlp_warns_when_max_iter_is_reached(iris):
    X, y = iris
    with pytest.warns(ConvergenceWarning, match="max_iter=3 iterations.*Raise max_iter"):
        PenalizedMLPClassifier(max_iter=3, random_state=0, alpha=1e-3, direct_links=False).fit(X, y)


def test_penalized_mlp_refuses_what_does_not_go_together(iris):
    X, y = iris
    for parameters, target, message in [
        ({"out_activation": "tanh"}, y, "out_activation='tanh' does not go with loss='log_loss'"),
        (
            {"out_activation": "softmax", "loss": "squared_error"},
            y,
            r"one of \['identity', 'logistic', 'tanh'\]",
        ),
        (
            {},
            (y > 0).astype(object),
            r"Unknown label type: unknown, of dtype object.*astype\(str\)",
        ),
        ({"out_activation": "softmax"}, y > 0, "needs more than two exclusive classes"),
        ({"hidden_layer_sizes": (3, 0)}, y, "integers of at least 1"),
        ({"hidden_layer_sizes": (2.5,)}, y, "integers of at least 1"),
        ({"hidden_layer_sizes": [[1], [2]]}, y, r"got \[\[1\], \[2\]\]. Give a single integer"),
        ({"hidden_layer_sizes": [1, [2, 3]]}, y, r"got \[1, \[2, 3\]\]. Give a single integer"),
        ({"hidden_layer_sizes": [True]}, y, "integers of at least 1"),
    ]:
        with pytest.raises(ValueError, match=message):
            PenalizedMLPClassifier(**parameters).fit(X, target)
    with pytest.raises(ValueError, match="needs targets of at least 0, got -1"):
        PenalizedMLPRegressor(loss="poisson", alpha=1e-3, direct_links=False).fit(X, y - 1)
    with pytest.raises(ValueError, match="use the regressor for continuous targets"):
        PenalizedMLPClassifier(alpha=1e-3, direct_links=False).fit(X, np.linspace(0, 1, len(y)))


# ---- interruption and progress --------------------------------------------------------------


def test_interrupt_leaves_an_earlier_fit_whole(iris, small, monkeypatch):
    X, y = iris
    model = OBSMLPClassifier(small).fit(X, y)
    before = model.predict_proba(X)

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("skprune.neural_network._obs.plan.prune", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X.iloc[:, :2], y)
    assert model.n_features_in_ == 4
    np.testing.assert_array_equal(model.predict_proba(X), before)
    new = OBSMLPClassifier(small)
    with pytest.raises(KeyboardInterrupt):
        new.fit(X, y)
    assert not [name for name in vars(new) if name.endswith("_")]


class Counting:
    """A callback that counts tasks, stops or fails after so many deletions."""

    def __init__(self, stop_after=np.inf, fail_after=np.inf):
        self.stop_after, self.fail_after = stop_after, fail_after
        self.n_deletions, self.ended = 0, []

    def setup(self, estimator, context):
        self.is_torn_down = False

    def teardown(self, estimator, context):
        self.is_torn_down = True

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)
        self.n_deletions += context.task_name == "deletion"
        if self.n_deletions >= self.fail_after:
            raise RuntimeError("no more")
        return self.n_deletions >= self.stop_after


@needs_callbacks
def test_callbacks_see_every_deletion(iris, small):
    X, y = iris
    callback = Counting()
    model = OBSMLPClassifier(small, random_state=0).set_callbacks(callback).fit(X, y)
    assert callback.n_deletions == len(model.path_["n_weights"])
    assert callback.ended[-2:] == ["start", "fit"]
    assert callback.is_torn_down


@needs_callbacks
def test_callbacks_stop_the_pruning(iris, small):
    X, y = iris
    model = OBSMLPClassifier(small).set_callbacks(Counting(stop_after=3)).fit(X, y)
    assert model.stopped_by_ == "callback"
    assert len(model.path_["n_weights"]) == 3


@needs_callbacks
def test_a_failing_callback_leaves_no_half_fitted_estimator(iris, small):
    X, y = iris
    callback = Counting(fail_after=2)
    model = OBSMLPClassifier(small).set_callbacks(callback)
    with pytest.raises(RuntimeError, match="no more"):
        model.fit(X, y)
    assert callback.is_torn_down
    assert not hasattr(model, "coefs_")


def test_verbose_prints_a_line_a_block(iris, small, capsys):
    X, y = iris
    OBSMLPClassifier(small, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 deletions, 26 weights left, loss = ")


@needs("1.7", "the HTML, to which an estimator can add,")
def test_notebooks_show_the_fitted_network(iris, small):
    X, y = iris
    model = OBSMLPClassifier(small)
    assert "<svg" not in model._repr_html_().split("</style>")[-1]
    drawn = model.fit(X, y)._repr_html_()
    assert drawn.count("<svg") == 1
    assert "petal width" in drawn


def test_xor_survives_pruning():
    X, y = make_xor()
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), alpha=1e-4, direct_links=False), n_init=10, random_state=0
    ).fit(X, y)
    assert model.score(X, y) == 1
    assert model.n_weights_ < 9


def test_sparse_inputs_that_may_not_be_written_to(iris):
    """Products of sparse matrices have unsorted indices; workers see read-only arrays."""
    rng = np.random.default_rng(0)
    X = sparse.csr_matrix(np.eye(30)[rng.integers(0, 30, 90)] + np.eye(30)[rng.integers(0, 30, 90)])
    X.indices = X.indices.copy()
    for start, stop in zip(X.indptr, X.indptr[1:]):
        X.indices[start:stop] = X.indices[start:stop][::-1].copy()
    X.has_sorted_indices = X.has_canonical_format = False
    indices = X.indices.copy()
    for array in (X.data, X.indices, X.indptr):
        array.flags.writeable = False
    y = np.asarray(X[:, :15].sum(axis=1)).ravel() > 0
    trainer = PenalizedMLPClassifier((1,), alpha=0.1, random_state=0, direct_links=False)
    model = OBSMLPClassifier(trainer, n_weights=20).fit(X, y)
    np.testing.assert_array_equal(X.indices, indices)
    dense = OBSMLPClassifier(trainer, n_weights=20).fit(X.toarray(), y)
    np.testing.assert_allclose(model.predict_proba(X), dense.predict_proba(X.toarray()), atol=1e-3)


def test_the_most_probable_class_is_the_one_predicted():
    """Outputs of squared-error networks go beyond their targets where inputs are far out."""
    X, y = load_iris(return_X_y=True)
    model = PenalizedMLPClassifier(
        (), loss="squared_error", out_activation="identity", alpha=1e-3, direct_links=False
    )
    model.fit(scale(X), y)
    far = np.random.default_rng(0).normal(0.0, 5.0, (500, 4))
    outputs = far @ model.coefs_[0] + model.intercepts_[0]
    assert (outputs > 1.0).sum(axis=1).max() > 1
    probabilities = model.predict_proba(far)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(far))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_warnings_of_unfinished_training_name_its_own_cure(iris):
    X, y = iris
    network = PenalizedMLPClassifier(
        (3,), max_iter=3, random_state=0, alpha=1e-3, direct_links=False
    )
    with (
        pytest.warns(ConvergenceWarning, match="Raise max_iter or tol, scale"),
        pytest.warns(ConvergenceWarning, match="assumes a minimum.*Raise its max_iter"),
    ):
        OBSMLPClassifier(network).fit(X, y)
    stopped = MLPClassifier((3,), early_stopping=True, random_state=0)
    with pytest.warns(ConvergenceWarning, match="did not converge.*turn early_stopping off"):
        OBSMLPClassifier(stopped).fit(X, y)


def test_validation_refuses_continuous_classes_as_other_rules_do(iris):
    X, _ = iris
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        OBSMLPClassifier(stopping="validation").fit(X, X.iloc[:, 0])


@pytest.mark.parametrize("method", ["round_weights", "swap_weights"])
def test_samples_that_the_network_was_not_trained_on_are_noticed(iris, method):
    X, y = iris
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=0.1, random_state=0, direct_links=False)
    ).fit(X, y)
    parameters = {"decimals": 2, "threshold": None} if method == "round_weights" else {}
    with pytest.warns(UserWarning, match=r"that of a constant 1\.1.*pipeline\[:-1\].transform"):
        getattr(model, method)(100.0 * X + 50.0, y, **parameters)


@pytest.mark.parametrize("curvature", ["recursion", "hessian"])
def test_the_algorithm_of_1993_by_name(iris, small, curvature):
    """The recursion gives the path of the exact form; the Hessian one of its own."""
    X, y = iris
    frozen = FrozenEstimator(small.fit(X, y))
    paths = [
        OBSMLPClassifier(frozen, criterion=criterion, n_weights=15, retrain="never").fit(X, y).path_
        for criterion in (
            OBS(linearize=1, first_order=False, damping=1e-4, curvature=form)
            for form in ("exact", curvature)
        )
    ]
    assert paths[0]["n_weights"][-1] == paths[1]["n_weights"][-1] == 15
    if curvature == "recursion":
        np.testing.assert_array_equal(paths[0]["index"], paths[1]["index"])
        np.testing.assert_allclose(paths[0]["loss"], paths[1]["loss"], rtol=1e-6)
    else:
        assert np.abs(paths[0]["saliency"][0] - paths[1]["saliency"][0]) > 0


def test_criteria_are_searched_like_parameters(iris, small):
    """The constants of a criterion are found, set and cloned by name."""
    X, y = iris
    model = OBSMLPClassifier(small, criterion=OBS(), n_weights=15)
    model.set_params(criterion__damping=1e-3, criterion__linearize=2)
    copied = clone(model)
    assert copied.criterion is not model.criterion
    assert copied.get_params()["criterion__damping"] == 1e-3
    assert copied.fit(X, y).n_weights_ == 15


@pytest.mark.parametrize("name, criterion", [("obs", OBS), ("obd", OBD), ("magnitude", Magnitude)])
def test_a_string_is_the_criterion_with_its_defaults(iris, small, name, criterion):
    X, y = iris
    named, given = (
        OBSMLPClassifier(small, criterion=c, n_weights=15).fit(X, y) for c in (name, criterion())
    )
    for one, other in zip(named.coefs_, given.coefs_):
        np.testing.assert_array_equal(one, other)
