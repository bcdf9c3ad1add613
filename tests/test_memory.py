"""Peak memory stays within what the docstrings state, at two sizes."""

import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
import sklearn

from skprune import SplittingGaussianMixture


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


@pytest.mark.parametrize("n_samples, n_features", [(12_000, 20), (24_000, 20)])
def test_full_mixtures_take_no_more_than_three_times_their_data(n_samples, n_features):
    """Features, 231 for a row of 20 numbers, are kept only where they fit the working memory."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features)) + 4 * rng.integers(3, size=(n_samples, 1))
    # As on 200,000 x 50, with the default of 1 GiB: a sixteenth is less than the data.
    working_memory = max(1, int(16 * 0.8 * X.nbytes / 2**20))
    mixture = SplittingGaussianMixture(covariance_type="full", max_components=4)
    with sklearn.config_context(working_memory=working_memory), measured() as peak:
        mixture.fit(X)
    assert mixture.n_components_ == 3
    assert peak[0] <= 3 * X.nbytes
