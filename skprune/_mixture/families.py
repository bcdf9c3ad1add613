"""One class a covariance type."""

import numpy as np

from .components import (
    HALF_VARIANCE,
    LOG_2PI,
    floor_eigenvalues,
    inverse_cholesky,
    pack_symmetric,
    second_moments,
    squared_norms,
    unpack_symmetric,
)


class Family:
    """A covariance type for data of ``n_features``."""

    def __init__(self, n_features):
        self.n_features = n_features

    def _linear_features(self, X):
        """Features of shape (n_statistics, len(X)) with 1 and x filled in."""
        out = np.empty((self.n_statistics, len(X)))
        out[0] = 1.0
        out[1 : self.n_features + 1] = X.T
        return out

    def n_parameters(self, n_components):
        """Number of free parameters of a mixture of ``n_components``."""
        return (
            n_components
            - 1
            + n_components * self.n_features
            + self.n_covariance_parameters(n_components)
        )

    def common_log_density(self, mixture, X):
        """The part of the log-density that is common to all components, left out of the logits."""
        return 0.0

    def common_log_likelihood(self, mixture, scatter):
        """Its sum over the sample."""
        return 0.0


class Spherical(Family):
    """One variance a component; phi = (1, x, |x|^2)."""

    name = "spherical"

    @property
    def n_statistics(self):
        return self.n_features + 2

    def n_covariance_parameters(self, n_components):
        return n_components

    def features(self, X):
        d = self.n_features
        out = self._linear_features(X)
        np.einsum("ji,ji->i", out[1 : d + 1], out[1 : d + 1], out=out[d + 1])
        return out

    def natural(self, mixture):
        means, d = mixture.means, self.n_features
        precisions = 1.0 / mixture.covariances
        constant = np.log(mixture.weights) - 0.5 * (
            d * (LOG_2PI - np.log(precisions)) + precisions * squared_norms(means)
        )
        return np.column_stack([constant, precisions[:, None] * means, -0.5 * precisions])

    def covariances(self, statistics, mass, means, floor):
        d = self.n_features
        variances = (statistics.sums[:, -1] / mass - squared_norms(means)) / d
        return np.maximum(variances, floor)

    def expected(self, mixture):
        """Mean of phi under each component."""
        d = self.n_features
        second = squared_norms(mixture.means) + d * mixture.covariances
        return np.column_stack([np.ones(len(mixture)), mixture.means, second])

    def halved(self, covariances, steps):
        """Covariances of children that lie one of ``steps`` (n_components, m, d) either side."""
        moved = np.einsum("kmj,kmj->k", steps, steps) / self.n_features
        return np.maximum(covariances - moved, HALF_VARIANCE * covariances)

    def log_determinants(self, covariances):
        """Logarithm of the determinant of each component's covariance matrix."""
        return self.n_features * np.log(covariances)

    def n_floored(self, covariances, floor):
        """Number of directions in which each component's variance is at the floor."""
        return (covariances <= floor) * self.n_features

    def variance_ratio(self, covariances, scale):
        """Share of the leading direction in each component's variance, in units of ``scale``."""
        return np.max(scale**-2.0) / np.sum(scale**-2.0)


class Diag(Family):
    """One variance a component and feature; phi = (1, x, x^2)."""

    name = "diag"

    @property
    def n_statistics(self):
        return 2 * self.n_features + 1

    def n_covariance_parameters(self, n_components):
        return n_components * self.n_features

    def features(self, X):
        d = self.n_features
        out = self._linear_features(X)
        np.multiply(out[1 : d + 1], out[1 : d + 1], out=out[d + 1 :])
        return out

    def natural(self, mixture):
        means, d = mixture.means, self.n_features
        precisions = 1.0 / mixture.covariances
        constant = np.log(mixture.weights) - 0.5 * (
            d * LOG_2PI + (precisions * means**2 - np.log(precisions)).sum(axis=1)
        )
        return np.column_stack([constant, precisions * means, -0.5 * precisions])

    def covariances(self, statistics, mass, means, floor):
        d = self.n_features
        return np.maximum(statistics.sums[:, d + 1 :] / mass[:, None] - means**2, floor)

    def expected(self, mixture):
        second = mixture.means**2 + mixture.covariances
        return np.column_stack([np.ones(len(mixture)), mixture.means, second])

    def halved(self, covariances, steps):
        moved = (steps**2).sum(axis=1)
        return np.maximum(covariances - moved, HALF_VARIANCE * covariances)

    def log_determinants(self, covariances):
        return np.log(covariances).sum(axis=1)

    def n_floored(self, covariances, floor):
        return np.count_nonzero(covariances <= floor, axis=1)

    def variance_ratio(self, covariances, scale):
        scaled = covariances / scale**2
        return scaled.max(axis=1) / scaled.sum(axis=1)


class Full(Family):
    """One covariance matrix a component; phi = (1, x, upper triangle of x x')."""

    name = "full"

    @property
    def n_statistics(self):
        return 1 + self.n_features + self.n_features * (self.n_features + 1) // 2

    def n_covariance_parameters(self, n_components):
        return n_components * self.n_features * (self.n_features + 1) // 2

    def features(self, X):
        d = self.n_features
        out = self._linear_features(X)
        linear = out[1 : d + 1]
        start = d + 1
        for i in range(d):
            np.multiply(linear[i], linear[i:], out=out[start : start + d - i])
            start += d - i
        return out

    def natural(self, mixture):
        d = self.n_features
        factors = 0.5 * pack_symmetric(np.eye(d)) - 1.0  # off-diagonal terms count twice
        root = inverse_cholesky(mixture.covariances)
        precisions = root @ np.swapaxes(root, 1, 2)
        linear = np.einsum("kij,kj->ki", precisions, mixture.means)
        constant = (
            np.log(mixture.weights)
            + np.log(np.einsum("kii->ki", root)).sum(axis=1)
            - 0.5 * (d * LOG_2PI + np.einsum("ki,ki->k", linear, mixture.means))
        )
        return np.column_stack([constant, linear, factors * pack_symmetric(precisions)])

    def covariances(self, statistics, mass, means, floor):
        d = self.n_features
        second = unpack_symmetric(statistics.sums[:, d + 1 :] / mass[:, None], d)
        return floor_eigenvalues(second - means[:, :, None] * means[:, None, :], floor)

    def expected(self, mixture):
        second = mixture.covariances + mixture.means[:, :, None] * mixture.means[:, None, :]
        return np.column_stack([np.ones(len(mixture)), mixture.means, pack_symmetric(second)])

    def halved(self, covariances, steps):
        moved = np.einsum("kmi,kmj->kij", steps, steps)
        return covariances - (1.0 - HALF_VARIANCE) * moved

    def log_determinants(self, covariances):
        return np.linalg.slogdet(covariances)[1]

    def n_floored(self, covariances, floor):
        return np.count_nonzero(np.linalg.eigvalsh(covariances) <= floor, axis=-1)

    def variance_ratio(self, covariances, scale):
        eigenvalues = np.linalg.eigvalsh(covariances / np.outer(scale, scale))
        return eigenvalues[..., -1] / eigenvalues.sum(axis=-1)


class Tied(Family):
    """One covariance matrix for all; phi = (1, x), the quadratic term being common to all.

    The common term -x' P x / 2 cancels in the responsibilities. It is left out of the logits and
    enters the log-likelihood through the total scatter, which does not change between iterations.
    """

    name = "tied"

    @property
    def n_statistics(self):
        return self.n_features + 1

    def n_covariance_parameters(self, n_components):
        return self.n_features * (self.n_features + 1) // 2

    def features(self, X):
        return self._linear_features(X)

    def natural(self, mixture):
        d = self.n_features
        root = inverse_cholesky(mixture.covariances)
        whitened = mixture.means @ root
        constant = (
            np.log(mixture.weights)
            + np.log(np.diag(root)).sum()
            - 0.5 * (d * LOG_2PI + squared_norms(whitened))
        )
        return np.column_stack([constant, whitened @ root.T])

    def covariances(self, statistics, mass, means, floor):
        within = statistics.scatter - second_moments(mass, means)
        return floor_eigenvalues(within / mass.sum(), floor)

    def expected(self, mixture):
        return np.column_stack([np.ones(len(mixture)), mixture.means])

    def halved(self, covariances, steps):
        return covariances

    def log_determinants(self, covariances):
        return np.linalg.slogdet(covariances)[1]

    def n_floored(self, covariances, floor):
        return np.count_nonzero(np.linalg.eigvalsh(covariances) <= floor, axis=-1)

    def variance_ratio(self, covariances, scale):
        eigenvalues = np.linalg.eigvalsh(covariances / np.outer(scale, scale))
        return eigenvalues[..., -1] / eigenvalues.sum(axis=-1)

    def common_log_density(self, mixture, X):
        return -0.5 * squared_norms(X @ inverse_cholesky(mixture.covariances))

    def common_log_likelihood(self, mixture, scatter):
        root = inverse_cholesky(mixture.covariances)
        return -0.5 * np.sum((root @ root.T) * scatter)


FAMILIES = {family.name: family for family in (Spherical, Diag, Tied, Full)}
