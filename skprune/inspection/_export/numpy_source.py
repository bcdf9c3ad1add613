"""A fitted estimator as a Python module that needs NumPy alone."""

from collections.abc import Sequence
from functools import singledispatchmethod

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions, validate_params

from ..._fitted.columns.forms import (
    MISSING,
    Applied,
    Between,
    Clipped,
    Column,
    Filled,
    Lookup,
    Missing,
    Replaced,
)
from .facts import facts
from .layers import INPUTS
from .names import check_python_name
from .program import Program

_ACTIVATIONS = {
    "identity": "{z}",
    "logistic": "1.0 / (1.0 + np.exp(-np.maximum({z}, -700.0)))",
    "relu": "np.maximum({z}, 0.0)",
    "clip": "np.clip({z}, -1.0, 1.0)",
    "exp": "np.exp(np.minimum({z}, 300.0))",
    "softmax": "{z}",
    "score": "0.5 * (1.0 + ({z}))",
}

# What the module itself needs, where it does.
_HELPERS = {
    "words": """def _words(column):
    return [None if word is None or word != word else word for word in column]
""",
    "look_up": """def _look_up(values, table, other):
    unknown = [value for value in values if value not in table]
    if unknown and other is None:
        raise ValueError(f"unknown value {unknown[0]!r}")
    return np.array([table.get(value, other) for value in values], dtype=float)
""",
    "between": """def _between(values, low, high, is_known):
    if not is_known and np.isnan(values).any():
        raise ValueError("a value is missing that nothing fills")
    return ((low <= values) & (values < high)).astype(float)
""",
}


@validate_params(
    {
        "name": [str],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
        "steps": [StrOptions({"all", "last"})],
        "only_used_inputs": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def export_numpy(
    estimator: BaseEstimator,
    *,
    name: str = "predict",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    steps: str = "all",
    only_used_inputs: bool = False,
) -> str:
    """Write what predicts as a Python module that needs NumPy alone.

    To predict where neither scikit-learn nor skprune is installed, and for batches of any size:
    the function makes one matrix product a layer, with the units and inputs in use. Of a pipeline
    the whole is written, so that raw values go in.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, an LP perceptron, a Gaussian mixture
        or its classifier; a fitted `Pipeline` that ends in one, a search over either, or a
        `TransformedTargetRegressor`.
    name : str, default="predict"
        Name of the function.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs for the comment; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, or of a regressor's targets.
    steps : {"all", "last"}, default="all"
        "last" leaves out all but the last step of a pipeline; a comment says so.
    only_used_inputs : bool, default=False
        Whether the function takes the columns alone that are used, in their order; others may be
        anything in any case.

    Returns
    -------
    source : str
        A module with one function, ``predict(X)``, of an array of shape (n_samples, n_features).
        It returns the outputs, an array of shape (n_samples, n_outputs). A regressor's are the
        predicted values. A classifier's are probabilities (that of the second of two classes,
        those of softmax units, those of several labels), or else the output units themselves,
        before `predict_proba` scales them or divides them by their sum; of
        :class:`~skprune.LPMLPClassifier` the scores before they are clipped, on which its
        predictions rest. The module's docstring says which is which and which inputs are read.
        A classifier, but one of several labels at once, has a second function,
        ``predict_class(X)``, which returns the labels. A value that the pipeline would refuse
        raises a ValueError, columns that are not read apart.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is of no kind that can be written.
    ValueError
        If `name` is no name of a function, the number of names is wrong, or a step of a pipeline
        cannot be written; the message names it.

    See Also
    --------
    export_c : The same as a C function.
    export_text : The same to be read.

    Notes
    -----
    Units that reach no output are left out, and units without inputs are folded into the next
    biases. Outputs agree with the estimator's to the rounding of double precision. Time and
    memory are O(number of weights).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skprune import OBSMLPClassifier, PenalizedMLPClassifier
    >>> from skprune.inspection import export_numpy
    >>> X, y = load_iris(return_X_y=True)
    >>> network = OBSMLPClassifier(PenalizedMLPClassifier((3,), alpha=0.1), random_state=0)
    >>> model = make_pipeline(StandardScaler(), network).fit(X, y)
    >>> module = {}
    >>> exec(export_numpy(model), module)
    >>> bool(abs(module["predict"](X) - model.predict_proba(X)).max() < 1e-10)
    True
    """
    check_python_name(name)
    program = Program.of(estimator, feature_names, class_names, steps)
    program = program.of_used_columns() if only_used_inputs else program
    atoms = _AtomsInNumPy()
    inputs = _inputs(program, atoms)
    body = [*inputs, *_layers(program), f"return {_layer_name(program, len(program.layers))}"]
    comment = "\n".join(facts(program, lambda _, words: "a word"))
    functions = [
        *(_HELPERS[helper] for helper in _HELPERS if helper in atoms.helpers),
        _function(name, body),
        *_class_function(program, name),
    ]
    return f'"""{comment}\n"""\n\nimport numpy as np\n\n\n' + "\n\n".join(functions)


def _function(name, body):
    return f"def {name}(X):\n" + "".join(f"    {line}\n" for line in body)


def _inputs(program, atoms):
    """Statements that make the inputs of the layers."""
    columns = [atom.index for atom in program.atoms if isinstance(atom, Column)]
    if len(columns) == len(program.atoms):
        lines = [f"inputs = np.asarray(X)[:, {columns}].astype(float)"]
    else:
        names = [atoms.name(atom) for atom in program.atoms]
        lines = ["X = np.asarray(X, dtype=object)", *atoms.lines]
        lines.append(f"inputs = np.column_stack([{', '.join(names)}])")
    if program.centres.any():
        lines.append(f"inputs = inputs - {_array(program.centres)}")
    return lines


def _layer_name(program, number):
    return "inputs" if number == INPUTS else f"h{number}" if number < len(program.layers) else "y"


def _layers(program):
    """One statement a layer."""
    lines = []
    for number, layer in enumerate(program.layers, start=1):
        if not layer.n_units:
            continue
        terms = [
            f"{_layer_name(program, source)} @ {_array(block)}"
            for source, block in sorted(layer.blocks.items(), reverse=True)
        ]
        if not terms:
            terms = [f"np.zeros((len(X), {layer.n_units}))"]
        total = " + ".join([*terms, _array(layer.bias)])
        function = _ACTIVATIONS.get(layer.activation, f"np.{layer.activation}({{z}})")
        left = _layer_name(program, number)
        lines.append(f"{left} = {function.format(z=total)}")
        if layer.activation == "softmax":
            lines += [
                f"{left} = np.exp({left} - {left}.max(axis=1, keepdims=True))",
                f"{left} /= {left}.sum(axis=1, keepdims=True)",
            ]
    return lines


def _class_function(program, name):
    decision = program.decision
    if decision is None or decision.rule == "each":
        return []
    labels = [_plain(label) for label in decision.labels]
    told = {
        "largest": f"{name}(X).argmax(axis=1)",
        "above": f"({name}(X)[:, 0] > {decision.boundary!r}).astype(int)",
        "only": f"np.zeros(len({name}(X)), dtype=int)",
    }[decision.rule]
    return [_function(f"{name}_class", [f"return np.array({labels})[{told}]"])]


class _Literal:
    """A text that `repr` gives as it is."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def _plain(label):
    """A label as a literal: of Python's own types as it is, else as a string."""
    label = label.item() if isinstance(label, np.generic) else label
    is_plain = isinstance(label, bool | int | float)
    return label if is_plain else _Literal(ascii(str(label)))


def _array(values):
    """An array as Python source; one without entries keeps its shape."""
    if not values.size:
        return f"np.zeros({values.shape})"
    return f"np.array({values.tolist()})"


class _AtomsInNumPy:
    """Writes atoms, each once, as statements before the layers."""

    def __init__(self):
        self.lines, self.helpers, self._names = [], set(), {}

    def name(self, atom):
        """The name of an atom's values."""
        if atom not in self._names:
            text = self.expression(atom)
            self._names[atom] = f"v{len(self._names)}"
            self.lines.append(f"{self._names[atom]} = {text}")
        return self._names[atom]

    def form(self, form):
        """An expression for a form, in brackets where it needs them."""
        if form.atom is not None:
            return self.name(form.atom)
        terms = [f"{weight!r} * {self.name(atom)}" for atom, weight in form.terms]
        return f"({' + '.join([*terms, _number(form.constant)])})"

    def _keys(self, form):
        """An expression for the keys of a table, words or numbers."""
        if isinstance(form.atom, Replaced):
            return self.name(form.atom)
        if isinstance(form.atom, Column):
            self.helpers.add("words")
            return f"_words(X[:, {form.atom.index}])"
        self.helpers.add("words")
        return f"_words({self.form(form)})"

    @singledispatchmethod
    def expression(self, atom):
        """An expression for an atom."""
        raise TypeError(atom)

    @expression.register
    def _(self, atom: Column):
        return f"X[:, {atom.index}].astype(float)"

    @expression.register
    def _(self, atom: Replaced):
        if isinstance(atom.of, Replaced):
            values = self.name(atom.of)
        else:
            self.helpers.add("words")
            values = f"_words(X[:, {atom.of.index}])"
        by, word = ascii(atom.by), ascii(atom.word)
        return f"[{by} if word == {word} else word for word in {values}]"

    @expression.register
    def _(self, atom: Lookup):
        self.helpers.add("look_up")
        table = ", ".join(f"{key!a}: {_number(number)}" for key, number in atom.table)
        other = None if atom.other is None else _number(atom.other)
        return f"_look_up({self._keys(atom.of)}, {{{table}}}, {other})"

    @expression.register
    def _(self, atom: Between):
        self.helpers.add("between")
        low = "-np.inf" if atom.low is None else repr(atom.low)
        high = "np.inf" if atom.high is None else repr(atom.high)
        return f"_between({self.form(atom.of)}, {low}, {high}, {isinstance(atom.of.atom, Filled)})"

    @expression.register
    def _(self, atom: Filled):
        value = self.form(atom.of)
        return f"np.where({_missing(value, atom.missing)}, {_number(atom.by)}, {value})"

    @expression.register
    def _(self, atom: Missing):
        if isinstance(atom.missing, str) or isinstance(atom.of.atom, Column):
            key = MISSING if not isinstance(atom.missing, str) and np.isnan(atom.missing) else (
                atom.missing)  # fmt: skip
            return f"np.array([word == {key!a} for word in {self._keys(atom.of)}], float)"
        return f"({_missing(self.form(atom.of), atom.missing)}).astype(float)"

    @expression.register
    def _(self, atom: Clipped):
        return f"np.clip({self.form(atom.of)}, {atom.low!r}, {atom.high!r})"

    @expression.register
    def _(self, atom: Applied):
        return f"np.{atom.function}({self.form(atom.of)})"


def _missing(value, missing):
    return f"np.isnan({value})" if np.isnan(missing) else f"{value} == {missing!r}"


def _number(value):
    return repr(float(value)) if np.isfinite(value) else f"float({str(value)!r})"
