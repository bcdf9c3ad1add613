"""The Gauss-Newton matrix of a network's loss on data, to be regularised by any diagonal.

Training by damped Gauss-Newton steps and decays by the evidence ask for the same two things, at the
same weights and for one diagonal after another: the solution of a system, and the variances and
the determinant of the regularised matrix. Neither needs more than a Cholesky factor.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtri

from .._gauss_newton.matrix import gauss_newton
from .._numerics.symmetric import check_finite, least_damping
from .._numerics.threads import symmetric_threads
from .block_diagonal import subsample
from .exact import DUAL_SHARE
from .low_rank import sketched_rows

# Weights up to which the matrix itself is made: n^3 / 3 operations a step, about a second in one
# thread. Beyond, rows of some of the patterns have to do.
_LARGEST_MATRIX = 3000
_MOST_ROWS = int(DUAL_SHARE * _LARGEST_MATRIX)

# Ridge of the rows' form, relative to the mean curvature, below which it has no digits left: its
# terms are larger than their difference by the inverse of this number.
_LEAST_ROW_RIDGE = 1e-9


class RegularisedMatrix:
    """``H + D`` for a positive semi-definite matrix H and any diagonal D not negative.

    A solution takes n^3 / 3 operations, the spread twice as many; ``16 n^2`` bytes.

    Parameters
    ----------
    matrix : ndarray of shape (n, n), symmetric
        H, weight decay not included; not modified.

    Attributes
    ----------
    diagonal : ndarray of shape (n,)
        Of H.

    Raises
    ------
    ValueError
        If the matrix is not finite.
    """

    def __init__(self, matrix):
        check_finite(matrix)
        self._matrix = np.asfortranarray(matrix)
        self.diagonal = self._matrix.diagonal().copy()

    def solve(self, ridge, vector):
        """``(H + D)^-1 vector``; D is raised where the factor would be rounding noise."""
        return dpotrs(self._factor(ridge), vector, lower=1)[0]

    def spread(self, ridge):
        """Diagonal of ``(H + D)^-1``, and log determinant of ``H + D``."""
        factor = self._factor(ridge)
        log_det = 2.0 * float(np.log(factor.diagonal()).sum())
        # (H + D)^-1 = L^-T L^-1: of its diagonal half of an inversion tells.
        with symmetric_threads(len(factor)):
            inverse, _ = dtrtri(factor, lower=1, overwrite_c=1)
        return np.einsum("ij,ij->j", inverse, inverse), log_det

    def spreads(self, ridge, vectors):
        """``V (H + D)^-1 V'`` for each V of a stack of shape (k, c, n): (k, c, c)."""
        half = solve_triangular(self._factor(ridge), _flat(vectors).T, lower=True)
        return _squares(half.T.reshape(vectors.shape))

    def _factor(self, ridge):
        """Lower Cholesky factor."""
        n, least = len(self._matrix), least_damping(self.diagonal)
        while True:
            damped = self._matrix.copy(order="F")
            damped[np.diag_indices(n)] += np.maximum(ridge, least)
            with symmetric_threads(n):
                factor, info = dpotrf(damped, lower=1, overwrite_a=1)
            if info == 0:
                return factor
            least *= 10.0


class RegularisedRows:
    """The same for ``H = Z'Z``, by the few rows of Z.

    With m rows a solution or a spread takes O(m^2 n) operations, and ``16 m n`` bytes.

    Parameters
    ----------
    rows : ndarray of shape (m, n)
        Z; not modified.
    """

    def __init__(self, rows):
        self._rows = rows
        self.diagonal = np.einsum("kq,kq->q", rows, rows)
        check_finite(self.diagonal)

    def solve(self, ridge, vector):
        """``(H + D)^-1 vector``, D being raised to what rounding needs."""
        variances = self._prior_variances(ridge)
        scaled = variances * vector
        dual = cho_solve(self._factor(variances), self._rows @ scaled)
        return scaled - variances * (self._rows.T @ dual)

    def spread(self, ridge):
        """Diagonal of ``(H + D)^-1``, and log determinant of ``H + D``."""
        variances = self._prior_variances(ridge)
        factor, _ = self._factor(variances)
        half = solve_triangular(factor, self._rows * np.sqrt(variances), lower=True)
        # Rounding leaves nothing of a variance that the rows explain almost wholly.
        shares = 1.0 - np.einsum("kq,kq->q", half, half)
        log_det = 2.0 * np.log(factor.diagonal()).sum() - np.log(variances).sum()
        return variances * np.maximum(shares, np.finfo(float).eps), float(log_det)

    def spreads(self, ridge, vectors):
        """``V (H + D)^-1 V'`` for each V of a stack of shape (k, c, n): (k, c, c)."""
        variances = self._prior_variances(ridge)
        scaled = vectors * variances
        factor, _ = self._factor(variances)
        half = solve_triangular(factor, self._rows @ _flat(scaled).T, lower=True)
        explained = _squares(half.T.reshape(*vectors.shape[:2], -1))
        return scaled @ vectors.transpose(0, 2, 1) - explained

    def _prior_variances(self, ridge):
        return 1.0 / np.maximum(ridge, _LEAST_ROW_RIDGE * max(self.diagonal.mean(), 1e-150))

    def _factor(self, variances):
        scaled = self._rows * np.sqrt(variances)
        with symmetric_threads(len(scaled)):
            dual = scaled @ scaled.T
            dual[np.diag_indices(len(dual))] += 1.0
            return cho_factor(dual, lower=True, overwrite_a=True)


def _flat(stack):
    return stack.reshape(-1, stack.shape[-1])


def _squares(stack):
    return stack @ stack.transpose(0, 2, 1)


def regularised_curvature(objective, w, kept, max_patterns=None):
    """The Gauss-Newton matrix of the kept weights, without weight decay, in the form of its size.

    The n x n matrix, or the rows of the Jacobian where these are few (more weights than patterns).
    Networks of more than 3,000 weights have at most 1,500 rows, drawn from the patterns (see
    :func:`~skprune._curvature.low_rank.sketched_rows`).

    Parameters
    ----------
    objective : Objective
        Its decay is left out.
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
        Sorted flat indices of the weights.
    max_patterns : int, default=None
        The matrix is of at most so many patterns, drawn at random; None for all.

    Returns
    -------
    curvature : RegularisedMatrix or RegularisedRows
        Of the *mean* loss over the patterns.
    """
    if max_patterns is not None and max_patterns < objective.X.shape[0]:
        objective = subsample(objective, max_patterns)
    else:
        objective = objective.decayed(np.zeros(objective.network.n_weights))
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    if len(kept) <= _LARGEST_MATRIX and n_rows >= DUAL_SHARE * len(kept):
        return RegularisedMatrix(gauss_newton(objective, w, kept))
    return RegularisedRows(sketched_rows(objective, w, kept, _MOST_ROWS))
