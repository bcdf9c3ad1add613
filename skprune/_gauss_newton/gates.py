"""Gates on units: how the loss depends on multiplying a unit's output by ``a``, at ``a = 1``.

The curvature in the gate (WJ92) and the slope of the absolute error in it (skeletonization, Mozer
& Smolensky 1989) rank inputs and hidden units by how much the network relies on them.
"""

import numpy as np
from scipy.sparse import csr_array
from sklearn import get_config
from sklearn.utils import gen_batches

from .._numerics.arrays import dense
from .jacobian import scaled_factors
from .kept_weights import pattern_chunks, pattern_counts


def gate_curvature(objective, w, layer=0, *, exact=True):
    """Mean second derivatives of the loss in the gates of a layer, ``v^2 d2E/dv2``.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    layer : int, default=0
        0 for the inputs, k for the k-th hidden layer.
    exact : bool, default=True
        False drops the bends of activations and the (t - o) terms: the Gauss-Newton approximation,
        which is never negative.

    Returns
    -------
    curvature : ndarray of shape (n_units,)
        In units of the loss; half of it is the second-order rise of the loss when a gate closes.
    """
    network = objective.network

    def of_patterns(values, targets):
        _, curvatures = network.unit_curvatures(w, values, targets, exact=exact, lowest=layer)
        return np.square(dense(values[layer])) * curvatures[layer]

    # Rows of the root: outputs, and units of the hidden layers above.
    n_rows = network.n_outputs + (sum(network.layer_sizes[layer + 1 : -1]) if exact else 0)
    widest = max(network.layer_sizes[layer:])
    return _mean_over_patterns(objective, w, of_patterns, 8 * 3 * n_rows * widest)


def gate_slope(objective, w, layer=0):
    """Skeletonization's relevance ``-dE1/da``, E1 the absolute error: its rise without the unit.

    The squared and logarithmic errors have no slope in a gate at a minimum, hence the absolute one.

    Returns
    -------
    relevance : ndarray of shape (n_units,)
        Mean over the patterns, in the units of the outputs.
    """
    network = objective.network

    def of_patterns(values, targets):
        outputs = network.output(values[-1])
        signs = np.sign(outputs - targets)[:, None, :]
        delta = (signs @ network.output_jacobian(outputs))[:, 0]
        slopes = network.unit_slopes(w, values, delta, lowest=layer)
        return -dense(values[layer]) * slopes[layer]

    size = network.n_outputs**2 + 3 * max(network.layer_sizes)
    return _mean_over_patterns(objective, w, of_patterns, 8 * size)


def _mean_over_patterns(objective, w, function, bytes_a_pattern):
    """Weighted mean of what ``function`` gives each pattern, in chunks of bounded memory."""
    total = 0.0
    n_patterns = objective.X.shape[0]
    budget = get_config()["working_memory"] * 2**20
    size = int(min(max(budget // bytes_a_pattern, 1), n_patterns))
    for chunk in gen_batches(n_patterns, size):
        values = objective.network.forward(w, objective.X[chunk])
        total = total + objective.weights[chunk] @ function(values, objective.targets[chunk])
    return total / objective.total


def input_saliencies(objective, w, groups=None):
    """``1/2 w_S' H_SS w_S`` for S the outgoing weights of each input: O(P c n_inputs h).

    The second-order rise of the loss when an input is set to zero and nothing compensates. Inputs
    that are a group (lists of columns, each input in one of them) are cut together, and each of
    them is given the saliency of the whole.
    """
    network = objective.network
    coef, direct_coef = network.layers(w)[0][:-1], network.direct(w)
    n_units = coef.shape[1]
    members = None if groups is None else _membership(groups, len(coef))
    saliencies = np.zeros(len(coef) if groups is None else len(groups))
    others = [np.empty(0, np.intp)] * (network.n_layers - 1)
    units = [np.arange(n_units), *others]
    if network.direct_links:
        units[-1] = np.arange(network.n_outputs)
    size = 8 * network.n_outputs * (len(coef) + n_units)
    for chunk in pattern_chunks(objective, 2 * size, least=1):
        live = np.flatnonzero(pattern_counts(objective.X[chunk]))
        inputs, roots = scaled_factors(objective, w, chunk, [live, *others], units)
        effects = _times(roots[0], coef[live].T)
        if network.direct_links:
            effects += _times(roots[-1], direct_coef[live].T)
        effects *= inputs[0][:, None]
        if members is None:
            saliencies[live] += np.square(effects).sum(axis=(0, 1))
        else:
            effects = effects.reshape(-1, len(live)) @ members[live]
            saliencies += np.square(effects).sum(axis=0)
    return 0.5 * (saliencies if members is None else members @ saliencies)


def _times(stack, matrix):
    """Product of each matrix of a stack with one matrix, as a single large product."""
    return (stack.reshape(-1, len(matrix)) @ matrix).reshape(*stack.shape[:2], -1)


def _membership(groups, n_inputs):
    """Matrix of shape (n_inputs, n_groups), one where an input is in a group."""
    numbers = np.repeat(np.arange(len(groups)), [len(columns) for columns in groups])
    ones = np.ones(len(numbers))
    return csr_array((ones, (np.concatenate(groups), numbers)), shape=(n_inputs, len(groups)))
