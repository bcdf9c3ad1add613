"""Drawn Hessians and error surfaces are those of the loss, by finite differences."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skprune._fitted.loss import FittedLoss
from skprune.inspection import ErrorSurfaceDisplay, HessianDisplay
from skprune.inspection._plot.damped_inverse import damped_inverse
from skprune.inspection._plot.surface_display import criterion_steps

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def xor_network():
    network = MLPClassifier(
        (2,), activation="tanh", solver="lbfgs", alpha=0.05, random_state=0, max_iter=5000
    )
    return network.fit(*XOR)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_loss_is_that_of_scikit_learn(kind):
    settings = {"activation": "tanh", "solver": "lbfgs", "max_iter": 5000, "random_state": 0}
    if kind == "binary":
        (X, y), network = XOR, MLPClassifier((2,), **settings)
    elif kind == "multiclass":
        X, y = load_iris(return_X_y=True)
        X, network = StandardScaler().fit_transform(X), MLPClassifier((3,), alpha=1.0, **settings)
    else:
        X, y = make_regression(40, 3, random_state=0)
        y, network = y / 100, MLPRegressor(hidden_layer_sizes=(3,), alpha=0.1, **settings)
    network.fit(X, y)
    landscape = FittedLoss.of(network, X, y)
    assert landscape.loss([], []) == pytest.approx(network.loss_, rel=1e-6)


def test_exact_hessian_by_finite_differences():
    X, y = XOR
    network = xor_network()
    network.coefs_[0][0, 0] = 0.0  # a pruned weight: eight are left
    display = HessianDisplay.from_estimator(network, X, y, exact=True)
    landscape = FittedLoss.of(network, X, y)
    n, h = len(landscape.kept), 1e-4
    start = landscape.weights[landscape.kept]

    def loss(i, j, a, b):
        w = start.copy()
        w[i] += a
        w[j] += b
        return landscape.loss(w, range(n))

    for i in range(n):
        for j in range(n):
            difference = loss(i, j, h, h) - loss(i, j, h, -h) - loss(i, j, -h, h)
            numeric = (difference + loss(i, j, -h, -h)) / (4 * h * h)
            assert display.hessian[i, j] == pytest.approx(numeric, abs=1e-5)
    assert display.hessian.shape == (8, 8) and len(display.labels) == 8


def test_labels_name_the_surviving_weights():
    network = xor_network()
    network.coefs_[0][0, 0] = 0.0
    display = HessianDisplay.from_estimator(network, *XOR, feature_names=["a", "b"])
    assert display.labels == [
        *("a→h1", "b→h0", "b→h1", "1→h0", "1→h1"),
        *("h0→y = 1", "h1→y = 1", "1→y = 1"),
    ]
    ticks = [tick.get_text() for tick in display.ax_.get_xticklabels()]
    assert ticks == display.labels
    np.testing.assert_array_equal(display.image_.get_array(), display.hessian)


def test_inverse_times_matrix_is_the_identity():
    network = xor_network()
    matrix = HessianDisplay.from_estimator(network, *XOR).hessian
    display = HessianDisplay.from_estimator(network, *XOR, inverse=True, damping=1e-3)
    damped = matrix + 1e-3 * np.diag(matrix).mean() * np.eye(9)
    np.testing.assert_allclose(display.hessian @ damped, np.eye(9), atol=1e-8)
    assert display.ax_.get_title() == "inverse of the Gauss-Newton matrix"
    np.testing.assert_array_equal(damped_inverse(matrix, 1e-3), display.hessian)


def test_image_keywords_are_passed_on():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = HessianDisplay(np.eye(2), ["a", "b"]).plot(ax=ax, cmap="Greys", vmin=0, vmax=2)
    assert display.figure_ is figure and display.image_.get_cmap().name == "Greys"
    assert display.image_.get_clim() == (0, 2)


@pytest.mark.parametrize("typical", [1e-3, 0.5, 1.0, 15.0, 70.0, 99.0, 1000.0])
@pytest.mark.parametrize("ratio", [40.0, 1e4])
def test_labels_of_the_colour_bar_do_not_overlap(typical, ratio):
    matrix = np.full((3, 3), typical)
    matrix[0, 0] = -ratio * typical
    display = HessianDisplay(matrix, ["a", "b", "c"]).plot()
    display.figure_.canvas.draw()
    axis = display.image_.colorbar.ax.yaxis
    (low, high), ticks = sorted(axis.get_view_interval()), axis.get_major_ticks()
    shown = [tick.label2 for tick in ticks if low <= tick.get_loc() <= high]
    boxes = [label.get_window_extent() for label in shown if label.get_text()]
    assert len(boxes) >= 3
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_surface_is_the_loss_over_the_two_weights():
    X, y = XOR
    network = xor_network()
    pair = ("x0→h1", "1→h1")
    display = ErrorSurfaceDisplay.from_estimator(network, X, y, weights=pair, n_points=5)
    assert display.start == (network.coefs_[0][0, 1], network.intercepts_[0][1])
    for row, b in enumerate(display.grids[1]):
        for column, a in enumerate(display.grids[0]):
            network.coefs_[0][0, 1], network.intercepts_[0][1] = a, b
            expected = FittedLoss.of(network, X, y).loss([], [])
            assert display.loss[row, column] == pytest.approx(expected)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == pair
    assert set(display.lines_) == {"magnitude", "OBD", "OBS"}


def test_steps_of_the_criteria():
    """HS93 figure 1: the second weight is smaller, but the first is cheaper to delete."""
    weights, hessian = np.array([1.0, 0.8]), np.array([[1.0, 1.5], [1.5, 4.0]])
    steps = criterion_steps(weights, hessian)
    assert steps["magnitude"] == (1.0, 0.0)
    assert steps["OBD"] == (0.0, 0.8)
    inverse = np.linalg.inv(hessian)
    saliency = weights**2 / (2 * np.diag(inverse))
    q = saliency.argmin()
    moved = weights - weights[q] / inverse[q, q] * inverse[:, q]
    np.testing.assert_allclose(steps["OBS"], moved, atol=1e-12)


def test_surgeon_has_the_lowest_model_loss():
    rng = np.random.default_rng(0)
    for _ in range(100):
        root, weights = rng.normal(size=(2, 2)), rng.normal(size=2)
        hessian = root @ root.T
        rises = {
            name: (np.array(step) - weights) @ hessian @ (np.array(step) - weights)
            for name, step in criterion_steps(weights, hessian).items()
        }
        assert rises["OBS"] <= rises["OBD"] + 1e-12 and rises["OBD"] <= rises["magnitude"] + 1e-12


def test_pipeline_and_automatic_pair():
    X, y = load_iris(return_X_y=True)
    network = MLPClassifier((3,), solver="lbfgs", alpha=1.0, random_state=0, max_iter=2000)
    pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    display = ErrorSurfaceDisplay.from_estimator(pipeline, X, y, n_points=5, cmap="viridis")
    names = HessianDisplay.from_estimator(pipeline, X, y).labels
    assert set(display.labels) <= set(names) and len(set(display.labels)) == 2


def test_refusals():
    X, y = XOR
    network = xor_network()
    with pytest.raises(ValueError, match="names of two different surviving weights, which are: x0"):
        ErrorSurfaceDisplay.from_estimator(network, X, y, weights=("x0→h1", "x9→h1"))
    with pytest.raises(ValueError, match=r"classes \[2\], which the network was not trained on"):
        HessianDisplay.from_estimator(network, X, [0, 1, 2, 0])
    with pytest.raises(ValueError, match="trained on class labels"):
        ErrorSurfaceDisplay.from_estimator(network, X, np.eye(2, dtype=int)[y])
    with pytest.raises(ValueError, match="zero"):
        HessianDisplay.from_estimator(network, X, y, sample_weight=np.zeros(4))
    for n_points in (0, 1, 4.5):
        with pytest.raises(ValueError, match=rf"n_points.*int in the range \[2.*Got {n_points}"):
            ErrorSurfaceDisplay.from_estimator(network, X, y, n_points=n_points)
    with pytest.raises(ValueError, match=r"damping.*range \[0.*Got -1"):
        HessianDisplay.from_estimator(network, X, y, inverse=True, damping=-1.0)
    for array in network.coefs_ + network.intercepts_:
        array[...] = 0.0
    with pytest.raises(ValueError, match="has 0 weights"):
        HessianDisplay.from_estimator(network, X, y)
    network.intercepts_[1][0] = 1.0
    with pytest.raises(ValueError, match="only one is left"):
        ErrorSurfaceDisplay.from_estimator(network, X, y)
    wide = MLPClassifier((50,), solver="lbfgs", max_iter=2000).fit(np.eye(50), np.arange(50) % 2)
    with pytest.raises(ValueError, match=r"2601 weights; .* for 1 to 2000. Prune it first"):
        HessianDisplay.from_estimator(wide, np.eye(50), np.arange(50) % 2)
