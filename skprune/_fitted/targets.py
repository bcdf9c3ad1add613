"""From y to the targets of output units, and back."""

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

from .._estimator.compat import check_sample_weight
from .._estimator.data import checked
from .._estimator.labels import (
    fit_binarizer,
    flatten_column,
    indicate_classes,
    refuse_sparse_values,
)
from .._estimator.ranges import check_size
from .reading import read_network

# What a classifier's output units are between: none of a class, and all of it.
LIMITS = {"tanh": (-1.0, 1.0), "clip": (-1.0, 1.0)}


def check_network_data(estimator, X, y, sample_weight, *, reset=True):
    """Validated X, y (2-d for several outputs) and sample weights (or None)."""
    if not is_classifier(estimator):
        refuse_sparse_values(estimator, y)
    X, y = checked(
        estimator,
        X,
        y,
        multi_output=True,
        y_numeric=not is_classifier(estimator),
        dtype=(np.float64, np.float32),
        order="C",  # arrays and data frames train the same network, rounding included
        reset=reset,
    )
    check_size(X)
    if sparse.issparse(y) and (y.shape[1] == 1 or not np.isin(y.data, [0, 1]).all()):
        y = y.toarray()  # what is no indicator matrix is taken, and refused, as an array is
    if y.ndim == 2 and y.shape[1] == 1:
        y = flatten_column(y)
    if sample_weight is None:
        return X, y, None
    sample_weight = check_sample_weight(sample_weight, X)
    return X, y, sample_weight


def encode_classes(binarizer, y, out_activation):
    """Targets of the output units for class labels or a label indicator matrix."""
    return indicate_classes(binarizer, y, LIMITS.get(out_activation, (0.0, 1.0)))


def class_boundary(out_activation):
    """The output midway between none of a class and all of it."""
    return sum(LIMITS.get(out_activation, (0.0, 1.0))) / 2


def check_regression_targets(y, loss):
    """Targets as a float64 array of shape (n_samples, n_outputs)."""
    targets = y.reshape(len(y), -1).astype(np.float64)
    check_size(targets, "y")
    if loss == "poisson" and targets.min() < 0:
        raise ValueError(
            f"loss='poisson' needs targets of at least 0, got {targets.min():g}; use "
            "loss='squared_error' for targets that can be negative."
        )
    return targets


def check_n_outputs(targets, network):
    """The encoded targets, if they are as many as the output units."""
    if targets.shape[1] != network.n_outputs:
        raise ValueError(
            f"y needs {targets.shape[1]} output units, but the network has {network.n_outputs}; "
            "pass targets of the kind that it was trained on."
        )
    return targets


def encode_targets(estimator, y, network):
    """Targets of a fitted estimator's output units, for samples that may be new to it.

    Raises
    ------
    ValueError
        If y has other classes or outputs than those that the network was trained on.
    """
    if is_classifier(estimator):
        return encode_labels(known_binarizer(estimator, y), y, network)
    return encode_values(y, network)


def encode_labels(binarizer, y, network):
    """Targets of a classifying network's output units."""
    out_activation = network.activations[-1]
    targets = encode_classes(binarizer, y, out_activation)
    if has_unit_for_each_of_two(binarizer, network.n_outputs):
        targets = np.hstack([2.0 * class_boundary(out_activation) - targets, targets])
    return check_n_outputs(targets, network)


def has_unit_for_each_of_two(binarizer, n_outputs):
    """Whether two classes have an output unit each, and not one between them."""
    return binarizer.y_type_ == "binary" and n_outputs == 2


def encode_values(y, network):
    """Targets of a regressing network's output units."""
    return check_n_outputs(check_regression_targets(y, network.loss), network)


def known_binarizer(classifier, y):
    """A binarizer of all classes of a fitted classifier, frozen or not; y may hold some of them."""
    is_matrix = y.ndim == 2
    if is_matrix != takes_indicators(classifier):
        given = ("class labels", f"a matrix of {y.shape[-1]} columns")[is_matrix]
        trained = ("a label indicator matrix", "class labels")[is_matrix]
        raise ValueError(
            f"y is {given}, but the network was trained on {trained}; pass targets of the kind "
            "that it was trained on."
        )
    if is_matrix:
        return fit_binarizer(y)
    check_known_classes(y, classifier.classes_)
    return fit_binarizer(classifier.classes_)


def check_known_classes(y, classes):
    """Raise if labels are none of the classes that a network was trained on."""
    unknown = np.setdiff1d(y, classes).tolist()
    if unknown:
        raise ValueError(
            f"y has the classes {unknown}, which the network was not trained on (it knows "
            f"{classes.tolist()}); leave their samples out, or train it on all classes."
        )


def takes_indicators(classifier):
    """Whether a fitted network classifier, frozen or not, was trained on several labels at once.

    Told by its outputs where it does not keep the binarizer: scikit-learn's MLPs have softmax
    units for exclusive classes.
    """
    binarizer = getattr(classifier, "_label_binarizer", None)
    if binarizer is not None:
        return binarizer.y_type_.startswith("multilabel")
    network = read_network(classifier)[0]
    return network.n_outputs > 1 and network.has_independent_outputs
