"""Training with noise on the inputs: each sample beside noisy copies of itself."""

import numpy as np
from scipy.sparse import issparse

# Noisy copies of each sample.
_COPIES = 4


def n_versions(noise):
    """How many patterns `with_noisy_copies` makes of each sample."""
    return _COPIES + 1 if noise else 1


def with_noisy_copies(noise, X, targets, sample_weight=None):
    """The samples and their noisy copies, which share the weight of the sample.

    The noise is drawn from a fixed seed: it is part of the loss that a network is trained for and
    pruned by, so that both see the same. Samples of weight zero are left out first: the draws
    are those without them. About ``40 n_samples n_features`` bytes, a fifth more at the peak.

    Parameters
    ----------
    noise : float
        Standard deviation of Gaussian noise, the same for all inputs; 0 leaves the data alone.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), default=None

    Returns
    -------
    X : ndarray of shape (5 n_samples, n_features)
        The samples, then copy after copy.
    targets : ndarray of shape (5 n_samples, n_outputs)
    sample_weight : ndarray of shape (5 n_samples,)
    """
    if noise == 0:
        return X, targets, sample_weight
    if issparse(X):
        raise ValueError(
            f"input_noise={noise} makes all inputs differ from zero, which a sparse matrix of "
            f"shape {X.shape} is not made for; pass X.toarray(), or use input_noise=0."
        )
    weights = np.ones(len(targets)) if sample_weight is None else sample_weight
    if not weights.all():
        seen = np.flatnonzero(weights)
        X, targets, weights = X[seen], targets[seen], weights[seen]
    count = n_versions(noise)
    versions = np.empty((count, *X.shape))
    versions[0], rng = X, np.random.RandomState(0)
    for version in versions[1:]:
        version[:] = rng.standard_normal(X.shape)
        version *= noise
        version += X
    return (
        versions.reshape(-1, X.shape[1]),
        np.tile(targets, (count, 1)),
        np.tile(weights, count) / count,
    )
