"""Where the nodes of a drawn network lie, and the drawing as SVG for notebooks."""

from html import escape

import numpy as np

from .view import FittedNetwork

POSITIVE, NEGATIVE = "#1f6fb4", "#c8501e"  # told apart by colour-blind readers as well
BIAS = "bias"


def place_nodes(network, connections):
    """Return {(layer, unit): (x, y)} of the nodes drawn; biases are (layer, BIAS)."""
    columns = [np.flatnonzero(alive).tolist() for alive in network.alive()]
    tallest = max(len(column) for column in columns)
    nodes = {}
    for layer, column in enumerate(columns):
        heights = _spread(len(column), tallest)
        if 0 < layer < network.n_layers:
            column = _by_height_of_sources(column, layer, connections, nodes)
        nodes |= {(layer, unit): (layer, y) for unit, y in zip(column, heights)}
    bottom = -0.5 * (tallest - 1) - 1.3
    biased = {layer for layer, source, *_ in connections if source is None}
    return nodes | {(layer, BIAS): (layer, bottom) for layer in sorted(biased)}


def _spread(n_nodes, tallest):
    """Heights of a column's nodes, top first: short columns are drawn wider apart."""
    span = min((n_nodes - 1) * 3.0, (tallest - 1) * (1.0 if n_nodes == tallest else 0.8))
    return np.linspace(span / 2, -span / 2, n_nodes) if n_nodes > 1 else np.zeros(n_nodes)


def _by_height_of_sources(column, layer, connections, nodes):
    """Order hidden units by the weighted mean height of their inputs: fewer crossings."""
    weight, moment = dict.fromkeys(column, 1e-12), dict.fromkeys(column, 0.0)
    for at, source, target, value in connections:
        if at == layer - 1 and source is not None:
            weight[target] += abs(value)
            moment[target] += abs(value) * nodes[at, source][1]
    return sorted(column, key=lambda unit: -moment[unit] / weight[unit])


def route(start, end):
    """Points of the line from one node to another, in a bow where it passes by a layer."""
    (x1, y1), (x2, y2) = start, end
    if x2 - x1 <= 1:
        return [start, end]
    share = np.linspace(0.0, 1.0, 25)
    # Half a row off, so that it does not hide behind the lines to and from a unit on its way.
    heights = y1 + share * (y2 - y1) + 2.0 * share * (1.0 - share)
    return list(zip(x1 + share * (x2 - x1), heights))


def count_rows(nodes):
    """Return the height of a drawing in rows."""
    heights = [y for _, y in nodes.values()]
    return max(heights) - min(heights) + 1


def network_svg(estimator, *, max_connections=400):
    """Draw the network of a fitted estimator as inline SVG, for HTML representations.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator, or a fitted `Pipeline` that ends in one.
    max_connections : int, default=400
        The largest number of connections to draw.

    Returns
    -------
    svg : str
        An `<svg>` element in the text colour of its surroundings, each line with its weight
        as a tooltip; a sentence if there are too many connections.
    """
    network = FittedNetwork.of(estimator)
    connections = network.connections()
    if len(connections) > max_connections:
        return f"<p>A network of {len(connections)} connections, too many to be drawn.</p>"
    nodes = place_nodes(network, connections)
    top = max(y for _, y in nodes.values())
    margin = 24 + 7 * max(len(name) for name in (*network.feature_names, *network.output_names))

    def place(x, y):
        return margin + 190 * x, round(20 + 22 * (top - y), 1)

    width = 2 * margin + 190 * network.n_layers
    height = 40 + 22 * (count_rows(nodes) - 1)
    shapes = _svg_lines(network, connections, nodes, place)
    shapes += _svg_nodes(network, {node: place(*where) for node, where in nodes.items()})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" '
        f'width="{width}" style="max-width: 100%; height: auto" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="network of {len(connections)} connections">'
        f"{''.join(shapes)}</svg>"
    )


def _svg_lines(network, connections, nodes, place):
    largest = max((abs(weight) for *_, weight in connections), default=0.0) or 1.0
    shapes = []
    for layer, source, target, weight in connections:
        start, end = network.ends(layer, BIAS if source is None else source, target)
        points = [place(*point) for point in route(nodes[start], nodes[end])]
        share = abs(weight) / largest
        name = "1" if source is None else network.unit_name(*start)
        tip = f"{name} \N{RIGHTWARDS ARROW} {network.unit_name(*end)}: {weight:.4g}"
        dash = ' stroke-dasharray="6 3"' if weight < 0 else ""
        shapes.append(
            f"{_svg_path(points)} "
            f'stroke="{NEGATIVE if weight < 0 else POSITIVE}" '
            f'stroke-width="{max(4.0 * share, 0.4):.2f}" opacity="{0.45 + 0.5 * share:.2f}"{dash}>'
            f"<title>{escape(tip)}</title></{'line' if len(points) == 2 else 'polyline'}>"
        )
    return shapes


def _svg_path(points):
    """The start of an element along some points: a line, or several."""
    if len(points) == 2:
        (x1, y1), (x2, y2) = points
        return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"'
    return f'<polyline fill="none" points="{" ".join(f"{x:.1f},{y}" for x, y in points)}"'


def _svg_nodes(network, at):
    shapes = []
    for (layer, unit), (x, y) in at.items():
        if unit == BIAS:
            shapes.append(
                f'<rect x="{x - 4}" y="{y - 4}" width="8" height="8" fill="currentColor"/>'
            )
            continue
        radius = 4 if layer in (0, network.n_layers) else 7
        shapes.append(f'<circle cx="{x}" cy="{y}" r="{radius}" fill="currentColor"/>')
        name = escape(network.unit_name(layer, unit))
        if layer == 0:
            place = f'x="{x - 8}" y="{y + 4}" text-anchor="end"'
        elif layer == network.n_layers:
            place = f'x="{x + 8}" y="{y + 4}"'
        else:
            place = f'x="{x}" y="{y - 10}" text-anchor="middle"'
        shapes.append(f'<text {place} fill="currentColor">{name}</text>')
    return shapes
