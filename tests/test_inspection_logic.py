"""Forms are equal to their truth tables, and no disjunction is shorter."""

from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skprune.inspection._rules import truth_table as _truth_table
from skprune.inspection._rules.logic import OTHER, Count, Literal, Variable
from skprune.inspection._rules.truth_table import shortest_form

SIZES = (3, 3, 2, 3, 4, 2)
MONKS = [Variable(f"a{i + 1}", tuple("1234"[:size])) for i, size in enumerate(SIZES)]
A1, A2, A3, A4, A5, A6 = A = np.indices(SIZES) + 1


def all_codes(shape):
    return np.array(list(product(*map(range, shape))), dtype=int).reshape(-1, len(shape))


def distinct(shape):
    """Variables that cannot be compared with one another."""
    return [
        Variable(f"v{i}", tuple(f"{i}:{k}" for k in range(size))) for i, size in enumerate(shape)
    ]


@st.composite
def tables(draw, max_axes=3, max_size=3):
    shape = draw(st.lists(st.integers(2, max_size), min_size=1, max_size=max_axes))
    bits = draw(st.lists(st.booleans(), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return np.array(bits).reshape(shape)


@settings(max_examples=150, deadline=None)
@given(table=tables(max_axes=4, max_size=4), same=st.booleans())
def test_form_equals_table(table, same):
    variables = distinct(table.shape)
    if same:
        variables = [Variable(f"v{i}", tuple("abcd"[:n])) for i, n in enumerate(table.shape)]
    form = shortest_form(table, variables)
    np.testing.assert_array_equal(form.holds(all_codes(table.shape)), table.ravel())


def cheapest_by_brute_force(table):
    """Cost of the cheapest set of boxes of which the table is the union."""
    subsets = [
        list(chain.from_iterable(combinations(range(n), k) for k in range(1, n + 1)))
        for n in table.shape
    ]
    cost_of = {}
    for box in product(*subsets):
        cells = np.zeros(table.shape, dtype=bool)
        cells[np.ix_(*box)] = True
        if (cells <= table).all():
            cost = sum(min(len(s), n - len(s)) for s, n in zip(box, table.shape))
            key = cells.tobytes()
            cost_of[key] = min(cost, cost_of.get(key, cost))
    best = {np.zeros(table.shape, dtype=bool).tobytes(): 0}
    for key, cost in cost_of.items():  # every union of boxes, at its lowest cost
        box = np.frombuffer(key, dtype=bool)
        for covered, price in list(best.items()):
            union = (np.frombuffer(covered, dtype=bool) | box).tobytes()
            best[union] = min(price + cost, best.get(union, np.inf))
    return best[table.tobytes()]


@settings(max_examples=40, deadline=None)
@given(table=tables(max_axes=3, max_size=2) | tables(max_axes=2, max_size=3))
def test_no_disjunction_is_shorter(table):
    form = shortest_form(table, distinct(table.shape))
    cheapest = cheapest_by_brute_force(table)
    assert form.cost == cheapest or (isinstance(form, Count) and form.cost < cheapest)


@settings(max_examples=60, deadline=None)
@given(table=tables(max_axes=3, max_size=3), data=st.data())
def test_dont_care_entries_only_shorten(table, data):
    bits = data.draw(st.lists(st.booleans(), min_size=table.size, max_size=table.size))
    dont_care = np.array(bits).reshape(table.shape)
    form = shortest_form(table, distinct(table.shape), dont_care=dont_care)
    told = form.holds(all_codes(table.shape)).reshape(table.shape)
    np.testing.assert_array_equal(told[~dont_care], table[~dont_care])
    strict = shortest_form(table, distinct(table.shape))
    assert isinstance(strict, Count) or form.cost <= strict.cost


@settings(max_examples=40, deadline=None)
@given(table=tables(max_axes=4, max_size=3))
def test_large_tables_are_covered_exactly_too(table):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_truth_table, "MAX_CUBES", 0)
        patch.setattr(_truth_table, "MAX_COVER", 0)
        form = shortest_form(table, distinct(table.shape))
    np.testing.assert_array_equal(form.holds(all_codes(table.shape)), table.ravel())


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ((A1 == A2) | (A5 == 1), "a1 == a2 or a5 == 1"),
        ((A1 != A2) & (A5 != 1), "a1 != a2 and a5 != 1"),
        ((A5 != 4) & (A2 != 3), "a2 != 3 and a5 != 4"),
        (
            ((A5 == 3) & (A4 == 1)) | ((A5 != 4) & (A2 != 3)),
            "(a2 != 3 and a5 != 4) or (a4 == 1 and a5 == 3)",
        ),
        ((A1 == A2) & (A3 == 1), "a1 == a2 and a3 == 1"),
        (A3 != A6, "a3 != a6"),
        ((A5 == 1) | (A5 == 4), "a5 in (1, 4)"),
        (A1 > 0, "always"),
        (A1 > 9, "never"),
    ],
)
def test_words(table, text):
    assert str(shortest_form(table, MONKS)) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((2,), "exactly two of"),
        ((2, 3, 4, 5, 6), "at least two of"),
        ((0, 1), "at most one of"),
        ((2, 3), "two to three of"),
        ((0, 1, 3, 4, 5, 6), "not exactly two of"),
        ((0, 3, 6), "none or three or six of"),
    ],
)
def test_counts_in_words(numbers, text):
    form = shortest_form(np.isin((A == 1).sum(axis=0), numbers), MONKS)
    literals = ", ".join(f"a{i} == 1" for i in range(1, 7))
    assert str(form) == f"{text} ({literals})"


def test_ordered_attributes_are_told_by_thresholds():
    size = Variable("size", tuple("12345"), ordered=True)
    texts = [
        str(Literal(size, 0, tuple(low <= k <= high for k in range(5))))
        for low, high in [(0, 1), (3, 4), (1, 3), (2, 2)]
    ]
    assert texts == ["size <= 2", "size >= 4", "2 <= size <= 4", "size == 3"]


def test_sets_of_values_and_flags():
    colour = Variable("colour", tuple("abcde"))
    on = Variable("h0", ("off", "on"), flag=True)
    assert str(Literal(colour, 0, (False, True, True, True, False))) == "colour not in (a, e)"
    assert str(Literal(on, 0, (True, False))) == "not h0"


def test_only_comparable_attributes_are_compared():
    table = np.eye(2, dtype=bool)
    flags = [Variable(name, ("off", "on"), flag=True) for name in ("h0", "h1")]
    others = [Variable(name, ("a", OTHER)) for name in ("u", "v")]
    assert str(shortest_form(table, flags)) == "not exactly one of (h0, h1)"
    assert "u == v" not in str(shortest_form(table, others))
