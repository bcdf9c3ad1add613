"""Least violation first, least weights second."""

from dataclasses import replace

import numpy as np

from .ranking import all_patterns
from .run import run
from .solution import SolverFailure, UnitSolution, UnreachableTargets

_AT_END = 1e-9  # of a box's width: multipliers this near to an end of it rest there
_ROUNDING = 1e-15  # of the sizes that a net input sums, for each of its terms
_SLACK = 1e-10  # of the sizes that a row sums: rows this far inside their range are slack


def least_violation_first(program, strategy, tol, limits, price=np.inf):
    """Find the least total violation, and of the weights that have it the least.

    The dual optimum of the first goal tells which patterns every solution of least violation
    violates, meets exactly, or meets, and which signed weights are zero in all of them: with these
    as constraints the second program is of the same kind, with infinite boxes. That rests on what
    rounding leaves of zeros and ends; so both goals are bounded anew by their multipliers, and what
    was told apart wrongly shows as a gap.

    Parameters
    ----------
    program : UnitProgram
        The program. Its costs, finite, serve as weights of the first goal.

    strategy, tol, limits
        As in :func:`run`; the limits hold for all programs together.

    price : float, default=np.inf
        Where it is finite, the objective and its bound are those of the program whose costs are
        `price` times as large.

    Returns
    -------
    UnitSolution
        The weights. Its objective is their cost alone, unless the price is finite.
    """
    try:
        met = run(_hardened(program), strategy, tol, limits)
    except (UnreachableTargets, SolverFailure):
        # What fails with infinite costs may still be solved with finite ones.
        return _both_goals(program, strategy, tol, limits, price)
    nothing = replace(met, multipliers=np.zeros(program.n_patterns), lower_bound=0.0)
    found = _certified(program, nothing, met, price, bound=met.lower_bound)
    if found.dual_gap <= tol or limits.reached():
        return found
    again = _both_goals(program, strategy, tol, limits, price)
    return min(again, found, key=lambda solution: solution.dual_gap)


def _both_goals(program, strategy, tol, limits, price):
    """Both goals one after the other, for targets that cannot all be met."""
    first = run(_without_prices(program), strategy, tol, limits)
    nothing_more = replace(first, multipliers=np.zeros(program.n_patterns))
    if first.status != "Optimal":
        return _certified(program, first, nothing_more, price)
    face, features = _optimal_face(program, first)
    try:
        second = run(face, strategy, tol, limits)
    except UnreachableTargets:  # only by rounding: the first solution lies on the face
        second = replace(nothing_more, status="No smaller weights within rounding")
        return _certified(program, first, second, price)
    except SolverFailure as failure:
        return _certified(program, first, replace(nothing_more, status=failure.status), price)
    if second.dual_gap == np.inf:  # a limit came before any weights of least violation
        second = replace(nothing_more, status=second.status, n_iter=second.n_iter)
        return _certified(program, first, second, price)
    weights = program.expanded(second.weights, features)
    return _certified(program, first, replace(second, weights=weights), price)


def _hardened(program):
    return replace(
        program,
        cost_below=np.where(program.cost_below > 0, np.inf, 0.0),
        cost_above=np.where(program.cost_above > 0, np.inf, 0.0),
    )


def _without_prices(program):
    """The program of the first goal: weights cost nothing."""
    return replace(
        program,
        row_lower=np.where(np.isfinite(program.row_lower), 0.0, -np.inf),
        row_upper=np.where(np.isfinite(program.row_upper), 0.0, np.inf),
    )


def _optimal_face(program, first):
    """The program over all weights of least violation, by complementary slackness.

    Targets move by rounding only: to where the first solution meets them exactly. Weights whose
    dual rows are slack, which only signed ones' can be, are zero in all solutions and left out.

    Returns
    -------
    face : UnitProgram
    features : ndarray of int
        Those that are not left out.
    """
    lam, net = first.multipliers, program.net_input(first.weights)
    near = _AT_END * (program.cost_below + program.cost_above)
    at_lower, at_upper = lam <= near - program.cost_above, lam >= program.cost_below - near
    met = np.where(at_upper, np.maximum(program.targets, net), np.minimum(program.targets, net))
    slack = np.abs(program.correlate(lam)) > _slack_from(program, first)
    is_signed = np.isinf(program.row_lower) | np.isinf(program.row_upper)
    features = np.flatnonzero(~(is_signed & slack)[: program.n_features])
    face = replace(
        program,
        targets=np.where(at_lower | at_upper, met, net),
        cost_below=np.where(at_upper, 0.0, np.inf),
        cost_above=np.where(at_lower, 0.0, np.inf),
    )
    return face.restricted(all_patterns(program), features), features


def _slack_from(program, first):
    """How far inside their ranges rows of the first goal are slack, whatever rounding does."""
    sizes = (
        np.append(program.largest_sizes, 1.0) if program.fit_intercept else program.largest_sizes
    )
    return _SLACK * np.abs(first.multipliers).sum() * sizes


def _certified(program, first, second, price, bound=-np.inf):
    """The second goal's weights, with bounds of both goals."""
    weights, lam = second.weights, second.multipliers
    violation = float(_violated(program, _off(program, weights)).sum())
    cost = program.weight_cost(weights)
    if np.isinf(price):
        least = _least_price(program, first, lam)
        bound = max(bound, _bound_of_weights(program, first, lam, weights, least))
        return UnitSolution(
            weights, lam, cost, bound, second.n_iter, second.status, violation, first.lower_bound
        )
    bound = _bound_of_weights(program, first, lam, weights, price) + price * violation
    return UnitSolution(
        weights,
        price * first.multipliers + lam,
        cost + price * violation,
        max(bound, price * first.lower_bound),
        second.n_iter,
        second.status,
    )


def _off(program, weights):
    """How far net inputs are below their targets; zero where rounding cannot tell."""
    off = program.targets - program.net_input(weights)
    size = np.abs(program.targets).max(initial=0.0)
    size += program.largest_sizes @ np.abs(weights[: program.n_features])
    rounding = _ROUNDING * (10 + np.count_nonzero(weights)) * size
    return np.where(np.abs(off) <= rounding, 0.0, off)


def _violated(program, off):
    """Cost of each pattern's violation."""
    return program.cost_below * np.maximum(off, 0.0) + program.cost_above * np.maximum(-off, 0.0)


def _room(program, first, lam):
    """How far the first goal's multipliers can move towards the second's."""
    return np.where(
        lam > 0, program.cost_below - first.multipliers, program.cost_above + first.multipliers
    )


def _least_price(program, first, lam):
    """The price of the first goal from which the multipliers of both add to feasible ones.

    The patterns' stay in their boxes, and the rows of weights that the first goal forbids, where
    the second goal's leave them, in their ranges.
    """
    room = _room(program, first, lam)
    has_room = room > _AT_END * (program.cost_below + program.cost_above).max()
    price = np.max(np.abs(lam[has_room]) / room[has_room], initial=0.0)
    first_rows, rows = program.correlate(first.multipliers), program.correlate(lam)
    beyond = np.where(rows > 0, rows - program.row_upper, program.row_lower - rows)
    slack = np.where(rows > 0, -first_rows, first_rows)
    helped = (beyond > 0) & (slack > _slack_from(program, first))
    return float(np.max(beyond[helped] / slack[helped], initial=price))


def _bound_of_weights(program, first, lam, weights, price):
    """A bound below the cost of all weights that violate no more than those given.

    For weights w' with violations V', multipliers ``price * first + lam`` in the box say

        cost(w') + price V' >= sum_t (price first_t + lam_t) (b_t - a'_t) + cost(w'),

    whose right side has its least value at w' = 0, if the rows are in their ranges. What the first
    goal's multipliers give is compared with the violations pattern by pattern, where their
    difference is zero without rounding; and of their rows, which are zero but for rounding, the
    others' are scaled to leave room.
    """
    room = price * _room(program, first, lam)
    lam = np.clip(lam, -room, room)
    off = _off(program, weights)
    first_rows, rows = price * program.correlate(first.multipliers), program.correlate(lam)
    share, unmet = program.feasible_share(first_rows, rows)
    lost = price * (_violated(program, off) - first.multipliers * off).sum() - first_rows @ weights
    if unmet.max() > program.rounding(price * first.multipliers) + program.rounding(lam):
        return -np.inf
    return float(share * (program.targets @ lam) - lost - program.price_of(unmet, weights))
