"""Deletion of weights in curvatures that are cheaper than an n x n matrix.

The same interface as the eliminations of `_elimination`: prices, deletions in deferred blocks, and
the weights after any prefix of a block.
"""

from collections import Counter

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotri

from ._elimination import BLOCK, OBSElimination, robust_cholesky


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

    def _split(self, group):
        """The group's parts, ``(number of a block, positions in it)``."""
        owners = self._block_of[group]
        return [(number, self._position[group[owners == number]]) for number in np.unique(owners)]

    def price(self, group):
        """Joint price of a group."""
        if len(np.unique(self._block_of[group])) == len(group):
            return float(self._prices[group].sum())
        return sum(self._parts[number].price(own) for number, own in self._split(group))

    def prices(self, groups):
        """Joint price of each of several groups."""
        return np.array([self.price(group) for group in groups])

    def delete(self, group):
        """Delete a group, the others of its blocks compensate. Returns its price."""
        price, touched = 0.0, self._split(group)
        for number, own in touched:
            price += self._parts[number].delete(own)
            self._prices[self._blocks[number]] = self._parts[number].saliencies
        self._steps.append([number for number, _ in touched])
        return price

    def weights_after(self, n_steps):
        """Weights of the frame after the running block's first ``n_steps`` deletions."""
        counts = Counter(number for step in self._steps[:n_steps] for number in step)
        parts = enumerate(self._parts)
        return self._gathered([part.weights_after(counts[number]) for number, part in parts])

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


class LowRankInverse:
    """Inverse of a diagonal plus few rows, ``(D + X'X)^-1 = D^-1 - D^-1 X' M X D^-1``.

    ``M = (I + X D^-1 X')^-1`` is the m x m dual matrix. Making it takes O(m^2 n) operations;
    ``8 (2 m n + 4 m^2)`` bytes.

    Parameters
    ----------
    rows : ndarray of shape (m, n)
        X; not modified.
    ridge : ndarray of shape (n,)
        The diagonal of D, positive.
    """

    def __init__(self, rows, ridge):
        self._rows, self._variances = rows, 1.0 / ridge
        scaled = rows * np.sqrt(self._variances)
        self._gram = np.eye(len(rows)) + scaled @ scaled.T
        self._dual, root = _inverse_and_root(self._gram)
        half = solve_triangular(root, scaled, lower=True, overwrite_b=True)
        shares = 1.0 - np.einsum("kq,kq->q", half, half)
        # Rounding leaves nothing of a variance that the rows explain almost wholly.
        self._diagonal = self._variances * np.maximum(shares, np.finfo(float).eps)

    def diagonal(self):
        """Variances of the weights, ndarray of shape (n,)."""
        return self._diagonal

    def times(self, vector):
        """Product with a vector of shape (n,)."""
        scaled = self._variances * vector
        return scaled - self._variances * (self._rows.T @ (self._dual @ (self._rows @ scaled)))

    def elimination(self, weights):
        """The elimination that starts from ``weights``; it modifies the inverse."""
        return LowRankElimination(weights, self)

    def columns(self, group):
        """Columns, ndarray of shape (n, len(group))."""
        variances = self._variances[group]
        columns = self._rows.T @ (self._dual @ (self._rows[:, group] * -variances))
        columns *= self._variances[:, None]
        columns[group, np.arange(len(group))] += variances
        return columns

    def blocks(self, groups):
        """Rows and columns, (n_groups, n, n), of groups of n weights each."""
        n_groups, size = groups.shape
        scaled = self._rows[:, groups.ravel()] * self._variances[groups.ravel()]
        products = (self._dual @ scaled).reshape(-1, n_groups, size).transpose(1, 0, 2)
        blocks = scaled.reshape(-1, n_groups, size).transpose(1, 2, 0) @ products
        np.negative(blocks, out=blocks)
        blocks[:, np.arange(size), np.arange(size)] += self._variances[groups]
        return blocks

    def leave_out(self, group):
        """Have the group's columns out of X; the other columns are then those of its inverse.

        ``I + X D^-1 X'`` loses ``A A'`` with ``A = X_S D_S^-1/2``: O(m^3 + |S| m^2).
        """
        scaled = self._rows[:, group] * np.sqrt(self._variances[group])
        self._gram -= scaled @ scaled.T
        self._dual, _ = _inverse_and_root(self._gram)

    def compact(self, positions):
        """Forget all but some of the columns."""
        self._rows, self._variances = self._rows[:, positions], self._variances[positions]


def _inverse_and_root(matrix):
    """Inverse and lower Cholesky factor of a positive definite matrix."""
    root = robust_cholesky(matrix)
    inverse, _ = dpotri(root, lower=1)
    return np.tril(inverse) + np.tril(inverse, -1).T, root


class LowRankElimination(OBSElimination):
    """Optimal Brain Surgeon from a `LowRankInverse`, which stays one.

    Columns of the inverse are made when they are wanted, with those of the cheapest weights, as
    one product; a block's deletions are left out of X at its end. O(m n) operations a deletion,
    ``8 (m n + 128 n)`` bytes.

    Parameters
    ----------
    weights : ndarray of shape (n,)
    inverse : LowRankInverse
        Modified.
    """

    def _begin_block(self):
        super()._begin_block()
        self._made = {}

    def _stored_columns(self, group):
        missing = [q for q in group if q not in self._made]
        if missing:
            if len(group) == 1:
                missing = self._with_cheapest(missing)
            self._made.update(zip(missing, self._inverse.columns(np.array(missing)).T))
        return np.stack([self._made[q] for q in group], axis=1)

    def _with_cheapest(self, wanted):
        """``wanted`` and the cheapest weights, which are probably wanted next."""
        prices = self.saliencies
        count = min(BLOCK, len(prices))
        likely = np.argpartition(prices, count - 1)[:count]
        likely = [q for q in likely if self.alive[q] and q not in self._made and q not in wanted]
        return wanted + likely

    def _stored_blocks(self, groups):
        return self._inverse.blocks(groups)

    def _update_stored(self):
        if self.steps:
            self._inverse.leave_out(np.concatenate(self.steps))

    def _compact_stored(self, positions):
        self._inverse.compact(positions)
