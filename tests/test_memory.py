"""Peak memory grows by no more for a sample than the docstrings state."""

import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
import sklearn
from sklearn.base import clone, is_classifier

from skprune import (
    GateSensitivitySelector,
    LPMLPClassifier,
    LPPerceptronClassifier,
    OBSMLPRegressor,
    PenalizedMLPRegressor,
    SplittingGaussianMixture,
    SplittingGaussianMixtureClassifier,
    SplittingMLPRegressor,
)


@contextmanager
def measured():
    """A list that gets the peak of what is allocated within, in bytes."""
    peak = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


# ---- what a further sample takes, beside its inputs ------------------------------------------

N_FEATURES, N_UNITS = 30, 10
OF_INPUTS = 8 * N_FEATURES  # a copy of them, in double precision
OF_UNITS = 40 * (N_UNITS + 1)  # hidden and output units
QUICK = {"alpha": 0.1, "max_iter": 3, "random_state": 0}
SMALL_MIXTURE = {"max_components": 4, "max_iter": 3}
NETWORK = PenalizedMLPRegressor((N_UNITS,), **QUICK)
STATED = {  # bytes a sample
    "network": (NETWORK, OF_UNITS),
    "flat minimum": (clone(NETWORK).set_params(penalty="flat_minimum"), OF_UNITS + OF_INPUTS),
    "noise": (clone(NETWORK).set_params(input_noise=0.1), 4 * OF_UNITS + 8 * OF_INPUTS),
    "selector": (GateSensitivitySelector(NETWORK), OF_UNITS),
    "pruned": (OBSMLPRegressor(NETWORK, n_weights=0.98), 2 * OF_UNITS),
    "grown": (SplittingMLPRegressor(max_hidden=2, **QUICK), OF_UNITS + OF_INPUTS),
    # 496 features of a sample are kept only where they fit the working memory.
    "full mixture": (
        SplittingGaussianMixture(covariance_type="full", max_components=2, max_iter=1, prune=False),
        2 * OF_INPUTS,
    ),
    "mixture": (SplittingGaussianMixture(**SMALL_MIXTURE), N_FEATURES + 64),
    "diag": (
        SplittingGaussianMixture(covariance_type="diag", **SMALL_MIXTURE),
        N_FEATURES + 64,
    ),
    "mixtures": (
        SplittingGaussianMixtureClassifier(SplittingGaussianMixture(**SMALL_MIXTURE)),
        2 * OF_INPUTS + 64,
    ),
    "interior point": (LPPerceptronClassifier(solver="interior_point"), 4 * OF_INPUTS),
    "generation": (LPPerceptronClassifier(C=0.01, solver="generation"), 4 * OF_INPUTS),
    "program": (LPPerceptronClassifier(solver="dual", max_iter=50), 4 * OF_INPUTS),
    "two layers": (LPMLPClassifier(n_hidden=5, C=0.01, max_iter=30), 4 * OF_INPUTS),
}


def peak_of(estimator, n_samples):
    """Peak of a fit, with little memory for what does not depend on the number of samples."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, N_FEATURES))
    y = np.tanh(X[:, :3].sum(axis=1)) + 0.1 * rng.normal(size=n_samples)
    y = (y > 0).astype(int) if is_classifier(estimator) else y
    with sklearn.config_context(working_memory=2), measured() as peak:
        clone(estimator).fit(X, y)
    return peak[0]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "flat minimum" else n for n in STATED],
)
def test_a_further_sample_takes_what_is_stated(name):
    estimator, stated = STATED[name]
    peak_of(estimator, 100)  # (imports, caches)
    small, large = (peak_of(estimator, n_samples) for n_samples in (3000, 6000))
    assert large - small <= 3000 * stated
