"""Work that joblib sends elsewhere gives the same results; what dies there is an error."""

import os
import signal
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from networks import make_objective
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skprune import OBSMLPClassifier, OBSMLPClassifierCV, PenalizedMLPClassifier
from skprune._gauss_newton.kept_weights import pattern_chunks
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with warnings.catch_warnings():
        # What a cluster warns of (a port in use, say) is no matter of ours.
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
        ):
            yield cluster


@pytest.fixture
def small():
    return PenalizedMLPClassifier((2,), alpha=0.1, direct_links=False)


def test_cross_validation_on_dask_is_that_of_one_process(cluster, iris, small):
    model = OBSMLPClassifierCV(small, cv=2, random_state=0)
    local = clone(model).fit(*iris)
    with parallel_config(backend="dask"):
        remote = clone(model).fit(*iris)
    assert remote.best_n_weights_ == local.best_n_weights_
    assert remote.cv_results_.keys() == local.cv_results_.keys()
    for name, column in local.cv_results_.items():
        np.testing.assert_allclose(remote.cv_results_[name], column, err_msg=name)
    np.testing.assert_allclose(remote.predict_proba(iris[0]), local.predict_proba(iris[0]))


def test_grid_search_on_dask_is_that_of_one_process(cluster, iris, small):
    grid = {"threshold": [0.01, 0.2]}
    search = GridSearchCV(OBSMLPClassifier(small, random_state=0), grid, cv=2)
    local = clone(search).fit(*iris)
    with parallel_config(backend="dask"):
        remote = clone(search).fit(*iris)
    np.testing.assert_allclose(
        remote.cv_results_["mean_test_score"], local.cv_results_["mean_test_score"]
    )
    assert remote.best_estimator_.n_weights_ == local.best_estimator_.n_weights_


def test_starts_on_dask_are_those_of_one_process(cluster, iris, small):
    model = OBSMLPClassifier(small, n_init=2, random_state=0)
    local = clone(model).fit(*iris)
    with parallel_config(backend="dask"):
        remote = clone(model).fit(*iris)
    assert remote.n_weights_ == local.n_weights_
    np.testing.assert_allclose(remote.predict_proba(iris[0]), local.predict_proba(iris[0]))


def test_chunks_of_the_curvature_on_dask(cluster, monkeypatch):
    network = Network((6, 5, 8), ("tanh", "identity"))
    objective, w = make_objective(0, network, n_samples=400)
    kept = np.arange(network.n_weights)
    n_chunks = []
    count = pattern_chunks
    monkeypatch.setattr(
        "skprune._gauss_newton.matrix.pattern_chunks",
        lambda *args: n_chunks.append(count(*args)) or n_chunks[-1],
    )
    with config_context(working_memory=0.1):
        local = gauss_newton(objective, w, kept)
        with parallel_config(backend="dask"):
            remote = gauss_newton(objective, w, kept)
    assert min(map(len, n_chunks)) > 1
    np.testing.assert_allclose(remote, local, rtol=1e-12, atol=1e-14)
    assert remote.flags.aligned and remote.flags.writeable


def fatal_scorer(estimator, X, y):
    if estimator.n_weights_ < 10:
        os.kill(os.getpid(), signal.SIGKILL)
    return estimator.score(X, y)


def test_a_worker_that_dies_in_mid_fold_is_an_error(iris, small):
    model = OBSMLPClassifierCV(small, cv=2, scoring=fatal_scorer, n_jobs=2, random_state=0)
    with parallel_config(backend="loky"), pytest.raises(TerminatedWorkerError):
        model.fit(*iris)
    assert not hasattr(model, "coefs_")
    # The next fit finds new workers.
    model.set_params(scoring=None).fit(*iris)


def test_a_dask_worker_that_dies_in_mid_fold_is_an_error(cluster, iris, small):
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    model = OBSMLPClassifierCV(small, cv=2, scoring=fatal_scorer, random_state=0)
    with parallel_config(backend="dask"), pytest.raises((FutureCancelledError, KilledWorker)):
        model.fit(*iris)
    assert not hasattr(model, "coefs_")
