"""Saliencies and deletion of weights, or groups of weights, in a quadratic model.

Pure linear algebra on a *frame* of weights: the surviving ones when the model was made. A state
prices single weights (:attr:`saliencies`), prices sets of them jointly, deletes sets one after the
other, and knows the weights after each deletion, so that any prefix can be taken back.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, solve_triangular
from scipy.linalg.blas import dsyrk

from .._numerics.symmetric import robust_cholesky
from .elimination import BLOCK, BaseElimination

# Numbers in the blocks of the groups that are priced at a time.
_PRICED_NUMBERS = 2**20

# A frame is copied to its survivors when these have become fewer than this share of it.
_COMPACTION = 0.85


class OBSElimination(BaseElimination):
    """Optimal Brain Surgeon (HS93 eq. 5) from an inverse Hessian, updated in deferred blocks.

    A set S costs ``1/2 w_S' ([H^-1]_SS)^-1 w_S`` and moves the others by
    ``-H^-1_:S ([H^-1]_SS)^-1 w_S``; the inverse of the surviving block of H is a rank-|S|
    downdate ``H^-1 - U U'``. The columns U of a block are kept aside: a column of the current
    inverse is one of the stored inverse less ``U U[q]'``, its diagonal is kept up to date, and
    one symmetric product a block brings the stored inverse up to date (n^2 operations a
    deletion, at the speed of a matrix product). 8 n^2 bytes, in the place of ``inverse``. Of a set
    that is held at values t instead of zero, ``w_S - t`` takes the place of ``w_S``.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        The unconstrained minimum of the quadratic model: the trained weights, or the Newton
        point ``w - H^-1 g`` when the gradient is not zero.
    inverse : ndarray of shape (n, n), Fortran-ordered
        Its lower triangle is the inverse Hessian. Overwritten; the upper one is not read.
    """

    def __init__(self, weights, inverse):
        self._inverse = inverse
        self._diagonal = inverse.diagonal().copy()
        super().__init__(weights)

    def _begin_block(self):
        super()._begin_block()
        limits = np.finfo(float)
        self._least = np.maximum(limits.eps * self._diagonal, limits.tiny)
        self._pending = np.empty((len(self.weights), BLOCK), order="F")
        self._coefficients = np.empty(BLOCK)
        self._ends = [0]

    @property
    def room(self):
        return BLOCK - self._ends[-1]

    @property
    def saliencies(self):
        prices = np.square(self.weights)
        prices *= 0.5
        prices /= self._diagonal
        prices[~self.alive] = np.inf
        return prices

    @property
    def variances(self):
        """Diagonal of the current inverse; meaningless for weights that are gone."""
        return self._diagonal

    def _stored_columns(self, group):
        """Columns of the stored inverse, as an array of shape (n, len(group))."""
        columns = [np.concatenate([self._inverse[q, :q], self._inverse[q:, q]]) for q in group]
        return np.stack(columns, axis=1)

    def _stored_blocks(self, groups):
        """Rows and columns of the stored inverse, (n_groups, n, n), of groups of n weights each."""
        one, other = groups[:, :, None], groups[:, None, :]
        return self._inverse[np.maximum(one, other), np.minimum(one, other)]

    def _roots(self, groups):
        """Cholesky factors of the blocks of the current inverse of groups of n weights each."""
        if groups.shape[1] == 1:
            return np.sqrt(self._diagonal[groups])[:, :, None]
        pending = self._pending[groups, : self._ends[-1]]
        blocks = self._stored_blocks(groups) - pending @ pending.transpose(0, 2, 1)
        try:
            return np.linalg.cholesky(blocks)
        except LinAlgError:
            return np.stack([robust_cholesky(block) for block in blocks])

    def joint_saliency(self, group, targets=0.0):
        """Joint price of a group: O(|S|^3)."""
        return float(self.joint_saliencies([group], [targets])[0])

    def joint_saliencies(self, groups, targets=None):
        """Joint price of each of several groups: O(|S|^3), those of one size side by side."""
        targets = targets or np.zeros(len(groups))
        prices, sizes = np.empty(len(groups)), np.array([len(group) for group in groups])
        for size in np.unique(sizes):
            same = np.flatnonzero(sizes == size)
            most = max(1, _PRICED_NUMBERS // (size * (size + self._ends[-1])))
            for few in np.array_split(same, -(-len(same) // most)):
                members = np.array([groups[number] for number in few])
                changes = np.array([self.weights[groups[n]] - targets[n] for n in few])
                halves = _forward_substituted(self._roots(members), changes)
                prices[few] = 0.5 * np.square(halves).sum(axis=1)
        return prices

    def delete(self, group, targets=0.0):
        """Delete a group, the others compensate. Returns its price."""
        if len(group) > self.room:
            self._make_room(len(group))
        done = self._ends[-1]
        columns = self._stored_columns(group)
        columns -= self._pending[:, :done] @ self._pending[group, :done].T
        root, change = self._roots(group[None])[0], self.weights[group] - targets
        if len(group) == 1:
            columns /= root[0, 0]
            half = change / root[0, 0]
        else:
            columns = solve_triangular(root, columns.T, lower=True).T
            half = solve_triangular(root, change, lower=True)
        stop = done + len(group)
        self._pending[:, done:stop] = columns
        self._coefficients[done:stop] = half
        self._ends.append(stop)
        self.weights -= columns @ half
        self._diagonal -= np.square(columns).sum(axis=1)
        # A survivor's variance cannot vanish while damping is positive: only rounding does that.
        np.maximum(self._diagonal, self._least, out=self._diagonal)
        self._mark_deleted(group)
        self.weights[~self.alive] = 0.0
        return 0.5 * float(half @ half)

    def _make_room(self, n_columns):
        extra = max(n_columns, BLOCK)
        self._pending = np.asfortranarray(
            np.hstack([self._pending, np.empty((len(self.weights), extra))])
        )
        self._coefficients = np.concatenate([self._coefficients, np.empty(extra)])

    def weights_after(self, n_steps):
        """Weights of the frame after the block's first ``n_steps`` deletions."""
        stop = self._ends[n_steps]
        weights = self._start - self._pending[:, :stop] @ self._coefficients[:stop]
        weights[self._gone] = 0.0
        for step in self.steps[:n_steps]:
            weights[step] = 0.0
        return weights

    def weights_without(self, group, targets=0.0):
        """The active weights had this group been deleted instead of the running block's."""
        columns = self._stored_columns(group)
        factor = robust_cholesky(columns[group]), True
        weights = self._start - columns @ cho_solve(factor, self._start[group] - targets)
        weights[group] = 0.0
        weights[self._gone] = 0.0
        return weights

    def commit(self):
        """Bring the stored inverse up to date with all of the block's deletions."""
        self._update_stored()
        positions = None
        if self.alive.mean() < _COMPACTION:
            positions = np.flatnonzero(self.alive)
            self._compact_stored(positions)
            self.weights, self._diagonal = self.weights[positions], self._diagonal[positions]
            self.alive = self.alive[positions]
        self._begin_block()
        return positions

    def _update_stored(self):
        done = self._ends[-1]
        dsyrk(-1.0, self._pending[:, :done], 1.0, self._inverse, lower=1, overwrite_c=1)

    def _compact_stored(self, positions):
        self._inverse = self._inverse.T[np.ix_(positions, positions)].T


def _forward_substituted(roots, values):
    """Solutions of ``roots[k] x[k] = values[k]``, the roots being lower triangles."""
    solutions = values.copy()
    for row in range(values.shape[1]):
        solutions[:, row] -= np.einsum("kj,kj->k", roots[:, row, :row], solutions[:, :row])
        solutions[:, row] /= roots[:, row, row]
    return solutions
