"""Drawn components lie one standard deviation around their means."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skprune import SplittingGaussianMixtureClassifier
from skprune.inspection import MixtureDisplay
from skprune.inspection._plot.mixture_display import covariance_matrices

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


FRAME = pd.DataFrame(X, columns=["length", "width", "height"])


def test_columns_in_another_order_are_refused():
    mixture = GaussianMixture(2, random_state=0).fit(FRAME)
    MixtureDisplay.from_estimator(mixture, FRAME)
    for frame in (FRAME[["width", "length", "height"]], FRAME.rename(columns={"width": "depth"})):
        with pytest.raises(ValueError, match="The feature names should match"):
            MixtureDisplay.from_estimator(mixture, frame)


def test_features_by_name():
    mixture = GaussianMixture(2, random_state=0).fit(FRAME)
    for features in [("height", "width"), (2, "width"), np.array([2, 1]), ["height", 1]]:
        display = MixtureDisplay.from_estimator(mixture, FRAME, features=features)
        np.testing.assert_array_equal(display.points_.get_offsets(), X[:, [2, 1]])
        np.testing.assert_array_equal(display.means, mixture.means_[:, [2, 1]])
        assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("height", "width")
    plain = GaussianMixture(2, random_state=0).fit(X)
    display = MixtureDisplay.from_estimator(plain, features=("c", "x"), feature_names=[*"xyc"])
    np.testing.assert_array_equal(display.means, plain.means_[:, [2, 0]])


@pytest.mark.parametrize("searched", [False, True])
def test_the_mixture_of_a_pipeline_or_search_is_drawn_in_its_own_units(searched):
    pipeline = make_pipeline(StandardScaler(), GaussianMixture(random_state=0))
    if searched:
        pipeline = GridSearchCV(pipeline, {"gaussianmixture__n_components": [1]}, cv=2)
    pipeline.fit(FRAME)
    display = MixtureDisplay.from_estimator(pipeline, FRAME, features=("height", "length"))
    scaled = StandardScaler().fit_transform(X)
    np.testing.assert_allclose(display.points_.get_offsets(), scaled[:, [2, 0]])
    np.testing.assert_allclose(display.means, 0.0, atol=1e-12)
    assert display.ax_.get_xlabel() == "height"
    with pytest.raises(ValueError, match="The feature names should match"):
        MixtureDisplay.from_estimator(pipeline, FRAME[FRAME.columns[::-1]])


def test_refusals():
    with pytest.raises(NotFittedError):
        MixtureDisplay.from_estimator(GaussianMixture())
    with pytest.raises(TypeError, match="LinearRegression is no Gaussian mixture"):
        MixtureDisplay.from_estimator(LinearRegression().fit(X, X))
    classifier = SplittingGaussianMixtureClassifier().fit(X, X[:, 0] > 0)
    with pytest.raises(TypeError, match=r"no `covariances_`\. Pass one of its `estimators_`"):
        MixtureDisplay.from_estimator(classifier)
    mixture = GaussianMixture(2, random_state=0).fit(X)
    with pytest.raises(TypeError, match="GaussianMixture has no stages"):
        MixtureDisplay.from_estimator(mixture, stage=0)
    with pytest.raises(ValueError, match=r"features=\(0, 3\) must be two .* 0 to 2"):
        MixtureDisplay.from_estimator(mixture, features=(0, 3))
    for features in [(1, 1), (1, "x1"), 1, 1.5, "x1", (0.0, 1.0), ("a", "b"), (-1, 0), (0, 1, 2)]:
        with pytest.raises(ValueError, match=r"two different features, by .* \('x0', 'x1', 'x2'\)"):
            MixtureDisplay.from_estimator(mixture, features=features)
    with pytest.raises(ValueError, match="X has 2 features, but GaussianMixture is expecting 3"):
        MixtureDisplay.from_estimator(mixture, X[:, :2])
    with pytest.raises(ValueError, match="feature_names has 1 names for 3 features"):
        MixtureDisplay.from_estimator(mixture, feature_names=["a"])
