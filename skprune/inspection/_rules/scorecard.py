"""A linear classifier as a card of points that can be added up by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, validate_params

from .subject import DiscreteClassifier

_N_UNITS = 400  # values of a point that are tried


@dataclass(frozen=True)
class Scorecard:
    """Points for the values of attributes; their sum tells a probability.

    It is returned by :func:`export_scorecard`.

    Parameters
    ----------
    points_ : dict of str to dict of str to int
        Points of each value, by attribute; the least of an attribute are 0.
    unit_ : float
        What a point adds to the logarithm of the odds.
    offset_ : float
        The logarithm of the odds without points.
    max_error_ : float
        Rounding moves the logarithm of the odds by no more, for any combination of values.
    class_ : object
        The class whose probability it is.
    subject : DiscreteClassifier
        What was read.

    See Also
    --------
    export_scorecard : Reads the points from a classifier.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import export_scorecard
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> model = MLPClassifier((), solver="lbfgs", random_state=0).fit(X, [0, 0, 0, 1])
    >>> model.coefs_, model.intercepts_ = [np.array([[2.0], [-1.0]])], [np.array([0.5])]
    >>> card = export_scorecard(model, X, max_points=2, feature_names=["a", "b"])
    >>> card.points_
    {'a': {'0': 0, '1': 2}, 'b': {'0': 1, '1': 0}}
    >>> card.unit_, card.offset_, card.max_error_
    (1.0, -0.5, 0.0)
    """

    points_: dict
    unit_: float
    offset_: float
    max_error_: float
    class_: object
    subject: DiscreteClassifier = field(repr=False)

    def total(self, X):
        """Add up the points of samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as the estimator takes them.

        Returns
        -------
        total : ndarray of int of shape (n_samples,)
            Sums of points.
        """
        codes = self.subject.codes(X)
        tables = [np.array(list(values.values())) for values in self.points_.values()]
        return sum((t[c] for t, c in zip(tables, codes.T)), np.zeros(len(codes), dtype=int))

    def probability(self, total):
        """Tell the probability of the class for sums of points.

        Parameters
        ----------
        total : int or array-like of int
            Sums of points.

        Returns
        -------
        probability : float or ndarray
            Between 0 and 1.
        """
        return expit(self.unit_ * np.asarray(total) + self.offset_)

    def predict(self, X):
        """Predict classes by the points.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples as the estimator takes them.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Predicted classes.
        """
        index = (self.probability(self.total(X)) > 0.5).astype(int)
        return self.subject.network.classes[index]

    def to_frame(self):
        """Return the points as a data frame of pandas, one row a value.

        Returns
        -------
        frame : pandas.DataFrame
            With the columns "attribute", "value" and "points".
        """
        import pandas

        rows = [(name, v, p) for name, values in self.points_.items() for v, p in values.items()]
        return pandas.DataFrame(rows, columns=["attribute", "value", "points"])

    def __str__(self):
        """Write the card, and what sums of points mean."""
        lines = []
        for name, values in self.points_.items():
            lines += [name, *(f"    {value}: {points}" for value, points in values.items())]
        largest = sum(max(values.values()) for values in self.points_.values())
        totals = np.unique(np.linspace(0, largest, 9).round().astype(int))
        told = ", ".join(f"{total}: {self.probability(total):.1%}" for total in totals)
        lines.append(f"probability of {self.class_} by the sum of points: {told}")
        return "\n".join(lines)


@validate_params(
    {
        "max_points": [Interval(Integral, 1, None, closed="left")],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def export_scorecard(
    estimator: BaseEstimator,
    X: ArrayLike | None = None,
    *,
    max_points: int = 10,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Scorecard:
    """Read a linear classifier as a card of points.

    Use it where a decision is to be made, or checked, by hand: on a classifier of two classes that
    has no hidden unit left, whose inputs are categories, bins, flags, or take few values.

    Parameters
    ----------
    estimator : estimator
        A fitted network classifier of two classes without hidden units, such as
        ``OBSMLPClassifier(PenalizedMLPClassifier(()))``, or a fitted `Pipeline` that ends in one.
    X : {array-like, sparse matrix} of shape (n_samples, n_features), default=None
        Samples as the estimator takes them, to see which values inputs take that no encoder lists.
    max_points : int, default=10
        Most points of one value. Fewer are easier to add up, and off by more.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the network's inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,), default=None
        Names of the classes in the order of `classes_`.

    Returns
    -------
    card : Scorecard
        Points, what they mean, and how far rounding can be off.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator holds no network, or predicts numbers or several labels at once.
    ValueError
        If it has hidden units, other than two classes or other output units than a logistic one,
        or an input takes too many values.

    See Also
    --------
    export_rules : Networks with hidden units as rules.

    Notes
    -----
    What a value adds to the logarithm of the odds is divided by a unit and rounded. Of units for
    which no value has more than `max_points`, that one is taken for which rounding is off by least
    in the worst case, all attributes together.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from skprune import OBSMLPClassifier, PenalizedMLPClassifier
    >>> from skprune.inspection import export_scorecard
    >>> X = np.array([["yes", "a"], ["no", "a"], ["yes", "b"], ["no", "c"]] * 10)
    >>> y = np.where((X[:, 0] == "yes") & (np.arange(40) % 5 > 0), "good", "bad")
    >>> network = OBSMLPClassifier(PenalizedMLPClassifier((), alpha=0.1), random_state=0)
    >>> card = export_scorecard(make_pipeline(OneHotEncoder(), network).fit(X, y), max_points=5)
    >>> card.points_["x0"]
    {'no': 0, 'yes': 5}
    """
    subject = DiscreteClassifier.of(estimator, X, None, feature_names, class_names)
    network = subject.network
    weights, bias = _linear(network)
    added = [attribute.states @ weights[attribute.columns] for attribute in subject.attributes]
    least = [values.min() for values in added]
    added = [values - low for values, low in zip(added, least)]
    unit = _best_unit(added, max_points)
    points = [np.rint(values / unit).astype(int) for values in added]
    # Halfway between the largest and the smallest error, so that neither side is off by more.
    errors = [unit * whole - values for whole, values in zip(points, added)]
    low, high = sum(e.min() for e in errors), sum(e.max() for e in errors)
    return Scorecard(
        points_={
            attribute.variable.name: dict(zip(attribute.variable.values, whole.tolist()))
            for attribute, whole in zip(subject.attributes, points)
        },
        unit_=float(unit),
        offset_=float(bias + sum(least) - (low + high) / 2),
        max_error_=float((high - low) / 2),
        class_=network.class_names[1],
        subject=subject,
    )


def _linear(network):
    """Weights and bias of a logistic unit that sees the inputs alone."""
    n_hidden = sum(int(alive.sum()) for alive in network.alive()[1:-1])
    if n_hidden or network.activations[-1] != "logistic" or len(network.classes) != 2:
        raise ValueError(
            f"A scorecard needs two classes, one logistic output unit and no hidden units; this "
            f"network has {len(network.classes)} classes, {network.layer_sizes[-1]} output units "
            f"({network.activations[-1]}) and {n_hidden} hidden units in use. Prune a "
            "PenalizedMLPClassifier(()), or use export_rules."
        )
    weights = np.zeros(len(network.feature_names))
    if network.n_layers == 1:
        weights += network.coefs[0][:, 0]
    if network.direct_coef is not None:
        weights += network.direct_coef[:, 0]
    return weights, network.intercepts[-1][0]


def _best_unit(added, max_points):
    """The unit for which rounded points are off by least in the worst case."""
    most = max((values.max() for values in added), default=0.0)
    if most == 0.0:
        return 1.0
    # (At half as many points rounding is twice as coarse; less is never better by design.)
    units = most / np.linspace(max_points, max(max_points / 2, 1), _N_UNITS)
    off = [sum(np.ptp(u * np.rint(values / u) - values) for values in added) for u in units]
    return units[int(np.argmin(np.round(off, 12)))]
