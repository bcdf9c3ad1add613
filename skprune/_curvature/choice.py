"""The curvature of a network in the form that its size allows: exact, block-diagonal, low-rank.

Each form is made at some weights and inverted with any damping; the inverse multiplies a vector
and makes the elimination that deletes weights by it. :func:`make_curvature` picks the form.
"""

import numpy as np
from sklearn import get_config

from .._gauss_newton.matrix import gauss_newton
from . import low_rank
from .block_diagonal import BlockCurvature
from .exact import DUAL_SHARE, DampedInverse, DualInverse, ExactCurvature
from .low_rank import low_rank_curvature

# Bytes of the exact form at its peak, for each entry of the n x n matrix.
_EXACT_BYTES = 20


def largest_exact():
    """The most weights whose exact form fits scikit-learn's ``working_memory``."""
    return int(np.sqrt(get_config()["working_memory"] * 2**20 / _EXACT_BYTES))


def curvature_form(curvature, objective, n_weights):
    """The form for so many weights: `curvature` itself, unless it is "auto".

    Exact while the n x n matrix fits the budget; beyond it low-rank if the Jacobian has so few
    rows that all of them are taken, which is exact, too; else block-diagonal.
    """
    if curvature != "auto":
        return curvature
    if n_weights <= largest_exact():
        return "exact"
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    return "low_rank" if n_rows <= low_rank.SKETCH_ROWS else "block"


def make_curvature(curvature, objective, w, kept, *, n_jobs=None):
    """Curvature of the surviving weights at ``w``.

    Parameters
    ----------
    curvature : {"auto", "exact", "low_rank", "block"} or callable
        A callable ``(objective, w, kept) -> hessian`` takes the place of the Gauss-Newton matrix.
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : int, default=None
        Chunks of patterns, or blocks, are joblib tasks.
    """
    if callable(curvature):
        return ExactCurvature(DampedInverse(curvature(objective, w, kept)))
    form = curvature_form(curvature, objective, len(kept))
    if form == "block":
        return BlockCurvature(objective, w, kept, n_jobs=n_jobs)
    if form == "low_rank":
        return low_rank_curvature(objective, w, kept)
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    if n_rows < DUAL_SHARE * len(kept):
        return ExactCurvature(DualInverse(objective, w, kept))
    return ExactCurvature(DampedInverse(gauss_newton(objective, w, kept, n_jobs=n_jobs)))
