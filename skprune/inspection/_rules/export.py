"""Rules read from pruned networks."""

from collections.abc import Mapping, Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..._fitted.targets import check_known_classes
from .rule_set import Forms, RuleSet, measured
from .subject import DiscreteClassifier
from .truth_table import n_cubes, shortest_form
from .units import UnitsUnreadable, read_units

_AT_ONCE = 2**14  # cubes of a table whose shortest form takes a fraction of a second


@validate_params(
    {
        "attributes": [Mapping, None],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
        "method": [StrOptions({"auto", "table", "n_of_m"})],
        "max_patterns": [Interval(Integral, 1, None, closed="left")],
        "max_rules": [Interval(Integral, 0, None, closed="left"), None],
        "patterns": [StrOptions({"all", "observed"})],
    },
    prefer_skip_nested_validation=True,
)
def export_rules(
    estimator: BaseEstimator,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    attributes: Mapping[str, Sequence[str]] | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    method: str = "auto",
    max_patterns: int = 2**16,
    max_rules: int | None = None,
    patterns: str = "all",
) -> RuleSet:
    """Read a network as rules on the attributes it was trained on.

    Use it on pruned classifiers whose inputs are binary, one-hot encoded, or take few values.
    A network that uses few attributes is asked for its answer to every combination of their
    values, and this truth table is written in its shortest form. One that uses too many is
    read unit by unit, each hidden unit taken as on or off; such rules are approximate, and
    their fidelity says how good they are.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier of skprune or scikit-learn that holds a network, or a fitted
        `Pipeline` that ends in one.
    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Samples as the estimator takes them, such as the training data. They show which values
        the inputs take, and serve the `n_of_m` method; they may be left out if all inputs in
        use are one-hot encoded, by their names or by `attributes`.
    y : array-like of shape (n_samples,), default=None
        True classes of X, to report the accuracy of the rules.
    attributes : dict of str to sequence of str, default=None
        Names of the one-hot columns of each attribute. None groups columns by their names,
        as :class:`~sklearn.preprocessing.OneHotEncoder` makes them: `a1_1` and `a1_2` are
        values 1 and 2 of `a1`.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the network's inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,), default=None
        Names of the classes in the order of `classes_`.
    method : {"auto", "table", "n_of_m"}, default="auto"
        "table" is the truth table of the whole network; "n_of_m" reads unit by unit, those
        with small tables exactly, others as "N of M"; "auto" takes the shorter one of those that
        predict what the network predicts, the table if both are as short, and "n_of_m" if the
        table has more than `max_patterns` entries.
    max_patterns : int, default=65536
        Largest number of combinations of values to tabulate.
    max_rules : int, default=None
        Largest number of rules, that of all other patterns not counted; those that hold for most
        patterns stay. None keeps all.
    patterns : {"all", "observed"}, default="all"
        "observed" makes rules for the patterns in X alone, which may be shorter; what they say of
        others is left open.

    Returns
    -------
    rules : RuleSet
        The rules, with their fidelity to the network and, given y, their accuracy.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator holds no network, or predicts numbers or several labels at once.
    ValueError
        If an input takes too many values or it is not known which, if there are too many
        patterns or hidden units to tabulate, if names or `attributes` do not fit, if X has other
        columns than the estimator was trained on, or y other classes.

    See Also
    --------
    export_text : The same network as equations, for any inputs.

    Notes
    -----
    The shortest form is the cheapest among disjunctions of conjunctions, whose literals compare
    an attribute with values or with another attribute, and counts ("exactly two of ..."). With
    T entries of the table and n weights, time is O(T n) for the table and, in the worst case,
    exponential in the number of attributes for its shortest form; from 2**22 candidate
    conjunctions on the form is irredundant, but may not be the shortest. Memory is O(T) and
    at most a few times 2**22 bytes.

    References
    ----------
    HS93 suggests to read rules from networks pruned by Optimal Brain Surgeon; N of M is due to
    G. G. Towell and J. W. Shavlik, "Extracting refined rules from knowledge-based neural
    networks", Machine Learning 13, 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import export_rules
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    >>> network = MLPClassifier((2,), solver="lbfgs", random_state=1).fit(X, y)
    >>> network.coefs_ = [np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[8.0], [-16.0]])]
    >>> network.intercepts_ = [np.array([0.0, -1.0]), np.array([-4.0])]
    >>> print(export_rules(network, X, y))
    if x0 != x1 then y = 1
    else y = 0
    fidelity to the network: 100.0 % of all 4 patterns of x0, x1
    accuracy: 100.0 % of 4 samples
    """
    if X is None and (y is not None or patterns == "observed"):
        given = "y was given" if y is not None else "patterns='observed' was given"
        raise ValueError(f"{given} without X: pass both, or neither.")
    subject = DiscreteClassifier.of(estimator, X, attributes, feature_names, class_names)
    if y is not None:
        y = column_or_1d(y)
        check_consistent_length(X, y)
        check_known_classes(y, subject.network.classes)
    seen = None if X is None else subject.codes(X)
    read = {"auto": _read_shortest, "table": _read_table, "n_of_m": _read_by_units}[method]
    codes, forms = read(subject, seen, max_patterns, patterns)
    if max_rules is not None:
        forms = forms.shortened(max_rules, codes)
    return measured(forms, codes, "observed" if codes is seen else "all", X, y)


def _read_shortest(subject, seen, max_patterns, patterns):
    """Take the shorter one of the table and of rules unit by unit, if these are as faithful.

    The table alone where it is found at once, the units alone where it is too large, or where no
    rules could be shorter than theirs.
    """
    is_small = subject.n_patterns <= max_patterns
    if n_cubes(subject.shape) <= _AT_ONCE or (seen is None and not is_small):
        return _read_table(subject, seen, max_patterns, patterns)
    if patterns == "all" and is_small:
        codes = subject.domain()
    else:
        codes = subject.domain() if seen is None else seen
    try:
        units = read_units(subject, codes)
    except UnitsUnreadable:
        if not is_small:
            raise
        return _read_table(subject, seen, max_patterns, patterns)
    if not is_small:
        return codes, units
    is_faithful = np.array_equal(units.predict(codes), subject.labels(codes))
    if is_faithful and units.cost <= len(subject.attributes):
        return codes, units
    told, table = _read_table(subject, seen, max_patterns, patterns)
    return (codes, units) if is_faithful and units.cost < table.cost else (told, table)


def _read_by_units(subject, seen, max_patterns, patterns):
    """Read unit by unit, as the samples have units on and off."""
    if seen is None:
        raise ValueError("method='n_of_m' needs X, the samples on which units are on or off.")
    return seen, read_units(subject, seen)


def _read_table(subject, seen, max_patterns, patterns):
    """Write the network's answers to combinations of values in their shortest form."""
    if subject.n_patterns > max_patterns:
        sizes = ", ".join(f"{v.name} ({len(v.values)})" for v in subject.variables)
        raise ValueError(
            f"The network uses {len(subject.variables)} attributes with {subject.n_patterns:.3g} "
            f"combinations of values, more than max_patterns={max_patterns}: {sizes}. Pass X "
            "and method='n_of_m' for approximate rules unit by unit, prune further, or raise "
            "max_patterns."
        )
    codes = subject.domain()
    labels = subject.labels(codes).reshape(subject.shape)
    unseen = np.zeros(subject.shape, dtype=bool)
    if patterns == "observed":
        unseen[...] = True
        unseen[tuple(seen.T)] = False
    classes = {
        label: shortest_form(labels == label, subject.variables, dont_care=unseen)
        for label in subject.network.classes.tolist()
    }
    return codes if patterns == "all" else seen, Forms(subject, [], classes)
