"""Nodes that see nodes of their own layer, in an order that can be computed."""

from graphlib import CycleError, TopologicalSorter

import numpy as np


def check_structure(structure, n_nodes):
    """The boolean matrix of which node may see which."""
    if isinstance(structure, str):
        return np.triu(np.ones((n_nodes, n_nodes), dtype=bool), 1)
    try:
        mask = np.asarray(structure)
    except ValueError:  # rows of different lengths
        mask = np.array(structure, dtype=object)
    if mask.shape != (n_nodes, n_nodes) or not np.isin(mask, [0, 1]).all():
        raise ValueError(
            f"structure must be a matrix of booleans of shape ({n_nodes}, {n_nodes}), one row "
            f"and column a node (outputs first, then hidden units), got shape {mask.shape} with "
            f"the values {list(dict.fromkeys(map(str, mask.ravel())))[:5]}."
        )
    mask = mask.astype(bool)
    order(mask)
    return mask


def order(mask):
    """Nodes, each after all that it sees."""
    graph = {node: np.flatnonzero(seen) for node, seen in enumerate(mask)}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle = [int(node) for node in error.args[1]]
        raise ValueError(
            f"structure has the cycle of nodes {cycle}: as the nodes' targets are known, a node "
            "that sees itself would explain itself and nothing of the inputs. Remove a connection "
            "of the cycle."
        ) from None


def reachable(lateral, n_outputs):
    """Outputs, and nodes that some output sees, directly or through others."""
    alive = np.arange(lateral.shape[0]) < n_outputs
    for node in reversed(order(lateral != 0)):
        if alive[node]:
            alive |= lateral[node] != 0
    return np.flatnonzero(alive)


def by_layer(nodes, n_outputs, hidden):
    """Indices within each hidden layer of a cascade's nodes, the first layer first."""
    start, found = n_outputs, []
    for layer in hidden[::-1]:
        stop = start + layer.shape[1]
        found.append(nodes[(nodes >= start) & (nodes < stop)] - start)
        start = stop
    return found[::-1]
