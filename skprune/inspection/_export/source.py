"""A network as source code: a C function, a NumPy function."""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions, validate_params

from ..._fitted.targets import takes_indicators
from ..._fitted.view import FittedNetwork, split_pipeline
from ...neural_network._lp import LPMLPClassifier
from ...neural_network._to_mlp import compact_network

_IN_C = {
    "identity": "{z}",
    "logistic": "1.0 / (1.0 + exp(-({z})))",
    "tanh": "tanh({z})",
    "relu": "fmax(0.0, {z})",
    "clip": "fmax(-1.0, fmin(1.0, {z}))",
    "exp": "exp(fmin(300.0, {z}))",
    "softmax": "{z}",
    "score": "0.5 * (1.0 + ({z}))",
}

_IN_NUMPY = {
    "identity": "{z}",
    "logistic": "1.0 / (1.0 + np.exp(-np.maximum({z}, -700.0)))",
    "tanh": "np.tanh({z})",
    "relu": "np.maximum({z}, 0.0)",
    "clip": "np.clip({z}, -1.0, 1.0)",
    "exp": "np.exp(np.minimum({z}, 300.0))",
    "softmax": "{z}",
    "score": "0.5 * (1.0 + ({z}))",
}

_KEYWORDS_OF_C = """
    auto break case char const continue default do double else enum extern float for goto if inline
    int long register restrict return short signed sizeof static struct switch typedef union
    unsigned void volatile while main _Bool _Complex _Imaginary
"""

# C99, and what common systems declare in <math.h> besides.
_MATH_H = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1
    fabs fdim floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10
    log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint
    round scalbln scalbn sin sinh sqrt tan tanh tgamma trunc drem exp10 finite gamma isinf isnan
    j0 j1 jn pow10 scalb significand sincos y0 y1 yn
"""

_ALSO_IN_MATH_H = """
    float_t double_t fpclassify isfinite isnormal signbit isgreater isgreaterequal isless
    islessequal islessgreater isunordered signgam lgamma_r lgammaf_r lgammal_r
"""

# Compilers know these without a header, and refuse or doubt other functions of the name.
_BUILTIN_IN_C = """
    printf fprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf
    scanf fscanf sscanf vscanf vfscanf vsscanf puts fputs putchar putc fputc fwrite
"""

_RESERVED_IN_C = {
    *(_KEYWORDS_OF_C + _ALSO_IN_MATH_H + _BUILTIN_IN_C).split(),
    *(function + suffix for function in _MATH_H.split() for suffix in ("", "f", "l")),
}

# Numbers, but not those in names and indices; and the functions in use.
_LITERAL_IN_C = re.compile(r"(?<![\w.\[])\d+\.?\d*(?:e[+-]?\d+)?")

_FUNCTION_IN_C = re.compile(r"\b(exp|tanh|fmax|fmin)\(")
PROBABILITY = "probability of"
SCORE = "score (0 is none of it, 1 all, not clipped) of"
_VALID = {"name": [str], "feature_names": ["array-like", None], "class_names": ["array-like", None]}


@dataclass(frozen=True)
class _Source:
    """What is written: the compact network, and what goes in and out."""

    coefs: list
    intercepts: list
    activations: list
    facts: list
    direct_coef: np.ndarray | None

    @classmethod
    def of(cls, estimator, feature_names, class_names):
        network, kind = read_outputs(estimator, feature_names, class_names)
        coefs, intercepts, direct_coef = compact_network(
            network.coefs, network.intercepts, network.activations, network.direct_coef
        )
        # A constant or linear network has its output layer left.
        activations = network.activations[-len(coefs) :]
        facts = _facts(network, coefs, intercepts, direct_coef, kind)
        return cls(coefs, intercepts, activations, facts, direct_coef)

    @property
    def used(self):
        """Columns of the inputs that the network reads."""
        return _used(self.coefs, self.direct_coef)


def read_outputs(estimator, feature_names, class_names):
    """Read the network whose outputs the predictions come from, and what kind these are of."""
    network = FittedNetwork.of(estimator, feature_names=feature_names, class_names=class_names)
    final = split_pipeline(estimator)[1]
    if isinstance(final, LPMLPClassifier):
        # Its predictions rest on net inputs; of clipped ones several could be the largest.
        return replace(network, activations=[*network.activations[:-1], "score"]), SCORE
    return network, _kind_of_output(network, final)


def _kind_of_output(network, estimator):
    """What an output is: a value, a probability, or what `predict_proba` makes one from."""
    if network.classes is None:
        return "value of"
    last, n_outputs = network.activations[-1], network.layer_sizes[-1]
    is_likely = last == "softmax"
    if last == "logistic":
        one_of_two = n_outputs == 1 and len(network.classes) == 2
        is_likely = one_of_two or takes_indicators(estimator)
    return PROBABILITY if is_likely else "output unit of"


def _used(coefs, direct_coef):
    """Columns of the inputs with a weight, in the first layer or as a direct link."""
    is_used = coefs[0].any(axis=1)
    if direct_coef is not None:
        is_used |= direct_coef.any(axis=1)
    return np.flatnonzero(is_used).tolist()


def _facts(network, coefs, intercepts, direct_coef, kind):
    """Lines for the comment at the top."""
    used = _used(coefs, direct_coef)
    direct = [] if direct_coef is None else [direct_coef]
    n_weights = sum(int(np.count_nonzero(part)) for part in [*coefs, *intercepts, *direct])
    return [
        f"A network of {n_weights} weights that reads {len(used)} of {len(coefs[0])} inputs:",
        *(f"x[{i}]: {_plain(network.feature_names[i])}" for i in used),
        "Its outputs:",
        *(f"y[{k}]: {kind} {_plain(name)}" for k, name in enumerate(network.output_names)),
    ]


def _plain(name):
    """A name that cannot end the comment in which it stands, nor continue its line."""
    return " ".join(re.sub(r'\*/|/\*|\\|"""', " ", name).split())


def _check_name(name, reserved):
    if not re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*", name) or name in reserved:
        raise ValueError(
            f"name={name!r} cannot be the name of a function; use letters, digits and underscores, "
            "and no name that is taken, for instance name='predict'."
        )


@validate_params(
    _VALID | {"dtype": [StrOptions({"double", "float"})]}, prefer_skip_nested_validation=True
)
def export_c(
    estimator: BaseEstimator,
    *,
    name: str = "predict",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    dtype: str = "double",
) -> str:
    """Write a network as one C function without dependencies.

    For microcontrollers, databases, games and whatever else compiles C99. Only the weights that
    were kept are in it, each in a product of its own, so it is the faster, the more was pruned.
    For networks with many thousands of weights use ONNX (`to_mlp` and skl2onnx): a compiler takes
    its time over a function of so many terms.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline` that
        ends in one; what comes before the network in it is not exported.
    name : str, default="predict"
        Name of the function; none of the language's own nor of those in ``<math.h>``.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs for the comment; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, or of a regressor's targets.
    dtype : {"double", "float"}, default="double"
        Type of all numbers. "float" is for processors that compute in single precision only,
        such as many microcontrollers.

    Returns
    -------
    source : str
        ``void predict(const double *x, double *y)``, or the same of ``float``, reads one sample's
        `n_features_in_` inputs and writes the outputs. A regressor's are the predicted values. A
        classifier's are probabilities (that of the second of two classes, those of softmax units,
        those of several labels), or else the output units themselves, before `predict_proba`
        scales them or divides them by their sum; of :class:`~skprune.LPMLPClassifier` the scores
        before they are clipped, on which its predictions rest. A comment says which is which and
        which inputs are read.
        Needs ``<math.h>`` and, on most systems, the option ``-lm``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator holds no feedforward network.
    ValueError
        If `name` is no name of a C function, or the number of names is wrong.

    See Also
    --------
    export_numpy : The same for Python without scikit-learn.
    export_text : The same to be read.

    Notes
    -----
    Units that reach no output are left out, and units without inputs are folded into the next
    biases. Outputs agree with the estimator's to the rounding of `dtype`. Time and memory are
    O(number of weights).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> from skprune.inspection import export_c
    >>> network = MLPRegressor(hidden_layer_sizes=(1,), activation="tanh", solver="lbfgs")
    >>> network = network.fit([[0, 1], [1, 0]], [0, 1])
    >>> network.coefs_ = [np.array([[0.5], [0.0]]), np.array([[2.0]])]
    >>> network.intercepts_ = [np.array([0.0]), np.array([1.0])]
    >>> print(export_c(network))
    #include <math.h>
    <BLANKLINE>
    /* A network of 3 weights that reads 1 of 2 inputs:
       x[0]: x0
       Its outputs:
       y[0]: value of y */
    void predict(const double *x, double *y)
    {
        const double h1_0 = tanh(0.5 * x[0]);
        y[0] = 1.0 + 2.0 * h1_0;
    }
    <BLANKLINE>
    """
    _check_name(name, _RESERVED_IN_C)
    source = _Source.of(estimator, feature_names, class_names)
    last = len(source.coefs)
    # Compilers that are asked to be strict refuse an argument that nothing reads.
    lines = [] if source.used else ["(void)x;"]
    for depth, (coef, intercept) in enumerate(zip(source.coefs, source.intercepts), start=1):
        for unit in range(len(intercept)):
            left = f"y[{unit}]" if depth == last else f"const double h{depth}_{unit}"
            terms = _products(coef[:, unit], "x" if depth == 1 else f"h{depth - 1}_")
            if depth == last and source.direct_coef is not None:
                terms += _products(source.direct_coef[:, unit], "x")
            total = _sum_in_c(intercept[unit], terms)
            lines.append(f"{left} = {_IN_C[source.activations[depth - 1]].format(z=total)};")
    if source.activations[-1] == "softmax":
        lines += _softmax_in_c(len(source.intercepts[-1]))
    comment = "\n   ".join(source.facts)
    body = "\n".join(f"    {line}" for line in lines)
    if dtype == "float":
        body = _in_single_precision(body)
    return (
        f"#include <math.h>\n\n/* {comment} */\n"
        f"void {name}(const {dtype} *x, {dtype} *y)\n{{\n{body}\n}}\n"
    )


def _in_single_precision(body):
    body = _LITERAL_IN_C.sub(lambda number: f"{np.float32(number[0])!s}f", body)
    return _FUNCTION_IN_C.sub(r"\1f(", body).replace("const double", "const float")


def _products(weights, values):
    """Products of weights that are not zero with inputs ``x`` or units, such as ``h1_``."""
    names = "{}[{}]" if values == "x" else "{}{}"
    return [
        f"{float(weights[source])!r} * {names.format(values, source)}"
        for source in np.flatnonzero(weights).tolist()
    ]


def _sum_in_c(bias, products):
    """The net input of a unit, a few terms a line."""
    terms = [repr(float(bias)), *products] if bias else products
    rows = [" + ".join(terms[start : start + 4]) for start in range(0, len(terms), 4)]
    return "\n        + ".join(rows).replace("+ -", "- ") or "0.0"


def _softmax_in_c(n_outputs):
    index = range(n_outputs)
    top = "y[0]"
    for k in index[1:]:
        top = f"fmax({top}, y[{k}])"
    return [
        f"const double top = {top};",
        *(f"y[{k}] = exp(y[{k}] - top);" for k in index),
        "const double total = " + " + ".join(f"y[{k}]" for k in index) + ";",
        *(f"y[{k}] /= total;" for k in index),
    ]


@validate_params(_VALID, prefer_skip_nested_validation=True)
def export_numpy(
    estimator: BaseEstimator,
    *,
    name: str = "predict",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
) -> str:
    """Write a network as a Python module that needs NumPy alone.

    To predict where neither scikit-learn nor skprune is installed, and for batches of any size:
    the function makes one matrix product a layer, with the units and inputs in use.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, or a fitted `Pipeline` that
        ends in one; what comes before the network in it is not exported.
    name : str, default="predict"
        Name of the function.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs for the comment; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, or of a regressor's targets.

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

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator holds no feedforward network.
    ValueError
        If `name` is no name of a function, or the number of names is wrong.

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
    >>> from sklearn.preprocessing import scale
    >>> from skprune import OBSMLPClassifier, PenalizedMLPClassifier
    >>> from skprune.inspection import export_numpy
    >>> X, y = load_iris(return_X_y=True)
    >>> X = scale(X)
    >>> network = PenalizedMLPClassifier((3,), alpha=0.1)
    >>> model = OBSMLPClassifier(network, random_state=0).fit(X, y)
    >>> module = {}
    >>> exec(export_numpy(model), module)
    >>> bool(abs(module["predict"](X) - model.predict_proba(X)).max() < 1e-12)
    True
    """
    _check_name(name, [*keyword.kwlist, "np"])
    source = _Source.of(estimator, feature_names, class_names)
    used = source.used
    lines, values = [f"inputs = np.asarray(X, dtype=float)[:, {used}]"], "inputs"
    weights = [source.coefs[0][used], *source.coefs[1:]]
    for depth, (coef, intercept) in enumerate(zip(weights, source.intercepts)):
        total = f"{values} @ {_array(coef)} + {_array(intercept)}"
        if depth == len(weights) - 1 and source.direct_coef is not None:
            total += f" + inputs @ {_array(source.direct_coef[used])}"
        lines.append(f"values = {_IN_NUMPY[source.activations[depth]].format(z=total)}")
        values = "values"
    if source.activations[-1] == "softmax":
        lines += [
            "values = np.exp(values - values.max(axis=1, keepdims=True))",
            "values /= values.sum(axis=1, keepdims=True)",
        ]
    comment = "\n".join(source.facts)
    body = "\n".join(f"    {line}" for line in [*lines, "return values"])
    return f'"""{comment}\n"""\n\nimport numpy as np\n\n\ndef {name}(X):\n{body}\n'


def _array(values):
    """An array as Python source; one without entries keeps its shape."""
    if not values.size:
        return f"np.zeros({values.shape})"
    return f"np.array({values.tolist()})"
