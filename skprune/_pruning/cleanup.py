"""What is of no use in a network goes before pruning begins, without a trace in its outputs."""

import numpy as np

from .._network import Connectivity
from .state import State


def useful_part(objective, w, kept):
    """The network without units that have no inputs or no outputs.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
        Not modified.
    kept : ndarray of int
        Weights that exist.

    Returns
    -------
    state : State
    """
    w, connectivity = np.array(w, dtype=np.float64), Connectivity(objective.network, kept)
    connectivity, spared = _without_constant_units(w, connectivity)
    connectivity = connectivity.without(connectivity.useless(spared))
    w[~connectivity.alive] = 0.0
    return State(w, connectivity, objective.data_loss(w))


def _without_constant_units(w, connectivity):
    """Move what units without inputs give to the next biases, in place.

    Layer by layer, as units that see only such units are constant in their turn. A unit stays
    where a bias that would take its place does not exist.

    Returns
    -------
    connectivity : Connectivity
    spared : list of tuple of int
        Layer and unit of those that stay.
    """
    network, spared = connectivity.network, []
    layers, index = network.layers(w), network.layers(np.arange(network.n_weights))
    for depth in range(network.n_layers - 1):
        alive = network.layers(connectivity.alive)
        for unit in np.flatnonzero(~alive[depth][:-1].any(axis=0)):
            level = float(network.activate(depth, layers[depth][-1:, unit])[0])
            targets = np.flatnonzero(alive[depth + 1][unit])
            if level and not alive[depth + 1][-1, targets].all():
                spared.append((depth, unit))
                continue
            layers[depth + 1][-1, targets] += level * layers[depth + 1][unit, targets]
            connectivity = connectivity.without(index[depth + 1][unit, targets])
    return connectivity, spared
