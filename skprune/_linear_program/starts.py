"""Strategies: what is inside the restricted dual at first."""

from dataclasses import dataclass

import numpy as np

from .guesses import RIDGE_FEATURES, best_multiple, squared_hinge_guess, violation_depth
from .interior_point import InteriorPoint
from .ranking import SMALLEST_BATCH, all_but, all_features, all_patterns, missing_features, smallest

# From here the simplex method needs a few dozen iterations; many patterns make steps dear.
_FINE_TOL, _FINE_TOL_TALL = 3e-4, 1e-3

_ROUGH_TOLS = 1.0, 0.3, 0.1, 0.03  # where missing features come in, the last until they are few
_SMALL = 20_000  # entries of Z


@dataclass
class _Start:
    """Where a strategy starts: the reference, and what is inside first.

    How far the patterns are from their targets serves when too few are inside for the restricted
    dual to be feasible; that can only happen when the reference is not zero.
    Approximate multipliers tell the first basis.
    """

    reference: np.ndarray
    patterns: np.ndarray
    features: np.ndarray
    pattern_distance: np.ndarray | None = None
    multipliers: np.ndarray | None = None

    def include(self, warm, n_features):
        """Bring in what the solution of a similar program uses."""
        if self.multipliers is None:
            self.patterns = np.union1d(self.patterns, np.flatnonzero(warm.multipliers))
        used = np.flatnonzero(warm.weights)
        self.features = np.union1d(self.features, used[used < n_features])


def _start_dual(program, limits, incumbent):
    return _Start(np.zeros(program.n_patterns), all_patterns(program), all_features(program))


def _start_interior_point(program, limits, incumbent):
    if not program.has_finite_costs:  # an infinite box has no middle to start from
        return _start_constraint_generation(program, limits, incumbent)
    weights = best_multiple(program, program.guess)
    everything = all_patterns(program), all_features(program)
    return _approximate_start(program, *everything, weights, limits, incumbent)


def _start_constraint_generation(program, limits, incumbent):
    weights = best_multiple(program, squared_hinge_guess(program))
    patterns = _critical_patterns(program, weights)
    features = all_features(program)
    return _approximate_start(program, patterns, features, weights, limits, incumbent)


def _start_feature_generation(program, limits, incumbent):
    patterns, features = all_patterns(program), _promising_features(program)
    some = program.restricted(patterns, features)
    weights = best_multiple(some, some.guess)
    return _approximate_start(program, patterns, features, weights, limits, incumbent)


def _start_generation(program, limits, incumbent):
    weights = best_multiple(program, squared_hinge_guess(program))
    patterns, features = _critical_patterns(program, weights), _promising_features(program)
    weights = weights[program.rows_of(features)]
    return _approximate_start(program, patterns, features, weights, limits, incumbent)


def _approximate_start(program, patterns, features, weights, limits, incumbent):
    """Start from an interior point over some patterns and growing features.

    Its weights tell on which side of their targets the patterns are, and those near their targets
    are free; its multipliers, which are central, tell the features whose rows are tight or will be,
    and the first basis. With infinite costs, start from the patterns and features alone.
    """
    if not program.has_finite_costs:
        return _Start(np.zeros(program.n_patterns), patterns, features)
    features, inner = _interior_features(program, patterns, features, weights, limits)
    multipliers = np.zeros(program.n_patterns)
    multipliers[patterns] = inner.x.value
    off = program.targets - incumbent.offer(program.expanded(inner.w, features))
    distance = np.abs(off)
    reference = np.zeros(program.n_patterns)
    reference[patterns] = np.where(off > 0, program.cost_below, -program.cost_above)[patterns]
    n_rows = features.size + int(program.fit_intercept)
    first = smallest(distance, 3 * n_rows + SMALLEST_BATCH)
    size = max(inner.n_tight_rows() * 5 // 4, program.n_patterns // 2) + SMALLEST_BATCH // 2
    near = _nearly_tight_features(program, multipliers, min(size, features.size))
    return _Start(reference, first, near, distance, multipliers)


def _interior_features(program, patterns, features, weights, limits):
    """Interior point over growing features: those it misses come in while it is still rough."""
    some = program.restricted(patterns, features)
    inner = InteriorPoint(some, weights)
    multipliers = np.zeros(program.n_patterns)
    rough = list(_ROUGH_TOLS)
    while rough and features.size < program.n_features and not limits.reached():
        _approach(inner, rough[0], limits)
        multipliers[patterns] = inner.x.value
        outside = all_but(program, features)
        missing = missing_features(program, outside, multipliers, 0.1 * rough[0])
        if missing.size:
            features = np.append(features, missing)
            some = program.restricted(patterns, features)
            inner.add_features(some)
        if len(rough) > 1 or 10 * missing.size <= features.size:
            rough.pop(0)
    _approach(inner, _FINE_TOL if 20 * some.n_rows > some.n_patterns else _FINE_TOL_TALL, limits)
    return features, inner


def _approach(inner, tol, limits):
    limits.n_iter += inner.run(tol, max_iter=min(60, limits.iterations()), stop=limits.reached)


def _nearly_tight_features(program, multipliers, size):
    """The features nearest to or beyond an end of their rows' range: others' weights are zero."""
    p = program.n_features
    activity = program.correlate(multipliers)[:p]
    distance = np.minimum(program.row_upper[:p] - activity, activity - program.row_lower[:p])
    return smallest(distance, size)


STRATEGIES = {
    "dual": _start_dual,
    "interior_point": _start_interior_point,
    "constraint_generation": _start_constraint_generation,
    "feature_generation": _start_feature_generation,
    "generation": _start_generation,
}


def _critical_patterns(program, weights):
    """The patterns that cheap weights violate, and as many near violation as simplex may need."""
    depth = violation_depth(program, program.net_input(weights))
    violated = np.count_nonzero(depth > 0)
    size = 2 * (violated + min(program.n_rows, program.n_patterns // 8)) + SMALLEST_BATCH
    return smallest(-depth, size)


def _promising_features(program):
    """The features that correlate most with the targets."""
    p = program.n_features
    size = min(p, min(program.n_patterns, 1000) // 2 + SMALLEST_BATCH)
    return smallest(-np.abs(program.correlate(program.targets)[:p]), size)


def choose_strategy(program):
    """The strategy expected to be fastest.

    Many features: generate them. Few features in many patterns: generate the patterns, if so few
    miss their targets under a ridge regression. Otherwise an interior point, which needs finite
    costs and does not pay for small programs.
    """
    n, m = program.n_patterns, program.n_rows
    finite = program.has_finite_costs
    if m > 2 * min(n, RIDGE_FEATURES):
        return "feature_generation" if finite or n <= 4 * RIDGE_FEATURES else "generation"
    if n > 8 * m:
        sample = program.sample
        depth = violation_depth(sample, sample.net_input(program.guess))
        if not finite or np.mean(depth > np.abs(sample.targets)) < 0.15:
            return "constraint_generation"
    return "interior_point" if finite and n * m > _SMALL else "dual"
