"""Noise on the inputs: the loss on samples and on noisy copies of them.

A network learns any fixed noise by heart in the end. So the loss that it is judged by has a few
copies, drawn once; its first training has many; and each model of the pruning loop, and each
retraining between them, has noise that was drawn for it alone.
"""

import numpy as np
from scipy.sparse import issparse

from ._network import Objective

# Noisy copies of each sample in the loss that networks are judged by, and in a retraining.
_COPIES = 4
# Trainings that are to end in a minimum have more where samples are few: so many patterns in all,
# by at most so many copies.
_TRAINING_PATTERNS, _MOST_COPIES = 20_000, 20
# A model has a pair of copies of each sample, x + e and x - e, or more to have so many patterns.
_MODEL_PATTERNS = 2000
# Seeds: the noise of the loss itself, of models, and of retrainings.
_FIXED, _OF_MODELS, _OF_TRAININGS = range(3)


def n_versions(noise):
    """How many patterns the loss that networks are judged by has of each sample."""
    return _COPIES + 1 if noise else 1


def noisy_objective(noise, network, X, targets, sample_weight=None, alpha=0.0):
    """The loss on samples, and on noisy copies of them unless ``noise`` is 0.

    Parameters
    ----------
    noise : float
        Standard deviation of Gaussian noise, the same for all inputs.
    network, X, targets, sample_weight, alpha :
        As of `Objective`.

    Returns
    -------
    objective : Objective
    """
    plain = Objective(network, X, targets, sample_weight, alpha)
    if noise == 0:
        return plain
    if issparse(X):
        raise ValueError(
            f"input_noise={noise} makes all inputs differ from zero, which a sparse matrix of "
            f"shape {X.shape} is not made for; pass X.toarray(), or use input_noise=0."
        )
    return NoisyObjective(plain, alpha, noise)


class NoisyObjective(Objective):
    """Mean loss on samples and four noisy copies of each, which share the weight of the sample.

    The noise is drawn from fixed seeds: whoever trains or prunes a network sees the same. About
    ``40 n_samples n_features`` bytes.

    Parameters
    ----------
    samples : Objective
        The loss on the samples alone (those of weight zero are left out already).
    alpha : float
        Weight decay, as of `samples`.
    noise : float
        Standard deviation of the noise.
    """

    def __init__(self, samples, alpha, noise):
        self._samples, self._alpha, self._noise = samples, alpha, noise
        versions = self._with_copies(_COPIES, _generator(_FIXED))
        super().__init__(*self._data(versions), alpha)

    def for_model(self, number):
        """The loss with noise of a model's own, which leaves the mean of the inputs as it is."""
        X, rng = self._samples.X, _generator(_OF_MODELS, number)
        n_pairs = min(-(-_MODEL_PATTERNS // (2 * len(X))), _MOST_COPIES // 2)
        noise = rng.standard_normal((n_pairs, *X.shape))
        noise *= self._noise
        versions = np.empty((2, *noise.shape))
        np.add(X, noise, out=versions[0])
        np.subtract(X, noise, out=versions[1])
        return self._redrawn(versions.reshape(-1, *X.shape))

    def for_training(self, number=None):
        """The loss with noise of a retraining's own; with more of it where a minimum is sought."""
        if number is not None:
            return self._redrawn(self._with_copies(_COPIES, _generator(_OF_TRAININGS, number)))
        n_copies = _TRAINING_PATTERNS // len(self._samples.X) - 1
        n_copies = min(max(n_copies, _COPIES), _MOST_COPIES)
        return self._redrawn(self._with_copies(n_copies, _generator(_FIXED)))

    def _redrawn(self, versions):
        return Objective(*self._data(versions), self._alpha)

    def _data(self, versions):
        """Network, patterns, targets and weights with these versions of the samples."""
        samples, count = self._samples, len(versions)
        X = versions.reshape(-1, versions.shape[2])
        weights = np.tile(samples.weights, count) / count
        return samples.network, X, np.tile(samples.targets, (count, 1)), weights

    def _with_copies(self, n_copies, rng):
        """The samples, then copy after copy, shape (n_copies + 1, n_samples, n_features)."""
        X = self._samples.X
        versions = np.empty((n_copies + 1, *X.shape))
        versions[0] = X
        for version in versions[1:]:
            rng.standard_normal(out=version)
            version *= self._noise
            version += X
        return versions


def _generator(*seed):
    return np.random.default_rng(seed)
