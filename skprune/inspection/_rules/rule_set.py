"""What rules are to their reader: texts, tables, predictions, and how good they are."""

import re
from dataclasses import dataclass, field

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from .._export.text import UNBREAKABLE, fill
from .logic import NEVER, Disjunction
from .subject import DiscreteClassifier

BREAKS = re.compile(r" (?=(?:and|or|then|\+) )|(?<=,) (?=[^,()]*=)")  # between comparisons


@dataclass(frozen=True)
class Forms:
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

    @property
    def cost(self):
        """Number of comparisons to be read."""
        told = [form for label, form in self.classes.items() if label != self.default]
        told += [form for layer in self.units for form in layer.values()]
        return sum(form.cost for form in told)

    def top_codes(self, codes):
        """What the rules of the classes speak of, for numbers of the attributes' values."""
        values = codes[:, self.linked]
        for layer in self.units:
            codes = flags(layer.values(), codes)
        return np.hstack([codes, values]) if self.linked else codes

    def predict(self, codes):
        """Predict the labels of patterns; of several rules that hold, the first one counts."""
        codes = self.top_codes(codes)
        labels = np.full(len(codes), self.default, dtype=self.subject.network.classes.dtype)
        for label, form in reversed(self.classes.items()):
            if label != self.default:
                labels[form.holds(codes)] = label
        return labels

    def shortened(self, max_rules, codes):
        """The same with the rules that most patterns need, at most so many."""
        top = self.top_codes(codes)
        terms = [
            (np.count_nonzero(term.holds(top)), label, k)
            for label, form in self.classes.items()
            if label != self.default and isinstance(form, Disjunction)
            for k, term in enumerate(form.terms)
        ]
        n_others = sum(
            not isinstance(form, Disjunction)
            for label, form in self.classes.items()
            if label != self.default
        )
        ranked = sorted(terms, key=lambda term: -term[0])
        kept = {term[1:] for term in ranked[: max(max_rules - n_others, 0)]}
        classes = {
            label: Disjunction(tuple(t for k, t in enumerate(form.terms) if (label, k) in kept))
            if label != self.default and isinstance(form, Disjunction)
            else form
            for label, form in self.classes.items()
        }
        return Forms(self.subject, self.units, classes, self.linked)


def flags(forms, codes):
    """Which of some forms hold, as numbers of two values."""
    held = [form.holds(codes) for form in forms]
    return np.array(held, dtype=int).reshape(len(held), len(codes)).T


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
        Whether the rules predict what the network predicts for all combinations of the values of
        the attributes that it uses.
    fidelity_ : float
        Share of patterns for which the rules predict what the network predicts.
    n_patterns_ : int
        Number of patterns that the fidelity was measured on.
    patterns_ : {"all", "observed"}
        What these are: all combinations of the values of the attributes that the network uses, or
        the samples in X.
    accuracy_ : float or None
        Share of samples in X for which the rules predict y; None without y.
    n_samples_ : int or None
        Number of samples that the accuracy was measured on.
    attributes_ : list of str
        Names of the attributes that the network uses.
    table_ : list of dict
        One entry a rule: ``class``, ``rule``, ``comparisons`` (their number), ``support`` (share of
        the patterns that it holds for) and ``precision`` (share of these for which the network
        predicts the class).
    forms : Forms
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
    >>> print(rules.to_markdown())
    | class | rule | comparisons | support | precision |
    | --- | --- | --- | --- | --- |
    | 1 | a == 1 and b == 1 | 2 | 0.25 | 1 |
    | 0 | else | 0 | 0.75 | 1 |
    """

    rules_: dict
    units_: dict
    default_: object
    exact_: bool
    fidelity_: float
    n_patterns_: int
    patterns_: str
    accuracy_: float | None
    n_samples_: int | None
    attributes_: list
    table_: list = field(repr=False)
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

    def score(self, X, y):
        """Return the share of samples whose class the rules predict, say of held-out data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as the estimator takes them.
        y : array-like of shape (n_samples,)
            Their classes.

        Returns
        -------
        accuracy : float
            Between 0 and 1.
        """
        y = column_or_1d(y)
        check_consistent_length(X, y)
        return float(np.mean(self.predict(X) == y))

    def fidelity(self, X):
        """Return the share of samples for which the rules predict what the network predicts.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as the estimator takes them, say held-out ones.

        Returns
        -------
        fidelity : float
            Between 0 and 1.
        """
        return float(np.mean(self.predict(X) == self.forms.subject.predict(X)))

    def to_frame(self, library="pandas"):
        """Return the rules as a data frame, one row a rule.

        Parameters
        ----------
        library : {"pandas", "polars"}, default="pandas"
            Where the data frame comes from.

        Returns
        -------
        frame : data frame
            The columns are the keys of `table_`.

        Raises
        ------
        ValueError
            If the library is another one.
        """
        if library == "pandas":
            import pandas

            return pandas.DataFrame(self.table_)
        if library == "polars":
            import polars

            return polars.DataFrame(self.table_)
        raise ValueError(f"library must be 'pandas' or 'polars', got {library!r}.")

    def to_markdown(self):
        """Return the rules as a Markdown table.

        Returns
        -------
        text : str
            One line a rule.
        """
        names = list(self.table_[0])
        rows = [names, ["---"] * len(names)]
        rows += [[_cell(entry[name]) for name in names] for entry in self.table_]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)

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
        if self.patterns_ == "all":
            kind = f"of all {self.n_patterns_} patterns of {', '.join(self.attributes_)}"
        if not self.attributes_:
            kind = "(it uses no attribute)"
        lines.append(f"fidelity to the network: {_percent(self.fidelity_)} {kind}")
        if self.accuracy_ is not None:
            lines.append(f"accuracy: {_percent(self.accuracy_)} of {self.n_samples_} samples")
        return "\n".join(fill(_breakable_between_comparisons(line)) for line in lines)


def measured(forms, codes, patterns, X, y):
    """Put rules into words and measure them on patterns, and on y if it is given."""
    labels = forms.subject.labels(codes)
    predicted = forms.predict(codes)
    fidelity = float(np.mean(predicted == labels))
    accuracy = None
    if y is not None:
        accuracy = float(np.mean(forms.predict(forms.subject.codes(X)) == y))
    return RuleSet(
        rules_={label: str(form) for label, form in forms.classes.items()},
        units_={
            name: str(form)
            for layer in forms.units
            for name, form in layer.items()
            if form is not NEVER
        },
        default_=forms.default,
        exact_=patterns == "all" and fidelity == 1.0,
        fidelity_=fidelity,
        n_patterns_=len(labels),
        patterns_=patterns,
        accuracy_=accuracy,
        n_samples_=None if y is None else len(y),
        attributes_=[variable.name for variable in forms.subject.variables],
        table_=_table(forms, codes, labels, predicted),
        forms=forms,
    )


def _table(forms, codes, labels, predicted):
    """One entry a rule, the class of all the others last."""
    top, entries = forms.top_codes(codes), []
    for label, form in forms.classes.items():
        if label != forms.default:
            for term in form.terms if isinstance(form, Disjunction) else [form]:
                held = term.holds(top)
                entries.append(_entry(label, str(term), term.cost, held, labels))
    rest = predicted == forms.default
    return [*entries, _entry(forms.default, "else", 0, rest, labels)]


def _entry(label, rule, cost, held, labels):
    return {
        "class": label,
        "rule": rule,
        "comparisons": int(cost),
        "support": float(held.mean()),
        "precision": float(np.mean(labels[held] == label)) if held.any() else None,
    }


def _cell(value):
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value).replace("|", r"\|").replace("\n", " ")


def _breakable_between_comparisons(line):
    parts = BREAKS.split(line)
    return " ".join(part.replace(" ", UNBREAKABLE) for part in parts)


def _percent(share):
    """Write a share in percent; only what is 1 is written as 100 %."""
    text = f"{100 * share:.1f}"
    return f"{'99.9' if text == '100.0' and share < 1 else text} %"
