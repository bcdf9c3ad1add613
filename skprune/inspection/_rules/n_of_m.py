"""Rules for single units: by truth table, or N of M where the table would be too large."""

from dataclasses import dataclass

import numpy as np

from .logic import ALWAYS, NEVER, Conjunction, Count, Disjunction, Literal
from .truth_table import shortest_form

MAX_UNIT_PATTERNS = 2**12
DISTANCE = 0.25  # between the links of a cluster, relative to the unit's strongest link


@dataclass(frozen=True)
class WeightedCount:
    """A weighted sum of the numbers of true literals in some groups is above a threshold."""

    groups: tuple  # of (weight, literals)
    threshold: float

    @property
    def axes(self):
        """Columns of state numbers that it asks about."""
        return tuple(sorted({lit.axis for _, literals in self.groups for lit in literals}))

    @property
    def cost(self):
        """Number of comparisons to be read."""
        return sum(literal.cost for _, literals in self.groups for literal in literals)

    def holds(self, codes):
        """Tell for which rows of state numbers the sum is above the threshold."""
        total = np.zeros(len(codes))
        for weight, literals in self.groups:
            total += weight * sum(literal.holds(codes).astype(int) for literal in literals)
        return total > self.threshold

    def __str__(self):
        """Write the sum with `number of (...)` for each group."""
        parts = [
            f"{weight:.2f} * number of ({', '.join(map(str, literals))})"
            for weight, literals in self.groups
        ]
        return f"{' + '.join(parts)} > {self.threshold:.2f}"


@dataclass(frozen=True)
class Unit:
    """A unit as a sum over discrete variables, and where it is on.

    Attributes
    ----------
    variables : list of Variable
        What the unit sees.
    links : list of ndarray of shape (n_values,)
        What each value of each variable adds to the unit's net input.
    bias : float
        The rest of the net input.
    cut : float
        Net input above which the unit counts as on.
    """

    variables: list
    links: list
    bias: float
    cut: float

    def net_input(self, codes):
        """Return the net input for rows of state numbers."""
        return self.bias + sum(link[code] for link, code in zip(self.links, codes.T))


def unit_rule(unit, codes):
    """Describe when a unit is on.

    Parameters
    ----------
    unit : Unit
        The unit.
    codes : ndarray of shape (n_samples, n_variables)
        State numbers of the patterns that the rule must agree on, when it is not exact.

    Returns
    -------
    form : Conjunction, Disjunction, Count or WeightedCount
        By the N-of-M method of Towell and Shavlik (1993): similar links are averaged, links
        that no pattern needs are dropped, and the threshold is trained again. If the unit's
        truth table has at most `MAX_UNIT_PATTERNS` entries, its shortest form is taken
        instead, unless N of M is shorter and tells all patterns rightly.
    """
    axes = [axis for axis, link in enumerate(unit.links) if np.ptp(link) > 0]
    truth = unit.net_input(codes) > unit.cut
    if truth.all() or not truth.any():
        return ALWAYS if truth.all() else NEVER
    loose = _n_of_m(unit, axes, codes, truth)
    if np.prod([float(len(unit.links[axis])) for axis in axes]) > MAX_UNIT_PATTERNS:
        return loose
    if loose.cost <= len(axes) and _is_exact(loose, unit, axes):
        return loose  # (nothing that tells all links is shorter)
    exact = _by_table(unit, axes)
    faithful = np.array_equal(loose.holds(codes), truth)
    return loose if faithful and loose.cost < exact.cost else exact


def _is_exact(form, unit, axes):
    """Whether a form tells the unit for all values of what it sees."""
    shape = [len(unit.links[axis]) for axis in axes]
    codes = np.zeros((np.prod(shape), len(unit.links)), dtype=int)
    codes[:, axes] = np.indices(shape).reshape(len(shape), -1).T
    return np.array_equal(form.holds(codes), unit.net_input(codes) > unit.cut)


def _by_table(unit, axes):
    net = np.array(unit.bias)
    for axis in axes:
        net = np.add.outer(net, unit.links[axis])
    for axis in set(range(len(unit.links))) - set(axes):
        net = net + unit.links[axis][0]
    return shortest_form(net > unit.cut, [unit.variables[axis] for axis in axes], axes=axes)


def _n_of_m(unit, axes, codes, truth):
    groups = _clusters(_signed_literals(unit, axes))
    counts = np.array([sum(lit.holds(codes).astype(int) for _, lit in group) for group in groups])
    weights = np.array([np.mean([weight for weight, _ in group]) for group in groups])
    kept = _needed(counts, weights, truth)
    threshold = best_threshold(weights[kept] @ counts[kept], truth)
    literals = [tuple(literal for _, literal in groups[k]) for k in kept]
    if len(kept) == 1:
        least = int(np.floor(threshold / weights[kept[0]])) + 1
        return _at_least(max(least, 0), literals[0])
    return WeightedCount(tuple(zip(weights[kept].tolist(), literals)), threshold)


def _at_least(number, literals):
    """A count from a number on: with words of their own for all of them, and for any."""
    if number == len(literals):
        return Conjunction(literals)
    if number == 1:
        return Disjunction(tuple(Conjunction((literal,)) for literal in literals))
    return Count(literals, tuple(range(number, len(literals) + 1)))


def _signed_literals(unit, axes):
    """List (weight > 0, literal): a link that inhibits becomes one on the opposite value."""
    found = []
    for axis in axes:
        link, variable = unit.links[axis], unit.variables[axis]
        values, counts = np.unique(link, return_counts=True)
        base = link[0] if len(link) == 2 else values[counts.argmax()]
        for state in np.flatnonzero(link != base):
            allowed = np.arange(len(link)) == state
            excites = link[state] > base
            literal = Literal(variable, axis, tuple((allowed if excites else ~allowed).tolist()))
            found.append((abs(link[state] - base), literal))
    return sorted(found, key=lambda pair: pair[0])


def _clusters(links):
    """Join links in order of weight while a cluster's span stays within the distance."""
    reach = DISTANCE * links[-1][0]
    groups = []
    for weight, literal in links:
        if groups and weight - groups[-1][0][0] <= reach:
            groups[-1].append((weight, literal))
        else:
            groups.append([(weight, literal)])
    return groups


def _needed(counts, weights, truth):
    """Drop groups, weakest first, while no pattern is told worse without them."""
    kept = list(range(len(weights)))
    errors = _fewest_errors(weights @ counts, truth)
    for group in range(len(weights)):
        others = [k for k in kept if k != group]
        if others and _fewest_errors(weights[others] @ counts[others], truth) <= errors:
            kept = others
    return kept


def _errors_by_threshold(total, truth):
    """Return the candidate thresholds and the number of patterns each tells wrongly."""
    values = np.unique(total)
    thresholds = np.concatenate([[values[0] - 1.0], (values[:-1] + values[1:]) / 2, values[-1:]])
    below = np.searchsorted(np.sort(total[truth]), thresholds, side="right")
    above = np.count_nonzero(~truth) - np.searchsorted(
        np.sort(total[~truth]), thresholds, side="right"
    )
    return thresholds, below + above


def _fewest_errors(total, truth):
    return _errors_by_threshold(total, truth)[1].min()


def best_threshold(total, truth):
    thresholds, errors = _errors_by_threshold(total, truth)
    return float(thresholds[errors.argmin()])
