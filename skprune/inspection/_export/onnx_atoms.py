"""ONNX graphs: nodes and constants, and atoms of raw columns as nodes."""

from functools import singledispatchmethod

import numpy as np

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

# Operators of one argument by the names of NumPy's functions.
_OPERATORS = {
    "abs": "Abs", "arcsinh": "Asinh", "arctan": "Atan", "ceil": "Ceil", "cos": "Cos",
    "cosh": "Cosh", "exp": "Exp", "floor": "Floor", "log": "Log", "rint": "Round", "sin": "Sin",
    "sinh": "Sinh", "sqrt": "Sqrt", "tan": "Tan", "tanh": "Tanh", "logistic": "Sigmoid",
    "relu": "Relu",
}  # fmt: skip
_MAX_EXPONENT = 300.0  # of units that are rates
# A sparse constant takes eight bytes more a number: worth it where less than a third is not zero.
_MAX_DENSITY = 1 / 3


class Graph:
    """Nodes and constants of a graph, in the order in which they are computed."""

    def __init__(self, dtype):
        self.dtype = np.dtype({"float": np.float32, "double": np.float64}[dtype])
        self.nodes, self.constants, self.sparse_constants = [], [], []
        self._n = 0

    def _name(self, kind):
        self._n += 1
        return f"{kind}_{self._n}"

    def node(self, kind, *inputs, output=None, domain="", **attributes):
        """Add a node and return the name of its output."""
        from onnx import helper

        output = output or self._name(kind)
        self.nodes.append(
            helper.make_node(kind, list(inputs), [output], domain=domain, **attributes)
        )
        return output

    def constant(self, values, dtype=None):
        """Add a constant, of the graph's type of numbers unless told, and return its name."""
        from onnx import numpy_helper

        values = np.asarray(values, dtype=self.dtype if dtype is None else dtype)
        name = self._name("c")
        is_sparse = values.ndim == 2 and np.count_nonzero(values) < _MAX_DENSITY * values.size
        if is_sparse and dtype is None:
            self.sparse_constants.append(_sparse(name, values))
        else:
            self.constants.append(numpy_helper.from_array(values, name))
        return name

    def affine(self, value, factor, shift):
        """Add the nodes of a factor and a shift, where they do anything."""
        if factor != 1.0:
            value = self.node("Mul", value, self.constant(factor))
        return self.node("Add", value, self.constant(shift)) if shift else value

    def cast(self, value):
        """Make numbers of the graph's type."""
        from onnx import helper

        return self.node("Cast", value, to=helper.np_dtype_to_tensor_dtype(self.dtype))

    def function(self, name, value):
        """A function of NumPy, or an activation."""
        if name in _OPERATORS:
            return self.node(_OPERATORS[name], value)
        if name == "clip":
            return self.node("Clip", value, self.constant(-1.0), self.constant(1.0))
        if name == "softmax":
            return self.node("Softmax", value, axis=1)
        if name == "score":
            return self.affine(value, 0.5, 0.5)
        if name == "rate":
            return self.node("Exp", self.node("Min", value, self.constant(_MAX_EXPONENT)))
        if name == "square":
            return self.node("Mul", value, value)
        if name == "cbrt":
            root = self.node("Pow", self.node("Abs", value), self.constant(1 / 3))
            return self.node("Mul", self.node("Sign", value), root)
        before, operator, after = {
            "log1p": ((1.0, 1.0), "Log", (1.0, 0.0)),
            "log2": ((1.0, 0.0), "Log", (1.0 / np.log(2.0), 0.0)),
            "log10": ((1.0, 0.0), "Log", (1.0 / np.log(10.0), 0.0)),
            "expm1": ((1.0, 0.0), "Exp", (1.0, -1.0)),
            "exp2": ((np.log(2.0), 0.0), "Exp", (1.0, 0.0)),
        }[name]
        return self.affine(self.node(operator, self.affine(value, *before)), *after)


def _sparse(name, values):
    """A matrix by its numbers that are not zero and their places."""
    from onnx import helper, numpy_helper

    places = np.flatnonzero(values)
    numbers = numpy_helper.from_array(values.ravel()[places], name)
    indices = numpy_helper.from_array(places.astype(np.int64), f"{name}_indices")
    return helper.make_sparse_tensor(numbers, indices, list(values.shape))


class AtomsInONNX:
    """Adds atoms to a graph, each once; their values have the shape (n_samples, 1).

    ``columns`` gives the name of a raw column's values.
    """

    def __init__(self, graph, columns):
        self.graph, self._columns, self._names = graph, columns, {}

    def name(self, atom):
        """The name of an atom's values."""
        if atom not in self._names:
            self._names[atom] = self.node(atom)
        return self._names[atom]

    def form(self, form):
        """The name of a form's values."""
        terms = [self.graph.affine(self.name(atom), weight, 0.0) for atom, weight in form.terms]
        total = terms[0]
        for term in terms[1:]:
            total = self.graph.node("Add", total, term)
        return self.graph.affine(total, 1.0, form.constant)

    def _choice(self, test, yes, no):
        """One number where a test holds, and another or other values elsewhere."""
        yes = self.graph.constant(yes)
        no = no if isinstance(no, str) else self.graph.constant(no)
        return self.graph.node("Where", test, yes, no)

    def _is_missing(self, value, missing):
        if np.isnan(missing):
            return self.graph.node("IsNaN", value)
        return self.graph.node("Equal", value, self.graph.constant(missing))

    @singledispatchmethod
    def node(self, atom):
        """Add an atom."""
        raise TypeError(atom)

    @node.register
    def _(self, atom: Column):
        return self._columns(atom.index)

    @node.register
    def _(self, atom: Lookup):
        source = atom.of.atom
        table, other = dict(atom.table), np.nan if atom.other is None else atom.other
        if any(isinstance(key, str) for key in table):
            while isinstance(source, Replaced):
                if source.by in table:
                    table[source.word] = table[source.by]
                source = source.of
            return self._words(source, table, other)
        value, result = self.form(atom.of), self.graph.constant(other)
        for key, number in table.items():
            test = self._is_missing(value, np.nan if key is MISSING else float(key))
            result = self._choice(test, number, result)
        # (Of tables, each test is a column; without any it would be a single number.)
        return result

    def _words(self, column, table, other):
        """Look words up, the empty one for missing ones."""
        found = self.graph.node(
            "LabelEncoder", self.name(column), domain="ai.onnx.ml",
            keys_strings=["" if key is MISSING else key for key in table],
            values_floats=[float(number) for number in table.values()],
            default_float=float(other),
        )  # fmt: skip
        return self.graph.cast(found)

    @node.register
    def _(self, atom: Between):
        value = self.form(atom.of)
        inside = self.graph.node("Not", self.graph.node("IsNaN", value))
        if atom.low is not None:
            inside = self.graph.node("GreaterOrEqual", value, self.graph.constant(atom.low))
        if atom.high is not None:
            below = self.graph.node("Less", value, self.graph.constant(atom.high))
            inside = self.graph.node("And", inside, below)
        # (Zero times what is no number is no number.)
        nothing = self.graph.node("Mul", value, self.graph.constant(0.0))
        return self.graph.node("Add", self.graph.cast(inside), nothing)

    @node.register
    def _(self, atom: Filled):
        value = self.form(atom.of)
        return self._choice(self._is_missing(value, atom.missing), atom.by, value)

    @node.register
    def _(self, atom: Missing):
        source = atom.of.atom
        if isinstance(atom.missing, str):
            return self._words(source, {atom.missing: 1.0}, 0.0)
        return self.graph.cast(self._is_missing(self.form(atom.of), atom.missing))

    @node.register
    def _(self, atom: Clipped):
        ends = self.graph.constant(atom.low), self.graph.constant(atom.high)
        return self.graph.node("Clip", self.form(atom.of), *ends)

    @node.register
    def _(self, atom: Applied):
        return self.graph.function(atom.function, self.form(atom.of))
