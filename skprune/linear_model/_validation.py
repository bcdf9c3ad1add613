"""Data, classes, signs and limits of the linear-programming perceptrons."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from .._estimator.class_weight import class_factors, weights_by_class
from .._estimator.data import checked
from .._estimator.labels import (
    check_indicators,
    fit_binarizer,
    flatten_column,
    indicate_classes,
    refuse_sparse_values,
)
from .._numerics.arrays import dense


def encode_targets_and_costs(y, sample_weight, class_weight):
    """Targets of -1 and 1 and costs, one column an output.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Class labels or an indicator matrix.

    sample_weight : ndarray of shape (n_samples,)
        Weights of the patterns.

    class_weight : dict, list of dict, "balanced" or None
        Weights of the classes.

    Returns
    -------
    classes : ndarray or list of ndarray
        Class labels, one array a label when there are several.
    targets, weights : ndarray of shape (n_samples, n_outputs)
        Targets of -1 and 1, and costs relative to C.
    """
    binarizer = fit_binarizer(y)
    targets = indicate_classes(binarizer, y, (-1.0, 1.0))
    if y.ndim == 2:
        factors = class_factors(class_weight, (y > 0).astype(int), sample_weight)
        classes = [np.array([0, 1])] * y.shape[1]
        weights = sample_weight[:, None] * factors
        unweighted = np.flatnonzero(~weights.any(axis=0)).tolist()
        if unweighted:
            raise ValueError(
                f"class_weight={class_weight!r} leaves no sample for the labels {unweighted} "
                "(columns of y), whose samples are all of a class of weight 0. Give the classes 0 "
                "and 1 weights above 0, or leave out these labels."
            )
        return classes, targets, weights
    classes = binarizer.classes_
    weighted = sample_weight > 0
    seen = classes if weighted.all() else unique_labels(y[weighted])
    if len(seen) < 2:
        raise ValueError(
            "A classifier needs samples of at least 2 classes with positive weight, but y has only "
            f"one class: {seen.tolist()[0]!r}. Add samples of another class."
        )
    weights = weights_by_class(class_weight, y, sample_weight)
    return classes, targets, np.tile(weights[:, None], targets.shape[1])


def check_signs_serve(monotonic_cst, classes):
    """Signs of weights mean something for two classes, or for labels, not for several classes."""
    if monotonic_cst is not None and not isinstance(classes, list) and len(classes) > 2:
        raise ValueError(
            f"monotonic_cst is not supported for {len(classes)} classes: a feature that raises the "
            "score of one class lowers others'. Leave it out or fit one class at a time."
        )


def validate(estimator, X, y, y_numeric=False):
    """Validated X (float64, dense or CSR) and y (one or more outputs)."""
    if y_numeric:
        refuse_sparse_values(estimator, y)
    X, y = checked(
        estimator,
        X,
        y,
        dtype=np.float64,
        order="C",
        multi_output=True,
        y_numeric=y_numeric,
    )
    if y_numeric:
        return X, y
    kind = type_of_target(y, input_name="y")
    if kind.startswith("continuous"):
        raise ValueError(
            f"Unknown label type: {kind}. A classifier's unit takes two targets only; use "
            "LPPerceptronRegressor for targets between the limits."
        )
    if kind == "unknown":
        check_classification_targets(y)
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"Unknown label type: {kind}. Several outputs must be labels of 0 and 1 each; fit one "
            "classifier an output, for instance by sklearn.multioutput.MultiOutputClassifier."
        )
    y = dense(y)
    if kind == "multilabel-indicator":
        check_indicators(y)
    if kind != "multilabel-indicator" and y.ndim == 2:
        y = flatten_column(y)
    return X, y


def weight_signs(estimator, monotonic_cst):
    """Required signs of the weights as an array, or None."""
    if monotonic_cst is None:
        return None
    n_features = estimator.n_features_in_
    if isinstance(monotonic_cst, dict):
        names = getattr(estimator, "feature_names_in_", None)
        if names is None:
            raise ValueError(
                "monotonic_cst is a dict of feature names, but X has none. Pass an array of "
                f"{n_features} integers, or X as a data frame."
            )
        unknown = sorted(set(monotonic_cst) - set(names))
        if unknown:
            raise ValueError(
                f"monotonic_cst names features that X does not have: {unknown}. Valid names are "
                f"{list(names)}."
            )
        monotonic_cst = [monotonic_cst.get(name, 0) for name in names]
    signs = np.asarray(monotonic_cst)
    if signs.shape != (n_features,):
        raise ValueError(
            f"monotonic_cst has shape {signs.shape}, but X has {n_features} features. Pass one "
            "value of -1, 0 or 1 a feature."
        )
    invalid = np.setdiff1d(signs, [-1, 0, 1])
    if invalid.size:
        raise ValueError(
            f"monotonic_cst has values {invalid.tolist()}; valid are -1 (weight not positive), "
            "0 (free) and 1 (weight not negative)."
        )
    return signs.astype(np.int8)


def check_limits(limits, targets):
    """Limits of shape (n_outputs, 2)."""
    if isinstance(limits, str):
        return np.column_stack([targets.min(axis=0), targets.max(axis=0)])
    given = limits
    try:
        limits = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        limits = np.empty(0)
    if limits.shape != (2,) or not limits[0] < limits[1]:
        raise ValueError(
            f"limits must be 'auto' or two numbers (low, high) with low < high, got {given!r}."
        )
    if targets.min() < limits[0] or targets.max() > limits[1]:
        raise ValueError(
            f"Targets from {targets.min():g} to {targets.max():g} lie outside the limits "
            f"({limits[0]:g}, {limits[1]:g}), which the unit cannot reach. Widen the limits, clip "
            "y, or use limits='auto'."
        )
    return np.tile(limits, (targets.shape[1], 1))
