"""The inverse of HS93 eq. 17 by its recursion, as published."""

import numpy as np

from .._gauss_newton.diagonal import gauss_newton_diagonal
from .._gauss_newton.jacobian import jacobian_chunks
from .._numerics.symmetric import check_finite, least_damping, mean_diagonal
from .exact import ExactInverse


def inverse_by_recursion(objective, w, kept, damping):
    """Inverse by HS93's recursion (eq. 17, its multi-output form eq. 20), as published.

    ``H^-1 <- H^-1 - H^-1 x x' H^-1 / (1 + x' H^-1 x)`` for each column x of Z', starting from the
    inverse of the diagonal (HS93: damping alone). O(P c n^2), two passes over n^2 numbers for
    each pattern and output; meant for small networks and for comparison.

    Returns
    -------
    inverse : ndarray of shape (n_kept, n_kept)
    """
    inverse = np.diag(1.0 / (objective.decay[kept] + damping))
    for block in jacobian_chunks(objective, w, kept):
        for x in block:
            step = inverse @ x
            step /= np.sqrt(1.0 + x @ step)
            inverse -= np.outer(step, step)
    return inverse


class RecursiveCurvature:
    """The Gauss-Newton matrix, of which the recursion makes the inverse for each damping.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : object
        Not used: each pattern waits for the one before.
    """

    def __init__(self, objective, w, kept, *, n_jobs=None):
        self._problem = objective, w, kept
        self.diagonal = gauss_newton_diagonal(objective, w, kept)
        check_finite(self.diagonal)

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return mean_diagonal(self.diagonal)

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on the diagonal; it takes no other's place."""
        damping = max(damping, least_damping(self.diagonal))
        inverse = inverse_by_recursion(*self._problem, damping)
        return ExactInverse(np.asfortranarray(inverse), damping)
