"""Columns as functions of raw columns: affine forms of a few kinds of atoms.

What a step makes of a column is an affine function of `atoms`, each a function of one form before
it that is not affine, down to the raw columns. Affine steps (scalers) therefore leave nothing
behind but other weights, and whoever writes the columns down (C, NumPy, text, ONNX, rules) has to
know the atoms of this module alone. Each can tell its values, of raw rows, too.
"""

from dataclasses import dataclass, replace

import numpy as np

MISSING = None  # the key of a missing value in a table


@dataclass(frozen=True)
class Form:
    """The constant plus the sum of each atom times its weight."""

    terms: tuple = ()  # of (atom, weight)
    constant: float = 0.0

    @classmethod
    def of(cls, atom):
        """An atom as it is."""
        return cls(((atom, 1.0),))

    def affine(self, factor, shift=0.0):
        """The form times a factor plus a shift."""
        terms = tuple((atom, weight * float(factor)) for atom, weight in self.terms)
        return Form(terms, self.constant * float(factor) + float(shift))

    @property
    def atom(self):
        """The atom if the form is one and nothing else, or None."""
        is_atom = len(self.terms) == 1 and self.terms[0][1] == 1.0 and self.constant == 0.0
        return self.terms[0][0] if is_atom else None

    @property
    def root(self):
        """The value at which a form of one atom is zero, 0 for any other."""
        if len(self.terms) != 1 or not self.terms[0][1]:
            return 0.0
        return -self.constant / self.terms[0][1]

    def columns(self):
        """Numbers of the raw columns that it depends on."""
        return set().union(*(atom.columns() for atom, _ in self.terms))

    def values(self, X):
        """Its values for raw rows, an array of objects."""
        return self.constant + sum(
            (weight * atom.values(X) for atom, weight in self.terms), np.zeros(len(X))
        )


@dataclass(frozen=True)
class Column:
    """A raw column."""

    index: int

    def columns(self):
        return {self.index}

    def raw(self, X):
        return X[:, self.index]

    def values(self, X):
        return X[:, self.index].astype(float)


@dataclass(frozen=True)
class Replaced:
    """A raw column of words with another word in the place of one of them, or of missing ones."""

    of: object  # Column, or Replaced
    word: object
    by: object

    def columns(self):
        return self.of.columns()

    def raw(self, X):
        return np.array(
            [self.by if key_of(value) == self.word else value for value in self.of.raw(X)],
            dtype=object,
        )


@dataclass(frozen=True)
class Lookup:
    """The number that a table has for a value; ``other`` (None: refused) if it has none."""

    of: Form
    table: tuple  # of (key, number)
    other: float | None

    def columns(self):
        return self.of.columns()

    def keys_of(self, X):
        """Keys of the values that it looks up in raw rows."""
        atom = self.of.atom
        raw = atom.raw(X) if isinstance(atom, Column | Replaced) else self.of.values(X)
        return [key_of(value) for value in raw]

    def values(self, X):
        table, other = dict(self.table), np.nan if self.other is None else self.other
        return np.array([table.get(key, other) for key in self.keys_of(X)], dtype=float)


@dataclass(frozen=True)
class Between:
    """One from ``low`` on and below ``high`` (None: without that end), else zero."""

    of: Form
    low: float | None
    high: float | None

    def columns(self):
        return self.of.columns()

    def values(self, X):
        value = self.of.values(X)
        low = -np.inf if self.low is None else self.low
        high = np.inf if self.high is None else self.high
        inside = (low <= value) & ((value < high) | (self.high is None))
        return np.where(np.isnan(value), np.nan, inside.astype(float))


@dataclass(frozen=True)
class Filled:
    """A number in the place of missing ones, or of what stands for them."""

    of: Form
    missing: float
    by: float

    def columns(self):
        return self.of.columns()

    def values(self, X):
        value = self.of.values(X)
        return np.where(is_missing(value, self.missing), self.by, value)


@dataclass(frozen=True)
class Missing:
    """One where a value is missing, else zero."""

    of: Form
    missing: object  # NaN, a number, or a word

    def columns(self):
        return self.of.columns()

    def values(self, X):
        atom = self.of.atom
        if isinstance(atom, Column | Replaced):
            missing = key_of(self.missing)
            return np.array([key_of(value) == missing for value in atom.raw(X)], dtype=float)
        return is_missing(self.of.values(X), self.missing).astype(float)


@dataclass(frozen=True)
class Clipped:
    """A value moved to the nearest end of a range outside it."""

    of: Form
    low: float
    high: float

    def columns(self):
        return self.of.columns()

    def values(self, X):
        return np.clip(self.of.values(X), self.low, self.high)


@dataclass(frozen=True)
class Applied:
    """A function of NumPy, by its name."""

    of: Form
    function: str

    def columns(self):
        return self.of.columns()

    def values(self, X):
        return getattr(np, self.function)(self.of.values(X))


def renumbered(atom, numbers):
    """The same of raw columns that have other numbers, by those they had."""
    if isinstance(atom, Column):
        return Column(numbers[atom.index])
    if isinstance(atom, Form):
        terms = tuple((renumbered(part, numbers), weight) for part, weight in atom.terms)
        return replace(atom, terms=terms)
    return replace(atom, of=renumbered(atom.of, numbers))


def key_of(value):
    """A value as the key of a table: numbers as floats, missing ones as `MISSING`."""
    if isinstance(value, str):
        return str(value)
    if value is None or value != value or type(value).__name__ == "NAType":
        return MISSING
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return float(value) if isinstance(value, int | float | np.number) else value


def is_missing(values, missing):
    """Which numbers are the one that stands for missing ones, be it NaN."""
    return np.isnan(values) if np.isnan(missing) else values == missing
