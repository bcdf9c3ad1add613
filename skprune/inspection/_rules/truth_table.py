"""Shortest forms of truth tables over attributes of two or more values.

A table is a boolean array with one axis an attribute and one entry a combination of states.
Its shortest disjunctive form is found as for switching circuits (Quine and McCluskey), with
literals `attribute in set of values` in place of bits: all prime implicants, then the
cheapest cover of the table by them.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from .logic import ALWAYS, NEVER, OTHER, Conjunction, Count, Disjunction, Literal, Relation

MAX_CUBES = 2**22  # cubes of a table whose prime implicants are all listed (4 MB)
MOST_RELATED = 3  # attributes that an equality of two may tell in fewer words than a count
MAX_RELATION_CUBES = 2**20  # the same, times pairs of attributes that may be compared: some seconds
MAX_COVER = 2**18  # entries of a cover table that is solved to the optimum
MAX_CHOICE = 2**25  # entries of a cover table that is chosen from at all (32 MB)
NODE_LIMIT = 100  # of the branch and bound, so that results do not depend on the clock


def shortest_form(table, variables, dont_care=None, axes=None):
    """Find the shortest form of a truth table: a count of literals, or a disjunction.

    Parameters
    ----------
    table : ndarray of bool
        Truth for each combination of states, one axis a variable.
    variables : sequence of Variable
        What the axes stand for.
    dont_care : ndarray of bool, default=None
        Combinations for which the form may be either true or false.
    axes : sequence of int, default=None
        Columns of state numbers that the form will be asked about; None means 0, 1, ...

    Returns
    -------
    form : Disjunction or Count
        Equal to the table wherever it is cared for. The disjunction is the cheapest cover by
        prime implicants and by equalities between two attributes with the same values, up
        to `MAX_CUBES` cubes (`MAX_RELATION_CUBES`); beyond that it is irredundant, but may not be
        the shortest.
    """
    dont_care = np.zeros_like(table) if dont_care is None else dont_care
    axes = range(table.ndim) if axes is None else axes
    reduced = _Reduced.of(table & ~dont_care, dont_care, variables, axes)
    if not reduced.on.any():
        return NEVER
    if (reduced.on | reduced.free).all():
        return ALWAYS
    count = None if reduced.free.any() else _as_count(reduced)
    n = reduced.on.ndim
    if count is not None and count.cost <= n > MOST_RELATED and not _is_plain(count):
        return count  # (Every attribute matters: nothing that tells them all is shorter.)
    terms, covered = _candidate_terms(reduced)
    chosen = _cheapest_cover(covered, np.array([term.cost for term in terms]))
    form = Disjunction(tuple(sorted((terms[i] for i in chosen), key=_reading_order)))
    return count if count is not None and count.cost < form.cost else form


def _reading_order(term):
    return term.cost, [part.axes for part in term.parts]


@dataclass(frozen=True)
class _Reduced:
    """A table without the attributes that do not matter, and with equal states merged."""

    on: np.ndarray
    free: np.ndarray
    variables: tuple
    axes: tuple
    blocks: tuple  # for each axis, the block that each state belongs to

    @classmethod
    def of(cls, on, free, variables, axes):
        kept, blocks = [], []
        for axis in range(on.ndim):
            both = np.stack([np.moveaxis(part, axis, 0) for part in (on, free)], axis=1)
            _, first, block = np.unique(
                both.reshape(len(both), -1), axis=0, return_index=True, return_inverse=True
            )
            rank = np.argsort(np.argsort(first))  # blocks in the order of their first states
            block, first = rank[block.ravel()], np.sort(first)
            on, free = on.take(first, axis), free.take(first, axis)
            if len(first) > 1:
                kept.append(axis)
                blocks.append(block)
        shape = [len(np.unique(block)) for block in blocks]
        return cls(
            on.reshape(shape),
            free.reshape(shape),
            tuple(variables[axis] for axis in kept),
            tuple(axes[axis] for axis in kept),
            tuple(blocks),
        )

    def literal(self, position, blocks_allowed):
        """Translate a set of blocks into a literal of the states."""
        allowed = np.asarray(blocks_allowed)[self.blocks[position]]
        return Literal(self.variables[position], self.axes[position], tuple(allowed.tolist()))

    def cube(self, masks):
        """Translate a box of blocks into a conjunction and the cells that it covers."""
        covered = np.ones(self.on.shape, dtype=bool)
        parts = []
        for position, mask in enumerate(masks):
            shape = [-1 if axis == position else 1 for axis in range(self.on.ndim)]
            covered = covered & mask.reshape(shape)
            if not mask.all():
                parts.append(self.literal(position, mask))
        return parts, covered


def _candidate_terms(reduced):
    """List the terms to choose from, with the cells of the table that each covers."""
    terms, covered = [], []
    for parts, box in _boxes(reduced):
        terms.append(Conjunction(tuple(parts)))
        covered.append(box[reduced.on])
    return terms, np.array(covered)


def _boxes(reduced):
    """Yield the parts of each prime implicant, with and without relations, and its box."""
    allowed = reduced.on | reduced.free
    for masks in _implicants(allowed, reduced.on):
        yield reduced.cube(masks)
    pairs = [
        (i, j)
        for i, j in combinations(range(allowed.ndim), 2)
        if _comparable(reduced.variables[i], reduced.variables[j])
    ]
    if len(pairs) * n_cubes(allowed.shape) <= MAX_RELATION_CUBES:
        for i, j in pairs:
            yield from _boxes_with_relation(reduced, allowed, i, j)


def _comparable(first, second):
    """Tell whether two attributes take the same values; on or off, or a range, is no such value."""
    told = not (first.flag or second.flag or first.edges or OTHER in first.values)
    return told and set(first.values) == set(second.values)


def _boxes_with_relation(reduced, allowed, i, j):
    """Yield the prime implicants that hold wherever attributes i and j are equal, or differ."""
    first, second = reduced.blocks[i], reduced.blocks[j]
    shape = allowed.shape[i], allowed.shape[j]
    rows = np.moveaxis(allowed, (i, j), (0, 1))
    for equal in (True, False):
        axes, pair = (
            (reduced.axes[i], reduced.axes[j]),
            (reduced.variables[i], reduced.variables[j]),
        )
        relation = Relation(pair, axes, equal)
        truth = relation.table()
        touched, missed = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        grid = np.ix_(first, second)
        np.logical_or.at(touched, grid, truth)
        np.logical_or.at(missed, grid, ~truth)
        holds = np.expand_dims(
            touched & ~missed, [k for k in range(allowed.ndim) if k not in (i, j)]
        )
        rest = rows[touched].all(axis=0)
        for masks in _implicants(rest, rest):
            masks = list(masks)
            for position in (i, j):
                masks.insert(position, np.ones(allowed.shape[position], dtype=bool))
            parts, covered = reduced.cube(masks)
            yield [relation, *parts], covered & holds


def _implicants(allowed, wanted):
    """List boxes inside the allowed cells: all maximal ones, or enough to cover the wanted."""
    if n_cubes(allowed.shape) <= MAX_CUBES:
        primes = _primes(allowed)
        if len(primes) * np.count_nonzero(wanted) <= MAX_CHOICE:
            return primes
    return _expanded(allowed, wanted)


def n_cubes(shape):
    """Number of boxes in a table."""
    return np.prod([2.0**size - 1 for size in shape])


def _primes(allowed):
    """List the maximal boxes of states inside the allowed cells, as one mask an axis."""
    inside, subsets = allowed, []
    for axis, size in enumerate(allowed.shape):
        masks = (np.arange(1, 2**size)[:, None] >> np.arange(size)) % 2 == 1
        subsets.append(masks)
        inside = np.stack([inside.compress(mask, axis).all(axis) for mask in masks], axis)
    maximal = inside.copy()
    for axis, masks in enumerate(subsets):
        numbers = np.arange(1, len(masks) + 1)
        for state in range(masks.shape[1]):
            grown = inside.take((numbers | 1 << state) - 1, axis)
            lacking = np.expand_dims(~masks[:, state], [k for k in range(inside.ndim) if k != axis])
            maximal &= ~(grown & lacking)
    return [[masks[i] for masks, i in zip(subsets, cube)] for cube in np.argwhere(maximal)]


def _expanded(allowed, wanted):
    """Grow a maximal box from each wanted cell that no earlier box covers."""
    found, left = [], wanted.copy()
    while left.any():
        cell = np.argwhere(left)[0]
        masks = [np.arange(size) == state for size, state in zip(allowed.shape, cell)]
        for axis, size in enumerate(allowed.shape):
            for state in range(size):
                grown = [mask.copy() for mask in masks]
                grown[axis][state] = True
                if allowed[np.ix_(*grown)].all():
                    masks = grown
        left[np.ix_(*masks)] = False
        found.append(masks)
    return found


def _cheapest_cover(covered, costs):
    """Choose rows (terms) that together cover all columns (cells) at the lowest cost."""
    prices = costs + 0.01  # of two covers with as many comparisons, the one with fewer terms
    cells = np.unique(covered, axis=1)
    if cells.size <= MAX_COVER:
        result = milp(
            prices,
            constraints=LinearConstraint(cells.T.astype(float), lb=1.0),
            integrality=np.ones(len(prices)),
            bounds=Bounds(0, 1),
            options={"node_limit": NODE_LIMIT},
        )
        if result.x is not None:
            return np.flatnonzero(result.x > 0.5).tolist()
    return _greedy_cover(cells, prices)


def _greedy_cover(cells, prices):
    """Take the term with the most new cells for its price; then drop those not needed."""
    chosen, left = [], np.ones(cells.shape[1], dtype=bool)
    gains = np.count_nonzero(cells, axis=1)
    while left.any():
        best = int(np.argmax(gains / prices))
        chosen.append(best)
        new = np.flatnonzero(cells[best] & left)
        left[new] = False
        gains -= np.count_nonzero(cells[:, new], axis=1)
    times = np.count_nonzero(cells[chosen], axis=0)
    for term in sorted(chosen, key=lambda i: -prices[i]):
        if (times[cells[term]] > 1).all():
            chosen.remove(term)
            times -= cells[term]
    return chosen


def _as_count(reduced):
    """Write the table as a count of literals, if it depends on nothing else."""
    if set(reduced.on.shape) != {2}:
        return None
    table = reduced.on
    flipped = [False]
    for axis in range(1, table.ndim):
        flip = next((f for f in (False, True) if _exchangeable(table, axis, f)), None)
        if flip is None:
            return None
        flipped.append(flip)
    forms = [_count_form(reduced, [f ^ other for f in flipped]) for other in (True, False)]
    return min(forms, key=lambda form: (form.cost, sum(map(_awkwardness, form.literals))))


def _is_plain(count):
    """Whether a count is of all or of none, or of not all or not none: `and` or `or` says that."""
    n = len(count.literals)
    return count.numbers in ((0,), (n,), tuple(range(n)), tuple(range(1, n + 1)))


def _exchangeable(table, axis, flip):
    """Tell whether the first attribute and this one (flipped or not) may change places."""
    turned = np.flip(table, axis) if flip else table
    return np.array_equal(turned, turned.swapaxes(0, axis))


def _count_form(reduced, true_is_first):
    """Count the attributes in their first (or second) block of states."""
    literals = tuple(
        reduced.literal(position, [first, not first])
        for position, first in enumerate(true_is_first)
    )
    n = len(literals)
    path = [
        tuple(int((k < count) ^ first) for k, first in enumerate(true_is_first))
        for count in range(n + 1)
    ]
    return Count(literals, tuple(count for count in range(n + 1) if reduced.on[path[count]]))


def _awkwardness(literal):
    """Number of values allowed: `a == 1` reads better than `a != 1`, `h0` than `not h0`."""
    return sum(literal.allowed) + (literal.variable.flag and literal.allowed[0])
