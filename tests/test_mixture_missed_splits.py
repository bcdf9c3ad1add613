"""Splits that the leading direction of the scatter does not show."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from skprune import SplittingGaussianMixture
from skprune._mixture.balls import best_balls
from skprune._mixture.components import Components
from skprune._mixture.cuts import (
    best_cuts,
    bin_masses,
    intervals,
    moments_of_ranges,
    sums_inside_and_outside,
    worth_of_cuts,
)
from skprune._mixture.families import FAMILIES
from skprune._mixture.posterior import Posterior
from skprune._mixture.sample import Sample


def posterior_of(X, covariance_type="diag", weight=None):
    """Two components that share the observations, far from the clouds that X has."""
    family = FAMILIES[covariance_type](X.shape[1])
    weight = np.ones(len(X)) if weight is None else weight
    sample = Sample(X, weight, family, X.mean(axis=0))
    variances = np.var(X, axis=0)
    covariances = {
        "spherical": np.full(2, variances.mean()),
        "diag": np.tile(variances, (2, 1)),
        "full": np.tile(np.diag(variances), (2, 1, 1)),
        "tied": np.diag(variances),
    }[covariance_type]
    means = np.array([0.3, -0.3])[:, None] * np.sqrt(variances)
    return Posterior(sample, Components(np.array([0.6, 0.4]), means, covariances))


@pytest.mark.parametrize("gap", [3, 5, 8])
def test_long_clouds_side_by_side(gap):
    rng = np.random.default_rng(gap)
    X = np.concatenate([rng.normal(size=(200, 2)) * [10, 0.3] + [0, gap * j] for j in range(3)])
    truth = GaussianMixture(3, covariance_type="diag", means_init=[[0, gap * j] for j in range(3)])
    mixture = SplittingGaussianMixture(covariance_type="diag").fit(X)
    assert mixture.bic(X) < truth.fit(X).bic(X) + 1


@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "full"])
@pytest.mark.parametrize("n_features", [1, 3, 8])
def test_a_narrow_cloud_inside_a_wide_one(covariance_type, n_features):
    rng = np.random.default_rng(n_features)
    wide = 5.0 * rng.standard_normal((700, n_features))
    narrow = 1.0 + 0.2 * rng.standard_normal((100, n_features))
    X = np.vstack([wide, narrow])
    truth = GaussianMixture(
        2,
        covariance_type=covariance_type,
        weights_init=[7 / 8, 1 / 8],
        means_init=np.stack([np.zeros(n_features), np.ones(n_features)]),
    ).fit(X)
    mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert mixture.bic(X) < truth.bic(X) + 1


def test_the_worth_of_a_cut_is_a_difference_of_log_likelihoods():
    """One feature, one component: a Gaussian for the values inside and one for those outside."""
    rng = np.random.default_rng(0)
    x = np.round(rng.gamma(2.0, 1.0, 400), 1)
    family = FAMILIES["diag"](1)
    sample = Sample(x[:, None], np.ones(400), family, np.zeros(1))
    mixture = Components(np.ones(1), np.array([[x.mean()]]), np.array([[x.var()]]))
    posterior = Posterior(sample, mixture)
    bins = sample.bins
    masses = bin_masses(posterior, bins)
    ranges = intervals(masses.shape[-1])
    moments = moments_of_ranges(masses, bins, ranges)
    worth = worth_of_cuts(family, moments, mixture.covariances, np.array([1e-9]), 3.0)[0, 0]

    def log_likelihood(values):
        density = multivariate_normal(values.mean(), values.var()).logpdf(values).sum()
        return density + len(values) * np.log(len(values) / len(x))

    for (first, beyond), value in zip(ranges, worth):
        inside = (bins.codes[0] >= first) & (bins.codes[0] < beyond)
        if min(inside.sum(), (~inside).sum()) < 3:
            assert value == -np.inf
        elif min(np.ptp(x[inside]), np.ptp(x[~inside])) > 0:
            expected = log_likelihood(x[inside]) + log_likelihood(x[~inside]) - log_likelihood(x)
            np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-9)


def test_bins_hold_their_values_and_single_out_those_that_repeat():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((3000, 2))
    X[:60, 0] = 0.5
    bins = Sample(X, np.ones(3000), FAMILIES["diag"](2), X.mean(axis=0)).bins
    atom = bins.codes[0] == bins.codes[0, 0]
    np.testing.assert_array_equal(atom, X[:, 0] == 0.5)
    for j in range(2):
        order = np.argsort(X[:, j])
        assert np.all(np.diff(bins.codes[j, order].astype(int)) >= 0)
        assert np.bincount(bins.codes[j]).max() < 0.05 * 3000


@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "full", "tied"])
def test_sums_inside_and_outside_make_up_the_component(covariance_type):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((900, 3))
    weight = rng.integers(1, 4, 900).astype(float)
    posterior = posterior_of(X, covariance_type, weight)
    floor = 1e-6 if covariance_type == "spherical" else np.full(3, 1e-6)
    parts = [best_cuts(posterior, floor, 2.5, 2)]
    if covariance_type != "tied":
        parts.append(best_balls(posterior, 2.5))
    sums = sums_inside_and_outside(posterior, parts)
    phi = posterior.sample.family.features(X - X.mean(axis=0))
    responsibilities = np.hstack([r for _, _, r, _ in posterior])
    whole = (responsibilities * weight) @ phi.T
    np.testing.assert_allclose(sums.sum(axis=2), np.repeat(whole[:, None], sums.shape[1], axis=1))
    member = parts[-1].members(X - X.mean(axis=0), slice(0, 900))[:, -1]
    np.testing.assert_allclose(sums[:, -1, 0], (responsibilities * weight * member) @ phi.T)
    assert member.any(axis=1).all() and not member.all(axis=1).any()


@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "full"])
def test_a_ball_finds_a_narrow_cloud_in_many_features(covariance_type):
    rng = np.random.default_rng(3)
    X = np.vstack([3 * rng.standard_normal((950, 10)), 1 + 0.1 * rng.standard_normal((50, 10))])
    ball = best_balls(posterior_of(X, covariance_type), 2.5)
    inside = ball.members(X - X.mean(axis=0), slice(0, 1000))[0, 0]  # whose mean is nearer
    assert inside[950:].mean() > 0.9 and inside[:950].mean() < 0.02
