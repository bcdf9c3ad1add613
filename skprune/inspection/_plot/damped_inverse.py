"""The inverse of a Hessian that is drawn."""

import numpy as np

from ..._curvature.exact import InPlaceCholesky


def damped_inverse(hessian, damping):
    """Return the inverse of a matrix damped relative to its mean diagonal."""
    damped = InPlaceCholesky(np.array(hessian, order="F"))
    lower = np.tril(damped.invert(damping * abs(damped.scale))[0])
    return lower + np.tril(lower, -1).T
