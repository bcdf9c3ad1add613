"""Weights fixed to given values, the free ones making up for it (HS93, section 7: w_q = constant).

A deletion is the constant zero. With ``r`` the value that weight q is to have, the same formulas
hold for ``w_q - r``: the least rise of the quadratic model is ``(w_q - r)^2 / (2 [H^-1]_qq)``, and
the free weights move by ``-(w_q - r) / [H^-1]_qq H^-1 e_q``. The dearest weights are fixed first,
while there are others to make up for them; at the end single weights step to a neighbouring value
where that lowers the loss.
"""

import numpy as np
from scipy.optimize import minimize

from .._curvature.dense_elimination import OBSElimination
from .._curvature.exact import InPlaceCholesky
from .._gauss_newton.diagonal import gauss_newton_diagonal
from .._gauss_newton.matrix import gauss_newton
from .._network import Connectivity
from .._numerics.threads import blas_threads
from .._training.lbfgs import train_lbfgs
from .grids import Levels

# With one quadratic model this share of the free weights is fixed.
_SHARE = 1 / 8

# Iterations of the training of the free weights before each model.
_ITERATIONS = 50

# Dampings tried with each model, relative to the mean curvature.
_DAMPINGS = (1e-8, 1e-4, 1e-2, 1.0)

# Steps to a neighbouring value that are tried before the gradient is computed anew, and how often.
_TRIALS, _ROUNDS = 16, 50

# Weights that the rule keeps from being fixed, one after the other, before it is taken to bind.
_REFUSALS = 16


class Rounder:
    """Rounds the weights of one network; afterwards ``w``, ``kept`` and ``free`` hold the result.

    Memory is that of a matrix of 8 n^2 bytes, n the number of weights, and its assembly; time that
    of about twelve inversions of it, of as many curvatures as there are models, about
    ``8 log(n)``, and of a training between two models.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
        The network before rounding; not modified.
    kept : ndarray of int
        Flat indices of the weights that exist.
    grid : Decimals or Levels
        The values that weights may have.
    judge : Objective, default=None
        Whose loss without weight decay has the ceiling; None for ``objective``.
    n_jobs : int, default=None
        Workers for the curvature.
    """

    def __init__(self, objective, w, kept, grid, *, judge=None, n_jobs=None):
        self.objective, self.grid, self.n_jobs = objective, grid, n_jobs
        self.judge = objective if judge is None else judge
        self.w = np.array(w, dtype=np.float64)
        self.kept = self.free = np.asarray(kept, dtype=np.intp)

    def round(self, max_loss=np.inf):
        """Fix all weights, or what the ceiling of the loss without weight decay allows."""
        start = self.w
        with blas_threads(len(self.kept)):
            self._fix_all()
            if self.judge.data_loss(self.w) > max_loss:
                self.w, self.free = start, self.kept
                self._fix_within(max_loss)
        self._strip()
        return self

    def _fix_all(self):
        """Dearest weights first; rounding alone stays if it should be better."""
        plain = self.w.copy()
        plain[self.kept] = self.grid.nearest(plain[self.kept])
        while len(self.free):
            self.w = self._trained(self.w, self.free)
            self._take(*self._fixed_share(1.0, self.free, self._share()))
        if self.objective.value(plain) < self.objective.value(self.w):
            self.w = plain
        self._improve()

    def _fix_within(self, max_loss):
        """Cheapest weights first, as long as the loss allows; the others stay free."""
        candidates, count, n_refused = self.free, self._share(), 0
        while len(candidates) and n_refused < _REFUSALS:
            w, fixed = self._fixed_share(-1.0, candidates, min(count, len(candidates)))
            w = self._trained(w, np.setdiff1d(self.free, fixed))
            if self.judge.data_loss(w) <= max_loss:
                self._take(w, fixed)
                candidates, n_refused = np.setdiff1d(candidates, fixed), 0
            elif len(fixed) > 1:
                count = len(fixed) // 2
            else:
                candidates, n_refused = np.setdiff1d(candidates, fixed), n_refused + 1

    def _share(self):
        return max(1, int(len(self.free) * _SHARE))

    def _trained(self, w, free):
        return train_lbfgs(self.objective, w, free, max_iter=_ITERATIONS, tol=1e-6).weights

    def _take(self, w, fixed):
        self.w, self.free = w, np.setdiff1d(self.free, fixed)

    # ---- fixing weights, in a quadratic model ------------------------------------------------

    def _fixed_share(self, order, candidates, count):
        """Fix ``count`` candidates, with the damping that gives the lowest loss.

        The dearest ones for an order of 1, the cheapest ones for -1. Returns all weights, and
        which ones are fixed.
        """
        curvature = InPlaceCholesky(
            gauss_newton(self.objective, self.w, self.free, n_jobs=self.n_jobs)
        )
        trials = [
            self._fixed(curvature, damping, order, candidates, count) for damping in _DAMPINGS
        ]
        return min(trials, key=lambda trial: self.objective.value(trial[0]))

    def _fixed(self, curvature, damping, order, candidates, count):
        w, frame, fixed = self.w.copy(), self.free, []
        inverse, _ = curvature.invert(damping * curvature.scale)
        elimination = OBSElimination(w[frame], inverse)
        for _ in range(count):
            if elimination.room == 0:
                survivors = elimination.commit()
                frame = frame if survivors is None else frame[survivors]
            values = self.grid.nearest(elimination.weights)
            variances = np.where(elimination.alive, elimination.variances, 1.0)
            ranks = order * np.square(elimination.weights - values) / variances
            ranks[~elimination.alive | ~np.isin(frame, candidates)] = -np.inf
            q = int(np.argmax(ranks))
            # To delete what is left of the weight is to fix the weight.
            elimination.weights[q] -= values[q]
            elimination.delete(np.array([q]))
            w[frame[q]] = values[q]
            fixed.append(frame[q])
        w[frame[elimination.alive]] = elimination.weights[elimination.alive]
        return w, np.array(fixed)

    # ---- improving what is fixed -------------------------------------------------------------

    def _improve(self):
        """Step to neighbouring values and tune shared levels, while the loss falls."""
        if not len(self.kept):
            return
        self._step_to_neighbours()
        if isinstance(self.grid, Levels):
            before = np.inf
            while (value := self._tune_levels()) < before:
                before = value
                self._step_to_neighbours()

    def _step_to_neighbours(self):
        """Move single weights by one value of the grid, the most promising first."""
        value = self.objective.value(self.w)
        for _ in range(_ROUNDS):
            before = value
            for q, new in self._promising_steps():
                moved = self.w.copy()
                moved[q] = new
                reached = self.objective.value(moved)
                if reached < value:
                    self.w, value = moved, reached
            if value == before:
                return

    def _promising_steps(self):
        """Steps that are predicted to lower the loss: weights and their new values."""
        values = self.w[self.kept]
        gradient = self.objective.value_and_gradient(self.w)[1][self.kept]
        curvature = gauss_newton_diagonal(self.objective, self.w, self.kept)
        changes = self.grid.neighbours(values) - values
        forecasts = changes * (gradient + 0.5 * curvature * changes)
        best = np.argsort(forecasts, axis=None, kind="stable")[:_TRIALS]
        which, q = np.unravel_index(best[forecasts.ravel()[best] < 0], forecasts.shape)
        return list(zip(self.kept[q], values[q] + changes[which, q]))

    def _tune_levels(self):
        """Train the levels, each shared by its weights. Returns the loss."""
        objective, index = self.objective, self.grid.index(self.w[self.kept])
        full = self.w.copy()

        def value_and_gradient(levels):
            full[self.kept] = levels[index]
            value, gradient = objective.value_and_gradient(full)
            return value, np.bincount(index, gradient[self.kept], len(levels))

        result = minimize(value_and_gradient, self.grid.levels, jac=True, method="L-BFGS-B")
        self.w[self.kept] = result.x[index]
        self.grid = Levels(np.unique(result.x))
        return float(result.fun)

    # ---- the end ------------------------------------------------------------------------------

    def _strip(self):
        """Drop the weights that are zero, and those of units that then reach no output."""
        network = self.objective.network
        topology = Connectivity(network, self.kept[self.w[self.kept] != 0])
        units = {
            (depth, unit)
            for depth, width in enumerate(network.layer_sizes[1:-1])
            for unit in range(width)
        }
        topology.remove(topology.useless(units))
        self.w[~topology.alive] = 0.0
        self.kept = np.flatnonzero(topology.alive)
        self.free = np.intersect1d(self.free, self.kept)
