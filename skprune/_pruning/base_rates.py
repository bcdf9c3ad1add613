"""What is left at the end of a path: a constant, the best there is."""

import numpy as np

from .._training.lbfgs import train_lbfgs

#: Largest entry of the gradient: one weight an output is soon where nothing is left to gain.
_TOL, _MAX_ITER = 1e-8, 1000


def is_constant(network, kept):
    """Whether of a network's weights none but output biases are left."""
    return bool(np.isin(kept, network.output_intercepts).all())


def best_constant(objective, kept):
    """The constant network of least loss: the base rates of the classes, or the mean.

    Parameters
    ----------
    objective : Objective
    kept : ndarray of int
        Weights that exist; none but output biases of them are used.

    Returns
    -------
    w : ndarray of shape (n_weights,)
    biases : ndarray of int
        Which weights the constant has.
    """
    network = objective.network
    biases = np.intersect1d(network.output_intercepts, kept)
    nothing = np.zeros(network.n_weights)
    found = train_lbfgs(objective, nothing, biases, max_iter=_MAX_ITER, tol=_TOL)
    return found.weights, biases
