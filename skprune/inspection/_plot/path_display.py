"""The loss along a pruning path."""

import numpy as np
from sklearn.utils import check_consistent_length
from sklearn.utils._optional_dependencies import check_matplotlib_support

from ..._fitted.view import split_pipeline
from .style import styled

ACTUAL, PREDICTED, SCORE, CHOSEN = "#1f6fb4", "#8a8a8a", "#c8501e", "#333333"
MANY_TIMES = 30.0  # a range of positive values as wide as this is drawn on a log scale


class PruningPathDisplay:
    """Loss, predicted loss and held-out score against the number of weights left.

    Use it to see how far a network could be pruned before its loss rises, how far the
    second-order prediction can be trusted, and where the chosen size lies. Pruning proceeds
    from left to right.

    It is recommended to create it by :meth:`from_estimator`.

    Parameters
    ----------
    n_weights : array-like of shape (n_deletions,)
        Number of weights left after each deletion.
    loss : array-like of shape (n_deletions,)
        Training loss after each deletion.
    predicted_loss : array-like of shape (n_deletions,), default=None
        Loss that the second-order model predicted for it.
    held_out : tuple of (array-like, array-like), default=None
        Numbers of weights, and the held-out score at each of them, both of shape (n_sizes,).
    chosen : int, default=None
        Number of weights to mark as the chosen size.

    Attributes
    ----------
    loss_line_ : matplotlib Line2D
        The training loss.
    predicted_line_ : matplotlib Line2D or None
        The predicted loss.
    score_line_ : matplotlib Line2D or None
        The held-out score, on axes of its own.
    chosen_line_ : matplotlib Line2D or None
        The mark of the chosen size.
    ax_ : matplotlib Axes
        Axes with the losses.
    score_ax_ : matplotlib Axes or None
        Axes with the held-out score, whose scale is on the right.
    figure_ : matplotlib Figure
        Figure with both.

    See Also
    --------
    NetworkDisplay : The network that was left.

    Notes
    -----
    Time and memory are O(number of deletions).

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from skprune.inspection import PruningPathDisplay
    >>> display = PruningPathDisplay(
    ...     n_weights=[8, 7, 6], loss=[0.10, 0.11, 0.35], predicted_loss=[0.10, 0.11, 0.30],
    ...     chosen=7,
    ... ).plot()
    >>> display.ax_.get_xlabel()
    'weights left'
    >>> plt.close(display.figure_)
    """

    def __init__(self, n_weights, loss, *, predicted_loss=None, held_out=None, chosen=None):
        self.n_weights = n_weights
        self.loss = loss
        self.predicted_loss = predicted_loss
        self.held_out = held_out
        self.chosen = chosen

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, held_out=None, ax=None, **kwargs):
        """Draw the path of a fitted pruning estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted pruning estimator, which has a `path_`, or a fitted `Pipeline` or search
            that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
            Held-out samples, on which the network of each size of the path is scored.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Their classes or targets.
        held_out : tuple of (array-like, array-like), default=None
            Numbers of weights, and the held-out score at each of them, both of shape
            (n_sizes,); None takes X and y, or the cross-validated scores of an estimator that
            has them, or what its `stopping` went by.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : PruningPathDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator has no pruning path.
        ValueError
            If only one of X and y is given.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        if (X is None) != (y is None):
            missing = "X" if X is None else "y"
            raise ValueError(
                f"{missing} is None: the networks of the path are scored on X and y. Pass both, or "
                "neither."
            )
        has_path = hasattr(estimator, "path_")
        transformer, final = (None, estimator) if has_path else split_pipeline(estimator)
        path = getattr(final, "path_", None)
        if path is None:
            raise TypeError(
                f"{type(final).__name__} has no pruning path (`path_`). Pass a fitted "
                "pruning estimator such as OBSMLPClassifier."
            )
        if held_out is None and X is not None:
            inputs = X if transformer is None else transformer.transform(X)
            held_out = _scores_along(final, inputs, y)
        elif held_out is None:
            held_out = _cross_validated(final)
        if held_out is None and getattr(final, "stopping_curve_", None) is not None:
            held_out = tuple(final.stopping_curve_[name] for name in ("n_weights", "estimate"))
            kwargs.setdefault("score_name", "estimate")
        measured = path.get("evaluated", True)
        display = cls(
            path["n_weights"],
            np.where(measured, path["loss"], np.nan),
            predicted_loss=path["predicted_loss"],
            held_out=held_out,
            chosen=final.n_weights_,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, score_name="held-out score", **kwargs):
        """Draw the path.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        score_name : str, default="held-out score"
            Name of the score, for its axis.
        **kwargs : dict
            Properties of the line of the loss, passed to `matplotlib`.

        Returns
        -------
        display : PruningPathDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the path is empty, its parts differ in length, or `held_out` is no pair of arrays.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        check_consistent_length(self.n_weights, self.loss, self.predicted_loss)
        if self.held_out is not None:
            _check_held_out(self.held_out)
        if len(self.n_weights) == 0:
            raise ValueError("The pruning path is empty: no weight was deleted. Relax the rule.")
        if ax is None:
            _, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self._draw_losses(kwargs)
        self._draw_score(score_name)
        self._draw_chosen()
        lines = [self.loss_line_, self.predicted_line_, self.score_line_, self.chosen_line_]
        ax.legend(
            handles=[line for line in lines if line is not None],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=4,
            frameon=False,
            fontsize=8,
        )
        return self

    def _draw_losses(self, properties):
        default = {"color": ACTUAL, "marker": ".", "label": "loss", "zorder": 3}
        style = styled(default, properties)
        (self.loss_line_,) = self.ax_.plot(*_finite(self.n_weights, self.loss), **style)
        self.predicted_line_ = None
        if self.predicted_loss is not None:
            (self.predicted_line_,) = self.ax_.plot(
                *_finite(self.n_weights, self.predicted_loss),
                color=PREDICTED,
                linestyle="--",
                linewidth=1.2,
                label="predicted loss",
                zorder=2,
            )
        self.ax_.set(xlabel="weights left", ylabel="training loss")
        self.ax_.set_xscale(_scale(self.n_weights))
        self.ax_.set_yscale(_scale(self.loss))
        if not self.ax_.xaxis_inverted():
            self.ax_.invert_xaxis()

    def _draw_score(self, score_name):
        self.score_ax_ = self.score_line_ = None
        if self.held_out is not None:
            sizes, scores = self.held_out
            self.score_ax_ = self.ax_.twinx()
            (self.score_line_,) = self.score_ax_.plot(
                sizes, scores, color=SCORE, marker=".", linewidth=1.2, label=score_name
            )
            self.score_ax_.set_ylabel(score_name)

    def _draw_chosen(self):
        self.chosen_line_ = None
        if self.chosen is not None:
            label = f"chosen: {self.chosen} weights"
            self.chosen_line_ = self.ax_.axvline(
                self.chosen, color=CHOSEN, linestyle=":", linewidth=1.4, label=label, zorder=1
            )


def _check_held_out(held_out):
    if not hasattr(held_out, "__len__") or len(held_out) != 2 or not all(map(np.ndim, held_out)):
        raise ValueError(
            f"held_out={held_out!r} is no pair of arrays. Pass the numbers of weights and the "
            "score at each, (n_weights, scores), or leave it out and pass X and y."
        )
    check_consistent_length(*held_out)


def _scores_along(estimator, X, y):
    """Score the network of each size of the path."""
    networks = {}
    for size in np.unique(estimator.path_["n_weights"]).tolist():
        network = estimator.at_size(size)
        networks[network.n_weights_] = network
    return list(networks), [network.score(X, y) for network in networks.values()]


def _finite(sizes, values):
    """Drop rows without a value, such as deletions after which the loss was not evaluated."""
    sizes, values = np.asarray(sizes), np.asarray(values, dtype=float)
    known = np.isfinite(values)
    return sizes[known], values[known]


def _scale(values):
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    wide = values.size and values.min() > 0 and values.max() > MANY_TIMES * values.min()
    return "log" if wide else "linear"


def _cross_validated(estimator):
    results = getattr(estimator, "cv_results_", None)
    if results is None:
        return None
    return results["n_weights"], results["mean_test_score"]
