"""The pruning loop: linearise, delete, check, retrain, stop.

Around the current weights the objective is replaced by a model of it; weights are deleted block by
block while the model is to be trusted, then the model is made anew. Trust region and damping are
one mechanism: a forecast that fails shortens the block or raises the damping. The loop ends with
the first stop rule that binds.

It is made of orthogonal pieces, one class each in a file of their kind, and knows nothing of what
is pruned but an `Objective` and a `Connectivity`.
"""

from dataclasses import dataclass, field, replace

from .._numerics.threads import blas_threads
from .block import propose
from .candidates import Candidates, Weights, block_length
from .criteria import OBS, Criterion
from .damping import AutoDamping, Damping
from .last_resort import LastResort
from .recorder import PathRecorder, Recorder
from .retraining import Final, Retraining, improved
from .state import Objective, State
from .stop import StopRule, room_within
from .trust import Acceptance, Trust, TrustRegion

#: What the loop says when the recorder has had enough.
CALLBACK = "callback"


@dataclass(frozen=True)
class Pruned:
    """What is left of a network, and how it came to it.

    Attributes
    ----------
    state : State
    stopped_by : str
        Name of the rule that bound, "exhausted", or "callback".
    recorder : Recorder
    n_linearizations, n_retrainings : int
        How many models were made, and how often the survivors were trained.
    """

    state: State
    stopped_by: str
    recorder: Recorder
    n_linearizations: int
    n_retrainings: int

    @property
    def path(self):
        """The path that a `PathRecorder` wrote."""
        return self.recorder.path


def prune(
    objective,
    state,
    *,
    stop,
    criterion=None,
    candidates=None,
    trust=None,
    damping=None,
    retraining=None,
    last_resort=None,
    recorder=None,
):
    """Prune a network until a stop rule binds, retraining as asked.

    Memory: a matrix of 8 n^2 bytes for OBS (and OBD of groups, with one for each group where that
    is beyond the budget), n the surviving weights, and up to one and a half times that beside it
    while it is assembled and compacted.
    Time for a linearisation: the curvature (see `gauss_newton`) and n^3 for the inverse, then n^2
    a deletion; O(P n) a linearisation for OBD.

    Parameters
    ----------
    objective : Objective
    state : State
        Where to start, of which everything is of some use (see `useful_part`).
    stop : StopRule
    criterion : Criterion, default=OBS()
    candidates : Candidates, default=Weights()
    trust : Trust, default=TrustRegion()
    damping : Damping, default=AutoDamping()
    retraining : Retraining, default=Final()
    last_resort : LastResort, default=LastResort()
    recorder : Recorder, default=PathRecorder(objective)

    Returns
    -------
    pruned : Pruned
    """
    return _Loop(
        objective,
        stop,
        criterion or OBS(),
        candidates or Weights(),
        trust or TrustRegion(),
        damping or AutoDamping(),
        retraining or Final(),
        last_resort or LastResort(),
        recorder or PathRecorder(objective),
    ).run(state)


@dataclass
class _Loop:
    """The pieces of one run. Networks are values that its methods take and return."""

    objective: Objective
    stop: StopRule
    criterion: Criterion
    candidates: Candidates
    trust: Trust
    damping: Damping
    retraining: Retraining
    last_resort: LastResort
    recorder: Recorder
    n_models: int = field(default=0, init=False)

    def __post_init__(self):
        self.acceptance = Acceptance(self.trust, self.stop)

    def run(self, state):
        """Prune to the rule, train, and prune on, as long as that brings anything."""
        self.recorder.began(state)
        while True:
            before = state
            state, why, refused = self.prune_to_the_rule(state)
            if why == CALLBACK or not self.retraining.at_rule:
                break
            if state.n_alive < before.n_alive or not self.retraining.n_retrainings:
                state = self.trained(state)
                continue
            block, after = self.last_resort.mended(
                refused, self.objective, self.retraining, self.stop
            )
            if block is None:
                break
            state = after
            if self.recorder.deleted(block, after):
                why = CALLBACK
                break
        return Pruned(state, why, self.recorder, self.n_models, self.retraining.n_retrainings)

    def prune_to_the_rule(self, state):
        """Follow one model after the other until something ends the pruning.

        Returns
        -------
        state : State
        why : str
        refused : list of Block
            Deletions that the rule forbids, if that is what ended it.
        """
        while True:
            room, limiting = room_within(self.stop, state.connectivity)
            if room <= 0:
                return state, limiting, []
            before, objective = state, self.model_objective(state)
            with blas_threads(self.criterion.matrix_size(objective, state.n_alive)):
                model = self.criterion.model(objective, state)
                state, why, refused = self.delete_within_model(model, state)
            self.n_models += 1
            if self.retraining.after_model and state.n_alive < before.n_alive:
                state = self.trained(state, is_brief=True)
            if why is not None:
                return state, why, refused

    def model_objective(self, state):
        """What the next model is of: with input noise, other noise than the rules go by."""
        if not self.criterion.has_forecast:
            return self.objective
        by_gradient = self.trust.compares_losses or self.criterion.uses_gradient
        n_fitted = state.n_alive if by_gradient else 0
        return self.objective.for_model(self.n_models, state.w, n_fitted)

    def trained(self, state, is_brief=False):
        """The network after training, unless that breaks a rule."""
        after = improved(self.retraining, self.objective, state, self.stop, is_brief)
        if after is not state:
            self.recorder.trained(after)
        return after

    # ---- one model's deletions ---------------------------------------------------------------

    def delete_within_model(self, model, state):
        """Delete block by block while the model is to be trusted and the rules allow."""
        block, why, refused = self.first_block(model, state)
        n_deleted = 0
        while block is not None and len(block):
            state = block.after
            n_deleted += len(block)
            if self.recorder.deleted(block, state):
                return state, CALLBACK, []
            limit = self.limit(state, n_deleted)
            if limit <= 0 or block.is_last or self.trust.is_spent(block):
                break
            surgery = block.surgery.committed(block.deletions)
            block = propose(surgery, state, self.stop, self.objective, limit)
            if len(block) and not self.acceptance(block):
                block = block.prefix(self.acceptance.longest_prefix(block))
        return state, why, refused

    def first_block(self, model, state):
        """The first deletions in a model: at least one, unless a rule forbids it.

        Returns
        -------
        block : Block or None
        why : str or None
            What ends the pruning if there is no block.
        refused : list of Block
            What a rule forbids of the networks after single deletions.
        """

        def proposed(damping, limit=None, excluded=(), keep=False):
            limit = self.limit(state, 0) if limit is None else limit
            n_tried = self.trust.n_tried if self.criterion.has_forecast else 1
            ranking = self.candidates.ranking(state.connectivity, excluded, n_tried)
            surgery = replace(model.surgery(damping, keep), ranking=ranking)
            return propose(surgery, state, self.stop, self.objective, limit)

        if model.is_damped:
            block = self.damping.block(model, proposed, self.acceptance)
        else:
            block = proposed(0.0)
        if not len(block):
            return None, block.why_ended, []
        if self.acceptance(block):
            return block, None, []
        block = block.prefix(max(1, self.acceptance.longest_prefix(block)))
        why = self.acceptance.refusal(block)
        if why is None:
            return block, None, []
        block, refused = self.last_resort.alternative(
            block, proposed, lambda block: self.acceptance.refusal(block) is None
        )
        return (None, why, refused) if block is None else (block, None, [])

    def limit(self, state, n_deleted):
        """How many deletions the next block may have, ``n_deleted`` into a model."""
        n_candidates = self.candidates.count(state.connectivity)
        return min(block_length(n_candidates), self.trust.n_left(n_candidates, n_deleted))
