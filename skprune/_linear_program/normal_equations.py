"""The interior point's normal equations, by rows or by patterns."""

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotrs

_CHUNK_ELEMENTS = 1 << 17  # a scaled chunk of 1 MB stays in the cache between its two uses


def _solver(matrix):
    """Solves with a symmetric matrix, which Cholesky's factor overwrites."""
    factor, order = dpotrf(matrix.T, overwrite_a=True, clean=False)
    if order:
        raise LinAlgError(f"The matrix's leading minor of order {order} is not positive definite.")
    return lambda right: dpotrs(factor, right)[0]


class NormalByRows:
    """Solves (Z'DZ + E) w = right by Cholesky's factor; its arrays serve for all steps."""

    def __init__(self, program):
        self.X, self.p, self.intercept = program.X, program.n_features, program.fit_intercept
        self.size = program.n_rows
        self.normal = np.empty((self.size, self.size))
        self.rows = max(1, _CHUNK_ELEMENTS // program.n_rows)
        if not sparse.issparse(self.X):
            self.scaled = np.empty((min(self.rows, program.n_patterns), program.n_rows))

    def factorised(self, x_inverse, r_inverse):
        """The solver for the diagonals D and E."""
        self.normal[:] = 0.0
        (self._add_sparse if sparse.issparse(self.X) else self._add_dense)(x_inverse)
        jitter = np.finfo(float).eps * self.normal.trace()  # for weights that cost nothing
        self.normal.flat[:: len(self.normal) + 1] += r_inverse + jitter
        return _solver(self.normal)

    def _add_sparse(self, diagonal):
        p, normal = self.p, self.normal
        scaled = sparse.diags_array(np.sqrt(diagonal)) @ self.X
        normal[:p, :p] = (scaled.T @ scaled).toarray()
        if self.intercept:
            normal[p, :p] = normal[:p, p] = self.X.T @ diagonal
            normal[p, p] = diagonal.sum()

    def _add_dense(self, diagonal):
        root = np.sqrt(diagonal)
        for start in range(0, len(root), self.rows):
            part = slice(start, min(start + self.rows, len(root)))
            chunk = self.scaled[: part.stop - part.start]
            np.multiply(self.X[part], root[part, None], out=chunk[:, : self.p])
            if self.intercept:
                chunk[:, self.p] = root[part]
            self.normal += chunk.T @ chunk


class NormalByPatterns:
    """The same by Woodbury's identity, with a matrix of patterns: for more rows than patterns."""

    def __init__(self, program):
        self.program = program
        self.size = program.n_patterns
        self.outer = np.empty((self.size, self.size))
        self.weighted = None if sparse.issparse(program.X) else np.empty(program.X.shape)

    def factorised(self, x_inverse, r_inverse):
        """The solver for the diagonals D and E."""
        program, outer = self.program, self.outer
        p = program.n_features
        root = np.sqrt(1.0 / r_inverse[:p])
        if self.weighted is None:
            weighted = program.X * root
            outer[:] = (weighted @ weighted.T).toarray()
        else:
            np.multiply(program.X, root, out=self.weighted)
            np.matmul(self.weighted, self.weighted.T, out=outer)
        if program.fit_intercept:
            outer += 1.0 / r_inverse[p]
        outer.flat[:: len(outer) + 1] += 1.0 / np.maximum(x_inverse, np.finfo(float).tiny)
        inner_solve = _solver(outer)

        def solve(right):
            scaled = right / r_inverse
            inner = inner_solve(program.net_input(scaled))
            return scaled - program.correlate(inner) / r_inverse

        return solve
