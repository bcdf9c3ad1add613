"""Node splitting: where per-pattern updates scatter, and how a node divides along it.

A node (a mixture component, a hidden unit) whose updates agree has settled; one whose updates
scatter along a line is pulled two ways, and becomes two nodes, one standard deviation either side
of the old one along the leading eigenvector of the scatter (WJ92). This module computes the
scatter's leading eigenpairs, in batch without forming the matrix and on a stream, the criterion
lambda_1 / trace with the value that noise alone gives it, and the places of the new nodes.

Pure linear algebra; knows nothing of mixtures, networks or estimators.
"""

import numpy as np


def update_scatter(updates, sample_weight=None):
    """Scatter matrix of per-pattern updates, C = sum w u u' / sum w.

    Parameters
    ----------
    updates : ndarray of shape (n_samples, n_parameters)
        One node's update by each pattern.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the patterns.

    Returns
    -------
    scatter : ndarray of shape (n_parameters, n_parameters)
        Second moments about zero: at a minimum the updates have mean zero.
    """
    weight = np.ones(len(updates)) if sample_weight is None else sample_weight
    return (updates.T * weight) @ updates / weight.sum()


def leading_eigenpairs(updates, sample_weight=None, n_directions=1, n_steps=30):
    """Leading eigenpairs and trace of ``update_scatter``, without forming it.

    Parameters
    ----------
    updates : ndarray of shape (n_samples, n_parameters)
        One node's update by each pattern.
    sample_weight : ndarray of shape (n_samples,), default=None
        Weights of the patterns.
    n_directions : int, default=1
        Number of eigenpairs.
    n_steps : int, default=30
        Largest number of Lanczos steps, each O(n_samples n_parameters).

    Returns
    -------
    eigenvalues : ndarray of shape (n_directions,)
        In descending order.
    directions : ndarray of shape (n_directions, n_parameters)
        Eigenvectors of unit length.
    trace : float
        Sum of all eigenvalues.
    """
    weight = np.ones(len(updates)) if sample_weight is None else sample_weight
    weight = weight / weight.sum()

    def multiply(vectors):
        return (weight * (vectors @ updates.T)) @ updates

    n_parameters = updates.shape[1]
    start = lanczos_start(1, n_parameters)
    eigenvalues, directions = lanczos(multiply, start, n_directions, n_steps)
    return eigenvalues[0], directions[0], float(weight @ np.einsum("ij,ij->i", updates, updates))


def lanczos_start(n_operators, n_parameters):
    """Fixed generic vectors, so that results do not vary between runs."""
    rng = np.random.default_rng(0)
    return np.tile(rng.standard_normal(n_parameters), (n_operators, 1))


def lanczos(multiply, start, n_directions=1, n_steps=30):
    """Leading eigenpairs of several positive semi-definite operators at once.

    Parameters
    ----------
    multiply : callable
        Takes an array of shape (n_operators, n_parameters) and multiplies row k by operator k.
    start : ndarray of shape (n_operators, n_parameters)
        Starting vectors.
    n_directions : int, default=1
        Number of eigenpairs of each.
    n_steps : int, default=30
        Largest number of calls of ``multiply``.

    Returns
    -------
    eigenvalues : ndarray of shape (n_operators, n_directions)
        In descending order.
    directions : ndarray of shape (n_operators, n_directions, n_parameters)
        Eigenvectors of unit length.
    """
    n_operators, n_parameters = start.shape
    n_steps = max(min(n_steps, n_parameters), n_directions)
    basis = np.zeros((n_operators, n_steps, n_parameters))
    projected = np.zeros((n_operators, n_steps, n_steps))
    vector = start
    for step in range(n_steps):
        norm = np.linalg.norm(vector, axis=1, keepdims=True)
        # An exhausted Krylov space leaves rounding errors: go on with zeros, whose Ritz value is 0.
        basis[:, step] = np.divide(vector, norm, out=np.zeros_like(vector), where=norm > 1e-150)
        image = multiply(basis[:, step])
        projected[:, step, : step + 1] = np.einsum("ksj,kj->ks", basis[:, : step + 1], image)
        projected[:, : step + 1, step] = projected[:, step, : step + 1]
        scale = np.linalg.norm(image, axis=1, keepdims=True)
        for _ in range(2):  # once more, against loss of orthogonality
            inner = np.einsum("ksj,kj->ks", basis[:, : step + 1], image)
            image = image - np.einsum("ks,ksj->kj", inner, basis[:, : step + 1])
        vector = np.where(np.linalg.norm(image, axis=1, keepdims=True) > 1e-12 * scale, image, 0.0)
    values, vectors = np.linalg.eigh(projected)
    leading = vectors[:, :, ::-1][:, :, :n_directions]
    directions = np.einsum("ksm,ksj->kmj", leading, basis)
    return values[:, ::-1][:, :n_directions], directions


class StreamingScatter:
    """Leading eigenpairs and trace of a scatter matrix from a stream (Oja; Sanger for several).

    Each update u moves direction i by ``g m_i (u - sum_{l <= i} m_l e_l)``, m_i = e_i . u; the
    eigenvalue and the trace are running means of m_i^2 and |u|^2. The gain g falls as one over the
    eigenvalue times the weight seen, so that no learning rate has to be set.

    Parameters
    ----------
    n_parameters : int
        Length of an update.
    n_directions : int, default=1
        Number of eigenpairs.
    block_size : int, default=8
        Updates between two orthonormalisations.

    Attributes
    ----------
    eigenvalues : ndarray of shape (n_directions,)
        Estimates, in the order of the directions.
    directions : ndarray of shape (n_directions, n_parameters)
        Orthonormal estimates.
    trace : float
        Mean squared length of the updates.
    weight : float
        Weight of the updates seen.
    """

    def __init__(self, n_parameters, n_directions=1, block_size=8):
        self.block_size = block_size
        rng = np.random.default_rng(0)
        start = rng.standard_normal((n_parameters, n_directions))
        self.directions = np.linalg.qr(start)[0].T
        self.eigenvalues = np.zeros(n_directions)
        self.trace = 0.0
        self.weight = 0.0

    def partial_fit(self, updates, sample_weight=None):
        """Take in more updates, O(n_samples n_parameters n_directions)."""
        weight = np.ones(len(updates)) if sample_weight is None else sample_weight
        for start in range(0, len(updates), self.block_size):
            block = slice(start, start + self.block_size)
            if weight[block].sum() > 0:
                self._take(updates[block], weight[block])
        return self

    def _take(self, updates, weight):
        total = weight.sum()
        projections = updates @ self.directions.T
        products = (projections.T * weight) @ projections
        self.weight += total
        share = total / self.weight
        self.trace += share * (
            weight @ np.einsum("ij,ij->i", updates, updates) / total - self.trace
        )
        self.eigenvalues += share * (np.diag(products) / total - self.eigenvalues)
        # Twice the gain of a running mean forgets the arbitrary start faster, and stays convergent.
        scale = np.maximum(self.eigenvalues, 1e-3 * self.trace / len(self.directions))
        gain = np.minimum(
            2.0 / (np.maximum(scale, np.finfo(float).tiny) * (self.weight + total)),
            1.0 / max(self.trace * total, np.finfo(float).tiny),
        )
        pulls = (projections.T * weight) @ updates - np.tril(products) @ self.directions
        directions, triangle = np.linalg.qr((self.directions + gain[:, None] * pulls).T)
        self.directions = (directions * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T


def variance_ratio(eigenvalues, trace):
    """WJ92's criterion lambda_1 / trace, in [1/d, 1]; zero where nothing scatters."""
    trace = np.asarray(trace, dtype=float)
    return np.divide(eigenvalues, trace, out=np.zeros_like(trace), where=trace > 0)


def noise_variance_ratio(n_samples, n_parameters, expected_ratio=None):
    """Value of lambda_1 / trace that noise alone gives, (1 + sqrt(d / N))^2 / d.

    The largest eigenvalue of the scatter of N isotropic Gaussian updates of unit variance is about
    ``(1 + sqrt(d / N))^2``, and the trace is about d. Ratios above this value mean a direction.

    Parameters
    ----------
    n_samples : float or ndarray
        Number of updates; for a mixture's component, the sum of its responsibilities.
    n_parameters : int
        Length d of an update.
    expected_ratio : float or ndarray, default=None
        The ratio that the node's own model accounts for, with any number of updates;
        None for isotropic noise, 1 / d.

    Returns
    -------
    ratio : float or ndarray
        At most 1.
    """
    if expected_ratio is None:
        expected_ratio = 1.0 / n_parameters
    n_samples = np.maximum(n_samples, np.finfo(float).tiny)
    return np.minimum(expected_ratio * (1.0 + np.sqrt(n_parameters / n_samples)) ** 2, 1.0)


def split_offsets(eigenvalues, directions):
    """Places of the new nodes relative to the old one.

    Two children a direction, one standard deviation either side, at ``+-sqrt(m lambda_i) e_i`` for
    m directions. With equal weights the children's own scatter makes up the old node's along
    every direction: for m = 1 these are WJ92's ``+-sqrt(lambda_1) e_1``.

    Parameters
    ----------
    eigenvalues : ndarray of shape (..., n_directions)
        Scatter along each direction.
    directions : ndarray of shape (..., n_directions, n_parameters)
        Unit vectors.

    Returns
    -------
    offsets : ndarray of shape (..., 2 * n_directions, n_parameters)
        Plus and minus of one direction follow each other.
    """
    n_directions = directions.shape[-2]
    steps = np.sqrt(n_directions * np.maximum(eigenvalues, 0.0))[..., None] * directions
    shape = (*directions.shape[:-2], 2 * n_directions, directions.shape[-1])
    return np.stack([steps, -steps], axis=-2).reshape(shape)
