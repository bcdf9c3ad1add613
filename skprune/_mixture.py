"""Gaussian mixtures as exponential families: the fused EM iteration.

The log-density of a component is linear in a few features of an observation,
``log(pi_k N_k(x)) = eta_k . phi(x)``, with ``phi(x)`` made of 1, x and second-order terms. One EM
iteration is then two matrix products: the logits ``eta phi`` and, with the responsibilities R, the
additive statistics ``R phi'``. No array of observations x components x features is ever formed, and
observations are visited in chunks.

Arrays of features, logits and responsibilities hold one observation a *column*, so that reductions
over components run along contiguous rows.

Used by the splitting mixtures; knows nothing of estimators.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

LOG_2PI = np.log(2 * np.pi)
# The features and logits of one chunk should stay in a core's cache.
CHUNK_BYTES = 2**19
TINY = np.finfo(np.float64).tiny
# Sums of densities in this range are accurate.
SMALLEST_SUM, LARGEST_SUM = 1e-250, 1e250
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
    """Raise eigenvalues below ``floor`` to it: the likeliest covariances above the floor."""
    eigenvalues, vectors = np.linalg.eigh(covariances)
    if np.all(eigenvalues >= floor):
        return covariances
    eigenvalues = np.maximum(eigenvalues, floor)
    return (vectors * eigenvalues[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def squared_norms(A):
    """Squared Euclidean norm of each row."""
    return np.einsum("...j,...j->...", A, A)


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


def second_moments(weights, means):
    """Weighted sum of m m'."""
    return (weights * means.T) @ means


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


def log_joint(X, mixture, family):
    """Logarithm of weight times density of each component at each (centred) observation."""
    logits = family.natural(mixture) @ family.features(X)
    return logits + family.common_log_density(mixture, X)


def posterior_chunks(X, mixture, family, origin):
    """Yield responsibilities (n_components, chunk length) and log-densities of new observations.

    ``mixture`` is relative to ``origin``.
    """
    sample = Sample(X, np.ones(len(X)), family, origin, memory=0)
    joint_density = JointDensity(mixture, family)
    for chunk in sample.chunks():
        responsibilities, total, log_density = joint_density(sample.features(chunk))
        responsibilities /= total
        yield (
            responsibilities,
            log_density + family.common_log_density(mixture, sample.centred(chunk)),
        )


class Posterior:
    """Responsibilities of a sample under a mixture, chunk by chunk.

    Iterating yields, per chunk, the features, the weights, the responsibilities of shape
    (n_components, chunk length), and the logarithm of their normaliser. They are kept for
    further passes when they fit the sample's memory.
    """

    def __init__(self, sample, mixture):
        self.sample = sample
        self.mixture = mixture
        self._joint_density = JointDensity(mixture, sample.family)
        self._keep = len(mixture) * len(sample) * 8 <= sample.memory
        self._kept = None

    def _compute(self):
        for chunk in self.sample.chunks():
            phi = self.sample.features(chunk)
            responsibilities, total, log_normaliser = self._joint_density(phi)
            responsibilities /= total
            yield phi, self.sample.weight[chunk], responsibilities, log_normaliser

    def __iter__(self):
        if not self._keep:
            return self._compute()
        if self._kept is None:
            self._kept = list(self._compute())
        return iter(self._kept)


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


def e_step(sample, mixture):
    """Statistics of a sample under a mixture: the two matrix products of an iteration."""
    joint_density = JointDensity(mixture, sample.family)
    sums = np.zeros((len(mixture), sample.family.n_statistics))
    log_likelihood = sample.family.common_log_likelihood(mixture, sample.scatter)
    for chunk in sample.chunks():
        phi, weight = sample.features(chunk), sample.weight[chunk]
        out = sample.scratch("densities", len(mixture), phi.shape[1])
        densities, total, log_density = joint_density(phi, out)
        log_likelihood += weight @ log_density
        share = weight / total
        if len(mixture) > len(phi):
            sums += densities @ (phi * share).T
        else:
            densities *= share
            sums += densities @ phi.T
    return Statistics(sums, sample.scatter, float(log_likelihood))


def m_step(family, statistics, floor):
    """Likeliest mixture given the statistics, no variance being below ``floor``."""
    mass = np.maximum(statistics.sums[:, 0], TINY)
    means = statistics.sums[:, 1 : 1 + family.n_features] / mass[:, None]
    covariances = family.covariances(statistics, mass, means, floor)
    return Components(mass / mass.sum(), means, covariances)


def feature_deviations(sample):
    """Standard deviation of each feature; 1 for a constant one, nan where squares overflow."""
    first = second = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for chunk in sample.chunks():
            X, weight = sample.centred(chunk), sample.weight[chunk]
            first, second = first + weight @ X, second + weight @ X**2
        variances = second / sample.total - (first / sample.total) ** 2
    return np.sqrt(np.where(variances <= 0, 1.0, variances))


def single_component(sample, floor):
    """The likeliest mixture of one component."""
    family = sample.family
    sums = sum(sample.features(chunk) @ sample.weight[chunk] for chunk in sample.chunks())
    return m_step(family, Statistics(sums[None], sample.scatter, 0.0), floor)


def em(sample, mixture, floor, tol, max_iter):
    """EM until an iteration raises the mean log-likelihood by less than ``tol``.

    Returns
    -------
    mixture : Components
        The mixture after the last M-step.
    statistics : Statistics
        Its statistics and log-likelihood.
    bounds : list of float
        Mean log-likelihood after each M-step.
    converged : bool
        Whether ``tol`` was met.
    """
    statistics, bounds = e_step(sample, mixture), []
    for _ in range(max_iter):
        mixture = m_step(sample.family, statistics, floor)
        last, statistics = statistics.log_likelihood, e_step(sample, mixture)
        bounds.append(statistics.log_likelihood / sample.total)
        if statistics.log_likelihood - last < tol * sample.total:
            return mixture, statistics, bounds, True
    return mixture, statistics, bounds, False


def partial_em(posterior, groups, children, floor, n_iter):
    """EM on many alternative replacements of components at once, all else held fixed.

    Group g of components, with joint responsibility R_g = sum of r_k, is replaced by m children
    that share R_g, and the group's weight, among themselves. By Jensen's inequality, with f_g the
    density of a group,

        log-likelihood after - before >= sum_g sum_n w_n R_gn log(f_g_new(x_n) / f_g_old(x_n)),

    so the gains certify any set of disjoint replacements made together.

    Parameters
    ----------
    posterior : Posterior
        Responsibilities under the present mixture.
    groups : ndarray of shape (n_groups, group_size)
        Components that each group replaces.
    children : Components of length n_groups * m
        Starting point, m consecutive children a group; a tied covariance stays as it is.
    floor : float
        Smallest variance.
    n_iter : int
        Number of M-steps.

    Returns
    -------
    gains : ndarray of shape (n_groups,)
        Lower bounds of the gains in log-likelihood.
    children : Components
        The trained children.
    """
    group_weights = posterior.mixture.weights[groups].sum(axis=1, keepdims=True)
    for _ in range(n_iter):
        sums = _partial_statistics(posterior, groups, children)
        mass = np.maximum(sums[:, 0], TINY).reshape(len(groups), -1)
        weights = group_weights * mass / mass.sum(axis=1, keepdims=True)
        children = partial_m_step(
            posterior.sample.family, sums, weights.ravel(), children.covariances, floor
        )
    return _partial_gains(posterior, groups, children), children


def partial_m_step(family, sums, weights, covariances, floor):
    """Likeliest components of given weights, from their sums; tied ``covariances`` are kept."""
    mass = np.maximum(sums[:, 0], TINY)
    means = sums[:, 1 : 1 + family.n_features] / mass[:, None]
    if family.name != "tied":
        covariances = family.covariances(Statistics(sums, None, 0.0), mass, means, floor)
    return Components(weights, means, covariances)


def _partial_passes(posterior, groups, children):
    """Per chunk: features, weights, R_g, logits by child and group, and log-normaliser."""
    sample = posterior.sample
    eta = sample.family.natural(children)
    for phi, weight, responsibilities, log_normaliser in posterior:
        size = phi.shape[1]
        joint = sample.scratch("joint", len(groups), size)
        np.take(responsibilities, groups[:, 0], axis=0, out=joint, mode="clip")
        for members in groups.T[1:]:
            joint += responsibilities[members]
        logits = np.matmul(eta, phi, out=sample.scratch("logits", len(eta), size))
        logits = logits.reshape(len(groups), -1, size).swapaxes(0, 1)
        yield phi, weight, joint, logits, log_normaliser


def _partial_statistics(posterior, groups, children):
    """Sums of the features, by children that share their group's responsibility."""
    sums = 0.0
    for phi, weight, joint, logits, _ in _partial_passes(posterior, groups, children):
        total, _ = exponentiate_columns(logits)
        joint *= weight
        logits *= joint / total
        sums = sums + logits.swapaxes(0, 1).reshape(len(children), -1) @ phi.T
    return sums


def _partial_gains(posterior, groups, children):
    """Lower bounds of the gains in log-likelihood, by group."""
    gains = np.zeros(len(groups))
    for _, weight, joint, logits, log_normaliser in _partial_passes(posterior, groups, children):
        log_ratio = logits[0] if len(logits) == 1 else exponentiate_columns(logits)[1]
        log_ratio -= log_normaliser
        log_ratio -= np.log(np.maximum(joint, TINY))
        joint *= weight
        gains += np.einsum("gn,gn->g", joint, log_ratio)
    return gains


def component_scatter(posterior, means):
    """Scatter matrices of the observations around each mean, weighted by responsibility.

    O(P K d^2) time and O(K d^2) memory.
    """
    sample = posterior.sample
    full = Full(sample.family.n_features)
    sums = np.zeros((len(means), full.n_statistics))
    for chunk, (_, weight, responsibilities, _) in zip(sample.chunks(), posterior):
        sums += (responsibilities * weight) @ full.features(sample.centred(chunk)).T
    sums /= np.maximum(sums[:, :1], TINY)
    scatter = unpack_symmetric(sums[:, 1 + full.n_features :], full.n_features)
    cross = sums[:, 1 : 1 + full.n_features, None] * means[:, None, :]
    return scatter - cross - np.swapaxes(cross, 1, 2) + means[:, :, None] * means[:, None, :]


def component_scatter_operator(posterior, means, scale):
    """The same matrices, in units of ``scale``, as a product with one vector a component.

    Returns
    -------
    multiply : callable
        Maps vectors of shape (n_components, n_features) to products; O(P K d) a call.
    traces : ndarray of shape (n_components,)
        Traces of the matrices.
    """
    sample, means = posterior.sample, means / scale
    mass, traces = np.zeros(len(means)), np.zeros(len(means))
    for chunk, (_, weight, responsibilities, _) in zip(sample.chunks(), posterior):
        X = sample.centred(chunk) / scale
        weighted = responsibilities * weight
        mass += weighted.sum(axis=1)
        distances = squared_norms(X) - 2.0 * means @ X.T + squared_norms(means)[:, None]
        traces += np.einsum("kn,kn->k", weighted, distances)
    mass = np.maximum(mass, TINY)

    def multiply(vectors):
        products = np.zeros_like(means)
        offsets = np.einsum("kj,kj->k", vectors, means)[:, None]
        for chunk, (_, weight, responsibilities, _) in zip(sample.chunks(), posterior):
            X = sample.centred(chunk) / scale
            weighted = responsibilities * weight * (vectors @ X.T - offsets)
            products += weighted @ X - weighted.sum(axis=1, keepdims=True) * means
        return products / mass[:, None]

    return multiply, traces / mass


def component_overlap(posterior):
    """Cosine of the responsibilities of each pair of components."""
    overlap = 0.0
    for _, weight, responsibilities, _ in posterior:
        out = posterior.sample.scratch("joint", *responsibilities.shape)
        overlap = overlap + np.multiply(responsibilities, weight, out=out) @ responsibilities.T
    norms = np.sqrt(np.maximum(np.diag(overlap), TINY))
    return overlap / norms / norms[:, None]
