"""The drawn network."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from ..._fitted.drawing import BIAS, NEGATIVE, POSITIVE, count_rows, place_nodes, route
from ..._fitted.view import FittedNetwork
from .style import LITERAL, styled

INK, PAPER = "#333333", "white"


class NetworkDisplay:
    """Drawing of a network: its units, its surviving weights, and the names they go by.

    The width of a line is the magnitude of its weight, solid lines are positive weights and
    dashed lines negative ones. Squares are biases. Units and inputs that reach no output are
    left out. Use it on pruned networks: from a handful to a few hundred connections can be
    followed by eye.

    It is recommended to create it by :meth:`from_estimator`.

    Parameters
    ----------
    network : FittedNetwork
        The weights, masks and names to draw, as :meth:`from_estimator` reads them.
    max_connections : int, default=1000
        The largest number of connections to draw. A network with more of them is refused
        when plotted, for nothing could be read from the drawing.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        One line a surviving weight or bias, in the order of `network.connections()`.
    texts_ : list of matplotlib Text
        Names of features, units and outputs.
    ax_ : matplotlib Axes
        Axes with the drawing.
    figure_ : matplotlib Figure
        Figure with the drawing.

    See Also
    --------
    export_text : The same network as equations.

    Notes
    -----
    Time and memory are O(number of connections + number of units).

    References
    ----------
    HS93, whose figures draw the pruned networks for the MONK's problems in this way.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import NetworkDisplay
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> network = MLPClassifier((2,), solver="lbfgs", random_state=1).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(network, feature_names=["a", "b"])
    >>> len(display.lines_)
    9
    >>> plt.close(display.figure_)
    """

    def __init__(self, network, *, max_connections=1000):
        self.network = network
        self.max_connections = max_connections

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        feature_names=None,
        class_names=None,
        max_connections=1000,
        ax=None,
        **kwargs,
    ):
        """Draw the network of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline`
            that ends in one.
        feature_names : sequence of str of shape (n_features,), default=None
            Names of the inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
        class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
            Names of the classes in the order of `classes_`, or of a regressor's targets.
        max_connections : int, default=1000
            The largest number of connections to draw.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of a size that suits the network.
        **kwargs : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : NetworkDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator holds no feedforward network.
        ValueError
            If the number of names is wrong or there are too many connections.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        network = FittedNetwork.of(estimator, feature_names=feature_names, class_names=class_names)
        return cls(network, max_connections=max_connections).plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, max_width=None, legend=True, **kwargs):
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure of a size that suits the network.
        max_width : float, default=None
            Width in points of the line of the largest weight; None chooses 1.5 to 5 points by
            the number of connections.
        legend : bool, default=True
            Whether to explain signs and widths below the drawing.
        **kwargs : dict
            Properties of the lines, such as `alpha` or `color`, passed to `matplotlib`.

        Returns
        -------
        display : NetworkDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are more than `max_connections` connections.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        connections = self.network.connections()
        if len(connections) > self.max_connections:
            raise ValueError(
                f"The network has {len(connections)} connections, too many to be told apart "
                f"in a drawing (max_connections={self.max_connections}). Prune it first, or "
                "raise max_connections."
            )
        nodes = place_nodes(self.network, connections)
        rows = count_rows(nodes)
        if ax is None:
            size = (2.6 + 2.3 * self.network.n_layers, np.clip(0.9 + 0.29 * rows, 2.8, 22.0))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        if max_width is None:
            max_width = np.clip(16.0 / max(len(connections), 1) ** 0.4, 1.5, 5.0)
        spacing = _fit_axes(ax, nodes, self.network.n_layers, rows)
        self.lines_ = _draw_lines(ax, self.network, nodes, connections, max_width, kwargs)
        self.texts_ = _draw_nodes(ax, self.network, nodes, spacing)
        if legend and connections:
            _draw_legend(ax, connections, max_width)
        return self


def _fit_axes(ax, nodes, n_layers, rows):
    """Set the limits of the axes and return the points between two rows."""
    heights = [y for _, y in nodes.values()]
    ax.set_xlim(-0.12, n_layers + 0.12)
    ax.set_ylim(min(heights) - 0.6, max(heights) + 1.5)
    ax.set_axis_off()
    points = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    return points / (rows + 1.1)


def _draw_lines(ax, network, nodes, connections, max_width, properties):
    largest = max((abs(weight) for *_, weight in connections), default=0.0) or 1.0
    lines = []
    for layer, source, target, weight in connections:
        start, end = network.ends(layer, BIAS if source is None else source, target)
        share = abs(weight) / largest
        style = _line_style(weight, max(max_width * share, 0.35)) | {
            "alpha": 0.45 + 0.5 * share,
            "zorder": 1.0 + share,
        }
        lines += ax.plot(*zip(*route(nodes[start], nodes[end])), **styled(style, properties))
    return lines


def _line_style(weight, width):
    dash = (0, (5.0 / width, 2.5 / width)) if weight < 0 else "-"
    return {
        "linewidth": width,
        "linestyle": dash,
        "color": NEGATIVE if weight < 0 else POSITIVE,
        "solid_capstyle": "butt",
        "dash_capstyle": "butt",
    }


def _draw_nodes(ax, network, nodes, spacing):
    """Draw nodes and their names, sized by the points between two rows."""
    font = np.clip(0.62 * spacing, 3.5, 9.5)
    texts = []
    for (layer, unit), (x, y) in nodes.items():
        at_end = layer in (0, network.n_layers)
        size = np.clip(0.9 * spacing, 3.0, 9.0 if unit == BIAS or at_end else 20.0)
        ax.scatter(
            x,
            y,
            s=size**2,
            marker="s" if unit == BIAS else "o",
            facecolor=INK if layer == 0 and unit != BIAS else PAPER,
            edgecolor=INK,
            linewidth=0.8,
            zorder=3,
        )
        texts.append(_name_node(ax, network, layer, unit, (x, y), font, size))
    for layer in sorted({layer for layer, _ in nodes}):
        title = "inputs" if layer == 0 else network.activations[layer - 1]
        texts.append(_header(ax, layer, title, font))
    return texts


def _name_node(ax, network, layer, unit, position, font, size):
    inside = 0 < layer < network.n_layers and unit != BIAS
    if inside or unit == BIAS:
        label = "1" if unit == BIAS else f"h{unit}"  # the column tells the layer
        offset, align = (0, 0), "center"
        font = min(font, 0.75 * size / (0.62 * max(len(label), 2)))
    else:
        label = network.unit_name(layer, unit)
        side = -1 if layer == 0 else 1
        offset, align = (side * (0.5 * size + 3), 0), "right" if layer == 0 else "left"
    return ax.annotate(
        label,
        position,
        xytext=offset,
        textcoords="offset points",
        ha=align,
        va="center_baseline",
        fontsize=font,
        color=INK,
        zorder=4,
        annotation_clip=False,
        **LITERAL,
    )


def _header(ax, layer, title, font):
    return ax.text(
        layer,
        ax.get_ylim()[1],
        title,
        ha="center",
        va="top",
        fontsize=max(min(font, 8.5), 6.0),
        color="#777777",
        style="italic",
    )


def _draw_legend(ax, connections, max_width):
    from matplotlib.lines import Line2D

    weights = np.array([weight for *_, weight in connections])
    largest = np.abs(weights).max()
    entries = []
    if (weights > 0).any():
        entries.append(("positive", _line_style(1.0, 0.5 * max_width)))
    if (weights < 0).any():
        entries.append(("negative", _line_style(-1.0, 0.5 * max_width)))
    for share in (1.0, 0.25):
        scale = _line_style(1.0, max_width * share) | {"color": INK}
        entries.append((f"|w| = {share * largest:.3g}", scale))
    ax.legend(
        [Line2D([], [], **style) for _, style in entries],
        [label for label, _ in entries],
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=len(entries),
        frameon=False,
        fontsize=8,
        handlelength=2.4,
        columnspacing=1.4,
    )
