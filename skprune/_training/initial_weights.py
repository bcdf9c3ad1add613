"""Weights to start a training from."""

import numpy as np


def initial_weights(network, fit_intercept, random_state):
    """Glorot's uniform weights, as scikit-learn's MLPs draw them."""
    w = np.zeros(network.n_weights)
    for layer, name in zip(network.layers(w), network.activations):
        factor = 2.0 if name == "logistic" else 6.0
        bound = np.sqrt(factor / (len(layer) - 1 + layer.shape[1]))
        rows = layer if fit_intercept else layer[:-1]
        rows[:] = random_state.uniform(-bound, bound, rows.shape)
    return w
