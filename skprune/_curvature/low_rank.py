"""A curvature of few rows and a diagonal, ``H = R + X'X``: its rows, its inverse, elimination."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotri

from .._gauss_newton.jacobian import scaled_factors
from .._gauss_newton.kept_weights import KeptWeights, pattern_chunks
from .._numerics.symmetric import check_finite, least_damping, mean_diagonal, robust_cholesky
from .block_diagonal import subsample
from .dense_elimination import OBSElimination
from .elimination import BLOCK
from .exact import DUAL_SHARE, ExactCurvature, InPlaceCholesky

#: Rows of a low-rank curvature at most.
SKETCH_ROWS = 1024


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
    damping : float, default=0.0
        The damping that is in it.
    """

    def __init__(self, rows, ridge, damping=0.0):
        self._rows, self._variances, self.damping = rows, 1.0 / ridge, damping
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
    survivors, n_samples = KeptWeights(network, kept), objective.X.shape[0]
    n_signs = min(network.n_outputs, n_rows // n_samples)
    signs = np.broadcast_to(np.eye(network.n_outputs), (n_samples,) + 2 * (network.n_outputs,))
    if n_signs < network.n_outputs:
        signs = np.random.default_rng(1).choice(
            np.array([-1.0, 1.0]) / np.sqrt(n_signs), (n_samples, n_signs, network.n_outputs)
        )
    rows = np.empty((n_samples, n_signs, len(survivors)))
    for chunk in pattern_chunks(objective, 8 * 2 * network.n_outputs * sum(network.layer_sizes)):
        inputs, roots = scaled_factors(objective, w, chunk, *survivors.live)
        for depth, (sources, units) in enumerate(zip(survivors.rows, survivors.columns)):
            start, stop = survivors.bounds[depth : depth + 2]
            np.multiply(
                (signs[chunk] @ roots[depth])[:, :, units],
                inputs[depth][:, None, sources],
                out=rows[chunk, :, start:stop],
            )
    return rows.reshape(n_samples * n_signs, len(survivors))


def low_rank_curvature(objective, w, kept, *, n_jobs=None):
    """The curvature of at most 1,024 rows; a matrix where this is smaller than the rows."""
    rows, decay = sketched_rows(objective, w, kept, SKETCH_ROWS), objective.decay[kept]
    if len(rows) < DUAL_SHARE * len(kept):
        return LowRankCurvature(rows, decay)
    return ExactCurvature(InPlaceCholesky(rows.T @ rows + np.diag(decay)))


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
        check_finite(self.diagonal)

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return mean_diagonal(self.diagonal)

    def invert(self, damping, keep=False):
        """The inverse with at least ``damping`` on the diagonal; it takes no other's place."""
        damping = max(damping, least_damping(self.diagonal))
        return LowRankInverse(self._rows, self._decay + damping, damping)
