"""HS97's Optimal Brain Surgeon: two candidates a step, guarded updates, retraining, a way back.

Networks that were not trained to a minimum, and Hessians that are singular, mislead the surgeon.
HS97 therefore has the loss itself choose between its candidate and Optimal Brain Damage's, moves
the other weights only where the inverse can be believed, and retrains when the loss has risen.
"""

import numpy as np
from scipy.linalg.blas import dsymm

from .._elimination import OBDElimination, OBSElimination
from .._hessian import DampedInverse, gauss_newton
from .._threads import blas_threads
from .._training import train_lbfgs
from ._before import _DAMPING_MIN, _STAGE_ITERATIONS, Pruner, _Step


class _Model:
    """Curvature, inverse and the two rankings at the pruner's current weights."""

    def __init__(self, pruner):
        self.frame = pruner.kept
        self.w, self.value = pruner.w, pruner.objective.value(pruner.w)
        if callable(pruner.curvature):
            self.hessian = pruner.curvature(pruner.objective, self.w, self.frame)
        else:
            self.hessian = gauss_newton(pruner.objective, self.w, self.frame, n_jobs=pruner.n_jobs)
        inverse = DampedInverse(self.hessian.copy(order="F"))
        damping = pruner.damping
        if damping == "auto":
            damping = _DAMPING_MIN * inverse.scale
        self.inverse = inverse.invert(damping)
        values = self.w[self.frame]
        self.rankings = (
            OBSElimination(values, self.inverse),
            OBDElimination(values, self.hessian.diagonal(), self.hessian),
        )

    @property
    def inverse_error(self):
        """``sum |I - H^-1 H|``: large where H has eigenvalues near zero."""
        product = dsymm(1.0, self.inverse, self.hessian, lower=1)
        product[np.diag_indices(len(product))] -= 1.0
        return float(np.abs(product).sum())

    def positions(self, group):
        return np.searchsorted(self.frame, group)

    def change(self, group):
        """The surgeon's change of all weights when a group goes."""
        elimination = OBSElimination(self.w[self.frame], self.inverse)
        elimination.delete(self.positions(group))
        return elimination.weights - self.w[self.frame]

    def cost(self, change):
        """Rise of the quadratic model, without its gradient, by a change of the weights."""
        return 0.5 * float(change @ self.hessian @ change)


class _Deletion:
    """A group's tentative deletion, and the loss after it."""

    def __init__(self, pruner, model, group, is_bad_inverse):
        self.group = group
        change = self._change(pruner.constants, model, is_bad_inverse)
        self.saliency = model.cost(change)
        self.predicted = model.value + self.saliency
        self.weights = pruner.w.copy()
        self.weights[model.frame] += change
        self.weights[group] = 0.0
        self.loss = pruner.objective.data_loss(self.weights)

    def _change(self, constants, model, is_bad_inverse):
        """The surgeon's change if it can be believed, bounded; or the deletion alone."""
        positions = model.positions(self.group)
        alone = np.zeros(len(model.frame))
        alone[positions] = -model.w[self.group]
        # HS97's saliencies are without the one half.
        least = 0.5 * constants.min_saliency
        if is_bad_inverse or min(ranking.price(positions) for ranking in model.rankings) < least:
            return alone
        change = model.change(self.group)
        change[positions] = 0.0
        largest = np.abs(change).max(initial=0.0)
        return alone + change * min(1.0, constants.max_change / max(largest, 1e-300))


class ModifiedPruner(Pruner):
    """Prunes single weights by the modified OBS of HS97.

    Each step deletes one weight (and what is of no use without it). Two are deleted tentatively,
    the one with the lowest OBS saliency and the one with the lowest OBD saliency, and the deletion
    with the lower training loss is kept. HS97's ``E_tol`` is ``rule.max_loss /
    constants.retrain_to``, so that a network which it accepts is within the rule.

    Time for a deletion: the curvature (see `gauss_newton`) and 2 n^3 operations. Memory: 24 n^2
    bytes.

    Parameters
    ----------
    objective, w, kept, **options :
        As of `Pruner`; `criterion`, `granularity`, `linearize` and `first_order` play no part.
    constants : object
        With the attributes `min_saliency`, `max_inverse_error`, `max_change`, `retrain_above`,
        `retrain_to` and `max_patterns`.
    """

    def __init__(self, objective, w, kept, *, constants, **options):
        super().__init__(objective, w, kept, **options)
        self.constants = constants
        self._ways_back = []

    def prune(self):
        """Prune until a stop rule binds or the loss cannot be brought down again."""
        self._begin()
        while self.stopped_by is None:
            with blas_threads(self.topology.n_alive):
                self._prune_one()
        self._settle()
        return self

    def _prune_one(self):
        """Make a model, delete the better one of its two candidates."""
        limited = "exhausted" if self.rule.n_weights is None else "n_weights"
        if self.topology.n_alive <= (self.rule.n_weights or 0):
            self.stopped_by = limited
            return
        model = _Model(self)
        self.n_linearizations += 1
        groups = [self._cheapest(model, ranking) for ranking in model.rankings]
        if groups[0] is None:
            self.stopped_by = limited if self._is_too_large else "exhausted"
            return
        price = model.rankings[0].price(model.positions(groups[0]))
        if price > self.rule.max_saliency * self.loss:
            self.stopped_by = "max_saliency"
            return
        is_bad_inverse = model.inverse_error > self.constants.max_inverse_error
        tried = [_Deletion(self, model, group, is_bad_inverse) for group in groups]
        self._take(min(tried, key=lambda deletion: deletion.loss))

    def _cheapest(self, model, ranking):
        """The group with the lowest joint price, or None."""
        prices = np.where(self.locked[model.frame], np.inf, ranking.saliencies)
        best, lowest, self._is_too_large = None, np.inf, False
        for q in np.argsort(prices):
            # A group costs at least what its first weight does alone.
            if not prices[q] < lowest:
                break
            group = self.topology.closure([model.frame[q]])
            if not self.fits(group):
                self._is_too_large = True
                continue
            price = ranking.price(model.positions(group)) if len(group) > 1 else prices[q]
            if price < lowest:
                best, lowest = group, price
        return best

    def _take(self, deletion):
        """Delete; retrain if the loss is far too high, undo the deletion if that does not help."""
        if self.loss <= self.rule.max_loss:
            self._ways_back.clear()
        self._ways_back.append((deletion.group, self.w, self.loss))
        self.topology.remove(deletion.group)
        self.w, self.loss = deletion.weights, deletion.loss
        layer, row, unit = self.topology.locate(deletion.group[0])
        index = row * self.objective.network.shapes[layer][1] + unit
        step = _Step(deletion.group, layer, index, deletion.saliency)
        value = self.loss + self.objective.penalty(self.w)
        self.path.record([step], [self.topology.n_alive], [deletion.predicted], value)
        self._snapshot()
        target_loss = self.rule.max_loss / self.constants.retrain_to
        if self.loss > self.constants.retrain_above * target_loss:
            self._retrain()
            if self.loss > self.rule.max_loss:
                self._undo()
                self.stopped_by = "threshold"
                return
        elif self.retrain == "always":
            self._train(_STAGE_ITERATIONS)
        self._tell(1, value)

    def _retrain(self):
        """Train the survivors until the loss is low enough, or the budget of patterns is spent."""
        if self.retrain == "never":
            return
        self.n_retrainings += 1
        max_iter = max(1, int(self.constants.max_patterns) // self.objective.X.shape[0])
        result = train_lbfgs(
            self.objective,
            self.w,
            self.kept,
            max_iter=max_iter,
            tol=self.tol,
            on_iteration=lambda loss: loss <= self.rule.max_loss,
        )
        loss = self.objective.data_loss(result.weights)
        if loss <= max(self.rule.max_loss, self.loss):
            self.w, self.loss = result.weights, loss
            self._snapshot()

    def _undo(self):
        """Take back the last deletion."""
        group, self.w, self.loss = self._ways_back.pop()
        self.topology.restore(group)
        self.path.retract()
        self._snapshot()

    def _settle(self):
        """Train what is left; undo deletions as long as the loss is above the allowed one."""
        while True:
            if self.retrain != "never" and self.stopped_by != "callback":
                self._train()
            if self.loss <= self.rule.max_loss or not self._ways_back:
                return
            self._undo()
            if self.stopped_by != "callback":
                self.stopped_by = "threshold"
