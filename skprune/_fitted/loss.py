"""The loss of a fitted network on given data."""

from dataclasses import dataclass

import numpy as np

from .._gauss_newton.gates import gate_curvature, gate_slope
from .._gauss_newton.matrix import gauss_newton
from .._network import Objective, noisy_objective
from .frozen import unwrap_frozen
from .reading import read_network
from .targets import check_network_data, encode_targets
from .view import FittedNetwork, split_pipeline

# Of a Hessian to be seen: 2,000 weights are a matrix of 32 MB, and more pixels than a screen has.
MAX_WEIGHTS = 2000


def evaluation_objective(estimator, network, X, targets, sample_weight, alpha):
    """The loss that a fitted estimator's network is judged by, on given samples."""
    data = (network, X, targets, sample_weight, alpha)
    return noisy_objective(input_noise_of(estimator), *data)


def input_noise_of(estimator):
    """The noise on the inputs that a fitted estimator's network was trained with."""
    return float(getattr(estimator, "input_noise_", 0.0))


@dataclass(frozen=True)
class FittedLoss:
    """A fitted network's loss on data, around its weights.

    Attributes
    ----------
    network : FittedNetwork
        Weights and names.
    objective : Objective
        Mean loss with weight decay, of the flat weights.
    weights : ndarray of shape (n_weights,)
        The fitted flat weights.
    kept : ndarray of int
        Sorted flat indices of the surviving weights.
    """

    network: FittedNetwork
    objective: Objective
    weights: np.ndarray
    kept: np.ndarray

    @classmethod
    def of(cls, estimator, X, y, *, sample_weight=None, feature_names=None, class_names=None):
        """Read a fitted estimator and encode data as its loss takes them."""
        transformer, final = split_pipeline(estimator)
        fitted = FittedNetwork.of(estimator, feature_names=feature_names, class_names=class_names)
        final = unwrap_frozen(final)
        X = X if transformer is None else transformer.transform(X)
        X, y, sample_weight = check_network_data(final, X, y, sample_weight, reset=False)
        shapes, weights, _, alpha = read_network(final)
        targets = encode_targets(final, y, shapes)
        objective = evaluation_objective(final, shapes, X, targets, sample_weight, alpha)
        masks = fitted.coef_masks, fitted.intercept_masks, fitted.direct_mask
        kept = shapes.pack(*masks, dtype=bool)
        return cls(fitted, objective, weights, np.flatnonzero(kept))

    def check_size(self):
        """Refuse networks whose Hessian is too large to be seen, or empty."""
        n_kept = len(self.kept)
        if not 0 < n_kept <= MAX_WEIGHTS:
            raise ValueError(
                f"The network has {n_kept} weights; its curvature can be shown for 1 to "
                f"{MAX_WEIGHTS}. Prune it {'less' if n_kept == 0 else 'first'}."
            )

    def labels(self):
        """Name the surviving weights, as `source→target`; the source of a bias is 1."""
        shapes, names = self.objective.network, []
        for flat in self.kept:
            layer = int(np.searchsorted(shapes.offsets, flat, side="right")) - 1
            source, target = divmod(int(flat - shapes.offsets[layer]), shapes.shapes[layer][1])
            is_bias = layer < shapes.n_layers and source == shapes.layer_sizes[layer]
            start, end = self.network.ends(layer, source, target)
            name = "1" if is_bias else self.network.unit_name(*start)
            names.append(f"{name}→{self.network.unit_name(*end)}")
        return names

    def hessian(self, *, exact=False):
        """Return the Gauss-Newton matrix of the surviving weights, or the exact Hessian."""
        if exact:
            return self.objective.hessian(self.weights, self.kept)
        return gauss_newton(self.objective, self.weights, self.kept)

    def gate_sensitivity(self, layer=0, *, order=2, exact=True):
        """Sensitivity of the loss to a gate on each unit of a layer, 0 being the inputs.

        Of order 2 the curvature in the gate (WJ92), exact or Gauss-Newton's; of order 1 the
        relevance of skeletonization.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            if order == 1:
                sensitivities = gate_slope(self.objective, self.weights, layer)
            else:
                sensitivities = gate_curvature(self.objective, self.weights, layer, exact=exact)
        if not np.isfinite(sensitivities).all():
            raise ValueError(
                f"The sensitivities of units {np.flatnonzero(~np.isfinite(sensitivities)).tolist()}"
                f" of layer {layer} are not finite: values there are squared, and must be below "
                "1e150 in size. Scale the inputs (StandardScaler) before the network."
            )
        return sensitivities

    def loss(self, values, positions):
        """Return the loss with some surviving weights changed."""
        weights = self.weights.copy()
        weights[self.kept[list(positions)]] = values
        return self.objective.value(weights)
