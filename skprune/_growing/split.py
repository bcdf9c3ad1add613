"""A unit becomes several, or a new one comes."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils import gen_batches
from sklearn.utils.extmath import safe_sparse_dot

from .unit_matrices import delta_above


@dataclass(frozen=True)
class Split:
    """A way to divide a unit, or a new one.

    Attributes
    ----------
    layer : int
        Hidden layer, from 1 on.
    unit : int
        The unit that is replaced; None for a unit that is added.
    score : float
        The criterion; higher is tried earlier.
    offsets : ndarray of shape (n_children, n_inputs + 1)
        Places of the children relative to the unit, or the incoming weights of a new unit.
    """

    layer: int
    unit: int | None
    score: float
    offsets: np.ndarray


def split_unit(network, w, split):
    """Network and weights after a split: children share the outgoing weights equally.

    To first order in the offsets the outputs stay as they are. A new unit has no outgoing weights
    yet. Children come last in their layer.
    """
    layers = [part.copy() for part in network.blocks(w)]
    below, above = layers[split.layer - 1], layers[split.layer]
    if split.unit is None:
        parent, outgoing = 0.0, np.zeros(above.shape[1])
    else:
        parent, outgoing = below[:, split.unit], above[split.unit] / len(split.offsets)
        below = np.delete(below, split.unit, axis=1)
        above = np.delete(above, split.unit, axis=0)
    layers[split.layer - 1] = np.hstack([below, (parent + split.offsets).T])
    children = np.tile(outgoing, (len(split.offsets), 1))
    layers[split.layer] = np.vstack([above[:-1], children, above[-1:]])
    sizes = list(network.layer_sizes)
    sizes[split.layer] = layers[split.layer - 1].shape[1]
    grown = replace(network, layer_sizes=tuple(sizes))
    return grown, np.concatenate([part.ravel() for part in layers])


def new_unit(objective, w, layer, *, n_candidates=1, has_intercept=True, rng=None):
    """A unit with random incoming weights (Ash 1989), to be trained with the rest.

    Of several candidates, the one whose outgoing weights have the largest gradient, its output
    brought to unit size: the fastest fall of the loss.
    """
    network = objective.network
    n_inputs, n_units = network.layer_sizes[layer - 1 : layer + 1]
    factor = 2.0 if network.activations[layer - 1] == "logistic" else 6.0
    bound = np.sqrt(factor / (n_inputs + n_units + 1))
    weights = rng.uniform(-bound, bound, (n_candidates, n_inputs + 1))
    weights[:, -1] *= has_intercept
    gradients, squares = 0.0, 0.0
    for chunk in gen_batches(objective.X.shape[0], 4096):
        values = network.forward(w, objective.X[chunk])
        share = objective.weights[chunk] / objective.total
        z = safe_sparse_dot(values[layer - 1], weights[:, :-1].T, dense_output=True)
        outputs = network.activate(layer - 1, z + weights[:, -1])
        delta = delta_above(network, w, values, objective.targets[chunk], layer)
        gradients = gradients + (outputs * share[:, None]).T @ delta
        squares = squares + share @ np.square(outputs)
    scores = np.square(gradients).sum(axis=1) / np.maximum(squares, np.finfo(float).tiny)
    best = scores.argmax()
    return Split(layer, None, float(scores[best]), weights[best : best + 1])
