"""A fitted estimator as an ONNX model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions, validate_params

from ..._fitted.columns.forms import Column
from .models import PROBABILITY, RESPONSIBILITY, VALUE
from .onnx_atoms import AtomsInONNX, Graph
from .program import Program

OPSET, OPSET_ML, IR_VERSION = 17, 2, 8  # of 2022, so that runtimes of some age take it
# Of NaN these may make a number.
_HIDE_NAN = {"relu", "clip", "exp", "softmax"}


@validate_params(
    {
        "class_names": ["array-like", None],
        "feature_names": ["array-like", None],
        "dtype": [StrOptions({"float", "double"})],
        "steps": [StrOptions({"all", "last"})],
    },
    prefer_skip_nested_validation=True,
)
def export_onnx(
    estimator: BaseEstimator,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    dtype: str = "float",
    steps: str = "all",
) -> Any:
    """Write what predicts as an ONNX model.

    For ONNX Runtime and whatever else takes ONNX. Unlike the converter skl2onnx it knows direct
    links, several outputs, rates, LP perceptrons, mixtures and cascades. Of a pipeline the whole is
    written, so that raw values go in. Needs `onnx` (``pip install "skprune[onnx]"``).

    Parameters
    ----------
    estimator : estimator
        A fitted network estimator of skprune or scikit-learn, an LP perceptron, a Gaussian mixture
        or its classifier; a fitted `Pipeline` that ends in one, a search over either, or a
        `TransformedTargetRegressor`.
    feature_names : sequence of str of shape (n_features,), default=None
        Names of the inputs; None takes those seen in `fit`, or `x0`, `x1`, ...
    class_names : sequence of str of shape (n_classes,) or (n_outputs,), default=None
        Names of the classes in the order of `classes_`, in place of the labels.
    dtype : {"float", "double"}, default="float"
        Type of all numbers. (ONNX Runtime has no double kernels for some functions of
        `FunctionTransformer`, such as the tangent.)
    steps : {"all", "last"}, default="all"
        "last" leaves out all but the last step of a pipeline.

    Returns
    -------
    model : onnx.ModelProto
        It has one input, ``X`` of shape (n_samples, n_features), unless columns in use hold words:
        then each column in use is an input of its own, by its name, of shape (n_samples, 1), of
        strings where it holds words, the empty one for a missing word. Outputs are ``values`` of
        shape (n_samples, n_outputs) of a regressor, else ``label`` and ``probabilities``
        (n_samples, n_classes), or ``scores`` where the model has no probabilities: the output
        units, net inputs, or, of several labels at once, one probability a label. Where the
        pipeline would refuse a row, they are NaN.

    Raises
    ------
    ImportError
        If `onnx` is not installed.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is of no kind that can be written.
    ValueError
        If the number of names is wrong, or a step of a pipeline cannot be written; the message
        names it.

    See Also
    --------
    export_c : The same as C.
    export_numpy : The same for Python without scikit-learn.

    Notes
    -----
    Matrices of which more than two thirds are zero are stored as sparse constants. Time and memory
    are O(number of weights).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skprune import PenalizedMLPClassifier
    >>> from skprune.inspection import export_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> network = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0).fit(X, y)
    >>> model = export_onnx(network)
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    try:
        from onnx import checker, helper
    except ImportError as error:
        raise ImportError(
            "export_onnx needs onnx, which is not installed: pip install 'skprune[onnx]'."
        ) from error
    program = Program.of(estimator, feature_names, class_names, steps, dtype)
    graph = Graph(dtype)
    inputs, values = _inputs(program, graph)
    outputs = _outputs(program, graph, _layers(program, graph, values))
    made = helper.make_graph(
        graph.nodes, "skprune", inputs, outputs, graph.constants,
        sparse_initializer=graph.sparse_constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    model = helper.make_model(
        made, producer_name="skprune", opset_imports=opsets, ir_version=IR_VERSION
    )
    checker.check_model(model)
    return model


def _inputs(program, graph):
    """Declarations of the graph's inputs, and the name of what the layers see."""
    from onnx import TensorProto, helper

    kind = helper.np_dtype_to_tensor_dtype(graph.dtype)
    words = program.words()
    if words:
        names = [program.inputs[column] for column in program.columns]
        kinds = [TensorProto.STRING if c in words else kind for c in program.columns]
        declared = [helper.make_tensor_value_info(n, k, ["n", 1]) for n, k in zip(names, kinds)]
        atoms = AtomsInONNX(graph, program.inputs.__getitem__)
    else:
        declared = [helper.make_tensor_value_info("X", kind, ["n", len(program.inputs)])]
        atoms = AtomsInONNX(graph, lambda column: _picked(graph, [column]))
    if not program.atoms:
        # (Zeros of the right length, whatever is in X.)
        nothing = graph.node("Mul", _picked(graph, [0]), graph.constant(0.0))
        return declared, nothing
    if all(isinstance(atom, Column) for atom in program.atoms) and not words:
        values = _picked(graph, [atom.index for atom in program.atoms])
    else:
        values = graph.node("Concat", *map(atoms.name, program.atoms), axis=1)
    if program.centres.any():
        values = graph.node("Sub", values, graph.constant(program.centres))
    return declared, values


def _picked(graph, columns):
    return graph.node("Gather", "X", graph.constant(columns, np.int64), axis=1)


def _layers(program, graph, inputs):
    """The name of the last layer's values."""
    values = [inputs]
    for layer in program.layers:
        if not layer.n_units:
            values.append(None)
            continue
        terms = [
            graph.node("MatMul", values[source], graph.constant(block))
            for source, block in sorted(layer.blocks.items())
        ]
        # Rows are told by the inputs where nothing else is seen.
        if not terms:
            first = graph.node("Gather", inputs, graph.constant([0], np.int64), axis=1)
            terms = [graph.node("Mul", first, graph.constant(np.zeros((1, layer.n_units)), None))]
        total = terms[0]
        for term in terms[1:]:
            total = graph.node("Add", total, term)
        total = graph.node("Add", total, graph.constant(layer.bias))
        name = "rate" if layer.activation == "exp" else layer.activation
        values.append(total if name == "identity" else graph.function(name, total))
    last = values[-1]
    if any(layer.activation in _HIDE_NAN for layer in program.layers) and program.atoms:
        total = graph.node("ReduceSum", inputs, graph.constant([1], np.int64), keepdims=1)
        nothing = graph.node("Mul", total, graph.constant(0.0))
        last = graph.node("Add", last, nothing)
    return last


def _outputs(program, graph, last):
    """Declarations of the graph's outputs, after the nodes that make them."""
    from onnx import TensorProto, helper

    kind = helper.np_dtype_to_tensor_dtype(graph.dtype)
    n, decision = program.n_outputs, program.decision
    if program.kind == VALUE:
        graph.node("Identity", last, output="values")
        return [helper.make_tensor_value_info("values", kind, ["n", n])]
    name = "probabilities" if program.kind in (PROBABILITY, RESPONSIBILITY) else "scores"
    if name == "probabilities" and decision.rule == "above":
        other = graph.node("Sub", graph.constant(1.0), last)
        graph.node("Concat", other, last, output=name, axis=1)
        n = 2
    else:
        graph.node("Identity", last, output=name)
    declared = helper.make_tensor_value_info(name, kind, ["n", n])
    if decision.rule == "each":
        above = graph.node("Greater", last, graph.constant(decision.boundary))
        graph.node("Cast", above, output="label", to=TensorProto.INT64)
        return [helper.make_tensor_value_info("label", TensorProto.INT64, ["n", n]), declared]
    labels = _labels(decision.labels)
    graph.node("Gather", graph.constant(labels, labels.dtype), _index(graph, decision, last),
               output="label", axis=0)  # fmt: skip
    is_text = labels.dtype == object
    label_kind = TensorProto.STRING if is_text else helper.np_dtype_to_tensor_dtype(labels.dtype)
    return [helper.make_tensor_value_info("label", label_kind, ["n"]), declared]


def _index(graph, decision, last):
    """The number of each row's label."""
    from onnx import TensorProto

    if decision.rule == "largest":
        return graph.node("ArgMax", last, axis=1, keepdims=0)
    flat = graph.node("Reshape", last, graph.constant([-1], np.int64))
    if decision.rule == "only":
        flat = graph.node("Mul", flat, graph.constant(0.0))
        return graph.node("Cast", flat, to=TensorProto.INT64)
    above = graph.node("Greater", flat, graph.constant(decision.boundary))
    return graph.node("Cast", above, to=TensorProto.INT64)


def _labels(labels):
    """Labels as an array that ONNX has a type for, text where it has none."""
    values = np.asarray(labels)
    if values.dtype.kind == "b":
        return values
    if values.dtype.kind in "iu":
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    return np.array([str(label) for label in labels], dtype=object)
