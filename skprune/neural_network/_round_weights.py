"""`round_weights` of the pruning estimators: from fitted attributes to a rounded copy."""

import copy
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from .._network import Objective
from .._rounding import Decimals, Levels, Rounder
from ._base import check_network_data, encode_targets

_DEFAULT_THRESHOLD = 0.01
_CONSTRAINTS = {
    # Doubles of common sizes have some 16 digits; far powers of ten overflow.
    "decimals": [Interval(Integral, -20, 20, closed="both"), None],
    "levels": [Interval(Integral, 1, None, closed="left"), None],
    "threshold": [Interval(Real, 0, 1, closed="both"), None],
}


def rounded_copy(estimator, X, y, sample_weight, decimals, levels, threshold):
    """See `OBSMLPClassifier.round_weights`."""
    check_is_fitted(estimator)
    threshold = _checked(estimator, decimals, levels, threshold)
    objective = _objective(estimator, X, y, sample_weight)
    network = objective.network
    estimator = copy.copy(estimator).densify()
    w = network.pack(estimator.coefs_, estimator.intercepts_)
    kept = np.flatnonzero(
        network.pack(estimator.coef_masks_, estimator.intercept_masks_, dtype=bool)
    )
    grid = Decimals(decimals) if levels is None else Levels.among(w[kept], levels)
    max_loss = np.inf
    if threshold is not None:
        max_loss = objective.data_loss(w) + objective.allowed_rise(threshold)
    rounder = Rounder(objective, w, kept, grid, n_jobs=estimator.n_jobs).round(max_loss)
    if len(rounder.free):
        warnings.warn(
            f"{len(rounder.free)} of {len(kept)} weights keep their digits, as rounding them would "
            f"lower the explained deviance by more than threshold={threshold}. Use more decimals "
            "or levels, or a larger threshold (None: no limit).",
            UserWarning,
            stacklevel=3,
        )
    estimator._set_pruned(rounder.kept, rounder.w)
    vars(estimator).pop("best_estimator_", None)
    estimator.loss_ = objective.value(rounder.w)
    estimator.feature_importances_ = estimator._importances(objective, rounder.w)
    return estimator


def _checked(estimator, decimals, levels, threshold):
    """The allowed fall of explained deviance, after a look at all the parameters."""
    if (decimals is None) == (levels is None):
        raise ValueError(
            f"round_weights needs decimals or levels, one of them; got decimals={decimals} and "
            f"levels={levels}."
        )
    if isinstance(threshold, str) and threshold == "auto":
        threshold = getattr(estimator, "threshold", None)
        threshold = threshold if isinstance(threshold, Real) else _DEFAULT_THRESHOLD
    validate_parameter_constraints(
        _CONSTRAINTS,
        {"decimals": decimals, "levels": levels, "threshold": threshold},
        "round_weights",
    )
    return threshold


def _objective(estimator, X, y, sample_weight):
    """The loss that the network was pruned for, on given samples."""
    X, y, sample_weight = check_network_data(estimator, X, y, sample_weight, reset=False)
    network = estimator._network
    targets = encode_targets(estimator, y, network)
    return Objective(network, X, targets, sample_weight, estimator.alpha_)
