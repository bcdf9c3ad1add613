"""What estimators are given, on its way in."""

from scipy import sparse
from sklearn.utils.validation import validate_data


def checked(estimator, *data, **checks):
    """scikit-learn's `validate_data`, with sparse X as :func:`canonical` gives it.

    Parameters
    ----------
    estimator : estimator
    *data : array-like
        X, or X and y.
    **checks : dict
        Of `validate_data`, but the formats of sparse matrices: rows (CSR) alone are taken.

    Returns
    -------
    X or (X, y)
    """
    found = validate_data(estimator, *data, accept_sparse="csr", **checks)
    if isinstance(found, tuple):
        return canonical(found[0]), *found[1:]
    return canonical(found)


def canonical(X):
    """Sparse X with sorted indices, each of them once, in arrays that may be written to.

    What users give stays as it is, to the last flag: X shares its arrays where they are canonical
    and is a copy where they are not, so that nothing that sorts or merges in place (SciPy's `abs`
    and `max`, for example) finds anything to do.
    """
    if not sparse.issparse(X):
        return X
    # (Flags of an object whose arrays were changed since tell of what was.)
    fresh = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=False)
    writeable = all(part.flags.writeable for part in (X.data, X.indices, X.indptr))
    if fresh.has_canonical_format and writeable:
        return fresh
    fresh = fresh.copy()
    fresh.sum_duplicates()
    return fresh
