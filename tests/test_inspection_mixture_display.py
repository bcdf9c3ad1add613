"""Drawn components lie one standard deviation around their means."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture

from skprune.inspection import MixtureDisplay
from skprune.inspection._mixture_display import covariance_matrices

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

X = np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 2.0, 3.0]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_outlines_are_one_standard_deviation_away(kind):
    mixture = GaussianMixture(3, covariance_type=kind, random_state=0, max_iter=500).fit(X)
    display = MixtureDisplay.from_estimator(mixture, X, features=(0, 2))
    precisions = np.linalg.inv(covariance_matrices(mixture.covariances_, kind, 3, 3))
    assert len(display.lines_) == 3 and len(display.points_.get_offsets()) == 200
    for line, mean, precision in zip(display.lines_, mixture.means_, precisions):
        marginal = np.linalg.inv(np.linalg.inv(precision)[np.ix_([0, 2], [0, 2])])
        away = np.column_stack(line.get_data()) - mean[[0, 2]]
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", away, marginal, away), 1.0)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x0", "x2")


def test_one_feature_is_drawn_as_densities():
    mixture = GaussianMixture(2, random_state=0, max_iter=500).fit(X[:, :1])
    display = MixtureDisplay.from_estimator(mixture, X[:, :1], feature_names=["size"])
    areas = [np.trapezoid(*line.get_data()[::-1]) for line in display.lines_]
    np.testing.assert_allclose(areas, mixture.weights_, rtol=1e-3)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("size", "density")


def test_a_stage_of_the_growth():
    import matplotlib.pyplot as plt

    mixture = GaussianMixture(2, random_state=0).fit(X)
    names = ("weights", "means", "covariances")
    one = GaussianMixture(1).fit(X)
    mixture.history_ = [{name: getattr(one, f"{name}_") for name in names}]
    _, ax = plt.subplots()
    display = MixtureDisplay.from_estimator(mixture, stage=0, ax=ax, linewidth=3)
    assert display.ax_ is ax and display.points_ is None
    assert [line.get_linewidth() for line in display.lines_] == [3]
    for stage in (1, "start"):
        with pytest.raises(ValueError, match=f"stage={stage!r} must be an index of the 1 stages"):
            MixtureDisplay.from_estimator(mixture, stage=stage)


def test_properties_of_lines_go_by_any_of_their_names():
    mixture = GaussianMixture(2, random_state=0).fit(X)
    for line in MixtureDisplay.from_estimator(mixture, c="red", lw=3, ls=":").lines_:
        assert (line.get_color(), line.get_linewidth(), line.get_linestyle()) == ("red", 3, ":")


def test_refusals():
    with pytest.raises(NotFittedError):
        MixtureDisplay.from_estimator(GaussianMixture())
    with pytest.raises(TypeError, match="LinearRegression is no Gaussian mixture"):
        MixtureDisplay.from_estimator(LinearRegression().fit(X, X))
    mixture = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(TypeError, match="GaussianMixture has no stages"):
        MixtureDisplay.from_estimator(mixture, stage=0)
    with pytest.raises(ValueError, match=r"features=\(0, 3\) must be two different .* 0 to 2"):
        MixtureDisplay.from_estimator(mixture, features=(0, 3))
    for features in [(1, 1), 1, ("a", "b")]:
        with pytest.raises(ValueError, match="must be two different numbers of features"):
            MixtureDisplay.from_estimator(mixture, features=features)
    with pytest.raises(ValueError, match="X has 2 features, the mixture 3"):
        MixtureDisplay.from_estimator(mixture, X[:, :2])
    with pytest.raises(ValueError, match="feature_names has 1 names for 3 features"):
        MixtureDisplay.from_estimator(mixture, feature_names=["a"])
