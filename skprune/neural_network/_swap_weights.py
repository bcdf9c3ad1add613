"""`swap_weights` of the pruning estimators: from fitted attributes to a copy with other weights."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from .._swap import Swapper
from ._base import read_network
from ._round_weights import flat_weights, objective_of, with_network

_CONSTRAINTS = {
    "max_swaps": [Interval(Integral, 0, None, closed="left"), None],
    "tol": [Interval(Real, 0, None, closed="neither")],
}


def swapped_copy(estimator, X, y, sample_weight, max_swaps, tol):
    """See `OBSMLPClassifier.swap_weights`."""
    check_is_fitted(estimator)
    parameters = {"max_swaps": max_swaps, "tol": tol}
    validate_parameter_constraints(_CONSTRAINTS, parameters, "swap_weights")
    if estimator.granularity != "weight":
        raise ValueError(
            "swap_weights exchanges single weights, which would undo what "
            f"granularity={estimator.granularity!r} has deleted whole; prune with "
            "granularity='weight' to swap."
        )
    objective = objective_of(estimator, X, y, sample_weight)
    w, kept = flat_weights(estimator)
    _, _, available, _ = read_network(estimator.estimator_)
    intercepts = np.flatnonzero(objective.network.is_intercept)
    swapper = Swapper(
        objective.for_training(),
        w,
        kept,
        available,
        protected=() if estimator.prune_intercepts else intercepts,
        n_jobs=estimator.n_jobs,
    ).swap(np.inf if max_swaps is None else max_swaps, objective.allowed_rise(tol))
    estimator = with_network(estimator, objective, swapper.kept, swapper.w)
    estimator.n_swaps_ = swapper.n_swaps
    return estimator
