"""Labels as columns of numbers."""

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from .._numerics.arrays import dense
from .warnings import warn_user


def flatten_column(y):
    """One column of targets as a 1-d array, with the warning scikit-learn gives."""
    flat = column_or_1d(y)
    warn_user(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y "
        "to (n_samples, ), for example using ravel().",
        DataConversionWarning,
    )
    return flat


def refuse_sparse_values(estimator, y):
    """Refuse a sparse matrix of numbers, which is no indicator of labels."""
    if sparse.issparse(y):
        raise ValueError(
            f"{type(estimator).__name__} takes dense targets, got a sparse matrix of shape "
            f"{y.shape}; pass y.toarray()."
        )


def check_indicators(y):
    """Refuse label matrices of other numbers than 0 and 1, of which no class could be told."""
    values = np.unique(y)
    if not np.isin(values, [0, 1]).all():
        raise ValueError(
            f"An indicator matrix of labels holds 0 and 1, but y has the values {values.tolist()}. "
            "Write it as (y == value).astype(int), value being the one that means yes."
        )


def fit_binarizer(y):
    """A fitted LabelBinarizer; an error that names the type for continuous targets."""
    kind = type_of_target(y, input_name="y")
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        raise ValueError(
            f"Unknown label type: {kind}, of dtype {y.dtype}. A classifier needs classes (numbers, "
            "strings or booleans: of mixed ones y.astype(str)) or a label indicator matrix; use "
            "the regressor for continuous targets."
        )
    if kind == "multilabel-indicator":
        check_indicators(y.data if sparse.issparse(y) else y)
    return LabelBinarizer().fit(y)


def indicate_classes(binarizer, y, limits):
    """A column a class or label, one for two classes: a limit for no, the other for yes.

    Parameters
    ----------
    binarizer : LabelBinarizer
        Fitted to all classes.
    y : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_labels)
        Class labels, or a label indicator matrix.
    limits : tuple of (float, float)

    Returns
    -------
    targets : ndarray of float64 of shape (n_samples, n_outputs)
    """
    low, high = limits
    return low + (high - low) * dense(binarizer.transform(y)).astype(np.float64)
