"""A network as equations."""

import textwrap
from collections.abc import Sequence
from numbers import Integral

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from .atoms_in_words import atom_in_words, symbol
from .layers import INPUTS
from .models import PROBABILITY, RESPONSIBILITY, VALUE
from .program import Program

WIDTH = 96
UNBREAKABLE = "\N{NO-BREAK SPACE}"


@validate_params(
    {
        "decimals": [Interval(Integral, 0, None, closed="left")],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
        "steps": [StrOptions({"all", "last"})],
    },
    prefer_skip_nested_validation=True,
)
def export_text(
    estimator: BaseEstimator,
    *,
    decimals: int = 2,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    steps: str = "all",
) -> str:
    """Write what predicts as one equation a unit.

    Use it to read a pruned network, or to copy it into a report or a spreadsheet. Pruned
    weights and units that reach no output are left out, constant units are part of the biases they
    feed. Of a pipeline the equations are those of its raw columns, in their units.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, an LP perceptron, a Gaussian mixture
        or its classifier; a fitted `Pipeline` that ends in one, a search over either, or a
        `TransformedTargetRegressor`.
    decimals : int, default=2
        Number of decimals of each weight; of weights that would be zero, of significant digits.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, or of a regressor's targets.
    steps : {"all", "last"}, default="all"
        "last" writes the last step of a pipeline alone; the first line says so.

    Returns
    -------
    text : str
        The equations, hidden layers first. Hidden units are named `h0`, `h1`, ... by their
        column in `coefs_`; with several hidden layers `h1_0` is the first unit of the first.
        Names that are no identifiers stand in brackets; so do conditions, which are one where they
        hold and zero elsewhere, and what stands for a missing value. ``P(...)`` is a probability;
        ``score(...)`` is an output unit that `predict_proba` scales, or divides by the sum of all;
        of :class:`~skprune.LPMLPClassifier` its net input, on which the predictions rest.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is of no kind that can be written.
    ValueError
        If `decimals` is negative, the number of names is wrong, or a step of a pipeline cannot be
        written; the message names it.

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
    program = Program.of(estimator, feature_names, class_names, steps, "text")
    lines = [
        _equation(program, number, unit, decimals)
        for number, layer in enumerate(program.layers, start=1)
        for unit in range(layer.n_units)
    ]
    for number, layer in enumerate(program.layers, start=1):
        if layer.activation == "softmax":
            is_last = number == len(program.layers)
            lines.append("P = softmax(s)" if is_last else f"h{number} = softmax(s{number})")
    if program.skipped:
        lines.insert(0, f"(inputs as they come out of {', '.join(program.skipped)})")
    return "\n".join(lines)


def _equation(program, number, unit, decimals):
    """Write one unit as a function of what it sees."""
    layer = program.layers[number - 1]
    terms = [_term(layer.bias[unit], "", decimals)] if layer.bias[unit] else []
    for source, block in sorted(layer.blocks.items(), reverse=True):
        for i in block[:, unit].nonzero()[0].tolist():
            name = atom_in_words(program.atoms[i], program.inputs) if source == INPUTS else (
                unit_name(program, source, i))  # fmt: skip
            terms.append(_term(block[i, unit], f"*{name}", decimals))
    total = " ".join(terms).removeprefix("+" + UNBREAKABLE) or "0"
    if total.startswith("-" + UNBREAKABLE):
        total = "-" + total[2:]
    if layer.activation not in ("identity", "softmax", "score"):
        total = f"{layer.activation}({total})"
    return fill(f"{_left_side(program, number, unit)} = {total}")


def unit_name(program, number, unit):
    """Name a hidden unit by its number in the estimator: `h0`, or `h1_0` of several layers."""
    unit = program.layers[number - 1].units[unit]
    return f"h{unit}" if len(program.layers) == 2 else f"h{number}_{unit}"


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
    text = f"{abs(weight):.{decimals}f}"
    if not float(text):  # of small numbers the first digits count
        text = f"{abs(weight):.{max(decimals, 1)}g}"
    return f"{sign} {text}{name}".replace(" ", UNBREAKABLE)


def _left_side(program, number, unit):
    activation = program.layers[number - 1].activation
    if number < len(program.layers):
        name = unit_name(program, number, unit)
        return f"s{name[1:]}" if activation == "softmax" else name
    name = program.outputs[unit]
    if program.kind == VALUE:
        return symbol(name)
    kind = "score"
    if program.kind in (PROBABILITY, RESPONSIBILITY):
        kind = "s" if activation == "softmax" else "P"
    return f"{kind}({name})".replace(" ", UNBREAKABLE)
