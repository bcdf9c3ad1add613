"""Units in which the solver loses nothing."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

SMALLEST_COST = 1e-100  # costs below may vanish among the units of the features
SOLVER_INFINITY = 1e20  # costs from here on are infinite to HiGHS
_SMALLEST_SIZE, _LARGEST_SIZE = 1e-6, 1e9  # HiGHS drops numbers below 1e-9, refuses them above 1e15


# Prices of weights this far above the costs of violations let no weight be other than zero.
_LARGEST_PRICE = 2.0**60


@dataclass(frozen=True)
class _Units:
    """Powers of two, and so exact: factors of the features (one a row), targets and costs."""

    features: np.ndarray
    targets: float
    costs: float

    def restored(self, solution):
        """The solution in the units of the features, targets and costs as they were."""
        value = self.targets * self.costs
        with np.errstate(over="ignore"):
            weights = solution.weights * self.features / self.targets
        if not np.isfinite(weights).all():
            raise ValueError(
                "The weights that take features of the size of X to targets of the size of y are "
                f"beyond the largest number, {np.finfo(float).max:g}. Scale X or y."
            )
        return replace(
            solution,
            weights=weights,
            multipliers=solution.multipliers / self.costs,
            objective=solution.objective / value,
            lower_bound=solution.lower_bound / value,
            violation=solution.violation / value,
            violation_bound=solution.violation_bound / value,
        )


def in_solver_range(program):
    """The same program in units in which the solver takes nothing for zero or for infinity.

    The weights' prices change with the units of their features and of the costs. Costs that are
    large stay: in other units the weights' prices would be too small.
    """
    features = np.ones(program.n_rows)
    features[: program.n_features] = _factors(program.largest_sizes)
    targets = float(_factors(np.abs(program.targets).max()))
    costs = max(1.0, float(_factors(program.largest_cost)))
    units = _Units(features, targets, costs)
    if targets != 1.0:
        program = replace(program, targets=program.targets * targets)
    if costs != 1.0:
        below, above = program.cost_below * costs, program.cost_above * costs
        program = replace(program, cost_below=below, cost_above=above)
    if (features == 1.0).all() and costs == 1.0:
        return program, units
    X, scale = program.X, features[: program.n_features]
    if (features != 1.0).any():
        X = X @ sparse.diags_array(scale) if sparse.issparse(X) else X * scale
    rows = [_prices(end * costs, features) for end in (program.row_lower, program.row_upper)]
    return replace(program, X=X, row_lower=rows[0], row_upper=rows[1]), units


def _prices(ends, factors):
    """Ends of the rows' ranges in other units, infinite ones only where they were."""
    with np.errstate(over="ignore"):
        prices = np.clip(ends * factors, -_LARGEST_PRICE, _LARGEST_PRICE)
    return np.where(np.isfinite(ends), prices, ends)


def _factors(sizes):
    """Powers of two that bring sizes out of range near one; 1 for the others."""
    outside = (sizes > 0) & ((sizes < _SMALLEST_SIZE) | (sizes > _LARGEST_SIZE))
    # (A subnormal number has no finite power of two that makes it one.)
    powers = np.minimum(-np.floor(np.log2(np.where(outside, sizes, 1.0))), 1000)
    return np.exp2(powers)
