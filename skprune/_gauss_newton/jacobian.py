"""The Gauss-Newton matrix by an explicit Jacobian, in chunks of patterns."""

import numpy as np
from scipy.linalg.blas import dsyrk

from .._numerics.threads import symmetric_threads
from .kept_weights import KeptWeights, even_slices, pattern_chunks

# Numbers of Z that are squared at a time, so that they stay in the cache (a megabyte; twice as fast
# as all patterns at once for 700 weights); yet never so few rows that the products are all calls.
_CACHED_NUMBERS, _MIN_ROWS = 2**17, 64


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
    """Add ``Z'Z`` of one chunk to the upper triangle."""
    n_outputs, n_kept = objective.network.n_outputs, len(survivors)
    n_patterns = max(_CACHED_NUMBERS // (n_kept + 1), _MIN_ROWS) // n_outputs
    start, stop, _ = chunk.indices(objective.X.shape[0])
    with symmetric_threads(n_kept):
        for few in even_slices(start, stop, max(n_patterns, 1)) if n_kept else ():
            rows = _transposed(objective, w, survivors, few)
            # In place: seen from Fortran, the upper triangle is the lower one.
            into = {"beta": 1.0, "c": hessian.T, "overwrite_c": 1, "lower": 1}
            dsyrk(1.0, rows.T, trans=1, **into)


def _transposed(objective, w, survivors, chunk):
    """Z' of a chunk of patterns: with patterns last, to take inputs and units is to copy rows."""
    inputs, roots = scaled_factors(objective, w, chunk, *survivors.live)
    block = np.empty((len(survivors), objective.network.n_outputs, len(inputs[0])))
    for depth, (rows, columns) in enumerate(zip(survivors.rows, survivors.columns)):
        start, stop = survivors.bounds[depth : depth + 2]
        # (Modes other than the default write without a buffer; no place is out of range.)
        np.take(roots[depth].T, columns, axis=0, out=block[start:stop], mode="clip")
        block[start:stop] *= np.ascontiguousarray(inputs[depth].T).take(rows, axis=0)[:, None]
    return block.reshape(len(survivors), block.shape[1] * block.shape[2])
