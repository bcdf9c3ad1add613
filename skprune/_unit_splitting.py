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

from dataclasses import dataclass

import numpy as np
from sklearn import get_config
from sklearn.utils import gen_batches
from sklearn.utils.extmath import safe_sparse_dot

from ._gates import gate_curvature
from ._network import Network
from ._splitting import lanczos, lanczos_start, split_offsets, variance_ratio


class UnitMatrices:
    """The matrices ``mean_p kappa_jp x~_p x~_p'`` of a layer's units, as operators.

    Parameters
    ----------
    inputs : {ndarray, sparse matrix} of shape (n_samples, n_inputs)
    coefficients : ndarray of shape (n_samples, n_units)
        kappa times the share of each pattern's weight.
    has_intercept : bool, default=True
        Whether the units have a bias; without, its row and column are zero.
    """

    def __init__(self, inputs, coefficients, has_intercept=True):
        self.inputs, self.coefficients = inputs, coefficients
        self.bias = float(has_intercept)

    def multiply(self, vectors):
        """Row j times the matrix of unit j: O(n_samples n_inputs n_units)."""
        weighted = self.coefficients * self._project(vectors)
        products = np.empty_like(vectors)
        products[:, :-1] = safe_sparse_dot(self.inputs.T, weighted, dense_output=True).T
        products[:, -1] = self.bias * weighted.sum(axis=0)
        return products

    def along(self, vectors):
        """Quadratic forms ``v_j' M_j v_j``."""
        return np.einsum("kj,kj->j", self.coefficients, np.square(self._project(vectors)))

    def _project(self, vectors):
        projected = safe_sparse_dot(self.inputs, vectors[:, :-1].T, dense_output=True)
        return projected + self.bias * vectors[:, -1]

    def traces(self):
        """Sum of each matrix' eigenvalues."""
        squares = (
            self.inputs.multiply(self.inputs)
            if hasattr(self.inputs, "multiply")
            else (np.square(self.inputs))
        )
        lengths = np.asarray(squares.sum(axis=1)).ravel() + self.bias
        return lengths @ self.coefficients

    def largest(self, n_directions=1):
        """Largest eigenvalues (n_units, n_directions) and their eigenvectors, by Lanczos steps."""
        n_units, n_inputs = self.coefficients.shape[1], self.inputs.shape[1]
        start = lanczos_start(n_units, n_inputs + 1)
        start[:, -1] *= self.bias
        return lanczos(self.multiply, start, n_directions)

    def smallest(self, n_directions=1):
        """Smallest eigenvalues, in ascending order, and their eigenvectors."""
        opposite = UnitMatrices(self.inputs, -self.coefficients, self.bias)
        values, directions = opposite.largest(n_directions)
        return -values, directions


class LayerPatterns:
    """Derivatives of each pattern's loss by the net inputs of a hidden layer's units.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    layer : int
        The k-th hidden layer, from 1 on.
    has_intercept : bool, default=True
    """

    def __init__(self, objective, w, layer, has_intercept=True):
        network = objective.network
        self.objective, self.w, self.layer = objective, w, layer
        self.has_intercept = has_intercept
        self.shares = (objective.weights / objective.total)[:, None]
        n_units = network.layer_sizes[layer]
        shape = (objective.X.shape[0], n_units)
        self.slopes, self.bends = np.empty(shape), np.empty(shape)
        self.curvatures, self.gauss_newton = np.empty(shape), np.empty(shape)
        inputs = []
        for chunk in self._chunks():
            values = network.forward(w, objective.X[chunk])
            if layer > 1:
                inputs.append(values[layer - 1])
            self._fill(chunk, values)
        self.inputs = objective.X if layer == 1 else np.concatenate(inputs)

    def _chunks(self):
        sizes = self.objective.network.layer_sizes[self.layer :]
        bytes_a_pattern = 8 * 3 * sum(sizes) * max(sizes)
        size = max(int(get_config()["working_memory"] * 2**20 // bytes_a_pattern), 1)
        return list(gen_batches(self.objective.X.shape[0], size))

    def _fill(self, chunk, values):
        network, layer = self.objective.network, self.layer
        targets = self.objective.targets[chunk]
        first, second = network.unit_derivatives(layer - 1, values[layer])
        arguments = (self.w, values, targets)
        slopes, curvatures = network.unit_curvatures(*arguments, lowest=layer)
        _, squares = network.unit_curvatures(*arguments, exact=False, lowest=layer)
        self.slopes[chunk] = slopes[layer] * first
        self.bends[chunk] = slopes[layer] * second
        self.curvatures[chunk] = curvatures[layer] * np.square(first) + self.bends[chunk]
        self.gauss_newton[chunk] = squares[layer] * np.square(first)

    def outgoing_gradients(self):
        """Mean absolute gradients of each unit's outgoing weights, summed over them."""
        network, layer, total = self.objective.network, self.layer, 0.0
        for chunk in self._chunks():
            values = network.forward(self.w, self.objective.X[chunk])
            delta = _delta_above(network, self.w, values, self.objective.targets[chunk], layer)
            sizes = np.abs(delta).sum(axis=1, keepdims=True) * self.shares[chunk]
            total = total + (np.abs(values[layer]) * sizes).sum(axis=0)
        return total

    def updates(self, unit):
        """One unit's update by each pattern, ``-delta x~``: for streams and for comparison."""
        inputs = self.inputs.toarray() if hasattr(self.inputs, "toarray") else self.inputs
        bias = np.full((len(inputs), 1), float(self.has_intercept))
        return -self.slopes[:, [unit]] * np.hstack([inputs, bias])

    def matrices(self, kappa):
        """Matrices of all units with one coefficient a pattern and unit."""
        return UnitMatrices(self.inputs, self.shares * kappa, self.has_intercept)

    def scatter(self):
        """Scatter of the updates, ``mean delta^2 x~ x~'`` (WJ92)."""
        return self.matrices(np.square(self.slopes))

    def splitting(self):
        """Splitting matrices, ``mean (dE/dz f'') x~ x~'``."""
        return self.matrices(self.bends)

    def own_hessian(self, exact=True):
        """Second derivatives of the loss in each unit's incoming weights."""
        return self.matrices(self.curvatures if exact else self.gauss_newton)


def _delta_above(network, w, values, targets, layer):
    """Derivatives of each pattern's loss by the net inputs of the layer above."""
    delta = network.output_delta(values[-1], targets)
    if layer + 1 == network.n_layers:
        return delta
    slopes = network.unit_slopes(w, values, delta, lowest=layer + 1)[layer + 1]
    return slopes * network.unit_derivatives(layer, values[layer + 1])[0]


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
    layers = [part.copy() for part in network.layers(w)]
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
    grown = Network(tuple(sizes), network.activations, network.loss)
    return grown, np.concatenate([part.ravel() for part in layers])


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
        delta = _delta_above(network, w, values, objective.targets[chunk], layer)
        gradients = gradients + (outputs * share[:, None]).T @ delta
        squares = squares + share @ np.square(outputs)
    scores = np.square(gradients).sum(axis=1) / np.maximum(squares, np.finfo(float).tiny)
    best = scores.argmax()
    return Split(layer, None, float(scores[best]), weights[best : best + 1])
