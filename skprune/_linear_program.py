"""The linear program of a perceptron and its solver strategies on HiGHS (H96).

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
from time import perf_counter

import numpy as np
from scipy import sparse

from ._interior_point import InteriorPoint
from ._restricted_dual import FEASIBILITY, RestrictedDual, Status
from ._threads import blas_threads


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
        if step < 2 or self.n_rows > _RIDGE_FEATURES:
            return self
        return self.restricted(np.arange(0, self.n_patterns, step), _all_features(self))

    @cached_property
    def guess(self):
        """Cheap weights: ridge regression, or scaled correlations where features are many."""
        if self.n_rows <= _RIDGE_FEATURES:
            return _ridge(self.sample, slice(None))
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

        Rows of equality (weights that cost nothing) cannot be met by scaling: the intercept's by
        shrinking the heavier sign, others' at the price of their activity times the weight found,
        to first order.
        """
        lam = np.clip(multipliers, -self.cost_above, self.cost_below)
        equality = self.row_lower == self.row_upper
        lam, excess = self._balanced_excess(lam)
        unmet = np.abs(self.correlate(lam)[equality]) @ np.abs(weights[equality])
        return float(self.targets @ lam) / max(1.0, excess) - float(unmet)

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
        return 1.0 / excess if excess > rounding else np.inf

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


class UnreachableTargets(Exception):
    """No weights meet the targets whose cost is infinite."""


class SolverFailure(RuntimeError):
    """HiGHS stopped for a reason other than a limit."""

    def __init__(self, status):
        super().__init__(
            f"HiGHS stopped with the status {status!r}. Scale the features (StandardScaler), "
            "lower C or scale the weights of samples."
        )
        self.status = status

    def __reduce__(self):
        # By default the message would be taken for the status on the way back from a worker.
        return type(self), (self.status,)


@dataclass
class UnitSolution:
    """Weights of a unit and the certificate of their cost.

    Parameters
    ----------
    weights : ndarray of shape (n_features [+ 1],)
        The unit's weights, the intercept last.

    multipliers : ndarray of shape (n_patterns,)
        The dual variables of the best lower bound.

    objective, lower_bound : float
        True cost of the weights, recomputed from them, and a bound below the least cost: minus
        infinity when there is none, or when the weights break a target of infinite cost.

    n_iter : int
        Simplex iterations and interior-point steps.

    status : str
        "Optimal", or what stopped the solver.
    """

    weights: np.ndarray
    multipliers: np.ndarray
    objective: float
    lower_bound: float
    n_iter: int = 0
    status: str = "Optimal"

    @property
    def dual_gap(self):
        """Duality gap, relative to the objective where that is above one."""
        if not np.isfinite(self.objective):
            return np.inf
        gap = self.objective - self.lower_bound
        return max(0.0, gap) / max(1.0, abs(self.objective))


class _Limits:
    """What is left of the iterations and of the time."""

    def __init__(self, max_iter, time_limit):
        self.n_iter = 0
        self.max_iter = np.inf if max_iter is None else max_iter
        self.deadline = perf_counter() + (np.inf if time_limit is None else time_limit)

    def iterations(self):
        return int(min(self.max_iter - self.n_iter, 2**31 - 1))

    def seconds(self):
        return max(0.0, self.deadline - perf_counter())

    def reached(self):
        return self.iterations() <= 0 or self.seconds() <= 0.0


class _Incumbent:
    """The cheapest weights and the best lower bound seen so far.

    Weights that break a constraint (a target of infinite cost) rank after all that break it less.
    """

    def __init__(self, program):
        self.program = program
        self.rank, self.bound = (np.inf, np.inf), -np.inf
        self.offer(np.zeros(program.n_rows), np.zeros(program.n_patterns))

    def offer(self, weights, multipliers=None):
        """Compare weights (and multipliers) with the best; return the weights' net inputs."""
        net = self.program.net_input(weights)
        broken, cost = self.program.violation(net)
        rank = (
            (broken if broken > _BROKEN * net.size else 0.0),
            cost + self.program.weight_cost(weights),
        )
        if rank < self.rank:
            self.rank, self.weights = rank, weights
        if multipliers is not None:
            bound = self.program.lower_bound(multipliers, weights)
            if bound > self.bound:
                self.bound, self.multipliers = bound, multipliers
            self.latest = rank, weights, bound, multipliers
        return net

    def settle(self):
        """Take the latest: the optimal vertex, which rounding may have left behind its equals."""
        self.rank, self.weights, self.bound, self.multipliers = self.latest

    def solution(self, n_iter, status):
        bound = self.bound if self.rank[0] == 0.0 else -np.inf
        return UnitSolution(self.weights, self.multipliers, self.rank[1], bound, n_iter, status)


def solve_unit(program, strategy="auto", *, tol=1e-6, max_iter=None, time_limit=None, warm=None):
    """Solve a unit's program to a vertex with a certified duality gap.

    Parameters
    ----------
    program : UnitProgram
        The program.

    strategy : {"auto", "dual", "interior_point", "constraint_generation", \
            "feature_generation", "generation"}, default="auto"
        How to start: see :data:`STRATEGIES`; "auto" chooses by :func:`choose_strategy`.

    tol : float, default=1e-6
        Relative duality gap to certify.

    max_iter : int or None, default=None
        Limit of simplex iterations and interior-point steps.

    time_limit : float or None, default=None
        Limit in seconds.

    warm : UnitSolution or None, default=None
        Solution of a similar program: what it uses is inside from the start.

    Returns
    -------
    UnitSolution
        The optimum, or when a limit is reached the best weights seen.

    Raises
    ------
    UnreachableTargets
        If targets of infinite cost cannot be met.
    RuntimeError
        If HiGHS fails, with its own words.
    """
    program, units = _in_solver_range(program)
    return units.restored(_solve(program, strategy, tol, _Limits(max_iter, time_limit), warm))


@dataclass(frozen=True)
class _Units:
    """Powers of two, and so exact, by which features (one a row) and targets were multiplied."""

    features: np.ndarray
    targets: float

    def restored(self, solution):
        """The solution in the units of the features and targets as they were."""
        return replace(
            solution,
            weights=solution.weights * self.features / self.targets,
            objective=solution.objective / self.targets,
            lower_bound=solution.lower_bound / self.targets,
        )


def _in_solver_range(program):
    """The same program in units in which the solver takes nothing for zero or for infinity.

    The weights' prices change with the units of their features.
    """
    features = np.ones(program.n_rows)
    features[: program.n_features] = _factors(program.largest_sizes)
    targets = float(_factors(np.abs(program.targets).max()))
    units = _Units(features, targets)
    if (features == 1.0).all():
        same = targets == 1.0
        return program if same else replace(program, targets=program.targets * targets), units
    scale = features[: program.n_features]
    is_sparse = sparse.issparse(program.X)
    return replace(
        program,
        X=program.X @ sparse.diags_array(scale) if is_sparse else program.X * scale,
        targets=program.targets * targets,
        row_lower=program.row_lower * features,
        row_upper=program.row_upper * features,
    ), units


def _factors(sizes):
    """Powers of two that bring sizes out of range near one; 1 for the others."""
    outside = (sizes > 0) & ((sizes < _SMALLEST_SIZE) | (sizes > _LARGEST_SIZE))
    # (A subnormal number has no finite power of two that makes it one.)
    powers = np.minimum(-np.floor(np.log2(np.where(outside, sizes, 1.0))), 1000)
    return np.exp2(powers)


def _largest_sizes(X):
    """Largest absolute value of each column."""
    if not sparse.issparse(X):
        return np.maximum(X.max(axis=0), -X.min(axis=0))
    return np.maximum(X.max(axis=0).toarray(), -X.min(axis=0).toarray()).ravel()


def _solve(program, strategy, tol, limits, warm=None):
    incumbent = _Incumbent(program)
    if strategy == "auto":
        strategy = choose_strategy(program)
    # The other strategies have matrices of some of the patterns and features.
    n_rows = min(program.X.shape) if strategy == "interior_point" else 0
    with blas_threads(n_rows):
        start = STRATEGIES[strategy](program, limits, incumbent)
        if warm is not None:
            start.include(warm, program.n_features)
        loop = _Generation(program, start, limits, incumbent)
        status = loop.run()
        if status == "Optimal" and incumbent.solution(0, "").dual_gap > tol:
            # A warm-started basis has been seen to be reported as optimal when it was not.
            loop.master.forget_basis()
            status = loop.run()
    return incumbent.solution(limits.n_iter, status)


class _Generation:
    """The loop of all strategies: solve the restricted dual, price the rest, enlarge."""

    def __init__(self, program, start, limits, incumbent):
        self.program, self.limits, self.incumbent = program, limits, incumbent
        self.outside_pattern = np.ones(program.n_patterns, dtype=bool)
        self.outside_feature = np.ones(program.n_features, dtype=bool)
        self.pattern_distance = start.pattern_distance
        self.master = RestrictedDual(program, start.reference)
        self.bring_in(start.patterns, start.features)
        if start.multipliers is not None:
            self.master.start_from(start.multipliers)

    def bring_in(self, patterns, features):
        self.master.add_features(features)
        self.master.add_patterns(patterns)
        self.outside_feature[features] = False
        self.outside_pattern[patterns] = False

    def run(self):
        """Run to the optimum or to a limit, and say which."""
        retried = False
        while not self.limits.reached():
            used = self.master.n_iter
            status = self.master.solve(self.limits.iterations(), self.limits.seconds())
            self.limits.n_iter += self.master.n_iter - used
            found = self.master.solution()
            if status == Status.kOptimal and found is not None:
                entering = self.price(*found)
            elif status in (Status.kIterationLimit, Status.kTimeLimit):
                if found is not None:
                    self.incumbent.offer(*found)
                return self.master.status_text()
            elif status == Status.kInfeasible and self.has_more_patterns():
                entering = self.nearest_patterns(), _NONE
            elif status in (Status.kUnbounded, Status.kUnboundedOrInfeasible):
                entering = _NONE, self.price_ray()
            elif retried:
                raise SolverFailure(self.master.status_text())
            else:
                retried = True
                self.master.forget_basis()
                continue
            if not any(part.size for part in entering):
                self.incumbent.settle()
                return "Optimal"
            self.bring_in(*entering)
        return "Iteration limit reached" if self.limits.seconds() > 0 else "Time limit reached"

    def price(self, weights, multipliers):
        """Patterns and features that the restricted optimum violates, the worst first."""
        program = self.program
        off = program.targets - self.incumbent.offer(weights, multipliers)
        below = np.where(self.master.reference < program.cost_below, off, 0.0)
        above = np.where(self.master.reference > -program.cost_above, -off, 0.0)
        patterns = _worst(
            np.maximum(below, above), self.outside_pattern, FEASIBILITY, len(self.master.patterns)
        )
        return patterns, _missing_features(program, self.outside_feature, multipliers, FEASIBILITY)

    def price_ray(self):
        """Features that stop the direction in which the restricted dual is unbounded."""
        if not self.outside_feature.any():
            raise UnreachableTargets
        direction = self.master.ray()
        if direction is None:
            return np.flatnonzero(self.outside_feature)
        p = self.program.n_features
        activity = self.program.correlate(direction / np.abs(direction).max())[:p]
        up = np.where(np.isfinite(self.program.row_upper[:p]), activity, 0.0)
        down = np.where(np.isfinite(self.program.row_lower[:p]), -activity, 0.0)
        features = _worst(
            np.maximum(up, down), self.outside_feature, FEASIBILITY, len(self.master.features)
        )
        if not features.size:
            raise UnreachableTargets
        return features

    def has_more_patterns(self):
        return self.pattern_distance is not None and self.outside_pattern.any()

    def nearest_patterns(self):
        """As many patterns again, those nearest to their targets: too few were free."""
        outside = np.flatnonzero(self.outside_pattern)
        size = max(_SMALLEST_BATCH, len(self.master.patterns))
        return outside[_smallest(self.pattern_distance[outside], size)]


SOLVER_INFINITY = 1e20  # costs from here on are infinite to HiGHS
_SMALLEST_SIZE, _LARGEST_SIZE = 1e-6, 1e9  # HiGHS drops numbers below 1e-9, refuses them above 1e15
_ROUNDING = 1e-12  # of the targets: what a weight adds to a net input without being there
_BROKEN = 100 * FEASIBILITY  # mean violation at which a constraint counts as broken
_NONE = np.empty(0, dtype=np.intp)
_SMALLEST_BATCH = 100


def _missing_features(program, outside, multipliers, tolerance):
    """Features outside whose rows the multipliers violate, the worst first."""
    if not outside.any():
        return _NONE
    p = program.n_features
    activity = program.correlate(multipliers)[:p]
    excess = np.maximum(activity - program.row_upper[:p], program.row_lower[:p] - activity)
    tolerance *= max(1.0, np.abs(multipliers).max())
    return _worst(excess, outside, tolerance, np.count_nonzero(~outside))


def _worst(violation, candidates, tolerance, inside):
    """The most violated candidates, at most half as many as are inside: geometric growth."""
    found = np.flatnonzero(candidates & (violation > tolerance))
    batch = max(_SMALLEST_BATCH, inside // 2)
    return found[np.argsort(-violation[found], kind="stable")[:batch]]


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


def _all_patterns(program):
    return np.arange(program.n_patterns)


def _all_features(program):
    return np.arange(program.n_features)


def _start_dual(program, limits, incumbent):
    return _Start(np.zeros(program.n_patterns), _all_patterns(program), _all_features(program))


def _start_interior_point(program, limits, incumbent):
    if not program.has_finite_costs:  # an infinite box has no middle to start from
        return _start_constraint_generation(program, limits, incumbent)
    weights = _scaled(program, program.guess)
    everything = _all_patterns(program), _all_features(program)
    return _approximate_start(program, *everything, weights, limits, incumbent)


def _start_constraint_generation(program, limits, incumbent):
    weights = _scaled(program, _squared_hinge_guess(program))
    patterns = _critical_patterns(program, weights)
    features = _all_features(program)
    return _approximate_start(program, patterns, features, weights, limits, incumbent)


def _start_feature_generation(program, limits, incumbent):
    patterns, features = _all_patterns(program), _promising_features(program)
    some = program.restricted(patterns, features)
    weights = _scaled(some, some.guess)
    return _approximate_start(program, patterns, features, weights, limits, incumbent)


def _start_generation(program, limits, incumbent):
    weights = _scaled(program, _squared_hinge_guess(program))
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
    first = _smallest(distance, 3 * n_rows + _SMALLEST_BATCH)
    size = max(inner.n_tight_rows() * 5 // 4, program.n_patterns // 2) + _SMALLEST_BATCH // 2
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
        outside = _all_but(program, features)
        missing = _missing_features(program, outside, multipliers, 0.1 * rough[0])
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


def _all_but(program, features):
    outside = np.ones(program.n_features, dtype=bool)
    outside[features] = False
    return outside


def _smallest(values, size):
    """Where the smallest values are."""
    if size >= values.size:
        return np.arange(values.size)
    return np.argpartition(values, size - 1)[:size]


def _nearly_tight_features(program, multipliers, size):
    """The features nearest to or beyond an end of their rows' range: others' weights are zero."""
    p = program.n_features
    activity = program.correlate(multipliers)[:p]
    distance = np.minimum(program.row_upper[:p] - activity, activity - program.row_lower[:p])
    return _smallest(distance, size)


STRATEGIES = {
    "dual": _start_dual,
    "interior_point": _start_interior_point,
    "constraint_generation": _start_constraint_generation,
    "feature_generation": _start_feature_generation,
    "generation": _start_generation,
}


def _critical_patterns(program, weights):
    """The patterns that cheap weights violate, and as many near violation as simplex may need."""
    depth = _violation_depth(program, program.net_input(weights))
    violated = np.count_nonzero(depth > 0)
    size = 2 * (violated + min(program.n_rows, program.n_patterns // 8)) + _SMALLEST_BATCH
    return _smallest(-depth, size)


def _violation_depth(program, net):
    off = program.targets - net
    return np.maximum(
        np.where(program.cost_below > 0, off, -np.inf),
        np.where(program.cost_above > 0, -off, -np.inf),
    )


def _squared_hinge_guess(program):
    """Newton's method on squared violations: ridge regression on the patterns in violation.

    A sample brings it near for as long as it has many of them, all patterns nearer.
    """
    weights = program.guess
    if program.n_rows > _RIDGE_FEATURES:
        return weights
    weights = _newton(program.sample, weights, steps=8, enough=4 * program.n_rows)
    return _newton(program, weights, steps=2, enough=1)


def _newton(program, weights, steps, enough):
    for _ in range(steps):
        violated = np.flatnonzero(_violation_depth(program, program.net_input(weights)) > 0)
        if violated.size < enough:
            break
        weights = _ridge(program, violated)
    return weights


def _scaled(program, weights):
    """The multiple of the weights that costs least: squared violations make weights too small.

    The cost's slope rises where a target is passed. Counted on the sample; infinite costs as one.
    """
    sample = program.sample
    net = sample.net_input(weights)
    below = np.where(np.isinf(sample.cost_below), 1.0, sample.cost_below)
    above = np.where(np.isinf(sample.cost_above), 1.0, sample.cost_above)
    slope = sample.weight_cost(weights) * sample.n_patterns / program.n_patterns
    slope -= net @ np.where(sample.targets > 0, below, -above)
    passed = np.flatnonzero(net * sample.targets > 0)
    factors = sample.targets[passed] / net[passed]
    order = np.argsort(factors)
    rises = (np.abs(net) * (below + above))[passed]
    factors, rises = np.append(0.0, factors[order]), np.append(0.0, rises[order])
    turn = np.searchsorted(slope + np.cumsum(rises), 0.0)
    return weights * factors[min(turn, order.size)]


def _ridge(program, patterns):
    inputs, targets = program.X[patterns], program.targets[patterns]
    inputs = inputs.toarray() if sparse.issparse(inputs) else inputs
    p = program.n_features
    gram, right = np.empty((program.n_rows, program.n_rows)), np.empty(program.n_rows)
    gram[:p, :p], right[:p] = inputs.T @ inputs, inputs.T @ targets
    if program.fit_intercept:
        gram[p, :p] = gram[:p, p] = inputs.sum(axis=0)
        gram[p, p], right[p] = len(targets), targets.sum()
    gram.flat[:: len(gram) + 1] += 1e-3 * gram.trace() / len(gram) or 1.0
    return np.linalg.solve(gram, right)


def _promising_features(program):
    """The features that correlate most with the targets."""
    p = program.n_features
    size = min(p, min(program.n_patterns, 1000) // 2 + _SMALLEST_BATCH)
    return _smallest(-np.abs(program.correlate(program.targets)[:p]), size)


_RIDGE_FEATURES = 500
# From here the simplex method needs a few dozen iterations; many patterns make steps dear.
_FINE_TOL, _FINE_TOL_TALL = 3e-4, 1e-3
_ROUGH_TOLS = 1.0, 0.3, 0.1, 0.03  # where missing features come in, the last until they are few
_SMALL = 20_000  # entries of Z


def choose_strategy(program):
    """The strategy expected to be fastest.

    Many features: generate them. Few features in many patterns: generate the patterns, if so few
    miss their targets under a ridge regression. Otherwise an interior point, which needs finite
    costs and does not pay for small programs.
    """
    n, m = program.n_patterns, program.n_rows
    finite = program.has_finite_costs
    if m > 2 * min(n, _RIDGE_FEATURES):
        return "feature_generation" if finite or n <= 4 * _RIDGE_FEATURES else "generation"
    if n > 8 * m:
        sample = program.sample
        depth = _violation_depth(sample, sample.net_input(program.guess))
        if not finite or np.mean(depth > np.abs(sample.targets)) < 0.15:
            return "constraint_generation"
    return "interior_point" if finite and n * m > _SMALL else "dual"


def solve_exactly(program, strategy="auto", *, tol=1e-6, max_iter=None, time_limit=None):
    """Solve a program of infinite cost: the least total violation first, the least weights second.

    The costs of `program` serve as weights of the first goal. Its dual optimum tells which patterns
    every solution of least violation violates, meets exactly, or meets: with these as constraints
    the second program is of the same kind, with infinite boxes.

    Parameters
    ----------
    program : UnitProgram
        The program, with finite costs.

    strategy, tol, max_iter, time_limit
        As in :func:`solve_unit`; the limits hold for all programs together.

    Returns
    -------
    solution : UnitSolution
        The weights, whose cost alone is the objective.
    violation : float
        The least total (weighted) violation, or that of the weights found when a limit is reached.
    """
    limits = _Limits(max_iter, time_limit)
    program, units = _in_solver_range(program)
    try:
        solution = _solve(_hardened(program), strategy, tol, limits)
    except (UnreachableTargets, SolverFailure):
        # What fails with infinite costs may still be solved with finite ones.
        solution = _least_violation(program, strategy, tol, limits)
    violation = program.violation(program.net_input(solution.weights))[1]
    return units.restored(solution), violation / units.targets


def _least_violation(program, strategy, tol, limits):
    """Both goals one after the other, for targets that cannot all be met."""
    free = replace(
        program,
        row_lower=np.where(np.isfinite(program.row_lower), 0.0, -np.inf),
        row_upper=np.where(np.isfinite(program.row_upper), 0.0, np.inf),
    )
    first = _solve(free, strategy, tol, limits)
    unreduced = replace(first, objective=program.weight_cost(first.weights), lower_bound=-np.inf)
    if first.status != "Optimal":
        return unreduced
    try:
        second = _solve(_optimal_face(program, first), strategy, tol, limits)
    except UnreachableTargets:  # only by rounding: the first solution lies on the face
        return replace(unreduced, status="No smaller weights within rounding")
    except SolverFailure as failure:
        return replace(unreduced, status=failure.status)
    if second.dual_gap == np.inf:  # a limit came before any weights of least violation
        return replace(unreduced, status=second.status, n_iter=second.n_iter)
    gap = first.dual_gap * max(1.0, abs(second.objective))
    return replace(second, lower_bound=min(second.lower_bound, second.objective - gap))


def _hardened(program):
    return replace(
        program,
        cost_below=np.where(program.cost_below > 0, np.inf, 0.0),
        cost_above=np.where(program.cost_above > 0, np.inf, 0.0),
    )


def _optimal_face(program, first):
    """The program over all weights of least violation, by complementary slackness.

    Targets move by rounding only: to where the first solution meets them exactly.
    """
    lam, net = first.multipliers, program.net_input(first.weights)
    at_lower = lam <= -program.cost_above * (1 - 1e-9)
    at_upper = lam >= program.cost_below * (1 - 1e-9)
    met = np.where(at_upper, np.maximum(program.targets, net), np.minimum(program.targets, net))
    return replace(
        program,
        targets=np.where(at_lower | at_upper, met, net),
        cost_below=np.where(at_upper, 0.0, np.inf),
        cost_above=np.where(at_lower, 0.0, np.inf),
    )
