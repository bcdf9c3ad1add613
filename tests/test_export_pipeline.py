"""Whole pipelines in C, NumPy and equations: raw rows in, the pipeline's predictions out."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from compiling import needs_compiler, run_c
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skprune.inspection import export_c, export_numpy, export_text

JOBS = ["clerk", "miner", "night watch", 'nurse, "n.a."', "Fährmann??/"]
REGIONS = ["north", "south"]


def table(n=120, seed=0, missing=False):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.uniform(17, 90, n).round(1),
            "job": rng.choice(JOBS, n, p=[0.4, 0.3, 0.2, 0.06, 0.04]),
            "income": np.exp(rng.normal(7, 1, n)).round(2),
            "region": rng.choice(REGIONS, n),
            "year": rng.integers(1990, 2026, n).astype(float),
            "grade": rng.integers(1, 4, n),
        }
    )
    y = np.log(X.income) + (X.job == "miner") - X.age / 30 + (X.grade == 2) * (X.region == "south")
    if missing:
        for name in ("age", "job", "income"):
            X.loc[rng.random(n) < 0.15, name] = np.nan
    return X.astype({"job": object, "region": object}), y.to_numpy()


def network(task, **how):
    """A trained network, with weights of all sizes; how well it predicts does not matter."""
    kind = MLPRegressor if task == "value" else MLPClassifier
    return kind(
        hidden_layer_sizes=(4,), **{"activation": "tanh", "max_iter": 60, "random_state": 0} | how
    )


def pipeline(which):
    """A pipeline, whether rows have missing values, and what it predicts."""
    numbers, words = ["age", "income", "year"], ["job", "region"]
    task, missing = "two", False
    if which == "scaled numbers":
        steps = ColumnTransformer(
            [
                ("a", StandardScaler(), ["age", "year"]),
                ("b", make_pipeline(FunctionTransformer(np.log1p), RobustScaler()), ["income"]),
                ("c", MinMaxScaler(clip=True), ["grade"]),
            ]
        )
    elif which == "words":
        task = "three"
        steps = make_column_transformer(
            (StandardScaler(), numbers),
            (OneHotEncoder(drop="if_binary", handle_unknown="ignore", sparse_output=False), words),
            (OneHotEncoder(), ["grade"]),
            remainder="drop",
        )
    elif which == "rare words":
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=0.15, sparse_output=False
        )
        steps = make_column_transformer(
            (encoder, words), (MaxAbsScaler(), numbers), verbose_feature_names_out=False
        ).set_output(transform="pandas")
    elif which == "missing values":
        missing = True
        steps = ColumnTransformer(
            [
                ("n", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
                (
                    "w",
                    make_pipeline(
                        SimpleImputer(strategy="most_frequent"), OrdinalEncoder(), MinMaxScaler()
                    ),
                    words,
                ),
            ],
            remainder="passthrough",
        )
    elif which == "bins":
        missing = True
        bins = {"strategy": "uniform"}
        steps = make_column_transformer(
            (
                make_pipeline(SimpleImputer(strategy="median"), KBinsDiscretizer(4, **bins)),
                ["age", "income"],
            ),
            (KBinsDiscretizer(3, encode="ordinal", **bins), ["year"]),
            (OneHotEncoder(), ["job"]),  # missing is a category
        )
    else:
        task = "value"
        steps = FeatureUnion(
            [
                ("few", make_pipeline(_picked(numbers), StandardScaler(), SelectKBest(k=2))),
                ("code", make_pipeline(_picked(["region"]), OrdinalEncoder())),
            ]
        )
    model = network(task)
    if which == "scaled target":
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    if which == "scaled target":
        model = TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp)
    return make_pipeline(steps, model), missing, task


def _picked(columns):
    return make_column_transformer(("passthrough", columns))


PIPELINES = ["scaled numbers", "words", "rare words", "missing values", "bins", "scaled target"]


def fitted(which):
    """A fitted pipeline, new raw rows, and its outputs for them."""
    model, missing, task = pipeline(which)
    X, y = table(missing=missing)
    if task == "two":
        y = np.where(y > np.median(y), "good", "bad")
    elif task == "three":
        y = np.array(["low", "middle", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))]
    else:
        y = y - y.min() + 1.0
    with np.errstate(all="ignore"):
        model.fit(X, y)
    Z, _ = table(seed=1, missing=missing)
    # In single precision, too, the rows are what they are.
    Z = Z.astype({"age": np.float32, "income": np.float32}).astype({"age": float, "income": float})
    if task == "value":
        return model, Z, model.predict(Z)[:, None]
    proba = model.predict_proba(Z)
    return model, Z, proba[:, 1:] if task == "two" else proba


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("which", PIPELINES)
def test_numpy_source_takes_raw_rows(which):
    model, X, expected = fitted(which)
    module = {}
    exec(compile(export_numpy(model), "model.py", "exec"), module)
    for rows in (X, X.to_numpy(dtype=object)):
        np.testing.assert_allclose(module["predict"](rows), expected, rtol=1e-10, atol=1e-10)
    if hasattr(model, "predict_proba"):
        assert (module["predict_class"](X) == model.predict(X)).all()


@needs_compiler
@pytest.mark.parametrize(("dtype", "accuracy"), [("double", 1e-10), ("float", 1e-5)])
@pytest.mark.parametrize("which", PIPELINES)
def test_compiled_c_takes_raw_rows(which, dtype, accuracy, tmp_path):
    model, X, expected = fitted(which)
    source = export_c(model, dtype=dtype)
    header = export_c(model, dtype=dtype, header=True)
    words = [j for j in (1, 3) if f"predict_words_{j}" in source]
    outputs, labels = run_c(
        source, header, X, expected.shape[1], tmp_path, dtype=dtype, words=words
    )
    scale = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=accuracy * scale)
    if hasattr(model, "predict_proba"):
        assert labels == model.predict(X).tolist()


@needs_compiler
@pytest.mark.parametrize("layout", ["unrolled", "dense", "sparse"])
@pytest.mark.parametrize("which", ["words", "missing values", "scaled numbers"])
def test_layouts_are_the_same_function(which, layout, tmp_path):
    model, X, expected = fitted(which)
    source = export_c(model, layout=layout)
    words = [j for j in (1, 3) if f"predict_words_{j}" in source]
    header = export_c(model, header=True)
    outputs, _ = run_c(source, header, X, expected.shape[1], tmp_path, words=words)
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-10)


def test_equations_are_in_raw_units():
    X, y = table()
    steps = make_column_transformer((StandardScaler(), ["age", "year"]), (OneHotEncoder(), ["job"]))
    model = make_pipeline(
        steps, MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=2000)
    ).fit(X, y)
    text = " ".join(export_text(model, decimals=12).split())
    values = {"age": X.age, "year": X.year}
    for job in JOBS:
        text = text.replace(f"[job == {job}]", f"j{JOBS.index(job)}")
        values[f"j{JOBS.index(job)}"] = X.job == job
    found = eval(text.removeprefix("y = "), {}, values)
    np.testing.assert_allclose(found, model.predict(X), atol=1e-6)
    assert "year" in text and "[" not in text


def test_small_weights_in_raw_units_are_no_zeros():
    X, y = table()
    model = make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", max_iter=2000)
    )
    text = export_text(model.fit(X[["income"]] * 1e4, y))
    weight = float(re.search(r"([\d.e-]+)\*income", text)[1])
    exact = model[-1].coefs_[0][0, 0] / model[0].scale_[0]
    assert 0 < weight == pytest.approx(exact, rel=0.05)


def test_numbers_far_from_zero_are_centred():
    """A year is known to a tenth of a millisecond; as 1e9 times a weight it would not be."""
    rng = np.random.default_rng(0)
    X = 1.7e9 + rng.uniform(0, 1, (200, 1))
    model = make_pipeline(StandardScaler(), network("value")).fit(X, np.sin(6 * X[:, 0]))
    module = {}
    exec(export_numpy(model), module)
    np.testing.assert_allclose(module["predict"](X)[:, 0], model.predict(X), atol=1e-9)


def test_steps_last_says_what_is_missing():
    model, X, _ = fitted("scaled numbers")
    module = {}
    for source in (export_numpy(model, steps="last"), export_c(model, steps="last")):
        assert "steps that are not in here (ColumnTransformer)" in source
        assert "Raw values give wrong answers" in source
    exec(export_numpy(model, steps="last"), module)
    inside = model[:-1].transform(X)
    expected = model.predict_proba(X)[:, 1:]
    np.testing.assert_allclose(module["predict"](inside), expected, atol=1e-10)
    assert export_text(model, steps="last").startswith("(inputs as they come out of Column")
    whole = export_c(model)
    assert "Raw values go in: scaling and encoding are part of the source" in whole
    assert "x[2]: income" in whole and "x[1]" not in whole


class Doubled(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return 2 * np.asarray(X)


class Quiet(StandardScaler):
    """A subclass could do anything."""


def half(X):
    return X / 2


@pytest.mark.parametrize(
    ("step", "named"),
    [
        (PCA(2), "PCA"),
        (Doubled(), "Doubled"),
        (Quiet(), "Quiet"),
        (FunctionTransformer(half), r"FunctionTransformer\(half\)"),
        (QuantileTransformer(n_quantiles=5), "QuantileTransformer"),
        (FeatureUnion([("a", StandardScaler())], transformer_weights={"a": 2.0}), "FeatureUnion"),
    ],
)
@pytest.mark.parametrize("export", [export_c, export_numpy, export_text])
def test_what_cannot_be_written_is_refused_by_name(step, named, export):
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = make_pipeline(StandardScaler(), step, network("value")).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=rf"{named}.* cannot be written.*Use steps='last'"):
        export(model)
    assert export(model, steps="last")
    if not isinstance(step, FeatureUnion | Doubled | Quiet):
        return
    target = TransformedTargetRegressor(network("value"), transformer=QuantileTransformer(
        n_quantiles=5))  # fmt: skip
    with pytest.raises(ValueError, match="QuantileTransformer, which transforms the target"):
        export(target.fit(X, X[:, 0]))


def test_searches_frozen_and_nested_pipelines_are_opened():
    X, y = table()
    X = X[["age", "income"]]
    inner = make_pipeline(FunctionTransformer(np.sqrt), VarianceThreshold())
    model = Pipeline([("before", inner), ("scale", StandardScaler()), ("net", network("value"))])
    search = GridSearchCV(model, {"net__alpha": [0.1, 1.0]}, cv=2)
    outer = TransformedTargetRegressor(search, transformer=MinMaxScaler()).fit(X, y)
    for estimator in (outer, FrozenEstimator(outer)):
        module = {}
        exec(export_numpy(estimator), module)
        np.testing.assert_allclose(module["predict"](X)[:, 0], outer.predict(X), atol=1e-10)
    pair = TransformedTargetRegressor(
        network("value"), transformer=make_pipeline(StandardScaler(), RobustScaler())
    ).fit(X, np.c_[y, -2 * y])
    module = {}
    exec(export_numpy(pair), module)
    np.testing.assert_allclose(module["predict"](X), pair.predict(X), atol=1e-10)


def test_values_that_the_pipeline_refuses_are_told():
    model, X, _ = fitted("bins")
    module = {}
    exec(export_numpy(model), module)
    odd = X.assign(job="pilot")
    with pytest.raises(ValueError, match="unknown value 'pilot'"):
        module["predict"](odd)
    late = X.assign(year=np.nan)
    with pytest.raises(ValueError, match="a value is missing that nothing fills"):
        module["predict"](late)


@needs_compiler
def test_values_that_the_pipeline_refuses_are_nan_in_c(tmp_path):
    model, X, expected = fitted("bins")
    rows = X.iloc[:4].copy()
    rows.iloc[1, 1] = "pilot"
    rows.iloc[2, 4] = np.nan
    how = {"words": [1]}
    found, labels = run_c(export_c(model), export_c(model, header=True), rows, 1, tmp_path, **how)
    assert np.isnan(found[:, 0]).tolist() == [False, True, True, False]
    assert labels[1] == labels[2] == "none" and labels[0] in ("good", "bad")
    np.testing.assert_allclose(found[[0, 3]], expected[[0, 3]], atol=1e-10)


@needs_compiler
@pytest.mark.parametrize("activation", ["relu", "logistic", "tanh", "identity"])
def test_missing_values_that_nothing_fills_stay_missing(activation, tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = network("two", activation=activation).fit(X, X[:, 0] > 0)
    found, labels = run_c(
        export_c(model), export_c(model, header=True), [[math.nan, 1.0], [0.5, 1.0]], 1, tmp_path
    )
    assert np.isnan(found[0, 0]) and labels[0] == "none"
    assert found[1, 0] == pytest.approx(model.predict_proba([[0.5, 1.0]])[0, 1], abs=1e-10)


def test_columns_that_are_not_read_may_be_anything():
    X, y = table()
    steps = make_column_transformer(
        (StandardScaler(), ["age", "income"]), (OneHotEncoder(), ["job"])
    )
    model = make_pipeline(steps, network("value")).fit(X, y)
    model[-1].coefs_[0][1:] = 0.0
    module = {}
    exec(export_numpy(model), module)
    rows = X.assign(income=np.nan, job="pilot").to_numpy(dtype=object)
    np.testing.assert_allclose(module["predict"](rows)[:, 0], model.predict(X), atol=1e-10)
    assert "reads 1 of 6 inputs" in export_c(model)
