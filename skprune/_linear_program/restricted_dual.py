"""The dual of a unit's program over some of its patterns and features, in HiGHS.

Used by :mod:`skprune._linear_program` alone, which says what the program is.
"""

import highspy
import numpy as np
from scipy import sparse

from .._numerics.memory import check_memory
from .program import FEASIBILITY
from .solution import SolverFailure

# Bytes for each number other than zero, above what HiGHS 1.16 was seen to use on dense and sparse
# programs of eight shapes: written to (50 to 110), asked for (240 to 350), and held before a run.
_RESIDENT, _RESERVED, _HELD = 120, 400, 20
_MAX_NONZEROS = 2**31 - 1  # HiGHS counts in 32 bits

Status = highspy.HighsModelStatus

_BASIS_STATUS = [
    highspy.HighsBasisStatus.kLower,
    highspy.HighsBasisStatus.kUpper,
    highspy.HighsBasisStatus.kBasic,
]

_AT_LOWER, _AT_UPPER, _BASIC = range(3)


class RestrictedDual:
    """The restricted dual, growing inside one HiGHS object that keeps its basis.

    Its variables are deviations of the multipliers from a reference: patterns outside rest at the
    reference, and a pattern that comes in changes no row.

    Parameters
    ----------
    program : UnitProgram
        The whole program.

    reference : ndarray of shape (n_patterns,)
        Feasible multipliers of the patterns outside.
    """

    def __init__(self, program, reference):
        self.program = program
        self.reference = reference
        self.patterns = np.empty(0, dtype=np.intp)
        self.features = np.empty(0, dtype=np.intp)
        base = program.correlate(reference)
        self.row_lower, self.row_upper = program.row_lower - base, program.row_upper - base
        self.n_iter = 0
        self.n_nonzeros = 0
        self.highs = _quiet_highs()
        if program.fit_intercept:
            self._add_rows([-1], np.empty((1, 0)))

    def _add_rows(self, rows, block):
        lower, upper = self.row_lower[rows], self.row_upper[rows]
        triplet = self._triplet(block)
        self._checked(self.highs.addRows(len(rows), lower, upper, *triplet), "more rows")

    def _triplet(self, block):
        """A block that comes in, as HiGHS takes it, if there is room."""
        before, triplet = self.n_nonzeros, _triplet(block)
        self.n_nonzeros += triplet[0]
        if self.n_nonzeros >= _MAX_NONZEROS:
            raise MemoryError(
                f"HiGHS takes up to {_MAX_NONZEROS:,} numbers other than zero, got "
                f"{self.n_nonzeros:,}. Use a solver that begins with some of the patterns or "
                "features, such as 'interior_point' or 'feature_generation'."
            )
        check_memory(
            _RESIDENT * self.n_nonzeros - _HELD * before,
            _RESERVED * (self.n_nonzeros - before),
            f"HiGHS's simplex method on a program of {self.n_nonzeros:,} numbers other than zero",
        )
        return triplet

    def _checked(self, status, what):
        """HiGHS says no in a status, which nobody hears if it is not asked."""
        if status == highspy.HighsStatus.kError:
            raise SolverFailure(f"no {what}")

    def add_features(self, features):
        """Bring weights in, as rows over the patterns inside."""
        if not features.size:
            return
        X = self.program.X_by_feature
        if not self.patterns.size:
            block = np.empty((0, features.size))
        elif sparse.issparse(X):
            block = X[:, features][self.patterns]
        else:
            block = X[np.ix_(self.patterns, features)]
        self._add_rows(features, block.T)
        self.features = np.append(self.features, features)

    def add_patterns(self, patterns):
        """Bring patterns in, as columns over the weights inside."""
        if not patterns.size:
            return
        program = self.program
        if np.array_equal(self.features, np.arange(program.n_features)):
            block = program.X[patterns]
        elif sparse.issparse(program.X):
            block = program.X[patterns][:, self.features]
        else:
            block = program.X[np.ix_(patterns, self.features)]
        if program.fit_intercept:
            ones = np.ones((patterns.size, 1))
            is_sparse = sparse.issparse(block)
            block = sparse.hstack([ones, block]) if is_sparse else np.hstack([ones, block])
        reference = self.reference[patterns]
        added = self.highs.addCols(
            patterns.size,
            -program.targets[patterns],
            -program.cost_above[patterns] - reference,
            program.cost_below[patterns] - reference,
            *self._triplet(block),
        )
        self._checked(added, "more columns")
        self.patterns = np.append(self.patterns, patterns)

    def start_from(self, multipliers):
        """Give HiGHS a basis: the variables that are farthest inside their bounds."""
        program = self.program
        rows = np.append(-1, self.features) if program.fit_intercept else self.features
        value = np.concatenate([multipliers[self.patterns], program.correlate(multipliers)[rows]])
        lower = np.concatenate([-program.cost_above[self.patterns], program.row_lower[rows]])
        upper = np.concatenate([program.cost_below[self.patterns], program.row_upper[rows]])
        to_lower, to_upper = value - lower, upper - value
        width = np.minimum(upper - lower, 2.0 * np.maximum(1.0, np.abs(value)))
        inside = np.divide(np.minimum(to_lower, to_upper), width, out=-width, where=width > 0)
        nearest = np.where(to_lower < to_upper, _AT_LOWER, _AT_UPPER)
        nearest[np.argsort(-inside, kind="stable")[: rows.size]] = _BASIC
        status = [_BASIS_STATUS[code] for code in nearest]
        basis = highspy.HighsBasis()
        basis.col_status = status[: self.patterns.size]
        basis.row_status = status[self.patterns.size :]
        basis.valid = True
        basis.alien = False  # as many basic variables as rows: no need to factorise it twice
        self._checked(self.highs.setBasis(basis), "basis")

    def solve(self, max_iter, seconds):
        """Run the simplex method from the present basis and return HiGHS's status."""
        self.highs.setOptionValue("simplex_iteration_limit", min(max_iter, 2**31 - 1))
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + seconds)
        self.highs.run()
        self.n_iter += max(0, self.highs.getInfo().simplex_iteration_count)
        return self.highs.getModelStatus()

    def forget_basis(self):
        """Let the next run start afresh, with presolve."""
        self.highs.clearSolver()
        self.highs.setOptionValue("presolve", "choose")

    def status_text(self):
        """HiGHS's own words for its last status."""
        return self.highs.modelStatusToString(self.highs.getModelStatus())

    def solution(self):
        """Weights and multipliers of the whole program, or None when HiGHS has none."""
        found = self.highs.getSolution()
        if not (found.value_valid and found.dual_valid):
            return None
        duals = -np.asarray(found.row_dual)
        weights = np.zeros(self.program.n_rows)
        if self.program.fit_intercept:
            weights[-1] = duals[0]
            duals = duals[1:]
        weights[self.features] = duals
        weights = self.program.without_rounding(weights) + 0.0  # no negative zeros
        multipliers = self.reference.copy()
        multipliers[self.patterns] += np.asarray(found.col_value)
        return weights, multipliers

    def ray(self):
        """A direction of the multipliers of unboundedness, or None when HiGHS has none."""
        _, has_ray, ray = self.highs.getPrimalRay()
        if not has_ray:
            return None
        direction = np.zeros(self.program.n_patterns)
        direction[self.patterns] = np.asarray(ray)
        return direction


class _SilentHighs(highspy.Highs):
    """HiGHS that writes nothing: 1.16 prints its banner as soon as callbacks are enabled.

    The constructor enables them, before its caller could say that no output is wanted.
    """

    def enableCallbacks(self):
        self.silent()
        super().enableCallbacks()


def _quiet_highs():
    highs = _SilentHighs()
    for option, value in {
        "threads": 1,
        "parallel": "off",
        "presolve": "off",  # presolve would forget the basis
        "primal_feasibility_tolerance": FEASIBILITY,
        "dual_feasibility_tolerance": FEASIBILITY,
    }.items():
        highs.setOptionValue(option, value)
    return highs


def _triplet(block):
    """Number of non-zeros, starts, indices and values of a block by rows, without stored zeros."""
    if sparse.issparse(block):
        block = sparse.csr_array(block)
        block.eliminate_zeros()
        counts, indices, values = np.diff(block.indptr), block.indices, block.data
    else:
        used = block != 0
        counts = np.count_nonzero(used, axis=1)
        indices = np.broadcast_to(np.arange(block.shape[1], dtype=np.int32), block.shape)[used]
        values = block[used]
    starts = np.cumsum(counts) - counts
    return values.size, starts.astype(np.int32), indices.astype(np.int32, copy=False), values
