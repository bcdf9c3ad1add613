"""Weights of 8 and 16 bits: sums that cannot overflow, errors within what the comment states."""

import re

import numpy as np
import pytest
from compiling import needs_compiler, run_c
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_export_pipeline import PIPELINES, fitted

from skprune import PenalizedMLPRegressor
from skprune.inspection import export_c
from skprune.inspection._export.integers import LARGEST, WholeBlock

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FLOAT = 2e-5  # what single precision itself is off by, beside the stated bound


def network(activation):
    """A network of random weights, and inputs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 6)).astype(np.float32)
    model = MLPRegressor(hidden_layer_sizes=(7, 5), activation=activation, max_iter=1)
    model.fit(X, X[:, :2])
    for part in model.coefs_ + model.intercepts_:
        part[...] = rng.normal(size=part.shape)
    return model, X


def stated(source):
    """The bound in a comment, as constant and slope, and the largest sum."""
    text = " ".join(source.split())
    bound = re.search(r"no output by more than (\S+) \+ (\S+) M", text)
    return float(bound[1]), float(bound[2]), int(re.search(r"No sum is larger than (\d+)", text)[1])


def run(model, X, n_outputs, folder, dtype, words=(), **how):
    source = export_c(model, dtype=dtype, **how)
    header = export_c(model, dtype=dtype, header=True)
    return source, *run_c(source, header, X, n_outputs, folder, dtype="float", words=words)


@needs_compiler
@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("activation", ["tanh", "logistic", "relu", "identity"])
def test_errors_are_within_the_stated_bound(activation, dtype, tmp_path):
    model, X = network(activation)
    source, found, _ = run(model, X, 2, tmp_path, dtype)
    constant, slope, _ = stated(source)
    error = np.abs(found - model.predict(X)).max()
    size = np.abs(model.predict(X)).max()
    assert error <= constant + slope * np.abs(X).max() + FLOAT * size
    assert error > 10 * FLOAT * size or dtype == "int16"  # there is something to bound


@needs_compiler
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("which", PIPELINES)
def test_pipelines_in_sixteen_bits(which, layout, tmp_path):
    model, X, expected = fitted(which)
    words = [j for j in (1, 3) if f"predict_words_{j}" in export_c(model)]
    _, found, labels = run(model, X, expected.shape[1], tmp_path, "int16", words, layout=layout)
    size = max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3 * size)
    if hasattr(model, "predict_proba"):
        assert np.mean(np.array(labels) == model.predict(X)) > 0.98


@settings(max_examples=60, deadline=None)
@given(
    arrays(float, st.tuples(st.integers(1, 40), st.integers(1, 4)),
           elements=st.floats(-1e6, 1e6).map(lambda w: 0.0 if abs(w) < 1e-6 else w)),
    st.sampled_from(["int8", "int16"]),
)  # fmt: skip
def test_sums_fit_for_any_values(weights, dtype):
    block = WholeBlock.of(weights, dtype)
    assert np.abs(block.numbers).max() <= LARGEST[dtype]
    error = np.abs(block.numbers * block.scales - weights)
    assert (error <= block.scales / 2 * (1 + 1e-9)).all()
    # The worst row of values makes every partial sum grow.
    worst = np.where(block.numbers >= 0, 32767, -32767).astype(object)
    sums = np.cumsum(block.numbers.astype(object) * worst, axis=0)
    bits = {"int32_t": 31, "int64_t": 63}[block.sum_type]
    assert sums.max() <= block.largest_sum < 2**bits


def test_rounded_weights_are_kept_as_they_are():
    weights = np.array([[0.25, -3.0], [-1.5, 1.2], [0.0, 0.3], [2.75, -0.6]])
    block = WholeBlock.of(weights, "int8")
    np.testing.assert_allclose(block.numbers * block.scales, weights, rtol=1e-14, atol=0)
    assert np.abs(block.numbers).max() == 11


@needs_compiler
def test_wide_sums_take_wide_integers(tmp_path):
    """A thousand weights of 16 bits sum up to more than 32 bits; undefined if they overflowed."""
    rng = np.random.default_rng(0)
    X = np.ones((3, 1000)) * [[1.0], [-1.0], [0.5]]
    model = MLPRegressor(hidden_layer_sizes=(), max_iter=1).fit(X, X[:, 0])
    model.coefs_[0][...] = rng.uniform(0.9, 1.0, size=(1000, 1))
    source, found, _ = run(model, X, 1, tmp_path, "int16")
    assert "int64_t a0" in source and stated(source)[2] > 2**31
    np.testing.assert_allclose(found[:, 0], model.predict(X), rtol=1e-4)
    assert "int32_t a0" in export_c(network("tanh")[0], dtype="int8")


@needs_compiler
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_told(value, tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = MLPClassifier((3,), max_iter=5, random_state=0).fit(X, X[:, 0] > 0)
    rows = [[value, 1.0], [1.0, value], [value, value], [0.0, 0.0], [1e-38, 3e38]]
    _, found, labels = run(model, rows, 1, tmp_path, "int8")
    assert np.isnan(found[:3]).all() and labels[:3] == ["none"] * 3
    assert found[3, 0] == pytest.approx(model.predict_proba([[0.0, 0.0]])[0, 1], abs=0.02)


@needs_compiler
def test_scales_of_inputs_do_not_cost_bits_of_weights(tmp_path):
    """Folded into weights of 8 bits, a column of large numbers would leave nothing of the rest."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) * [1e-3, 1.0, 1e4] + [0, 0, 1e5]
    Z = StandardScaler().fit_transform(X)
    network = PenalizedMLPRegressor((3,), alpha=0.1, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(X, np.tanh(Z).sum(axis=1))
    _, found, _ = run(model, X, 1, tmp_path, "int8")
    assert np.abs(found[:, 0] - model.predict(X)).max() < 0.05


@needs_compiler
def test_direct_links_deep_and_constant_networks(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = PenalizedMLPRegressor((3, 2), alpha=0.1, random_state=0, max_iter=5000)
    model.fit(X, np.c_[X[:, 0] ** 2 + X[:, 1], X[:, 2]])
    _, found, _ = run(model, X, 2, tmp_path, "int16")
    np.testing.assert_allclose(found, model.predict(X), atol=2e-3)
    for part in (*model.coefs_, model.direct_coef_):
        part[...] = 0.0
    _, found, _ = run(model, X, 2, tmp_path, "int8")
    np.testing.assert_allclose(found, model.predict(X), atol=1e-5)
    with pytest.raises(ValueError, match="layout='unrolled' has no weights of dtype='int8'"):
        export_c(model, dtype="int8", layout="unrolled")


@needs_compiler
@pytest.mark.parametrize("dtype", ["float", "int16", "int8"])
def test_digits_keep_their_classes(dtype, tmp_path):
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((30,), max_iter=30, random_state=0).fit(X[:900] / 16, y[:900])
    _, _, labels = run(model, X[900:] / 16, 10, tmp_path, dtype)
    assert np.mean(np.array(labels) == model.predict(X[900:] / 16).astype(str)) >= 0.995
