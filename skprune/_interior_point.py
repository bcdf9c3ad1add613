"""A predictor-corrector interior point for tall, dense unit programs.

Used by :mod:`skprune._linear_program` alone. With the net inputs' row activities as variables of
their own, the dual of a unit's program is

    min  -b'x   subject to   Z'x - r = 0,   lower <= (x, r) <= upper,

where Z = [X, 1] holds one pattern a row. Eliminating everything but the multiplier w of the
equality (the unit's weights) leaves one (p + 1) x (p + 1) normal matrix Z'DZ + E a step, which is
all that depends on the number of patterns.
"""

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotrs

from ._threads import symmetric_threads

_CHUNK_ELEMENTS = 1 << 17  # a scaled chunk of 1 MB stays in the cache between its two uses
_MARGIN = 0.1  # of new rows to the ends of their ranges
_SIDES = np.array([[1.0], [-1.0]])  # of the lower and of the upper bounds


class _Barrier:
    """Variables between bounds, the slacks to their bounds and the multipliers of these.

    Slacks and multipliers have two rows, for the lower and the upper bounds. Bounds that are
    infinite, or equal, count as none: their slacks are one and their multipliers zero.
    """

    def __init__(self, value, lower, upper):
        self.value = value
        bounds = np.stack([lower, upper])
        self.fixed = lower == upper
        self.bounded = np.isfinite(bounds) & ~self.fixed
        self.n_bounds = np.count_nonzero(self.bounded)
        self.slack = np.where(self.bounded, _SIDES * (value - bounds), 1.0)

    def balance(self, gradient, floor):
        """Start where the multipliers balance the gradient exactly.

        Variables between two bounds start where both products of slack and multiplier are the same.
        """
        self.dual = np.where(self.bounded, np.maximum(_SIDES * gradient, 0.0) + floor, 0.0)
        boxed = self.bounded.all(axis=0)
        share = np.divide(
            self.dual[1], self.dual.sum(axis=0), out=np.zeros(len(boxed)), where=boxed
        )
        step = np.where(boxed, share * self.slack.sum(axis=0) - self.slack[0], 0.0)
        self.value += step
        self.slack += _SIDES * step

    def set_central_multipliers(self, mu):
        """Start where every slack times its multiplier is ``mu``."""
        self.dual = np.where(self.bounded, mu / self.slack, 0.0)

    def insert(self, at, other):
        """Take over another's variables before the one at ``at``."""
        for name in ("value", "fixed", "bounded", "slack", "dual"):
            mine, theirs = getattr(self, name), getattr(other, name)
            parts = [mine[..., :at], theirs, mine[..., at:]]
            setattr(self, name, np.concatenate(parts, axis=-1))
        self.n_bounds += other.n_bounds

    def force(self):
        """Gradient of the bounds' part of the Lagrange function."""
        return self.dual[1] - self.dual[0]

    def complementarity(self):
        return float(np.vdot(self.slack, self.dual))

    def curvature_inverse(self):
        """Inverse of the barrier's diagonal; zero for fixed variables, which cannot move."""
        self._curvature = self.dual / self.slack
        total = self._curvature[0] + self._curvature[1]
        return np.divide(1.0, total, out=np.zeros_like(total), where=~self.fixed)

    def centring(self, mu, products=None):
        """Right-hand side of the complementarity equations at the target `mu`."""
        target = mu * self.bounded
        if products is not None:
            target -= products
        self._centre = target / self.slack - self.dual
        return self._centre[0] - self._centre[1]

    def multiplier_steps(self, step):
        """Steps of the multipliers, once the variables' step is known."""
        return self._centre - self._curvature * (_SIDES * step)

    def longest_primal(self, step):
        return _longest(self.slack, _SIDES * step * self.bounded)

    def longest_dual(self, steps):
        return _longest(self.dual, steps)

    def complementarity_after(self, primal, step, dual, steps):
        slack = self.slack + primal * _SIDES * step
        return float(np.vdot(slack, self.dual + dual * steps))

    def move(self, primal, step, dual, steps):
        moving = np.where(self.fixed, 0.0, primal * step)
        self.value += moving
        self.slack += _SIDES * moving * self.bounded
        self.dual += dual * steps


def _longest(values, step):
    """Longest multiple (at most 1) of the step that keeps the values non-negative."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        steepest = float(np.fmin.reduce(step / values, axis=None, initial=0.0))  # 0 / 0: no limit
    return 1.0 if steepest >= -1.0 else -1.0 / steepest


def _solver(matrix):
    """Solves with a symmetric matrix, which Cholesky's factor overwrites."""
    factor, order = dpotrf(matrix.T, overwrite_a=True, clean=False)
    if order:
        raise LinAlgError(f"The matrix's leading minor of order {order} is not positive definite.")
    return lambda right: dpotrs(factor, right)[0]


class _NormalByRows:
    """Solves (Z'DZ + E) w = right by Cholesky's factor; its arrays serve for all steps."""

    def __init__(self, program):
        self.X, self.p, self.intercept = program.X, program.n_features, program.fit_intercept
        self.size = program.n_rows
        self.normal = np.empty((self.size, self.size))
        self.rows = max(1, _CHUNK_ELEMENTS // program.n_rows)
        if not sparse.issparse(self.X):
            self.scaled = np.empty((min(self.rows, program.n_patterns), program.n_rows))

    def factorised(self, x_inverse, r_inverse):
        """The solver for the diagonals D and E."""
        self.normal[:] = 0.0
        (self._add_sparse if sparse.issparse(self.X) else self._add_dense)(x_inverse)
        jitter = np.finfo(float).eps * self.normal.trace()  # for weights that cost nothing
        self.normal.flat[:: len(self.normal) + 1] += r_inverse + jitter
        return _solver(self.normal)

    def _add_sparse(self, diagonal):
        p, normal = self.p, self.normal
        scaled = sparse.diags_array(np.sqrt(diagonal)) @ self.X
        normal[:p, :p] = (scaled.T @ scaled).toarray()
        if self.intercept:
            normal[p, :p] = normal[:p, p] = self.X.T @ diagonal
            normal[p, p] = diagonal.sum()

    def _add_dense(self, diagonal):
        root = np.sqrt(diagonal)
        for start in range(0, len(root), self.rows):
            part = slice(start, min(start + self.rows, len(root)))
            chunk = self.scaled[: part.stop - part.start]
            np.multiply(self.X[part], root[part, None], out=chunk[:, : self.p])
            if self.intercept:
                chunk[:, self.p] = root[part]
            self.normal += chunk.T @ chunk


class _NormalByPatterns:
    """The same by Woodbury's identity, with a matrix of patterns: for more rows than patterns."""

    def __init__(self, program):
        self.program = program
        self.size = program.n_patterns
        self.outer = np.empty((self.size, self.size))
        self.weighted = None if sparse.issparse(program.X) else np.empty(program.X.shape)

    def factorised(self, x_inverse, r_inverse):
        """The solver for the diagonals D and E."""
        program, outer = self.program, self.outer
        p = program.n_features
        root = np.sqrt(1.0 / r_inverse[:p])
        if self.weighted is None:
            weighted = program.X * root
            outer[:] = (weighted @ weighted.T).toarray()
        else:
            np.multiply(program.X, root, out=self.weighted)
            np.matmul(self.weighted, self.weighted.T, out=outer)
        if program.fit_intercept:
            outer += 1.0 / r_inverse[p]
        outer.flat[:: len(outer) + 1] += 1.0 / np.maximum(x_inverse, np.finfo(float).tiny)
        inner_solve = _solver(outer)

        def solve(right):
            scaled = right / r_inverse
            inner = inner_solve(program.net_input(scaled))
            return scaled - program.correlate(inner) / r_inverse

        return solve


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
        self.x = _Barrier(0.5 * (lower + upper), lower, upper)
        rows = program.row_lower, program.row_upper
        bounded = np.isfinite(rows[0]) & np.isfinite(rows[1])
        self.r = _Barrier(np.where(bounded, 0.5 * (rows[0] + rows[1]), 0.0), *rows)
        self.w = weights.copy()
        floor = 0.5 * max(1.0, np.abs(program.targets).max())
        self.x.balance(program.net_input(weights) - program.targets, floor)
        self.r.balance(-weights, 0.5)
        self.unmet = 0.0
        self._set_program(program)

    def _set_program(self, program):
        self.program = program
        wide = program.n_rows > program.n_patterns and not self.r.fixed.any()
        self.normal = (_NormalByPatterns if wide else _NormalByRows)(program)

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
        rows = _Barrier(np.clip(activity, lower + margin, upper - margin), lower, upper)
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
        x_products = _SIDES * self.dx * self.x_duals
        r_products = _SIDES * self.dr * self.r_duals
        self.solve(centring * mu, x_products, r_products)

    def take(self):
        """Move; by how much of the whole step the multipliers of the patterns did."""
        primal, dual = min(1.0, 0.995 * self.primal), min(1.0, 0.995 * self.dual)
        self.x.move(primal, self.dx, dual, self.x_duals)
        self.r.move(primal, self.dr, dual, self.r_duals)
        self.w += dual * self.dw
        return primal
