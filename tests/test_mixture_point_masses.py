"""Rows and values that repeat become components at the floor, and that is said."""

import warnings

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.mixture import GaussianMixture

from skprune import SplittingGaussianMixture
from skprune._mixture.components import floor_eigenvalues
from skprune._mixture.floor import resolution

TYPES = ["spherical", "diag", "tied", "full"]
FLOOR = "raised to the floor"


def fit_with_warning(X, **parameters):
    with pytest.warns(UserWarning, match=FLOOR):
        return SplittingGaussianMixture(**parameters).fit(X)


def fit_in_silence(X, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return SplittingGaussianMixture(**parameters).fit(X)


def atom_of(mixture, place):
    """The component nearest to a place."""
    return np.argmin(np.linalg.norm(mixture.means_ - place, axis=1))


@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "full"])
@pytest.mark.parametrize("place", [0.0, 6.0])
def test_repeated_rows_in_a_cloud_or_beside_it_are_a_component(covariance_type, place):
    rng = np.random.default_rng(0)
    X = np.vstack([rng.standard_normal((200, 2)), np.full((60, 2), place)])
    mixture = fit_with_warning(X, covariance_type=covariance_type)
    atom = atom_of(mixture, place)
    np.testing.assert_allclose(mixture.means_[atom], place, atol=1e-6)
    np.testing.assert_allclose(mixture.weights_[atom], 60 / 260, rtol=0.01)
    assert mixture.n_components_ == 2


@pytest.mark.parametrize("reg_covar", [1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "full"])
def test_rows_of_zeros_do_not_merge_the_clouds_beside_them(covariance_type, reg_covar):
    rng = np.random.default_rng(1)
    clouds = [rng.normal(centre, 1.0, (300, 3)) for centre in (5.0, 15.0)]
    X = np.vstack([np.zeros((250, 3)), *clouds])
    mixture = fit_with_warning(X, covariance_type=covariance_type, reg_covar=reg_covar)
    np.testing.assert_allclose(np.sort(mixture.means_.mean(axis=1)), [0.0, 5.0, 15.0], atol=0.2)


@pytest.mark.parametrize("covariance_type", ["diag", "full"])
def test_a_column_that_is_half_zeros(covariance_type):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((600, 4))
    zero = rng.random(600) < 0.5
    X[:, 2] = np.where(zero, 0.0, rng.normal(10.0, 2.0, 600))
    mixture = fit_with_warning(X, covariance_type=covariance_type)
    assert mixture.n_components_ == 2
    atom = np.argmin(mixture.means_[:, 2])
    np.testing.assert_allclose(mixture.weights_[atom], zero.mean(), rtol=1e-6)
    np.testing.assert_allclose(mixture.means_[atom], X[zero].mean(axis=0), atol=1e-9)


def test_the_atom_of_a_zero_inflated_normal_has_its_mass():
    """BIC against the likelihood written out: the mass of the zeros at the floor, and a normal."""
    rng = np.random.default_rng(0)
    x = np.concatenate([np.zeros(500), rng.normal(10, 2, 500)])
    mixture = fit_with_warning(x[:, None])
    others = x[500:]
    log_likelihood = 500 * (np.log(0.5) + norm.logpdf(0, scale=1e-3)) + np.sum(
        np.log(0.5) + norm.logpdf(others, others.mean(), others.std())
    )
    bic = 5 * np.log(1000) - 2 * log_likelihood
    np.testing.assert_allclose(mixture.bic(x[:, None]), bic, atol=0.1)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_rounded_values_are_no_atoms(covariance_type):
    """A fine grid changes nothing: every value repeats, none more than a density asks for."""
    X = np.round(3 * np.random.default_rng(3).standard_normal((2000, 2)), 1)
    assert fit_in_silence(X, covariance_type=covariance_type).n_components_ == 1


def test_counts_are_no_atoms():
    X = np.random.default_rng(4).poisson(4.0, (1000, 1)).astype(float)
    assert fit_in_silence(X).n_components_ <= 3


@pytest.mark.parametrize("decimals", [0, 1, 3])
def test_resolution_of_rounded_values_is_their_step(decimals):
    rng = np.random.default_rng(decimals)
    values = np.round(50 * rng.standard_normal(3000), decimals)
    step = 10.0**-decimals
    assert resolution(values, np.ones(3000)) == pytest.approx(step)
    few_finer = np.where(rng.random(3000) < 0.001, values + 0.123456 * step, values)
    assert resolution(few_finer, np.ones(3000)) == pytest.approx(step)
    standardised = (values - values.mean()) / values.std()
    assert resolution(standardised, np.ones(3000)) == pytest.approx(step / values.std())


def test_resolution_of_continuous_values_is_far_below_their_spread():
    rng = np.random.default_rng(0)
    values = rng.standard_normal(1000)
    weight = rng.integers(1, 4, 1000).astype(float)
    assert resolution(values, weight) < 1e-3
    assert resolution(np.repeat(values, weight.astype(int)), np.ones(int(weight.sum()))) == (
        resolution(values, weight)
    )
    assert resolution(np.full(10, 3.0), np.ones(10)) == 0.0
    zeros = np.where(rng.random(1000) < 0.7, 0.0, values)
    assert resolution(zeros, weight) < 1e-2


def test_no_density_exceeds_what_rounded_values_allow():
    """One over the step: however much mass a value has."""
    rng = np.random.default_rng(0)
    values = np.where(rng.random(800) < 0.5, 0.0, np.round(rng.normal(30, 5, 800)))[:, None]
    mixture = fit_with_warning(values, covariance_type="diag")
    np.testing.assert_allclose(mixture.variance_floor_, 1 / (2 * np.pi))
    np.testing.assert_allclose(np.exp(mixture.score_samples([[0.0]])), 0.5, rtol=0.05)


@pytest.mark.parametrize("covariance_type", ["diag", "full"])
def test_the_floor_goes_with_the_units_of_each_feature(covariance_type):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((500, 3))
    X[:200, 0] = 0.0
    units = np.array([1.0, 1e3, 1e-3])
    fits = [
        fit_with_warning(data, covariance_type=covariance_type, reg_covar=0.0)
        for data in (X, X * units)
    ]
    np.testing.assert_allclose(fits[1].variance_floor_, fits[0].variance_floor_ * units**2)
    assert fits[0].n_components_ == fits[1].n_components_
    np.testing.assert_allclose(fits[1].weights_, fits[0].weights_, rtol=1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_clouds_a_million_deviations_apart(covariance_type):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 2)) + np.where(np.arange(400) % 2, 1e6, -1e6)[:, None]
    mixture = fit_in_silence(X, covariance_type=covariance_type)
    np.testing.assert_allclose(np.sort(mixture.means_[:, 0]), [-1e6, 1e6], rtol=1e-6)
    variances = mixture.covariances_
    if covariance_type in ("tied", "full"):
        variances = variances.diagonal(axis1=-2, axis2=-1)
    np.testing.assert_allclose(variances, 1.0, rtol=0.3)


def test_clouds_that_double_precision_cannot_resolve_are_told():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 1)) + np.where(np.arange(400) % 2, 1e9, -1e9)[:, None]
    mixture = fit_with_warning(X)
    np.testing.assert_allclose(np.sort(mixture.means_[:, 0]), [-1e9, 1e9], rtol=1e-6)


def test_the_warning_names_features_and_mass():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(6)
    X = pd.DataFrame(rng.standard_normal((300, 3)), columns=["a", "b", "c"])
    X.loc[:99, "b"] = 7.0
    with pytest.warns(UserWarning, match=r"1 of 2 covariance.*33% of the .*features b \(reg_covar"):
        SplittingGaussianMixture(covariance_type="diag").fit(X)


def test_a_matrix_above_a_floor_by_feature_is_the_likeliest():
    rng = np.random.default_rng(7)
    floor = np.array([0.5, 1e-3, 0.1])
    scatter = np.cov(rng.standard_normal((50, 3)) * [0.3, 1.0, 0.2], rowvar=False)
    floored = floor_eigenvalues(scatter, floor)
    assert np.linalg.eigvalsh(floored - np.diag(floor)).min() > -1e-12

    def log_likelihood(covariance):
        return -np.linalg.slogdet(covariance)[1] - np.trace(np.linalg.solve(covariance, scatter))

    best = log_likelihood(floored)
    excess = floored - np.diag(floor)
    for _ in range(300):
        step = 0.02 * rng.standard_normal((3, 3))
        other = (np.eye(3) + step) @ excess @ (np.eye(3) + step).T + 0.01 * step @ step.T
        assert log_likelihood(np.diag(floor) + other) <= best + 1e-12


def test_a_table_full_of_ties_is_told_apart_as_by_a_search():
    """Kinds that differ in a tied column and a cloud, against scikit-learn's, at the same floor."""
    rng = np.random.default_rng(8)
    kind = rng.random(1500) < 0.3
    X = np.column_stack(
        [
            np.where(kind, 0.0, rng.normal(3.0, 1.0, 1500)),
            rng.normal(np.where(kind, 2.0, -2.0), 0.5),
            np.minimum(rng.normal(0.0, 1.0, 1500), 1.0),
        ]
    )
    mixture = fit_with_warning(X, covariance_type="full")
    searched = min(
        (GaussianMixture(k, random_state=0).fit(X) for k in range(3, 6)),
        key=lambda fit: fit.bic(X),
    )
    assert mixture.bic(X) <= searched.bic(X) + 0.01 * abs(searched.bic(X))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_where_every_row_repeats_none_is_an_atom(covariance_type):
    rng = np.random.default_rng(9)
    X = rng.standard_normal((150, 2)) + np.where(np.arange(150) % 2, 8.0, 0.0)[:, None]
    for repeated in (np.repeat(X, 20, axis=0), np.vstack([X] * 20)):
        fit_in_silence(repeated, covariance_type=covariance_type)
