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

# Variances that were raised to the floor are there up to rounding.
ABOVE_FLOOR = 1.0 + 1e-6


def n_floored_directions(covariances, floor, among):
    """Number of directions in which matrices are at the floor, in a subspace of the features."""
    among = np.arange(len(floor)) if among is None else np.flatnonzero(among)
    scale = np.sqrt(floor[among])
    inside = covariances[..., among[:, None], among] / np.outer(scale, scale)
    return np.count_nonzero(np.linalg.eigvalsh(inside) <= ABOVE_FLOOR, axis=-1)


def features_of_floored_directions(covariances, floor):
    """Features with a share in the directions in which some matrix is at the floor."""
    scale = np.sqrt(floor)
    values, vectors = np.linalg.eigh(covariances / np.outer(scale, scale))
    shares = np.sum(np.where((values <= ABOVE_FLOOR)[..., None, :], vectors, 0.0) ** 2, axis=-1)
    return (shares > 1.0 / (2 * len(floor))).reshape(-1, len(floor)).any(axis=0)


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

    def floor(self, floors, rounding):
        """Smallest variances as :meth:`covariances` takes them, from those of the features."""
        return np.maximum(floors, rounding)

    def cut_deviance(self, variance, whole_variance, covariances, floor):
        """What a component's variance along a feature contributes to its mean deviance.

        Parameters
        ----------
        variance : ndarray of shape (n_components, n_features, n_cuts)
            Along the feature that is cut, on one side.
        whole_variance : ndarray of shape (n_components, n_features, 1)
            The same of the whole component.
        covariances : ndarray
            Of the components.
        floor : float or ndarray of shape (n_features,)
            Smallest variances.

        Returns
        -------
        deviance : ndarray of the shape of ``variance``
            Up to what does not depend on the cut.
        """
        return np.log(np.maximum(variance, floor[:, None]))

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

    def floor(self, floors, rounding):
        # A sphere of this variance has the density of the features' own floors at its centre.
        with np.errstate(divide="ignore"):
            return np.maximum(np.exp(np.mean(np.log(floors))), np.mean(rounding))

    def covariances(self, statistics, mass, means, floor):
        d = self.n_features
        variances = (statistics.sums[:, -1] / mass - squared_norms(means)) / d
        return np.maximum(variances, floor)

    def cut_deviance(self, variance, whole_variance, covariances, floor):
        d = self.n_features
        others = covariances[:, None, None] - whole_variance / d
        return d * np.log(np.maximum(others + variance / d, floor))

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

    def n_floored(self, covariances, floor, among=None):
        """Number of directions in which each component's variance is at the floor.

        Among all features, or the subspace of some, given by a mask.
        """
        n_directions = self.n_features if among is None else np.count_nonzero(among)
        return (covariances <= floor * ABOVE_FLOOR) * n_directions

    def whitening(self, mixture):
        """Function of a component's index and of observations: in units of its covariance."""
        scale = mixture.covariances**-0.5
        return lambda k, X: X * scale[k]

    def floored_features(self, covariances, floor):
        """Whether the floor binds some component in each feature."""
        return np.full(self.n_features, np.any(covariances <= floor * ABOVE_FLOOR))

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

    def n_floored(self, covariances, floor, among=None):
        among = slice(None) if among is None else among
        return np.count_nonzero((covariances <= floor * ABOVE_FLOOR)[:, among], axis=1)

    def whitening(self, mixture):
        scale = mixture.covariances**-0.5
        return lambda k, X: X * scale[k]

    def floored_features(self, covariances, floor):
        return np.any(covariances <= floor * ABOVE_FLOOR, axis=0)

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

    def n_floored(self, covariances, floor, among=None):
        return n_floored_directions(covariances, floor, among)

    def whitening(self, mixture):
        roots = inverse_cholesky(mixture.covariances)
        return lambda k, X: X @ roots[k]

    def floored_features(self, covariances, floor):
        return features_of_floored_directions(covariances, floor)

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

    def cut_deviance(self, variance, whole_variance, covariances, floor):
        return variance / np.diag(covariances)[:, None]

    def expected(self, mixture):
        return np.column_stack([np.ones(len(mixture)), mixture.means])

    def halved(self, covariances, steps):
        return covariances

    def log_determinants(self, covariances):
        return np.linalg.slogdet(covariances)[1]

    def n_floored(self, covariances, floor, among=None):
        return n_floored_directions(covariances, floor, among)

    def floored_features(self, covariances, floor):
        return features_of_floored_directions(covariances, floor)

    def variance_ratio(self, covariances, scale):
        eigenvalues = np.linalg.eigvalsh(covariances / np.outer(scale, scale))
        return eigenvalues[..., -1] / eigenvalues.sum(axis=-1)

    def common_log_density(self, mixture, X):
        return -0.5 * squared_norms(X @ inverse_cholesky(mixture.covariances))

    def common_log_likelihood(self, mixture, scatter):
        root = inverse_cholesky(mixture.covariances)
        return -0.5 * np.sum((root @ root.T) * scatter)


FAMILIES = {family.name: family for family in (Spherical, Diag, Tied, Full)}
