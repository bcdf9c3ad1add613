"""What samples of each class weigh."""

import numpy as np
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import StrOptions

from .._numerics.arrays import dense

#: What the parameter `class_weight` may be; a list is of dicts, one a label.
CLASS_WEIGHT = [dict, list, StrOptions({"balanced"}), None]


def weights_by_class(class_weight, y, sample_weight):
    """Sample weights times those of the samples' classes, of several labels times all of them.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        As in scikit-learn; a dict serves for each of several labels.
    y : {ndarray, sparse matrix} of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : ndarray of shape (n_samples,) or None

    Returns
    -------
    weights : ndarray of shape (n_samples,) or None
        None if there are neither.
    """
    if class_weight is None:
        return sample_weight
    y = dense(y)
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    weights = weights * class_factors(class_weight, y, weights).prod(axis=1)
    if not weights.any():
        raise ValueError(f"class_weight={class_weight!r} leaves no sample: give a class a weight.")
    return weights


def class_factors(class_weight, y, sample_weight):
    """Factors of the samples by their classes, one column a label.

    Parameters
    ----------
    class_weight : dict, list of dict, "balanced" or None
        "balanced" balances the total sample weights of the classes.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    sample_weight : ndarray of shape (n_samples,)

    Returns
    -------
    factors : ndarray of shape (n_samples, n_labels), or (n_samples, 1) for classes
    """
    labels = [y] if y.ndim == 1 else list(y.T)
    settings = class_weight if isinstance(class_weight, list) else [class_weight] * len(labels)
    if len(settings) != len(labels) or (isinstance(class_weight, list) and y.ndim == 1):
        wanted = "a dict" if y.ndim == 1 else f"a list of {len(labels)} dicts, one a label"
        raise ValueError(
            f"class_weight={class_weight!r} does not go with y of shape {y.shape}; pass {wanted}, "
            "or 'balanced'."
        )
    return np.column_stack(
        [_factors(setting, label, sample_weight) for setting, label in zip(settings, labels)]
    )


def _factors(class_weight, y, sample_weight):
    """Factors of one label."""
    if class_weight is None:
        return np.ones(len(y))
    if isinstance(class_weight, str):
        factor_of = _balanced(y, sample_weight)
        return np.array([factor_of[label] for label in y.tolist()])
    factors = compute_sample_weight(class_weight, y)
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        raise ValueError(
            f"class_weight={class_weight!r} must give finite weights of at least 0; a class of "
            "weight 0 is left out."
        )
    return factors


def _balanced(y, sample_weight):
    """By class, the mean total over the total of its own; 0 where it has none."""
    classes, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, sample_weight)
    is_seen = totals > 0
    factors = np.zeros(len(totals))
    factors[is_seen] = totals[is_seen].mean() / totals[is_seen]
    return dict(zip(classes.tolist(), factors.tolist()))


def as_dicts(class_weight, y, sample_weight):
    """What "balanced" means on some samples, for others; all else as it is."""
    if not isinstance(class_weight, str):
        return class_weight
    y = dense(y)
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    if y.ndim == 1:
        return _balanced(y, weights)
    return [_balanced(label, weights) for label in y.T]


def check_one_class_weight(estimator, trainer):
    """Refuse class weights for what trains a network when its owner has them as well.

    Parameters
    ----------
    estimator : estimator
        With a parameter `class_weight`.
    trainer : estimator or None
        That it trains.
    """
    if estimator.class_weight is None or trainer is None:
        return
    for name, value in sorted(trainer.get_params(deep=True).items()):
        if name.rpartition("__")[2] == "class_weight" and value is not None:
            raise ValueError(
                f"class_weight={estimator.class_weight!r} of {type(estimator).__name__} and "
                f"{name}={value!r} of its {type(trainer).__name__} would be multiplied; give it "
                f"to {type(estimator).__name__} alone, which has it reach training as well."
            )
