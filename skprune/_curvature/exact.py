"""The exact curvature and its inverse, by Cholesky or in the dual form."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.blas import dsymv
from scipy.linalg.lapack import dpotrf, dpotri

from .._gauss_newton.jacobian import jacobian_chunks
from .._gauss_newton.matrix import gauss_newton
from .._numerics.symmetric import IN_PLACE, check_finite, least_damping, mean_diagonal, mirror
from .._numerics.threads import symmetric_threads
from .dense_elimination import OBSElimination

# The dual form is taken when the Jacobian has fewer rows than this share of its columns.
DUAL_SHARE = 0.5


class InPlaceCholesky:
    """Inverse of a Gauss-Newton matrix plus damping, in the place of the matrix itself.

    The lower triangle receives the inverse while the strict upper one keeps the matrix, so one
    array of n^2 numbers serves both and another damping costs no new assembly. n^3 operations.

    Parameters
    ----------
    hessian : ndarray of shape (n, n), symmetric
        Overwritten when it is Fortran-ordered, copied otherwise.

    Raises
    ------
    ValueError
        If the matrix is not finite.
    """

    def __init__(self, hessian):
        self.array = np.require(np.asfortranarray(hessian), requirements=IN_PLACE)
        self.diagonal = self.array.diagonal().copy()
        check_finite(self.array)
        self.holds_matrix = True

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return mean_diagonal(self.diagonal)

    def invert(self, damping):
        """Invert with ``damping``, raised tenfold until the Cholesky factor exists.

        Returns
        -------
        inverse : ndarray of shape (n, n)
            Its lower triangle (diagonal included) is the inverse.
        damping : float
            What was added to the diagonal: at least what the factorisation needed.
        """
        n = len(self.array)
        damping = max(damping, least_damping(self.diagonal))
        while True:
            if not self.holds_matrix:
                mirror(self.array)
            self.holds_matrix = False
            self.array[np.diag_indices(n)] = self.diagonal + damping
            with symmetric_threads(n):
                _, info = dpotrf(self.array, lower=1, clean=0, overwrite_a=1)
                if info == 0:
                    _, info = dpotri(self.array, lower=1, overwrite_c=1)
            if info == 0:
                return self.array, damping
            damping *= 10.0


class DualInverse:
    """Inverse from the P c x P c dual matrix, for fewer rows of Z than it has columns.

    ``(Z'Z + D)^-1 = D^-1 - D^-1 Z' (I + Z D^-1 Z')^-1 Z D^-1``: O(P^2 c^2 n + P c n^2) operations
    and ``8 P c (P c + 2 n) + 16 n^2`` bytes. Serves in the place of `InPlaceCholesky`.
    """

    def __init__(self, objective, w, kept):
        self._rows = np.vstack(list(jacobian_chunks(objective, w, kept)))
        self._decay = objective.decay[kept]
        self.diagonal = np.square(self._rows).sum(axis=0) + self._decay
        check_finite(self.diagonal)

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return mean_diagonal(self.diagonal)

    def invert(self, damping):
        """Invert with ``damping``, at least what rounding needs.

        Returns
        -------
        inverse : ndarray of shape (n, n), Fortran-ordered
        damping : float
            What was added to the diagonal.
        """
        damping = max(damping, least_damping(self.diagonal))
        roots = np.sqrt(self._decay + damping)
        scaled = self._rows / roots
        with symmetric_threads(len(scaled)):
            dual = scaled @ scaled.T
            dual[np.diag_indices(len(dual))] += 1.0
            factor = cho_factor(dual, lower=True, overwrite_a=True)
        inverse = scaled.T @ cho_solve(factor, scaled)
        np.negative(inverse, out=inverse)
        inverse[np.diag_indices(len(inverse))] += 1.0
        inverse /= roots
        inverse /= roots[:, None]
        return np.asfortranarray(inverse), damping


class ExactInverse:
    """An n x n inverse, of which the lower triangle is read, and the damping that it took."""

    def __init__(self, array, damping):
        self.array, self.damping = array, damping

    def times(self, vector):
        """Product with a vector of shape (n,)."""
        return dsymv(1.0, self.array, vector, lower=1)

    def elimination(self, weights):
        """The elimination that starts from ``weights``; it overwrites the inverse."""
        return OBSElimination(weights, self.array)


class ExactCurvature:
    """The n x n matrix: a `InPlaceCholesky`, or a `DualInverse` when rows are few."""

    def __init__(self, invertible):
        self.invertible = invertible

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return self.invertible.scale

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on the diagonal.

        Unless ``keep``, the next one takes its place.
        """
        array, damping = self.invertible.invert(damping)
        return ExactInverse(array.copy(order="F") if keep else array, damping)


def exact_curvature(objective, w, kept, *, n_jobs=None):
    """The Gauss-Newton matrix of the surviving weights, by the cheaper of two ways.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : int, default=None
        Chunks of patterns are joblib tasks.
    """
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    if n_rows < DUAL_SHARE * len(kept):
        return ExactCurvature(DualInverse(objective, w, kept))
    return ExactCurvature(InPlaceCholesky(gauss_newton(objective, w, kept, n_jobs=n_jobs)))


class OfMatrix:
    """Makes the exact form of any matrix.

    Parameters
    ----------
    hessian : callable
        ``(objective, w, kept) -> ndarray``, in the place of the Gauss-Newton matrix.
    """

    def __init__(self, hessian):
        self.hessian = hessian

    def __call__(self, objective, w, kept, *, n_jobs=None):
        return ExactCurvature(InPlaceCholesky(self.hessian(objective, w, kept)))
