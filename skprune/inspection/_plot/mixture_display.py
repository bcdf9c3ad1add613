"""The drawn Gaussian mixture."""

from numbers import Integral

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import validate_data

from ..._fitted.view import names_after, split_pipeline
from .style import LITERAL, styled

DATA, COMPONENT = "#8a8a8a", "#1f6fb4"
CIRCLE = np.linspace(0.0, 2.0 * np.pi, 121)


class MixtureDisplay:
    """Components of a Gaussian mixture at one standard deviation, over the data.

    The darker an ellipse, the larger the component's weight. With a single feature, the density
    of each component is drawn over a histogram. Use it to see how a mixture grew, stage by stage,
    or whether components are wasted.

    It is recommended to create it by :meth:`from_estimator`.

    Parameters
    ----------
    weights : ndarray of shape (n_components,)
        Mixing proportions.
    means : ndarray of shape (n_components, n_shown)
        Centres in the one or two features shown.
    covariances : ndarray of shape (n_components, n_shown, n_shown)
        Covariance matrices in these features.
    X : ndarray of shape (n_samples, n_shown), default=None
        Observations to draw below the components.
    feature_names : list of str of shape (n_shown,), default=None
        Names of the features shown.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        The outline, or the density, of each component.
    points_ : matplotlib artist or None
        The observations: points, or the bars of a histogram.
    ax_ : matplotlib Axes
        Axes with the mixture.
    figure_ : matplotlib Figure
        Figure with the mixture.

    Notes
    -----
    Time and memory are O(n_samples + n_components).

    References
    ----------
    WJ92, whose figures show the components of growing mixtures in this way.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from sklearn.mixture import GaussianMixture
    >>> from skprune.inspection import MixtureDisplay
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> mixture = GaussianMixture(2, random_state=0).fit(X)
    >>> display = MixtureDisplay.from_estimator(mixture, X)
    >>> len(display.lines_)
    2
    >>> plt.close(display.figure_)
    """

    def __init__(self, weights, means, covariances, *, X=None, feature_names=None):
        self.weights = weights
        self.means = means
        self.covariances = covariances
        self.X = X
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        *,
        stage=None,
        features=(0, 1),
        feature_names=None,
        ax=None,
        **kwargs,
    ):
        """Draw a fitted mixture, or a stage of its growth.

        Parameters
        ----------
        estimator : estimator
            A fitted Gaussian mixture of skprune or scikit-learn, or a fitted `Pipeline` or
            search that ends in one; the features are then those that reach the mixture.
        X : array-like of shape (n_samples, n_features), default=None
            Observations, as the estimator takes them in `predict`, to draw below the components.
        stage : int, default=None
            Stage of a mixture that grew, an index of its `history_`; None is the final mixture.
        features : tuple of two int or str, default=(0, 1)
            The two features to show, by number or name; a mixture with one feature shows that.
        feature_names : sequence of str of shape (n_features,), default=None
            Names of the features; None takes those seen in `fit`, or `x0`, `x1`, ...
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Properties of the lines, passed to `matplotlib`.

        Returns
        -------
        display : MixtureDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator is no Gaussian mixture, or has no such stages.
        ValueError
            If a stage or feature does not exist, or X has other features, or in another order.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        transformer, mixture = split_pipeline(estimator)
        weights, means, covariances = _parameters(mixture, stage)
        if transformer is not None and feature_names is None:
            feature_names = names_after(transformer)
        names = _feature_names(mixture, means.shape[1], feature_names)
        shown = _shown(features, names)
        if X is not None:
            X = X if transformer is None else transformer.transform(X)
            X = validate_data(mixture, X, reset=False)[:, shown]
        display = cls(
            weights,
            means[:, shown],
            covariances[:, shown][:, :, shown],
            X=X,
            feature_names=[names[feature] for feature in shown],
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw the mixture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Properties of the lines, passed to `matplotlib`.

        Returns
        -------
        display : MixtureDisplay
            The display itself.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(5.0, 4.6), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.points_ = None
        if self.means.shape[1] == 1:
            self._plot_densities(kwargs)
        else:
            self._plot_ellipses(kwargs)
        names = self.feature_names
        if names is not None:
            ax.set_xlabel(names[0], **LITERAL)
            ax.set_ylabel(names[1] if len(names) > 1 else "density", **LITERAL)
        return self

    def _style(self, weight, properties):
        share = weight / np.max(self.weights)
        default = {"color": COMPONENT, "alpha": 0.25 + 0.75 * share, "linewidth": 1.6}
        return styled(default, properties)

    def _plot_ellipses(self, properties):
        if self.X is not None:
            size = np.clip(4000.0 / len(self.X), 1.0, 12.0)
            self.points_ = self.ax_.scatter(*self.X.T, s=size, color=DATA, linewidth=0, alpha=0.6)
        self.lines_ = []
        for weight, mean, covariance in zip(self.weights, self.means, self.covariances):
            values, axes = np.linalg.eigh(covariance)
            root = axes * np.sqrt(np.maximum(values, 0.0))
            outline = mean[:, None] + root @ [np.cos(CIRCLE), np.sin(CIRCLE)]
            self.lines_ += self.ax_.plot(*outline, **self._style(weight, properties))
        self.ax_.set_aspect("equal", adjustable="datalim")

    def _plot_densities(self, properties):
        means, deviations = self.means[:, 0], np.sqrt(self.covariances[:, 0, 0])
        if self.X is not None:
            *_, self.points_ = self.ax_.hist(
                self.X[:, 0], bins="auto", density=True, color=DATA, alpha=0.5
            )
        self.lines_ = []
        for weight, mean, deviation in zip(self.weights, means, deviations):
            z = np.linspace(-4.0, 4.0, 161)
            density = weight * np.exp(-0.5 * z**2) / (deviation * np.sqrt(2.0 * np.pi))
            style = self._style(weight, properties)
            self.lines_ += self.ax_.plot(mean + deviation * z, density, **style)


def _parameters(estimator, stage):
    """Weights, means and covariance matrices of a mixture, or of a stage of its growth."""
    name = type(estimator).__name__
    if not hasattr(estimator, "covariances_"):
        cure = " Pass one of its `estimators_`." if hasattr(estimator, "estimators_") else ""
        raise TypeError(f"{name} is no Gaussian mixture: it has no `covariances_`.{cure}")
    if stage is None:
        weights, means = estimator.weights_, estimator.means_
        covariances = estimator.covariances_
    else:
        history = getattr(estimator, "history_", None)
        if history is None:
            raise TypeError(f"{name} has no stages (`history_`). Leave stage=None.")
        if not (isinstance(stage, Integral) and -len(history) <= stage < len(history)):
            raise ValueError(f"stage={stage!r} must be an index of the {len(history)} stages.")
        weights, means = history[stage]["weights"], history[stage]["means"]
        covariances = history[stage]["covariances"]
    matrices = covariance_matrices(covariances, estimator.covariance_type, *means.shape)
    return weights, means, matrices


def covariance_matrices(covariances, covariance_type, n_components, n_features):
    """Write covariances of any type as one matrix a component."""
    if covariance_type == "full":
        return covariances
    if covariance_type == "tied":
        return np.broadcast_to(covariances, (n_components, n_features, n_features))
    if covariance_type == "spherical":
        covariances = covariances[:, None]
    return covariances[:, :, None] * np.eye(n_features)


def _shown(features, names):
    """Indices of the features to show, which are given by number or name."""
    if len(names) == 1:
        return [0]
    given = list(features) if np.iterable(features) else [features]
    shown = [names.index(one) if isinstance(one, str) and one in names else one for one in given]
    valid = all(isinstance(index, Integral) and 0 <= index < len(names) for index in shown)
    if not (valid and len(shown) == len(set(shown)) == 2):
        some = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
        raise ValueError(
            f"features={features!r} must be two different features, by number from 0 to "
            f"{len(names) - 1} or by name ({some})."
        )
    return shown


def _feature_names(estimator, n_features, names):
    if names is None:
        names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"x{i}" for i in range(n_features)]
    if len(names) != n_features:
        raise ValueError(f"feature_names has {len(names)} names for {n_features} features.")
    return list(names)
