"""Models written as ONNX predict in ONNX Runtime what the estimators predict."""

import sys

import numpy as np
import pytest
import test_export_models
import test_export_pipeline
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skprune import OBSMLPRegressor, PenalizedMLPRegressor
from skprune.inspection import export_onnx

onnx = pytest.importorskip("onnx", reason="onnx is not installed (skprune[onnx])")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (skprune[onnx])")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def run(model, X):
    """Outputs by name, for raw rows."""
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64}
    feeds = {}
    for given in session.get_inputs():
        if given.name == "X":
            feeds["X"] = np.asarray(X, dtype=kinds[given.type])
        elif given.type == "tensor(string)":
            words = X[given.name].where(X[given.name].notna(), "").to_numpy(dtype=object)
            feeds[given.name] = words.astype(str).astype(object)[:, None]
        else:
            feeds[given.name] = X[[given.name]].to_numpy(dtype=kinds[given.type])
    return dict(zip([out.name for out in session.get_outputs()], session.run(None, feeds)))


@pytest.mark.parametrize(("dtype", "accuracy"), [("double", 1e-9), ("float", 1e-5)])
@pytest.mark.parametrize("which", test_export_pipeline.PIPELINES)
def test_pipelines_take_raw_rows(which, dtype, accuracy):
    model, X, expected = test_export_pipeline.fitted(which)
    written = export_onnx(model, dtype=dtype)
    if written.graph.input[0].name == "X":  # columns of words that are not in use
        X = X.assign(job=0.0, region=0.0).astype(float)
    found = run(written, X)
    scale = max(1.0, np.abs(expected).max())
    if "values" in found:
        np.testing.assert_allclose(found["values"], expected, rtol=0, atol=accuracy * scale)
        return
    proba = found["probabilities"]
    assert proba.shape == (len(X), len(model.classes_))
    np.testing.assert_allclose(proba[:, -expected.shape[1] :], expected, rtol=0, atol=accuracy)
    X = test_export_pipeline.fitted(which)[1]
    assert found["label"].tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("task", test_export_models.TASKS)
def test_whatever_predicts_can_be_written(task):
    model, expected = test_export_models.fitted(task)
    X = test_export_models.X
    found = run(export_onnx(model, dtype="double"), X)
    name = next(name for name in ("values", "scores", "probabilities") if name in found)
    outputs = found[name]
    if outputs.shape != expected.shape:
        assert outputs.shape[1] == 2
        outputs = outputs[:, 1:]
    np.testing.assert_allclose(outputs, expected, rtol=1e-7, atol=1e-7)
    y = model.predict(X)
    if "label" in found:
        np.testing.assert_array_equal(found["label"], y)


def test_several_outputs_keep_their_shape():
    X = np.random.default_rng(0).normal(size=(200, 4))
    model = PenalizedMLPRegressor((3,), alpha=0.1, random_state=0).fit(X, X[:, :3])
    written = export_onnx(model)
    assert run(written, X)["values"].shape == (200, 3)
    assert [d.dim_value for d in written.graph.output[0].type.tensor_type.shape.dim] == [0, 3]


def test_pruned_weights_are_stored_as_sparse_constants():
    X = np.random.default_rng(0).normal(size=(200, 30))
    network = PenalizedMLPRegressor((20,), alpha=0.1, direct_links=False, max_iter=300)
    model = OBSMLPRegressor(
        network, criterion="magnitude", n_weights=60, retrain="never", random_state=0
    ).fit(X, X[:, 0] * X[:, 1])
    written = export_onnx(model)
    assert len(written.graph.sparse_initializer) >= 1
    np.testing.assert_allclose(run(written, X)["values"][:, 0], model.predict(X), atol=1e-4)
    dense = PenalizedMLPRegressor((3,), alpha=0.1, random_state=0).fit(X, X[:, 0])
    assert not export_onnx(dense).graph.sparse_initializer


FUNCTIONS = [np.log1p, np.log2, np.log10, np.expm1, np.exp2, np.sqrt, np.cbrt, np.square, np.abs,
             np.arctan, np.arcsinh, np.sinh, np.cosh, np.sin, np.cos, np.tan, np.tanh, np.floor,
             np.ceil, np.rint, np.log, np.exp]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_functions_are_known(function):
    X = np.linspace(0.1, 2.4, 30)[:, None]
    network = MLPRegressor(hidden_layer_sizes=(), max_iter=5, random_state=0)
    model = make_pipeline(FunctionTransformer(function), network).fit(X, X[:, 0])
    np.testing.assert_allclose(
        run(export_onnx(model), X)["values"][:, 0], model.predict(X), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"], [True, False, True], [2, 1, 1]])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_labels_keep_their_type_and_missing_values_their_answer(labels, activation):
    X, y = load_iris(return_X_y=True)
    y = np.array(labels)[y]
    model = MLPClassifier((4,), activation=activation, max_iter=30, random_state=0).fit(X, y)
    rows = X.copy()
    rows[1, 2] = np.nan
    found = run(export_onnx(model), rows)
    assert np.isnan(found["probabilities"][1]).all()
    whole = np.arange(len(X)) != 1
    np.testing.assert_array_equal(found["label"][whole], model.predict(X)[whole])
    np.testing.assert_allclose(
        found["probabilities"][whole], model.predict_proba(X)[whole], atol=1e-5
    )


def test_a_network_of_no_inputs_gives_one_row_a_row():
    X, y = load_iris(return_X_y=True)
    model = PenalizedMLPRegressor((2,), alpha=0.1, random_state=0).fit(X, y)
    for part in (*model.coefs_, model.direct_coef_):
        part[...] = 0.0
    found = run(export_onnx(model), X)["values"]
    np.testing.assert_allclose(found[:, 0], model.predict(X), atol=1e-5)


def test_refusals(monkeypatch):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match="LogisticRegression holds no layered"):
        export_onnx(LogisticRegression(max_iter=1000).fit(X, y))
    model = MLPRegressor(hidden_layer_sizes=(), max_iter=5).fit(X, y)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"needs onnx.*pip install 'skprune\[onnx\]'"):
        export_onnx(model)
