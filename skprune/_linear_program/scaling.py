"""Units in which the solver loses nothing."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

SOLVER_INFINITY = 1e20  # costs from here on are infinite to HiGHS
_SMALLEST_SIZE, _LARGEST_SIZE = 1e-6, 1e9  # HiGHS drops numbers below 1e-9, refuses them above 1e15


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


def in_solver_range(program):
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
