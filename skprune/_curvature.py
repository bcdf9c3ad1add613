"""The curvature of a network in the form that its size allows: exact, block-diagonal, low-rank.

Each form is made at some weights and inverted with any damping; the inverse multiplies a vector
and makes the elimination that deletes weights by it. :func:`make_curvature` picks the form.
"""

import numpy as np
from scipy.linalg.blas import dsymv
from sklearn import get_config
from sklearn.utils.parallel import Parallel, delayed

from ._coarse_elimination import BlockElimination, LowRankInverse
from ._elimination import OBSElimination
from ._hessian import (
    DampedInverse,
    DualInverse,
    _check_finite,
    _chunks,
    _least_damping,
    _mean,
    _scaled_factors,
    _Survivors,
    gauss_newton,
)

# The dual form is taken when the Jacobian has fewer rows than this share of its columns.
_DUAL_SHARE = 0.5
# Bytes of the exact form at its peak, for each entry of the n x n matrix.
_EXACT_BYTES = 20
#: Weights of a block at most.
BLOCK_WEIGHTS = 1024
#: Rows of a low-rank curvature at most.
SKETCH_ROWS = 1024
#: Patterns that a block-diagonal curvature is made from at most.
MAX_PATTERNS = 10_000


def largest_exact():
    """The most weights whose exact form fits scikit-learn's ``working_memory``."""
    return int(np.sqrt(get_config()["working_memory"] * 2**20 / _EXACT_BYTES))


def curvature_for(objective, n_weights):
    """What makes the curvature of so many weights: `exact`, `low_rank` or `BlockCurvature`.

    Exact while the n x n matrix fits the budget; beyond it low-rank if the Jacobian has so few
    rows that all of them are taken, which is exact, too; else block-diagonal.
    """
    if n_weights <= largest_exact():
        return exact
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    return low_rank if n_rows <= SKETCH_ROWS else BlockCurvature


def exact(objective, w, kept, *, n_jobs=None):
    """The Gauss-Newton matrix of the surviving weights, by the cheaper of two ways.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : int, default=None
        Chunks of patterns are joblib tasks.
    """
    n_rows = objective.X.shape[0] * objective.network.n_outputs
    if n_rows < _DUAL_SHARE * len(kept):
        return ExactCurvature(DualInverse(objective, w, kept))
    return ExactCurvature(DampedInverse(gauss_newton(objective, w, kept, n_jobs=n_jobs)))


class OfMatrix:
    """Makes the exact form of any matrix.

    Parameters
    ----------
    hessian : callable
        ``(objective, w, kept) -> ndarray``, in the place of the Gauss-Newton matrix.
    """

    def __init__(self, hessian):
        self.hessian = hessian

    def __call__(self, objective, w, kept, *, n_jobs=None):
        return ExactCurvature(DampedInverse(self.hessian(objective, w, kept)))


def curvature_form(curvature, objective, n_weights):
    """(Of today's loop.)"""
    if curvature != "auto":
        return curvature
    return {exact: "exact", low_rank: "low_rank"}.get(curvature_for(objective, n_weights), "block")


def make_curvature(curvature, objective, w, kept, *, n_jobs=None):
    """(Of today's loop.)"""
    if callable(curvature):
        return OfMatrix(curvature)(objective, w, kept)
    form = curvature_form(curvature, objective, len(kept))
    maker = {"exact": exact, "low_rank": low_rank, "block": BlockCurvature}[form]
    return maker(objective, w, kept, n_jobs=n_jobs)


# ---- exact ------------------------------------------------------------------------------------


class ExactInverse:
    """An n x n inverse, of which the lower triangle is read."""

    def __init__(self, array):
        self.array = array

    def times(self, vector):
        """Product with a vector of shape (n,)."""
        return dsymv(1.0, self.array, vector, lower=1)

    def elimination(self, weights):
        """The elimination that starts from ``weights``; it overwrites the inverse."""
        return OBSElimination(weights, self.array)


class ExactCurvature:
    """The n x n matrix: a `DampedInverse`, or a `DualInverse` when rows are few."""

    def __init__(self, invertible):
        self.invertible = invertible

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return self.invertible.scale

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on the diagonal; ``damping_`` is what it took.

        Unless ``keep``, the next one takes its place.
        """
        array = self.invertible.invert(damping)
        self.damping_ = self.invertible.damping_
        return ExactInverse(array.copy(order="F") if keep else array)


# ---- block-diagonal ---------------------------------------------------------------------------


def unit_blocks(network, kept):
    """Blocks of weights that interact most: the weights into a unit, small units together.

    Units of a layer are packed in their order while they fit into 1,024 weights; a unit with
    more is divided evenly.

    Returns
    -------
    blocks : list of ndarray of int
        Positions in ``kept``, rising within a block.
    """
    survivors, blocks = _Survivors(network, kept), []
    for depth, units in enumerate(survivors.units):
        packed, size = [], 0
        for unit in survivors.live_units[depth]:
            own = survivors.bounds[depth] + np.flatnonzero(units == unit)
            if packed and size + len(own) > BLOCK_WEIGHTS:
                blocks.append(np.concatenate(packed))
                packed, size = [], 0
            pieces = np.array_split(own, -(-len(own) // BLOCK_WEIGHTS))
            blocks += pieces[:-1]
            packed.append(pieces[-1])
            size += len(pieces[-1])
        if packed:
            blocks.append(np.concatenate(packed))
    return [np.sort(block) for block in blocks]


class BlockInverse:
    """Inverse of a block-diagonal matrix."""

    def __init__(self, blocks, arrays):
        self.blocks, self.arrays = blocks, arrays

    def times(self, vector):
        """Product with a vector of shape (n,)."""
        product = np.empty_like(vector)
        for positions, array in zip(self.blocks, self.arrays):
            product[positions] = dsymv(1.0, array, vector[positions], lower=1)
        return product

    def elimination(self, weights):
        """The elimination that starts from ``weights``; it overwrites the inverse."""
        return BlockElimination(weights, self.blocks, self.arrays)


class BlockCurvature:
    """The blocks of the Gauss-Newton matrix that the weights of single units share.

    With f the weights of a block, at most 1,024: O(P n f) operations, n f^2 for the inverse;
    ``8 n f`` bytes, and as much again for the largest block while it is assembled. Of more than
    10,000 patterns as many are drawn at random.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : int, default=None
        Blocks are joblib tasks.
    """

    def __init__(self, objective, w, kept, *, n_jobs=None):
        self.blocks = unit_blocks(objective.network, kept)
        sample = subsample(objective, MAX_PATTERNS)
        tasks = (delayed(gauss_newton)(sample, w, kept[block]) for block in self.blocks)
        self._invertible = []
        for block, hessian in zip(self.blocks, Parallel(n_jobs=n_jobs)(tasks)):
            hessian[np.diag_indices(len(block))] += objective.decay[kept[block]]
            self._invertible.append(DampedInverse(hessian))
        self.diagonal = np.empty(len(kept))
        for block, invertible in zip(self.blocks, self._invertible):
            self.diagonal[block] = invertible.diagonal

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return _mean(self.diagonal)

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on all of the diagonal.

        Unless ``keep``, the next one takes its place.
        """
        self.damping_ = max(damping, _least_damping(self.diagonal))
        arrays = []
        while len(arrays) < len(self.blocks):
            invertible = self._invertible[len(arrays)]
            arrays.append(invertible.invert(self.damping_))
            if invertible.damping_ > self.damping_:
                # One damping for all, so that the forecast can take its share out.
                self.damping_, arrays = invertible.damping_, []
        return BlockInverse(self.blocks, [a.copy(order="F") for a in arrays] if keep else arrays)


def subsample(objective, n_patterns):
    """The data loss on at most so many patterns, drawn at random without replacement."""
    n_samples = objective.X.shape[0]
    n_drawn = min(n_patterns, n_samples)
    drawn = np.random.default_rng(0).choice(n_samples, n_drawn, replace=False)
    return objective.subset(np.sort(drawn))


# ---- low-rank ---------------------------------------------------------------------------------


def sketched_rows(objective, w, kept, n_rows):
    """Few rows Z with ``E[Z'Z]`` the Gauss-Newton matrix, without weight decay.

    The rows of the Jacobian themselves where these are no more than ``n_rows``. Else patterns are
    drawn without replacement, and each one's outputs are added up with random signs, as many
    times as rows are left for it (the Fisher information of sampled labels is the like).

    Returns
    -------
    rows : ndarray of shape (at most n_rows, n_kept)
    """
    network = objective.network
    if objective.X.shape[0] * network.n_outputs > n_rows:
        objective = subsample(objective, n_rows)
    survivors, n_samples = _Survivors(network, kept), objective.X.shape[0]
    n_signs = min(network.n_outputs, n_rows // n_samples)
    signs = np.broadcast_to(np.eye(network.n_outputs), (n_samples,) + 2 * (network.n_outputs,))
    if n_signs < network.n_outputs:
        signs = np.random.default_rng(1).choice(
            np.array([-1.0, 1.0]) / np.sqrt(n_signs), (n_samples, n_signs, network.n_outputs)
        )
    rows = np.empty((n_samples, n_signs, len(survivors)))
    for chunk in _chunks(objective, 8 * 2 * network.n_outputs * sum(network.layer_sizes)):
        inputs, roots = _scaled_factors(objective, w, chunk, *survivors.live)
        for depth, (sources, units) in enumerate(zip(survivors.rows, survivors.columns)):
            start, stop = survivors.bounds[depth : depth + 2]
            np.multiply(
                (signs[chunk] @ roots[depth])[:, :, units],
                inputs[depth][:, None, sources],
                out=rows[chunk, :, start:stop],
            )
    return rows.reshape(n_samples * n_signs, len(survivors))


def low_rank(objective, w, kept, *, n_jobs=None):
    """The curvature of at most 1,024 rows; a matrix where this is smaller than the rows."""
    rows, decay = sketched_rows(objective, w, kept, SKETCH_ROWS), objective.decay[kept]
    if len(rows) < _DUAL_SHARE * len(kept):
        return LowRankCurvature(rows, decay)
    return ExactCurvature(DampedInverse(rows.T @ rows + np.diag(decay)))


class LowRankCurvature:
    """Few rows X and a diagonal R, ``X'X + R``.

    With m rows an inversion takes O(m^2 n) operations and ``24 m n`` bytes.

    Parameters
    ----------
    rows : ndarray of shape (m, n)
        X.
    decay : ndarray of shape (n,)
        The diagonal of R.
    """

    def __init__(self, rows, decay):
        self._rows, self._decay = rows, decay
        self.diagonal = np.einsum("kq,kq->q", self._rows, self._rows) + self._decay
        _check_finite(self.diagonal)

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return _mean(self.diagonal)

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on the diagonal; it takes no other's place."""
        self.damping_ = max(damping, _least_damping(self.diagonal))
        return LowRankInverse(self._rows, self._decay + self.damping_)
