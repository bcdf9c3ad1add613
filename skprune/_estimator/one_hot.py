"""One-hot encoded attributes, told by the names of their columns and the values in them."""

import numpy as np
from scipy import sparse

from .._numerics.arrays import dense


def dense_columns(X, columns):
    """Return some columns of a dense or sparse matrix as an array."""
    return dense(X[:, columns])


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
        if known and name in sources:  # no value of the other, as size_known is none of size
            continue
        attribute = max(known, key=len) if known else name.rpartition("_")[0]
        groups.setdefault(attribute, []).append((column, name[len(attribute) + 1 :]))
    return {name: columns for name, columns in groups.items() if name and len(columns) > 1}


def one_hot_groups(names, X):
    """Find the one-hot encoded attributes by the names of their columns and the values in them.

    Underscores may be in an attribute (``marital_status_single``) and in a value
    (``colour_dark_red``): of the beginnings that several names share, the shortest is taken whose
    columns are one-hot in the data. Columns of other values than zero and one, or of another
    transformer, may be named alike (``size_cm`` beside ``size_S``).

    Parameters
    ----------
    names : sequence of str
        Names of the columns, ``attribute_value`` after a transformer's prefix, if any.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)

    Returns
    -------
    groups : dict of str to list of int
        Columns of each attribute with several of them; its name has the transformer's prefix
        where another transformer has an attribute of that name.
    """
    groups, taken = {}, set()
    for (transformer, attribute), columns in _shared_prefixes(names, _binary_columns(X)).items():
        # Columns that are always zero may belong to anything, but alone are no category.
        if taken.isdisjoint(columns) and is_one_hot(X, columns) and X[:, columns].max() > 0:
            groups[f"{transformer}__{attribute}" if attribute in groups else attribute] = columns
            taken.update(columns)
    return groups


def _shared_prefixes(names, columns):
    """Columns of a transformer whose names share a beginning, by this, widest first."""
    columns_of = {}
    for column in columns:
        transformer, _, name = names[column].rpartition("__")
        parts = name.split("_")
        for depth in range(1, len(parts)):
            key = transformer, "_".join(parts[:depth])
            columns_of.setdefault(key, []).append(column)
    shared = {key: found for key, found in columns_of.items() if key[1] and len(found) > 1}
    by_length = sorted(shared, key=lambda key: len(key[1]))
    longest = {tuple(shared[key]): key for key in by_length}
    return {key: list(found) for found, key in longest.items()}


def _binary_columns(X):
    """Columns that hold nothing but zeros and ones."""
    if sparse.issparse(X):
        entries = X.tocoo()
        others = entries.col[~np.isin(entries.data, (0, 1))]
        return np.setdiff1d(np.arange(X.shape[1]), others).tolist()
    return np.flatnonzero(((X == 0) | (X == 1)).all(axis=0)).tolist()


def is_one_hot(X, columns):
    """Whether each sample has at most one of the columns at one, and the others at zero."""
    part = X[:, columns]
    values = part.data if sparse.issparse(part) else part
    return bool(np.isin(values, (0, 1)).all() and (part.sum(axis=1) <= 1).all())
