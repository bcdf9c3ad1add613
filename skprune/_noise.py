"""Training with noise on the inputs: each sample beside noisy copies of itself."""

import numpy as np
from scipy.sparse import issparse

# Noisy copies of each sample.
COPIES = 4


def with_noisy_copies(noise, X, targets, sample_weight=None):
    """The samples and their noisy copies, which share the weight of the sample.

    The noise is drawn from a fixed seed: it is part of the loss that a network is trained for and
    pruned by, so that both see the same.

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
    draws = np.random.RandomState(0).standard_normal((COPIES, *X.shape))
    X = np.concatenate([X, *(X + noise * draws)])
    weights = np.ones(len(targets)) if sample_weight is None else sample_weight
    return X, np.tile(targets, (COPIES + 1, 1)), np.tile(weights, COPIES + 1) / (COPIES + 1)
