"""What the growth of a mixture maximises."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import multivariate_normal, norm
from sklearn.mixture import GaussianMixture

from skprune import SplittingGaussianMixture
from skprune._mixture.changes import exchange, take
from skprune._mixture.components import Components
from skprune._mixture.em import e_step, em, single_component
from skprune._mixture.families import FAMILIES
from skprune._mixture.objective import LaplaceEvidence, Objective, PricedParameters
from skprune._mixture.sample import Sample
from skprune._mixture.stream import expected_log_joint
from skprune.inspection._plot.mixture_display import covariance_matrices

TYPES = ["spherical", "diag", "tied", "full"]


def make_problem(covariance_type, n_components=4):
    """A sample of two blobs, and a mixture on the way to its maximum."""
    rng = np.random.default_rng(0)
    X = np.vstack([rng.standard_normal((150, 2)), rng.normal([4, 1], size=(90, 2))])
    sample = Sample(X, np.ones(len(X)), FAMILIES[covariance_type](2), X.mean(axis=0))
    covariances = {
        "spherical": np.ones(n_components),
        "diag": np.ones((n_components, 2)),
        "tied": np.eye(2),
        "full": np.tile(np.eye(2), (n_components, 1, 1)),
    }[covariance_type]
    means = X[:n_components] - sample.origin
    start = Components(np.full(n_components, 1 / n_components), means, covariances)
    return sample, em(sample, start, 1e-6, 0.0, 5)[0]


def make_penalty(name, sample):
    if name == "evidence":
        prior = single_component(sample, 1e-6)
        return LaplaceEvidence(sample.family, sample.total, prior)
    return PricedParameters(sample.family, 2.7)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("stopping", ["bic", "aic"])
def test_information_criteria_are_scikit_learns(covariance_type, stopping):
    sample, _ = make_problem(covariance_type)
    X = sample.centred(slice(None))
    price = 1.0 if stopping == "aic" else 0.5 * np.log(len(X))
    objective = Objective(PricedParameters(sample.family, price))
    reference = GaussianMixture(4, covariance_type=covariance_type).fit(X)
    mine = Components(reference.weights_, reference.means_, reference.covariances_)
    value = objective(mine, e_step(sample, mine))
    np.testing.assert_allclose(-2 * value, getattr(reference, stopping)(X))


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("name", ["price", "evidence"])
@pytest.mark.parametrize(
    "groups, n_children", [([[0]], 2), ([[3]], 4), ([[1, 2]], 1)], ids=["split", "star", "merge"]
)
def test_a_change_costs_the_difference_of_the_penalties(covariance_type, name, groups, n_children):
    sample, mixture = make_problem(covariance_type)
    penalty, groups = make_penalty(name, sample), np.array(groups)
    tied = covariance_type == "tied"
    rng = np.random.default_rng(1)
    # the children share their group's weight, so that the others keep theirs
    share = rng.dirichlet(np.ones(n_children)) * mixture.weights[groups].sum()
    parent = take(mixture, np.repeat(groups[0, :1], n_children), tied)
    means = parent.means + rng.standard_normal((n_children, 2))
    children = Components(share, means, parent.covariances * (1.0 if tied else 0.7))
    after = exchange(mixture, [SimpleNamespace(groups=groups, children=children)], tied)
    if tied:  # changes are weighed under the covariance as it was
        after = replace(after, covariances=mixture.covariances)
    cost = penalty.changes(mixture, groups, children)
    np.testing.assert_allclose(cost, penalty(after) - penalty(mixture))


def test_evidence_of_a_mean_is_its_integral():
    """One Gaussian of known variance: Laplace's approximation in the mean errs by O(1/N)."""
    rng = np.random.default_rng(0)
    x = 0.3 + 0.5 * rng.standard_normal(60)
    variance, prior_variance = x.var(), 4.0
    sample = Sample(x[:, None], np.ones(60), FAMILIES["spherical"](1), np.zeros(1))
    single = Components(np.ones(1), np.array([[x.mean()]]), np.array([variance]))
    prior = Components(np.ones(1), np.zeros((1, 1)), np.array([prior_variance]))
    penalty = LaplaceEvidence(sample.family, 60.0, prior)
    # n_parameters(0) = -1 takes back the price of the only weight; half a log is the variance's
    price_of_mean = penalty(single) - 0.5 * np.log(60)
    top = norm.logpdf(x, x.mean(), np.sqrt(variance)).sum()

    def likelihood(mean):
        log_likelihood = norm.logpdf(x, mean, np.sqrt(variance)).sum() - top
        return np.exp(log_likelihood) * norm.pdf(mean, 0.0, np.sqrt(prior_variance))

    integral = quad(likelihood, x.mean() - 1, x.mean() + 1, epsabs=0)[0]
    np.testing.assert_allclose(np.log(integral), -price_of_mean, atol=5e-3)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_evidence_term_by_term(covariance_type):
    sample, mixture = make_problem(covariance_type)
    prior = single_component(sample, 1e-6)

    def dense(components, k):
        covariances = components.covariances
        return {
            "spherical": lambda: covariances[k] * np.eye(2),
            "diag": lambda: np.diag(covariances[k]),
            "tied": lambda: covariances,
            "full": lambda: covariances[k],
        }[covariance_type]()

    n, n_components = len(sample), len(mixture)
    n_own = {"spherical": 1, "diag": 2, "tied": 0, "full": 3}[covariance_type]
    n_shared = 3 if covariance_type == "tied" else 0
    expected = 0.5 * (n_components - 1 + n_shared) * np.log(n) - gammaln(n_components + 1)
    for k, (weight, mean) in enumerate(zip(mixture.weights, mixture.means)):
        information = n * weight * np.linalg.inv(dense(mixture, k)) / (2 * np.pi)
        expected += 0.5 * np.linalg.slogdet(information)[1] + 0.5 * n_own * np.log(n * weight)
        expected -= multivariate_normal(prior.means[0], dense(prior, 0)).logpdf(mean)
    actual = LaplaceEvidence(sample.family, float(n), prior)(mixture)
    np.testing.assert_allclose(actual, expected)


def test_evidence_keeps_no_narrow_clump_that_bic_would():
    """Of components with the same gain, evidence charges the narrow one more; BIC the same."""
    sample, mixture = make_problem("spherical")
    wide = Components(np.full(2, 0.1), np.zeros((2, 2)), np.full(2, 1.0))
    narrow = Components(wide.weights, wide.means, np.full(2, 0.01))
    groups = np.array([[0]])
    evidence, bic = make_penalty("evidence", sample), make_penalty("price", sample)
    assert bic.changes(mixture, groups, narrow) == bic.changes(mixture, groups, wide)
    more = evidence.changes(mixture, groups, narrow) - evidence.changes(mixture, groups, wide)
    np.testing.assert_allclose(more, 2 * np.log(100))


def test_evidence_does_not_depend_on_units():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 2)) + 6 * (np.arange(200)[:, None] % 2)
    objectives = []
    for unit in (1.0, 1e-2):
        mixture = SplittingGaussianMixture(stopping="evidence", reg_covar=1e-9).fit(X * unit)
        objectives.append(mixture.history_[-1]["objective"] + X.size * np.log(unit))
    assert mixture.n_components_ == 2
    np.testing.assert_allclose(objectives[0], objectives[1], rtol=1e-6)


def test_evidence_finds_two_blobs():
    counts = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((150, 1)) + 5 * (np.arange(150)[:, None] % 2)
        counts.append(SplittingGaussianMixture(stopping="evidence").fit(X).n_components_)
    assert np.median(counts) == 2


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("seed", range(3))
def test_held_out_observations_tell_mixtures_apart_beyond_one_standard_error(covariance_type, seed):
    """Two mixtures, one of them moved ever further away, by the t statistic of their densities."""
    sample, mixture = make_problem(covariance_type)
    X = np.random.default_rng(seed).normal(size=(60, 2))
    weight = 1.0 + np.arange(60) % 3
    held_out = Sample(X, weight, sample.family, sample.origin)
    objective = Objective(None, held_out)
    reference = np.repeat(scores(mixture, covariance_type, X - sample.origin), weight.astype(int))
    found = set()
    for shift in np.linspace(0.0, 0.5, 11):
        moved = replace(mixture, means=mixture.means + shift)
        moved_scores = scores(moved, covariance_type, X - sample.origin)
        differences = reference - np.repeat(moved_scores, weight.astype(int))
        apart = abs(differences.sum()) > np.sqrt(len(differences)) * differences.std()
        assert objective.tells_apart(mixture, moved) == apart
        assert objective.tells_apart(moved, mixture) == apart
        found.add(bool(apart))
    assert found == {True, False}


def scores(mixture, covariance_type, X):
    """Log-densities by SciPy."""
    covariances = covariance_matrices(mixture.covariances, covariance_type, len(mixture), 2)
    densities = [
        weight * multivariate_normal(mean, covariance).pdf(X)
        for weight, mean, covariance in zip(mixture.weights, mixture.means, covariances)
    ]
    return np.log(np.sum(densities, axis=0))


def test_a_penalised_log_likelihood_tells_all_mixtures_apart():
    _, mixture = make_problem("full")
    assert Objective(None).tells_apart(mixture, mixture)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_what_the_sums_of_earlier_batches_tell_of_another_mixture_is_a_lower_bound(covariance_type):
    sample, mixture = make_problem(covariance_type)
    family = sample.family
    statistics = e_step(sample, mixture)
    known = expected_log_joint(family, statistics, mixture)
    rng = np.random.default_rng(0)
    for size in (1e-4, 0.1, 1.0, 10.0):
        moved = replace(mixture, means=mixture.means + size * rng.standard_normal((4, 2)))
        moved = replace(moved, covariances=moved.covariances * (1.0 + size))
        rise = e_step(sample, moved).log_likelihood - statistics.log_likelihood
        bound = expected_log_joint(family, statistics, moved) - known
        assert bound <= rise
        if size == 1e-4:
            assert bound == pytest.approx(rise, rel=0.01)
