"""The smallest variance of each feature, by what it is measured to.

A component may stand on observations that repeat: zeros, caps, rounded values. Its variance is then
whatever is the smallest allowed, and so is its share in the likelihood. Values that are rounded to
a step h have a density of 1 / h at most, which a Gaussian of variance h^2 / 2 pi has at its centre:
with that floor a component on one rounded value earns nothing but what the value's mass is worth,
and one on an atom among fine values earns what the fine resolution makes of it.
"""

import numpy as np

# Below this share of its variance, a feature's variance is a rounding error of second moments.
ROUNDING_SHARE = 1e-13

# Share of the neighbours that may lie closer together than the resolution: a few unrounded values
# do not make a grid fine, and a narrow cloud of a larger share than this is never floored.
FINER_SHARE = 0.01

# Values are the same within so many units of rounding of the largest.
SAME_VALUE_ULPS = 8


def distinct_values(values, weight, spacing):
    """Values further apart than ``spacing``, in order, and the weight of each."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > spacing)
    return ordered[first], np.add.reduceat(weight[order], first)


def same_value_spacing(values):
    """Distance within which values differ by rounding alone."""
    return SAME_VALUE_ULPS * np.finfo(values.dtype).eps * float(np.max(np.abs(values)))


def resolution(values, weight):
    """Distance between neighbouring values that all but a few of them keep.

    A pair of neighbours counts as often as the rarer of the two.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        A feature.
    weight : ndarray of shape (n_samples,)
        Weights of the observations.

    Returns
    -------
    resolution : float
        The step of rounded values, next to nothing for continuous ones, 0 for a constant.
    """
    distinct, mass = distinct_values(values, weight, same_value_spacing(values))
    if len(distinct) == 1:
        return 0.0
    gaps = np.diff(distinct.astype(np.float64))
    order = np.argsort(gaps, kind="stable")
    pairs = np.cumsum(np.minimum(mass[:-1], mass[1:])[order])
    return float(gaps[order][np.searchsorted(pairs, FINER_SHARE * pairs[-1])])


def variance_floors(X, weight, variances, reg_covar):
    """Smallest variance of each feature, apart from rounding, and what rounding asks for.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Observations.
    weight : ndarray of shape (n_samples,)
        Their weights.
    variances : ndarray of shape (n_features,)
        Their variances.
    reg_covar : float
        Smallest variance of any feature.

    Returns
    -------
    floors : ndarray of shape (n_features,)
        The larger of ``reg_covar`` and the variance of the feature's resolution.
    rounding : ndarray of shape (n_features,)
        Errors of second moments.
    """
    steps = np.array([resolution(column, weight) for column in X.T])
    with np.errstate(over="ignore", under="ignore"):
        floors = np.maximum(reg_covar, steps**2 / (2 * np.pi))
    return floors, ROUNDING_SHARE * np.where(variances > 0, variances, np.mean(variances))
