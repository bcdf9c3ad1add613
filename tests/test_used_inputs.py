"""Columns that were pruned away need not be measured."""

import numpy as np
import pandas as pd
import pytest
from compiling import needs_compiler, run_c
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune.inspection import export_c, export_numpy


def data(seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    return X, np.sin(2 * X.c) + X.a


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("direct_links", [False, True])
def test_an_mlp_of_the_used_columns_predicts_the_same(activation, direct_links):
    X, y = data()
    how = {"activation": activation, "direct_links": direct_links, "alpha": 0.1, "max_iter": 3000}
    network = PenalizedMLPRegressor((4,), **how)
    model = OBSMLPRegressor(network, granularity="input", n_inputs=2, random_state=0).fit(X, y)
    used = model.get_support()
    assert used.sum() == 2
    for compact in (True, False):
        mlp = model.to_mlp(compact, inputs="used")
        assert mlp.feature_names_in_.tolist() == X.columns[used].tolist()
        error = np.abs(mlp.predict(X.loc[:, used]) - model.predict(X)).max()
        assert error < (1e-5 if direct_links else 1e-10)


def test_groups_are_used_together_and_classes_stay():
    X, y = data()
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=0.1), granularity="input", n_inputs=1,
        feature_groups={"pair": ["a", "c"]}, random_state=0,
    ).fit(X, np.where(y > 0, "high", "low"))  # fmt: skip
    mlp = model.to_mlp(inputs="used")
    assert mlp.feature_names_in_.tolist() == ["a", "c"]
    assert (mlp.predict(X[["a", "c"]]) == model.predict(X)).all()


def test_other_networks_and_networks_of_nothing():
    X, y = data()
    model = PenalizedMLPRegressor((3,), alpha=0.1, random_state=0).fit(X, y)
    assert model.to_mlp(inputs="used").n_features_in_ == 4
    model.coefs_[0][1] = model.direct_coef_[1] = 0.0
    found = model.to_mlp(inputs="used").predict(X[["a", "c", "d"]])
    np.testing.assert_allclose(found, model.predict(X), atol=1e-5)
    model.coefs_[0][:] = model.direct_coef_[:] = 0.0
    constant = model.to_mlp(inputs="used")
    np.testing.assert_allclose(constant.predict(X[["a"]]), model.predict(X), atol=1e-10)
    with pytest.raises(ValueError, match="inputs must be 'all' or 'used', got 'some'"):
        model.to_mlp(inputs="some")


def pipeline():
    """A pipeline of which two raw columns of five are used, one of them words."""
    X, _ = data()
    X.insert(1, "job", np.resize(["miner", "nurse", "clerk"], len(X)))
    X = X.astype({"job": object})
    steps = make_column_transformer((StandardScaler(), list("abcd")), (OneHotEncoder(), ["job"]))
    network = PenalizedMLPRegressor((2,), alpha=0.1, random_state=0)
    model = make_pipeline(steps, network).fit(X, X.c**2 + (X.job == "miner"))
    for part in (model[-1].coefs_[0], model[-1].direct_coef_):
        part[[0, 1, 3]] = 0.0
    return model, X


def test_numpy_source_of_the_used_columns():
    model, X = pipeline()
    module = {}
    exec(export_numpy(model, only_used_inputs=True), module)
    np.testing.assert_allclose(module["predict"](X[["job", "c"]])[:, 0], model.predict(X))
    exec(export_numpy(model), module)
    lost = X.assign(a=np.nan, b=np.nan, d="lost").to_numpy(dtype=object)
    np.testing.assert_allclose(module["predict"](lost)[:, 0], model.predict(X))


@needs_compiler
def test_c_of_the_used_columns(tmp_path):
    model, X = pipeline()
    source, header = (export_c(model, only_used_inputs=True, header=h) for h in (False, True))
    assert "reads 2 of 2 inputs" in source and "PREDICT_N_INPUTS 2" in header
    found, _ = run_c(source, header, X[["job", "c"]], 1, tmp_path, words=[0])
    np.testing.assert_allclose(found[:, 0], model.predict(X), atol=1e-10)
