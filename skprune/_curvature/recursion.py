"""The inverse of HS93 eq. 17 by its recursion, as published."""

import numpy as np

from .._gauss_newton.jacobian import jacobian_chunks


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
