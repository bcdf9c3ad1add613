"""The unit's linear program against linprog on its primal."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import linprog

from skprune._linear_program.guesses import best_multiple
from skprune._linear_program.interior_point import InteriorPoint
from skprune._linear_program.normal_equations import NormalByPatterns, NormalByRows
from skprune._linear_program.program import UnitProgram, row_ranges
from skprune._linear_program.restricted_dual import RestrictedDual
from skprune._linear_program.solution import SolverFailure, UnreachableTargets
from skprune._linear_program.solve import solve_exactly, solve_unit
from skprune._linear_program.starts import STRATEGIES, choose_strategy


def make_program(
    n,
    p,
    *,
    C=1.0,
    seed=0,
    separable=False,
    intermediate=0.0,
    weighted=False,
    is_sparse=False,
    **ranges,
):
    """Random patterns with targets at the limits -1 and 1, some of them in between."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    if is_sparse:
        X *= rng.random((n, p)) < 0.3
    direction = rng.standard_normal(p) * (rng.random(p) < 0.5)
    scores = X @ direction + 0.3
    y = np.sign(scores + (0 if separable else 1.5) * rng.standard_normal(n) + 1e-9)
    between = rng.random(n) < intermediate
    y = np.where(between, np.tanh(scores), y)
    cost = C * (rng.integers(0, 4, n) if weighted else np.ones(n))
    X = sparse.csr_array(X) if is_sparse else X
    ranges = row_ranges(p, **ranges)
    fit_intercept = len(ranges[0]) > p
    below, above = np.where(y > -1, cost, 0.0), np.where(y < 1, cost, 0.0)
    return UnitProgram(X, y, below, above, *ranges, fit_intercept)


def linprog_objective(program, weight_cost=1.0):
    """The primal in nonnegative variables w+, w-, violations below, violations above."""
    X = program.X.toarray() if sparse.issparse(program.X) else program.X
    Z = np.column_stack([X, np.ones(len(X))]) if program.fit_intercept else X
    identity, nothing = np.eye(len(Z)), np.zeros((len(Z), len(Z)))
    below, above = program.cost_below > 0, program.cost_above > 0
    A = np.vstack(
        [
            np.hstack([-Z, Z, -identity, nothing])[below],
            np.hstack([Z, -Z, nothing, -identity])[above],
        ]
    )
    b = np.concatenate([-program.targets[below], program.targets[above]])
    plus, minus = np.isfinite(program.row_upper), np.isfinite(program.row_lower)
    cost = np.concatenate(
        [
            weight_cost * np.where(plus, program.row_upper, 0.0),
            weight_cost * np.where(minus, -program.row_lower, 0.0),
            program.cost_below,
            program.cost_above,
        ]
    )
    hard = np.isinf(cost)
    upper = np.where(np.concatenate([plus, minus, ~hard[-2 * len(Z) :]]), np.inf, 0.0)
    bounds = np.column_stack([np.zeros(len(cost)), upper])
    result = linprog(np.where(hard, 0.0, cost), A_ub=A, b_ub=b, bounds=bounds)
    return result.fun if result.status == 0 else None


def assert_certified(solution, objective):
    assert solution.status == "Optimal"
    assert_allclose(solution.objective, objective, rtol=1e-7, atol=1e-7)
    assert solution.dual_gap <= 1e-6
    assert solution.lower_bound <= objective + 1e-7 * max(1.0, abs(objective))


def assert_vertex(program, solution):
    net = program.net_input(solution.weights)
    tight = np.abs(net - program.targets) < 1e-6
    assert np.count_nonzero(solution.weights) <= tight.sum()


SHAPES = [(60, 4), (30, 60), (200, 12), (12, 12), (1, 1), (1, 5), (40, 1)]
KINDS = {
    "separable": dict(separable=True),
    "overlapping": {},
    "weighted": dict(weighted=True, C=0.5),
    "intermediate": dict(intermediate=0.4),
    "all intermediate": dict(intermediate=1.0, C=0.3),
    "sparse": dict(is_sparse=True),
    "free intercept": dict(penalize_intercept=False),
    "no intercept": dict(fit_intercept=False),
    "cheap violation": dict(C=1e-3),
    "dear violation": dict(C=1e3),
}


@pytest.mark.parametrize("strategy", [*STRATEGIES, "auto"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_objective_equals_the_primal_of_linprog(shape, kind, strategy):
    program = make_program(*shape, seed=sum(shape), **KINDS[kind])
    solution = solve_unit(program, strategy)
    assert_certified(solution, linprog_objective(program))
    assert_vertex(program, solution)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("penalize_intercept", [True, False])
def test_signs_of_weights(strategy, penalize_intercept):
    signs = np.tile([1, -1, 0], 4)
    program = make_program(150, 12, signs=signs, penalize_intercept=penalize_intercept)
    solution = solve_unit(program, strategy)
    assert_certified(solution, linprog_objective(program))
    weights = solution.weights[:-1]
    assert np.all(signs * weights >= 0)
    free = solve_unit(make_program(150, 12, penalize_intercept=penalize_intercept), strategy)
    assert np.any(signs * free.weights[:-1] < 0)
    assert free.objective < solution.objective


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 40),
    p=st.integers(1, 40),
    C=st.sampled_from([0.01, 0.3, 1.0, 30.0]),
    seed=st.integers(0, 10**6),
    intermediate=st.sampled_from([0.0, 0.5]),
    weighted=st.booleans(),
    is_sparse=st.booleans(),
    strategy=st.sampled_from(list(STRATEGIES)),
    penalize_intercept=st.booleans(),
)
def test_random_programs(n, p, strategy, **kind):
    program = make_program(n, p, **kind)
    assert_certified(solve_unit(program, strategy), linprog_objective(program))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_generation_of_many_patterns_and_features(strategy):
    """Shapes at which patterns and features really stay outside, or come in over several rounds."""
    tall = make_program(3000, 10, seed=3)
    assert_certified(solve_unit(tall, strategy), linprog_objective(tall))
    wide = make_program(80, 900, seed=4)
    assert_certified(solve_unit(wide, strategy), linprog_objective(wide))


def test_strategies_agree_on_a_sparse_program_with_many_rows_and_columns():
    rng = np.random.default_rng(0)
    X = sparse.random_array((500, 400), density=0.05, rng=rng, format="csr")
    y = np.where(X @ rng.standard_normal(400) > 0, 1.0, -1.0)
    up = y > 0
    program = UnitProgram(
        X, y, np.where(up, 5.0, 0.0), np.where(up, 0.0, 5.0), *row_ranges(400), True
    )
    objectives = [
        solve_unit(program, s).objective
        for s in ("dual", "feature_generation", "constraint_generation", "generation")
    ]
    assert_allclose(objectives, objectives[0], rtol=1e-8)


def test_zero_weights_are_optimal_up_to_the_threshold():
    """w = u = 0 is optimal iff C |sum_t y_t [x_t; 1]|_inf <= 1."""
    program = make_program(50, 6)
    threshold = 1 / np.abs(program.correlate(program.targets)).max()
    for factor, is_zero in [(0.99, True), (1.01, False)]:
        scaled = make_program(50, 6, C=factor * threshold)
        assert (not solve_unit(scaled).weights.any()) == is_zero


def test_any_cost_above_the_hard_margin_cost_is_exact():
    program = make_program(50, 6, separable=True)
    hard = solve_exactly(program)
    assert hard.violation < 1e-9
    enough = make_program(50, 6, separable=True, C=1.01 * hard.objective)
    solution = solve_unit(enough)
    assert_allclose(solution.objective, hard.objective, rtol=1e-8)
    assert_allclose(enough.violation(enough.net_input(solution.weights)), (0, 0), atol=1e-7)


@pytest.mark.parametrize("strategy", [*STRATEGIES, "auto"])
@pytest.mark.parametrize("shape", [(60, 4), (30, 60), (400, 5), (30, 400)], ids=str)
@pytest.mark.parametrize("kind", ["separable", "overlapping", "intermediate", "weighted"])
def test_exact_solution_is_lexicographic(shape, kind, strategy):
    """First the least violation, then the least weights among all solutions that have it."""
    program = make_program(*shape, seed=1, **KINDS[kind])
    solution = solve_exactly(program, strategy)
    least = linprog_objective(program, weight_cost=0.0)
    assert_allclose(solution.violation, least, rtol=1e-7, atol=1e-6)
    net = program.net_input(solution.weights)
    assert_allclose(program.violation(net)[1], least, rtol=1e-7, atol=1e-6)
    # The big-M program with M ever larger tends to the same weights' cost from below.
    big = 1e4
    dear = UnitProgram(
        program.X,
        program.targets,
        big * program.cost_below,
        big * program.cost_above,
        program.row_lower,
        program.row_upper,
        program.fit_intercept,
    )
    assert_allclose(linprog_objective(dear) - big * least, solution.objective, rtol=1e-4, atol=1e-4)
    assert solution.dual_gap <= 1e-6


def test_unreachable_targets_raise_without_slack():
    X = np.array([[1.0], [1.0]])
    infinite = np.array([np.inf, 0.0])
    program = UnitProgram(X, np.array([1.0, -1.0]), infinite, infinite[::-1], *row_ranges(1), True)
    with pytest.raises(UnreachableTargets):
        solve_unit(program)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("limit", [dict(max_iter=5), dict(time_limit=0.0), dict(max_iter=9)])
def test_limits_keep_the_best_weights_and_an_honest_gap(strategy, limit):
    program = make_program(600, 40)
    optimum = solve_unit(program).objective
    solution = solve_unit(program, strategy, **limit)
    assert "limit" in solution.status
    assert solution.dual_gap > 1e-6
    assert solution.objective <= program.violation(np.zeros(600))[1]
    assert solution.lower_bound <= optimum <= solution.objective * (1 + 1e-9)
    net = program.net_input(solution.weights)
    cost = program.weight_cost(solution.weights) + program.violation(net)[1]
    assert_allclose(solution.objective, cost)


def test_interior_point_alone_comes_near_the_optimum():
    program = make_program(500, 8)
    inner = InteriorPoint(program, np.zeros(program.n_rows))
    inner.run(1e-9)
    assert_near_optimum(inner, rtol=1e-7)


def assert_near_optimum(inner, rtol):
    program = inner.program
    lowest = np.where(np.isinf(program.row_lower), 0.0, -np.inf)
    weights = np.clip(inner.w, lowest, np.where(np.isinf(program.row_upper), 0.0, np.inf))
    assert_allclose(weights, inner.w, atol=rtol)
    cost = program.weight_cost(weights) + program.violation(program.net_input(weights))[1]
    assert_allclose(cost, solve_unit(program, "dual").objective, rtol=rtol)
    assert_allclose(program.lower_bound(inner.x.value, weights), cost, rtol=rtol)


@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"penalize_intercept": False}])
@pytest.mark.parametrize("n_patterns, precision", [(12, 1e-4), (200, 1e-9)])
@pytest.mark.parametrize("tol", [1.0, 0.1])
def test_interior_point_goes_on_when_features_come_in(options, n_patterns, precision, tol):
    signs = np.tile([0, 1, -1, 0, 0], 4)
    program = make_program(n_patterns, 20, signs=signs, **options)
    inner, few = None, [3, 0, 7, 1]
    for features in (few, [*few, 2, 19, 4], [*few, 2, 19, 4, *np.setdiff1d(range(20), few)[3:-1]]):
        some = program.restricted(np.arange(n_patterns), np.array(features))
        if inner is None:
            inner = InteriorPoint(some, np.zeros(some.n_rows))
        else:
            inner.add_features(some)
        inner.run(tol)
    inner.run(precision)
    assert_near_optimum(inner, rtol=100 * precision)


@pytest.mark.parametrize("shape", [(40, 25), (25, 40)], ids=str)
@pytest.mark.parametrize("is_sparse", [True, False])
def test_normal_equations_by_rows_and_by_patterns_agree(shape, is_sparse):
    program = make_program(*shape, is_sparse=is_sparse)
    rng = np.random.default_rng(0)
    x_inverse, r_inverse = rng.random(program.n_patterns), rng.random(program.n_rows)
    X = program.X.toarray() if is_sparse else program.X
    Z = np.column_stack([X, np.ones(len(X))])
    right = rng.standard_normal(program.n_rows)
    expected = np.linalg.solve(Z.T @ (x_inverse[:, None] * Z) + np.diag(r_inverse), right)
    for normal in (NormalByRows(program), NormalByPatterns(program)):
        for factor in (3.0, 1.0):  # the arrays are used again
            solve = normal.factorised(factor * x_inverse, r_inverse)
        assert_allclose(solve(right), expected, rtol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_multiple_of_a_guess_costs_less(seed):
    program = make_program(60, 6, seed=seed, intermediate=0.3, weighted=True)
    guess = np.random.default_rng(seed).standard_normal(program.n_rows)

    def cost(weights):
        return program.weight_cost(weights) + program.violation(program.net_input(weights))[1]

    scaled = best_multiple(program, guess)
    factors = np.geomspace(1e-3, 1e3, 500)
    assert cost(scaled) <= min(cost(factor * guess) for factor in factors) + 1e-9


def test_lower_bound_holds_for_any_multipliers():
    rng = np.random.default_rng(0)
    program = make_program(40, 5, penalize_intercept=False)
    optimum = solve_unit(program).objective
    for _ in range(50):
        multipliers = rng.normal(scale=2.0, size=40)
        assert program.lower_bound(multipliers, np.zeros(6)) <= optimum + 1e-9


def test_no_stored_zeros_reach_highs():
    X = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])
    ranges = row_ranges(3, fit_intercept=False)
    for inputs in (X, sparse.csr_array(X)):
        program = UnitProgram(inputs, np.ones(2), np.ones(2), np.zeros(2), *ranges, False)
        master = RestrictedDual(program, np.zeros(2))
        master.add_features(np.arange(3))
        master.add_patterns(np.arange(2))
        assert master.highs.getNumNz() == 3


def test_wrongly_reported_optimum_is_solved_afresh(monkeypatch):
    """A warm basis may be reported as optimal when it is not: the gap shows it."""
    program = make_program(60, 4)
    honest, calls = RestrictedDual.solution, []

    def first_wrong(self):
        calls.append(1)
        weights, multipliers = honest(self)
        return (0.5 * weights, 0.5 * multipliers) if len(calls) == 1 else (weights, multipliers)

    monkeypatch.setattr(RestrictedDual, "solution", first_wrong)
    solution = solve_unit(program, "dual")
    assert len(calls) == 2
    assert_certified(solution, linprog_objective(program))


def test_other_statuses_are_reported_in_the_words_of_highs(monkeypatch):
    program = make_program(60, 4)
    honest = RestrictedDual.solve

    def failing(self, *limits):
        honest(self, *limits)
        return None

    monkeypatch.setattr(RestrictedDual, "solve", failing)
    with pytest.raises(RuntimeError, match="HiGHS stopped with the status 'Optimal'"):
        solve_unit(program)


def test_a_failure_comes_back_from_a_worker_as_it_was():
    failure = SolverFailure("Solve error")
    again = pickle.loads(pickle.dumps(failure))
    assert (type(again), again.status, str(again)) == (SolverFailure, "Solve error", str(failure))


def test_choice_of_the_strategy():
    assert choose_strategy(make_program(4000, 5, seed=1)) == "interior_point"
    assert choose_strategy(make_program(4000, 5, separable=True)) == "constraint_generation"
    assert choose_strategy(make_program(200, 150)) == "interior_point"
    assert choose_strategy(make_program(50, 20)) == "dual"
    assert choose_strategy(make_program(50, 500)) == "feature_generation"
    assert choose_strategy(make_program(200, 150, C=np.inf)) == "dual"


@pytest.mark.parametrize("strategy", [*STRATEGIES, "auto"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_inputs_that_are_all_zero(strategy, fit_intercept):
    ranges = row_ranges(3, fit_intercept=fit_intercept)
    y = np.where(np.arange(40) < 30, 1.0, -1.0)
    below, above = np.where(y > 0, 1.0, 0.0), np.where(y < 0, 1.0, 0.0)
    program = UnitProgram(np.zeros((40, 3)), y, below, above, *ranges, fit_intercept)
    solution = solve_unit(program, strategy)
    assert_allclose(solution.objective, 21 if fit_intercept else 40)
    assert not solution.weights[:3].any()
