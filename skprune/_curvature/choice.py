"""The form of the curvature that the size of a network allows: exact, block-diagonal, low-rank.

Each form is made at some weights and inverted with any damping; the inverse multiplies a vector
and makes the elimination that deletes weights by it.
"""

import numpy as np
from sklearn import get_config

from . import low_rank
from .block_diagonal import BlockCurvature
from .exact import exact_curvature
from .low_rank import low_rank_curvature

# Bytes of the exact form at its peak, for each entry of the n x n matrix.
_EXACT_BYTES = 20


def largest_exact():
    """The most weights whose exact form fits scikit-learn's ``working_memory``."""
    return int(np.sqrt(get_config()["working_memory"] * 2**20 / _EXACT_BYTES))


def curvature_for(objective, n_weights):
    """What makes the curvature of so many weights.

    `exact_curvature` while the n x n matrix fits the budget; beyond it `low_rank_curvature` if the
    Jacobian has so few rows that all of them are taken, which is exact, too; else `BlockCurvature`.

    Parameters
    ----------
    objective : Objective
    n_weights : int

    Returns
    -------
    make : callable
        ``(objective, w, kept, *, n_jobs=None) -> curvature`` of the surviving weights at ``w``.
    """
    if n_weights <= largest_exact():
        return exact_curvature
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    return low_rank_curvature if n_rows <= low_rank.SKETCH_ROWS else BlockCurvature
