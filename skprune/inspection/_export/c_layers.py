"""Layers of units as C: a term a weight where that is smaller, else tables and loops."""

import numpy as np

from ..._fitted.columns.forms import Column
from .layers import INPUTS

LAYOUTS = ("unrolled", "dense", "sparse")
# Bytes at -Os on x86-64, measured: of a term beside its number, of a unit, and of loops.
_TERM, _UNIT, _DENSE_LOOP, _SPARSE_LOOP = 18, 25, 90, 130
_MAX_WRITTEN_INPUTS = 8  # inputs in a table of their own that are written out one by one
_ROW = 8  # numbers a line of a table


class LayersInC:
    """Writes layers, one after the other.

    Attributes
    ----------
    tables : list of str
        Constants at file scope.
    lines : list of str
        Statements, after those of the atoms.
    """

    def __init__(self, program, atoms, layout):
        self.program, self.atoms, self.numbers = program, atoms, atoms.numbers
        self.prefix, self.tables, self.lines = atoms.prefix, [], []
        self._layouts = [self._layout(layer, layout) for layer in program.layers]
        self._loops = [name != "unrolled" for name in self._layouts]
        self._is_gathered = self._must_gather()

    def write(self):
        """Write everything; the last layer's values are the outputs ``y``."""
        if self._is_gathered:
            self._gather()
        for number, layer in enumerate(self.program.layers, start=1):
            if layer.n_units:
                target = self._array(number)
                if self._is_array(number) and target != "y":
                    self.lines.append(f"{self.numbers.dtype} {target}[{layer.n_units}];")
                write = self._loop if self._loops[number - 1] else self._unroll
                write(number, layer)
                if layer.activation == "softmax":
                    self.lines += self._softmax(target, layer.n_units)

    def notes(self):
        """Lines of the comment about how numbers are kept."""
        return []

    def _layout(self, layer, layout):
        """The layout asked for, or the one that makes the smallest code."""
        if layout != "auto" or not layer.blocks:
            return layout if layer.blocks else "unrolled"
        size = np.dtype(self.numbers.dtype if self.numbers.dtype != "float" else "f4").itemsize
        n_weights = sum(np.count_nonzero(block) for block in layer.blocks.values())
        n_seen = max(len(block) for block in layer.blocks.values())
        index = 1 if n_seen <= 256 else 2
        dense = sum(block.size for block in layer.blocks.values())
        tables = size * layer.n_units + _DENSE_LOOP * len(layer.blocks)
        costs = {
            "unrolled": (size + _TERM) * n_weights + _UNIT * layer.n_units,
            "dense": size * dense + tables,
            "sparse": (size + index) * n_weights
            + tables
            + len(layer.blocks) * (layer.n_units + _SPARSE_LOOP - _DENSE_LOOP),
        }
        return min(costs, key=costs.get)

    def _must_gather(self):
        """Whether loops run over inputs that are not the raw columns as they stand."""
        for layer, layout in zip(self.program.layers, self._layouts):
            if INPUTS in layer.blocks and layout != "unrolled":
                raw = self._raw_columns()
                if raw is None or (layout == "dense" and raw != list(range(len(raw)))):
                    return True
        return False

    def _raw_columns(self):
        """Numbers of the raw columns, if the inputs are nothing else."""
        atoms = self.program.atoms
        is_shifted = self.program.centres.any() or (self.program.gains != 1.0).any()
        is_raw = not is_shifted and all(isinstance(atom, Column) for atom in atoms)
        return [atom.index for atom in atoms] if is_raw else None

    def _gather(self):
        """Put the inputs in a row."""
        atoms, dtype = self.program.atoms, self.numbers.dtype
        centres, gains = self.program.centres, self.program.gains
        n = len(atoms)
        if n <= _MAX_WRITTEN_INPUTS or not all(isinstance(atom, Column) for atom in atoms):
            names = [self.atoms.name(*pair) for pair in zip(atoms, centres, gains)]
            self.lines.append(f"const {dtype} u[{n}] = {{{_rows(names, ' ' * 8)}}};")
            return
        at = self._indices("columns", [atom.index for atom in atoms])
        value = f"x[{at}[i]]"
        if centres.any():
            value += f" - {self._table('centres', centres, dtype)}[i]"
        if (gains != 1.0).any():
            value = f"({value}) * {self._table('gains', gains, dtype)}[i]"
        self.lines += [f"{dtype} u[{n}];", f"for (int i = 0; i < {n}; i++) u[i] = {value};"]

    def _table(self, name, values, kind):
        name = f"{self.prefix}_{name}"
        if kind == self.numbers.dtype:
            values = map(self.numbers.number, values)
        texts = list(map(str, values))
        self.tables.append(
            f"static const {kind} {name}[{len(texts)}] = {{{_rows(texts, ' ' * 4)}}};"
        )
        return name

    def _indices(self, name, values):
        return self._table(name, values, _integers(max(values)))

    def _is_array(self, number):
        """Whether a layer's values stand in an array."""
        layer = self.program.layers[number - 1]
        if number == len(self.program.layers) or layer.activation == "softmax":
            return True
        above = zip(self.program.layers[number:], self._loops[number:])
        return self._loops[number - 1] or any(
            loops and number in other.blocks for other, loops in above
        )

    def _array(self, number):
        return "y" if number == len(self.program.layers) else f"h{number}"

    def _value(self, source, i):
        """What a unit or an input is called."""
        if source == INPUTS:
            if self._is_gathered:
                return f"u[{i}]"
            program = self.program
            return self.atoms.name(program.atoms[i], program.centres[i], program.gains[i])
        if self._is_array(source):
            return f"{self._array(source)}[{i}]"
        return f"h{source}_{self.program.layers[source - 1].units[i]}"

    def _unroll(self, number, layer):
        for unit in range(layer.n_units):
            terms = [
                f"{self.numbers.number(block[i, unit])} * {self._value(source, i)}"
                for source, block in sorted(layer.blocks.items(), reverse=True)
                for i in np.flatnonzero(block[:, unit]).tolist()
            ]
            total = self._sum(layer.bias[unit], terms)
            left = f"const {self.numbers.dtype} h{number}_{layer.units[unit]}"
            if self._is_array(number):
                left = f"{self._array(number)}[{unit}]"
            self.lines.append(f"{left} = {self._activated(layer.activation, total)};")

    def _sum(self, bias, products):
        """The net input of a unit, a few terms a line."""
        terms = [self.numbers.number(bias), *products] if bias else products
        rows = [" + ".join(terms[start : start + 4]) for start in range(0, len(terms), 4)]
        return "\n        + ".join(rows).replace("+ -", "- ") or self.numbers.number(0)

    def _activated(self, name, z):
        """What a unit makes of its net input."""
        if name in ("identity", "softmax"):
            return z
        one = self.numbers.number(1)
        if name == "logistic":
            return f"{one} / ({one} + {self.numbers.function('exp')}(-({z})))"
        if name == "score":
            return f"{self.numbers.number(0.5)} * ({one} + ({z}))"
        if name in ("relu", "clip", "exp"):
            self.atoms.helpers.add(name)
            return f"{self.prefix}_{name}({z})"
        return self.atoms.applied(name, z)

    def _loop(self, number, layer):
        dtype, n = self.numbers.dtype, layer.n_units
        bias = self._table(f"b{number}", layer.bias, dtype)
        before, inside = [], []
        for source, block in sorted(layer.blocks.items(), reverse=True):
            of = f"{number}" if len(layer.blocks) == 1 else f"{number}_{source}"
            write = self._dense if self._layouts[number - 1] == "dense" else self._sparse
            first, inner = write(of, source, block)
            before += first
            inside += inner
        self.lines += [
            *before,
            f"for (int j = 0; j < {n}; j++) {{",
            f"    {dtype} z = {bias}[j];",
            *(f"    {line}" for line in inside),
            f"    {self._array(number)}[j] = {self._activated(layer.activation, 'z')};",
            "}",
        ]

    def _seen(self, source):
        """The array that a block reads, and the place of each of its inputs there."""
        n = len(self.program.atoms)
        if source != INPUTS:
            return self._array(source), range(self.program.layers[source - 1].n_units)
        return ("u", range(n)) if self._is_gathered else ("x", self._raw_columns())

    def _dense(self, of, source, block):
        n = len(block)
        table = self._table(f"w{of}", block.T.ravel(), self.numbers.dtype)
        values = self._seen(source)[0]
        return [], [f"for (int i = 0; i < {n}; i++) z += {table}[j * {n} + i] * {values}[i];"]

    def _sparse(self, of, source, block):
        values, places = self._seen(source)
        units, inputs = np.nonzero(block.T)
        weights = self._table(f"w{of}", block[inputs, units], self.numbers.dtype)
        places = [places[i] for i in inputs]
        at = self._indices(f"i{of}", places)
        number = self._indices(f"n{of}", np.bincount(units, minlength=block.shape[1]))
        return [f"int k{of} = 0;"], [
            f"for (int n = {number}[j]; n > 0; n--, k{of}++) "
            f"z += {weights}[k{of}] * {values}[{at}[k{of}]];"
        ]

    def _softmax(self, values, n):
        dtype, exp = self.numbers.dtype, self.numbers.function("exp")
        top, total = f"top_{values}", f"total_{values}"
        return [
            f"{dtype} {top} = {values}[0], {total} = {self.numbers.number(0)};",
            f"for (int k = 1; k < {n}; k++) if ({values}[k] > {top}) {top} = {values}[k];",
            f"for (int k = 0; k < {n}; k++) {total} += {values}[k] = {exp}({values}[k] - {top});",
            f"for (int k = 0; k < {n}; k++) {values}[k] /= {total};",
        ]


def _integers(largest):
    """The smallest type of C for whole numbers from zero to the largest."""
    return next(
        (kind for kind, most in (("unsigned char", 255), ("unsigned short", 65535))
         if largest <= most),
        "unsigned int",
    )  # fmt: skip


def _rows(texts, indent):
    if len(texts) <= _ROW:
        return ", ".join(texts)
    rows = [", ".join(texts[start : start + _ROW]) for start in range(0, len(texts), _ROW)]
    return f"\n{indent}" + f",\n{indent}".join(rows)
