"""The drawn network shows each surviving weight once, with the right width, sign and name."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skprune._fitted.view import FittedNetwork
from skprune.inspection import NetworkDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def random_network(sizes, density=1.0, seed=0, labels=(0, 1)):
    """Return a scikit-learn MLP whose weights are set by hand, some of them zero."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, sizes[0]))
    network = MLPClassifier(tuple(sizes[1:]), activation="tanh", solver="lbfgs", max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(X, np.resize(labels, 30))
    for array in network.coefs_ + network.intercepts_:
        array[...] = rng.normal(size=array.shape) * (rng.random(array.shape) < density)
    return network


def hand_set_network():
    """3-2-1: unit h1 is dead, input x2 feeds it alone."""
    network = random_network((3, 2))
    network.coefs_ = [
        np.array([[2.0, 0.0], [-1.0, 0.5], [0.0, 3.0]]),
        np.array([[4.0], [0.0]]),
    ]
    network.intercepts_ = [np.array([0.0, 1.0]), np.array([-0.5])]
    return network


def labels_of(display):
    return [text.get_text() for text in display.texts_]


@pytest.mark.parametrize("sizes", [(3, 1), (27, 10), (12, 6, 4), (5,)])
def test_one_line_a_weight(sizes):
    network = random_network(sizes)
    n_weights = sum(array.size for array in network.coefs_ + network.intercepts_)
    display = NetworkDisplay.from_estimator(network)
    assert len(display.lines_) == n_weights == len(display.ax_.lines)
    assert display.ax_.figure is display.figure_


def test_dead_units_and_their_inputs_are_left_out():
    display = NetworkDisplay.from_estimator(hand_set_network())
    assert display.network.connections() == [
        (0, 0, 0, 2.0),
        (0, 1, 0, -1.0),
        (1, 0, 0, 4.0),
        (1, None, 0, -0.5),
    ]
    assert len(display.lines_) == 4
    labels = labels_of(display)
    assert "x0" in labels and "x2" not in labels
    assert "h0" in labels and "h1" not in labels


def test_width_is_magnitude_and_dashes_are_negative():
    display = NetworkDisplay.from_estimator(hand_set_network(), max_width=4.0)
    widths = [line.get_linewidth() for line in display.lines_]
    np.testing.assert_allclose(widths, [2.0, 1.0, 4.0, 0.5])
    solid = [line.get_linestyle() == "-" for line in display.lines_]
    assert solid == [True, False, True, False]


def test_masks_decide_what_is_kept():
    network = hand_set_network()
    network.coef_masks_ = [np.zeros((3, 2), dtype=bool), np.ones((2, 1), dtype=bool)]
    network.coef_masks_[0][0, 0] = True
    network.intercept_masks_ = [np.zeros(2, dtype=bool), np.ones(1, dtype=bool)]
    network.intercepts_[1][0] = 0.0  # kept, and zero
    assert FittedNetwork.of(network).connections() == [
        (0, 0, 0, 2.0),
        (1, 0, 0, 4.0),
        (1, 1, 0, 0.0),
        (1, None, 0, 0.0),
    ]
    assert len(NetworkDisplay.from_estimator(network).lines_) == 4


def test_sparse_weights_are_read():
    network, other = random_network((6, 3), 0.5), random_network((6, 3), 0.5)
    other.coefs_ = [sparse.csr_array(coef) for coef in other.coefs_]
    assert FittedNetwork.of(network).connections() == FittedNetwork.of(other).connections()


def test_names_given():
    display = NetworkDisplay.from_estimator(
        hand_set_network(), feature_names=["length", "width", "height"], class_names=["no", "yes"]
    )
    labels = labels_of(display)
    assert {"length", "width", "yes"} <= set(labels) and "no" not in labels


def test_names_found():
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame({"colour": ["red", "blue", "red", "blue"], "size": ["s", "s", "l", "l"]})
    network = MLPClassifier((2,), solver="lbfgs", random_state=0)
    pipeline = make_pipeline(OneHotEncoder(sparse_output=False), network)
    pipeline.fit(X, ["a", "b", "c", "a"])
    read = FittedNetwork.of(pipeline)
    assert read.feature_names == ["colour_blue", "colour_red", "size_l", "size_s"]
    assert read.output_names == read.class_names == ["a", "b", "c"]
    assert read.activations == ["relu", "softmax"]


def test_regressor_outputs():
    X = np.arange(12.0).reshape(6, 2)
    network = MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs", random_state=0).fit(X, X)
    assert FittedNetwork.of(network).output_names == ["y0", "y1"]
    assert FittedNetwork.of(network, class_names=["u", "v"]).output_names == ["u", "v"]
    assert FittedNetwork.of(network).class_names is None


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"feature_names": ["a"]}, "feature_names has 1 names, but the network has 3 inputs"),
        ({"class_names": ["a"]}, r"class_names has 1 names, .* 2 classes \(0, 1\)"),
    ],
)
def test_names_of_the_wrong_length(names, message):
    with pytest.raises(ValueError, match=message):
        NetworkDisplay.from_estimator(hand_set_network(), **names)


def test_refusals():
    with pytest.raises(NotFittedError):
        NetworkDisplay.from_estimator(MLPClassifier())
    line = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match="LogisticRegression holds no layered feedforward"):
        NetworkDisplay.from_estimator(make_pipeline(StandardScaler(), line).fit([[0], [1]], [0, 1]))
    scaled = TransformedTargetRegressor(MLPRegressor(hidden_layer_sizes=(2,), solver="lbfgs"))
    with pytest.raises(TypeError, match=r"TransformedTargetRegressor holds no .* its regressor_"):
        NetworkDisplay.from_estimator(scaled.fit([[0.0], [1.0]], [0.0, 1.0]))
    with pytest.raises(ValueError, match=r"41 connections.*max_connections=40.*Prune it first"):
        NetworkDisplay.from_estimator(random_network((6, 5)), max_connections=40)


def test_empty_network_is_a_lone_output():
    network = random_network((4, 3), density=0.0)
    display = NetworkDisplay.from_estimator(network)
    assert display.lines_ == []
    assert labels_of(display) == ["y = 1", "logistic"]


def test_axes_and_line_properties_are_passed_on():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    display = NetworkDisplay.from_estimator(hand_set_network(), ax=ax, c="black", legend=False)
    assert display.ax_ is ax and ax.get_legend() is None
    assert {line.get_color() for line in display.lines_} == {"black"}
    assert NetworkDisplay(display.network).plot().ax_ is not ax


def test_nothing_overlaps_in_a_dense_drawing():
    """Names of neighbouring nodes stay clear of one another with 300 connections."""
    display = NetworkDisplay.from_estimator(random_network((27, 10)))
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.texts_]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_matplotlib_is_imported_lazily():
    code = "import sys, skprune.inspection; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_matplotlib_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"NetworkDisplay.from_estimator requires matplotlib"):
        NetworkDisplay.from_estimator(hand_set_network())
