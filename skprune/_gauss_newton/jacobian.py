"""The Gauss-Newton matrix by an explicit Jacobian, in chunks of patterns."""

import numpy as np

from .._numerics.threads import symmetric_threads
from .kept_weights import KeptWeights, pattern_chunks


def scaled_factors(objective, w, chunk, live_inputs, live_units):
    """Inputs and curvature roots of a chunk's patterns, scaled by the root of their weight."""
    network, X = objective.network, objective.X[chunk]
    inputs, roots = network.jacobian_factors(w, X, objective.smoothing, live_inputs, live_units)
    scale = np.sqrt(objective.weights[chunk] / objective.total)
    for root in roots:
        root *= scale[:, None, None]
    return inputs, roots


def jacobian_chunks(objective, w, kept):
    """Yield Z chunk by chunk, arrays of shape (n_chunk * n_outputs, n_kept)."""
    survivors = KeptWeights(objective.network, kept)
    for chunk in pattern_chunks(objective, jacobian_bytes(objective.network, survivors)):
        yield jacobian_of(objective, w, survivors, chunk)


def jacobian_bytes(network, survivors):
    return 8 * 2 * network.n_outputs * (len(survivors) + 1)


def jacobian_of(objective, w, survivors, chunk):
    """Z of a chunk of patterns."""
    inputs, roots = scaled_factors(objective, w, chunk, *survivors.live)
    n_outputs = objective.network.n_outputs
    block = np.empty((len(inputs[0]), n_outputs, len(survivors)))
    for depth, (rows, cols) in enumerate(zip(survivors.rows, survivors.columns)):
        start, stop = survivors.bounds[depth : depth + 2]
        np.multiply(
            roots[depth][:, :, cols], inputs[depth][:, None, rows], out=block[:, :, start:stop]
        )
    return block.reshape(block.shape[0] * n_outputs, len(survivors))


def add_product(hessian, objective, w, survivors, chunk):
    """Add ``Z'Z`` of one chunk, both triangles."""
    block = jacobian_of(objective, w, survivors, chunk)
    with symmetric_threads(len(survivors)):
        hessian += block.T @ block
