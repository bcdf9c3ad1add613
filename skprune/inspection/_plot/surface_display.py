"""The error surface over two weights, and where each criterion goes on it."""

from numbers import Integral

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from ..._fitted.loss import FittedLoss
from .style import LITERAL

STYLES = {
    "magnitude": {"color": "#8a8a8a", "linestyle": ":"},
    "OBD": {"color": "#c8501e", "linestyle": "--"},
    "OBS": {"color": "#1f6fb4", "linestyle": "-"},
}


class ErrorSurfaceDisplay:
    """Loss over two weights of a network, with the step of each pruning criterion.

    Magnitude pruning deletes the smaller weight, Optimal Brain Damage (OBD) the one that the
    diagonal of the Hessian calls cheaper; Optimal Brain Surgeon (OBS) takes the coupling of the
    two into account, and moves the other weight to where the quadratic model has its minimum.
    All other weights stay.

    It is recommended to create it by :meth:`from_estimator`.

    Parameters
    ----------
    grids : tuple of (ndarray, ndarray)
        Values of the first and the second weight, of shape (n_points,).
    loss : ndarray of shape (n_points, n_points)
        Loss, one row a value of the second weight.
    start : tuple of (float, float)
        The fitted weights.
    steps : dict of str to tuple of (float, float)
        The two weights after the step of each criterion.
    losses : dict of str to float
        The loss after the step of each criterion.
    labels : tuple of (str, str)
        Names of the two weights.

    Attributes
    ----------
    contour_ : matplotlib QuadContourSet
        Lines of equal loss.
    lines_ : dict of str to matplotlib Line2D
        The step of each criterion.
    ax_ : matplotlib Axes
        Axes with the surface.
    figure_ : matplotlib Figure
        Figure with the surface.

    See Also
    --------
    HessianDisplay : The curvature at the fitted weights.

    Notes
    -----
    With n_points values a weight, P patterns and n weights, time is O(n_points^2 P n).

    References
    ----------
    HS93, whose figures 1 and 5 show the three criteria on such a surface.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import ErrorSurfaceDisplay
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> network = MLPClassifier((2,), activation="tanh", solver="lbfgs", random_state=1)
    >>> display = ErrorSurfaceDisplay.from_estimator(network.fit(X, y), X, y, n_points=9)
    >>> sorted(display.losses)
    ['OBD', 'OBS', 'magnitude']
    >>> plt.close(display.figure_)
    """

    def __init__(self, grids, loss, *, start, steps, losses, labels):
        self.grids = grids
        self.loss = loss
        self.start = start
        self.steps = steps
        self.losses = losses
        self.labels = labels

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        weights="auto",
        n_points=41,
        sample_weight=None,
        feature_names=None,
        class_names=None,
        ax=None,
        **kwargs,
    ):
        """Draw the loss of a fitted network over two of its weights.

        Parameters
        ----------
        estimator : estimator
            A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline`
            that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples, usually the training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their classes or targets.
        weights : "auto" or tuple of (str, str), default="auto"
            Names of the two weights, such as `("x0→h1", "1→h1")`, 1 being the bias; "auto"
            takes the two that the Hessian couples most.
        n_points : int, default=41
            Number of values of each weight, two at least.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        feature_names : sequence of str of shape (n_features,), default=None
            Names of the inputs.
        class_names : sequence of str of shape (n_classes,), default=None
            Names of the classes.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.contour`.

        Returns
        -------
        display : ErrorSurfaceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a weight is not among the surviving ones, or there are fewer than two, of weights or
            of points.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        validate_parameter_constraints(
            {"n_points": [Interval(Integral, 2, None, closed="left")]},
            {"n_points": n_points},
            f"{cls.__name__}.from_estimator",
        )
        landscape = FittedLoss.of(
            estimator,
            X,
            y,
            sample_weight=sample_weight,
            feature_names=feature_names,
            class_names=class_names,
        )
        landscape.check_size()
        names, hessian = landscape.labels(), landscape.hessian()
        pair = _most_coupled(hessian) if weights == "auto" else _find(weights, names)
        start = landscape.weights[landscape.kept[pair]]
        steps = criterion_steps(start, hessian[np.ix_(pair, pair)])
        grids = _grids(np.array([start, *steps.values()]), n_points)
        loss = [[landscape.loss((a, b), pair) for a in grids[0]] for b in grids[1]]
        display = cls(
            grids,
            np.array(loss),
            start=tuple(start.tolist()),
            steps=steps,
            losses={name: landscape.loss(step, pair) for name, step in steps.items()},
            labels=tuple(names[position] for position in pair),
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the surface and the steps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.contour`.

        Returns
        -------
        display : ErrorSurfaceDisplay
            The display itself.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(5.6, 4.8), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        colour = {} if "cmap" in kwargs else {"colors": "#9a9a9a"}
        style = {"levels": 18, "linewidths": 0.8, "zorder": 1} | colour | kwargs
        self.contour_ = ax.contour(*self.grids, self.loss, **style)
        ax.axhline(0.0, color="#bbbbbb", linewidth=0.8, zorder=0)
        ax.axvline(0.0, color="#bbbbbb", linewidth=0.8, zorder=0)
        self.lines_ = {}
        for name, step in self.steps.items():
            label = f"{name}: loss {self.losses[name]:.3g}"
            (self.lines_[name],) = ax.plot(
                *zip(self.start, step), marker="o", markevery=[1], label=label, **STYLES[name]
            )
        ax.plot(*self.start, marker="*", markersize=12, color="black", zorder=4)
        ax.set_xlabel(self.labels[0], **LITERAL)
        ax.set_ylabel(self.labels[1], **LITERAL)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8)
        return self


def criterion_steps(weights, hessian):
    """Return where each criterion moves two weights, by their 2 x 2 Hessian.

    HS93 eq. 5: OBS deletes the q of least w_q^2 / 2[H^-1]_qq and moves the weights by
    -w_q / [H^-1]_qq H^-1 e_q; in two dimensions [H^-1]_qq = H_rr / det H.
    """
    magnitude = int(np.argmin(np.abs(weights)))
    curvature = np.diag(hessian)
    damage = int(np.argmin(curvature * weights**2))
    determinant = max(np.prod(curvature) - hessian[0, 1] ** 2, 0.0)
    saliency = weights**2 * determinant / np.maximum(curvature[::-1], np.finfo(float).tiny)
    surgeon = int(np.argmin(saliency))
    steps = {}
    for name, deleted in (("magnitude", magnitude), ("OBD", damage), ("OBS", surgeon)):
        moved = weights.copy()
        moved[deleted] = 0.0
        if name == "OBS" and curvature[1 - deleted] > 0:
            moved[1 - deleted] += weights[deleted] * hessian[0, 1] / curvature[1 - deleted]
        steps[name] = tuple(moved.tolist())
    return steps


def _most_coupled(hessian):
    """Positions of the two weights whose second derivatives are most correlated."""
    if len(hessian) < 2:
        raise ValueError("An error surface needs two weights, but only one is left.")
    scale = np.sqrt(np.maximum(np.diag(hessian), np.finfo(float).tiny))
    coupling = np.abs(np.triu(hessian / np.outer(scale, scale), 1))
    return [int(i) for i in np.unravel_index(coupling.argmax(), coupling.shape)]


def _find(weights, names):
    missing = [name for name in weights if name not in names]
    if missing or len(weights) != 2 or weights[0] == weights[1]:
        raise ValueError(
            f"weights={weights!r} must be 'auto' or the names of two different surviving "
            f"weights, which are: {', '.join(names)}."
        )
    return [names.index(name) for name in weights]


def _grids(points, n_points):
    """Values of the two weights around the points and the origin."""
    points = np.vstack([points, np.zeros(2)])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.maximum(0.35 * (high - low), 0.1)
    return tuple(np.linspace(low - margin, high + margin, n_points).T)
