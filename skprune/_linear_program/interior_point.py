"""A predictor-corrector interior point for tall, dense unit programs.

Used by :mod:`skprune._linear_program` alone. With the net inputs' row activities as variables of
their own, the dual of a unit's program is

    min  -b'x   subject to   Z'x - r = 0,   lower <= (x, r) <= upper,

where Z = [X, 1] holds one pattern a row. Eliminating everything but the multiplier w of the
equality (the unit's weights) leaves one (p + 1) x (p + 1) normal matrix Z'DZ + E a step, which is
all that depends on the number of patterns.
"""

import numpy as np
from scipy.linalg import LinAlgError

from .._numerics.threads import symmetric_threads
from .barrier import SIDES, Barrier, middle
from .normal_equations import NormalByPatterns, NormalByRows

_MARGIN = 0.1  # of new rows to the ends of their ranges


class InteriorPoint:
    """Iterates towards the optimum of a program whose costs are all finite.

    Parameters
    ----------
    program : UnitProgram
        The program.

    weights : ndarray of shape (n_rows,)
        Where to start.

    Attributes
    ----------
    w : ndarray of shape (n_rows,)
        The unit's weights, the intercept last: approximate, and not at a vertex.

    x : _Barrier
        Its values are the multipliers of the patterns, strictly inside their box.
    """

    def __init__(self, program, weights):
        lower, upper = -program.cost_above, program.cost_below
        self.x = Barrier(middle(lower, upper), lower, upper)
        rows = program.row_lower, program.row_upper
        self.r = Barrier(middle(*rows), *rows)
        self.w = weights.copy()
        floor = 0.5 * max(1.0, np.abs(program.targets).max())
        self.x.balance(program.net_input(weights) - program.targets, floor)
        self.r.balance(-weights, 0.5)
        self.unmet = 0.0
        self._set_program(program)

    def _set_program(self, program):
        self.program = program
        wide = program.n_rows > program.n_patterns and not self.r.fixed.any()
        self.normal = (NormalByPatterns if wide else NormalByRows)(program)

    def _complementarity(self):
        """Sum over all bounds, and the mean."""
        total = self.x.complementarity() + self.r.complementarity()
        return total, total / (self.x.n_bounds + self.r.n_bounds)

    def run(self, tol, max_iter=60, stop=lambda: False):
        """Take steps until the relative complementarity is at most ``tol``.

        So is, by then, a tenth of the misfits of the rows that came in.

        Parameters
        ----------
        tol : float

        max_iter : int
            Largest number of steps.

        stop : callable
            Asked before each step whether to stop.

        Returns
        -------
        n_iter : int
            Steps taken.
        """
        for iteration in range(max_iter):
            total, mu = self._complementarity()
            scale = max(1.0, abs(self.program.targets @ self.x.value))
            if (total <= tol * scale and 0.1 * self.unmet <= tol) or stop():
                return iteration
            try:
                step = _NewtonStep(self.program, self.normal, self.x, self.r, self.w)
            except LinAlgError:  # as near as rounding allows
                return iteration + 1
            step.predict_and_correct(mu)
            self.unmet *= 1.0 - step.take()
        return max_iter

    def n_tight_rows(self):
        """How many rows seem to end at an end of their range: multipliers outgrow their slacks."""
        return np.count_nonzero((self.r.dual > self.r.slack).any(axis=0))

    def add_features(self, program):
        """Go on with a program that has more features, behind the former ones.

        Their weights start at zero, and their rows as near to their activities as their ranges
        allow, on the central path. To be called while iterates are rough: from the ends of their
        boxes multipliers cannot move far.
        """
        former = self.program.n_features
        new = slice(former, program.n_features)
        lower, upper = program.row_lower[new], program.row_upper[new]
        margin = np.minimum(_MARGIN, 0.5 * (upper - lower))
        activity = program.correlate(self.x.value)[new]
        rows = Barrier(np.clip(activity, lower + margin, upper - margin), lower, upper)
        rows.set_central_multipliers(self._complementarity()[1])
        self.r.insert(former, rows)
        self.unmet = max(self.unmet, float(np.abs(activity - rows.value).max()))
        self.w = np.insert(self.w, former, np.zeros(len(lower)))
        self._set_program(program)


class _NewtonStep:
    """One predictor-corrector step on the normal equations."""

    def __init__(self, program, normal, x, r, w):
        self.program, self.x, self.r, self.w = program, x, r, w
        self.x_inverse, self.r_inverse = x.curvature_inverse(), r.curvature_inverse()
        self.residual_rows = program.correlate(x.value) - r.value
        self.residual_x = -program.targets + program.net_input(w) + x.force()
        self.residual_r = -w + r.force()
        with symmetric_threads(normal.size):
            self.solve_normal = normal.factorised(self.x_inverse, self.r_inverse)

    def solve(self, mu, x_products=None, r_products=None):
        """Direction towards complementarity `mu`, with second-order products taken off."""
        g = -self.residual_x + self.x.centring(mu, x_products)
        h = -self.residual_r + self.r.centring(mu, r_products)
        right = self.program.correlate(self.x_inverse * g) - self.r_inverse * h + self.residual_rows
        dw = self.solve_normal(right)
        self.dx = self.x_inverse * (g - self.program.net_input(dw))
        self.dr = self.r_inverse * (h + dw)
        self.dw = dw
        self.x_duals = self.x.multiplier_steps(self.dx)
        self.r_duals = self.r.multiplier_steps(self.dr)
        self.primal = min(self.x.longest_primal(self.dx), self.r.longest_primal(self.dr))
        self.dual = min(self.x.longest_dual(self.x_duals), self.r.longest_dual(self.r_duals))

    def predict_and_correct(self, mu):
        """Mehrotra's choice of the centring parameter, from an affine trial step."""
        self.solve(0.0)
        after = self.x.complementarity_after(self.primal, self.dx, self.dual, self.x_duals)
        after += self.r.complementarity_after(self.primal, self.dr, self.dual, self.r_duals)
        bounds = self.x.n_bounds + self.r.n_bounds
        centring = (after / bounds / mu) ** 3
        x_products = SIDES * self.dx * self.x_duals
        r_products = SIDES * self.dr * self.r_duals
        self.solve(centring * mu, x_products, r_products)

    def take(self):
        """Move; by how much of the whole step the multipliers of the patterns did."""
        primal, dual = min(1.0, 0.995 * self.primal), min(1.0, 0.995 * self.dual)
        self.x.move(primal, self.dx, dual, self.x_duals)
        self.r.move(primal, self.dr, dual, self.r_duals)
        self.w += dual * self.dw
        return primal
