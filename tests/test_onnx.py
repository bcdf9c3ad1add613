"""A compact MLP goes through skl2onnx and ONNX Runtime with the same predictions."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)

skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed (skprune[onnx])")
runtime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (skprune[onnx])")


def run(mlp, X):
    options = {"zipmap": False} if hasattr(mlp, "classes_") else None
    model = skl2onnx.to_onnx(mlp, X[:1], options=options)
    session = runtime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": X})


@pytest.mark.parametrize("labels", [[0, 1, 2], [0, 0, 1], ["a", "b", "c"]])
@pytest.mark.parametrize("n_weights", [0, 2, 14])
def test_classifiers(iris, labels, n_weights):
    X, y = iris
    y = np.array(labels)[y]
    network = PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False)
    model = OBSMLPClassifier(network, n_weights=n_weights, random_state=0).fit(X, y)
    predicted, probabilities = run(model.to_mlp(), X)
    np.testing.assert_array_equal(predicted, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-10)


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("hidden", [(), (3,), (4, 3)])
def test_regressors(iris, n_outputs, hidden):
    X, _ = iris
    y = (X[:, :n_outputs] ** 2).squeeze()
    network = PenalizedMLPRegressor(hidden, alpha=0.1, max_iter=5000, direct_links=False)
    model = OBSMLPRegressor(network, threshold=0.2, random_state=0).fit(X, y)
    (values,) = run(model.to_mlp(), X)
    expected = model.predict(X).reshape(len(X), n_outputs)
    # skl2onnx gives several outputs as one column (see the guide).
    np.testing.assert_allclose(values.reshape(len(X), n_outputs), expected, atol=1e-10)


def test_several_labels_in_single_precision():
    X, Y = make_multilabel_classification(80, n_classes=3, random_state=0)
    X = scale(X).astype(np.float32)
    network = PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False)
    model = OBSMLPClassifier(network, random_state=0).fit(X, Y)
    predicted, probabilities = run(model.to_mlp(), X)
    np.testing.assert_array_equal(predicted, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)


def test_a_pipeline_goes_as_a_whole():
    X, y = load_iris(return_X_y=True)
    pruning = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False), random_state=0
    )
    pipeline = make_pipeline(StandardScaler(), pruning).fit(X, y)
    plain = make_pipeline(*pipeline[:-1], pipeline[-1].to_mlp())
    _, probabilities = run(plain, X)
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(X), atol=1e-10)


def test_what_the_converter_does_not_know(iris):
    """The documentation says so; when this fails it has to be changed."""
    X, _ = iris
    network = PenalizedMLPRegressor((3,), loss="poisson", alpha=0.1, direct_links=False)
    model = OBSMLPRegressor(network, random_state=0).fit(X, np.abs(X[:, 0]).round())
    with pytest.raises(KeyError, match="exp"):
        run(model.to_mlp(), X)
