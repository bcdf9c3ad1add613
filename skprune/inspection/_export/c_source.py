"""A fitted estimator as C."""

from collections.abc import Sequence

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions, validate_params

from .c_atoms import AtomsInC, Numbers
from .c_integers import ROUND, IntegerLayersInC
from .c_layers import LAYOUTS, LayersInC
from .facts import facts
from .integers import LARGEST
from .names import c_string, check_c_name, in_comment
from .program import Program


@validate_params(
    {
        "name": [str],
        "feature_names": ["array-like", None],
        "class_names": ["array-like", None],
        "dtype": [StrOptions({"double", "float", *LARGEST})],
        "layout": [StrOptions({"auto", *LAYOUTS})],
        "steps": [StrOptions({"all", "last"})],
        "only_used_inputs": ["boolean"],
        "header": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def export_c(
    estimator: BaseEstimator,
    *,
    name: str = "predict",
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    dtype: str = "double",
    layout: str = "auto",
    steps: str = "all",
    only_used_inputs: bool = False,
    header: bool = False,
) -> str:
    """Write what predicts as C functions without dependencies.

    For microcontrollers, databases, games and whatever else compiles C99. Of a pipeline the
    whole is written, so that raw values go in: scalers are folded into the weights, imputers and
    encoders are written out. There is no heap and no recursion in it.

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, an LP perceptron, a Gaussian mixture
        or its classifier; a fitted `Pipeline` that ends in one, a search over either, or a
        `TransformedTargetRegressor`.
    name : str, default="predict"
        Name of the function, and the beginning of all other names in the file; none that C, POSIX
        or a compiler has taken.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs for the comment; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, or of a regressor's targets.
    dtype : {"double", "float", "int16", "int8"}, default="double"
        Type of all numbers. "float" is for processors that compute in single precision only,
        such as many microcontrollers. "int16" and "int8" are the types of weights, with a scale a
        unit; inputs and outputs are "float". The products are of whole numbers, and so are their
        sums, of a width that the weights prove to suffice. Nothing is ever saturated: what a
        layer sees is scaled by the largest of its values. A comment bounds the error.
    layout : {"auto", "unrolled", "dense", "sparse"}, default="auto"
        How weights are written: "unrolled", each in a product of its own; "dense", as tables with
        loops; "sparse", as tables of those that are not zero. "auto" takes for each layer what
        makes the smallest code. Weights that are whole numbers are in tables always.
    steps : {"all", "last"}, default="all"
        "last" leaves out all but the last step of a pipeline; a comment says so.
    only_used_inputs : bool, default=False
        Whether the function takes the columns alone that are used, in their order; others may be
        anything in any case.
    header : bool, default=False
        Whether to return the header file that declares the functions, in place of the source.

    Returns
    -------
    source : str
        ``void predict(const double *x, double *y)``, or the same of ``float``, reads one sample's
        `n_features_in_` inputs and writes the outputs. A regressor's are the predicted values. A
        classifier's are probabilities (that of the second of two classes, those of softmax units,
        those of several labels), or else the output units themselves, before `predict_proba`
        scales them or divides them by their sum; of :class:`~skprune.LPMLPClassifier` the scores
        before they are clipped, on which its predictions rest. A comment says which is which and
        which inputs are read. A classifier, but one of several labels at once, has two more:
        ``int predict_class(const double *x)``, the number of the predicted class, and
        ``predict_labels``, the labels as strings by this number. Columns of words are passed as
        numbers, which ``double predict_word(int column, const char *word)`` gives; ``NAN`` is a
        missing value. Where the pipeline would refuse a row (an unknown category, a missing value
        that nothing fills), the outputs are ``NAN`` and the class is -1.
        Needs ``<math.h>`` and, on most systems, the option ``-lm``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is of no kind that can be written.
    ValueError
        If `name` is no name for a C function, the number of names is wrong, a number is beyond
        single precision, `layout` is "unrolled" with weights that are whole numbers, or a step of
        a pipeline cannot be written; the message names it.

    See Also
    --------
    export_numpy : The same for Python without scikit-learn.
    export_text : The same to be read.

    Notes
    -----
    Units that reach no output are left out, and units without inputs are folded into the next
    biases. Hidden units keep their numbers in `coefs_`, where they are not in tables. Outputs agree
    with the estimator's to the rounding of `dtype`; inputs that are far from zero for their spread
    are centred first, where rounding would show. Time and memory are O(number of weights).

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
    check_c_name(name)
    program = Program.of(estimator, feature_names, class_names, steps, dtype)
    program = program.of_used_columns() if only_used_inputs else program
    is_whole, kind = dtype in LARGEST, dtype
    if is_whole:
        dtype = "float"  # of what goes in and out
    if is_whole and layout == "unrolled":
        raise ValueError(
            f"layout='unrolled' has no weights of dtype={kind!r}; use 'auto', 'dense' or 'sparse'."
        )
    if header:
        return _header(program, name, dtype)
    atoms = AtomsInC(Numbers(dtype), program.words(), name)
    if is_whole:
        layers = IntegerLayersInC(program, atoms, layout, kind)
    else:
        layers = LayersInC(program, atoms, layout)
    layers.write()
    refused = _refusal(atoms, program.n_outputs)
    body = [*atoms.lines, *layers.lines, *refused]
    if not program.columns:  # compilers that are asked to be strict refuse an unread argument
        body.insert(0, "(void)x;")
    parts = [
        _includes(program, is_whole),
        *layers.tables,
        *([ROUND.format(name=name)] if is_whole and program.columns else []),
        *_helpers(atoms),
        f"/* {_comment(program, name, layers.notes())} */\n"
        f"void {name}(const {dtype} *x, {dtype} *y)\n" + _braced(body),
        *_class_function(program, name, dtype),
        *_word_function(program, name, dtype),
    ]
    return "\n".join(f"{part.rstrip()}\n" for part in parts)


def _braced(lines):
    return "{\n" + "\n".join(f"    {line}" for line in lines) + "\n}\n"


def _includes(program, is_whole):
    headers = ["float.h"] * is_whole + ["math.h"] + ["stdint.h"] * is_whole
    headers += ["string.h"] * bool(program.words())
    return "".join(f"#include <{header}>\n" for header in headers)


def _comment(program, name, notes=()):
    def how(column, words):
        numbered = ", ".join(f"{k} {in_comment(word)}" for k, word in enumerate(words))
        return f"a word by its number, {name}_word({column}, word): {numbered}"

    return "\n   ".join([*facts(program, how), *notes])


def _helpers(atoms):
    dtype = atoms.numbers.dtype
    return [
        f"static {dtype} {atoms.prefix}_{helper}({dtype} z)\n"
        + _braced([f"return {atoms.numbers.helper(helper)};"])
        for helper in sorted(atoms.helpers)
    ]


def _refusal(atoms, n_outputs):
    """Statements that make the outputs NaN where the pipeline would refuse the row."""
    if not atoms.checks:
        return []
    known = "\n        && ".join(f"({check})" for check in atoms.checks)
    dtype = atoms.numbers.dtype
    return [f"if (!({known}))", f"    for (int k = 0; k < {n_outputs}; k++) y[k] = ({dtype})NAN;"]


def _has_classes(program):
    return program.decision is not None and program.decision.rule != "each"


def _class_function(program, name, dtype):
    if not _has_classes(program):
        return []
    decision, n = program.decision, program.n_outputs
    labels = [c_string(label) for label in decision.labels]
    table = f"const char *const {name}_labels[{len(labels)}] = {{\n    " + ",\n    ".join(labels)
    body = [f"{dtype} y[{n}];", f"{name}(x, y);"]
    if decision.rule == "largest":
        body += [
            "int best = 0;",
            f"for (int k = 0; k < {n}; k++) {{",
            "    if (isnan(y[k])) return -1;",
            "    if (y[k] > y[best]) best = k;",
            "}",
            "return best;",
        ]
    else:
        boundary = Numbers(dtype).number(decision.boundary)
        told = "0" if decision.rule == "only" else f"y[0] > {boundary}"
        body.append(f"return isnan(y[0]) ? -1 : {told};")
    return [f"{table}\n}};\n", f"int {name}_class(const {dtype} *x)\n{_braced(body)}"]


def _word_function(program, name, dtype):
    words = program.words()
    if not words:
        return []
    tables, cases = [], []
    for column, known in words.items():
        texts = ",\n    ".join(map(c_string, known))
        tables.append(
            f"static const char *const {name}_words_{column}[{len(known)}] = {{\n    {texts}\n}};\n"
        )
        cases += [
            f"if (column == {column})",
            f"    for (int k = 0; k < {len(known)}; k++)",
            f"        if (strcmp(word, {name}_words_{column}[k]) == 0) return ({dtype})k;",
        ]
    body = [f"if (!word) return ({dtype})NAN;", *cases, f"return {Numbers(dtype).number(-1)};"]
    comment = "/* The number of a word; NULL is a missing one, and unknown ones are -1. */\n"
    function = f"{dtype} {name}_word(int column, const char *word)\n"
    return [*tables, comment + function + _braced(body)]


def _header(program, name, dtype):
    guard = f"{name.upper()}_H"
    lines = [f"void {name}(const {dtype} *x, {dtype} *y);"]
    if _has_classes(program):
        lines.append(f"int {name}_class(const {dtype} *x);")
        lines.append(f"extern const char *const {name}_labels[{len(program.decision.labels)}];")
    if program.words():
        lines.append(f"{dtype} {name}_word(int column, const char *word);")
    declared = "\n".join(lines)
    return (
        f'#ifndef {guard}\n#define {guard}\n\n#ifdef __cplusplus\nextern "C" {{\n#endif\n\n'
        f"/* {_comment(program, name)} */\n"
        f"#define {name.upper()}_N_INPUTS {len(program.inputs)}\n"
        f"#define {name.upper()}_N_OUTPUTS {program.n_outputs}\n\n{declared}\n\n"
        "#ifdef __cplusplus\n}\n#endif\n\n#endif\n"
    )
