"""Rules as objects: comparisons of attributes, joined by `and` and `or`, or counted.

Each can be asked for which patterns it holds, given the numbers of their attributes' values,
and what it costs to read; `str` writes it.
"""

from dataclasses import dataclass

import numpy as np

OTHER = "other"  # the value of an attribute for which no column stands
NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Variable:
    """What a truth table speaks of: an attribute and the names of its values.

    An ordered attribute is told by thresholds, a flag (such as a hidden unit) by its name; the
    values of a number cut into bins are ranges, told by the edges between them.
    """

    name: str
    values: tuple
    ordered: bool = False
    flag: bool = False
    edges: tuple = ()


def spelled(numbers):
    """Numbers as texts, with as many digits as it takes to tell them apart."""
    for digits in range(6, 18):
        texts = tuple(f"{number:.{digits}g}" for number in numbers)
        if len(set(texts)) == len(numbers):
            break
    return texts


@dataclass(frozen=True)
class Literal:
    """An attribute takes one of the allowed values."""

    variable: Variable
    axis: int
    allowed: tuple

    @property
    def axes(self):
        """Columns of state numbers that it asks about."""
        return (self.axis,)

    @property
    def cost(self):
        """Number of comparisons to be read."""
        n_values = min(sum(self.allowed), len(self.allowed) - sum(self.allowed))
        if self._bounds() is None:
            return n_values
        n_bounds = sum(bound is not None for bound in self._bounds())
        return min(n_bounds, n_values) if self.variable.edges else n_bounds

    def holds(self, codes):
        """Tell for which rows of state numbers the literal is true."""
        return np.array(self.allowed)[codes[:, self.axis]]

    def __str__(self):
        """Write the literal as a comparison."""
        name, values = self.variable.name, np.array(self.variable.values, dtype=object)
        allowed = np.array(self.allowed)
        if self.variable.flag:
            return name if allowed[1] else f"not {name}"
        if self._bounds() is not None:
            (low, high), up_to = self._bounds(), "<" if self.variable.edges else "<="
            if low is None:
                return f"{name} {up_to} {high}"
            return f"{name} >= {low}" if high is None else f"{low} <= {name} {up_to} {high}"
        if allowed.sum() == 1:
            return f"{name} == {values[allowed][0]}"
        if allowed.sum() == allowed.size - 1:
            is_range = 0 < len(self.variable.edges) >= np.argmin(allowed)
            return f"{name} {'not in' if is_range else '!='} {values[~allowed][0]}"
        if allowed.sum() <= allowed.size / 2:
            return f"{name} in ({', '.join(values[allowed])})"
        return f"{name} not in ({', '.join(values[~allowed])})"

    def _bounds(self):
        """Lowest and highest value of an interval of what has an order, or its edges; else None."""
        states, edges = np.flatnonzero(self.allowed), self.variable.edges
        together = states[-1] - states[0] + 1 == states.size
        if edges:
            # (After the ranges there may be a value that is in none of them.)
            is_told = together and states[-1] <= len(edges) and states.size <= len(edges)
            padded = (None, *edges, None, None)
            return (padded[states[0]], padded[states[-1] + 1]) if is_told else None
        if not (self.variable.ordered and len(self.allowed) > 2 and together and states.size > 1):
            return None
        low = self.variable.values[states[0]] if states[0] > 0 else None
        high = self.variable.values[states[-1]] if states[-1] < len(self.allowed) - 1 else None
        return low, high


@dataclass(frozen=True)
class Relation:
    """Two attributes take the same value, or different ones."""

    variables: tuple
    axes: tuple
    equal: bool
    cost = 1

    def holds(self, codes):
        """Tell for which rows of state numbers the relation is true."""
        return self.table()[codes[:, self.axes[0]], codes[:, self.axes[1]]]

    def table(self):
        """Truth of the relation for each pair of states."""
        first, second = (np.array(variable.values, dtype=object) for variable in self.variables)
        same = first[:, None] == second
        return same if self.equal else ~same

    def __str__(self):
        """Write the relation as a comparison."""
        first, second = self.variables
        return f"{first.name} {'==' if self.equal else '!='} {second.name}"


@dataclass(frozen=True)
class Conjunction:
    """All parts hold; without parts it is always true."""

    parts: tuple

    @property
    def axes(self):
        """Columns of state numbers that it asks about."""
        return _axes_of(self.parts)

    @property
    def cost(self):
        """Number of comparisons to be read."""
        return sum(part.cost for part in self.parts)

    def holds(self, codes):
        """Tell for which rows of state numbers every part is true."""
        truth = np.ones(len(codes), dtype=bool)
        for part in self.parts:
            truth &= part.holds(codes)
        return truth

    def __str__(self):
        """Write the parts with `and` between them."""
        return " and ".join(map(str, self.parts)) or "always"


@dataclass(frozen=True)
class Disjunction:
    """At least one term holds; without terms it is never true."""

    terms: tuple

    @property
    def axes(self):
        """Columns of state numbers that it asks about."""
        return _axes_of(self.terms)

    @property
    def cost(self):
        """Number of comparisons to be read."""
        return sum(term.cost for term in self.terms)

    def holds(self, codes):
        """Tell for which rows of state numbers some term is true."""
        truth = np.zeros(len(codes), dtype=bool)
        for term in self.terms:
            truth |= term.holds(codes)
        return truth

    def __str__(self):
        """Write the terms with `or` between them."""
        if len(self.terms) == 1:
            return str(self.terms[0])
        texts = [f"({t})" if len(t.parts) > 1 else str(t) for t in self.terms]
        return " or ".join(texts) or "never"


@dataclass(frozen=True)
class Count:
    """The number of literals that hold is one of the allowed numbers."""

    literals: tuple
    numbers: tuple

    @property
    def axes(self):
        """Columns of state numbers that it asks about."""
        return _axes_of(self.literals)

    @property
    def cost(self):
        """Number of comparisons to be read, and one more if the numbers are no interval."""
        return sum(literal.cost for literal in self.literals) + _has_gap(self.numbers)

    def holds(self, codes):
        """Tell for which rows of state numbers the count is an allowed one."""
        count = sum(literal.holds(codes).astype(int) for literal in self.literals)
        return np.isin(count, self.numbers)

    def __str__(self):
        """Write the count in words."""
        others = sorted(set(range(len(self.literals) + 1)) - set(self.numbers))
        if _has_gap(self.numbers) and not _has_gap(others):
            return f"not {Count(self.literals, tuple(others))}"
        low, high, n = min(self.numbers), max(self.numbers), len(self.literals)
        if _has_gap(self.numbers):
            wanted = " or ".join(map(spell, self.numbers))
        elif low == high:
            wanted = f"exactly {spell(low)}"
        elif high == n:
            wanted = f"at least {spell(low)}"
        elif low == 0:
            wanted = f"at most {spell(high)}"
        else:
            wanted = f"{spell(low)} to {spell(high)}"
        return f"{wanted} of ({', '.join(map(str, self.literals))})"


ALWAYS, NEVER = Disjunction((Conjunction(()),)), Disjunction(())


def _axes_of(parts):
    return tuple(sorted({axis for part in parts for axis in part.axes}))


def _has_gap(numbers):
    return max(numbers) - min(numbers) + 1 > len(numbers)


def spell(number):
    """Write a small number in words."""
    return NUMBERS[number] if number < len(NUMBERS) else str(number)
