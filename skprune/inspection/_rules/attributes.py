"""Which attributes the inputs of a network stand for, and the values these can take."""

from dataclasses import dataclass

import numpy as np

from ..._estimator.one_hot import dense_columns, is_one_hot, named_alike
from .logic import OTHER, Variable, spelled

MAX_LEVELS = 10  # different values of an input that still counts as discrete
SAME = 1e-6  # relative difference of values that are the same, in single precision even


@dataclass(frozen=True)
class Attribute:
    """One attribute of the data: its values, and how the network's inputs encode them.

    Attributes
    ----------
    variable : Variable
        Name and values.
    columns : list of int
        Inputs of the network that stand for the attribute.
    states : ndarray of shape (n_values, n_columns)
        What these inputs are for each value.
    """

    variable: Variable
    columns: list
    states: np.ndarray

    def codes(self, X):
        """Return the number of each sample's value: the state nearest to its inputs."""
        part = dense_columns(X, self.columns)
        distance = np.square(part[:, None, :] - self.states).sum(axis=2)
        return distance.argmin(axis=1)

    def unknown(self, X, codes):
        """Spell the values of samples that are not the states they were given the numbers of."""
        part = dense_columns(X, self.columns)
        apart = np.abs(part - self.states[codes]).max(axis=1) > SAME * np.abs(self.states).max()
        if len(self.columns) > 1:
            return (OTHER,) if apart.any() else ()
        return spelled(np.unique(part[apart]))


def find_attributes(network, X=None, *, groups=None, sources=None):
    """Find the attributes on which a network depends.

    Parameters
    ----------
    network : FittedNetwork
        The network, with the names of its inputs.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features), default=None
        Inputs of the network, to see which values they take.
    groups : dict of str to sequence of str, default=None
        Names of the columns of each one-hot encoded attribute; None reads them from the names.
    sources : sequence of str, default=None
        Names of the columns before encoding, if known.

    Returns
    -------
    attributes : list of Attribute
        Those with at least one input that reaches an output, in the order of their columns.

    Raises
    ------
    ValueError
        If an input takes too many values, or it is not known which; if `groups` share a column,
        lack one, or are not one-hot in X.
    """
    names = network.feature_names
    is_given = groups is not None
    groups = _given(groups, names) if is_given else named_alike(names, sources)
    if X is not None:
        others = [
            name
            for name, columns in groups.items()
            if not is_one_hot(X, [column for column, _ in columns])
        ]
        if is_given and others:
            raise ValueError(
                f"attributes[{others[0]!r}] is not one-hot in X: each row must have at most one of "
                "its columns at 1 and the rest at 0. Leave it out, or pass the X that the network "
                "sees."
            )
        groups = {name: columns for name, columns in groups.items() if name not in others}
    grouped = {column for columns in groups.values() for column, _ in columns}
    singles = [column for column in range(len(names)) if column not in grouped]
    used = network.alive()[0]
    found = [
        _one_hot(name, columns, X)
        for name, columns in groups.items()
        if any(used[column] for column, _ in columns)
    ]
    found += [_single(names[column], column, X) for column in singles if used[column]]
    return sorted(found, key=lambda attribute: attribute.columns[0])


def _given(groups, names):
    """Return {attribute: [(column, value), ...]} for groups given by column names."""
    position = {name: column for column, name in enumerate(names)}
    found, taken = {}, {}
    for attribute, columns in groups.items():
        if not len(columns):
            raise ValueError(
                f"attributes[{attribute!r}] is empty; name its columns, or leave it out."
            )
        unknown = [name for name in columns if name not in position]
        if unknown:
            raise ValueError(
                f"attributes[{attribute!r}] names {unknown}, which are no inputs of the network. "
                f"Its inputs are {', '.join(names)}."
            )
        for name in columns:
            if name in taken:
                raise ValueError(
                    f"attributes names the input {name!r} twice, in {taken[name]!r} and "
                    f"{attribute!r}; an input belongs to one attribute, once."
                )
            taken[name] = attribute
        values = [name.removeprefix(f"{attribute}_") for name in columns]
        found[attribute] = [(position[name], value) for name, value in zip(columns, values)]
    return found


def _one_hot(name, columns, X):
    values = [value for _, value in columns]
    columns = [column for column, _ in columns]
    states = np.eye(len(columns))
    if X is not None and (dense_columns(X, columns).sum(axis=1) == 0).any():
        values, states = [*values, OTHER], np.vstack([states, np.zeros(len(columns))])
    return Attribute(Variable(name, tuple(values)), columns, states)


def _single(name, column, X):
    if X is None:
        raise ValueError(
            f"It is not known which values the input {name!r} takes. Pass X, say the training "
            "data; or attributes={name: [columns]} if it is part of a one-hot encoding."
        )
    levels = np.unique(dense_columns(X, [column]))
    if len(levels) > MAX_LEVELS:
        raise ValueError(
            f"The input {name!r} takes {len(levels)} different values in X, and rules need "
            f"inputs of few values (at most {MAX_LEVELS}). Discretise it before training, for "
            "instance with KBinsDiscretizer(encode='onehot'), or prune further, until the "
            "network no longer uses it; export_text serves for networks on numbers."
        )
    return Attribute(Variable(name, spelled(levels), ordered=True), [column], levels[:, None])
