"""HS97's Optimal Brain Surgeon: two candidates a step, guarded updates, retraining, a way back.

Networks that were not trained to a minimum, and Hessians that are singular, mislead the surgeon.
HS97 therefore has the loss itself choose between its candidate and Optimal Brain Damage's, moves
the other weights only where the inverse can be believed, and retrains when the loss has risen.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.linalg.blas import dsymm

from .._curvature.dense_elimination import OBSElimination
from .._curvature.diagonal import OBDElimination
from .._curvature.exact import InPlaceCholesky
from .._gauss_newton.matrix import gauss_newton
from .._numerics.threads import blas_threads
from .._training.lbfgs import train_lbfgs
from .candidates import Weights
from .criteria import Surgery
from .damping import FixedDamping
from .loop import CALLBACK, Pruned
from .recorder import PathRecorder
from .retraining import Final, Never, improved
from .state import State
from .stop import EXHAUSTED, MaxLoss, StopRule, room_within


def prune_modified(
    objective,
    state,
    *,
    constants,
    stop,
    candidates=None,
    damping=None,
    retraining=None,
    recorder=None,
    hessian=None,
    n_jobs=None,
):
    """Prune single weights by the modified OBS of HS97.

    Each step deletes one weight (and what is of no use without it). Two are deleted tentatively,
    the one with the lowest OBS saliency and the one with the lowest OBD saliency, and the deletion
    with the lower training loss is kept. HS97's ``E_tol`` is the rule's ``max_loss /
    constants.retrain_to``, so that a network which it accepts is within the rule.

    Time for a deletion: the curvature (see `gauss_newton`) and 2 n^3 operations. Memory: 24 n^2
    bytes.

    Parameters
    ----------
    objective : Objective
    state : State
    constants : object
        With the attributes `min_saliency`, `max_inverse_error`, `max_change`, `retrain_above`,
        `retrain_to` and `max_patterns`.
    stop : StopRule
    candidates : Weights, default=Weights()
    damping : FixedDamping, default=FixedDamping()
    retraining : Retraining, default=Final()
    recorder : PathRecorder, default=PathRecorder(objective)
    hessian : callable, default=None
        ``(objective, w, kept) -> ndarray``; None for the Gauss-Newton matrix.
    n_jobs : int, default=None
        Workers for the Gauss-Newton matrix.

    Returns
    -------
    pruned : Pruned
    """
    return _Loop(
        objective,
        constants,
        stop,
        candidates or Weights(),
        damping or FixedDamping(),
        retraining or Final(),
        recorder or PathRecorder(objective),
        hessian or partial(gauss_newton, n_jobs=n_jobs),
    ).run(state)


class _Model:
    """Curvature, inverse and the surgeries of the two criteria at a network."""

    def __init__(self, objective, state, hessian, damping):
        self.objective, self.w, self.active = objective, state.w, state.kept
        self.weights, self.hessian = self.w[self.active], hessian
        inverse = InPlaceCholesky(hessian.copy(order="F"))
        self.inverse, _ = inverse.invert(damping.at(inverse.scale))
        eliminations = (
            OBSElimination(self.weights, self.inverse),
            OBDElimination(self.weights, hessian.diagonal(), hessian),
        )
        self.surgeries = [Surgery(self, elimination, self.active) for elimination in eliminations]

    @property
    def inverse_error(self):
        """``sum |I - H^-1 H|``: large where H has eigenvalues near zero."""
        product = dsymm(1.0, self.inverse, self.hessian, lower=1)
        product[np.diag_indices(len(product))] -= 1.0
        return float(np.abs(product).sum())

    def change(self, deletion, constants, is_bad_inverse):
        """The surgeon's change if it can be believed, bounded; or the deletion alone.

        Held weights are left where they are.
        """
        surgeon, other = self.surgeries
        positions = surgeon.positions(deletion.group)
        targets = surgeon.targets(deletion.group, deletion.is_held)
        alone = np.zeros(len(self.weights))
        alone[positions] = targets - self.weights[positions]
        eliminations = surgeon.elimination, other.elimination
        prices = [own.joint_saliency(positions, targets) for own in eliminations]
        # HS97's saliencies are without the one half.
        if is_bad_inverse or min(prices) < 0.5 * constants.min_saliency:
            return alone
        elimination = OBSElimination(self.weights, self.inverse)
        elimination.delete(positions, targets)
        change = elimination.weights - self.weights
        change[positions] = 0.0
        largest = np.abs(change).max(initial=0.0)
        return alone + change * min(1.0, constants.max_change / max(largest, 1e-300))

    def cost(self, change):
        """Rise of the quadratic model, without its gradient, by a change of the weights."""
        return 0.5 * float(change @ self.hessian @ change)


@dataclass
class _Loop:
    """The pieces of one run. Networks are values that its methods take and return."""

    objective: object
    constants: object
    stop: StopRule
    candidates: Weights
    damping: FixedDamping
    retraining: Never
    recorder: PathRecorder
    hessian: object

    def __post_init__(self):
        self.n_models = 0
        # The networks before the deletions since the loss was last within the rule.
        self.ways_back = []

    def run(self, state):
        """Prune until a stop rule binds or the loss cannot be brought down again."""
        self.recorder.began(state)
        why = None
        while why is None:
            with blas_threads(state.n_alive):
                state, why = self.delete_one(state)
        state, why = self.settled(state, why)
        return Pruned(state, why, self.recorder, self.n_models, self.retraining.n_retrainings)

    def is_within(self, state):
        """Whether the loss is one that the rule allows."""
        return state.data_loss <= self.stop.max_loss

    def delete_one(self, state):
        """Make a model, delete the better one of its two candidates."""
        room, limiting = room_within(self.stop, state.connectivity)
        if room <= 0:
            return state, limiting
        hessian = self.hessian(self.objective, state.w, state.kept)
        model = _Model(self.objective, state, hessian, self.damping)
        self.n_models += 1
        ranking, found = self.candidates.ranking(state.connectivity), []
        for surgery in model.surgeries:
            deletion, is_limited = ranking.cheapest(surgery, state.connectivity, room)
            if deletion is None:
                return state, limiting if is_limited else EXHAUSTED
            found.append(deletion)
        forbidden = self.stop.forbids_deletion(found[0], model.surgeries[0], state)
        if forbidden is not None:
            return state, forbidden
        is_bad_inverse = model.inverse_error > self.constants.max_inverse_error
        tried = [self.tried(state, model, deletion, is_bad_inverse) for deletion in found]
        deletion, after = min(tried, key=lambda pair: pair[1].data_loss)
        return self.taken(state, deletion, after)

    def tried(self, state, model, deletion, is_bad_inverse):
        """A deletion with what it costs in the model, and the network after it."""
        change = model.change(deletion, self.constants, is_bad_inverse)
        w = state.w.copy()
        w[model.active] += change
        w[deletion.group] = 0.0
        connectivity = state.connectivity.without(deletion.group)
        after = State(w, connectivity, self.objective.data_loss(w))
        return replace(deletion, saliency=model.cost(change)), after

    def taken(self, before, deletion, after):
        """Go on after a deletion; retrain if the loss is far too high, go back if that fails.

        Returns
        -------
        state : State
        why : str or None
        """
        if self.is_within(before):
            self.ways_back.clear()
        self.ways_back.append(before)
        self.recorder.one_deleted(deletion, before, after)
        state, target_loss = after, self.stop.max_loss / self.constants.retrain_to
        if after.data_loss > self.constants.retrain_above * target_loss:
            state = self.retrained(after)
            if not self.is_within(state):
                return self.undone(), MaxLoss.name
        elif self.retraining.after_model:
            state = self.trained(after, is_brief=True)
        return state, CALLBACK if self.recorder.tell(1, after) else None

    def trained(self, state, is_brief=False):
        """The network after training, unless that raises the loss above the allowed one."""
        after = improved(self.retraining, self.objective, state, self.stop, is_brief)
        return self.noted(state, after)

    def retrained(self, state):
        """Train until the loss is low enough, or the budget of patterns is spent."""
        if not self.retraining.at_rule:
            return state
        self.retraining.n_retrainings += 1
        result = train_lbfgs(
            self.objective,
            state.w,
            state.kept,
            max_iter=max(1, int(self.constants.max_patterns) // self.objective.X.shape[0]),
            tol=self.retraining.tol,
            on_iteration=lambda loss: loss <= self.stop.max_loss,
        )
        data_loss = self.objective.data_loss(result.weights)
        after = replace(state, w=result.weights, data_loss=data_loss)
        is_better = self.is_within(after) or data_loss <= state.data_loss
        return self.noted(state, after if is_better else state)

    def noted(self, before, after):
        """Write down a network, if it is another one."""
        if after is not before:
            self.recorder.trained(after)
        return after

    def undone(self):
        """The network before the last deletion."""
        state = self.ways_back.pop()
        self.recorder.undone(state)
        return state

    def settled(self, state, why):
        """Train what is left; undo deletions as long as the loss is above the allowed one."""
        while True:
            if self.retraining.at_rule and why != CALLBACK:
                state = self.trained(state)
            if self.is_within(state) or not self.ways_back:
                return state, why
            state = self.undone()
            if why != CALLBACK:
                why = MaxLoss.name
