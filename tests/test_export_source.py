"""Exported functions, compiled or executed without skprune, give the estimator's predictions."""

import ctypes
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skprune import (
    LPMLPClassifier,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune.inspection import export_c, export_numpy

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
TASKS = ["classes", "two", "labels", "values", "several", "counts", "tanh", "relu", "clip", "deep",
         "linear", "constant", "no input", "saturated", "mlp", "mlp values"]  # fmt: skip


def fitted(task):
    """A model, its inputs and the outputs that its predictions come from."""
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    how = {"random_state": 0}
    classifier = PenalizedMLPClassifier((4,), alpha=0.1, direct_links=False)
    regressor = PenalizedMLPRegressor((4,), alpha=0.1, max_iter=5000, direct_links=False)
    if task == "classes":
        model = OBSMLPClassifier(classifier, **how).fit(X, y)
        return model, X, model.predict_proba(X)
    if task == "two":
        model = OBSMLPClassifier(classifier, **how).fit(X, y == 1)
        return model, X, model.predict_proba(X)[:, 1:]
    if task == "saturated":
        model = OBSMLPClassifier(classifier, **how).fit(X, y == 1)
        return model, 1e4 * X, model.predict_proba(1e4 * X)[:, 1:]
    if task == "labels":
        X, Y = make_multilabel_classification(80, n_classes=3, random_state=0)
        model = OBSMLPClassifier(classifier, **how).fit(scale(X), Y)
        return model, scale(X), model.predict_proba(scale(X))
    if task == "several":
        model = OBSMLPRegressor(regressor, **how).fit(X, np.c_[X[:, 0] ** 2, X[:, 1]])
        return model, X, model.predict(X)
    if task == "tanh":
        network = classifier.set_params(loss="squared_error", out_activation="tanh")
        model = OBSMLPClassifier(network, **how).fit(X, y == 1)
        return model, X, 2 * model.predict_proba(X)[:, 1:] - 1
    if task == "clip":
        model = LPMLPClassifier(random_state=0).fit(X[:100], y[:100])
        hidden = np.clip(X @ model.coefs_[0] + model.intercepts_[0], -1, 1)
        return model, X, (hidden @ model.coefs_[1] + model.intercepts_[1] + 1) / 2
    if task == "deep":
        network = MLPClassifier((5, 4, 3), "logistic", solver="lbfgs", alpha=0.01, max_iter=5000)
        model = OBSMLPClassifier(network, **how).fit(X, y)
        return model, X, model.predict_proba(X)
    if task == "linear":
        model = OBSMLPClassifier(
            PenalizedMLPClassifier((), alpha=0.1, direct_links=False), **how
        ).fit(X, y)
        return model, X, model.predict_proba(X)
    if task == "no input":
        model = OBSMLPClassifier(classifier, granularity="input", threshold=1.0).fit(X, y)
        assert not model.get_support().any()
        return model, X, model.predict_proba(X)
    if task == "constant":
        model = OBSMLPClassifier(classifier, n_weights=2, **how).fit(X, y)
        return model, X, model.predict_proba(X)
    if task == "mlp":
        model = MLPClassifier((3,), solver="lbfgs", max_iter=5000, random_state=0).fit(X, y)
        return model, X, model.predict_proba(X)
    if task == "mlp values":
        model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", max_iter=5000, random_state=0)
        model = model.fit(X, X[:, 0])
        return model, X, model.predict(X)[:, None]
    if task == "counts":
        regressor, y = regressor.set_params(loss="poisson"), np.abs(X[:, 0]).round()
    if task == "relu":
        regressor.set_params(activation="relu")
    model = OBSMLPRegressor(regressor, **how).fit(X, y)
    return model, X, model.predict(X)[:, None]


def compiled(source, folder, name="predict", dtype=np.float64):
    """The C function for one sample, as a Python function of many."""
    (folder / "network.c").write_text(source)
    library = folder / "network.so"
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99", "-Wdouble-promotion"]
    subprocess.run(
        [
            COMPILER,
            "-O2",
            "-shared",
            "-fPIC",
            *warnings,
            "-o",
            library,
            folder / "network.c",
            "-lm",
        ],
        check=True,
    )
    function = getattr(ctypes.CDLL(str(library)), name)
    pointer = np.ctypeslib.ndpointer(dtype)
    function.argtypes, function.restype = [pointer, pointer], None

    def predict(X, n_outputs):
        X, outputs = np.ascontiguousarray(X, dtype), np.full((len(X), n_outputs), np.nan, dtype)
        for x, y in zip(X, outputs):
            function(x, y)
        return outputs

    return predict


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc, gcc or clang) here")
@pytest.mark.parametrize("task", TASKS)
def test_compiled_c_gives_the_predictions(task, tmp_path):
    model, X, expected = fitted(task)
    found = compiled(export_c(model), tmp_path)(X, expected.shape[1])
    np.testing.assert_allclose(found, expected, atol=1e-10, rtol=1e-10)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc, gcc or clang) here")
@pytest.mark.parametrize("task", TASKS)
def test_single_precision_is_used_throughout(task, tmp_path):
    model, X, expected = fitted(task)
    source = export_c(model, dtype="float")
    assert "double" not in source
    # A literal or a function of double precision anywhere would be a promotion, thus an error.
    found = compiled(source, tmp_path, dtype=np.float32)(X, expected.shape[1])
    np.testing.assert_allclose(found, expected, atol=1e-4 * max(1.0, np.abs(expected).max()))


def test_single_precision_leaves_names_and_indices_alone():
    network = MLPClassifier((1,), activation="tanh", solver="lbfgs", max_iter=5000)
    network.fit(np.eye(12), np.arange(12) % 2)
    network.coefs_ = [np.zeros((12, 1)), np.array([[-1.0]])]
    network.coefs_[0][10:, 0] = 1e-7, -1234.56789
    network.intercepts_ = [np.array([0.1]), np.array([1e20])]
    names = [f"double {i}.5" for i in range(12)]
    source = export_c(network, feature_names=names, dtype="float")
    assert "x[11]: double 11.5" in source and "void predict(const float *x, float *y)" in source
    assert "float h1_0 = tanhf(0.1f + 1e-07f * x[10] - 1234.5679f * x[11]);" in source
    assert "y[0] = 1.0f / (1.0f + expf(-(1e+20f - 1.0f * h1_0)));" in source
    with pytest.raises(ValueError, match="'float'"):
        export_c(network, dtype="float16")


@pytest.mark.parametrize("task", TASKS)
def test_numpy_source_gives_the_predictions(task):
    model, X, expected = fitted(task)
    module = {}
    exec(compile(export_numpy(model, name="outputs"), "network.py", "exec"), module)
    found = module["outputs"](X.tolist())
    np.testing.assert_allclose(found, expected, atol=1e-10, rtol=1e-10)


def saturated(kind):
    """A network most of whose output units are at their limits, and inputs that tell its labels."""
    X = np.array([[a, b] for a in range(-3, 4) for b in range(-3, 4)], dtype=float)
    how, weights = {"n_hidden": 5, "random_state": 0}, [[2.0, 3.0, -4.0], [3.0, -1.0, 2.0]]
    bias = [0.25, 0.5, 0.125]
    if kind in ("classes", "logistic"):
        y = np.arange(len(X)) % 3
    elif kind == "labels":
        y = np.c_[X[:, 0] > 0, X[:, 1] > 0, X.sum(axis=1) > 0].astype(int)
    else:
        y = (X[:, 0] > 0).astype(int)
        n_outputs = 2 if kind == "two units" else 1
        weights, bias = np.array(weights)[:, :n_outputs], bias[:n_outputs]
        how["output_coding"] = "one_per_class" if n_outputs == 2 else "single"
    if kind == "logistic":  # far off all units are nearly zero, some of them more nearly
        how = {"out_activation": "logistic", "loss": "squared_error", "random_state": 0}
        model = PenalizedMLPClassifier((), alpha=1.0, **how).fit(X, y)
        weights, bias = np.array(weights), np.array(bias) - 60.0
    else:
        model = LPMLPClassifier(**how).fit(X, y)
    model.coefs_, model.intercepts_ = [np.array(weights)], [np.array(bias)]
    model.activations_ = model.activations_[-1:]
    return model, X


KINDS = ["classes", "two units", "one unit", "labels", "logistic"]


def told(model, outputs):
    """The labels by the largest of several outputs that exclude one another, else by a half."""
    if model.predict(np.zeros((1, 2))).ndim > 1:
        return (outputs > 0.5).astype(int)
    if outputs.shape[1] == 1:
        return model.classes_[(outputs[:, 0] > 0.5).astype(int)]
    return model.classes_[outputs.argmax(axis=1)]


@pytest.mark.parametrize("kind", KINDS)
def test_saturated_outputs_tell_the_predicted_classes(kind):
    model, X = saturated(kind)
    expected = model.predict(X)
    assert len(np.unique(expected, axis=0)) > 1
    if kind in ("classes", "two units"):  # clipped, they would tie
        net = X @ model.coefs_[0] + model.intercepts_[0]
        assert (np.clip(net, -1, 1).argmax(axis=1) != net.argmax(axis=1)).any()
    module = {}
    exec(export_numpy(model), module)
    np.testing.assert_array_equal(told(model, module["predict"](X)), expected)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc, gcc or clang) here")
@pytest.mark.parametrize("dtype", ["double", "float"])
@pytest.mark.parametrize("kind", KINDS)
def test_saturated_outputs_tell_the_predicted_classes_in_c(kind, dtype, tmp_path):
    model, X = saturated(kind)
    of_numpy = {"double": np.float64, "float": np.float32}[dtype]
    function = compiled(export_c(model, dtype=dtype), tmp_path, dtype=of_numpy)
    outputs = function(X, model.coefs_[0].shape[1])
    np.testing.assert_array_equal(told(model, outputs), model.predict(X))


def test_what_is_not_clipped_is_called_so():
    model, _ = saturated("classes")
    for text in (export_numpy(model), export_c(model)):
        assert "y[2]: score (0 is none of it, 1 all, not clipped) of y = 2" in text


def test_numpy_source_runs_without_scikit_learn(tmp_path):
    model, X, expected = fitted("classes")
    (tmp_path / "network.py").write_text(export_numpy(model))
    np.save(tmp_path / "X.npy", X)
    script = (
        "import sys, numpy as np, network\n"
        "np.save('y.npy', network.predict(np.load('X.npy')))\n"
        "assert not {'sklearn', 'scipy', 'skprune'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, env={"PYTHONPATH": "."}
    )
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected, atol=1e-10)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc, gcc or clang) here")
def test_names_cannot_break_out_of_the_comment(tmp_path):
    X, y = load_iris(return_X_y=True)
    model = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=0.1, direct_links=False), random_state=0
    ).fit(X, y)
    names = ['"""', "*/ #error", "a\nb\\", "/* c"]
    how = {"name": "iris", "feature_names": names, "class_names": ["*/", "e\\", '"""f']}
    found = compiled(export_c(model, **how), tmp_path, "iris")(X, 3)
    np.testing.assert_allclose(found, model.predict_proba(X), atol=1e-10)
    module = {}
    exec(compile(export_numpy(model, **how), "network.py", "exec"), module)
    np.testing.assert_allclose(module["iris"](X), model.predict_proba(X), atol=1e-10)


def test_comment_tells_which_inputs_are_read():
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(
        StandardScaler(),
        OBSMLPClassifier(
            PenalizedMLPClassifier((2,), alpha=0.1, direct_links=False),
            threshold=0.2,
            random_state=0,
        ),
    ).fit(X, y)
    used = pipeline[-1].get_support()
    assert 0 < used.sum() < 4
    for source in (export_c(pipeline), export_numpy(pipeline)):
        assert f"reads {used.sum()} of 4 inputs" in source
        for i, name in enumerate(X.columns):
            assert (f"x[{i}]: {name}" in source) == used[i]
            assert "y[1]: probability of y = 1" in source
    # Nothing but the surviving weights.
    terms = export_c(pipeline).partition("{")[2]
    assert terms.count("* x[") == np.count_nonzero(pipeline[-1].to_mlp().coefs_[0])


@pytest.mark.parametrize(
    ("parameters", "task", "kind"),
    [
        ({}, "three", "probability of"),
        ({}, "two", "probability of"),
        ({}, "labels", "probability of"),
        ({}, "one", "output unit of"),
        ({"out_activation": "logistic"}, "three", "output unit of"),
        ({"out_activation": "logistic", "loss": "squared_error"}, "three", "output unit of"),
        ({"out_activation": "logistic", "loss": "squared_error"}, "two", "probability of"),
        ({"out_activation": "logistic", "loss": "squared_error"}, "labels", "probability of"),
        ({"out_activation": "tanh", "loss": "squared_error"}, "two", "output unit of"),
    ],
)
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_only_probabilities_are_called_so(parameters, task, kind, in_pipeline):
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    y = {"three": y, "two": y == 1, "one": np.zeros_like(y), "labels": np.c_[y > 0, y > 1]}[task]
    network = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, **parameters)
    model = (make_pipeline(StandardScaler(), network) if in_pipeline else network).fit(X, y)
    source, module = export_numpy(model), {}
    exec(source, module)
    outputs = module["predict"](X)
    expected = model.predict_proba(X)[:, -outputs.shape[1] :]
    assert np.allclose(outputs, expected, atol=1e-9) == (kind == "probability of")
    for text in (source, export_c(model)):
        assert set(re.findall("probability of|output unit of", text)) == {kind}


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc, gcc or clang) here")
def test_functions_of_math_h_are_no_names(tmp_path):
    model = fitted("two")[0]
    (tmp_path / "math.c").write_text("#include <math.h>\n")
    header = subprocess.run(
        [COMPILER, "-E", "-P", "-std=c99", tmp_path / "math.c"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    declared = set(re.findall(r"\b([a-z]\w*) *\((?:double|float|long double|int)\b", header))
    assert {"sin", "pow", "log", "exp2", "fmaf", "tgammal"} <= declared
    for name in {"printf", "snprintf", "j0", *declared}:
        with pytest.raises(ValueError, match=f"name='{name}' cannot be the name of a function"):
            export_c(model, name=name)
    assert "def sin(X)" in export_numpy(model, name="sin")


@pytest.mark.parametrize("export", [export_c, export_numpy])
def test_what_cannot_be_exported_is_refused(export):
    with pytest.raises(NotFittedError):
        export(OBSMLPClassifier())
    model = fitted("two")[0]
    for name in ("2nd", "a b", "", "for", "f;"):
        with pytest.raises(ValueError, match="cannot be the name of a function; use letters"):
            export(model, name=name)
    with pytest.raises(TypeError, match="holds no layered feedforward network"):
        export(StandardScaler().fit([[0.0], [1.0]]))
