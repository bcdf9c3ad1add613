"""What must hold of an estimator before and after a fit, whatever it was fitted to."""

import pickle
import warnings
from contextlib import contextmanager

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_info

from skprune.inspection import export_numpy, export_text

NUMBERS = ("decision_function", "predict_proba", "score_samples", "transform")


def snapshot(data):
    """A copy of data, or of parameters, to compare with later."""
    if sparse.issparse(data):
        parts = ("data", "indices", "indptr", "row", "col", "rows", "offsets")
        return {name: np.array(getattr(data, name)) for name in parts if hasattr(data, name)}
    if isinstance(data, pd.DataFrame | pd.Series):
        return data.copy(deep=True)
    if isinstance(data, pl.DataFrame):
        return data.clone()
    if isinstance(data, np.ndarray):
        return data.copy()
    return pickle.loads(pickle.dumps(data))


def is_unchanged(data, before):
    """Whether data are what they were when the snapshot was made, bit for bit."""
    if sparse.issparse(data):
        return all(np.array_equal(getattr(data, name), part) for name, part in before.items())
    if isinstance(data, pd.DataFrame | pd.Series | pl.DataFrame):
        return data.equals(before)
    if isinstance(data, np.ndarray):
        return np.array_equal(data, before, equal_nan=data.dtype.kind == "f")
    return pickle.dumps(data) == pickle.dumps(before)


def process_state():
    """What belongs to the whole process, and is none of a fit's business."""
    blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    random = np.random.get_state()[1].tobytes()  # noqa: NPY002
    return np.geterr(), list(warnings.filters), blas, random, get_config()


@contextmanager
def nothing_changes(*data):
    """Data and the state of the process are the same afterwards, also after an exception."""
    before, state = [snapshot(part) for part in data], process_state()
    try:
        yield
    finally:
        for part, earlier in zip(data, before):
            assert is_unchanged(part, earlier), "the input was changed"
        for now, earlier in zip(process_state(), state):
            assert now == earlier, "the state of the process was changed"


def check_unfitted(estimator):
    """A fit that failed leaves nothing that looks fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return
    raise AssertionError("the estimator looks fitted after an error")


def check_fitted(rng, estimator, table):
    """All properties of a fitted estimator."""
    X, found = table.X, outputs(estimator, table.X)
    check_values(estimator, table, found)
    check_rows(rng, estimator, table, found)
    again = pickle.loads(pickle.dumps(estimator))
    for name, values in outputs(again, X).items():
        np.testing.assert_array_equal(values, found[name], err_msg=f"{name} after pickling")
    assert repr(clone(estimator).get_params()) == repr(estimator.get_params())
    if hasattr(estimator, "coefs_"):
        check_exports(estimator, table, found)


def outputs(estimator, X):
    """What a fitted estimator makes of inputs, by the method's name."""
    methods = ("predict", *NUMBERS)
    usable = [name for name in methods if hasattr(estimator, name)]
    return {name: np.asarray(as_dense(getattr(estimator, name)(X))) for name in usable}


def as_dense(values):
    return values.toarray() if sparse.issparse(values) else values


def check_values(estimator, table, found):
    """Finite numbers of the right shapes, known classes, probabilities that sum to one."""
    n_samples, n_features = table.values.shape
    assert estimator.n_features_in_ == n_features
    if table.names is not None:
        assert list(estimator.feature_names_in_) == table.names
    for name, values in found.items():
        assert len(values) == n_samples, name
        if values.dtype.kind == "f":
            assert np.isfinite(values).all(), f"{name} is not finite"
    for name, value in vars(estimator).items():
        numbers = name.endswith("_") and isinstance(value, float | np.ndarray)
        if numbers and np.asarray(value).dtype.kind == "f":
            assert np.isfinite(value).all(), f"{name} is not finite"
    if is_classifier(estimator):
        check_classes(estimator, table, found)
    elif "predict" in found and table.kind == "values" and hasattr(estimator, "score"):
        assert found["predict"].size == table.labels.size


def check_classes(estimator, table, found):
    predicted, probabilities = found["predict"], found.get("predict_proba")
    if table.kind == "labels":
        assert predicted.shape == table.labels.shape
        assert set(np.unique(predicted)) <= {0, 1}
        return
    assert predicted.shape == table.labels.shape
    assert set(predicted.tolist()) <= set(table.classes.tolist())
    assert set(estimator.classes_.tolist()) <= set(table.classes.tolist())
    if probabilities is not None:
        assert probabilities.shape == (len(table.values), len(estimator.classes_))
        assert np.allclose(probabilities.sum(axis=1), 1.0)
        assert probabilities.min() >= 0


def check_rows(rng, estimator, table, found):
    """Rows on their own, in another order, or dense, mean what they mean in the whole."""
    n_samples = len(table.values)
    row, order = int(rng.integers(n_samples)), rng.permutation(n_samples)
    for rows in ([row], order):
        assert_same(outputs(estimator, rows_of(table.X, rows)), found, rows, table)
    if sparse.issparse(table.X):
        dense = table.values.astype(table.X.dtype)
        assert_same(outputs(estimator, dense), found, np.arange(n_samples), table)


def rows_of(X, rows):
    if isinstance(X, pd.DataFrame):
        return X.iloc[rows]
    if isinstance(X, pl.DataFrame):
        return X[np.asarray(rows).tolist()]
    if isinstance(X, list):
        return [X[row] for row in rows]
    return X.tocsr()[rows] if sparse.issparse(X) else X[rows]


def assert_same(some, all_of_them, rows, table):
    """Outputs of rows agree with those of the whole, up to rounding."""
    precision = 1e-3 if has_single_precision(table.X) else 1e-7
    for name in NUMBERS:
        if name in some:
            expected = all_of_them[name][rows]
            scale = max(1.0, np.abs(all_of_them[name]).max(initial=0.0))
            np.testing.assert_allclose(
                some[name], expected, rtol=precision, atol=precision * scale, err_msg=name
            )
    if some["predict"].dtype.kind == "f" if "predict" in some else False:
        expected = all_of_them["predict"][rows]
        scale = np.abs(all_of_them["predict"]).max(initial=1e-300)
        assert np.abs(some["predict"] - expected).max() <= precision * scale


def has_single_precision(X):
    if isinstance(X, pd.DataFrame | pl.DataFrame):
        return any("float32" in str(dtype).lower() for dtype in X.dtypes)
    return getattr(X, "dtype", None) in (np.float32, np.float16)


def check_exports(estimator, table, found):
    """Source, equations, scikit-learn's MLP and sparse weights are the same network."""
    if hasattr(estimator, "lateral_coef_"):
        return
    assert export_text(estimator)
    check_source(estimator, table)
    try:
        mlp = estimator.to_mlp()
    except ValueError as error:
        assert "cannot express" in str(error) or "MLP" in str(error)
    else:
        numeric = "predict_proba" if is_classifier(estimator) else "predict"
        expected, values = found[numeric], getattr(mlp, numeric)(table.X)
        scale = max(1.0, np.abs(expected).max())
        single = has_single_precision(table.X)
        assert np.abs(values - expected).max() <= (1e-2 if single else 1e-5) * scale, "to_mlp"
    sparsified = pickle.loads(pickle.dumps(estimator)).sparsify()
    all_rows = np.arange(len(table.values))
    assert_same(outputs(sparsified, table.X), found, all_rows, table)
    assert_same(outputs(sparsified.densify(), table.X), found, all_rows, table)


def check_source(estimator, table):
    """The Python source gives values, or probabilities where output units give these."""
    space = {}
    exec(export_numpy(estimator), space)
    values = space["predict"](table.values)
    assert np.isfinite(values).all()
    if is_classifier(estimator):
        if len(estimator.classes_) == 1:
            return  # (of which predict_proba is sure, whatever the unit says)
        is_shared = table.kind == "classes" and values.shape[1] > 1
        if estimator.loss_function_ != "log_loss" or (
            is_shared and estimator.out_activation_ != "softmax"
        ):
            return  # (output units, which predict_proba scales)
        expected = estimator.predict_proba(table.values)[:, -values.shape[1] :]
    else:
        expected = estimator.predict(table.values).reshape(values.shape)
    scale = max(1.0, np.abs(expected).max())
    assert np.abs(values - expected).max() <= 1e-7 * scale, "export_numpy"
