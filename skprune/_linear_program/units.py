"""Programs of several units that share their inputs."""

import numpy as np

from .._numerics.threads import one_blas_thread
from .program import UnitProgram, row_ranges
from .scaling import SMALLEST_COST, SOLVER_INFINITY
from .solve import solve_exactly, solve_unit


class SaturatingUnits:
    """The linear programs of several saturating units that share their inputs.

    Used by all estimators of this kind, and by the two-layer networks.

    Parameters
    ----------
    C : float
        Cost of violating a target; infinity for the least violation first, the least weights
        second.

    fit_intercept, penalize_intercept : bool
        Whether units have an intercept, and whether its size costs as a weight's does.

    signs : ndarray of shape (n_features,) or None
        Required signs of the weights, 0 where free.

    tol, max_iter, time_limit, solver
        As in :func:`skprune._linear_program.solve_unit`.
    """

    def __init__(
        self,
        C,
        *,
        fit_intercept=True,
        penalize_intercept=True,
        signs=None,
        tol=1e-6,
        max_iter=None,
        time_limit=None,
        solver="auto",
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.penalize_intercept = penalize_intercept
        self.signs = signs
        self.options = dict(strategy=solver, tol=tol, max_iter=max_iter, time_limit=time_limit)

    def program(self, X, targets, limits, weights, C=None):
        """One unit's program: targets at a limit are one-sided."""
        cost = weights * (1.0 if C is None else C)
        ranges = row_ranges(
            X.shape[1],
            signs=self.signs,
            fit_intercept=self.fit_intercept,
            penalize_intercept=self.penalize_intercept,
        )
        below = np.where(targets > limits[0], cost, 0.0)
        above = np.where(targets < limits[1], cost, 0.0)
        return UnitProgram(X, targets, below, above, *ranges, self.fit_intercept)

    def smallest_C(self, X, targets, limits, weights):
        """The C up to which no unit has a weight: targets and weights have a column a unit."""
        factors = []
        for target, limit, weight in zip(targets.T, limits, weights.T):
            largest = float(weight.max())
            program = self.program(X, target, limit, weight / largest)
            factors.append(program.smallest_factor() / largest)
        return min(factors)

    @one_blas_thread()
    def solve(self, X, targets, limits, weights, warm=None):
        """Solve one unit's program over the patterns of non-zero weight."""
        used = np.flatnonzero(weights)
        if used.size < weights.size:
            X, targets, weights = X[used], targets[used], weights[used]
        relative = weights / weights.max()  # only their ratios count where violations come first
        if np.isinf(self.C):
            return solve_exactly(self.program(X, targets, limits, relative), **self.options)
        price = self._price(weights.max())
        program = self.program(X, targets, limits, relative, price)
        return solve_unit(program, warm=warm, **self.options)

    def _price(self, largest):
        """Cost of a violation of the pattern of the largest weight."""
        price = float(self.C) * float(largest)
        if not SMALLEST_COST <= price < SOLVER_INFINITY:
            raise ValueError(
                f"C={self.C:g} times the largest weight of a sample, {largest:g}, must be in "
                f"[{SMALLEST_COST:g}, {SOLVER_INFINITY:g}): outside, the solver takes costs for "
                "zero or for infinity. Use C=np.inf for the least violation first, or scale "
                "sample_weight and class_weight."
            )
        return price
