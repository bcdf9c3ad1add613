"""A vertex of a unit's program, with a certified gap."""

from .._numerics.threads import blas_threads
from .generation import Generation
from .scaling import in_solver_range
from .solution import Incumbent, Limits
from .starts import STRATEGIES, choose_strategy


def solve_unit(program, strategy="auto", *, tol=1e-6, max_iter=None, time_limit=None, warm=None):
    """Solve a unit's program to a vertex with a certified duality gap.

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
        Solution of a similar program: what it uses is inside from the start.

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
    program, units = in_solver_range(program)
    return units.restored(solve(program, strategy, tol, Limits(max_iter, time_limit), warm))


def solve(program, strategy, tol, limits, warm=None):
    incumbent = Incumbent(program)
    if strategy == "auto":
        strategy = choose_strategy(program)
    # The other strategies have matrices of some of the patterns and features.
    n_rows = min(program.X.shape) if strategy == "interior_point" else 0
    with blas_threads(n_rows):
        start = STRATEGIES[strategy](program, limits, incumbent)
        if warm is not None:
            start.include(warm, program.n_features)
        loop = Generation(program, start, limits, incumbent)
        status = loop.run()
        if status == "Optimal" and incumbent.solution(0, "").dual_gap > tol:
            # A warm-started basis has been seen to be reported as optimal when it was not.
            loop.master.forget_basis()
            status = loop.run()
    return incumbent.solution(limits.n_iter, status)
