"""Cuts of components along the features: two sides, an interval and the rest, an atom and the rest.

The leading direction of the scatter is the best for a *small* split. It says nothing of a narrow
cloud inside a wide one, of clouds side by side that are longer than they are apart, or of values
that repeat. These show in the distribution of a single feature: its values are put into bins once,
and each component's share of the bins, one sparse product, tells what each cut is worth if the
observations inside and outside become a Gaussian each. The best cuts are where partial EM starts.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from .components import TINY
from .floor import distinct_values, same_value_spacing

# Bins of equal mass, halved so many times towards both ends, where small clouds lie.
N_BINS = 40
N_TAIL_BINS = 5

# So many values that repeat have a bin each: those that have at least this share of the weight, and
# are so many times as frequent as others.
N_TIES = 16
TIE_SHARE = 1e-3
TIE_FREQUENCY = 4.0

# A side of a cut that has this share of the component's mass is rounding error.
EMPTY_SHARE = 1e-9

# What is divided by this mass can still be squared.
SMALL = 1e-100

# Elements of the arrays in which cuts are compared.
BLOCK_ELEMENTS = 2**20


@dataclass(frozen=True, eq=False)
class Bins:
    """Observations by the bins of their features.

    Parameters
    ----------
    codes : ndarray of shape (n_features, n_samples)
        Number of the bin of each value; bins are in order.
    centres, variances : ndarray of shape (n_features, n_bins)
        Of the values in each bin.
    """

    codes: np.ndarray
    centres: np.ndarray
    variances: np.ndarray


def bin_features(sample):
    """Bins of a sample's observations."""
    weight, n_features = sample.weight, sample.family.n_features
    starts = [bin_starts(sample.column(j), weight) for j in range(n_features)]
    codes = np.empty((n_features, len(sample)), dtype=np.uint8)
    n_bins = max(map(len, starts))
    centres, variances = np.zeros((2, n_features, n_bins))
    for j in range(n_features):
        values = sample.column(j)
        codes[j] = np.searchsorted(starts[j], values, side="right") - 1
        mass = np.maximum(np.bincount(codes[j], weight, n_bins), TINY)
        centres[j] = np.bincount(codes[j], weight * values, n_bins) / mass
        variances[j] = np.bincount(codes[j], weight * (values - centres[j, codes[j]]) ** 2, n_bins)
        variances[j] /= mass
    return Bins(codes, centres, variances)


def bin_starts(values, weight):
    """Least value of each bin of a feature."""
    distinct, mass = distinct_values(values, weight, same_value_spacing(values))
    if len(distinct) <= N_BINS:
        return distinct
    shares = np.arange(1, N_BINS) / N_BINS
    tails = 0.5 ** np.arange(1, N_TAIL_BINS + 1) / N_BINS
    shares = np.concatenate([tails, shares, 1.0 - tails])
    quantiles = np.searchsorted(np.cumsum(mass), shares * mass.sum())
    ties = np.argsort(-mass, kind="stable")[:N_TIES]
    frequent = np.maximum(TIE_SHARE * mass.sum(), TIE_FREQUENCY * np.median(mass))
    ties = ties[mass[ties] >= frequent]
    starts = np.unique(np.concatenate([[0], quantiles, ties, ties + 1]))
    return distinct[starts[starts < len(distinct)]]


def intervals(n_bins):
    """Ranges of bins that cuts may take out: those at an end, and others of a few lengths."""
    lengths = np.unique(np.round(2.0 ** np.arange(0, np.log2(max(n_bins, 2)), 0.5)).astype(int))
    inner = [(a, a + size) for size in lengths for a in range(1, n_bins - size)]
    ends = [(0, b) for b in range(1, max(n_bins, 2))]  # of one bin, all
    return np.array(ends + inner)


def bin_masses(posterior, bins):
    """Mass of each component in each bin, of shape (n_components, n_features, n_bins)."""
    n_features, n_bins = bins.centres.shape
    offsets = (np.arange(n_features) * n_bins)[:, None]
    masses = np.zeros((n_features * n_bins, len(posterior.mixture)))
    chunks = posterior.sample.chunks()
    for chunk, (_, weight, responsibilities, _) in zip(chunks, posterior):
        columns = (bins.codes[:, chunk] + offsets).T.ravel()
        bounds = np.arange(0, len(columns) + 1, n_features)
        shape = (len(weight), len(masses))
        indicators = csr_array((np.ones(len(columns)), columns, bounds), shape=shape)
        masses += indicators.T @ (responsibilities * weight).T
    return masses.T.reshape(-1, n_features, n_bins)


@dataclass(frozen=True, eq=False)
class Cuts:
    """Some cuts of each component.

    Parameters
    ----------
    bins : Bins
        Of the observations.
    features : ndarray of shape (n_components, n_cuts)
        Along which.
    ranges : ndarray of shape (n_components, n_cuts, 2)
        First bin inside and first one beyond.
    """

    bins: Bins
    features: np.ndarray
    ranges: np.ndarray

    def members(self, X, chunk):
        """Which observations of a chunk lie inside, of shape (n_components, n_cuts, n_samples)."""
        first, beyond = np.moveaxis(self.ranges, -1, 0)[..., None]
        codes = self.bins.codes[:, chunk][self.features]
        return (codes >= first) & (codes < beyond)


def best_cuts(posterior, floor, least_mass, n_cuts):
    """The cuts of each component that are worth most, each along another feature."""
    bins = posterior.sample.bins
    masses = bin_masses(posterior, bins)
    n_components, n_features, n_bins = masses.shape
    candidates = intervals(n_bins)
    family, covariances = posterior.sample.family, posterior.mixture.covariances
    gains, best = np.empty((n_components, n_features)), np.empty((n_components, n_features), int)
    size = max(1, BLOCK_ELEMENTS // (n_features * len(candidates)))
    for start in range(0, n_components, size):
        block = slice(start, start + size)
        moments = moments_of_ranges(masses[block], bins, candidates)
        own = covariances if family.name == "tied" else covariances[block]
        worth = worth_of_cuts(family, moments, own, floor, least_mass)
        best[block] = worth.argmax(axis=-1)
        gains[block] = worth.max(axis=-1)
    features = np.argsort(-gains, axis=1, kind="stable")[:, :n_cuts]
    return Cuts(bins, features, candidates[np.take_along_axis(best, features, axis=1)])


def worth_of_cuts(family, moments, covariances, floor, least_mass):
    """Gain in log-likelihood if the sides of a cut become components that share nothing."""
    whole_mass, _, whole_variance = moments[2]
    deviances = [
        mass * (family.cut_deviance(variance, whole_variance, covariances, floor)
                - 2.0 * np.log(mass / whole_mass))
        for mass, _, variance in moments
    ]  # fmt: skip
    worth = 0.5 * (deviances[2] - deviances[0] - deviances[1])
    lighter = np.minimum(moments[0][0], moments[1][0])
    return np.where(lighter < least_mass, -np.inf, worth)


def moments_of_ranges(masses, bins, ranges):
    """Mass, mean and variance inside and outside of ranges of bins, and of all.

    Returns
    -------
    inside, outside : tuple of 3 ndarrays of shape (n_components, n_features, n_ranges)
        Moments.
    whole : tuple of 3 ndarrays of shape (n_components, n_features, 1)
        Moments.
    """
    mass = np.maximum(masses.sum(axis=-1, keepdims=True), TINY)
    mean = np.sum(masses * bins.centres, axis=-1, keepdims=True) / mass
    centres = bins.centres - mean
    powers = np.stack([masses, masses * centres, masses * (centres**2 + bins.variances)])
    sums = np.concatenate([np.zeros_like(powers[..., :1]), np.cumsum(powers, axis=-1)], axis=-1)
    inside = sums[..., ranges[:, 1]] - sums[..., ranges[:, 0]]
    whole = sums[..., -1:]
    least = np.maximum(np.finfo(float).eps * mass, SMALL)  # safe to divide by
    return tuple(moments_of_sums(part, least) for part in (inside, whole - inside, whole))


def moments_of_sums(sums, least):
    mass = np.maximum(sums[0], least)
    mean = sums[1] / mass
    return mass, mean, np.maximum(sums[2] / mass - mean**2, 0.0)


def sums_inside_and_outside(posterior, parts):
    """Sums of the features phi inside and outside of parts of each component.

    Parameters
    ----------
    posterior : Posterior
        Responsibilities.
    parts : list of Cuts or Balls
        Each tells its ``members``.

    Returns
    -------
    sums : ndarray of shape (n_components, n_parts, 2, n_statistics)
        Responsibility-weighted.
    """
    inside, whole, sample = 0.0, 0.0, posterior.sample
    for chunk, (phi, weight, responsibilities, _) in zip(sample.chunks(), posterior):
        weighted, X = responsibilities * weight, sample.centred(chunk)
        whole = whole + weighted @ phi.T
        member = np.concatenate([part.members(X, chunk) for part in parts], axis=1)
        inside = inside + (weighted[:, None] * member).reshape(-1, len(weight)) @ phi.T
    inside, whole = inside.reshape(len(whole), -1, whole.shape[1]), whole[:, None]
    # Where a side is next to empty there is no cut: two halves of the component gain nothing.
    share = inside[..., :1] / np.maximum(whole[..., :1], TINY)
    inside = np.where((share > EMPTY_SHARE) & (share < 1.0 - EMPTY_SHARE), inside, 0.5 * whole)
    return np.stack([inside, whole - inside], axis=2)
