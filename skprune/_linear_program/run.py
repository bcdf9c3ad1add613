"""One program by one strategy, from its start to its optimum."""

from .._numerics.threads import blas_threads
from .generation import Generation
from .solution import Incumbent
from .starts import STRATEGIES, choose_strategy


def run(program, strategy, tol, limits, warm=None):
    """Solve a program whose numbers are in the solver's range.

    Parameters
    ----------
    program : UnitProgram
        The program; costs may be infinite.

    strategy : str
        How to start, or "auto".

    tol : float
        Relative duality gap to certify.

    limits : Limits
        What is left of the iterations and of the time.

    warm : UnitSolution or None, default=None
        Solution of a similar program: what it uses is inside from the start.

    Returns
    -------
    UnitSolution
        The optimum, or when a limit is reached the best weights seen.
    """
    incumbent = Incumbent(program)
    if not program.n_rows:
        return incumbent.solution(limits.n_iter, "Optimal")
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
