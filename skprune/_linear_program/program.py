"""The linear program of a saturating unit (H96).

A saturating unit f(a) = clip(a, low, high), a = w.x + u, is asked to reach a target on every
pattern. A target inside the limits must be met (net inputs off on either side cost), one at a limit
only has to be reached (net inputs beyond the limit are truncated, for free). With one cost for net
inputs below the target and one for net inputs above it, every kind of target is the same program::

    min  sum_j |w_j| + |u| + sum_t [ below_t (b_t - a_t)_+ + above_t (a_t - b_t)_+ ]

and its dual has one boxed variable a pattern and one ranged row a weight::

    max  sum_t b_t lam_t   subject to   -above_t <= lam_t <= below_t,
                                        row_lower <= Z' lam <= row_upper,    Z = [X, 1].

The range of a row says what its weight costs: [-1, 1] for |w_j|, [0, 0] for a free intercept, and
one infinite end for a weight of a given sign. The row duals are the weights; HiGHS's simplex method
ends in a vertex, so few of them are non-zero.

All strategies are one loop on a restricted dual: some patterns and some features are inside, every
other pattern rests at a reference value and every other weight at zero. The rest is priced, what it
violates comes in, and when nothing is violated the restricted optimum is the optimum. The
strategies differ in where they start (:data:`STRATEGIES`).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from .guesses import RIDGE_FEATURES, ridge
from .ranking import all_features

# HiGHS's feasibility tolerances, well below the gap that a fit certifies.
FEASIBILITY = 1e-9

_FREE = 1e-6  # prices of weights up to which the solver's tolerance is not small beside them
_ROUNDING = 1e-12  # of the targets: what a weight adds to a net input without being there


@dataclass(frozen=True)
class UnitProgram:
    """A unit's linear program.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_patterns, n_features)
        Inputs of the unit, float64.

    targets : ndarray of shape (n_patterns,)
        Net inputs b to reach.

    cost_below, cost_above : ndarray of shape (n_patterns,)
        Cost of one unit of net input below and above the target. Zero makes that side free,
        infinity makes it a constraint.

    row_lower, row_upper : ndarray of shape (n_features [+ 1],)
        Range of each weight's dual row, the intercept's last: see :func:`row_ranges`.

    fit_intercept : bool
        Whether there is an intercept.
    """

    X: np.ndarray
    targets: np.ndarray
    cost_below: np.ndarray
    cost_above: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    fit_intercept: bool

    def __post_init__(self):
        by_feature = self.X
        if sparse.issparse(self.X):
            # Users have matrices, whose * is a matrix product, or arrays, whose * is not.
            object.__setattr__(self, "X", sparse.csr_array(self.X))
            by_feature = self.X.tocsc()
        object.__setattr__(self, "X_by_feature", by_feature)

    @property
    def n_patterns(self):
        return self.X.shape[0]

    @property
    def n_features(self):
        return self.X.shape[1]

    @property
    def n_rows(self):
        return self.n_features + int(self.fit_intercept)

    @cached_property
    def has_finite_costs(self):
        return bool(np.isfinite(self.cost_below).all() and np.isfinite(self.cost_above).all())

    @cached_property
    def largest_cost(self):
        """The largest cost of a violation, finite or not."""
        return float(max(self.cost_below.max(initial=0.0), self.cost_above.max(initial=0.0)))

    def with_relative_costs(self):
        """The program whose largest cost is one."""
        return replace(
            self,
            cost_below=self.cost_below / self.largest_cost,
            cost_above=self.cost_above / self.largest_cost,
        )

    @cached_property
    def largest_sizes(self):
        """Largest absolute value of each feature."""
        return _largest_sizes(self.X_by_feature)

    @cached_property
    def smallest_weights(self):
        """Below these weights change no net input by more than rounding."""
        sizes = np.append(self.largest_sizes, np.inf) if self.fit_intercept else self.largest_sizes
        least = _ROUNDING * np.abs(self.targets).max(initial=0.0)
        return np.divide(least, sizes, out=np.zeros_like(sizes), where=sizes > 0)

    def without_rounding(self, weights):
        """Weights as a vertex has them: those that the signs forbid, or rounding made, are zero."""
        weights = np.where(np.isposinf(self.row_upper), np.minimum(weights, 0.0), weights)
        weights = np.where(np.isneginf(self.row_lower), np.maximum(weights, 0.0), weights)
        return np.where(np.abs(weights) < self.smallest_weights, 0.0, weights)

    def rows_of(self, features):
        """Rows of some weights, and of the intercept."""
        return np.append(features, self.n_features) if self.fit_intercept else features

    def restricted(self, patterns, features):
        """The program over some patterns and features."""
        if patterns.size == self.n_patterns and features.size == self.n_features:
            return self
        rows = self.rows_of(features)
        X = self.X if patterns.size == self.n_patterns else self.X[patterns]
        return UnitProgram(
            X if features.size == self.n_features else X[:, features],
            self.targets[patterns],
            self.cost_below[patterns],
            self.cost_above[patterns],
            self.row_lower[rows],
            self.row_upper[rows],
            self.fit_intercept,
        )

    @cached_property
    def sample(self):
        """The program over evenly spaced patterns, enough for a guess."""
        step = self.n_patterns // (20 * self.n_rows + 1000)
        if step < 2 or self.n_rows > RIDGE_FEATURES:
            return self
        return self.restricted(np.arange(0, self.n_patterns, step), all_features(self))

    @cached_property
    def guess(self):
        """Cheap weights: ridge regression, or scaled correlations where features are many."""
        if self.n_rows <= RIDGE_FEATURES:
            return ridge(self.sample, slice(None))
        weights = self.correlate(self.targets)
        net = self.net_input(weights)
        return weights * (self.targets @ net / max(net @ net, np.finfo(float).tiny))

    def expanded(self, weights, features):
        """Weights of a restricted program among zeros."""
        full = np.zeros(self.n_rows)
        full[features] = weights[: features.size]
        if self.fit_intercept:
            full[-1] = weights[-1]
        return full

    def net_input(self, weights):
        """Net input of every pattern."""
        used = np.flatnonzero(weights[: self.n_features])
        if 2 * used.size < self.n_features:
            net = self.X_by_feature[:, used] @ weights[used]
        else:
            net = self.X @ weights[: self.n_features]
        return net + weights[-1] if self.fit_intercept else net

    def correlate(self, multipliers):
        """Row activities Z'lam."""
        used = np.flatnonzero(multipliers)
        if 2 * used.size < self.n_patterns:
            activity = self.X[used].T @ multipliers[used]
        else:
            activity = self.X.T @ multipliers
        return np.append(activity, multipliers.sum()) if self.fit_intercept else activity

    def weight_cost(self, weights):
        """Support function of the row ranges: sum |w_j| + |u| for plain ranges."""
        positive, negative = np.maximum(weights, 0.0), np.maximum(-weights, 0.0)
        upper = np.multiply(
            self.row_upper, positive, where=positive > 0, out=np.zeros_like(weights)
        )
        lower = np.multiply(
            self.row_lower, negative, where=negative > 0, out=np.zeros_like(weights)
        )
        return float(upper.sum() - lower.sum())

    def violation(self, net):
        """Total violation of targets whose cost is infinite, and cost of all other violations."""
        below, above = np.maximum(self.targets - net, 0.0), np.maximum(net - self.targets, 0.0)
        if self.has_finite_costs:
            return 0.0, float(self.cost_below @ below + self.cost_above @ above)
        hard_below, hard_above = np.isinf(self.cost_below), np.isinf(self.cost_above)
        broken = below[hard_below].sum() + above[hard_above].sum()
        cost = self.cost_below[~hard_below] @ below[~hard_below]
        return float(broken), float(cost + self.cost_above[~hard_above] @ above[~hard_above])

    def lower_bound(self, multipliers, weights):
        """Value of a dual point made feasible: a bound below the cost of all weights.

        Multipliers are scaled until no row is beyond its range; a free intercept's row, which
        scaling does not move, is met by shrinking the heavier sign.
        """
        lam = np.clip(multipliers, -self.cost_above, self.cost_below)
        if self._has_free_intercept:
            lam = _balanced(lam)
        activity = self.correlate(lam)
        share, unmet = self.feasible_share(np.zeros(self.n_rows), activity)
        if unmet.max(initial=0.0) > self.rounding(lam):
            return 0.0  # no cost is negative
        return max(0.0, float(share * (self.targets @ lam) - self.price_of(unmet, weights)))

    def feasible_share(self, base, activity):
        """The largest share of the activities that, beside others, the rows' ranges have room for.

        Returns
        -------
        share : float
            From 0 to 1. Rows that have no room to speak of (an end of their range is nearly zero:
            the weight costs nothing, or is that of a feature in large units) do not count.

        unmet : ndarray of shape (n_rows,)
            How far each row is beyond its range then.
        """
        end = np.where(activity > 0, self.row_upper, self.row_lower)
        room = np.where(activity > 0, np.maximum(end - base, 0.0), np.minimum(end - base, 0.0))
        counts = (np.abs(end) > _FREE) & (np.abs(activity) > np.abs(room))
        room = np.divide(room, activity, out=np.ones_like(end), where=counts)
        share = float(room.min(initial=1.0))
        total = base + share * activity
        unmet = np.maximum(np.maximum(total - self.row_upper, self.row_lower - total), 0.0)
        return share, unmet

    def rounding(self, multipliers):
        """How far beyond their ranges the solver's tolerance and rounding leave rows."""
        size = np.abs(multipliers).sum() * self.largest_sizes.max(initial=1.0)
        return 10.0 * FEASIBILITY + _ROUNDING * size

    @staticmethod
    def price_of(unmet, weights):
        """What rows beyond their ranges take from a bound, to first order: excess times weight."""
        return float(unmet.sum() * np.abs(weights).max(initial=0.0))

    def smallest_factor(self):
        """Factor of the costs up to which zero weights are optimal; infinity if they always are.

        There every multiplier is at the end of its box that the target pulls it to, and the rows
        just reach an end of their ranges. With a free intercept, which pulls from its best value,
        or targets of zero, zero weights are surely optimal up to the factor, and may be beyond.
        """
        constant = self._best_constant() if self._has_free_intercept else 0.0
        below = np.where(self.targets < constant, -self.cost_above, 0.0)
        pulled, excess = self._balanced_excess(
            np.where(self.targets > constant, self.cost_below, below)
        )
        rounding = _ROUNDING * np.abs(pulled).sum() * self.largest_sizes.max(initial=1.0)
        return 1.0 / float(excess) if excess > rounding else np.inf

    @property
    def _has_free_intercept(self):
        return self.fit_intercept and self.row_lower[-1] == self.row_upper[-1]

    def _best_constant(self):
        """A net input from which targets pull up and down as evenly as they can."""
        order = np.argsort(self.targets)
        targets = self.targets[order]
        down = np.cumsum(self.cost_above[order])
        up = self.cost_below.sum() - np.cumsum(self.cost_below[order])
        is_split = np.diff(targets, append=targets[-1]) > 0
        split = np.argmax(np.where(is_split, np.minimum(down, up), 0.0))
        return targets[split : split + 2].mean()

    def _balanced_excess(self, lam):
        """Multipliers that meet a free intercept's row, and how far beyond 1 they drive others."""
        equality = self.row_lower == self.row_upper
        if self._has_free_intercept:
            lam = _balanced(lam)
        activity = self.correlate(lam)
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.where(activity > 0, activity / self.row_upper, activity / self.row_lower)
        return lam, float(np.max(excess[~equality], initial=0.0))


def _balanced(lam):
    """Shrink the heavier sign so that the sum is zero."""
    positive, negative = np.maximum(lam, 0.0), np.minimum(lam, 0.0)
    plus, minus = positive.sum(), -negative.sum()
    if plus > minus:
        return positive * (minus / plus) + negative
    return positive + negative * (plus / minus) if minus else lam


def row_ranges(n_features, *, signs=None, fit_intercept=True, penalize_intercept=True):
    """Ranges of the dual rows.

    Parameters
    ----------
    n_features : int
        Number of weights.

    signs : ndarray of shape (n_features,) or None, default=None
        1 for a weight that must not be negative, -1 for one that must not be positive, 0 for a free
        one.

    fit_intercept, penalize_intercept : bool
        Whether the last row is an intercept's, and whether its size costs.

    Returns
    -------
    row_lower, row_upper : ndarray
        The ranges.
    """
    upper = np.ones(n_features + int(fit_intercept))
    lower = -upper
    if signs is not None:
        lower[:n_features][signs == 1] = -np.inf
        upper[:n_features][signs == -1] = np.inf
    if fit_intercept and not penalize_intercept:
        lower[-1] = upper[-1] = 0.0
    return lower, upper


def _largest_sizes(X):
    """Largest absolute value of each column."""
    if not sparse.issparse(X):
        return np.maximum(X.max(axis=0), -X.min(axis=0))
    return np.maximum(X.max(axis=0).toarray(), -X.min(axis=0).toarray()).ravel()
