"""Atoms of raw columns in words, for equations."""

from functools import singledispatch

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


def symbol(name):
    """A name as it stands in an equation: in brackets unless it is an identifier."""
    return name if name.isidentifier() else f"[{name}]"


def atom_in_words(atom, names):
    """An atom as a factor of an equation, given the names of the raw columns."""
    text = told(atom, names)
    return symbol(text) if not isinstance(atom, Applied | Clipped) else text


@singledispatch
def told(atom, names):
    """An atom in words, without brackets around it."""
    raise TypeError(atom)


def _form(form, names):
    if form.atom is not None:
        return told(form.atom, names)
    terms = [f"{weight:.6g}*{atom_in_words(atom, names)}" for atom, weight in form.terms]
    return " + ".join([*terms, f"{form.constant:.6g}"] if form.constant else terms)


def _value(value):
    """A key of a table, or what stands for a missing value."""
    if value is MISSING or value != value:
        return "missing"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@told.register
def _column(atom: Column, names):
    return names[atom.index]


@told.register
def _replaced(atom: Replaced, names):
    return f"{told(atom.of, names)}, {atom.by} if {_value(atom.word)}"


@told.register
def _lookup(atom: Lookup, names):
    name = _form(atom.of, names)
    ones = [_value(key) for key, number in atom.table if number == 1.0]
    others = [_value(key) for key, number in atom.table if number == 0.0]
    if len(ones) + len(others) == len(atom.table) and not atom.other:
        return f"{name} == {ones[0]}" if len(ones) == 1 else f"{name} in ({', '.join(ones)})"
    if len(ones) + len(others) == len(atom.table) and others:
        return f"{name} not in ({', '.join(others)})"
    codes = ", ".join(f"{_value(key)} {number:.6g}" for key, number in atom.table)
    return f"{name}: {codes}"


@told.register
def _between(atom: Between, names):
    name = _form(atom.of, names)
    if atom.low is None:
        return "1" if atom.high is None else f"{name} < {atom.high:.6g}"
    return f"{atom.low:.6g} <= {name}" + ("" if atom.high is None else f" < {atom.high:.6g}")


@told.register
def _filled(atom: Filled, names):
    return f"{_form(atom.of, names)}, {atom.by:.6g} if {_value(atom.missing)}"


@told.register
def _missing(atom: Missing, names):
    return f"{_form(atom.of, names)} is {_value(atom.missing)}"


@told.register
def _clipped(atom: Clipped, names):
    return f"clip({_form(atom.of, names)}, {atom.low:.6g}, {atom.high:.6g})"


@told.register
def _applied(atom: Applied, names):
    return f"{atom.function}({_form(atom.of, names)})"
