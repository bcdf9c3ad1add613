"""Feed-forward networks as functions of one flat weight vector.

Everything numerical in skprune sees a network through this module: its shapes, activations and
loss (:class:`Network`), and its penalised mean loss on fixed data (:class:`Objective`).

The flat vector holds one layer after the other; a layer is the matrix ``[coef; intercept]`` of
shape ``(n_inputs + 1, n_units)`` in row-major order, its last row the biases. A network without
biases is one whose bias rows are not among the surviving weights.
"""

import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.special import expit, xlogy
from sklearn.utils.extmath import safe_sparse_dot

# Net input from which a Poisson loss goes on in a straight line.
_STEEPEST = 30.0
# Relative rise of the loss that no rule forbids.
_ROUNDING = 1e-8


def _exp(z):
    # (Rates beyond this say nothing, but can still be squared and summed.)
    return np.exp(np.minimum(z, 300.0))


def _log_softmax(z):
    """Of each row; a quarter of the time of scipy's for the few columns of an output layer."""
    # Column by column in memory, or each row is a reduction of its own.
    z = np.array(z, order="F")
    z -= z.max(axis=1)[:, None]
    z -= np.log(np.exp(z).sum(axis=1))[:, None]
    return z


_FUNCTIONS = {
    "identity": lambda z: z,
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "clip": lambda z: np.clip(z, -1.0, 1.0),
    "exp": _exp,
    "softmax": lambda z: np.exp(_log_softmax(z)),
}

# First and second derivatives as functions of the unit's own output.
_DERIVATIVES = {
    "identity": np.ones_like,
    "logistic": lambda a: a * (1.0 - a),
    "tanh": lambda a: 1.0 - a * a,
    "relu": lambda a: (a > 0.0).astype(float),
    "clip": lambda a: (np.abs(a) < 1.0).astype(float),
}
_SECOND_DERIVATIVES = {
    "identity": np.zeros_like,
    "logistic": lambda a: a * (1.0 - a) * (1.0 - 2.0 * a),
    "tanh": lambda a: -2.0 * a * (1.0 - a * a),
    "relu": np.zeros_like,
    "clip": np.zeros_like,
}

# Curvature of the loss of a canonical pair in its pre-activation: the variance at that output.
_VARIANCES = {
    "identity": np.ones_like,
    "logistic": _DERIVATIVES["logistic"],
    "exp": lambda o: o,
}

# Output units of one pre-activation each; softmax mixes them.
_OUTPUT_DERIVATIVES = _DERIVATIVES | {"exp": lambda o: o}
_OUTPUT_SECOND_DERIVATIVES = _SECOND_DERIVATIVES | {"exp": lambda o: o}

HIDDEN_ACTIVATIONS = tuple(_DERIVATIVES)

#: Pairs whose gradient with respect to the output pre-activations is ``outputs - targets``; their
#: Gauss-Newton matrix is the Fisher information.
CANONICAL_PAIRS = {
    ("squared_error", "identity"),
    ("log_loss", "logistic"),
    ("log_loss", "softmax"),
    ("poisson", "exp"),
}
OUTPUT_PAIRS = CANONICAL_PAIRS | {
    ("squared_error", name) for name in ("logistic", "tanh", "relu", "clip")
}


def _flat(stack):
    return stack.reshape(-1, stack.shape[-1])


def _times(stack, matrix):
    """Product of each matrix of a stack with one matrix, as a single large product."""
    return (_flat(stack) @ matrix).reshape(*stack.shape[:-1], matrix.shape[1])


def _seen(value, rows):
    """Some of what a layer sees, dense; the row after the last input is the bias' 1."""
    n_inputs = value.shape[1]
    columns = rows[rows < n_inputs]
    taken = value if len(columns) == n_inputs else value[:, columns]
    seen = np.ones((value.shape[0], len(rows)))
    seen[:, : len(columns)] = taken.toarray() if hasattr(taken, "toarray") else taken
    return seen


def network_output(coefs, intercepts, activations, X):
    """Outputs of a network given in scikit-learn's layout; ``coefs`` may be sparse."""
    value = X
    for coef, intercept, name in zip(coefs, intercepts, activations):
        value = _FUNCTIONS[name](safe_sparse_dot(value, coef, dense_output=True) + intercept)
    return value


def layer_sizes_of(coefs, intercepts, name):
    """Number of inputs and of units of each layer, if weights in scikit-learn's layout agree."""
    shapes = [np.shape(coef) for coef in coefs]
    fit_together = (
        all(len(shape) == 2 for shape in shapes)
        and all(below[1] == above[0] for below, above in pairwise(shapes))
        and [np.size(part) for part in intercepts] == [shape[1] for shape in shapes]
    )
    if not fit_together:
        raise ValueError(
            f"The weights of {name} do not fit together: coefs_ have the shapes "
            f"{', '.join(map(str, shapes))}, intercepts_ the sizes "
            f"{', '.join(str(np.size(part)) for part in intercepts)}. A layer is a matrix of shape "
            "(n_inputs, n_units), its inputs the units of the layer before, and an intercept for "
            "each unit; transpose matrices of shape (n_units, n_inputs), such as PyTorch's."
        )
    return (shapes[0][0], *(shape[1] for shape in shapes))


@dataclass(frozen=True)
class Network:
    """Shapes, activations and loss of a feed-forward network; its weights are a flat vector.

    Parameters
    ----------
    layer_sizes : tuple of int
        Number of inputs, of units of each hidden layer, of outputs.
    activations : tuple of str
        One name a layer of units, the output's last.
    loss : {"squared_error", "log_loss", "poisson"}
        Half squared error, cross-entropy or half Poisson deviance, summed over the outputs.
    """

    layer_sizes: tuple
    activations: tuple
    loss: str = "squared_error"

    def __post_init__(self):
        if len(self.activations) != len(self.layer_sizes) - 1:
            raise ValueError(
                f"A network with layers of sizes {self.layer_sizes} needs "
                f"{len(self.layer_sizes) - 1} activations, got {self.activations}."
            )
        for name in self.activations[:-1]:
            if name not in HIDDEN_ACTIVATIONS:
                raise ValueError(
                    f"Hidden activation {name!r} is not supported; use one of {HIDDEN_ACTIVATIONS}."
                )
        if (self.loss, self.activations[-1]) not in OUTPUT_PAIRS:
            raise ValueError(
                f"Loss {self.loss!r} with output activation {self.activations[-1]!r} is not "
                f"supported; use one of {sorted(OUTPUT_PAIRS)}."
            )

    @property
    def n_layers(self):
        return len(self.activations)

    @property
    def n_outputs(self):
        return self.layer_sizes[-1]

    @property
    def is_canonical(self):
        return (self.loss, self.activations[-1]) in CANONICAL_PAIRS

    @property
    def has_independent_outputs(self):
        """Whether the loss has no curvature between two outputs."""
        return self.activations[-1] != "softmax"

    @cached_property
    def shapes(self):
        """Shape of each layer's ``[coef; intercept]``."""
        sizes = self.layer_sizes
        return [(n_in + 1, n_out) for n_in, n_out in pairwise(sizes)]

    @cached_property
    def offsets(self):
        """Where each layer starts in the flat vector, and its length at the end."""
        return np.concatenate([[0], np.cumsum([rows * cols for rows, cols in self.shapes])])

    @property
    def n_weights(self):
        return int(self.offsets[-1])

    def layers(self, w):
        """Views of a flat vector as one ``(n_inputs + 1, n_units)`` array a layer."""
        return [
            w[start : start + rows * cols].reshape(rows, cols)
            for start, (rows, cols) in zip(self.offsets, self.shapes)
        ]

    def pack(self, coefs, intercepts, dtype=np.float64):
        """Flat vector of ``coefs`` and ``intercepts`` in scikit-learn's layout."""
        return np.concatenate(
            [
                np.vstack([coef, np.reshape(intercept, (1, -1))]).ravel()
                for coef, intercept in zip(coefs, intercepts)
            ]
        ).astype(dtype, copy=False)

    def unpack(self, w):
        """Lists ``coefs`` and ``intercepts`` (copies) of a flat vector."""
        layers = self.layers(w)
        return [layer[:-1].copy() for layer in layers], [layer[-1].copy() for layer in layers]

    @cached_property
    def is_intercept(self):
        """Boolean flat vector: which weights are biases."""
        marks = np.zeros(self.n_weights, dtype=bool)
        for layer in self.layers(marks):
            layer[-1] = True
        return marks

    # ---- values ---------------------------------------------------------------------------

    def forward(self, w, X):
        """Outputs of every layer, the inputs first, the output *pre-activations* last."""
        values = [X]
        last = self.n_layers - 1
        for depth, layer in enumerate(self.layers(w)):
            z = values[-1] @ layer[:-1]
            z += layer[-1]
            values.append(z if depth == last else _FUNCTIONS[self.activations[depth]](z))
        return values

    def activate(self, depth, z):
        """Outputs of a hidden layer's pre-activations."""
        return _FUNCTIONS[self.activations[depth]](z)

    def unit_derivatives(self, depth, value):
        """First and second derivatives of a hidden layer's activation, from its outputs."""
        name = self.activations[depth]
        return _DERIVATIVES[name](value), _SECOND_DERIVATIVES[name](value)

    def output(self, b):
        """Outputs of the output pre-activations ``b``."""
        return _FUNCTIONS[self.activations[-1]](b)

    def predict(self, w, X):
        """Outputs, shape (n_samples, n_outputs)."""
        return self.output(self.forward(w, X)[-1])

    def pattern_loss(self, b, targets):
        """Loss of each pattern, summed over the outputs, from output pre-activations."""
        if self.loss == "squared_error":
            return 0.5 * np.square(self.output(b) - targets).sum(axis=1)
        if self.loss == "poisson":
            rate, excess = self._followed_rate(b, targets)
            rate *= 1.0 + excess
            return (rate - targets * b + xlogy(targets, targets) - targets).sum(axis=1)
        if self.activations[-1] == "softmax":
            return -np.einsum("kc,kc->k", targets, _log_softmax(b))
        return (np.logaddexp(0.0, b) - targets * b).sum(axis=1)

    @staticmethod
    def _followed_rate(b, targets):
        """Poisson rates, the loss being linear beyond a net input far above what targets need.

        A line search that comes upon an exponential beyond is lost.
        """
        highest = max(_STEEPEST, np.log(max(targets.max(initial=0.0), 1.0)) + 1.0)
        return np.exp(np.minimum(b, highest)), np.maximum(b - highest, 0.0)

    def null_loss(self, targets, weights):
        """Mean loss of the best constant output: the unit of explained deviance (D2, R2)."""
        mean = np.average(targets, axis=0, weights=weights)
        if self.loss == "squared_error":
            return 0.5 * np.average(np.square(targets - mean).sum(axis=1), weights=weights)
        if self.loss == "log_loss":
            mean = np.minimum(mean, 1.0)  # rounding of weighted means
        entropy = -xlogy(mean, mean)
        if self.loss == "poisson":
            return float(
                (np.average(xlogy(targets, targets), axis=0, weights=weights)).sum() + entropy.sum()
            )
        if self.activations[-1] == "logistic":
            entropy -= xlogy(1.0 - mean, 1.0 - mean)
        return float(entropy.sum())

    # ---- derivatives ----------------------------------------------------------------------

    def output_delta(self, b, targets):
        """Gradient of each pattern's loss with respect to its output pre-activations."""
        if self.loss == "poisson":
            return self._followed_rate(b, targets)[0] - targets
        outputs = self.output(b)
        delta = outputs - targets
        if not self.is_canonical:
            delta *= _DERIVATIVES[self.activations[-1]](outputs)
        return delta

    def loss_and_delta(self, b, targets):
        """`pattern_loss` and `output_delta`, which share the exponentials of softmax outputs."""
        if self.activations[-1] != "softmax":
            return self.pattern_loss(b, targets), self.output_delta(b, targets)
        logarithms = _log_softmax(b)
        return -np.einsum("kc,kc->k", targets, logarithms), np.exp(logarithms) - targets

    def backward(self, w, values, delta):
        """Gradient, as a flat vector, from the output's delta (weights of patterns included)."""
        gradient = np.empty(self.n_weights)
        layers, parts = self.layers(w), self.layers(gradient)
        for depth in range(self.n_layers - 1, -1, -1):
            parts[depth][:-1] = values[depth].T @ delta
            parts[depth][-1] = delta.sum(axis=0)
            if depth:
                delta = delta @ layers[depth][:-1].T
                delta *= _DERIVATIVES[self.activations[depth - 1]](values[depth])
        return gradient

    def curvature_root(self, outputs, smoothing=0.0):
        """Root ``S'`` of the loss curvature A = S S' in b, shape (n_samples, c) or (.., c, c).

        HS93 eq. 10-14 with the (t - o) term dropped; two-dimensional when A is diagonal. Where
        outputs are probabilities, ``smoothing`` is the share of the uniform distribution that is
        mixed with them.
        """
        name = self.activations[-1]
        if name == "softmax":
            return self.curvature_root_product(outputs, np.eye(self.n_outputs), smoothing)
        outputs = self._smoothed(outputs, smoothing)
        if self.is_canonical:
            return np.sqrt(_VARIANCES[name](outputs))
        return np.abs(_DERIVATIVES[name](outputs))

    def curvature_root_product(self, outputs, matrix, smoothing=0.0):
        """``S' matrix`` of each pattern, shape (n_samples, c, m), for a matrix of shape (c, m).

        The roots of softmax outputs o are ``diag(sqrt(o)) (I - 1 o')``: O(c m) operations a
        pattern in either case.
        """
        if self.activations[-1] != "softmax":
            return self.curvature_root(outputs, smoothing)[:, :, None] * matrix
        outputs = self._smoothed(outputs, smoothing)
        product = matrix - (outputs @ matrix)[:, None, :]
        product *= np.sqrt(outputs)[:, :, None]
        return product

    def _smoothed(self, outputs, smoothing):
        """Probabilities mixed with a share of the uniform distribution."""
        if not smoothing or self.loss != "log_loss":
            return outputs
        n_values = self.n_outputs if self.activations[-1] == "softmax" else 2
        return (1.0 - smoothing) * outputs + smoothing / n_values

    def jacobian_factors(self, w, X, smoothing=0.0, rows=None, units=None):
        """Per-layer factors of ``S' db/dw``, the Jacobian whose square is the curvature.

        Parameters
        ----------
        w : ndarray of shape (n_weights,)
        X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        smoothing : float, default=0.0
        rows : list of ndarray of int, default=None
            Rising rows of each layer (its inputs, then the bias) that are wanted; None for all.
            Of sparse inputs no others are made dense.
        units : list of ndarray of int, default=None
            Rising units of each layer that are wanted; None for all.

        Returns
        -------
        inputs : list of ndarray of shape (n_samples, n_inputs + 1) or (n_samples, len(rows))
            What each layer sees, with the bias' 1 in the last column.
        roots : list of ndarray of shape (n_samples, n_outputs, n_units)
            ``S' db/dz`` for the pre-activations z of each layer's units. The derivative of pattern
            k's c-th root output by weight (i, j) of a layer is ``inputs[k, i] * roots[k, c, j]``.
        """
        values = self.forward(w, X)
        if rows is None:
            rows = [np.arange(n_rows) for n_rows, _ in self.shapes]
        if units is None:
            units = [np.arange(width) for _, width in self.shapes]
        inputs = [_seen(value, wanted) for value, wanted in zip(values, rows)]
        return inputs, self._unit_roots(w, values, smoothing, units)

    def curvature_factors(self, w, X, pattern_weights, rows, units, smoothing=0.0):
        """Gauss-Newton matrix of the units' pre-activations z for each pattern, patterns last.

        The loss' curvature is backpropagated, ``C_lm = diag(s_l) V C_(l+1)m`` with V the weights
        into layer l + 1 and s_l the slopes of layer l: products over all the patterns at once, in
        which the outputs are summed once and for all.

        Parameters
        ----------
        w : ndarray of shape (n_weights,)
        X : {ndarray, sparse matrix} of shape (n_samples, n_features)
        pattern_weights : ndarray of shape (n_samples,)
        rows : list of ndarray of int
            Rising rows of each layer (its inputs, then the bias) that are wanted.
        units : list of ndarray of int
            Rising units of each layer that are wanted, with all those that they have weights to.
        smoothing : float, default=0.0

        Returns
        -------
        inputs : list of ndarray of shape (n_samples, len(rows))
            What each layer sees, as of `jacobian_factors`.
        curvatures : list of ndarray of shape (n_units, n_later, n_samples)
            For a layer's units, with those of the same layer and all that follow.
        """
        values, layers = self.forward(w, X), self.layers(w)
        outputs = self.output(values[-1])
        curvatures = [self._loss_curvature(outputs, units[-1], smoothing) * pattern_weights]
        for depth in range(self.n_layers - 2, -1, -1):
            later, own, n_next = curvatures[0], len(units[depth]), len(units[depth + 1])
            coef = layers[depth + 1][:-1][np.ix_(units[depth], units[depth + 1])]
            slopes = _DERIVATIVES[self.activations[depth]](values[depth + 1]).T[units[depth]]
            curvature = np.empty((own, own + later.shape[1], len(outputs)))
            np.multiply(np.tensordot(coef, later, 1), slopes[:, None], out=curvature[:, own:])
            same = np.matmul(coef, curvature[:, own : own + n_next], out=curvature[:, :own])
            same *= slopes
            curvatures.insert(0, curvature)
        return [_seen(value, wanted) for value, wanted in zip(values, rows)], curvatures

    def _loss_curvature(self, outputs, units, smoothing):
        """The loss' curvature A in some outputs' pre-activations: (n_units, n_units, n_samples)."""
        each = np.arange(len(units))
        if self.activations[-1] == "softmax":
            shares = np.ascontiguousarray(self._smoothed(outputs, smoothing).T[units])
            curvature = -shares[:, None] * shares
            curvature[each, each] += shares
        else:
            roots = self.curvature_root(outputs, smoothing)
            curvature = np.zeros((len(units), len(units), len(outputs)))
            curvature[each, each] = np.square(roots.T[units])
        return curvature

    def _unit_roots(self, w, values, smoothing, units):
        """``S' db/dz`` for the units of each layer that are wanted."""
        layers, last = self.layers(w), self.n_layers - 1
        outputs = self.output(values[-1])
        identity = np.eye(self.n_outputs)[:, units[last]]
        roots = [np.empty((len(outputs), self.n_outputs, 0))] * last
        roots.append(self.curvature_root_product(outputs, identity, smoothing))
        lowest = next((depth for depth in range(last) if len(units[depth])), last)
        for depth in range(last - 1, lowest - 1, -1):
            coef = layers[depth + 1][:-1].T
            if depth == last - 1:
                back = self.curvature_root_product(outputs, coef, smoothing)
            else:
                back = _times(back, coef)
            back *= _DERIVATIVES[self.activations[depth]](values[depth + 1])[:, None, :]
            is_all = len(units[depth]) == back.shape[2]
            roots[depth] = back if is_all else back[:, :, units[depth]]
        return roots

    def propagate_back(self, w, values, root):
        """Derivatives, by each layer's pre-activations, of what has the derivative ``root`` by b.

        Parameters
        ----------
        w : ndarray of shape (n_weights,)
        values : list of ndarray
            From ``forward``.
        root : ndarray of shape (n_samples, n_outputs, n_outputs)

        Returns
        -------
        roots : list of ndarray of shape (n_samples, n_outputs, n_units)
            One a layer; the last is ``root`` itself.
        """
        roots, layers = [root], self.layers(w)
        for depth in range(self.n_layers - 1, 0, -1):
            slope = _DERIVATIVES[self.activations[depth - 1]](values[depth])
            back = _times(roots[-1], layers[depth][:-1].T)
            back *= slope[:, None, :]
            roots.append(back)
        return roots[::-1]

    def output_jacobian(self, outputs):
        """Derivatives do/db of the outputs by their pre-activations, (n_samples, c, c)."""
        if self.activations[-1] == "softmax":
            return outputs[:, :, None] * (np.eye(self.n_outputs) - outputs[:, None, :])
        slope = _OUTPUT_DERIVATIVES[self.activations[-1]](outputs)
        return slope[:, :, None] * np.eye(self.n_outputs)

    def _output_jacobian_backward(self, outputs, bar):
        """Gradient in b of a function whose gradient in ``output_jacobian`` is ``bar``."""
        diagonal = np.einsum("kcc->kc", bar)
        if self.activations[-1] == "softmax":
            by_output = diagonal - np.einsum("kij,kj->ki", bar, outputs)
            by_output -= np.einsum("kij,ki->kj", bar, outputs)
            mean = (outputs * by_output).sum(axis=1, keepdims=True)
            return outputs * (by_output - mean)
        return diagonal * _OUTPUT_SECOND_DERIVATIVES[self.activations[-1]](outputs)

    def sensitivities(self, w, X):
        """Values of all layers, and the derivatives do/dz of the outputs by each layer's z.

        The derivative of pattern k's output c by weight (i, j) of a layer is the product
        ``values[depth][k, i] * sensitivities[depth][k, c, j]``, with 1 as the bias' input: the
        n_outputs x n_weights Jacobian of a pattern has this few factors.

        Returns
        -------
        values : list of ndarray
            From ``forward``.
        sensitivities : list of ndarray of shape (n_samples, n_outputs, n_units)
        """
        values = self.forward(w, X)
        root = self.output_jacobian(self.output(values[-1]))
        return values, self.propagate_back(w, values, root)

    def sensitivities_backward(self, w, values, sensitivities, bars, value_bars):
        """Gradient in the weights of a function of the output Jacobian's factors.

        Backpropagation through :meth:`sensitivities`: the sum over patterns and outputs of
        Hessians of single outputs times per-pattern directions (Pearlmutter's R-pass, with the
        rank one of each direction's layers used). O(c n) operations a pattern.

        Parameters
        ----------
        w : ndarray of shape (n_weights,)
        values, sensitivities : list of ndarray
            From ``sensitivities``.
        bars : list of ndarray of shape (n_samples, n_outputs, n_units)
            Derivatives of the function by the sensitivities; overwritten.
        value_bars : list of ndarray of shape (n_samples, n_units)
            Derivatives by the values of the hidden layers; overwritten.
        """
        layers = self.layers(w)
        gradient = np.empty(self.n_weights)
        parts = self.layers(gradient)
        bends = []
        for depth in range(1, self.n_layers):
            name, bar = self.activations[depth - 1], bars[depth - 1]
            coef, above = layers[depth][:-1], sensitivities[depth]
            bend = np.einsum("kcj,kcj->kj", bar, _times(above, coef.T))
            bends.append(bend * _SECOND_DERIVATIVES[name](values[depth]))
            bar *= _DERIVATIVES[name](values[depth])[:, None, :]
            bars[depth] += _times(bar, coef)
            parts[depth][:-1] = _flat(bar).T @ _flat(above)
            parts[depth][-1] = 0.0
        delta = self._output_jacobian_backward(self.output(values[-1]), bars[-1])
        for depth in range(self.n_layers - 1, -1, -1):
            by_coef = values[depth].T @ delta
            if depth:
                parts[depth][:-1] += by_coef
                parts[depth][-1] += delta.sum(axis=0)
                back = value_bars[depth - 1]
                back += delta @ layers[depth][:-1].T
                back *= _DERIVATIVES[self.activations[depth - 1]](values[depth])
                delta = back + bends[depth - 1]
            else:
                parts[0][:-1], parts[0][-1] = by_coef, delta.sum(axis=0)
        return gradient

    def _output_curvature_product(self, b, targets, direction):
        """Exact second derivative of the loss in b, applied to a direction (n_samples, c)."""
        outputs = self.output(b)
        name = self.activations[-1]
        if name == "softmax":
            return outputs * (direction - (outputs * direction).sum(axis=1, keepdims=True))
        if name == "exp":
            return outputs * direction
        slope = _DERIVATIVES[name](outputs)
        if self.is_canonical:
            return slope * direction
        return (slope**2 + (outputs - targets) * _SECOND_DERIVATIVES[name](outputs)) * direction

    def unit_slopes(self, w, values, delta, lowest=0):
        """Derivatives of something by the outputs of units, from its derivative ``delta`` by b.

        Parameters
        ----------
        w : ndarray of shape (n_weights,)
        values : list of ndarray
            From ``forward``.
        delta : ndarray of shape (n_samples, n_outputs)
        lowest : int, default=0
            The layer to stop at, 0 the inputs.

        Returns
        -------
        slopes : list of ndarray of shape (n_samples, n_units)
            One a layer; None below ``lowest`` and for the outputs.
        """
        layers, slopes = self.layers(w), [None] * self.n_layers
        for depth in range(self.n_layers - 1, lowest - 1, -1):
            slopes[depth] = delta @ layers[depth][:-1].T
            if depth > lowest:
                delta = slopes[depth] * _DERIVATIVES[self.activations[depth - 1]](values[depth])
        return slopes

    def unit_curvatures(self, w, values, targets, *, exact=True, lowest=0):
        """First and second derivatives of each pattern's loss by the output of each unit.

        Second-order backpropagation of a root of the loss' Hessian in the units of a layer: its
        rows are those of the layer above, and one a unit above for the bend of its activation,
        which the Gauss-Newton approximation leaves out.

        Parameters
        ----------
        w : ndarray of shape (n_weights,)
        values : list of ndarray
            From ``forward``.
        targets : ndarray of shape (n_samples, n_outputs)
        exact : bool, default=True
            Whether bends count.
        lowest : int, default=0
            The layer to stop at, 0 the inputs.

        Returns
        -------
        slopes, curvatures : list of ndarray of shape (n_samples, n_units)
            One a layer; None below ``lowest`` and for the outputs.
        """
        layers, curvatures = self.layers(w), [None] * self.n_layers
        delta = self.output_delta(values[-1], targets)
        slopes = self.unit_slopes(w, values, delta, lowest)
        rows, scales = self._output_curvature_rows(values[-1], targets, exact)
        bend = None
        for depth in range(self.n_layers - 1, lowest - 1, -1):
            coef = layers[depth][:-1]
            rows = _times(rows, coef.T)
            curvatures[depth] = np.einsum("kr,krj->kj", scales, np.square(rows))
            if bend is not None:
                curvatures[depth] += bend @ np.square(coef).T
            if depth == lowest:
                break
            if bend is not None:
                above = np.broadcast_to(coef.T, (len(rows), *coef.T.shape))
                rows = np.concatenate([rows, above], axis=1)
                scales = np.concatenate([scales, bend], axis=1)
            name = self.activations[depth - 1]
            rows *= _DERIVATIVES[name](values[depth])[:, None, :]
            if exact:
                bend = slopes[depth] * _SECOND_DERIVATIVES[name](values[depth])
        return slopes, curvatures

    def _output_curvature_rows(self, b, targets, exact):
        """Rows R and scales s with ``R' diag(s) R`` the loss' Hessian in b, for each pattern."""
        outputs = self.output(b)
        if self.activations[-1] == "softmax":
            return self.curvature_root(outputs), np.ones_like(outputs)
        if exact:
            scales = self._output_curvature_product(b, targets, np.ones_like(outputs))
        else:
            scales = np.square(self.curvature_root(outputs))
        return np.broadcast_to(np.eye(self.n_outputs), (len(b), *[self.n_outputs] * 2)), scales

    def hessian_product(self, w, v, X, targets, weights):
        """Exact Hessian of the weighted mean loss times a flat vector (Pearlmutter's R-pass)."""
        layers, directions = self.layers(w), self.layers(v)
        values = self.forward(w, X)
        r_inputs, r_sums = [None], []
        for depth, (layer, step) in enumerate(zip(layers, directions)):
            r_sum = values[depth] @ step[:-1] + step[-1]
            if depth:
                r_sum += r_inputs[-1] @ layer[:-1]
            r_sums.append(r_sum)
            if depth < self.n_layers - 1:
                r_inputs.append(_DERIVATIVES[self.activations[depth]](values[depth + 1]) * r_sum)
        scale = (weights / weights.sum())[:, None]
        delta = scale * self.output_delta(values[-1], targets)
        r_delta = scale * self._output_curvature_product(values[-1], targets, r_sums[-1])
        product = np.empty(self.n_weights)
        parts = self.layers(product)
        for depth in range(self.n_layers - 1, -1, -1):
            parts[depth][:-1] = values[depth].T @ r_delta
            parts[depth][-1] = r_delta.sum(axis=0)
            if depth:
                parts[depth][:-1] += r_inputs[depth].T @ delta
                name, value = self.activations[depth - 1], values[depth]
                back = delta @ layers[depth][:-1].T
                r_back = r_delta @ layers[depth][:-1].T + delta @ directions[depth][:-1].T
                slope = _DERIVATIVES[name](value)
                bend = _SECOND_DERIVATIVES[name](value) * r_sums[depth - 1]
                delta, r_delta = slope * back, bend * back + slope * r_back
        return product


class Objective:
    """Mean loss of a network on fixed data plus weight decay, of the flat weights.

    ``sum_k s_k loss_k / sum_k s_k + alpha / (2 sum_k s_k) |coefs|^2``: scikit-learn's convention
    for ``alpha``, with squared errors summed (not averaged) over the outputs.

    Parameters
    ----------
    network : Network
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), default=None
        Patterns of weight zero are left out.
    alpha : float, default=0.0

    Attributes
    ----------
    smoothing : float
        Share of the uniform distribution in the probabilities that the Gauss-Newton matrix is
        taken at; changes neither loss nor gradient.
    n_versions : int
        How many patterns each sample has: all samples in their order, so many times.
    """

    smoothing = 0.0
    n_versions = 1

    def __init__(self, network, X, targets, sample_weight=None, alpha=0.0):
        weights = np.ones(X.shape[0]) if sample_weight is None else np.asarray(sample_weight, float)
        if not weights.all():
            seen = np.flatnonzero(weights)
            X, targets, weights = X[seen], targets[seen], weights[seen]
        self.network = network
        self.X = X.astype(np.float64, copy=False)
        self.targets = np.asarray(targets, dtype=np.float64)
        self.weights = weights
        self.total = weights.sum()
        self.decay = np.where(network.is_intercept, 0.0, alpha / self.total)

    def subset(self, rows):
        """The data loss (no weight decay) on some of the patterns."""
        part = Objective(self.network, self.X[rows], self.targets[rows], self.weights[rows])
        return part.smoothed(self.smoothing)

    def smoothed(self, smoothing):
        """The same objective with another ``smoothing``."""
        other = copy.copy(self)
        other.smoothing = smoothing
        return other

    def for_model(self, number, w, n_weights):
        """The loss that the pruning loop's model of this number, at ``w``, is made of."""
        return self

    def for_retraining(self, number):
        """The loss that the pruning loop's retraining of this number goes by."""
        return self

    def for_training(self):
        """The loss for networks that are not trained any further."""
        return self

    def data_loss(self, w):
        """Mean loss without the penalty."""
        b = self.network.forward(w, self.X)[-1]
        return float(self.weights @ self.network.pattern_loss(b, self.targets) / self.total)

    def penalty(self, w):
        """Weight decay's part of the objective."""
        return 0.5 * float(self.decay @ (w * w))

    def value(self, w):
        """Mean loss plus weight decay."""
        return self.data_loss(w) + self.penalty(w)

    def value_and_gradient(self, w):
        """The objective and its gradient."""
        network = self.network
        values = network.forward(w, self.X)
        losses, delta = network.loss_and_delta(values[-1], self.targets)
        loss = self.weights @ losses / self.total
        delta *= (self.weights / self.total)[:, None]
        gradient = network.backward(w, values, delta)
        gradient += self.decay * w
        return float(loss) + self.penalty(w), gradient

    def null_loss(self):
        """Mean loss of the best constant model."""
        return self.network.null_loss(self.targets, self.weights)

    def allowed_rise(self, threshold):
        """Rise of the mean loss that is a fall of explained deviance by ``threshold``.

        Never less than what rounding of numbers may bring.
        """
        null_loss = self.null_loss()
        size = self.weights @ np.square(self.targets).mean(axis=1) / self.total or 1.0
        # Where a constant model makes no error, explained deviance is undefined. (Rounding of the
        # residuals is squared with them.)
        rounding = 100 * np.finfo(float).eps
        is_squared = self.network.loss == "squared_error"
        is_constant = null_loss <= rounding ** (2 if is_squared else 1) * size
        return _ROUNDING * size if is_constant else max(threshold, _ROUNDING) * null_loss

    def hessian(self, w, kept):
        """Exact Hessian restricted to the weights ``kept``: one R-pass a column, O(P n^2)."""
        columns = np.empty((len(kept), len(kept)))
        direction = np.zeros(self.network.n_weights)
        for column, index in enumerate(kept):
            direction[index] = 1.0
            product = self.network.hessian_product(w, direction, self.X, self.targets, self.weights)
            columns[:, column] = product[kept]
            direction[index] = 0.0
        columns += columns.T
        columns *= 0.5
        columns[np.diag_indices(len(kept))] += self.decay[kept]
        return columns
