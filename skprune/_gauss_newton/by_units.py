"""The Gauss-Newton matrix by the weights into each unit."""

from itertools import pairwise

import numpy as np

from .._numerics.symmetric import mirror
from .kept_weights import even_slices

# Numbers of the curvature of the units that the assembly by units holds, so that they stay in the
# cache; yet never so few patterns that its products are all calls.
_CACHED_NUMBERS, _MIN_CACHED = 2**20, 16


def add_by_units(hessian, objective, w, survivors, chunk):
    """Add one chunk's part of the Gauss-Newton matrix, both triangles.

    The weights into units j and m have the block ``sum_k C_jm,k a_j a_m'``, C being the curvature
    of the units: for each unit one product with all that follow.
    """
    network, units = objective.network, units_with_curvature(objective.network, w, survivors)
    firsts = np.cumsum([0, *map(len, units)])
    places = [np.searchsorted(own, of) for own, of in zip(units, survivors.units)]
    unit = np.concatenate([place + first for place, first in zip(places, firsts)])
    order = np.argsort(unit, kind="stable")
    unit = unit[order]
    bounds = np.searchsorted(unit, np.arange(firsts[-1] + 1))
    # Outputs that share no curvature have no products with each other.
    n_mixed = firsts[-2] if network.has_independent_outputs else firsts[-1]
    by_unit = np.zeros_like(hessian)
    start, stop, _ = chunk.indices(objective.X.shape[0])
    for few in even_slices(start, stop, _n_cached(survivors, units)):
        shares = objective.weights[few] / objective.total
        inputs, curvatures = network.curvature_factors(
            w, objective.X[few], shares, survivors.live_inputs, units, objective.smoothing
        )
        # Patterns last: to take units and inputs is then to copy rows.
        values = np.vstack([part.T[rows] for part, rows in zip(inputs, survivors.rows)])[order]
        pairs = (row[own:] for part in curvatures for own, row in enumerate(part))
        for own, (curvature, (begin, end)) in enumerate(zip(pairs, pairwise(bounds))):
            last = len(unit) if own < n_mixed else end
            if begin < end:
                weighted = curvature.take(unit[begin:last] - own, axis=0)
                weighted *= values[begin:last]
                by_unit[begin:end, begin:last] += values[begin:end] @ weighted.T
    mirror(by_unit)
    place = np.argsort(order)
    for begin, end in pairwise(bounds):
        hessian[order[begin:end]] += by_unit[begin:end].take(place, axis=1)


def units_with_curvature(network, w, survivors):
    """The units of each layer that have surviving weights or see, by others, units that have."""
    units, below = [], np.empty(0, np.intp)
    for layer, live in zip(network.layers(w), survivors.live_units):
        below = np.union1d(live, np.flatnonzero(layer[below].any(axis=0)))
        units.append(below)
    return units


def _n_cached(survivors, units):
    """Patterns that the assembly by units takes at a time."""
    return max(_CACHED_NUMBERS // (1 + n_unit_pairs(units) + len(survivors)), _MIN_CACHED)


def cost_by_units(units):
    """Multiplications a pattern of the curvature of the units, and its passes through memory."""
    counts = [len(own) for own in units]
    products = sum(
        own * above * sum(counts[depth:]) for depth, (own, above) in enumerate(pairwise(counts))
    )
    return products + 20 * n_unit_pairs(units)


def n_unit_pairs(units):
    """Numbers a pattern of the curvature of the units of each layer with those that follow."""
    counts = [len(own) for own in units]
    return sum(count * sum(counts[depth:]) for depth, count in enumerate(counts))
