"""Samples split off once, to judge networks that never saw them."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import check_classification_targets

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
