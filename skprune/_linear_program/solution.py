"""The best weights and the best bound found so far, and what is left of the budget."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from .program import FEASIBILITY

_BROKEN = 100 * FEASIBILITY  # mean violation at which a constraint counts as broken


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

    violation, violation_bound : float
        Where the least violation comes first: total violation of the weights, and a bound below
        that of all weights. The objective is then the cost of the weights alone, its bound one
        below the cost of all weights that violate no more.
    """

    weights: np.ndarray
    multipliers: np.ndarray
    objective: float
    lower_bound: float
    n_iter: int = 0
    status: str = "Optimal"
    violation: float = 0.0
    violation_bound: float = 0.0

    @property
    def dual_gap(self):
        """Duality gap, the larger one of both goals, relative to a goal above one."""
        first = _relative_gap(self.violation, self.violation_bound)
        return max(first, _relative_gap(self.objective, self.lower_bound))


def _relative_gap(value, bound):
    return max(0.0, value - bound) / max(1.0, abs(value)) if np.isfinite(value) else np.inf


class Limits:
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


class Incumbent:
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
