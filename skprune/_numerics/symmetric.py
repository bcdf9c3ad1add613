"""Symmetric matrices: mirrored, damped, factored without fail."""

import numpy as np
from scipy.linalg import LinAlgError, cholesky

# Of arrays that LAPACK works on in place: from others it would make a copy of its own.
IN_PLACE = ("ALIGNED", "WRITEABLE")


def mirror(matrix, block=128):
    """Copy the upper triangle of a square C-ordered matrix to its lower one, in place."""
    n = len(matrix)
    for start in range(0, n, block):
        stop = min(start + block, n)
        corner = matrix[start:stop, start:stop]
        corner[:] = np.triu(corner) + np.triu(corner, 1).T
        matrix[stop:, start:stop] = matrix[start:stop, stop:].T


def check_finite(array):
    if not np.isfinite(array).all():
        raise ValueError(
            "The network's curvature is not finite: its weights or inputs are too large. "
            "Scale the inputs (StandardScaler) or raise alpha of the estimator."
        )


def mean_diagonal(diagonal):
    return float(diagonal.mean()) if len(diagonal) else 0.0


def least_damping(diagonal):
    """Below this the factor of a singular matrix is rounding noise."""
    return len(diagonal) * np.finfo(float).eps * max(float(diagonal.max(initial=0.0)), 1e-150)


def robust_cholesky(block):
    """Lower Cholesky factor of a nearly positive definite block (rounding after downdates)."""
    ridge = 0.0
    scale = np.finfo(float).eps * max(np.abs(block).max(), np.finfo(float).tiny)
    while True:
        try:
            return cholesky(block + ridge * np.eye(len(block)), lower=True)
        except LinAlgError:
            ridge = max(10.0 * ridge, scale)
