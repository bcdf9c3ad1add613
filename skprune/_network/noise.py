"""Noise on the inputs: the loss on noisy copies of the samples, pairs x + e and x - e.

A network learns any fixed noise by heart in the end. So its training has many pairs of each sample;
each model of the pruning loop, and each retraining between them, has pairs that were drawn for it
alone; and the loss that networks are judged by has pairs that no training sees.

The Newton step of a model of n weights gains n / (2 P) on its own P patterns by chance alone, and
loses it on others. So a model's gradient is of more patterns where there are many weights; its
curvature, which is what takes the time, does not need them.
"""

from math import ceil

import numpy as np
from scipy.sparse import issparse

from .objective import Objective

# Pairs of each sample in the loss that networks are judged by, and in a retraining on the way.
_PAIRS = 2
# Trainings that are to end in a minimum have more where samples are few: so many patterns in all,
# by at most so many pairs.
_TRAINING_PATTERNS, _MOST_PAIRS = 20_000, 10
# A model has one pair of each of so many samples, two of fewer.
_MANY_SAMPLES = 1000
# Patterns that the gradient of a model is of, for each weight; at most `_TRAINING_PATTERNS`.
_PATTERNS_A_WEIGHT = 10
# Seeds: of the noise to judge by, of training to the end, of models and their gradients, and of
# retrainings.
_JUDGED, _TRAINED, _OF_MODELS, _OF_RETRAININGS, _OF_GRADIENTS = range(5)


def noisy_objective(noise, network, X, targets, sample_weight=None, alpha=0.0):
    """The loss on samples, or on noisy copies of them unless ``noise`` is 0.

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
    """Mean loss on four noisy copies of each sample, which share the weight of the sample.

    The noise is drawn from fixed seeds. ``32 n_samples n_features`` bytes, and as many for a
    retraining; half as many for a model; up to five times as many for a training to the end, and
    for a moment for the gradient of a model.

    Parameters
    ----------
    samples : Objective
        The loss on the samples alone (those of weight zero are left out already).
    alpha : float or ndarray of shape (n_weights,)
        Weight decay, as of `samples`.
    noise : float
        Standard deviation of the noise.
    """

    def __init__(self, samples, alpha, noise):
        self._samples, self._alpha, self._noise = samples, alpha, noise
        super().__init__(*self._copies(_PAIRS, _JUDGED), alpha)
        self.n_versions = 2 * _PAIRS

    def for_model(self, number, w, n_weights):
        """The loss with noise of a model's own, and at ``w`` the gradient of more noise."""
        n_samples = len(self._samples.X)
        n_pairs = 1 if n_samples >= _MANY_SAMPLES else _PAIRS
        few = self._redrawn(n_pairs, _OF_MODELS, number)
        wanted = min(ceil(_PATTERNS_A_WEIGHT * n_weights / (2 * n_samples)), self._most_pairs())
        if wanted <= n_pairs:
            return few
        return GradientCorrectedObjective(few, self._redrawn(wanted, _OF_GRADIENTS, number), w)

    def for_retraining(self, number):
        """The loss with noise of a retraining's own."""
        return self._redrawn(_PAIRS, _OF_RETRAININGS, number)

    def for_training(self):
        """The loss with more noise, for networks that are not trained any further."""
        return self._redrawn(max(self._most_pairs(), _PAIRS), _TRAINED)

    def _most_pairs(self):
        return min(_TRAINING_PATTERNS // (2 * len(self._samples.X)), _MOST_PAIRS)

    def _redrawn(self, n_pairs, *seed):
        objective = Objective(*self._copies(n_pairs, *seed), self._alpha)
        objective.n_versions = 2 * n_pairs
        return objective

    def _copies(self, n_pairs, *seed):
        """Network, patterns, targets and weights: the first of all pairs, then the second."""
        samples, count = self._samples, 2 * n_pairs
        versions = np.empty((2, n_pairs, *samples.X.shape))
        np.random.default_rng(seed).standard_normal(out=versions[0])
        versions[0] *= self._noise
        np.subtract(samples.X, versions[0], out=versions[1])
        versions[0] += samples.X
        X = versions.reshape(-1, samples.X.shape[1])
        weights = np.tile(samples.weights, count) / count
        return samples.network, X, np.tile(samples.targets, (count, 1)), weights


class GradientCorrectedObjective(Objective):
    """The loss on few patterns, plus what is linear in the weights and gives it, at some weights,
    the gradient on many.

    Parameters
    ----------
    few, many : Objective
    w : ndarray of shape (n_weights,)
        Where the gradient is that on the many.
    """

    def __init__(self, few, many, w):
        vars(self).update(vars(few))
        self._origin = w.copy()
        self._tilt = many.value_and_gradient(w)[1] - few.value_and_gradient(w)[1]

    def data_loss(self, w):
        return super().data_loss(w) + self._rise(w)

    def value_and_gradient(self, w):
        value, gradient = super().value_and_gradient(w)
        return value + self._rise(w), gradient + self._tilt

    def _rise(self, w):
        return float(self._tilt @ (w - self._origin))
