"""Inputs that are pruned together, such as the one-hot columns of one category."""

from collections.abc import Collection
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator

from ..._estimator.one_hot import one_hot_groups


class FeatureGroups(BaseEstimator):
    """Groups of inputs, and what each of them costs.

    Passed as `feature_groups` to the pruning estimators, with ``granularity="input"``. Use it in
    the place of plain groups when inputs differ in price: a laboratory test against an entry in
    a form. Inputs then go in the order of the loss that they save for each unit of cost.

    Parameters
    ----------
    groups : "auto", dict of str to list, or list of list, default="auto"
        "auto" takes columns of zeros and ones named ``attribute_value`` (the names that
        `OneHotEncoder` gives) as one group each, if in the training data at most one of them is
        one; where attributes or values have underscores themselves, the shortest such
        ``attribute`` counts, and if a column has its very name the group is ``attribute_*``.
        A dict has lists of columns, by names or indices, a list has such lists, which are
        then named "group0", "group1" and so on. A column in no group is a group of its own, with
        its own name (``x0``, ``x1``, ... when columns have no names).
    costs : dict of str to float, default=None
        What a group, or a column in no group, costs. The others cost 1.

    See Also
    --------
    OBSMLPClassifier : Takes it as `feature_groups`.
    OBSMLPRegressor : Takes it as `feature_groups`.

    Examples
    --------
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from skprune import FeatureGroups, OBSMLPClassifier
    >>> from skprune.datasets import load_monks
    >>> X, y = load_monks(3, return_X_y=True, as_frame=True)
    >>> X = OneHotEncoder(sparse_output=False).set_output(transform="pandas").fit_transform(X)
    >>> groups = FeatureGroups(costs={"a4": 5.0})
    >>> model = OBSMLPClassifier(
    ...     granularity="input", threshold=0.3, feature_groups=groups, random_state=0
    ... ).fit(X, y)
    >>> support = model.get_support()
    >>> [name for name, columns in model.feature_groups_.items() if support[columns].any()]
    ['a2', 'a5']
    """

    def __init__(self, groups="auto", *, costs=None):
        self.groups = groups
        self.costs = costs


@dataclass(frozen=True)
class InputGroups:
    """Groups of all columns, in the order of their first ones.

    Attributes
    ----------
    columns : dict of str to ndarray of int
        Sorted columns of each group.
    costs : dict of int to float
        Cost of each group, by its first column.
    """

    columns: dict
    costs: dict

    def as_parameter(self):
        """The same groups by indices, for data whose columns have no names."""
        groups = {name: columns.tolist() for name, columns in self.columns.items()}
        costs = {name: self.costs.get(columns[0], 1.0) for name, columns in groups.items()}
        return FeatureGroups(groups, costs=costs)


def resolve_groups(given, names, X):
    """Find the groups of the columns of X.

    Parameters
    ----------
    given : "auto", dict, list or FeatureGroups
        As the user gave them.
    names : sequence of str or None
        Names of the columns, if they have any.
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)

    Returns
    -------
    InputGroups

    Raises
    ------
    ValueError
        If a group is empty, names a column that does not exist, or shares one with another; if
        a cost is not positive or belongs to no group; if "auto" finds no names; if groups or
        costs are of another type.
    """
    given = given if isinstance(given, FeatureGroups) else FeatureGroups(given)
    _check_types(given)
    named = [f"x{i}" for i in range(X.shape[1])] if names is None else [str(n) for n in names]
    if isinstance(given.groups, str):
        groups = _detected(names, X)
    else:
        groups = _positions(_labelled(given.groups), named)
    taken = _refuse_overlaps(groups, named)
    for column in np.setdiff1d(np.arange(len(named)), taken):
        if named[column] in groups:
            raise ValueError(
                f"A group has the name of the column {named[column]!r}, which is not in it; give "
                "the group another name, or put the column into it."
            )
        groups[named[column]] = np.array([column])
    columns = dict(sorted(groups.items(), key=lambda item: item[1][0]))
    costs = _checked_costs(given.costs, columns)
    return InputGroups(columns, {int(columns[name][0]): cost for name, cost in costs.items()})


def _check_types(given):
    """Raise unless groups and costs are of the types that the parameters say."""
    groups, costs = given.groups, given.costs
    if not (_is_list(groups) or (isinstance(groups, str) and groups == "auto")):
        raise ValueError(
            "feature_groups must be 'auto', a dict of lists of columns, or a list of such lists, "
            f"got {groups!r}."
        )
    if not isinstance(costs, dict | None):
        raise ValueError(
            "costs must be a dict with the cost of each group, such as {'group0': 3.0}, or None "
            f"for equal ones, got {costs!r}."
        )


def _is_list(values):
    """Whether it is a list, an array, a range or the like."""
    is_text = isinstance(values, str | bytes)
    return isinstance(values, Collection) and not is_text and getattr(values, "ndim", 1) > 0


def _detected(names, X):
    if names is None:
        raise ValueError(
            "feature_groups='auto' reads the groups from the names of the columns, but X has none. "
            "Keep the names, OneHotEncoder(sparse_output=False).set_output(transform='pandas'), or "
            "give the groups, feature_groups={'colour': [0, 1, 2]}."
        )
    taken = set(names)
    return {
        f"{name}_*" if name in taken else name: np.array(columns)
        for name, columns in one_hot_groups(names, X).items()
    }


def _labelled(groups):
    if isinstance(groups, dict):
        return _by_text(groups, "feature_groups")
    return {f"group{number}": columns for number, columns in enumerate(groups)}


def _by_text(values, parameter):
    """A dict by the names as text; an error if two are the same then."""
    named = {str(name): value for name, value in values.items()}
    if len(named) < len(values):
        raise ValueError(
            f"{parameter} has names that are the same as text, {list(values)}; rename one of them."
        )
    return named


def _positions(groups, names):
    """Sorted column indices of each group."""
    position = {name: column for column, name in enumerate(names)}
    found = {}
    for group, columns in groups.items():
        if not _is_list(columns) or not len(columns):
            raise ValueError(
                f"feature_groups: {group!r} must be a list of at least one column (names or "
                f"indices), got {columns!r}."
            )
        missing = [c for c in columns if _position(c, position) is None]
        if missing:
            raise ValueError(
                f"feature_groups: {group!r} has {missing}, which are no columns of X. Use names "
                f"among {_some(names)}, or indices from 0 to {len(names) - 1}."
            )
        found[group] = np.sort([_position(c, position) for c in columns])
    return found


def _position(column, position):
    if isinstance(column, Integral) and not isinstance(column, bool | np.bool_):
        return int(column) if 0 <= column < len(position) else None
    return position.get(column) if isinstance(column, str) else None


def _some(names, most=20):
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _refuse_overlaps(groups, names):
    """Columns of all groups; an error if one is there twice."""
    owner = {}
    for group, columns in groups.items():
        for column in columns.tolist():
            if column in owner:
                raise ValueError(
                    f"feature_groups: column {column} ({names[column]!r}) is in {owner[column]!r} "
                    f"and in {group!r}; each column belongs to one group, once."
                )
            owner[column] = group
    return np.array(sorted(owner), dtype=int)


def _checked_costs(costs, columns):
    costs = {} if costs is None else _by_text(costs, "costs")
    unknown = [name for name in costs if name not in columns]
    if unknown:
        raise ValueError(
            f"costs has {unknown}, which are no groups and no columns without one; the groups are "
            f"{_some(list(columns))}."
        )
    for name, cost in costs.items():
        if isinstance(cost, bool) or not isinstance(cost, Real) or not 0 < cost < np.inf:
            raise ValueError(
                f"The cost of {name!r} is {cost!r}, but costs must be positive and finite: inputs "
                "go in the order of saliency / cost. Leave out what costs the usual 1, and give "
                "inputs that are (nearly) free a small cost."
            )
    return {name: float(cost) for name, cost in costs.items()}
