"""The loss of samples that are left out, one at a time, without training again.

A network trained without a sample is one Newton step from the network with it: with J the Jacobian
of the sample's output pre-activations b, g and ``S S'`` its loss' gradient and curvature in b, and
A the curvature of all samples and the decays,

    b_without = b + H (I - S S' H)^-1 g,    H = J A^-1 J'.

For squared errors of a linear network this is exact. To be believed at a well-regularised minimum
only; but a network that owes a sample's fit to that sample is found out.
"""

from dataclasses import replace

import numpy as np

from .._gauss_newton.jacobian import jacobian_of
from .._gauss_newton.kept_weights import KeptWeights
from .block_diagonal import subsample
from .regularised import regularised_curvature

# Share of a sample's own fit that is its own doing, at most: beyond, the step has no digits left.
_MOST_LEVERAGE = 0.99


def leave_one_out_loss(objective, w, kept, noise_variance=1.0, max_patterns=None):
    """Mean loss of samples that the network has not seen, as far as one step tells.

    Parameters
    ----------
    objective : Objective
        With the decays. Weights count samples: it is always one sample that is left out.
    w : ndarray of shape (n_weights,)
        A minimum of the objective.
    kept : ndarray of int
        Sorted flat indices of the weights that exist.
    noise_variance : float, default=1.0
        Of squared errors.
    max_patterns : int, default=None
        At most so many patterns are left out, and make the curvature; None for all.

    Returns
    -------
    loss : float
    """
    samples = objective.total / noise_variance
    curvature = regularised_curvature(objective, w, kept, max_patterns)
    left_out = subsample(objective, objective.X.shape[0] if max_patterns is None else max_patterns)
    network, b = objective.network, objective.network.forward(w, left_out.X)[-1]
    spreads = curvature.spreads(objective.decay[kept], output_jacobian(left_out, w, kept))
    spreads /= samples
    roots = network.output_loss.root_product(network.output(b), np.eye(network.n_outputs))
    roots /= np.sqrt(noise_variance)
    gradients = network.output_delta(b, left_out.targets) / noise_variance
    step = _step(spreads, roots, gradients)
    losses = network.output_loss.value(b + step, left_out.targets)
    return float(left_out.weights @ losses / left_out.total)


def _step(spreads, roots, gradients):
    """``H (I - S S' H)^-1 g`` of each pattern: ``H g + H S (I - S' H S)^-1 S' H g``."""
    direct = np.einsum("kcd,kd->kc", spreads, gradients)
    values, vectors = np.linalg.eigh(roots @ spreads @ roots.transpose(0, 2, 1))
    shares = 1.0 - np.clip(values, 0.0, _MOST_LEVERAGE)
    coordinates = np.einsum("kcd,kc->kd", vectors, np.einsum("kcd,kd->kc", roots, direct)) / shares
    back = np.einsum("kcd,kd->kc", vectors, coordinates)
    return direct + np.einsum("kcd,ked,ke->kc", spreads, roots.transpose(0, 2, 1), back)


def output_jacobian(objective, w, kept):
    """Derivatives of the output pre-activations by the kept weights, (n_samples, c, n_kept)."""
    network = objective.network
    linear = replace(
        network, activations=(*network.activations[:-1], "identity"), loss="squared_error"
    )
    n_samples = objective.X.shape[0]
    plain = objective.with_network(linear)
    rows = jacobian_of(plain, w, KeptWeights(linear, kept), slice(None))
    rows = rows.reshape(n_samples, network.n_outputs, len(kept))
    return rows / np.sqrt(plain.weights / plain.total)[:, None, None]
