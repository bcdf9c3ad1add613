"""Feed-forward networks as functions of one flat weight vector.

Everything numerical in skprune sees a network through this package: its shapes, activations and
loss (:class:`Network`), and its penalised mean loss on fixed data
(:class:`~skprune._network.objective.Objective`).

The flat vector holds one layer after the other; a layer is the matrix ``[coef; intercept]`` of
shape ``(n_inputs + 1, n_units)`` in row-major order, its last row the biases. A network without
biases is one whose bias rows are not among the surviving weights. Direct links from the inputs to
the outputs come last, a block of shape ``(n_features, n_outputs)``: as if the output layer, next to
the units below it and the bias' 1, saw the inputs.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from .._numerics.arrays import dense
from . import derivatives
from .activations import ACTIVATIONS, HIDDEN_ACTIVATIONS, activate
from .losses import OUTPUT_PAIRS, output_loss


def network_output(coefs, intercepts, activations, X, direct_coef=None):
    """Outputs of a network given in scikit-learn's layout; coefficients may be sparse."""
    value = X
    for depth, (coef, intercept, name) in enumerate(zip(coefs, intercepts, activations), 1):
        # (scikit-learn's safe_sparse_dot takes no sparse matrices of two precisions.)
        z = dense(value @ coef) + intercept
        if direct_coef is not None and depth == len(coefs):
            z += dense(X @ direct_coef)
        value = activate(name, z)
    return value


def layer_sizes_of(coefs, intercepts, name, direct_coef=None):
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
    sizes = (shapes[0][0], *(shape[1] for shape in shapes))
    if direct_coef is not None and np.shape(direct_coef) != (sizes[0], sizes[-1]):
        raise ValueError(
            f"direct_coef_ of {name} has the shape {np.shape(direct_coef)}, but the network has "
            f"{sizes[0]} inputs and {sizes[-1]} outputs; it is a matrix of shape (n_features, "
            "n_outputs), or None."
        )
    return sizes


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
    direct_links : bool, default=False
        Whether the outputs see the inputs, next to the last hidden layer.
    """

    layer_sizes: tuple
    activations: tuple
    loss: str = "squared_error"
    direct_links: bool = False

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
        if self.direct_links and self.n_layers == 1:
            raise ValueError(
                "direct_links=True needs a hidden layer to pass by: without one, all links lead "
                f"from inputs to outputs already. Got layers of sizes {self.layer_sizes}."
            )

    @property
    def n_layers(self):
        return len(self.activations)

    @property
    def n_outputs(self):
        return self.layer_sizes[-1]

    @property
    def output_loss(self):
        """The loss of the output layer: values, derivatives and divergence."""
        return output_loss(self.loss, self.activations[-1], self.n_outputs)

    @property
    def has_independent_outputs(self):
        """Whether the loss has no curvature between two outputs."""
        return self.output_loss.has_independent_outputs

    @cached_property
    def shapes(self):
        """Shape of each layer's ``[coef; intercept]``, at the end that of the direct links."""
        sizes = self.layer_sizes
        shapes = [(n_in + 1, n_out) for n_in, n_out in pairwise(sizes)]
        return [*shapes, (sizes[0], sizes[-1])] if self.direct_links else shapes

    @cached_property
    def offsets(self):
        """Where each of these blocks starts in the flat vector, and its length at the end."""
        return np.concatenate([[0], np.cumsum([rows * cols for rows, cols in self.shapes])])

    @property
    def n_direct_inputs(self):
        """How many inputs the outputs see themselves."""
        return self.layer_sizes[0] if self.direct_links else 0

    @cached_property
    def fan_in(self):
        """How many weights each unit of a layer has: inputs, bias, the outputs' direct links."""
        counts = [n_in + 1 for n_in in self.layer_sizes[:-1]]
        counts[-1] += self.n_direct_inputs
        return counts

    @cached_property
    def layer_bounds(self):
        """Where the weights into each layer start, and their number at the end.

        Direct links are weights into the outputs: with them the last layer is a matrix of shape
        ``(fan_in, n_outputs)``.
        """
        return np.append(self.offsets[: self.n_layers], self.n_weights)

    @property
    def n_weights(self):
        return int(self.offsets[-1])

    def layers(self, w):
        """Views of a flat vector as one ``(n_inputs + 1, n_units)`` array a layer."""
        return [
            w[start : start + rows * cols].reshape(rows, cols)
            for start, (rows, cols) in zip(self.offsets, self.shapes[: self.n_layers])
        ]

    def blocks(self, w):
        """The `layers`, and the direct links where there are any."""
        return [*self.layers(w), self.direct(w)] if self.direct_links else self.layers(w)

    def direct(self, w):
        """View of a flat vector's direct links, ``(n_features, n_outputs)``, or None."""
        return w[self.offsets[-2] :].reshape(self.shapes[-1]) if self.direct_links else None

    def pack(self, coefs, intercepts, direct_coef=None, dtype=np.float64):
        """Flat vector of weights in scikit-learn's layout."""
        if (direct_coef is not None) != self.direct_links:
            raise ValueError(
                f"The network has direct_links={self.direct_links}, but direct_coef is "
                f"{'None' if direct_coef is None else 'given'}."
            )
        parts = [
            np.vstack([coef, np.reshape(intercept, (1, -1))]).ravel()
            for coef, intercept in zip(coefs, intercepts)
        ]
        if self.direct_links:
            parts.append(np.ravel(direct_coef))
        return np.concatenate(parts).astype(dtype, copy=False)

    def unpack(self, w):
        """Lists ``coefs`` and ``intercepts``, and ``direct_coef`` or None: copies of weights."""
        layers = self.layers(w)
        direct_coef = self.direct(w).copy() if self.direct_links else None
        return [x[:-1].copy() for x in layers], [x[-1].copy() for x in layers], direct_coef

    @cached_property
    def is_intercept(self):
        """Boolean flat vector: which weights are biases."""
        marks = np.zeros(self.n_weights, dtype=bool)
        for layer in self.layers(marks):
            layer[-1] = True
        return marks

    @cached_property
    def output_intercepts(self):
        """Flat indices of the output units' biases."""
        return self.layers(np.arange(self.n_weights))[self.n_layers - 1][-1]

    def groups(self):
        """Flat indices of the weights of a kind, by the attribute of estimators that holds them.

        The coefficients and the biases of each layer, and the direct links: what has a weight
        decay of its own.
        """
        groups, index = {}, np.arange(self.n_weights)
        for depth, layer in enumerate(self.layers(index)):
            groups[f"coefs_[{depth}]"] = layer[:-1].ravel()
            groups[f"intercepts_[{depth}]"] = layer[-1].copy()
        if self.direct_links:
            groups["direct_coef_"] = self.direct(index).ravel()
        return groups

    def decays(self, alphas):
        """One decay for each weight, from a dict by group; 0 for groups not named.

        A group has a number, or an array of the attribute's shape.
        """
        groups, decay = self.groups(), np.zeros(self.n_weights)
        unknown = sorted(set(alphas) - set(groups))
        if unknown:
            raise ValueError(
                f"The network has no weights named {', '.join(unknown)}; its groups are "
                f"{', '.join(groups)}."
            )
        for name, alpha in alphas.items():
            decay[groups[name]] = np.ravel(alpha)
        return decay

    def forward(self, w, X):
        """Outputs of every layer, the inputs first, the output *pre-activations* last."""
        values = [X]
        last = self.n_layers - 1
        for depth, layer in enumerate(self.layers(w)):
            z = values[-1] @ layer[:-1]
            z += layer[-1]
            if depth == last and self.direct_links:
                z += X @ self.direct(w)
            values.append(z if depth == last else self.activate(depth, z))
        return values

    def activate(self, depth, z):
        """Outputs of a hidden layer's pre-activations."""
        return activate(self.activations[depth], z)

    def slopes(self, depth, value):
        """First derivatives of a hidden layer's activation, from its outputs."""
        return ACTIVATIONS[self.activations[depth]].slope(value)

    def bends(self, depth, value):
        """Second derivatives of a hidden layer's activation, from its outputs."""
        return ACTIVATIONS[self.activations[depth]].bend(value)

    def unit_derivatives(self, depth, value):
        """First and second derivatives of a hidden layer's activation, from its outputs."""
        return self.slopes(depth, value), self.bends(depth, value)

    def output(self, b):
        """Outputs of the output pre-activations ``b``."""
        return self.output_loss.output(b)

    def predict(self, w, X):
        """Outputs, shape (n_samples, n_outputs)."""
        return self.output(self.forward(w, X)[-1])

    def output_delta(self, b, targets):
        """Gradient of each pattern's loss in its output pre-activations."""
        return self.output_loss.delta(b, targets)

    def output_jacobian(self, outputs):
        """Derivatives do/db of the outputs by their pre-activations, (n_samples, c, c)."""
        return self.output_loss.jacobian(outputs)

    def backward(self, w, values, delta):
        """Gradient, as a flat vector, from the output's delta (weights of patterns included)."""
        gradient = np.empty(self.n_weights)
        layers, parts = self.layers(w), self.layers(gradient)
        if self.direct_links:
            self.direct(gradient)[:] = values[0].T @ delta
        for depth in range(self.n_layers - 1, -1, -1):
            parts[depth][:-1] = values[depth].T @ delta
            parts[depth][-1] = delta.sum(axis=0)
            if depth:
                delta = delta @ layers[depth][:-1].T
                delta *= self.slopes(depth - 1, values[depth])
        return gradient

    jacobian_factors = derivatives.jacobian_factors
    curvature_factors = derivatives.curvature_factors
    propagate_back = derivatives.propagate_back
    sensitivities = derivatives.sensitivities
    sensitivities_backward = derivatives.sensitivities_backward
    unit_slopes = derivatives.unit_slopes
    unit_curvatures = derivatives.unit_curvatures
    hessian_product = derivatives.hessian_product
