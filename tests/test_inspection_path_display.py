"""The drawn path shows the numbers of the path, and the size that was chosen."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import load_monks
from skprune.inspection import PruningPathDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


class Pruner(BaseEstimator):
    """Stand for a pruning estimator: its fitted attributes are all that the display reads."""

    def fit(self):
        loss = np.array([0.01, 0.02, 0.05, 0.9])
        self.path_ = {"n_weights": [40, 20, 10, 1], "loss": loss, "predicted_loss": 0.9 * loss}
        self.n_weights_ = 10
        return self


def pruned(**extra):
    pruner = Pruner().fit()
    vars(pruner).update(extra)
    return pruner


def test_lines_are_the_path():
    display = PruningPathDisplay.from_estimator(pruned(), linewidth=3)
    np.testing.assert_array_equal(display.loss_line_.get_xdata(), [40, 20, 10, 1])
    np.testing.assert_allclose(display.loss_line_.get_ydata(), [0.01, 0.02, 0.05, 0.9])
    np.testing.assert_allclose(display.predicted_line_.get_ydata(), [0.009, 0.018, 0.045, 0.81])
    assert display.loss_line_.get_linewidth() == 3
    assert display.chosen_line_.get_xdata()[0] == 10
    assert display.score_line_ is None and display.score_ax_ is None
    assert display.ax_.get_yscale() == display.ax_.get_xscale() == "log"
    assert display.ax_.xaxis_inverted()


@pytest.mark.parametrize("source", ["given", "cross-validated"])
def test_held_out_scores(source):
    sizes, scores = [40, 10], [0.8, 0.9]
    if source == "given":
        display = PruningPathDisplay.from_estimator(pruned(), held_out=(sizes, scores))
    else:
        results = {"n_weights": sizes, "mean_test_score": scores}
        display = PruningPathDisplay.from_estimator(pruned(cv_results_=results))
    np.testing.assert_array_equal(display.score_line_.get_xdata(), sizes)
    np.testing.assert_array_equal(display.score_line_.get_ydata(), scores)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["loss", "predicted loss", "held-out score", "chosen: 10 weights"]


def test_what_the_size_was_chosen_by():
    curve = {"n_weights": np.array([1, 10, 40]), "estimate": np.array([9.0, 3.0, 4.0])}
    display = PruningPathDisplay.from_estimator(pruned(stopping_curve_=curve))
    np.testing.assert_array_equal(display.score_line_.get_xdata(), [1, 10, 40])
    np.testing.assert_array_equal(display.score_line_.get_ydata(), [9.0, 3.0, 4.0])
    assert display.score_ax_.get_ylabel() == "estimate"
    display = PruningPathDisplay.from_estimator(pruned(stopping_curve_=None))
    assert display.score_line_ is None


@pytest.mark.parametrize("held_out", [3, [40, 10], ([40], [0.8], [0.9]), (40, 0.8)])
def test_held_out_scores_that_are_no_pair(held_out):
    with pytest.raises(ValueError, match=r"held_out=.* is no pair of arrays.*\(n_weights, scores"):
        PruningPathDisplay.from_estimator(pruned(), held_out=held_out)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        PruningPathDisplay.from_estimator(pruned(), held_out=([40, 10], [0.8]))


def test_on_given_axes_and_without_extras():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = PruningPathDisplay([3, 2], [0.0, 1.0]).plot(ax=ax)
    assert display.ax_ is ax and display.figure_ is figure
    assert display.predicted_line_ is None and display.chosen_line_ is None
    assert ax.get_yscale() == "linear"  # a loss of zero has no logarithm


def test_rows_without_a_loss_are_bridged():
    display = PruningPathDisplay([3, 2, 1], [0.1, np.nan, 0.3], predicted_loss=[0.1, 0.2, 0.3])
    display.plot()
    np.testing.assert_array_equal(display.loss_line_.get_xdata(), [3, 1])
    np.testing.assert_array_equal(display.predicted_line_.get_xdata(), [3, 2, 1])
    pruner = pruned()
    pruner.path_["evaluated"] = [False, True, True, False]
    display = PruningPathDisplay.from_estimator(pruner)
    np.testing.assert_array_equal(display.loss_line_.get_xdata(), [20, 10])


def test_refusals():
    with pytest.raises(NotFittedError):
        PruningPathDisplay.from_estimator(MLPClassifier())
    network = MLPClassifier((2,), solver="lbfgs").fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(TypeError, match="MLPClassifier has no pruning path"):
        PruningPathDisplay.from_estimator(network)
    for given, missing in (("X", "y"), ("y", "X")):
        with pytest.raises(ValueError, match=f"{missing} is None.* Pass both"):
            PruningPathDisplay.from_estimator(network, **{given: [[0.0], [1.0]]})
    with pytest.raises(ValueError, match="path is empty"):
        PruningPathDisplay([], []).plot()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        PruningPathDisplay([2, 1], [0.1]).plot()


def test_a_pipeline_is_read_as_its_last_step():
    X, y = load_monks(1, return_X_y=True)
    pruner = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), random_state=0
    )
    pipeline = make_pipeline(OneHotEncoder(sparse_output=False), pruner).fit(X, y)
    display = PruningPathDisplay.from_estimator(pipeline, X, y)
    alone = PruningPathDisplay.from_estimator(pipeline[-1], pipeline[0].transform(X), y)
    for line in ("loss_line_", "score_line_"):
        shown, expected = getattr(display, line), getattr(alone, line)
        np.testing.assert_array_equal(shown.get_xydata(), expected.get_xydata())


def test_networks_along_the_path_are_scored():
    X, y = load_monks(1, return_X_y=True)
    X_test, y_test = load_monks(1, subset="test", return_X_y=True)
    encoder = OneHotEncoder(sparse_output=False).fit(X)
    network = OBSMLPClassifier(
        PenalizedMLPClassifier((3,), alpha=1e-3, direct_links=False), random_state=0
    ).fit(encoder.transform(X), y)
    display = PruningPathDisplay.from_estimator(network, encoder.transform(X_test), y_test)
    sizes, scores = display.score_line_.get_xdata(), display.score_line_.get_ydata()
    assert sizes[0] == network.n_weights_ and len(set(sizes)) == len(sizes)
    for size, score in zip(sizes, scores):
        assert network.at_size(size).score(encoder.transform(X_test), y_test) == score
    assert display.chosen == network.n_weights_
