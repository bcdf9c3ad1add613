"""A vertex of a unit's program, with a certified gap."""

from .exact import least_violation_first
from .run import run
from .scaling import in_solver_range
from .solution import Incumbent, Limits, SolverFailure

# From this cost of a violation on, multipliers are so large that the rounding of their sums is
# no longer small beside the weights' prices of one.
_DEAR = 1e5

_SAME = 1e-9  # gap up to which another program's solution is this one's, and not nearly so


def solve_unit(program, strategy="auto", *, tol=1e-6, max_iter=None, time_limit=None, warm=None):
    """Solve a unit's program to a vertex with a certified duality gap.

    There are two ways, and the second is gone where the first does not close the gap: the program
    as it is, or the least violation first and the least weights second, which is the same optimum
    where violations are dear enough, and is gone first where they are dear.

    Parameters
    ----------
    program : UnitProgram
        The program.

    strategy : {"auto", "dual", "interior_point", "constraint_generation", \
            "feature_generation", "generation"}, default="auto"
        How to start: see :data:`STRATEGIES`; "auto" chooses by :func:`choose_strategy`.

    tol : float, default=1e-6
        Relative duality gap to certify.

    max_iter : int or None, default=None
        Limit of simplex iterations and interior-point steps.

    time_limit : float or None, default=None
        Limit in seconds.

    warm : UnitSolution or None, default=None
        Solution of a similar program: what it uses is inside from the start. Where it is the
        solution of this one, too, nothing is left to do.

    Returns
    -------
    UnitSolution
        The optimum, or when a limit is reached the best weights seen.

    Raises
    ------
    UnreachableTargets
        If targets of infinite cost cannot be met.
    RuntimeError
        If HiGHS fails, with its own words.
    """
    if warm is not None and (same := _still_optimal(program, warm, tol)):
        return same
    program, units = in_solver_range(program)
    limits = Limits(max_iter, time_limit)
    if not program.has_finite_costs:
        return units.restored(run(program, strategy, tol, limits, warm))

    def as_it_is():
        return run(program, strategy, tol, limits, warm)

    def violation_first():
        relative, price = program.with_relative_costs(), program.largest_cost
        return least_violation_first(relative, strategy, tol, limits, price)

    ways = [as_it_is, violation_first] if program.largest_cost > 0 else [as_it_is]
    if program.largest_cost >= _DEAR:
        ways.reverse()
    return units.restored(_first_certified(ways, tol, limits))


def _still_optimal(program, warm, tol):
    """The solution of a similar program, if it is this one's, too, and None if not.

    Where no target is missed it stays the solution for all higher costs.
    """
    incumbent = Incumbent(program)
    incumbent.offer(warm.weights, warm.multipliers)
    same = incumbent.solution(0, "Optimal")
    return same if same.dual_gap <= min(tol, _SAME) else None


def _first_certified(ways, tol, limits):
    """The first solution whose gap is closed, otherwise that with the smallest gap."""
    found, failure = [], None
    for way in ways:
        try:
            found.append(way())
        except SolverFailure as stopped:
            failure = failure or stopped
            continue
        if found[-1].dual_gap <= tol or limits.reached():
            break
    if not found:
        raise failure
    return min(found, key=lambda solution: solution.dual_gap)


def solve_exactly(program, strategy="auto", *, tol=1e-6, max_iter=None, time_limit=None):
    """Solve a program of infinite cost: the least total violation first, the least weights second.

    Parameters
    ----------
    program : UnitProgram
        The program. Its costs, finite, serve as weights of the first goal.

    strategy, tol, max_iter, time_limit
        As in :func:`solve_unit`; the limits hold for all programs together.

    Returns
    -------
    UnitSolution
        The weights, whose cost alone is the objective; their violation; and bounds of both.
    """
    program, units = in_solver_range(program)
    limits = Limits(max_iter, time_limit)
    return units.restored(least_violation_first(program, strategy, tol, limits))
