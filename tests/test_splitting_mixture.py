"""What SplittingGaussianMixture finds, and what it does with bad input."""

import itertools
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from versions import needs_callbacks

from skprune import SplittingGaussianMixture
from skprune._mixture.changes import Candidates, exchange, take
from skprune._mixture.components import Components
from skprune._mixture.sample import stratified_rows
from skprune.datasets import make_annulus

TYPES = ["spherical", "diag", "tied", "full"]


def make_clusters(n_clusters=6, n_samples=1200, n_features=3, spread=5.0, seed=0):
    """Unit spheres at the corners of a cube."""
    rng = np.random.default_rng(seed)
    corners = np.array(list(itertools.product([-1, 1], repeat=n_features)))
    centres = spread * corners[rng.permutation(len(corners))[:n_clusters]]
    labels = rng.integers(n_clusters, size=n_samples)
    return centres[labels] + rng.standard_normal((n_samples, n_features)), labels


def as_sklearn(mixture):
    """scikit-learn's mixture with the same parameters."""
    other = GaussianMixture(
        mixture.n_components_,
        covariance_type=mixture.covariance_type,
        random_state=mixture.random_state,
    )
    other.weights_, other.means_ = mixture.weights_, mixture.means_
    other.covariances_, other.precisions_ = mixture.covariances_, mixture.precisions_
    other.precisions_cholesky_ = mixture.precisions_cholesky_
    other.n_features_in_ = mixture.n_features_in_
    return other


@pytest.mark.parametrize("covariance_type", TYPES)
def test_methods_agree_with_scikit_learn(covariance_type):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(covariance_type=covariance_type, random_state=3).fit(X)
    other = as_sklearn(mixture)
    X = X + 0.5
    np.testing.assert_allclose(mixture.score_samples(X), other.score_samples(X))
    np.testing.assert_allclose(mixture.predict_proba(X), other.predict_proba(X), atol=1e-9)
    np.testing.assert_array_equal(mixture.predict(X), other.predict(X))
    np.testing.assert_allclose(mixture.score(X), other.score(X))
    np.testing.assert_allclose(mixture.bic(X), other.bic(X))
    np.testing.assert_allclose(mixture.aic(X), other.aic(X))
    for mine, theirs in zip(mixture.sample(50), other.sample(50)):
        np.testing.assert_allclose(mine, theirs)
    np.testing.assert_array_equal(mixture.fit_predict(X), mixture.predict(X))


@pytest.mark.parametrize("stopping", ["bic", "aic", "evidence", "validation", "variance_ratio"])
@pytest.mark.parametrize("criterion", ["variance_ratio", "log_likelihood"])
def test_separate_clusters_are_found(stopping, criterion):
    X, labels = make_clusters()
    mixture = SplittingGaussianMixture(stopping=stopping, criterion=criterion, random_state=0)
    mixture.fit(X)
    reference = GaussianMixture(6, covariance_type="spherical", random_state=0, n_init=5).fit(X)
    assert mixture.score(X) >= reference.score(X) - 1e-3
    if stopping in ("bic", "evidence", "variance_ratio"):
        assert mixture.n_components_ == 6
        found = pd.crosstab(mixture.predict(X), labels)
        assert (found.max(axis=1) / found.sum(axis=1)).min() > 0.98


@pytest.mark.parametrize("covariance_type", TYPES)
def test_bic_finds_the_clusters_with_every_covariance(covariance_type):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert mixture.n_components_ == 6
    expected = GaussianMixture(6, covariance_type=covariance_type, n_init=5, random_state=0).fit(X)
    assert mixture.bic(X) <= expected.bic(X) + 1


@pytest.mark.parametrize("covariance_type", ["diag", "tied", "full"])
def test_the_unit_of_a_feature_does_not_matter(covariance_type):
    X, _ = make_clusters()
    units = np.array([1.0, 1e3, 1e-2])
    mixture = SplittingGaussianMixture(covariance_type=covariance_type, reg_covar=1e-9)
    one, other = clone(mixture).fit(X), clone(mixture).fit(X * units)
    np.testing.assert_allclose(other.means_, one.means_ * units, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(other.predict(X * units), one.predict(X))


def test_one_gaussian_stays_one():
    X = np.random.default_rng(0).standard_normal((500, 4))
    for stopping in ("bic", "evidence", "variance_ratio"):
        assert SplittingGaussianMixture(stopping=stopping).fit(X).n_components_ == 1


@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_equal_repetition(covariance_type):
    X, _ = make_clusters(n_samples=300)
    weight = np.arange(300) % 4
    mixture = SplittingGaussianMixture(covariance_type=covariance_type)
    weighted = clone(mixture).fit(X, sample_weight=weight)
    repeated = clone(mixture).fit(np.repeat(X, weight, axis=0))
    # (Which of two alike components comes first is up to rounding.)
    means, others = (fit.means_[np.lexsort(fit.means_.T.round(3))] for fit in (weighted, repeated))
    np.testing.assert_allclose(means, others, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(weighted.bic(X, weight), repeated.bic(np.repeat(X, weight, axis=0)))
    np.testing.assert_allclose(
        weighted.score(X, sample_weight=weight), repeated.score(np.repeat(X, weight, axis=0))
    )


def test_history_tells_every_change():
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture().fit(X)
    history = mixture.history_
    assert [history[0]["action"], history[-1]["action"]] == ["start", "final"]
    assert {"split", "merge"} <= {entry["action"] for entry in history}
    for before, after in itertools.pairwise(history):
        assert len(after["components"]) == len(after["gains"])
        assert len(after["means"]) == after["n_components"] == len(after["weights"])
        if after["action"] == "split":
            assert after["n_components"] == before["n_components"] + len(after["components"])
            assert len(after["variance_ratios"]) == len(after["gains"])
        if after["action"] in ("split", "merge"):
            # the gains are lower bounds, and EM adds to them
            rise = after["log_likelihood"] - before["log_likelihood"]
            assert rise >= sum(after["gains"]) - 1e-3 * abs(after["log_likelihood"])
    assert history[-1]["objective"] >= max(entry["objective"] for entry in history) - 1e-9
    np.testing.assert_array_equal(history[-1]["means"], mixture.means_)


def test_prune_undoes_the_overshoot():
    X, _ = make_clusters()
    grown = SplittingGaussianMixture(prune=False).fit(X)
    pruned = SplittingGaussianMixture().fit(X)
    assert all(entry["action"] != "merge" for entry in grown.history_)
    assert pruned.bic(X) <= grown.bic(X)
    assert pruned.n_components_ <= grown.n_components_


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("max_components", [1, 2, 4])
def test_max_components_holds_all_along(max_components, n_directions):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(max_components=max_components, n_directions=n_directions)
    mixture.fit(X)
    assert max(entry["n_components"] for entry in mixture.history_) <= max_components
    if max_components == 1:
        np.testing.assert_allclose(mixture.means_[0], X.mean(axis=0))
        np.testing.assert_allclose(mixture.covariances_[0], X.var(axis=0).mean())


def test_several_directions_split_what_one_cannot():
    """Four corners of a square: no cut in two pays, and four children do."""
    rng = np.random.default_rng(0)
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    X = corners[np.arange(400) % 4] + 0.45 * rng.standard_normal((400, 2))
    sizes = {}
    for n_directions in (1, 2):
        mixture = SplittingGaussianMixture(n_directions=n_directions).fit(X)
        sizes[n_directions] = [entry["n_components"] for entry in mixture.history_[:2]]
        assert mixture.n_components_ == 4
    assert sizes == {1: [1, 2], 2: [1, 4]}


def test_large_samples_are_scouted(monkeypatch):
    """Growth on some of the observations is where growth on all of them starts."""
    X, _ = make_clusters(n_samples=2000)
    plain = SplittingGaussianMixture().fit(X)
    assert {entry["n_samples"] for entry in plain.history_} == {2000}
    monkeypatch.setattr("skprune.mixture._splitting_mixture.LARGE_SAMPLE", 2000)
    monkeypatch.setattr("skprune.mixture._splitting_mixture.SCOUT_SIZE", 400)
    scouted = SplittingGaussianMixture().fit(X)
    n_samples = [entry["n_samples"] for entry in scouted.history_]
    assert n_samples == sorted(n_samples) and set(n_samples) == {400, 2000}
    assert sum(entry["n_samples"] == 2000 for entry in scouted.history_) == 2  # start and final
    np.testing.assert_allclose(scouted.bic(X), plain.bic(X), rtol=1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_scout_sees_every_phase_of_periodic_data(covariance_type):
    """Four sources read in turn, of whose rows every fourth shows one."""
    corners = np.array([[0, 0], [6, 0], [0, 6], [6, 6]])
    X = np.tile(corners, (10_000, 1)) + np.random.default_rng(0).standard_normal((40_000, 2))
    mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert {entry["n_samples"] for entry in mixture.history_} == {10_000, 40_000}
    assert mixture.n_components_ == 4


@pytest.mark.parametrize("n_rows, n_drawn", [(7, 7), (7, 3), (30_000, 10_000), (99_999, 10_000)])
def test_drawn_rows_are_spread_evenly(n_rows, n_drawn):
    rows = stratified_rows(n_rows, n_drawn)
    assert len(rows) == n_drawn and rows.min() >= 0 and rows.max() < n_rows
    assert (np.diff(rows) > 0).all()
    expected = (np.arange(n_drawn) + 0.5) * n_rows / n_drawn
    assert np.abs(rows - expected).max() <= n_rows / n_drawn + 1
    np.testing.assert_array_equal(rows, stratified_rows(n_rows, n_drawn))


@pytest.mark.parametrize("stopping", ["bic", "evidence", "variance_ratio", "validation"])
def test_what_a_scout_misses_is_found_by_all_observations(monkeypatch, stopping):
    """The rows that are drawn leave half of the clusters out."""
    X, labels = make_clusters(n_samples=2000)
    seen, unseen = np.flatnonzero(labels < 3), np.flatnonzero(labels >= 3)
    drawn = np.zeros(len(X), dtype=bool)
    drawn[stratified_rows(len(X), len(seen))] = True
    order = np.empty(len(X), dtype=int)
    order[drawn], order[~drawn] = seen, unseen
    X = X[order]
    monkeypatch.setattr("skprune.mixture._splitting_mixture.LARGE_SAMPLE", 1000)
    monkeypatch.setattr("skprune.mixture._splitting_mixture.SCOUT_SIZE", len(seen))
    mixture = SplittingGaussianMixture(stopping=stopping, random_state=0).fit(X)
    scout_size = mixture.history_[0]["n_samples"]
    if stopping != "validation":  # where the part held out is drawn first
        scouted = [h["n_components"] for h in mixture.history_ if h["n_samples"] == scout_size]
        assert scouted[-1] < 6
    reference = GaussianMixture(6, covariance_type="spherical", random_state=0, n_init=5).fit(X)
    assert mixture.score(X) >= reference.score(X) - 1e-3


@pytest.mark.parametrize("covariance_type", ["spherical", "full"])
def test_noise_of_held_out_observations_adds_no_components(covariance_type):
    numbers = []
    for seed in range(20):
        X, _ = make_clusters(n_clusters=3, n_samples=900, n_features=2, seed=seed)
        mixture = SplittingGaussianMixture(
            stopping="validation", covariance_type=covariance_type, random_state=seed
        )
        numbers.append(mixture.fit(X).n_components_)
    assert min(numbers) == 3 and np.mean(numbers) < 4


def test_a_shared_covariance_lets_a_mean_rest_on_two_observations():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(0, 1, (60, 1)), rng.normal(30, 1, (60, 1)), [[15.0], [15.2]]]
    mixture = SplittingGaussianMixture(covariance_type="tied").fit(X)
    np.testing.assert_allclose(np.sort(mixture.means_.ravel())[1], 15.1, atol=0.5)
    np.testing.assert_allclose(np.sort(mixture.weights_)[0], 2 / 122, rtol=1e-3)


def test_changes_under_a_shared_covariance_keep_the_second_moments():
    rng = np.random.default_rng(0)
    covariance = np.cov(rng.standard_normal((2, 9)))
    before = Components(np.array([0.3, 0.7]), np.array([[-0.7, 1.4], [0.3, -0.6]]), covariance)
    step = np.array([0.3, 0.2])
    means = before.means[0] + np.array([step, -step])
    split = Candidates(
        np.array([[0]]), Components(np.array([0.15, 0.15]), means, covariance), *np.zeros((3, 1))
    )
    after = exchange(before, [split], tied=True)

    def second_moments(mixture):
        return mixture.covariances + (mixture.weights * mixture.means.T) @ mixture.means

    np.testing.assert_allclose(second_moments(after), second_moments(before))
    back = exchange(
        after,
        [Candidates(np.array([[1, 2]]), take(before, [0], tied=True), *np.zeros((3, 1)))],
        tied=True,
    )
    np.testing.assert_allclose(back.covariances, covariance)
    # and no direction loses more of its variance than half of a Gaussian that is cut in two
    far = replace(split.children, means=before.means[0] + 50 * np.array([step, -step]))
    cut = exchange(before, [replace(split, children=far)], tied=True)
    shares = np.linalg.eigvals(np.linalg.solve(covariance, cut.covariances)).real
    np.testing.assert_allclose(np.sort(shares), [1 - 2 / np.pi, 1.0])


def test_hopeless_merges_are_not_tried():
    """Clusters far apart: one stage of merging from six to five would lose all."""
    X, _ = make_clusters(spread=20.0)
    mixture = SplittingGaussianMixture().fit(X)
    assert mixture.n_components_ == 6
    assert min(h["n_components"] for h in mixture.history_ if h["action"] == "merge") == 6


def test_threshold_holds_splits_back():
    X, _ = make_clusters()
    ratio = SplittingGaussianMixture(max_components=2).fit(X).history_[1]["variance_ratios"][0]
    mixture = SplittingGaussianMixture(threshold=min(1.0, ratio * 1.01)).fit(X)
    assert mixture.n_components_ == 1
    assert SplittingGaussianMixture(threshold=ratio * 0.99).fit(X).n_components_ > 1


def test_lanczos_and_dense_directions_find_the_same(monkeypatch):
    X, _ = make_clusters(n_features=8)
    dense = SplittingGaussianMixture(covariance_type="diag").fit(X)
    monkeypatch.setattr("skprune._mixture.proposals.DENSE_FEATURES", 1)
    sparse = SplittingGaussianMixture(covariance_type="diag").fit(X)
    np.testing.assert_allclose(sparse.bic(X), dense.bic(X))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_working_memory_does_not_matter(covariance_type):
    X, _ = make_clusters(n_samples=3000)
    mixture = SplittingGaussianMixture(covariance_type=covariance_type)
    kept = clone(mixture).fit(X)
    with config_context(working_memory=0):
        recomputed = clone(mixture).fit(X)
    np.testing.assert_allclose(recomputed.means_, kept.means_)


def test_float32_is_accumulated_safely():
    X, _ = make_clusters(n_samples=20_000)
    X += 1e4
    single = X.astype(np.float32)
    mixture = SplittingGaussianMixture().fit(single)
    reference = SplittingGaussianMixture().fit(single.astype(np.float64))
    np.testing.assert_allclose(mixture.means_, reference.means_)
    np.testing.assert_allclose(mixture.covariances_, reference.covariances_, rtol=1e-6)


# --- streams -------------------------------------------------------------------------------------


def test_first_batch_is_a_fit():
    X, _ = make_clusters()
    fitted, streamed = SplittingGaussianMixture().fit(X), SplittingGaussianMixture().partial_fit(X)
    np.testing.assert_array_equal(streamed.means_, fitted.means_)
    np.testing.assert_array_equal(streamed._sums, fitted._sums)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_stream_adds_statistics(covariance_type):
    X, _ = make_clusters(n_samples=4000)
    mixture = SplittingGaussianMixture(covariance_type=covariance_type)
    for batch in np.array_split(X, 8):
        mixture.partial_fit(batch)
    assert mixture.n_samples_seen_ == 4000
    np.testing.assert_allclose(mixture.weights_ @ mixture.means_, X.mean(axis=0), atol=1e-8)
    whole = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert mixture.score(X) >= whole.score(X) - 0.02


def test_stream_grows_where_a_batch_pays_for_it():
    X, labels = make_clusters()
    mixture = SplittingGaussianMixture().partial_fit(X[labels < 3])
    assert mixture.n_components_ == 3
    for _ in range(4):
        mixture.partial_fit(X)
    assert mixture.n_components_ >= 6
    assert mixture.history_[3:][-1]["action"] == "update"


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_mixture_grows_with_its_components_not_with_the_stream(covariance_type):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(covariance_type=covariance_type).partial_fit(X)
    growth, bounds = mixture.history_, mixture.lower_bounds_
    sizes = set()
    for n_batches in range(2, 12):
        mixture.partial_fit(X)
        assert mixture.n_components_ == growth[-1]["n_components"]
        assert mixture.history_[:-1] == growth
        assert mixture.lower_bounds_ == [*bounds, pytest.approx(mixture.lower_bound_)]
        latest = mixture.history_[-1]
        assert latest["action"] == "update"
        assert latest["n_samples"] == pytest.approx(n_batches * len(X))
        np.testing.assert_array_equal(latest["means"], mixture.means_)
        sizes.add(len(pickle.dumps(mixture)))
    assert max(sizes) - min(sizes) < 100


def stream_with_a_new_cluster(n_batches=6):
    """Batches of unit circles far apart, the third of which the first batch does not show."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [20, 0], [0, 20]])
    for i in range(n_batches):
        labels = rng.integers(3 if i else 2, size=500)
        yield centres[labels] + rng.standard_normal((500, 2))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_stream_with_a_new_cluster_nears_a_fit_of_all_batches(covariance_type):
    streamed = SplittingGaussianMixture(covariance_type=covariance_type)
    batches = list(stream_with_a_new_cluster())
    for batch in batches:
        streamed.partial_fit(batch)
    X = np.concatenate(batches)
    whole = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert 3 <= streamed.n_components_ <= 5
    assert streamed.score(X) >= whole.score(X) - 0.5


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("stopping", ["bic", "evidence"])
def test_clouds_that_come_one_after_the_other(covariance_type, stopping):
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [10, 10], [0, 10], [30, -30]])
    batches = [rng.normal(centre, 1, (200, 2)) for centre in centres]
    streamed = SplittingGaussianMixture(covariance_type=covariance_type, stopping=stopping)
    for n_clouds, batch in enumerate(batches, start=1):
        streamed.partial_fit(batch)
        assert streamed.n_components_ == n_clouds
        assert streamed.history_[-1]["n_components"] == n_clouds
    X = np.concatenate(batches)
    reference = GaussianMixture(
        4, covariance_type=covariance_type, means_init=centres, reg_covar=0, tol=1e-9
    ).fit(X)
    assert streamed.score(X) == pytest.approx(reference.score(X), abs=1e-3)
    limited = clone(streamed).set_params(max_components=1)
    for batch in batches:
        limited.partial_fit(batch)
    assert limited.n_components_ == 1


def test_what_is_new_in_a_batch_of_old_and_new():
    """Two clouds the mixture knows, and few observations of one that it does not."""
    rng = np.random.default_rng(0)
    known = np.concatenate([rng.normal(0, 1, (2000, 2)), rng.normal(10, 1, (2000, 2))])
    new = rng.normal([0, 10], 0.5, (20, 2))
    mixture = SplittingGaussianMixture().partial_fit(known)
    mixture.partial_fit(np.concatenate([rng.permutation(known)[:300], new]))
    assert mixture.n_components_ == 3
    last = mixture.weights_.argmin()
    np.testing.assert_allclose(mixture.means_[last], new.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(mixture.weights_[last], 20 / 4320, rtol=1e-3)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_streams_of_one_distribution_get_no_newcomers(monkeypatch, covariance_type):
    rng = np.random.default_rng(0)
    streams = [make_clusters(n_samples=4000)[0], make_clusters(n_samples=4000, spread=1.5)[0]]
    streams += [make_annulus(4000, random_state=0)[0], rng.standard_t(5, (4000, 2))]
    fitted = []
    for surprise in (3.0, np.inf):
        monkeypatch.setattr("skprune._mixture.stream.SURPRISE", surprise)
        for X in streams:
            fitted.append(SplittingGaussianMixture(covariance_type=covariance_type))
            for batch in np.array_split(X, 8):
                fitted[-1].partial_fit(batch)
    for one, other in zip(fitted[: len(streams)], fitted[len(streams) :]):
        np.testing.assert_array_equal(one.means_, other.means_)
        np.testing.assert_array_equal(one.covariances_, other.covariances_)


def test_an_outlier_is_no_newcomer_and_repeated_points_are_one_that_is_told():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 2))
    mixture = SplittingGaussianMixture(covariance_type="diag").partial_fit(X[:300])
    mixture.partial_fit(np.concatenate([X[300:], [[50.0, 50.0]]]))
    assert np.min(mixture.covariances_) > 0.1
    mixture = SplittingGaussianMixture(covariance_type="diag").partial_fit(X[:300])
    with pytest.warns(UserWarning, match="raised to the floor"):
        mixture.partial_fit(np.concatenate([X[300:], np.full((20, 2), 50.0)]))
    atom = np.argmax(mixture.means_[:, 0])
    np.testing.assert_allclose(mixture.means_[atom], 50.0)
    np.testing.assert_allclose(mixture.weights_[atom], 20 / 620)


def test_a_shared_covariance_never_falls_below_the_scatter_within_components():
    """However far a batch of few observations makes a component split."""
    first, second, *_ = stream_with_a_new_cluster()
    for far in (1e1, 1e2, 1e3):
        mixture = SplittingGaussianMixture(covariance_type="tied").partial_fit(first)
        within = np.linalg.eigvalsh(mixture.covariances_)
        mixture.partial_fit(np.vstack([second[:20], second[:20] + far]))
        assert mixture.history_[-1]["components"]
        share = len(first) / mixture.n_samples_seen_
        assert (np.linalg.eigvalsh(mixture.covariances_) >= 0.99 * share * within).all()


def in_order(mixture):
    """Components by the place of their means."""
    found = Components(mixture.weights_, mixture.means_, mixture.covariances_)
    order = np.argsort(mixture.means_ @ [1.0, 2.0])
    return take(found, order, tied=mixture.covariance_type == "tied")


@pytest.mark.parametrize("newcomers", [True, False])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_weights_equal_repetition_in_a_stream(monkeypatch, covariance_type, newcomers):
    if not newcomers:
        monkeypatch.setattr("skprune._mixture.stream.SURPRISE", np.inf)
    weighted = SplittingGaussianMixture(covariance_type=covariance_type)
    repeated = clone(weighted)
    weight = 1 + np.arange(500) % 3
    updates = []
    for batch in stream_with_a_new_cluster(3):
        weighted.partial_fit(batch, sample_weight=weight)
        repeated.partial_fit(np.repeat(batch, weight, axis=0))
        updates.append(weighted.history_[-1])
    assert any(entry["components"] for entry in updates[1:]) != newcomers
    assert weighted.n_components_ >= 3
    # (Which of two children comes first is a matter of rounding.)
    one, other = (in_order(mixture) for mixture in (weighted, repeated))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(one.covariances, other.covariances, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(weighted.lower_bound_, repeated.lower_bound_)


def test_stream_refuses_other_columns():
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture().partial_fit(X)
    with pytest.raises(ValueError, match="X has 2 features"):
        mixture.partial_fit(X[:, :2])


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", TYPES)
def test_fewer_samples_than_components(covariance_type):
    X = np.random.default_rng(0).standard_normal((7, 2))
    mixture = SplittingGaussianMixture(covariance_type=covariance_type, max_components=50).fit(X)
    assert 1 <= mixture.n_components_ <= 7 / 2
    assert np.isfinite(mixture.score(X))


@pytest.mark.parametrize("n_samples", [1, 20])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_duplicates_of_one_point(covariance_type, n_samples):
    X = np.full((n_samples, 2), 3.0)
    with pytest.warns(UserWarning, match="raised to the floor"):
        mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert mixture.n_components_ == 1
    np.testing.assert_allclose(mixture.means_, X[:1])
    assert np.isfinite(mixture.score(X))


@pytest.mark.parametrize("covariance_type", ["diag", "tied", "full"])
def test_constant_feature_is_floored_and_reported(covariance_type):
    X, _ = make_clusters()
    X = np.column_stack([X, np.full(len(X), 7.0)])
    with pytest.warns(UserWarning, match=r"raised to the floor 1e-06 .*reg_covar=1e-06"):
        mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    assert mixture.n_components_ == 6
    np.testing.assert_allclose(mixture.means_[:, 3], 7.0)


def test_constant_feature_is_harmless_to_spheres():
    X, _ = make_clusters()
    assert SplittingGaussianMixture().fit(np.column_stack([X, np.ones(len(X))])).n_components_ >= 6


@pytest.mark.parametrize("scale", [1 / 500, 0.05, 30.3])
def test_weights_that_are_no_numbers_of_observations_are_told(scale):
    X, _ = make_clusters(n_samples=500)
    weight = np.full(500, scale)
    with pytest.warns(UserWarning, match=r"sums to .* over 500 rows.*give sample_weight \* len"):
        SplittingGaussianMixture().fit(X, sample_weight=weight)
    normalised = weight * len(X) / weight.sum()
    mixture = SplittingGaussianMixture().fit(X, sample_weight=normalised)
    np.testing.assert_allclose(mixture.means_, SplittingGaussianMixture().fit(X).means_)
    SplittingGaussianMixture().fit(X, sample_weight=np.full(500, 40))  # whole numbers: frequencies


def test_zero_weights_are_ignored():
    X, _ = make_clusters()
    spoiled = np.vstack([X, np.full((5, 3), 1e6)])
    weight = np.r_[np.ones(len(X)), np.zeros(5)]
    mixture = SplittingGaussianMixture().fit(spoiled, sample_weight=weight)
    np.testing.assert_allclose(mixture.means_, SplittingGaussianMixture().fit(X).means_)


def test_bad_weights():
    X, _ = make_clusters(n_samples=50)
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        SplittingGaussianMixture().fit(X, sample_weight=np.r_[-1.0, np.ones(49)])
    with pytest.raises(ValueError, match="at least one non-zero"):
        SplittingGaussianMixture().fit(X, sample_weight=np.zeros(50))
    with pytest.raises(ValueError, match="NaN"):
        SplittingGaussianMixture().fit(X, sample_weight=np.full(50, np.nan))


@pytest.mark.parametrize(
    "parameters",
    [
        {"threshold": -0.1},
        {"threshold": 1.5},
        {"threshold": "automatic"},
        {"max_components": 0},
        {"tol": -1.0},
        {"reg_covar": -1.0},
        {"stopping": "icl"},
        {"covariance_type": "round"},
        {"criterion": "trace"},
        {"n_directions": 0},
        {"validation_fraction": 1.0},
        {"max_iter": 0},
    ],
)
def test_parameters_out_of_range(parameters):
    X, _ = make_clusters(n_samples=50)
    with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter"):
        SplittingGaussianMixture(**parameters).fit(X)


def test_validation_needs_observations():
    with pytest.raises(ValueError, match=r"validation_fraction=0.2 of n_samples=2 .*bic"):
        SplittingGaussianMixture(stopping="validation").fit([[0.0], [1.0]])


def test_unconverged_em_says_so():
    X, _ = make_clusters(spread=1.5)
    with pytest.warns(ConvergenceWarning, match="max_iter=1 iterations; raise max_iter"):
        mixture = SplittingGaussianMixture(max_iter=1, tol=1e-12).fit(X)
    assert not mixture.converged_


def test_no_regularisation_is_allowed():
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(covariance_type="full", reg_covar=0.0).fit(X)
    assert mixture.n_components_ == 6


def flat_data(seed):
    """Observations on a line in a space of 30 features."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((50, 1)) * rng.standard_normal(30)


SINGULAR = r"reg_covar=0 is too small.* Raise reg_covar .*remove features that repeat each other"


@pytest.mark.filterwarnings("ignore:.*raised to the floor")
@pytest.mark.parametrize("covariance_type", ["tied", "full"])
@pytest.mark.parametrize("seed", range(3))
def test_singular_covariances_name_reg_covar(monkeypatch, covariance_type, seed):
    """Single components can be flatter than rounding allows; here the whole sample is."""
    monkeypatch.setattr("skprune._mixture.floor.ROUNDING_SHARE", 1e-40)
    monkeypatch.setattr("skprune._mixture.floor.resolution", lambda values, weight: 0.0)
    mixture = SplittingGaussianMixture(covariance_type=covariance_type, reg_covar=0.0)
    with pytest.raises(ValueError, match=SINGULAR):
        mixture.fit(flat_data(seed))
    assert not hasattr(mixture, "n_features_in_")
    mixture.set_params(reg_covar=1e-6).fit(flat_data(seed))


@pytest.mark.filterwarnings("ignore:.*raised to the floor")
@pytest.mark.parametrize("covariance_type", ["tied", "full"])
@pytest.mark.parametrize("seed", range(3))
def test_singular_covariances_of_a_stream_name_reg_covar(covariance_type, seed):
    """A floor that suits the first batch is none beside the variances of the second."""
    X = flat_data(seed)
    mixture = SplittingGaussianMixture(covariance_type=covariance_type, reg_covar=0.0)
    mixture.partial_fit(X)
    with pytest.raises(ValueError, match=SINGULAR):
        mixture.partial_fit(1e9 * X)
    assert mixture.n_samples_seen_ == len(X)
    raised = clone(mixture).set_params(reg_covar=1e9).partial_fit(X).partial_fit(1e9 * X)
    assert np.isfinite(raised.score(X))


def test_sample_needs_a_fit_and_a_number():
    mixture = SplittingGaussianMixture()
    with pytest.raises(NotFittedError):
        mixture.sample()
    mixture.fit(make_clusters()[0])
    assert len(mixture.sample(np.int64(2))[0]) == 2
    for n_samples in (0, -1, 1.5, 2.0, "x", None):
        with pytest.raises(ValueError, match=r"'n_samples' parameter .* an int in the range \[1"):
            mixture.sample(n_samples)


# --- as part of scikit-learn ---------------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_transform_gives_named_responsibilities(frame):
    X, _ = make_clusters()
    table = frame({f"x{i}": column for i, column in enumerate(X.T)})
    output = "pandas" if frame is pd.DataFrame else "polars"
    mixture = SplittingGaussianMixture().set_output(transform=output).fit(table)
    transformed = mixture.transform(table)
    assert isinstance(transformed, frame)
    assert list(transformed.columns) == [f"splittinggaussianmixture{k}" for k in range(6)]
    np.testing.assert_allclose(transformed.to_numpy().sum(axis=1), 1)
    assert list(mixture.feature_names_in_) == ["x0", "x1", "x2"]


def test_rbf_network_in_a_grid_search():
    X, y = load_iris(return_X_y=True)
    network = make_pipeline(SplittingGaussianMixture(), LogisticRegression(max_iter=1000))
    grid = {"splittinggaussianmixture__max_components": [2, 20]}
    search = GridSearchCV(network, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.85
    assert search.best_params_["splittinggaussianmixture__max_components"] == 20


def test_same_result_every_time_and_after_pickling():
    X, _ = make_clusters(spread=1.5)
    mixture = SplittingGaussianMixture().fit(X)
    again = clone(mixture).fit(X)
    np.testing.assert_array_equal(mixture.means_, again.means_)
    restored = pickle.loads(pickle.dumps(mixture))
    np.testing.assert_array_equal(restored.predict_proba(X), mixture.predict_proba(X))
    restored.partial_fit(X)


class Recorder:
    """Counts stages; can fail or ask to stop."""

    def __init__(self, stop_at=None, fail_at=None):
        self.stop_at, self.fail_at, self.scores = stop_at, fail_at, []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name != "stage":
            return False
        if len(self.scores) == self.fail_at:
            raise KeyboardInterrupt
        if fitted_estimator is not None:
            self.scores.append(fitted_estimator.n_components_)
        return len(self.scores) == self.stop_at

    def teardown(self, estimator, context):
        pass


@needs_callbacks
def test_stages_are_callback_tasks():
    X, _ = make_clusters()
    recorder = Recorder()
    mixture = SplittingGaussianMixture().set_callbacks(recorder).fit(X)
    assert recorder.scores == [entry["n_components"] for entry in mixture.history_[:-1]]


@needs_callbacks
def test_callbacks_can_stop_growth():
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture().set_callbacks(Recorder(stop_at=2)).fit(X)
    assert [entry["action"] for entry in mixture.history_] == ["start", "split", "final"]


@needs_callbacks
def test_interrupted_fit_leaves_nothing_half_fitted():
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture().set_callbacks(Recorder(fail_at=2))
    with pytest.raises(KeyboardInterrupt):
        mixture.fit(X)
    with pytest.raises(NotFittedError):
        mixture.predict(X)


def test_verbose_prints_a_line_a_stage(capsys):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(verbose=1).fit(X)
    assert len(capsys.readouterr().out.splitlines()) == len(mixture.history_)


def test_offers_what_a_gaussian_mixture_offers_after_fitting():
    X, _ = make_clusters()
    peer = GaussianMixture(2, random_state=0).fit(X)
    offered = {name for name in dir(peer) if not name.startswith("_")} - peer.get_params().keys()
    assert offered <= set(dir(SplittingGaussianMixture().fit(X)))


def test_lower_bounds_are_those_of_the_last_iterations():
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(tol=1e-9).fit(X)
    bounds = mixture.lower_bounds_
    assert 1 <= len(bounds) <= mixture.n_iter_
    assert bounds[-1] == pytest.approx(mixture.lower_bound_, rel=1e-12)
    assert np.diff([mixture.history_[-2]["log_likelihood"] / len(X), *bounds]).min() > -1e-9
    mixture.partial_fit(X + 0.1)
    assert mixture.lower_bounds_ == [*bounds, pytest.approx(mixture.lower_bound_, rel=1e-9)]


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("unit", [1e160, 1e-160])
def test_variances_beyond_double_precision_are_named(covariance_type, unit):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(covariance_type=covariance_type, reg_covar=0.0)
    with pytest.raises(ValueError, match=r"[Ss]cale "):
        mixture.fit(X * unit)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("method", ["score_samples", "predict_proba", "predict", "transform"])
def test_observations_whose_squares_overflow_are_refused(covariance_type, method):
    X, _ = make_clusters()
    mixture = SplittingGaussianMixture(covariance_type=covariance_type).fit(X)
    far = X[:5].copy()
    far[3, 1] = 1e120
    assert np.isfinite(getattr(mixture, method)(far)).all()
    far[3, 1] = -1e160
    with pytest.raises(ValueError, match=r"the value -1e\+160 in row 3, column 1.*Clip or scale"):
        getattr(mixture, method)(far)
