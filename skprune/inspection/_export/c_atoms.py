"""Atoms of raw columns as C expressions, and what C has for each function."""

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

# Functions of NumPy whose C name differs.
_C_NAMES = {"abs": "fabs", "arctan": "atan", "arcsinh": "asinh"}
# What needs its argument more than once is a function of its own; a comparison with NaN is false,
# and each leaves NaN as it is.
HELPERS = {
    "relu": "z < {zero} ? {zero} : z",
    "clip": "z < -{one} ? -{one} : z > {one} ? {one} : z",
    "exp": "{exp}(z > {most} ? {most} : z)",
    "square": "z * z",
}


class Numbers:
    """Literals and functions of C in double or single precision."""

    def __init__(self, dtype):
        self.dtype = dtype

    def number(self, value):
        """A literal.

        Raises
        ------
        ValueError
            If the value is beyond single precision.
        """
        value = float(value)
        if np.isnan(value):
            return f"({self.dtype})NAN"
        if self.dtype == "double":
            return repr(value)
        with np.errstate(over="ignore"):
            single = np.float32(value)
        if np.isinf(single):
            raise ValueError(
                f"The number {value:.6g} is beyond single precision, whose largest is 3.4e38; use "
                "dtype='double'."
            )
        return f"{single!s}f"

    def function(self, name):
        """A function of <math.h>."""
        name = _C_NAMES.get(name, name)
        return f"{name}f" if self.dtype == "float" else name

    def helper(self, name):
        """What a helper returns for its argument z."""
        return HELPERS[name].format(
            zero=self.number(0),
            one=self.number(1),
            most=self.number(300),
            exp=self.function("exp"),
        )


class AtomsInC:
    """Writes atoms, each once, as statements before the layers.

    Attributes
    ----------
    lines : list of str
        The statements.
    checks : list of str
        Conditions without which the pipeline would refuse the row.
    helpers : set of str
        Names of the helpers in use.
    """

    def __init__(self, numbers, words, prefix):
        self.numbers, self.words, self.prefix = numbers, words, prefix
        self.lines, self.checks, self.helpers = [], [], set()
        self._names = {}

    def name(self, atom, centre=0.0, gain=1.0):
        """An expression without operators for an atom less its centre, times its gain."""
        if isinstance(atom, Column) and not centre and gain == 1.0:
            return f"x[{atom.index}]"
        key = atom, centre, gain
        if key not in self._names:
            text = self.expression(atom)
            if centre or gain != 1.0:
                text = self._bracketed(atom)
            if centre:
                sign = "-" if centre > 0 else "+"
                text = f"{text} {sign} {self.numbers.number(abs(centre))}"
            if gain != 1.0:
                text = f"({text}) * {self.numbers.number(gain)}"
            name = f"v{len(self._names)}"
            self.lines.append(f"const {self.numbers.dtype} {name} = {text};")
            self._names[key] = name
        return self._names[key]

    def _bracketed(self, atom):
        return self.expression(atom) if isinstance(atom, Column) else self.name(atom)

    def form(self, form):
        """An expression without operators for a form."""
        if form.atom is not None and not isinstance(form.atom, Replaced):
            return self.name(form.atom)
        if form not in self._names:
            terms = [
                self.name(atom) if weight == 1.0 else f"{self.numbers.number(weight)} * "
                + self.name(atom)
                for atom, weight in form.terms
            ]  # fmt: skip
            if form.constant or not terms:
                terms.append(self.numbers.number(form.constant))
            name = f"v{len(self._names)}"
            self.lines.append(f"const {self.numbers.dtype} {name} = {' + '.join(terms)};")
            self._names[form] = name
        return self._names[form]

    def _code(self, atom, key):
        """The number of a word, or a number itself."""
        (column,) = atom.columns()
        if isinstance(key, str):
            key = self.words[column].index(key)
        return self.numbers.number(key)

    def _is(self, value, atom, keys):
        tests = [
            f"isnan({value})" if key is MISSING else f"{value} == {self._code(atom, key)}"
            for key in keys
        ]
        return " || ".join(tests)

    @singledispatchmethod
    def expression(self, atom):
        """An expression for an atom."""
        raise TypeError(atom)

    @expression.register
    def _(self, atom: Column):
        return f"x[{atom.index}]"

    @expression.register
    def _(self, atom: Replaced):
        value = self.name(atom.of)
        test = self._is(value, atom, [atom.word])
        return f"{test} ? {self._code(atom, atom.by)} : {value}"

    @expression.register
    def _(self, atom: Lookup):
        source = atom.of.atom
        value = self.name(source) if source is not None else self.form(atom.of)
        by_number = {}
        for key, number in atom.table:
            by_number.setdefault(number, []).append(key)
        if atom.other is None:
            self._check(self._is(value, atom, [key for key, _ in atom.table]))
        default = atom.other
        if default is None:
            default = max(by_number, key=lambda number: len(by_number[number]))
        text = self.numbers.number(default)
        for number, keys in by_number.items():
            if number != default:
                text = f"{self._is(value, atom, keys)} ? {self.numbers.number(number)} : {text}"
        return text

    def _check(self, condition):
        if condition not in self.checks:
            self.checks.append(condition)

    @expression.register
    def _(self, atom: Between):
        value = self.form(atom.of)
        if not isinstance(atom.of.atom, Filled):
            self._check(f"!isnan({value})")
        pairs = ((">=", atom.low), ("<", atom.high))
        ends = [f"{value} {sign} {self.numbers.number(e)}" for sign, e in pairs if e is not None]
        one, zero = self.numbers.number(1), self.numbers.number(0)
        return f"{' && '.join(ends)} ? {one} : {zero}" if ends else one

    @expression.register
    def _(self, atom: Filled):
        value = self.form(atom.of)
        return f"{self._missing(value, atom.missing)} ? {self.numbers.number(atom.by)} : {value}"

    def _missing(self, value, missing):
        if np.isnan(missing):
            return f"isnan({value})"
        return f"{value} == {self.numbers.number(missing)}"

    @expression.register
    def _(self, atom: Missing):
        source = atom.of.atom
        value = self.name(source) if source is not None else self.form(atom.of)
        if isinstance(atom.missing, str):
            test = self._is(value, atom, [atom.missing])
        else:
            test = self._missing(value, atom.missing)
        return f"{test} ? {self.numbers.number(1)} : {self.numbers.number(0)}"

    @expression.register
    def _(self, atom: Clipped):
        value = self.form(atom.of)
        low, high = self.numbers.number(atom.low), self.numbers.number(atom.high)
        return f"{value} < {low} ? {low} : {value} > {high} ? {high} : {value}"

    @expression.register
    def _(self, atom: Applied):
        return self.applied(atom.function, self.form(atom.of))

    def applied(self, function, argument):
        """A function of an argument that has been written down."""
        if function == "square":
            self.helpers.add("square")
            return f"{self.prefix}_square({argument})"
        return f"{self.numbers.function(function)}({argument})"
