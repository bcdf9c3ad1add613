"""Random data of every type, order, container, sparsity and scale, with what is degenerate."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse

ARRAYS = ("float64", "float32", "float16", ">f8", "int64", "int32", "int8", "uint8", "bool")
DENSE = ("array", "list", "pandas", "polars", "memory map")
FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")
LAYOUTS = ("C", "F", "strided", "reversed", "read-only")


@dataclass
class Table:
    """Inputs in some container, targets, and what a valid use of them has to know.

    Attributes
    ----------
    X, y : object
        As they are passed to ``fit``.
    values : ndarray of float64 of shape (n_samples, n_features)
        The same inputs, whatever the container.
    labels : ndarray
        The same targets.
    sample_weight : object or None
    kind : {"classes", "labels", "values"}
        Of targets: exclusive classes, several labels, or numbers.
    odd : list of str
        What an estimator may refuse.
    """

    X: object
    y: object
    values: np.ndarray
    labels: np.ndarray
    kind: str
    sample_weight: object = None
    odd: list = field(default_factory=list)

    @property
    def names(self):
        """Names of the columns, if they have any."""
        columns = getattr(self.X, "columns", None)
        return None if columns is None else list(columns)

    @property
    def classes(self):
        return np.unique(self.labels)

    @property
    def rarest(self):
        """Number of samples of the rarest class, or of all where there are none."""
        if self.kind == "values":
            return len(self.values)
        columns = self.labels.reshape(len(self.labels), -1).T
        return min(np.unique(column, return_counts=True)[1].min() for column in columns)


def chance(rng, probability):
    return rng.random() < probability


def pick(rng, options):
    """One of the options, as it is (NumPy would make an array of them)."""
    return options[rng.integers(len(options))]


def draw_table(rng, kinds, takes_sparse, is_odd=False):
    """A table with targets of one of the kinds.

    Parameters
    ----------
    rng : Generator
    kinds : sequence of str
        Those that the estimator takes.
    takes_sparse : bool
        Whether inputs may be a sparse matrix.
    is_odd : bool, default=False
        Whether something about the data may be refused.
    """
    kind = pick(rng, kinds)
    values = _inputs(rng)
    scores = values / np.maximum(np.abs(values).max(axis=0), 1e-300)
    labels = {"classes": _classes, "labels": _labels, "values": _values}[kind](rng, scores)
    odd = []
    if is_odd:
        values, labels, odd = _spoilt(rng, values, labels, kind)
    elif kind == "classes":
        labels = NAMES[pick(rng, list(NAMES))](labels)
    X, values = _contained(rng, values, takes_sparse, odd)
    table = Table(X, _contained_targets(rng, labels, kind), values, labels, kind, odd=odd)
    table.sample_weight = _weights(rng, labels, kind)
    return table


# ---- inputs ----------------------------------------------------------------------------------


def _inputs(rng):
    n_samples = int(rng.integers(*pick(rng, [(4, 12), (12, 40), (12, 40), (40, 120)])))
    n_features = int(rng.integers(*pick(rng, [(1, 4), (2, 8), (2, 8), (8, 30)])))
    X = {
        "normal": rng.normal,
        "uniform": rng.uniform,
        "heavy": lambda size: rng.standard_t(2, size),
        "counts": lambda size: rng.poisson(1.0, size).astype(float),
        "flags": lambda size: rng.integers(2, size=size).astype(float),
    }[pick(rng, ["normal", "uniform", "heavy", "counts", "flags"])](size=(n_samples, n_features))
    if chance(rng, 0.3):  # of unlike scales, around other centres
        X = X * 10.0 ** rng.uniform(-2, 2, n_features) + rng.normal(size=n_features)
    if chance(rng, 0.2):
        X = X * 10.0 ** rng.uniform(-4, 4)
    for _ in range(int(rng.integers(3)) if chance(rng, 0.3) else 0):
        X = _degenerate(rng, X)
    return X


def _degenerate(rng, X):
    """The same with something that has no information."""
    X, (i, j) = X.copy(), rng.integers(X.shape[1], size=2)
    how = pick(rng, ["constant", "zero", "twice", "sum", "repeated rows", "nothing"])
    if how == "constant":
        X[:, i] = rng.normal()
    elif how == "zero":
        X[:, i] = 0.0
    elif how == "twice":
        X[:, i] = X[:, j]
    elif how == "sum":
        X[:, i] = X.sum(axis=1)
    elif how == "repeated rows":
        X = X[rng.integers(max(1, len(X) // 3), size=len(X))]
    else:
        X[:] = rng.integers(2)
    return X


def _contained(rng, values, takes_sparse, odd):
    """Inputs in some container, and their values in it (integers are rounded, say)."""
    if not np.isfinite(values).all() or np.abs(values).max() > 1e8 or odd:
        return values, values
    if takes_sparse and chance(rng, 0.25):
        X = _sparse(rng, values * (rng.random(values.shape) < 0.5))
        return X, np.asarray(X.toarray(), dtype=np.float64)
    how = pick(rng, ("array",) * 5 + DENSE)
    if how in ("pandas", "polars"):
        names = [f"x{j} [m/s]" for j in range(values.shape[1])]
        frame = pd.DataFrame if how == "pandas" else pl.DataFrame
        columns = {n: _column(rng, values[:, j], how) for j, n in enumerate(names)}
        X = frame(columns)
        return X, X.to_numpy().astype(np.float64)
    array = _of_type(values, pick(rng, ARRAYS))
    if how == "list":
        return array.tolist(), array.astype(np.float64)
    if how == "memory map":  # as joblib hands large arrays to its workers
        return _laid_out(array, "read-only"), array.astype(np.float64)
    return _laid_out(array, pick(rng, LAYOUTS)), array.astype(np.float64)


def _of_type(values, dtype):
    """The values as numbers of a type, within its range."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return values > np.median(values)
    if kind == "f":
        limit = float(np.finfo(dtype).max) / 2
        return np.clip(values, -limit, limit).astype(dtype)
    info = np.iinfo(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return np.clip(np.rint(values), info.min, min(info.max, 2**53)).astype(dtype)


def _laid_out(array, layout):
    """The same array in another place."""
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "strided":
        wide = np.zeros((2 * array.shape[0], 3 * array.shape[1]), dtype=array.dtype)
        wide[::2, ::3] = array
        return wide[::2, ::3]
    if layout == "reversed":
        return np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
    array = np.ascontiguousarray(array)
    array.flags.writeable = layout != "read-only"
    return array


def _column(rng, values, how):
    column = _of_type(values, pick(rng, ("float64", "float64", "float32", "int64", "bool")))
    if how == "pandas" and column.dtype == "float64" and chance(rng, 0.2):
        return pd.array(column, dtype="Float64")
    return column


def _sparse(rng, values):
    values = values.astype(pick(rng, ["float64", "float64", "float32"]))
    X = sparse.csr_matrix(values)
    if chance(rng, 0.4):
        X = _uncanonical(rng, X)
    elif chance(rng, 0.7):
        X = X.asformat(pick(rng, FORMATS))
    if X.format == "csr" and chance(rng, 0.2):
        X = sparse.csr_array((X.data, X.indices.astype(np.int64), X.indptr), shape=X.shape)
    if X.format == "csr" and chance(rng, 0.2):
        for part in (X.data, X.indices, X.indptr):
            part.flags.writeable = False
    return X


def _uncanonical(rng, X):
    """The same matrix with columns out of order, entries in two parts, and zeros that are kept."""
    data, indices, indptr = [], [], [0]
    halves = chance(rng, 0.5)
    for row in range(X.shape[0]):
        start, stop = X.indptr[row : row + 2]
        columns, entries = X.indices[start:stop], X.data[start:stop]
        if halves:
            columns, entries = np.tile(columns, 2), np.tile(entries / 2, 2)
        columns, entries = np.append(columns, 0), np.append(entries, 0)
        order = rng.permutation(len(columns))
        indices.append(columns[order])
        data.append(entries[order])
        indptr.append(indptr[-1] + len(order))
    parts = np.concatenate(data).astype(X.dtype), np.concatenate(indices), np.array(indptr)
    return sparse.csr_matrix(parts, shape=X.shape)


# ---- targets ---------------------------------------------------------------------------------


def _classes(rng, scores):
    """Codes of classes, each of which has at least two samples."""
    n_classes = min(pick(rng, [2, 2, 2, 3, 4]), len(scores) // 2)
    signal = scores @ rng.normal(size=scores.shape[1]) + rng.normal(size=len(scores)) * pick(
        rng, [0.0, 0.1, 1.0]
    )
    shares = np.sort(rng.uniform(size=n_classes - 1)) if chance(rng, 0.3) else None
    shares = np.arange(1, n_classes) / n_classes if shares is None else shares
    codes = np.searchsorted(np.quantile(signal, shares), signal)
    codes[rng.permutation(len(codes))[: 2 * n_classes]] = np.repeat(np.arange(n_classes), 2)
    return codes


def _labels(rng, scores):
    """An indicator matrix in which each label has both values, twice."""
    columns = [_classes(rng, scores) > 0 for _ in range(int(rng.integers(2, 4)))]
    return np.column_stack(columns).astype(int)


def _values(rng, scores):
    n_outputs = pick(rng, [1, 1, 1, 2, 3])
    y = np.tanh(2 * scores @ rng.normal(size=(scores.shape[1], n_outputs)))
    y = y + rng.normal(size=y.shape) * pick(rng, [0.0, 0.1, 1.0])
    if chance(rng, 0.2):
        y = np.round(np.abs(3 * y))
    if chance(rng, 0.3):
        y = y * 10.0 ** rng.uniform(-3, 3) + rng.normal()
    if chance(rng, 0.05):
        y[:] = rng.normal()
    return y.ravel() if n_outputs == 1 else y


NAMES = {
    "numbers": lambda codes: codes,
    "negative": lambda codes: 2 * codes - 1,
    "floats": lambda codes: codes.astype(float),
    "words": lambda codes: np.array(["no", "yes", "maybe", "näh"])[codes],
    "objects": lambda codes: np.array(["b", "a", "d", "c"], dtype=object)[codes],
    "large": lambda codes: codes.astype(np.int64) * 10**12,
}


def _contained_targets(rng, labels, kind):
    """Targets in some container; what they mean is in ``labels``, which this may rename."""
    if kind == "labels" and chance(rng, 0.3):
        return sparse.csr_matrix(labels)
    how = pick(rng, ["array", "array", "array", "list", "series", "column", "read-only"])
    if how == "list":
        return labels.tolist()
    if how == "series" and labels.ndim == 1:
        return pd.Series(labels)
    if how == "column" and labels.ndim == 1:
        return labels[:, None]
    return _laid_out(labels, "read-only") if how == "read-only" else labels


def _weights(rng, labels, kind):
    how = pick(rng, ["none"] * 4 + ["uniform", "numbers", "zeros", "large", "list"])
    n_samples = len(labels)
    if how == "none":
        return None
    weight = rng.uniform(0.1, 2.0, n_samples)
    if how == "numbers":
        return rng.integers(1, 4, n_samples)
    if how == "zeros":
        weight[rng.permutation(n_samples)[: n_samples // 4]] = 0.0
        columns = labels.reshape(n_samples, -1).T if kind != "values" else []
        for column in columns:  # two samples of each class still count
            for value in np.unique(column):
                weight[np.flatnonzero(column == value)[:2]] = 1.0
    if how == "large":
        weight *= 10.0 ** rng.uniform(-4, 4)
    return weight.tolist() if how == "list" else weight


# ---- what may be refused ---------------------------------------------------------------------


def _spoilt(rng, values, labels, kind):
    """Data that an estimator may refuse, and why."""
    values, labels = values.copy(), labels.copy()
    spot = tuple(rng.integers(size) for size in values.shape)
    how = pick(rng, ["missing", "infinite", "huge", "tiny", "spread", "few", "one class", "target"])
    if how == "missing":
        values[spot] = np.nan
    elif how == "infinite":
        values[spot] = -np.inf
    elif how == "huge":
        values = values * 10.0 ** pick(rng, [30, 60, 154, 200, 300])
    elif how == "tiny":
        values = values * 10.0 ** -pick(rng, [30, 60, 154, 200, 300])
    elif how == "spread":
        values[:, spot[1]] *= 10.0 ** pick(rng, [-200, -30, 12, 30, 160])
    elif how == "few":
        n_left = int(rng.integers(1, 4))
        values, labels = values[:n_left], labels[:n_left]
    elif how == "one class":
        labels[:] = labels[0]
    elif kind == "values":
        labels = labels * 10.0 ** pick(rng, [-200, -30, 30, 154, 200, 300])
    else:
        labels = labels + 1 if kind == "labels" else rng.normal(size=len(labels))
    return np.clip(values, -1e308, 1e308) if how in ("huge", "spread") else values, labels, [how]
