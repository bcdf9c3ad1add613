"""Least violation first, least weights second."""

from dataclasses import replace

import numpy as np

from .scaling import in_solver_range
from .solution import Limits, SolverFailure, UnreachableTargets
from .solve import solve


def solve_exactly(program, strategy="auto", *, tol=1e-6, max_iter=None, time_limit=None):
    """Solve a program of infinite cost: the least total violation first, the least weights second.

    The costs of `program` serve as weights of the first goal. Its dual optimum tells which patterns
    every solution of least violation violates, meets exactly, or meets: with these as constraints
    the second program is of the same kind, with infinite boxes.

    Parameters
    ----------
    program : UnitProgram
        The program, with finite costs.

    strategy, tol, max_iter, time_limit
        As in :func:`solve_unit`; the limits hold for all programs together.

    Returns
    -------
    solution : UnitSolution
        The weights, whose cost alone is the objective.
    violation : float
        The least total (weighted) violation, or that of the weights found when a limit is reached.
    """
    limits = Limits(max_iter, time_limit)
    program, units = in_solver_range(program)
    try:
        solution = solve(_hardened(program), strategy, tol, limits)
    except (UnreachableTargets, SolverFailure):
        # What fails with infinite costs may still be solved with finite ones.
        solution = _least_violation(program, strategy, tol, limits)
    violation = program.violation(program.net_input(solution.weights))[1]
    return units.restored(solution), violation / units.targets


def _least_violation(program, strategy, tol, limits):
    """Both goals one after the other, for targets that cannot all be met."""
    free = replace(
        program,
        row_lower=np.where(np.isfinite(program.row_lower), 0.0, -np.inf),
        row_upper=np.where(np.isfinite(program.row_upper), 0.0, np.inf),
    )
    first = solve(free, strategy, tol, limits)
    unreduced = replace(first, objective=program.weight_cost(first.weights), lower_bound=-np.inf)
    if first.status != "Optimal":
        return unreduced
    try:
        second = solve(_optimal_face(program, first), strategy, tol, limits)
    except UnreachableTargets:  # only by rounding: the first solution lies on the face
        return replace(unreduced, status="No smaller weights within rounding")
    except SolverFailure as failure:
        return replace(unreduced, status=failure.status)
    if second.dual_gap == np.inf:  # a limit came before any weights of least violation
        return replace(unreduced, status=second.status, n_iter=second.n_iter)
    gap = first.dual_gap * max(1.0, abs(second.objective))
    return replace(second, lower_bound=min(second.lower_bound, second.objective - gap))


def _hardened(program):
    return replace(
        program,
        cost_below=np.where(program.cost_below > 0, np.inf, 0.0),
        cost_above=np.where(program.cost_above > 0, np.inf, 0.0),
    )


def _optimal_face(program, first):
    """The program over all weights of least violation, by complementary slackness.

    Targets move by rounding only: to where the first solution meets them exactly.
    """
    lam, net = first.multipliers, program.net_input(first.weights)
    at_lower = lam <= -program.cost_above * (1 - 1e-9)
    at_upper = lam >= program.cost_below * (1 - 1e-9)
    met = np.where(at_upper, np.maximum(program.targets, net), np.minimum(program.targets, net))
    return replace(
        program,
        targets=np.where(at_lower | at_upper, met, net),
        cost_below=np.where(at_upper, 0.0, np.inf),
        cost_above=np.where(at_lower, 0.0, np.inf),
    )
