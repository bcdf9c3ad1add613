"""Derivatives of each pattern by a layer's units, as matrices and operators."""

import numpy as np
from sklearn import get_config
from sklearn.utils import gen_batches
from sklearn.utils.extmath import safe_sparse_dot

from .._numerics.arrays import dense
from .._numerics.scatter import lanczos, lanczos_start


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
            delta = delta_above(network, self.w, values, self.objective.targets[chunk], layer)
            sizes = np.abs(delta).sum(axis=1, keepdims=True) * self.shares[chunk]
            total = total + (np.abs(values[layer]) * sizes).sum(axis=0)
        return total

    def updates(self, unit):
        """One unit's update by each pattern, ``-delta x~``: for streams and for comparison."""
        inputs = dense(self.inputs)
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


def delta_above(network, w, values, targets, layer):
    """Derivatives of each pattern's loss by the net inputs of the layer above."""
    delta = network.output_delta(values[-1], targets)
    if layer + 1 == network.n_layers:
        return delta
    slopes = network.unit_slopes(w, values, delta, lowest=layer + 1)[layer + 1]
    return slopes * network.unit_derivatives(layer, values[layer + 1])[0]
