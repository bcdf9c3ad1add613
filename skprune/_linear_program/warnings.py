"""What users are told of solutions: the gaps of some, and a C at which no weight pays."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._estimator.warnings import warn_user


def warn_of_gaps(solutions, units):
    """Warn of programs whose duality gap is above the units' `tol`, with the cure."""
    tol, max_iter, time_limit = (units.options[k] for k in ("tol", "max_iter", "time_limit"))
    stopped = [s for s in solutions if s.status != "Optimal" or s.dual_gap > tol]
    if not stopped:
        return
    gap = max(s.dual_gap for s in stopped)
    reasons = ", ".join(sorted({s.status.replace("Optimal", "Rounding") for s in stopped}))
    limits = f"max_iter (now {max_iter}) or time_limit (now {time_limit})"
    cure = f"Raise {limits}" if "limit reached" in reasons else "Scale the features, or lower C"
    warn_user(
        f"{len(stopped)} of {len(solutions)} linear programs stopped before the duality gap "
        f"reached tol={tol:g} ({reasons}): the gap is {gap:.2g}. The best weights found "
        f"are kept. {cure}.",
        ConvergenceWarning,
    )


def warn_of_no_feature(coef, units, X, targets, limits, weights, parameter="C"):
    """Warn of weights that are all zero because C is too small, not because the data allow none."""
    if coef.any() or np.isinf(units.C):
        return
    smallest = units.smallest_C(X, targets, limits, weights)
    if units.C < smallest < np.inf:
        warn_user(
            f"No feature is used: {parameter}={units.C:g} is below {smallest:g}, up to which no "
            f"weight pays. Raise {parameter} well above it: by the number of samples, if "
            "sample_weight sums to one.",
            UserWarning,
        )
