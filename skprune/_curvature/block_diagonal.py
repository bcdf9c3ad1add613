"""A block-diagonal curvature: its blocks, their inverses, elimination."""

from collections import Counter

import numpy as np
from scipy.linalg.blas import dsymv
from sklearn.utils.parallel import Parallel, delayed

from .._gauss_newton.kept_weights import KeptWeights
from .._gauss_newton.matrix import gauss_newton
from .._numerics.symmetric import least_damping, mean_diagonal
from .dense_elimination import OBSElimination
from .elimination import BLOCK
from .exact import InPlaceCholesky

#: Weights of a block at most.
BLOCK_WEIGHTS = 1024

#: Patterns that a block-diagonal curvature is made from at most.
MAX_PATTERNS = 10_000


class BlockElimination:
    """Optimal Brain Surgeon in a block-diagonal Hessian: each block has its own elimination.

    A deletion moves the weights of its own block alone, and a set costs the sum of what its parts
    cost in their blocks. O(n_block^2) operations a deletion.

    Parameters
    ----------
    weights : ndarray of shape (n,)
    blocks : list of ndarray of int
        Positions of the weights of each block; together all positions.
    inverses : list of ndarray of shape (n_block, n_block), Fortran-ordered
        Lower triangle of each block's inverse; overwritten.
    """

    def __init__(self, weights, blocks, inverses):
        self._parts = [OBSElimination(weights[at], own) for at, own in zip(blocks, inverses)]
        self._place(blocks)
        self._steps = []

    def _place(self, blocks):
        """Look-up tables from the frame to the blocks and back."""
        self._blocks = blocks
        size = sum(len(positions) for positions in blocks)
        self._block_of, self._position = np.empty((2, size), dtype=np.intp)
        self._prices = np.empty(size)
        for number, positions in enumerate(blocks):
            self._block_of[positions] = number
            self._position[positions] = np.arange(len(positions))
            self._prices[positions] = self._parts[number].saliencies

    def _gathered(self, values):
        gathered = np.empty(len(self._prices))
        for positions, own in zip(self._blocks, values):
            gathered[positions] = own
        return gathered

    @property
    def weights(self):
        """The frame's current weights."""
        return self._gathered([part.weights for part in self._parts])

    @property
    def saliencies(self):
        return self._prices.copy()

    @property
    def room(self):
        """How many more deletions fit into the running block of steps."""
        return BLOCK - len(self._steps)

    def _split(self, group, targets=0.0):
        """The group's parts, ``(number of a block, positions in it, their targets)``."""
        owners, targets = self._block_of[group], np.broadcast_to(targets, len(group))
        for number in np.unique(owners):
            own = owners == number
            yield number, self._position[group[own]], targets[own]

    def joint_saliency(self, group, targets=0.0):
        """Joint price of a group."""
        if not np.any(targets) and len(np.unique(self._block_of[group])) == len(group):
            return float(self._prices[group].sum())
        parts = self._split(group, targets)
        return sum(self._parts[number].joint_saliency(own, to) for number, own, to in parts)

    def joint_saliencies(self, groups, targets=None):
        """Joint price of each of several groups."""
        pairs = zip(groups, targets or np.zeros(len(groups)))
        return np.array([self.joint_saliency(group, values) for group, values in pairs])

    def delete(self, group, targets=0.0):
        """Delete a group, the others of its blocks compensate. Returns its price."""
        price, touched = 0.0, []
        for number, own, own_targets in self._split(group, targets):
            price += self._parts[number].delete(own, own_targets)
            self._prices[self._blocks[number]] = self._parts[number].saliencies
            touched.append(number)
        self._steps.append(touched)
        return price

    def weights_after(self, n_steps):
        """Weights of the frame after the running block's first ``n_steps`` deletions."""
        counts = Counter(number for step in self._steps[:n_steps] for number in step)
        parts = enumerate(self._parts)
        return self._gathered([part.weights_after(counts[number]) for number, part in parts])

    def weights_without(self, group, targets=0.0):
        """The active weights had this group been deleted instead of the running block's."""
        values = [part.weights_after(0) for part in self._parts]
        for number, own, to in self._split(group, targets):
            values[number] = self._parts[number].weights_without(own, to)
        return self._gathered(values)

    def commit(self):
        """Accept the deletions. Returns None, or the frame's positions that remain."""
        blocks = list(self._blocks)
        for number in {number for step in self._steps for number in step}:
            positions = self._parts[number].commit()
            if positions is not None:
                blocks[number] = blocks[number][positions]
        self._steps = []
        remaining = np.sort(np.concatenate(blocks))
        if len(remaining) == len(self._prices):
            return None
        self._place([np.searchsorted(remaining, positions) for positions in blocks])
        return remaining


def unit_blocks(network, kept):
    """Blocks of weights that interact most: the weights into a unit, small units together.

    Units of a layer are packed in their order while they fit into 1,024 weights; a unit with
    more is divided evenly.

    Returns
    -------
    blocks : list of ndarray of int
        Positions in ``kept``, rising within a block.
    """
    survivors, blocks = KeptWeights(network, kept), []
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
    """Inverse of a block-diagonal matrix, and the damping that it took."""

    def __init__(self, blocks, arrays, damping):
        self.blocks, self.arrays, self.damping = blocks, arrays, damping

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
            self._invertible.append(InPlaceCholesky(hessian))
        self.diagonal = np.empty(len(kept))
        for block, invertible in zip(self.blocks, self._invertible):
            self.diagonal[block] = invertible.diagonal

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return mean_diagonal(self.diagonal)

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on all of the diagonal.

        Unless ``keep``, the next one takes its place.
        """
        damping = max(damping, least_damping(self.diagonal))
        arrays = []
        while len(arrays) < len(self.blocks):
            array, taken = self._invertible[len(arrays)].invert(damping)
            arrays.append(array)
            if taken > damping:
                # One damping for all, so that the forecast can take its share out.
                damping, arrays = taken, []
        arrays = [array.copy(order="F") for array in arrays] if keep else arrays
        return BlockInverse(self.blocks, arrays, damping)


def subsample(objective, n_patterns):
    """The data loss on at most so many patterns, drawn at random without replacement."""
    n_samples = objective.X.shape[0]
    n_drawn = min(n_patterns, n_samples)
    drawn = np.random.default_rng(0).choice(n_samples, n_drawn, replace=False)
    return objective.subset(np.sort(drawn))
