"""Responsibilities, chunk by chunk."""

import numpy as np

from .components import TINY
from .sample import Sample

# Sums of densities in this range are accurate.
SMALLEST_SUM, LARGEST_SUM = 1e-250, 1e250


def log_joint(X, mixture, family):
    """Logarithm of weight times density of each component at each (centred) observation."""
    logits = family.natural(mixture) @ family.features(X)
    return logits + family.common_log_density(mixture, X)


def posterior_chunks(X, mixture, family, origin):
    """Yield responsibilities (n_components, chunk length) and log-densities of new observations.

    ``mixture`` is relative to ``origin``. Raises FloatingPointError for observations so far away
    that their densities have no logarithm in double precision.
    """
    sample = Sample(X, np.ones(len(X)), family, origin, memory=0)
    joint_density = JointDensity(mixture, family)
    for chunk in sample.chunks():
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            responsibilities, total, log_density = joint_density(sample.features(chunk))
            responsibilities /= total
            log_density += family.common_log_density(mixture, sample.centred(chunk))
        if not np.isfinite(log_density).all():
            raise FloatingPointError("squares of observations overflow")
        yield responsibilities, log_density


class Posterior:
    """Responsibilities of a sample under a mixture, chunk by chunk.

    Iterating yields, per chunk, the features, the weights, the responsibilities of shape
    (n_components, chunk length), and the logarithm of their normaliser. The last two are kept for
    further passes when they fit the sample's memory; of the features the sample decides.
    """

    def __init__(self, sample, mixture):
        self.sample = sample
        self.mixture = mixture
        self._joint_density = JointDensity(mixture, sample.family)
        self._keep = (len(mixture) + 1) * len(sample) * 8 <= sample.memory
        self._kept = {}

    def __iter__(self):
        for chunk in self.sample.chunks():
            phi = self.sample.features(chunk)
            yield phi, self.sample.weight[chunk], *self._responsibilities(chunk, phi)

    def _responsibilities(self, chunk, phi):
        """Responsibilities of a chunk and the logarithm of their normaliser."""
        if chunk.start in self._kept:
            return self._kept[chunk.start]
        responsibilities, total, log_normaliser = self._joint_density(phi)
        responsibilities /= total
        if self._keep:
            self._kept[chunk.start] = responsibilities, log_normaliser
        return responsibilities, log_normaliser


class JointDensity:
    """Weights times densities of a mixture's components, up to a factor a column.

    Taking the greatest logit off each column costs as much as exponentiating. With a typical logit
    taken off all of them, hardly any chunk has a column that is out of range and asks for it.
    """

    def __init__(self, mixture, family):
        self._eta = family.natural(mixture)
        typical = np.einsum("ks,ks->k", self._eta, family.expected(mixture))
        self._shift = mixture.weights @ typical
        self._eta[:, 0] -= self._shift

    def __call__(self, phi, out=None):
        """Densities of shape (n_components, n_samples), their sums, and the logarithms of these."""
        densities = np.matmul(self._eta, phi, out=out)
        with np.errstate(over="ignore"):
            np.exp(densities, out=densities)
            total = densities.sum(axis=0)
        if total.min() > SMALLEST_SUM and total.max() < LARGEST_SUM:
            return densities, total, np.log(total) + self._shift
        np.matmul(self._eta, phi, out=densities)
        total, log_total = exponentiate_columns(densities)
        return densities, total, log_total + self._shift


def exponentiate_columns(logits):
    """Exponentiate logits in place, up to a factor a column; return their sums and log-sums."""
    top = logits.max(axis=0)
    logits -= top
    np.exp(logits, out=logits)
    total = logits.sum(axis=0)
    return total, top + np.log(total)


def component_overlap(posterior):
    """Cosine of the responsibilities of each pair of components."""
    overlap = 0.0
    for _, weight, responsibilities, _ in posterior:
        out = posterior.sample.scratch("joint", *responsibilities.shape)
        overlap = overlap + np.multiply(responsibilities, weight, out=out) @ responsibilities.T
    norms = np.sqrt(np.maximum(np.diag(overlap), TINY))
    return overlap / norms / norms[:, None]
