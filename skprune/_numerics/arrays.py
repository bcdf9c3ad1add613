"""Arrays, whatever their storage."""

import numpy as np
from scipy import sparse


def dense(values):
    return values.toarray() if sparse.issparse(values) else values


def dense_all(coefs):
    return [coef.toarray() if sparse.issparse(coef) else np.array(coef) for coef in coefs]
