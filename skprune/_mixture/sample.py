"""Observations in chunks of features."""

from functools import cached_property

import numpy as np

from .cuts import bin_features
from .floor import variance_floors

# The features and logits of one chunk should stay in a core's cache.
CHUNK_BYTES = 2**19


def stratified_rows(n_rows, n_drawn):
    """One row of each of ``n_drawn`` equal stretches, the same in every call.

    It is drawn at random: every k-th row of data that repeat themselves may show one phase only.
    """
    bounds = np.arange(n_drawn + 1) * n_rows // n_drawn
    return np.random.default_rng(0).integers(bounds[:-1], bounds[1:])


class Sample:
    """Weighted observations, centred and served as chunks of features.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Observations, float32 or float64; all sums are float64.
    weight : ndarray of shape (n_samples,)
        How often each observation counts, positive.
    family : Family
        The covariance type.
    origin : ndarray of shape (n_features,)
        Subtracted from X, so that second moments do not cancel.
    memory : int
        Bytes that arrays kept between iterations may take; beyond, they are recomputed.
    """

    def __init__(self, X, weight, family, origin, memory=2**26):
        self.family = family
        self.weight = weight
        self.total = float(weight.sum())
        self.memory = memory
        self._X = X
        self.origin = origin
        self._keep = family.n_statistics * len(X) * 8 <= memory
        self._kept = {}
        self._scratch = {}

    def __len__(self):
        return len(self._X)

    def subset(self, rows):
        """The same, of some of the observations."""
        return Sample(self._X[rows], self.weight[rows], self.family, self.origin, self.memory)

    def reweighted(self, weight):
        """The same observations with other weights."""
        other = Sample(self._X, weight, self.family, self.origin, self.memory)
        other._kept, other._scratch = self._kept, self._scratch
        return other

    def stratified(self, n_samples):
        """The same, of one observation from each of so many stretches of rows."""
        return self.subset(stratified_rows(len(self), n_samples))

    def chunks(self):
        """Slices of the observations, whose bounds depend on shapes alone."""
        size = max(64, CHUNK_BYTES // (8 * (self.family.n_statistics + 32)))
        return [slice(i, min(i + size, len(self))) for i in range(0, len(self), size)]

    def centred(self, chunk):
        """Observations of a chunk, relative to the origin."""
        return self._X[chunk] - self.origin

    def features(self, chunk):
        """Array of shape (n_statistics, chunk length)."""
        phi = self._kept.get(chunk.start)
        if phi is None:
            phi = self.family.features(self.centred(chunk))
            if self._keep:
                self._kept[chunk.start] = phi
        return phi

    def scratch(self, use, n_rows, n_columns):
        """An array for temporary results: new pages of memory cost more than a product."""
        size = n_rows * n_columns
        if use not in self._scratch or self._scratch[use].size < size:
            self._scratch[use] = np.empty(size)
        return self._scratch[use][:size].reshape(n_rows, n_columns)

    def rows(self, rows):
        """Some observations, relative to the origin."""
        return self._X[rows] - self.origin

    def column(self, j):
        """A feature of all observations, relative to the origin."""
        return self._X[:, j] - self.origin[j]

    def variance_floor(self, reg_covar):
        """Smallest variances, as the family takes them."""
        variances = feature_deviations(self, constant=0.0) ** 2
        return self.family.floor(*variance_floors(self._X, self.weight, variances, reg_covar))

    @cached_property
    def bins(self):
        """Observations by the bins of their features; one byte a value."""
        return bin_features(self)

    @cached_property
    def scatter(self):
        """Weighted sum of x x', which only a tied covariance needs; None for the others."""
        if self.family.name != "tied":
            return None
        scatter = np.zeros((self.family.n_features, self.family.n_features))
        for chunk in self.chunks():
            X = self.centred(chunk)
            scatter += (X.T * self.weight[chunk]) @ X
        return scatter


def feature_deviations(sample, constant=1.0):
    """Standard deviation of each feature, if not constant; nan where squares overflow."""
    first = second = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for chunk in sample.chunks():
            X, weight = sample.centred(chunk), sample.weight[chunk]
            first, second = first + weight @ X, second + weight @ X**2
        variances = second / sample.total - (first / sample.total) ** 2
    return np.sqrt(np.where(variances <= 0, constant, variances))
