"""Samples split off once, to judge networks that never saw them."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets

# The default of `validation_fraction` where estimators have that parameter.
VALIDATION_FRACTION = 0.2


def hold_out(estimator, X, y, sample_weight):
    """Split off the validation samples: two triples (X, y, sample_weight)."""
    if is_classifier(estimator):
        check_classification_targets(y)
    is_labelled, n_samples = is_classifier(estimator) and y.ndim == 1, y.shape[0]
    try:
        train, test = train_test_split(
            np.arange(n_samples),
            test_size=VALIDATION_FRACTION,
            random_state=estimator.random_state,
            stratify=y if is_labelled else None,
        )
    except ValueError as error:
        raise ValueError(
            f"stopping='validation' cannot hold out {VALIDATION_FRACTION:.0%} of {n_samples} "
            f"samples: {error} Use stopping='fpe', which needs none, or more samples."
        ) from error
    weights = [None if sample_weight is None else sample_weight[rows] for rows in (train, test)]
    if sample_weight is not None and not all(part.any() for part in weights):
        raise ValueError(
            "stopping='validation' needs samples of positive weight in the validation part and "
            "in the others; use stopping='fpe', or give more samples a weight."
        )
    return (X[train], y[train], weights[0]), (X[test], y[test], weights[1])


def split_rows(n_samples, fraction, random_state, *, labels=None, cure):
    """Rows to train on, and rows held out, both rising.

    Parameters
    ----------
    n_samples : int
    fraction : float
        Share of the rows that is held out; a `validation_fraction`, as the error calls it.
    random_state : int, RandomState instance or None
    labels : ndarray of int of shape (n_samples,), default=None
        Kept in proportion in both parts where each has samples enough.
    cure : str
        What to do if there are too few rows.

    Returns
    -------
    train, held_out : ndarray of int
    """
    n_held_out = round(fraction * n_samples)
    n_train = n_samples - n_held_out
    if n_held_out < 1 or n_train < 2:
        raise ValueError(
            f"validation_fraction={fraction} of n_samples={n_samples} leaves {n_train} for "
            f"training and {n_held_out} held out; at least 2 and 1 are needed. {cure}"
        )
    if labels is not None:
        counts = np.bincount(labels)
        can_stratify = counts.min() >= 2 and len(counts) <= min(n_held_out, n_train)
        labels = labels if can_stratify else None
    parts = train_test_split(
        np.arange(n_samples), test_size=n_held_out, random_state=random_state, stratify=labels
    )
    return [np.sort(part) for part in parts]
