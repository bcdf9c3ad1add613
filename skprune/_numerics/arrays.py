"""Arrays, whatever their storage."""

import numpy as np
from scipy import sparse


def dense(values):
    """The values as an array: of a sparse matrix a new one, of an array the same."""
    return values.toarray() if sparse.issparse(values) else np.asarray(values)


def dense_all(coefs):
    """Copies of several matrices as arrays."""
    return [coef.toarray() if sparse.issparse(coef) else np.array(coef) for coef in coefs]
