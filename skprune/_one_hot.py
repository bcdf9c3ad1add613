"""One-hot encoded attributes, told by the names of their columns and the values in them."""

import numpy as np
from scipy import sparse


def dense_columns(X, columns):
    """Return some columns of a dense or sparse matrix as an array."""
    part = X[:, columns]
    return part.toarray() if sparse.issparse(part) else part


def named_alike(names, sources=None):
    """Group columns named ``attribute_value`` (after a transformer's prefix, if any).

    Parameters
    ----------
    names : sequence of str
        Names of the columns.
    sources : sequence of str, default=None
        Names of the columns before encoding, if known.

    Returns
    -------
    groups : dict of str to list of (int, str)
        For each attribute with several columns, these and the values they stand for.
    """
    sources, groups = ([] if sources is None else sources), {}
    for column, name in enumerate(names):
        name = name.rpartition("__")[2]
        known = [source for source in sources if name.startswith(f"{source}_")]
        attribute = max(known, key=len) if known else name.rpartition("_")[0]
        groups.setdefault(attribute, []).append((column, name[len(attribute) + 1 :]))
    return {name: columns for name, columns in groups.items() if name and len(columns) > 1}


def one_hot_groups(names, X):
    """Find the one-hot encoded attributes by the names of their columns and the values in them.

    Underscores may be in an attribute (``marital_status_single``) and in a value
    (``colour_dark_red``): of the beginnings that several names share, the shortest is taken whose
    columns are one-hot in the data.

    Parameters
    ----------
    names : sequence of str
        Names of the columns, ``attribute_value`` after a transformer's prefix, if any.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)

    Returns
    -------
    groups : dict of str to list of int
        Columns of each attribute with several of them.
    """
    groups, taken = {}, set()
    for prefix, columns in _shared_prefixes(names).items():
        if taken.isdisjoint(columns) and is_one_hot(X, columns):
            groups[prefix] = columns
            taken.update(columns)
    return groups


def _shared_prefixes(names):
    """Columns that share a beginning of their names, by the longest beginning, widest first."""
    columns_of = {}
    for column, name in enumerate(names):
        parts = name.rpartition("__")[2].split("_")
        for depth in range(1, len(parts)):
            columns_of.setdefault("_".join(parts[:depth]), []).append(column)
    shared = {p: columns for p, columns in columns_of.items() if p and len(columns) > 1}
    by_length = sorted(shared, key=len)
    longest = {tuple(shared[prefix]): prefix for prefix in by_length}
    return {prefix: list(columns) for columns, prefix in longest.items()}


def is_one_hot(X, columns):
    """Whether each sample has at most one of the columns at one, and the others at zero."""
    part = X[:, columns]
    values = part.data if sparse.issparse(part) else part
    return bool(np.isin(values, (0, 1)).all() and (part.sum(axis=1) <= 1).all())
