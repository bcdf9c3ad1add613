"""A network as equations."""

import textwrap
from collections.abc import Sequence
from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, validate_params

from .source import PROBABILITY, read_outputs

WIDTH = 96
UNBREAKABLE = "\N{NO-BREAK SPACE}"


@validate_params(
    {
        "decimals": [Interval(Integral, 0, None, closed="left")],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def export_text(
    estimator: BaseEstimator,
    *,
    decimals: int = 2,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> str:
    """Write a network as one equation a unit.

    Use it to read a pruned network, or to copy it into a report or a spreadsheet. Pruned
    weights and units that reach no output are left out.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline` that
        ends in one.
    decimals : int, default=2
        Number of decimals of each weight.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, or of a regressor's targets.

    Returns
    -------
    text : str
        The equations, hidden layers first. Hidden units are named `h0`, `h1`, ... by their
        column in `coefs_`; with several hidden layers `h1_0` is the first unit of the first.
        Names that are no identifiers stand in brackets. ``P(...)`` is a probability; ``score(...)``
        is an output unit that `predict_proba` scales, or divides by the sum of all; of
        :class:`~skprune.LPMLPClassifier` its net input, on which the predictions rest.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator holds no feedforward network.
    ValueError
        If `decimals` is negative, or the number of names is wrong.

    See Also
    --------
    export_rules : The same network as rules.
    NetworkDisplay : The same network as a drawing.

    Notes
    -----
    Time and memory are O(number of weights).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skprune.inspection import export_text
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> network = MLPClassifier((2,), solver="lbfgs", random_state=1).fit(X, y)
    >>> network.coefs_ = [np.array([[1.0, 1.0], [1.0, 1.0]]), np.array([[8.0], [-16.0]])]
    >>> network.intercepts_ = [np.array([0.0, -1.0]), np.array([-4.0])]
    >>> print(export_text(network, decimals=0, feature_names=["a", "b"]))
    h0 = relu(1*a + 1*b)
    h1 = relu(-1 + 1*a + 1*b)
    P(y = 1) = logistic(-4 + 8*h0 - 16*h1)
    """
    network, kind = read_outputs(estimator, feature_names, class_names)
    alive = network.alive()
    is_likely = kind == PROBABILITY
    lines = [
        _equation(network, layer, unit, decimals, is_likely)
        for layer in range(1, network.n_layers + 1)
        for unit in range(network.layer_sizes[layer])
        if alive[layer][unit]
    ]
    if network.activations[-1] == "softmax":
        lines.append("P = softmax(s)")
    return "\n".join(lines)


def _equation(network, layer, unit, decimals, is_likely):
    """Write one unit as a function of the layer below it, and of inputs with direct links."""
    terms = []
    if network.intercept_masks[layer - 1][unit]:
        terms.append(_term(network.intercepts[layer - 1][unit], "", decimals))
    for source in network.coef_masks[layer - 1][:, unit].nonzero()[0].tolist():
        name = "*" + _symbol(network.unit_name(layer - 1, source))
        terms.append(_term(network.coefs[layer - 1][source, unit], name, decimals))
    if layer == network.n_layers and network.direct_mask is not None:
        for source in network.direct_mask[:, unit].nonzero()[0].tolist():
            name = "*" + _symbol(network.unit_name(0, source))
            terms.append(_term(network.direct_coef[source, unit], name, decimals))
    total = " ".join(terms).removeprefix("+" + UNBREAKABLE) or "0"
    if total.startswith("-" + UNBREAKABLE):
        total = "-" + total[2:]
    activation = network.activations[layer - 1]
    if activation not in ("identity", "softmax", "score"):
        total = f"{activation}({total})"
    return fill(f"{_left_side(network, layer, unit, is_likely)} = {total}")


def fill(text):
    """Break a long line at its spaces, but not at the unbreakable ones."""
    lines = textwrap.fill(
        text,
        width=WIDTH,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace(UNBREAKABLE, " ")


def _term(weight, name, decimals):
    sign = "-" if weight < 0 else "+"
    return f"{sign} {abs(weight):.{decimals}f}{name}".replace(" ", UNBREAKABLE)


def _symbol(name):
    return name if name.isidentifier() else f"[{name}]"


def _left_side(network, layer, unit, is_likely):
    name = network.unit_name(layer, unit)
    if layer < network.n_layers:
        return name
    if network.classes is None:
        return _symbol(name)
    kind = "score"
    if is_likely:
        kind = "s" if network.activations[-1] == "softmax" else "P"
    return f"{kind}({name})".replace(" ", UNBREAKABLE)
