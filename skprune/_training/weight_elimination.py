"""Weight elimination: value and gradient."""

import numpy as np


class WeightEliminationPenalty:
    """``sum (w/w0)^2 / (1 + (w/w0)^2)``: about the number of weights larger than ``w0``.

    Weigend, Rumelhart & Huberman 1991. Small weights are decayed, large ones are let alone.

    Parameters
    ----------
    network : Network
    kept : ndarray of int
        Flat indices of the weights that are penalised.
    w0 : float
    """

    def __init__(self, network, kept, w0):
        self.kept, self.w0 = kept, w0
        self.n_weights = network.n_weights

    def value(self, w, X=None, weights=None):
        """The penalty; the data play no part."""
        squares = np.square(w[self.kept] / self.w0)
        return float((squares / (1.0 + squares)).sum())

    def value_and_gradient(self, w, X=None, weights=None):
        """The penalty and its gradient."""
        gradient = np.zeros(self.n_weights)
        ratio = w[self.kept] / self.w0
        gradient[self.kept] = 2.0 * ratio / self.w0 / np.square(1.0 + np.square(ratio))
        return self.value(w), gradient
