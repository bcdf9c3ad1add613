"""The worst and the nearest patterns and features."""

import numpy as np

NONE = np.empty(0, dtype=np.intp)
SMALLEST_BATCH = 100


def missing_features(program, outside, multipliers, tolerance):
    """Features outside whose rows the multipliers violate, the worst first."""
    if not outside.any():
        return NONE
    p = program.n_features
    activity = program.correlate(multipliers)[:p]
    excess = np.maximum(activity - program.row_upper[:p], program.row_lower[:p] - activity)
    tolerance *= max(1.0, np.abs(multipliers).max())
    return worst(excess, outside, tolerance, np.count_nonzero(~outside))


def worst(violation, candidates, tolerance, inside):
    """The most violated candidates, at most half as many as are inside: geometric growth."""
    found = np.flatnonzero(candidates & (violation > tolerance))
    batch = max(SMALLEST_BATCH, inside // 2)
    return found[np.argsort(-violation[found], kind="stable")[:batch]]


def all_patterns(program):
    return np.arange(program.n_patterns)


def all_features(program):
    return np.arange(program.n_features)


def all_but(program, features):
    outside = np.ones(program.n_features, dtype=bool)
    outside[features] = False
    return outside


def smallest(values, size):
    """Where the smallest values are."""
    if size >= values.size:
        return np.arange(values.size)
    return np.argpartition(values, size - 1)[:size]
