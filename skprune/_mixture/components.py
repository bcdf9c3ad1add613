"""Parameters and sums of a mixture's components."""

from dataclasses import dataclass

import numpy as np

LOG_2PI = np.log(2 * np.pi)
TINY = np.finfo(np.float64).tiny

# Share of a Gaussian's variance that is left within the two halves when it is cut at its mean.
HALF_VARIANCE = 1.0 - 2.0 / np.pi


@dataclass(frozen=True, eq=False)
class Components:
    """Parameters of a Gaussian mixture, which is equal to itself alone.

    Parameters
    ----------
    weights : ndarray of shape (n_components,)
        Mixing proportions, positive.
    means : ndarray of shape (n_components, n_features)
        Centres.
    covariances : ndarray
        As in scikit-learn: (n_components,) spherical, (n_components, n_features) diag,
        (n_features, n_features) tied, (n_components, n_features, n_features) full.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __len__(self):
        return len(self.weights)


@dataclass(frozen=True)
class Statistics:
    """Additive statistics of a weighted sample under a mixture.

    Parameters
    ----------
    sums : ndarray of shape (n_components, n_statistics)
        Responsibility-weighted sums of the features ``phi``; the first column is the mass.
    scatter : ndarray of shape (n_features, n_features) or None
        Weighted sum of ``x x'`` over all components (tied covariances only).
    log_likelihood : float
        Weighted sum of the log-densities.
    """

    sums: np.ndarray
    scatter: np.ndarray | None
    log_likelihood: float

    def __add__(self, other):
        scatter = None if self.scatter is None else self.scatter + other.scatter
        return Statistics(
            self.sums + other.sums, scatter, self.log_likelihood + other.log_likelihood
        )


def inverse_cholesky(covariance):
    """Upper triangular U with ``U U' = covariance^-1``, of a matrix or a stack of them."""
    factor = np.linalg.cholesky(covariance)
    return np.swapaxes(np.linalg.solve(factor, np.eye(factor.shape[-1])), -1, -2)


def pack_symmetric(matrices):
    """Upper triangles of a stack of symmetric matrices, row by row."""
    rows, columns = np.triu_indices(matrices.shape[-1])
    return matrices[..., rows, columns]


def unpack_symmetric(triangles, n_features):
    """Stack of symmetric matrices from their upper triangles."""
    rows, columns = np.triu_indices(n_features)
    matrices = np.empty((*triangles.shape[:-1], n_features, n_features))
    matrices[..., rows, columns] = triangles
    matrices[..., columns, rows] = triangles
    return matrices


def floor_eigenvalues(covariances, floor):
    """Raise covariances to a diagonal floor: the likeliest of those that are nowhere below it.

    Parameters
    ----------
    covariances : ndarray of shape (..., n_features, n_features)
        Matrices.
    floor : float or ndarray of shape (n_features,)
        Smallest variance of each feature.

    Returns
    -------
    covariances : ndarray of the same shape
        Matrices of which the floor can be taken off.
    """
    scale = np.sqrt(np.broadcast_to(floor, covariances.shape[-1]))
    units = np.outer(scale, scale)
    eigenvalues, vectors = np.linalg.eigh(covariances / units)
    if np.all(eigenvalues >= 1.0):
        return covariances
    eigenvalues = np.maximum(eigenvalues, 1.0)
    return (vectors * eigenvalues[..., None, :]) @ np.swapaxes(vectors, -1, -2) * units


def squared_norms(A):
    """Squared Euclidean norm of each row."""
    return np.einsum("...j,...j->...", A, A)


def second_moments(weights, means):
    """Weighted sum of m m'."""
    return (weights * means.T) @ means
