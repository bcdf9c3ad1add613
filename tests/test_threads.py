"""BLAS has one thread where more would wait for each other, and gets the others back."""

import signal
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info, threadpool_limits

from skprune import (
    LPPerceptronClassifier,
    LPPerceptronRegressor,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    SplittingGaussianMixture,
)
from skprune._curvature import exact
from skprune._curvature.exact import InPlaceCholesky
from skprune._gauss_newton.by_layers import add_by_layers
from skprune._gauss_newton.kept_weights import KeptWeights
from skprune._linear_program import normal_equations
from skprune._network import Network, Objective
from skprune._numerics.threads import blas_threads, one_blas_thread, symmetric_threads


def n_threads():
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")


@pytest.fixture
def seen(monkeypatch):
    """BLAS threads of each Cholesky factor."""
    threads = []

    def watched(function):
        def factorise(*args, **kwargs):
            threads.append(n_threads())
            return function(*args, **kwargs)

        return factorise

    for module in (exact, normal_equations):
        monkeypatch.setattr(module, "dpotrf", watched(module.dpotrf))
    return threads


def test_large_symmetric_matrices_are_made_and_factorised_in_one_thread(monkeypatch, seen):
    available = n_threads()
    for largest in (4, 3):
        monkeypatch.setattr("skprune._numerics.threads._LARGEST_THREADED_SYMMETRIC", largest)
        InPlaceCholesky(np.eye(4)).invert(0.5)
    assert seen == [available, 1]
    assert n_threads() == available
    X = np.random.RandomState(0).normal(size=(300, 40))
    monkeypatch.setattr("skprune._numerics.threads._THREADED_SIZE", 5)
    LPPerceptronClassifier(solver="interior_point").fit(X, X[:, 0] > 0)
    assert set(seen[2:]) == {1}
    monkeypatch.setattr("skprune._numerics.threads._LARGEST_THREADED_SYMMETRIC", 50)
    seen.clear()
    LPPerceptronClassifier(solver="interior_point").fit(X, X[:, 0] > 0)
    assert set(seen) == {available}


@pytest.mark.parametrize("penalize_intercept", [True, False])
def test_the_side_of_a_wide_program_that_counts_is_that_of_its_matrix(
    monkeypatch, seen, penalize_intercept
):
    """A free intercept makes the matrix one of features, however few the patterns."""
    X = np.random.RandomState(0).normal(size=(30, 60))
    available = n_threads()
    monkeypatch.setattr("skprune._numerics.threads._THREADED_SIZE", 5)
    monkeypatch.setattr("skprune._numerics.threads._LARGEST_THREADED_SYMMETRIC", 40)
    model = LPPerceptronClassifier(solver="interior_point", penalize_intercept=penalize_intercept)
    model.fit(X, X[:, 0] > 0)
    assert set(seen) == {available if penalize_intercept else 1}


def test_programs_whose_matrices_are_small_are_solved_in_one_thread(seen):
    X = np.random.RandomState(0).normal(size=(300, 40))
    LPPerceptronClassifier(solver="interior_point").fit(X, X[:, 0] > 0)
    assert seen
    assert set(seen) == {1}


def test_squares_of_the_weights_into_one_output_go_by_their_number(monkeypatch):
    sizes = []

    def watched(n_rows):
        sizes.append(n_rows)
        return symmetric_threads(n_rows)

    monkeypatch.setattr("skprune._gauss_newton.by_layers.symmetric_threads", watched)
    network = Network((3, 6, 2), ("tanh", "identity"))
    rng = np.random.default_rng(0)
    objective = Objective(network, rng.normal(size=(8, 3)), rng.normal(size=(8, 2)))
    kept = np.arange(network.n_weights)
    hessian = np.zeros((len(kept), len(kept)))
    survivors = KeptWeights(network, kept)
    w = rng.normal(size=network.n_weights)
    add_by_layers(hessian, objective, w, survivors, slice(0, 8))
    assert sizes == [7, 7]  # six units and the bias, for each output


def test_overlapping_fits_give_back_the_threads_they_found():
    available, both = n_threads(), threading.Barrier(2, timeout=30)

    def limited(leaves_first):
        with one_blas_thread():
            both.wait()
            if not leaves_first:
                both.wait()
        if leaves_first:
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(limited, [True, False]))
    assert n_threads() == available


@pytest.fixture
def two_threads():
    """BLAS with two threads, set by the main thread, as by users."""
    with threadpool_limits(2, user_api="blas"):
        if n_threads() != 2:
            pytest.skip("BLAS has no threads here")
        yield


def curve(n_samples=100, n_features=6):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features))
    return X, np.tanh(X[:, :3].sum(axis=1)) + 0.1 * rng.normal(size=n_samples)


def small_estimator(number):
    network = PenalizedMLPRegressor((4,), alpha=0.1, max_iter=30, random_state=number)
    kinds = (
        OBSMLPRegressor(network),
        network,
        SplittingGaussianMixture(covariance_type="full", max_components=2 + number % 3),
        LPPerceptronRegressor(C=1.0 + number, solver="interior_point"),
    )
    return kinds[number % len(kinds)]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_120_fits_in_6_threads_are_what_they_are_one_after_the_other(two_threads):
    X, y = curve(60, 4)
    numbers = [number % 12 for number in range(120)]

    def fitted(number):
        model = small_estimator(number).fit(X, y)
        return model.means_ if hasattr(model, "means_") else model.predict(X)

    expected = [fitted(number) for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(fitted, numbers))
    for number, values in zip(numbers, found):
        np.testing.assert_array_equal(values, expected[number])
    assert n_threads() == 2


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_starts_in_threads_end_where_they_end_one_after_the_other(two_threads):
    X, y = curve()
    network = PenalizedMLPRegressor((20,), alpha=0.1, max_iter=60, random_state=0)
    alone = OBSMLPRegressor(network, n_init=2, random_state=0).fit(X, y)
    with parallel_config(backend="threading"):
        beside = OBSMLPRegressor(network, n_init=2, n_jobs=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(alone.predict(X), beside.predict(X))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that interrupts")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_300_interrupts_leave_the_process_as_it_was(two_threads):
    """At random moments of a fit, by a signal, as Ctrl-C comes."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    X, y = curve(60, 4)
    rng, n_interrupted = np.random.default_rng(0), 0
    state = np.geterr(), list(warnings.filters), warnings.showwarning
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        while n_interrupted < 300:
            model = small_estimator(int(rng.integers(4)))
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-4, 0.03))
                model.fit(X, y)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                n_interrupted += 1
            assert n_threads() == 2
            assert (np.geterr(), list(warnings.filters), warnings.showwarning) == state
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_large_model_lifts_the_limit_of_its_own_thread_alone(two_threads):
    with one_blas_thread():
        with blas_threads(10_000):
            assert n_threads() == 2
            with one_blas_thread():
                assert n_threads() == 1
            assert n_threads() == 2
        assert n_threads() == 1
        entered, done = threading.Event(), threading.Event()

        def hold():
            with one_blas_thread():
                entered.set()
                done.wait(30)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(hold)
            entered.wait(30)
            with blas_threads(10_000):
                assert n_threads() == 1
            done.set()
    assert n_threads() == 2


class Watching(PenalizedMLPClassifier):
    """Tells whether anyone records warnings while it is trained."""

    seen = []

    def fit(self, X, y, sample_weight=None):
        self.seen.append(warnings.filters)
        return super().fit(X, y, sample_weight)


def test_fits_in_threads_leave_the_warnings_of_the_process_alone(monkeypatch):
    monkeypatch.setattr(Watching, "seen", [])
    X = np.random.RandomState(0).normal(size=(40, 3))
    model = OBSMLPClassifier(
        Watching((2,), max_iter=2, alpha=1e-3, direct_links=False), random_state=0
    )
    with pytest.warns(ConvergenceWarning) as caught, ThreadPoolExecutor(1) as pool:
        filters = warnings.filters
        pool.submit(model.fit, X, X[:, 0] > 0).result()
    assert Watching.seen == [filters] and Watching.seen[0] is filters
    assert sum("Watching did not converge" in str(warning.message) for warning in caught) == 1
