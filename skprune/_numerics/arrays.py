"""Arrays, whatever their storage."""

import numpy as np
from scipy import sparse


def dense(values):
    """The values as an array: of a sparse matrix a new one, of an array the same."""
    return values.toarray() if sparse.issparse(values) else np.asarray(values)


def dense_or_none(values):
    """The same of what need not be there, such as weights of direct links."""
    return None if values is None else dense(values)


def largest_sizes(X):
    """The largest absolute value of each column."""
    # The absolute values of a sparse matrix sort its indices in place, hence the copy.
    largest = abs(X.copy() if sparse.issparse(X) else X).max(axis=0)
    return (largest.toarray() if sparse.issparse(largest) else np.asarray(largest)).ravel()


def dense_all(coefs):
    """Copies of several matrices as arrays."""
    return [coef.toarray() if sparse.issparse(coef) else np.array(coef) for coef in coefs]
