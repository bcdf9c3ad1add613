"""Rules read from pruned networks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..._fitted.targets import check_known_classes
from .._export.text import UNBREAKABLE, fill
from .logic import ALWAYS, NEVER, Variable
from .n_of_m import Unit, best_threshold, unit_rule
from .subject import DiscreteClassifier
from .truth_table import shortest_form

BREAKS = re.compile(r" (?=(?:and|or|then|\+) )|(?<=,) (?=[^,()]*=)")  # between comparisons
MAX_UNITS = 12  # hidden units whose combinations are tabulated


@dataclass(frozen=True)
class RuleSet:
    """Rules that tell the classes as a network does; `print` shows them.

    It is returned by :func:`export_rules`.

    Parameters
    ----------
    rules_ : dict
        When each class is predicted, in words, by class label.
    units_ : dict of str to str
        When each hidden unit is on, in words, where the rules speak of hidden units.
    default_ : object
        The label of the class with the longest rule, printed as `else`.
    exact_ : bool
        Whether the rules come from the complete truth table of the network.
    fidelity_ : float
        Share of patterns for which the rules predict what the network predicts.
    n_patterns_ : int
        Number of patterns that the fidelity was measured on: all combinations of the values
        of the attributes that the network uses if `exact_`, else the samples in X.
    accuracy_ : float or None
        Share of samples in X for which the rules predict y; None without y.
    n_samples_ : int or None
        Number of samples that the accuracy was measured on.
    attributes_ : list of str
        Names of the attributes that the network uses.
    forms : _Forms
        The rules as objects, for :meth:`predict`.

    See Also
    --------
    export_rules : Reads the rules from a network.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import export_rules
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
    >>> network = MLPClassifier((), solver="lbfgs", random_state=0).fit(X, y)
    >>> rules = export_rules(network, X, feature_names=["a", "b"])
    >>> rules.rules_[1]
    'a == 1 and b == 1'
    >>> rules.predict(X)
    array([0, 0, 0, 1])
    """

    rules_: dict
    units_: dict
    default_: object
    exact_: bool
    fidelity_: float
    n_patterns_: int
    accuracy_: float | None
    n_samples_: int | None
    attributes_: list
    forms: object = field(repr=False)

    def predict(self, X):
        """Predict classes by the rules.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as the estimator takes them.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Predicted classes.

        Raises
        ------
        ValueError
            If X has other columns than the estimator was trained on, or in another order.

        Warns
        -----
        UserWarning
            If an attribute takes values in X that the rules do not know: they count as the nearest.
        """
        return self.forms.predict(self.forms.subject.codes(X))

    def __str__(self):
        """Write the rules, and how far they can be trusted."""
        network = self.forms.subject.network
        names = dict(zip(network.classes.tolist(), network.class_names))
        lines = [f"{unit} is on if {text}" for unit, text in self.units_.items()]
        told = [(label, text) for label, text in self.rules_.items() if label != self.default_]
        lines += [f"if {text} then {names[label]}" for label, text in told if text != "never"]
        is_constant = self.rules_[self.default_] == "always"
        lines.append(f"{'always' if is_constant else 'else'} {names[self.default_]}")
        kind = f"of {self.n_patterns_} samples"
        if self.exact_:
            kind = f"of all {self.n_patterns_} patterns of {', '.join(self.attributes_)}"
        if not self.attributes_:
            kind = "(it uses no attribute)"
        lines.append(f"fidelity to the network: {_percent(self.fidelity_)} {kind}")
        if self.accuracy_ is not None:
            lines.append(f"accuracy: {_percent(self.accuracy_)} of {self.n_samples_} samples")
        return "\n".join(fill(_breakable_between_comparisons(line)) for line in lines)


def _breakable_between_comparisons(line):
    parts = BREAKS.split(line)
    return " ".join(part.replace(" ", UNBREAKABLE) for part in parts)


def _percent(share):
    """Write a share in percent; only what is 1 is written as 100 %."""
    text = f"{100 * share:.1f}"
    return f"{'99.9' if text == '100.0' and share < 1 else text} %"


@validate_params(
    {
        "attributes": [Mapping, None],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
        "method": [StrOptions({"auto", "table", "n_of_m"})],
        "max_patterns": [Interval(Integral, 1, None, closed="left")],
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
        with small tables exactly, others as "N of M"; "auto" takes the table if it has at
        most `max_patterns` entries.
    max_patterns : int, default=65536
        Largest number of combinations of values to tabulate.

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
    if y is not None and X is None:
        raise ValueError("y was given without X: pass both, or neither.")
    subject = DiscreteClassifier.of(estimator, X, attributes, feature_names, class_names)
    if y is not None:
        y = column_or_1d(y)
        check_consistent_length(X, y)
        check_known_classes(y, subject.network.classes)
    if method == "auto":
        small = subject.n_patterns <= max_patterns or X is None
        method = "table" if small else "n_of_m"
    if method == "table":
        codes, forms = _read_table(subject, max_patterns)
    else:
        codes, forms = _read_units(subject, X)
    labels = subject.labels(codes)
    accuracy = None if y is None else float(np.mean(forms.predict(subject.codes(X)) == y))
    return RuleSet(
        rules_={label: str(form) for label, form in forms.classes.items()},
        units_={
            name: str(form)
            for layer in forms.units
            for name, form in layer.items()
            if form is not NEVER
        },
        default_=forms.default,
        exact_=method == "table",
        fidelity_=float(np.mean(forms.predict(codes) == labels)),
        n_patterns_=len(labels),
        accuracy_=accuracy,
        n_samples_=None if y is None else len(y),
        attributes_=[variable.name for variable in subject.variables],
        forms=forms,
    )


@dataclass(frozen=True)
class _Forms:
    """Rules as objects: of hidden units layer by layer (if any), then of the classes.

    Rules of the classes speak of the last units, and then of the attributes ``linked`` to outputs.
    """

    subject: DiscreteClassifier
    units: list
    classes: dict
    linked: list = field(default_factory=list)

    @property
    def default(self):
        """The class that is always told, or has the longest rule; of two as long, the first."""
        return max(
            self.classes, key=lambda c: (str(self.classes[c]) == "always", self.classes[c].cost)
        )

    def predict(self, codes):
        """Predict the labels of patterns given by the numbers of their attributes' values."""
        values = codes[:, self.linked]
        for layer in self.units:
            codes = _flags(layer.values(), codes)
        if self.linked:
            codes = np.hstack([codes, values])
        labels = np.full(len(codes), self.default, dtype=self.subject.network.classes.dtype)
        for label, form in self.classes.items():
            if label != self.default:
                labels[form.holds(codes)] = label
        return labels


def _flags(forms, codes):
    flags = [form.holds(codes) for form in forms]
    return np.array(flags, dtype=int).reshape(len(flags), len(codes)).T


def _read_table(subject, max_patterns):
    """Write the network's answers to all combinations of values in their shortest form."""
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
    classes = {
        label: shortest_form(labels == label, subject.variables)
        for label in subject.network.classes.tolist()
    }
    return codes, _Forms(subject, [], classes)


def _read_units(subject, X):
    """Describe each hidden unit as on or off, and the classes by the last layer's units."""
    if X is None:
        raise ValueError("method='n_of_m' needs X, the samples on which units are on or off.")
    network, first = subject.network, subject.codes(X)
    labels = subject.labels(first)
    linked = _linked_attributes(subject)
    if network.n_layers == 1 or (linked and not any(map(np.any, network.alive()[1:-1]))):
        return first, _Forms(subject, [], _classes_by_inputs(subject, first, labels))
    variables, codes, units = subject.variables, first, []
    links = _input_links(subject, network.coefs[0])
    values = network.hidden_values(subject.inputs(first))
    for layer, alive in enumerate(network.alive()[1:-1]):
        forms, levels = {}, []
        for unit in np.flatnonzero(alive):
            on, low, high = _two_levels(values[layer][:, unit])
            bias = network.intercepts[layer][unit]
            seen = [link[:, unit] for link in links]
            forms[network.unit_name(layer + 1, unit)] = _form_of(variables, seen, bias, codes, on)
            levels.append(np.array([[low], [high]]) * network.coefs[layer + 1][unit])
        links, codes = levels, _flags(forms.values(), codes)
        variables = [Variable(name, ("off", "on"), flag=True) for name in forms]
        units.append(forms)
    variables += [subject.variables[attribute] for attribute in linked]
    codes = np.hstack([codes, first[:, linked]])
    classes = _classes_by_values(network, variables, codes, labels)
    return first, _Forms(subject, _spoken_of(units, classes), classes, linked)


def _linked_attributes(subject):
    """Numbers of the attributes that the outputs see themselves."""
    mask = subject.network.direct_mask
    if mask is None:
        return []
    seen = [mask[attribute.columns].any() for attribute in subject.attributes]
    return np.flatnonzero(seen).tolist()


def _spoken_of(units, classes):
    """Forget the rule of each unit that no rule above it speaks of; it then counts as off."""
    above, found = classes.values(), []
    for layer in reversed(units):
        axes = set().union(*(form.axes for form in above))
        found.insert(
            0,
            {
                name: form if axis in axes else NEVER
                for axis, (name, form) in enumerate(layer.items())
            },
        )
        above = found[0].values()
    return found


def _input_links(subject, coef):
    """Return, for each attribute, what each of its values adds to units that see the inputs."""
    return [attribute.states @ coef[attribute.columns] for attribute in subject.attributes]


def _two_levels(values):
    """Split a unit's activations in two where the variance within the parts is least."""
    order = np.sort(values)
    n = np.arange(1, len(order))
    if not n.size or order[0] == order[-1]:
        return np.ones(len(values), dtype=bool), order[0], order[0]
    sums = np.cumsum(order)
    low, high = sums[:-1] / n, (sums[-1] - sums[:-1]) / (len(order) - n)
    between = np.where(order[1:] > order[:-1], n * (len(order) - n) * (high - low) ** 2, -1.0)
    split = between.argmax()
    return values > order[split], low[split], high[split]


def _form_of(variables, links, bias, codes, on):
    if on.all() or not on.any():
        return ALWAYS if on.all() else NEVER
    unit = Unit(variables, links, bias, cut=0.0)
    cut = best_threshold(unit.net_input(codes), on)
    return unit_rule(Unit(variables, links, bias, cut), codes)


def _classes_by_values(network, variables, codes, labels):
    """Tabulate the class that most samples have for each combination of units on and off.

    And of values of the attributes that outputs see themselves.
    """
    shape = tuple(len(variable.values) for variable in variables)
    n_patterns = int(np.prod([float(size) for size in shape]))
    if n_patterns > 2**MAX_UNITS:
        n_units = sum(variable.flag for variable in variables)
        n_linked = len(variables) - n_units
        direct = f" and direct links from {n_linked} attributes" if n_linked else ""
        raise ValueError(
            f"The last hidden layer has {n_units} units{direct}, too many for rules that can be "
            f"read (at most {MAX_UNITS} units, or as many combinations of values). Prune further, "
            "or by granularity='unit'."
        )
    strides = np.cumprod((*shape[1:], 1)[::-1])[::-1][: len(shape)]
    pattern = codes @ strides
    counts = [
        np.bincount(pattern[labels == label], minlength=n_patterns) for label in network.classes
    ]
    votes = np.array(counts).reshape(-1, *shape)
    unseen = votes.sum(axis=0) == 0
    return {
        label: shortest_form(votes.argmax(axis=0) == k, variables, dont_care=unseen)
        for k, label in enumerate(network.classes.tolist())
    }


def _classes_by_inputs(subject, codes, labels):
    """Describe two classes by the one output unit of a network without hidden units, or by two."""
    network = subject.network
    links = _input_links(
        subject, network.coefs[0] if network.n_layers == 1 else network.direct_coef
    )
    if len(network.classes) > 2:
        raise ValueError(
            f"The network has no hidden unit and {len(network.classes)} classes, of which no "
            "single unit decides, so there is nothing to read unit by unit. Use method='table', "
            "with a larger max_patterns if the table is too large, or export_text."
        )
    negative, positive = network.classes.tolist()
    bias, seen = network.intercepts[-1], links
    if len(bias) == 2:
        bias, seen = np.diff(bias), [np.diff(link) for link in links]
    seen = [link[:, 0] for link in seen]
    return {
        negative: _form_of(
            subject.variables, [-link for link in seen], -bias[0], codes, labels == negative
        ),
        positive: _form_of(subject.variables, seen, bias[0], codes, labels == positive),
    }
