"""The fused EM, partial EM and the theory of small splits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from skprune._mixture.components import Components, floor_eigenvalues
from skprune._mixture.em import e_step, em, m_step, single_component
from skprune._mixture.families import FAMILIES
from skprune._mixture.partial_em import partial_em
from skprune._mixture.posterior import JointDensity, Posterior, component_overlap, posterior_chunks
from skprune._mixture.sample import Sample
from skprune._mixture.scatter import component_scatter, component_scatter_operator

TYPES = sorted(FAMILIES)


def make_problem(covariance_type, n_samples=120, n_features=3, n_components=4, seed=0):
    """A weighted sample and a mixture that does not fit it yet."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features)) * rng.uniform(0.5, 2, n_features)
    X[: n_samples // 2] += 3
    weight = rng.integers(1, 4, n_samples).astype(float)
    family = FAMILIES[covariance_type](n_features)
    roots = rng.standard_normal((n_components, n_features, n_features))
    full = roots @ np.swapaxes(roots, 1, 2) + np.eye(n_features)
    covariances = {
        "spherical": rng.uniform(0.5, 2, n_components),
        "diag": rng.uniform(0.5, 2, (n_components, n_features)),
        "tied": full[0],
        "full": full,
    }[covariance_type]
    mixture = Components(
        rng.dirichlet(np.full(n_components, 5.0)), X[:n_components] - X.mean(0), covariances
    )
    return Sample(X, weight, family, X.mean(0)), mixture


def posterior(X, mixture, family, origin):
    """Responsibilities (n_samples, n_components) and log-densities."""
    responsibilities, log_density = zip(*posterior_chunks(X, mixture, family, origin))
    return np.hstack(responsibilities).T, np.concatenate(log_density)


def dense_covariances(mixture, covariance_type):
    K, d = mixture.means.shape
    return {
        "spherical": lambda c: c[:, None, None] * np.eye(d),
        "diag": lambda c: c[:, :, None] * np.eye(d),
        "tied": lambda c: np.broadcast_to(c, (K, d, d)),
        "full": lambda c: c,
    }[covariance_type](mixture.covariances)


def reference_log_joint(X, mixture, covariance_type):
    """log pi_k N_k(x_n) by scipy."""
    return np.column_stack(
        [
            np.log(weight) + multivariate_normal(mean, covariance).logpdf(X)
            for weight, mean, covariance in zip(
                mixture.weights, mixture.means, dense_covariances(mixture, covariance_type)
            )
        ]
    )


@pytest.mark.parametrize("covariance_type", TYPES)
def test_e_step_is_the_textbooks(covariance_type):
    sample, mixture = make_problem(covariance_type)
    X = sample.centred(slice(None))
    log_joint = reference_log_joint(X, mixture, covariance_type)
    log_density = np.logaddexp.reduce(log_joint, axis=1)
    responsibilities = np.exp(log_joint - log_density[:, None])
    statistics = e_step(sample, mixture)
    np.testing.assert_allclose(statistics.log_likelihood, sample.weight @ log_density)
    weighted = sample.weight[:, None] * responsibilities
    np.testing.assert_allclose(statistics.sums[:, 0], weighted.sum(axis=0))
    np.testing.assert_allclose(statistics.sums[:, 1:4], weighted.T @ X, atol=1e-10)
    actual = posterior(X + sample.origin, mixture, sample.family, sample.origin)
    np.testing.assert_allclose(actual[0], responsibilities, atol=1e-12)
    np.testing.assert_allclose(actual[1], log_density)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_m_step_is_the_textbooks(covariance_type):
    sample, mixture = make_problem(covariance_type)
    X = sample.centred(slice(None))
    weighted = sample.weight[:, None] * posterior(X, mixture, sample.family, 0.0)[0]
    mass = weighted.sum(axis=0)
    means = weighted.T @ X / mass[:, None]
    full = np.stack([(r * (X - m).T) @ (X - m) / r.sum() for r, m in zip(weighted.T, means)])
    expected = {
        "spherical": np.einsum("kii->k", full) / 3,
        "diag": np.einsum("kii->ki", full),
        "tied": np.einsum("k,kij->ij", mass, full) / mass.sum(),
        "full": full,
    }[covariance_type]
    updated = m_step(sample.family, e_step(sample, mixture), 1e-9)
    np.testing.assert_allclose(updated.weights, mass / mass.sum())
    np.testing.assert_allclose(updated.means, means, atol=1e-12)
    np.testing.assert_allclose(updated.covariances, expected, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    covariance_type=st.sampled_from(TYPES),
    n_features=st.integers(1, 5),
    n_components=st.integers(1, 6),
    floor=st.sampled_from([1e-6, 0.3, 2.0]),
    seed=st.integers(0, 10**6),
)
def test_em_never_lowers_the_weighted_log_likelihood(
    covariance_type, n_features, n_components, floor, seed
):
    sample, mixture = make_problem(covariance_type, 60, n_features, n_components, seed)
    mixture = m_step(sample.family, e_step(sample, mixture), floor)
    previous = -np.inf
    for _ in range(15):
        statistics = e_step(sample, mixture)
        assert statistics.log_likelihood >= previous - 1e-8 * abs(statistics.log_likelihood)
        previous = statistics.log_likelihood
        mixture = m_step(sample.family, statistics, floor)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_chunks_and_memory_do_not_change_the_result(covariance_type, monkeypatch):
    sample, mixture = make_problem(covariance_type, 1000)
    whole = em(sample, mixture, 1e-6, 0.0, 5)
    whole_scatter = component_scatter(Posterior(sample, mixture), mixture.means)
    monkeypatch.setattr("skprune._mixture.sample.CHUNK_BYTES", 20_000)
    pieces, _ = make_problem(covariance_type, 1000)
    pieces.memory = 0
    pieces._keep = False
    assert len(pieces.chunks()) > 1
    parts = em(pieces, mixture, 1e-6, 0.0, 5)
    np.testing.assert_allclose(parts[0].means, whole[0].means, atol=1e-10)
    np.testing.assert_allclose(parts[1].log_likelihood, whole[1].log_likelihood)
    scatter = component_scatter(Posterior(pieces, mixture), mixture.means)
    np.testing.assert_allclose(scatter, whole_scatter, atol=1e-10)


def test_second_moments_do_not_cancel_far_from_zero():
    rng = np.random.default_rng(0)
    X = 1e6 + 1e-2 * rng.standard_normal((500, 2))
    sample = Sample(X, np.ones(500), FAMILIES["spherical"](2), X.mean(axis=0))
    variance = single_component(sample, 0.0).covariances[0]
    np.testing.assert_allclose(variance, X.var(axis=0).mean(), rtol=1e-6)


def test_floored_covariances_are_the_likeliest_above_the_floor():
    rng = np.random.default_rng(0)
    scatter = np.cov(rng.standard_normal((3, 3)), bias=True)
    floored = floor_eigenvalues(scatter[None], 0.2)[0]
    assert np.linalg.eigvalsh(floored)[0] >= 0.2 - 1e-12

    def log_likelihood(covariance):
        return -np.linalg.slogdet(covariance)[1] - np.trace(np.linalg.solve(covariance, scatter))

    for _ in range(200):
        root = rng.standard_normal((3, 3))
        other = floor_eigenvalues((floored + 0.3 * (root @ root.T - np.eye(3)))[None], 0.2)[0]
        assert log_likelihood(other) <= log_likelihood(floored) + 1e-12


@pytest.mark.parametrize("covariance_type", ["spherical", "diag", "full"])
def test_log_likelihood_of_a_small_split(covariance_type):
    """Theory of small splits: gain = eps^2/2 N (v' P S P v - v' P v), P the precision."""
    sample, mixture = make_problem(covariance_type, n_samples=400)
    mixture = em(sample, mixture, 1e-6, 0.0, 3)[0]  # responsibilities settle, S need not be Sigma
    X = sample.centred(slice(None))
    statistics = e_step(sample, mixture)
    scatter = component_scatter(Posterior(sample, mixture), mixture.means)[1]
    precision = np.linalg.inv(dense_covariances(mixture, covariance_type)[1])
    v = np.array([0.6, -0.8, 0.0])
    eps = 1e-2
    means = np.vstack([np.delete(mixture.means, 1, 0), mixture.means[1] + eps * np.array([v, -v])])
    order = [0, 2, 3, 1, 1]
    weights = mixture.weights[order] * [1, 1, 1, 0.5, 0.5]
    split = Components(weights, means, mixture.covariances[order])
    log_joint = reference_log_joint(X, split, covariance_type)
    gain = sample.weight @ np.logaddexp.reduce(log_joint, axis=1) - statistics.log_likelihood
    mass = statistics.sums[1, 0]
    expected = eps**2 / 2 * mass * (v @ precision @ scatter @ precision @ v - v @ precision @ v)
    np.testing.assert_allclose(gain, expected, rtol=5e-3)


def test_spherical_split_pays_exactly_above_one_over_d():
    """lambda_1 / trace > 1 / d is the condition for a gain at a spherical optimum."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((500, 2)) * [1.6, 1.0]
    sample = Sample(X, np.ones(500), FAMILIES["spherical"](2), X.mean(0))
    single = single_component(sample, 0.0)
    for axis, pays in (([1.0, 0.0], True), ([0.0, 1.0], False)):
        means = single.means + 0.05 * np.array([axis, [-a for a in axis]])
        split = Components(np.array([0.5, 0.5]), means, np.repeat(single.covariances, 2))
        gain = e_step(sample, split).log_likelihood - e_step(sample, single).log_likelihood
        assert (gain > 0) == pays


@pytest.mark.parametrize("covariance_type", TYPES)
def test_gains_of_partial_em_are_lower_bounds_and_rise(covariance_type):
    sample, mixture = make_problem(covariance_type, n_samples=300)
    before = e_step(sample, mixture).log_likelihood
    rng = np.random.default_rng(5)
    groups = np.array([[0], [2]])
    doubled = np.repeat([0, 2], 2)
    tied = covariance_type == "tied"
    children = Components(
        mixture.weights[doubled] / 2,
        mixture.means[doubled] + 0.5 * rng.standard_normal((4, 3)),
        mixture.covariances if tied else mixture.covariances[doubled],
    )
    previous = -np.inf
    for n_iter in range(6):
        gains, trained = partial_em(Posterior(sample, mixture), groups, children, 1e-6, n_iter)
        assert gains.sum() >= previous - 1e-9
        previous = gains.sum()
        kept = [1, 3]
        replaced = Components(
            np.concatenate([mixture.weights[kept], trained.weights]),
            np.concatenate([mixture.means[kept], trained.means]),
            mixture.covariances
            if tied
            else np.concatenate([mixture.covariances[kept], trained.covariances]),
        )
        after = e_step(sample, replaced).log_likelihood
        assert after - before >= gains.sum() - 1e-8


def test_scatter_operator_multiplies_by_the_scatter_matrices():
    sample, mixture = make_problem("diag", n_samples=200)
    dense = component_scatter(Posterior(sample, mixture), mixture.means)
    scale = np.array([1.0, 2.0, 0.5])
    dense = dense / np.outer(scale, scale)
    multiply, traces = component_scatter_operator(Posterior(sample, mixture), mixture.means, scale)
    vectors = np.random.default_rng(0).standard_normal((4, 3))
    np.testing.assert_allclose(multiply(vectors), np.einsum("kij,kj->ki", dense, vectors))
    np.testing.assert_allclose(traces, np.einsum("kii->k", dense))


def test_overlap_of_components():
    sample, mixture = make_problem("full")
    overlap = component_overlap(Posterior(sample, mixture))
    np.testing.assert_allclose(np.diag(overlap), 1.0)
    np.testing.assert_allclose(overlap, overlap.T)
    assert (overlap <= 1 + 1e-12).all()


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("distance", [0.0, 10.0, 60.0, 1e4])
def test_densities_out_of_range_are_exact_too(covariance_type, distance):
    """Observations so far out that every density underflows, or all but one component's do."""
    sample, mixture = make_problem(covariance_type)
    X = np.vstack([sample.centred(slice(None)), distance * np.eye(3), -distance * np.eye(3)])
    far = Sample(X, np.ones(len(X)), sample.family, np.zeros(3))
    log_joint = reference_log_joint(X, mixture, covariance_type)
    log_density = np.logaddexp.reduce(log_joint, axis=1)
    statistics = e_step(far, mixture)
    np.testing.assert_allclose(statistics.log_likelihood, log_density.sum())
    responsibilities = np.exp(log_joint - log_density[:, None])
    np.testing.assert_allclose(statistics.sums[:, 1:4], responsibilities.T @ X, atol=1e-7)
    actual = posterior(X, mixture, sample.family, 0.0)
    np.testing.assert_allclose(actual[1], log_density)


def test_densities_of_many_features_stay_in_range():
    """A typical logit is far below what exponentiates, in 2,000 dimensions."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 2000))
    sample = Sample(X, np.ones(50), FAMILIES["spherical"](2000), np.zeros(2000))
    mixture = Components(np.array([0.5, 0.5]), 0.1 * X[:2], np.ones(2))
    log_joint = reference_log_joint(X, mixture, "spherical")
    expected = np.logaddexp.reduce(log_joint, axis=1).sum()
    np.testing.assert_allclose(e_step(sample, mixture).log_likelihood, expected)
    phi = sample.features(slice(0, 50))
    assert np.all(np.exp(JointDensity(mixture, sample.family)._eta @ phi).sum(axis=0) > 0)
