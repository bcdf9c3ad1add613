"""Node splitting in networks: what each hidden unit's patterns say about dividing it.

Every criterion looks at a matrix ``M_j = mean_p kappa_jp x~_p x~_p'`` of unit j, x~ being what the
unit sees (1 for the bias included) and kappa one number a pattern:

* ``delta^2``, the scatter of the per-pattern updates ``-delta x~`` (WJ92);
* ``dE/dz f''(a)``, the splitting matrix: children at ``+-eps v`` with halved outgoing weights
  change the loss by ``eps^2 / 2 v' S v``, so only a negative eigenvalue makes a split pay;
* ``d2E/da2``, the curvature in the unit's own weights.

The matrices are never formed: leading eigenpairs of all units of a layer take a few products with
the layer's inputs.
"""

import numpy as np
from sklearn.utils.extmath import safe_sparse_dot

from .._gauss_newton.gates import gate_curvature
from .._numerics.scatter import split_offsets, variance_ratio
from .split import Split, new_unit
from .unit_matrices import LayerPatterns


def find_splits(objective, w, criterion, *, step=1.0, n_directions=1, has_intercept=True, rng=None):
    """Splits of all hidden units by a criterion, the most promising first.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    criterion : {"scatter", "gate", "hessian", "splitting_matrix", "meiosis", "random"}
    step : float, default=1.0
        Distance of the children from the unit in standard deviations of the updates, see
        :func:`standard_deviations`.
    n_directions : int, default=1
        Directions of a split, with two children each; not for "meiosis" and "random".
    has_intercept : bool, default=True
    rng : RandomState
        Draws the weights of new units, for "random".

    Returns
    -------
    splits : list of Split
        None for units whose updates are all zero; for "splitting_matrix" only those that lower
        the loss to second order.
    """
    splits = []
    for layer in range(1, objective.network.n_layers):
        if criterion == "random":
            splits.append(new_unit(objective, w, layer, has_intercept=has_intercept, rng=rng))
            continue
        patterns = LayerPatterns(objective, w, layer, has_intercept)
        n_here = min(n_directions, patterns.inputs.shape[1] + has_intercept)
        scores, directions, lengths = _CRITERIA[criterion](patterns, n_here)
        for unit in np.flatnonzero(np.isfinite(scores) & (lengths > 0).any(axis=1)):
            used = lengths[unit] > 0
            offsets = split_offsets(
                np.square(step * lengths[unit, used]) / used.sum(), directions[unit, used]
            )
            splits.append(Split(layer, int(unit), float(scores[unit]), offsets))
    return sorted(splits, key=lambda split: -split.score)


def standard_deviations(patterns, directions):
    """How far apart the patterns want a unit along unit vectors, in units of its weights.

    The standard deviation of the per-pattern Newton steps ``-delta x~.e / e'Ge``: WJ92's updates
    ``-eta delta x~``, with the learning rate that the curvature suggests (Gauss-Newton, and weight
    decay). No farther than moves the unit's net input by one (root mean square), which is the scale
    of its activation.

    Parameters
    ----------
    patterns : LayerPatterns
    directions : ndarray of shape (n_units, n_directions, n_inputs + 1)

    Returns
    -------
    lengths : ndarray of shape (n_units, n_directions)
    """
    lengths = np.empty(directions.shape[:2])
    everywhere = patterns.matrices(np.ones_like(patterns.slopes))
    decay = patterns.objective.decay.max()
    tiny = np.finfo(float).tiny
    for index in range(directions.shape[1]):
        axis = directions[:, index]
        scatter = np.maximum(patterns.scatter().along(axis), 0.0)
        stiffness = patterns.own_hessian(exact=False).along(axis) + decay
        reach = 1.0 / np.sqrt(np.maximum(everywhere.along(axis), tiny))
        natural = np.sqrt(scatter) / np.maximum(stiffness, tiny)
        lengths[:, index] = np.minimum(natural, reach)
    return lengths


def _by_scatter(patterns, n_directions):
    scatter = patterns.scatter()
    values, directions = scatter.largest(n_directions)
    scores = variance_ratio(values[:, 0], scatter.traces())
    return scores, directions, standard_deviations(patterns, directions)


def _by_gate(patterns, n_directions):
    _, directions, lengths = _by_scatter(patterns, n_directions)
    return gate_curvature(patterns.objective, patterns.w, patterns.layer), directions, lengths


def _by_hessian(patterns, n_directions):
    values, directions = patterns.own_hessian().largest(n_directions)
    return values[:, 0], directions, standard_deviations(patterns, directions)


def _by_splitting_matrix(patterns, n_directions):
    values, directions = patterns.splitting().smallest(n_directions)
    lengths = np.where(values < 0, standard_deviations(patterns, directions), 0.0)
    gains = -0.5 * (values * np.square(lengths)).sum(axis=1)
    return np.where(gains > 0, gains, -np.inf), directions, lengths


def _by_meiosis(patterns, n_directions):
    """Hanson's stochastic weights: mean absolute gradients against absolute weights.

    The standard deviation of a weight follows ``sigma <- zeta (sigma + beta |g|)``, whose mean is
    proportional to the mean of ``|g|`` over the patterns. The score is the smaller of the ratios
    ``sum sigma / sum |mu|`` on the incoming and on the outgoing side, up to that factor; children
    go to either side along the incoming sigma.
    """
    network, layer = patterns.objective.network, patterns.layer
    weights = network.layers(patterns.w)
    slopes = np.abs(patterns.shares * patterns.slopes)
    spread = np.empty((slopes.shape[1], patterns.inputs.shape[1] + 1))
    spread[:, :-1] = safe_sparse_dot(abs(patterns.inputs).T, slopes, dense_output=True).T
    spread[:, -1] = patterns.has_intercept * slopes.sum(axis=0)
    incoming = spread.sum(axis=1) / np.abs(weights[layer - 1]).sum(axis=0)
    outgoing = patterns.outgoing_gradients() / np.abs(weights[layer][:-1]).sum(axis=1)
    length = np.linalg.norm(spread, axis=1, keepdims=True)
    directions = (spread / np.maximum(length, np.finfo(float).tiny))[:, None, :]
    return np.minimum(incoming, outgoing), directions, standard_deviations(patterns, directions)


_CRITERIA = {
    "scatter": _by_scatter,
    "gate": _by_gate,
    "hessian": _by_hessian,
    "splitting_matrix": _by_splitting_matrix,
    "meiosis": _by_meiosis,
}


CRITERIA = (*_CRITERIA, "random")
