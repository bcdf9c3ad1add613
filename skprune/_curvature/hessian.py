"""The Hessian itself, in the place of the Gauss-Newton matrix."""

import numpy as np

from .._numerics.symmetric import mean_diagonal
from .exact import ExactCurvature, InPlaceCholesky


class HessianCurvature(ExactCurvature):
    """The exact Hessian, damped until it is positive definite.

    Away from a minimum, and where residuals are large, it is indefinite. Its inverse has the first
    of 1, 10, 100, ... times the damping asked for with which a Cholesky factor exists.

    Parameters
    ----------
    objective : Objective
        With a method ``hessian(w, kept)``.
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : object
        Not used.
    """

    def __init__(self, objective, w, kept, *, n_jobs=None):
        super().__init__(InPlaceCholesky(objective.hessian(w, kept)))

    @property
    def scale(self):
        """Mean size of a weight's curvature, the unit of relative damping."""
        return mean_diagonal(np.abs(self.invertible.diagonal))
