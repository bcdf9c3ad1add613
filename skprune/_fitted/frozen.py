"""Frozen estimators, and what is inside."""

from sklearn.frozen import FrozenEstimator


def is_frozen(estimator):
    """Whether an estimator must be taken as it is."""
    return isinstance(estimator, FrozenEstimator)


def starts_frozen(estimator):
    """Whether an estimator is frozen, or trains on from a network that is."""
    while estimator is not None and not is_frozen(estimator):
        estimator = getattr(estimator, "estimator", None)
    return estimator is not None


def unwrap_frozen(estimator):
    """The estimator within a FrozenEstimator, or itself."""
    while is_frozen(estimator):
        estimator = estimator.estimator
    return estimator


def unwrapped_name(estimator):
    """Class name of the estimator, frozen or not."""
    return type(unwrap_frozen(estimator)).__name__
