"""The drawn Hessian."""

from numbers import Real

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from ..._fitted.loss import FittedLoss
from .damped_inverse import damped_inverse
from .style import LITERAL

MOST_LABELS = 60
OUTSHINING = 30.0  # ratio of the largest entry to the median beyond which colours are logarithmic


class HessianDisplay:
    """Matrix of second derivatives of a network's loss, or its inverse, weights labelled.

    Use it to see whether the criteria's assumptions hold: Optimal Brain Damage takes the
    matrix to be diagonal, magnitude pruning takes it to be the same for all weights.

    It is recommended to create it by :meth:`from_estimator`.

    Parameters
    ----------
    hessian : ndarray of shape (n_weights, n_weights)
        The matrix to draw.
    labels : list of str of shape (n_weights,)
        Names of the weights.
    title : str, default=None
        Title of the drawing.

    Attributes
    ----------
    image_ : matplotlib AxesImage
        The drawn matrix.
    ax_ : matplotlib Axes
        Axes with the matrix.
    figure_ : matplotlib Figure
        Figure with the matrix.

    See Also
    --------
    ErrorSurfaceDisplay : The loss over two of the weights.

    Notes
    -----
    With n weights left, the matrix takes 8 n^2 bytes, and its inverse O(n^3) operations.

    References
    ----------
    HS93, figure 4: the matrix of a trained XOR network is far from diagonal.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import HessianDisplay
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> network = MLPClassifier((2,), solver="lbfgs", random_state=1).fit(X, y)
    >>> display = HessianDisplay.from_estimator(network, X, y)
    >>> display.hessian.shape
    (9, 9)
    >>> plt.close(display.figure_)
    """

    def __init__(self, hessian, labels, *, title=None):
        self.hessian = hessian
        self.labels = labels
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        sample_weight=None,
        inverse=False,
        exact=False,
        damping=1e-4,
        feature_names=None,
        class_names=None,
        ax=None,
        **kwargs,
    ):
        """Draw the Hessian of a fitted network's loss on given data.

        Parameters
        ----------
        estimator : estimator
            A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline`
            that ends in one.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples, usually the training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their classes or targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.
        inverse : bool, default=False
            Draw the inverse, on which Optimal Brain Surgeon builds.
        exact : bool, default=False
            Draw the exact Hessian and not the Gauss-Newton matrix.
        damping : float, default=1e-4
            What is added to the diagonal before the inversion, relative to its mean; raised
            tenfold while the matrix is not positive definite.
        feature_names : sequence of str of shape (n_features,), default=None
            Names of the inputs.
        class_names : sequence of str of shape (n_classes,), default=None
            Names of the classes.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of a size that suits the labels.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : HessianDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are no weights or more than 2000, the names or data do not fit, or `damping`
            is negative.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        validate_parameter_constraints(
            {"damping": [Interval(Real, 0, None, closed="left")]},
            {"damping": damping},
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
        matrix = landscape.hessian(exact=exact)
        if inverse:
            matrix = damped_inverse(matrix, damping)
        kind = "Hessian" if exact else "Gauss-Newton matrix"
        title = f"inverse of the {kind}" if inverse else kind
        return cls(matrix, landscape.labels(), title=title).plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of a size that suits the labels.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : HessianDisplay
            The display itself.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        n_weights = len(self.labels)
        if ax is None:
            side = np.clip(2.5 + 0.22 * min(n_weights, MOST_LABELS), 4.0, 14.0)
            _, ax = plt.subplots(figsize=(side + 0.8, side), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        style = {"cmap": "RdBu_r"} | kwargs
        if not {"norm", "vmin", "vmax"} & set(kwargs):
            style["norm"] = _symmetric_norm(self.hessian)
        self.image_ = ax.imshow(self.hessian, **style)
        if n_weights <= MOST_LABELS:
            ax.set_xticks(range(n_weights), self.labels, rotation=90, fontsize=8, **LITERAL)
            ax.set_yticks(range(n_weights), self.labels, fontsize=8, **LITERAL)
        else:
            ax.set(xlabel="weight", ylabel="weight")
        if self.title is not None:
            ax.set_title(self.title)
        self.figure_.colorbar(self.image_, ax=ax, shrink=0.8)
        return self


def _symmetric_norm(matrix):
    """Colours by value, or by order of magnitude if a few entries outshine the others."""
    from matplotlib.colors import Normalize, SymLogNorm

    sizes = np.abs(matrix)
    limit = sizes.max() or 1.0
    typical = np.median(sizes[sizes > 0]) if sizes.any() else limit
    if limit < OUTSHINING * typical:
        return Normalize(-limit, limit)
    # Between powers of ten nothing is labelled but zero, so no label comes too close to it.
    linear = 10.0 ** np.floor(np.log10(typical)) * (1.0 + 1e-9)
    return SymLogNorm(linear, vmin=-limit, vmax=limit)
