"""Whatever predicts can be written: perceptrons, mixtures, cascades, several outputs, counts."""

import numpy as np
import pytest
from compiling import needs_compiler, run_c
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skprune import (
    LPMLPClassifier,
    LPPerceptronClassifier,
    LPPerceptronClassifierCV,
    LPPerceptronRegressor,
    OBSMLPClassifier,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    SplittingGaussianMixture,
    SplittingGaussianMixtureClassifier,
)
from skprune.inspection import export_c, export_numpy, export_text

X, Y = load_iris(return_X_y=True)


def fitted(task):
    """A model and its outputs for X."""
    if task.startswith("perceptron"):
        y = {"two": Y > 0, "three": Y, "labels": np.c_[Y > 0, Y == 1, X[:, 0] > 6].astype(int)}
        model = LPPerceptronClassifier().fit(X, y[task.split()[1]])
        return model, model.decision_function(X).reshape(len(X), -1)
    if task == "C chosen":
        model = LPPerceptronClassifierCV(cv=3).fit(X, Y > 0)
        return model, model.decision_function(X)[:, None]
    if task.startswith("saturating"):
        y = np.c_[np.clip(X[:, 0], 5, 7), np.clip(X[:, 1], 2.5, 3.5)]
        limits = {"both": "auto", "low": (2.5, np.inf), "high": (-np.inf, 7.0),
                  "none": (-np.inf, np.inf)}[task.split()[1]]  # fmt: skip
        model = LPPerceptronRegressor(C=10.0, limits=limits).fit(X, y)
        return model, model.predict(X)
    if task in ("spherical", "diag", "tied", "full"):
        model = SplittingGaussianMixture(covariance_type=task, random_state=0).fit(X)
        return model, model.predict_proba(X)
    if task == "scikit-learn's mixture":
        model = GaussianMixture(3, random_state=0).fit(X)
        return model, model.predict_proba(X)
    if task == "mixtures of classes":
        model = SplittingGaussianMixtureClassifier().fit(X, Y)
        return model, model.predict_proba(X)
    if task == "mixtures of scaled classes":
        model = make_pipeline(StandardScaler(), SplittingGaussianMixtureClassifier()).fit(X, Y)
        return model, model.predict_proba(X)
    if task == "cascade":
        how = {"structure": "cascade", "n_hidden": 6, "random_state": 0}
        model = LPMLPClassifier(**how).fit(X[:100], Y[:100] + (X[:100, 0] > 5.5))
        return model, model._scored(model._net_outputs(X))
    if task == "direct links":
        model = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0).fit(X, Y)
        assert model.direct_coef_.any()
        return model, model.predict_proba(X)
    if task == "counts":
        model = PenalizedMLPRegressor((2,), alpha=0.1, loss="poisson", random_state=0)
        model.fit(X, X[:, 3].round())
        return model, model.predict(X)[:, None]
    if task == "several":
        model = PenalizedMLPRegressor((2,), alpha=0.1, random_state=0, max_iter=10_000).fit(
            X, X[:, :3]
        )
        return model, model.predict(X)
    model = OBSMLPClassifier(PenalizedMLPClassifier((2,), alpha=0.1), random_state=0)
    _, labels = make_multilabel_classification(150, 4, n_classes=3, random_state=0)
    return model.fit(X, labels), model.predict_proba(X)


TASKS = ["C chosen",
         "perceptron two", "perceptron three", "perceptron labels", "saturating both",
         "saturating low", "saturating high", "saturating none", "spherical", "diag", "tied",
         "full", "scikit-learn's mixture", "mixtures of classes", "mixtures of scaled classes",
         "cascade", "direct links", "counts", "several", "labels"]  # fmt: skip


@pytest.mark.parametrize("task", TASKS)
def test_numpy_source_gives_the_outputs_and_labels(task):
    model, expected = fitted(task)
    module = {}
    exec(compile(export_numpy(model), "model.py", "exec"), module)
    found = module["predict"](X)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    y = model.predict(X)
    if "predict_class" in module:
        np.testing.assert_array_equal(module["predict_class"](X), y)
    elif "perceptron" in task:
        np.testing.assert_array_equal(found > 0, y)
    elif task == "labels":
        np.testing.assert_array_equal(found > 0.5, y)
    else:
        np.testing.assert_allclose(found.reshape(y.shape), y, atol=1e-9)


@needs_compiler
@pytest.mark.parametrize(
    ("task", "dtype", "accuracy"),
    [(task, "double", 1e-9) for task in TASKS]
    + [(task, "float", 2e-4) for task in ("saturating both", "mixtures of classes", "cascade")],
)
def test_compiled_c_gives_the_outputs_and_labels(task, dtype, accuracy, tmp_path):
    model, expected = fitted(task)
    found, labels = run_c(
        export_c(model, dtype=dtype), export_c(model, dtype=dtype, header=True), X,
        expected.shape[1], tmp_path, dtype=dtype,
    )  # fmt: skip
    size = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=accuracy * size)
    if any(labels) and dtype == "double":
        assert labels == list(map(str, model.predict(X)))


@pytest.mark.parametrize("task", TASKS)
def test_equations_say_what_outputs_are(task):
    model, expected = fitted(task)
    lines = [line for line in export_text(model).splitlines() if not line.startswith(" ")]
    start = "y" if task in ("counts", "several") or "saturating" in task else "score("
    if task in ("direct links", "labels") or "mixture" in task or "clas" in task:
        start = ("s(", "P(")
    if task in ("spherical", "diag", "tied", "full"):
        start = "s(component"
    outputs = [line for line in lines if line.startswith(start)]
    assert len(outputs) == expected.shape[1]


def test_units_keep_their_numbers_in_all_texts():
    model, _ = fitted("several")
    model.coefs_[1][0] = 0.0
    assert "h1 = tanh(" in export_text(model) and "h0" not in export_text(model)
    source = export_c(model, layout="unrolled")
    assert "h1_1 = tanh(" in source and "h1_0" not in source


def test_a_classifier_of_other_densities_is_refused():
    model = SplittingGaussianMixtureClassifier(KernelDensity()).fit(X, Y)
    with pytest.raises(TypeError, match="of KernelDensity cannot be written"):
        export_c(model)
