"""Symmetric matrices: mirrored, damped, factored without fail."""

import numpy as np
from scipy.linalg import LinAlgError, cholesky

# Of arrays that LAPACK works on in place: from others it would make a copy of its own.
IN_PLACE = ("ALIGNED", "WRITEABLE")


# Blocks in which a triangle is copied, and which of their entries are below the diagonal.
_BLOCK = 128
_IS_BELOW = np.tri(_BLOCK, k=-1, dtype=bool)


def mirror(matrix):
    """Copy the upper triangle of a square C-ordered matrix to its lower one, in place."""
    n = len(matrix)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        corner = matrix[start:stop, start:stop]
        is_below = _IS_BELOW[: stop - start, : stop - start]
        np.copyto(corner, corner.T.copy(), where=is_below)
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
