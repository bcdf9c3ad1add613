"""The diagonal of the Gauss-Newton matrix alone, in O(P n)."""

import numpy as np

from .jacobian import scaled_factors
from .kept_weights import KeptWeights, pattern_chunks


def gauss_newton_diagonal(objective, w, kept):
    """Diagonal of the Gauss-Newton matrix plus weight decay: O(P n), no n x n array."""
    network, survivors = objective.network, KeptWeights(objective.network, kept)
    diagonal = objective.decay[survivors.kept].copy()
    numbers = 4 * sum(network.layer_sizes) + 2 * network.n_outputs * sum(network.layer_sizes[1:])
    numbers += 4 * network.n_direct_inputs
    for chunk in pattern_chunks(objective, 8 * numbers):
        inputs, roots = scaled_factors(objective, w, chunk, *survivors.live)
        for depth, (rows, cols) in enumerate(zip(survivors.rows, survivors.columns)):
            lengths = np.einsum("kcj,kcj->kj", roots[depth], roots[depth])
            squares = np.square(inputs[depth]).T @ lengths
            start, stop = survivors.bounds[depth : depth + 2]
            diagonal[start:stop] += squares[rows, cols]
    return diagonal
