"""The circle and annulus."""

import numpy as np
import pytest
from scipy.stats import kstest

from skprune.datasets import make_annulus


def test_points_are_uniform_by_area():
    X, y = make_annulus(30_000, random_state=0)
    squared, angle = (X**2).sum(axis=1), np.arctan2(X[:, 1], X[:, 0])
    assert (y == 0).sum() == 10_000
    assert kstest(squared[y == 0], "uniform", args=(0, 1)).pvalue > 1e-3
    assert kstest(squared[y == 1], "uniform", args=(2.25, 1.75)).pvalue > 1e-3
    assert kstest(angle, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3
    assert np.corrcoef(y, np.arange(len(y)))[0, 1] < 0.05


def test_seed_and_share():
    X, y = make_annulus(50, circle_share=0.5, random_state=1)
    again, _ = make_annulus(50, circle_share=0.5, random_state=1)
    np.testing.assert_array_equal(X, again)
    assert y.sum() == 25
    assert make_annulus(10, circle_share=0, random_state=0)[1].all()


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_samples": 0},
        {"n_samples": 2.5},
        {"radius": 0.0},
        {"radius": 1.6},
        {"inner_radius": 2.0},
        {"circle_share": -0.1},
        {"circle_share": 1.1},
    ],
)
def test_bad_parameters_are_named(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        make_annulus(**parameters)
