"""Attributes as raw columns of a pipeline: their values in words, and the inputs that these give.

Whatever encodes a column, its functions are asked for what they make of each of its values.
"""

from itertools import pairwise

import numpy as np
from scipy import sparse

from ..._fitted.columns.forms import (
    MISSING,
    Applied,
    Between,
    Column,
    Filled,
    Form,
    Lookup,
    Missing,
    Replaced,
    key_of,
)
from .attributes import MAX_LEVELS, Attribute
from .logic import OTHER, Variable, spelled

MISSING_WORD = "missing"
# Functions that keep the order of numbers, and their inverses.
_INVERSES = {
    "log": np.exp, "log1p": np.expm1, "log2": np.exp2, "log10": lambda z: 10.0**z, "exp": np.log,
    "expm1": np.log1p, "exp2": np.log2, "sqrt": np.square, "cbrt": lambda z: z**3,
    "tanh": np.arctanh, "arctan": np.tan, "sinh": np.arcsinh, "arcsinh": np.sinh,
}  # fmt: skip
_CLOSE = 1e-6  # relative distance from a cut, far above rounding
_ABSENT = object()  # a value that no table knows


def raw_attributes(forms, names, used, X):
    """Find the attributes on which a network depends.

    Parameters
    ----------
    forms : list of Form
        The network's inputs as functions of raw columns.
    names : list of str
        Names of the raw columns.
    used : ndarray of bool
        Which inputs reach an output.
    X : {array-like, data frame, sparse matrix} or None
        Raw samples, to see which values columns take.

    Returns
    -------
    attributes : list of Attribute or None
        None if an input depends on no raw column alone.

    Raises
    ------
    ValueError
        If a column takes too many values, or it is not known which.
    """
    inputs_of = {}
    for position, form in enumerate(forms):
        columns = form.columns()
        if len(columns) != 1 and used[position]:
            return None
        for column in columns:
            inputs_of.setdefault(column, []).append(position)
    return [
        _attribute(names[column], column, positions, [forms[i] for i in positions], X)
        for column, positions in sorted(inputs_of.items())
        if used[positions].any()
    ]


def _attribute(name, column, positions, forms, X):
    observed = None if X is None else _column_of(X, column)
    atoms = list(_atoms(forms))
    cuts, keys = _cuts(atoms), _keys(atoms)
    is_discrete = all(_is_discrete(form) for form in forms)
    edges, is_ordered = (), False
    if is_discrete and cuts and not keys:
        values, edges, words = _ranges(cuts)
        if any(isinstance(atom, Missing) for atom in atoms):
            values, words = [*values, MISSING], (*words, MISSING_WORD)
    elif is_discrete and not cuts:
        values, words = _listed(keys, atoms, observed)
    else:
        values = _seen(name, observed)
        words = list(_in_words(values))
        is_ordered = all(isinstance(value, float) for value in values)
    variable = Variable(name, tuple(words), ordered=is_ordered, edges=edges)
    return Attribute(variable, positions, _states(forms, column, values))


def _is_discrete(form):
    """Whether the values that tables and bins tell apart are all that matter."""
    return all(_is_discrete_atom(atom) for atom, _ in form.terms)


def _is_discrete_atom(atom):
    if isinstance(atom, Column):
        return False
    if isinstance(atom, Missing):
        return True
    if isinstance(atom, Lookup) and _is_raw(atom.of):
        return True
    if isinstance(atom, Between) and (atom.low is None or _raw(atom.of, atom.low) is not None):
        return True
    return _is_discrete(atom.of)


def _is_raw(form):
    """Whether a form is a raw column, at most with something in the place of missing values."""
    atom = form.atom
    return isinstance(atom, Column | Replaced) or (isinstance(atom, Filled) and _is_raw(atom.of))


def _atoms(forms):
    """All atoms of some forms, those within atoms included."""
    for form in forms:
        for atom, _ in form.terms:
            yield atom
            inner = getattr(atom, "of", None)
            if isinstance(inner, Form):
                yield from _atoms([inner])


def _column_of(X, column):
    """Values of a raw column, as objects."""
    if hasattr(X, "iloc"):
        return X.iloc[:, column].to_numpy(dtype=object)
    if hasattr(X, "to_numpy"):
        return np.array(X[:, column].to_list(), dtype=object)
    if sparse.issparse(X):
        return X[:, [column]].toarray()[:, 0].astype(object)
    return np.asarray(X, dtype=object)[:, column]


def _cuts(atoms):
    """Where bins cut the raw column."""
    bins = [atom for atom in atoms if isinstance(atom, Between)]
    found = {
        _raw(atom.of, end) for atom in bins for end in (atom.low, atom.high) if end is not None
    }
    return sorted(found - {None})


def _keys(atoms):
    """The raw values that tables know."""
    tables = [atom for atom in atoms if isinstance(atom, Lookup) and _is_raw(atom.of)]
    keys = [key for table in tables for key, _ in table.table]
    for table in tables:
        source = table.of.atom
        while isinstance(source, Replaced):
            keys += [source.word] * (source.word is not MISSING)
            source = source.of
    return list(dict.fromkeys(keys))


def _raw(form, value):
    """The raw number at which a form has a value, or None if that is not known."""
    if len(form.terms) != 1 or form.terms[0][1] <= 0:
        return None
    atom, weight = form.terms[0]
    value = (value - form.constant) / weight
    if isinstance(atom, Column):
        return float(value)
    if isinstance(atom, Filled):
        return _raw(atom.of, value)
    if isinstance(atom, Applied) and atom.function in _INVERSES:
        with np.errstate(all="ignore"):
            value = _INVERSES[atom.function](value)
        return _raw(atom.of, value) if np.isfinite(value) else None
    return None


def _ranges(cuts):
    """A number in each range between cuts, what separates them, and the ranges in words."""
    edges = spelled(cuts)
    middles = [(low + high) / 2 for low, high in pairwise(cuts)]
    # Close to the outer cuts, since functions such as the logarithm end somewhere.
    off = _CLOSE * max(abs(cuts[0]), abs(cuts[-1]), np.finfo(float).tiny)
    values = [cuts[0] - min(off, _CLOSE * abs(cuts[0]) or off), *middles, cuts[-1] + off]
    lows = ("(-inf", *(f"[{edge}" for edge in edges))
    return values, edges, tuple(f"{low}, {high})" for low, high in zip(lows, (*edges, "inf")))


def _listed(keys, atoms, observed):
    """Values that tables know, and what else samples show, with words for them."""
    seen = set() if observed is None else {key_of(value) for value in observed}
    is_told = any(isinstance(atom, Missing) for atom in atoms)
    if MISSING not in keys and (is_told or MISSING in seen):
        keys = [*keys, MISSING]
    words = list(_in_words(keys))
    if not seen <= set(keys):
        keys, words = [*keys, _ABSENT], [*words, OTHER]
    return keys, words


def _seen(name, observed):
    if observed is None:
        raise ValueError(
            f"It is not known which values the input {name!r} takes. Pass X, say the training data."
        )
    keys = {key_of(value) for value in observed}
    if len(keys) > MAX_LEVELS:
        raise ValueError(
            f"The input {name!r} takes {len(keys)} different values in X, and rules need "
            f"inputs of few values (at most {MAX_LEVELS}). Discretise it before training, for "
            "instance with KBinsDiscretizer(encode='onehot'), or prune further, until the "
            "network no longer uses it; export_text serves for networks on numbers."
        )
    return sorted(keys, key=lambda key: (key is MISSING, str(type(key)), key))


def _in_words(keys):
    """Keys as texts, numbers with as many digits as it takes to tell them apart."""
    numbers = [key for key in keys if isinstance(key, float)]
    texts = dict(zip(numbers, spelled(numbers)))
    for key in keys:
        if key is MISSING:
            yield MISSING_WORD
        elif isinstance(key, float):
            yield texts[key]
        else:
            yield str(key)


def _states(forms, column, values):
    """The inputs that each raw value gives, of shape (n_values, n_forms)."""
    rows = np.full((len(values), column + 1), None, dtype=object)
    rows[:, column] = values
    return np.column_stack([form.values(rows) for form in forms])
