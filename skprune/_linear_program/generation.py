"""Solve the restricted dual, price what was left out, enlarge it."""

import numpy as np

from .program import FEASIBILITY
from .ranking import NONE, SMALLEST_BATCH, missing_features, smallest, worst
from .restricted_dual import RestrictedDual, Status
from .solution import SolverFailure, UnreachableTargets


class Generation:
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
                entering = self.nearest_patterns(), NONE
            elif status in (Status.kUnbounded, Status.kUnboundedOrInfeasible):
                entering = NONE, self.price_ray()
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
        patterns = worst(
            np.maximum(below, above), self.outside_pattern, FEASIBILITY, len(self.master.patterns)
        )
        return patterns, missing_features(program, self.outside_feature, multipliers, FEASIBILITY)

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
        features = worst(
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
        size = max(SMALLEST_BATCH, len(self.master.patterns))
        return outside[smallest(self.pattern_distance[outside], size)]
