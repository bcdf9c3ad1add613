"""The kept weights by layer, and chunks of patterns of bounded memory."""

from itertools import pairwise

import numpy as np
from scipy.sparse import issparse
from sklearn import get_config

# Never fewer patterns a chunk than this: below it the products lose their speed.
_MIN_CHUNK = 64


class KeptWeights:
    """The surviving weights of each layer as rows (inputs) and columns (units).

    Direct links are weights into the outputs: rows of the last layer beyond its bias.

    Attributes
    ----------
    bounds : ndarray of int
        Where each layer starts among the survivors.
    inputs, units : list of ndarray of int
        Input and unit of each surviving weight of a layer.
    live_inputs, live_units : list of ndarray of int
        Those of a layer that have a surviving weight at all.
    rows, columns : list of ndarray of int
        `inputs` and `units` as positions among the live ones.
    """

    def __init__(self, network, kept):
        self.kept = np.asarray(kept, dtype=np.intp)
        self.bounds = np.searchsorted(self.kept, network.layer_bounds)
        self.inputs, self.units = [], []
        self.live_inputs, self.live_units, self.rows, self.columns = [], [], [], []
        for depth, width in enumerate(network.layer_sizes[1:]):
            start, stop = self.bounds[depth : depth + 2]
            inputs, units = np.divmod(self.kept[start:stop] - network.offsets[depth], width)
            self.inputs.append(inputs)
            self.units.append(units)
            live, rows = _distinct(inputs)
            self.live_inputs.append(live)
            self.rows.append(rows)
            live, columns = _distinct(units)
            self.live_units.append(live)
            self.columns.append(columns)

    def __len__(self):
        return len(self.kept)

    @property
    def live(self):
        return self.live_inputs, self.live_units


def _distinct(numbers):
    """Those that occur, rising, and where among them each one is: without a sort."""
    occurs = np.bincount(numbers) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


def pattern_chunks(objective, bytes_a_pattern, least=_MIN_CHUNK):
    """Slices of patterns that fit scikit-learn's ``working_memory``, whatever ``n_jobs``."""
    n_samples = objective.X.shape[0]
    budget = get_config()["working_memory"] * 2**20
    size = max(least, int(budget // max(bytes_a_pattern, 1)))
    return [slice(start, start + size) for start in range(0, n_samples, size)]


def even_slices(start, stop, size):
    """Slices of about ``size`` patterns, all alike."""
    edges = np.linspace(start, stop, max(1, round((stop - start) / size)) + 1).astype(int)
    return [slice(low, high) for low, high in pairwise(edges.tolist())]


def pattern_counts(X):
    """In how many patterns each input is not zero."""
    # (SciPy's own count sorts the indices of the matrix it is given.)
    if issparse(X):
        return np.bincount(X.indices[X.data != 0], minlength=X.shape[1])
    return np.count_nonzero(X, axis=0)
