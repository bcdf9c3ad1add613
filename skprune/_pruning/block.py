"""Some deletions in one quadratic model, and the network after them: a value."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .criteria import Surgery
from .state import Objective, State
from .stop import EXHAUSTED, room_within


@dataclass(frozen=True)
class Block:
    """Deletions in one surgery since it was last committed, and the network after them.

    Attributes
    ----------
    surgery : Surgery
    before : State
        The network of which the deletions began.
    deletions : tuple of Deletion
    why_ended : str
        Why no further one was found, if none was.
    objective : Objective
        What the stop rules go by: that of the model, unless this one sees noise of its own.
    is_cut : bool
        Whether there were more, which have been taken back.
    w : ndarray of shape (n_weights,)
        The network after the deletions.
    value, forecast : float
        The model's own objective there, and what the model says of it.
    """

    surgery: Surgery
    before: State
    deletions: tuple
    why_ended: str
    objective: Objective
    is_cut: bool
    w: np.ndarray
    value: float
    forecast: float

    def __len__(self):
        return len(self.deletions)

    @cached_property
    def data_loss(self):
        """Loss without weight decay as the rules count it: not with the model's own noise."""
        return self.objective.data_loss(self.w)

    @property
    def saliency(self):
        """Sum of the saliencies."""
        return sum(deletion.saliency for deletion in self.deletions)

    @property
    def sizes(self):
        """How many weights are left after each deletion."""
        lengths = [len(deletion.group) for deletion in self.deletions]
        return (self.before.n_alive - np.cumsum(lengths, dtype=int)).tolist()

    @property
    def after(self):
        """The network after the deletions."""
        groups = [deletion.group for deletion in self.deletions]
        gone = np.concatenate([np.empty(0, dtype=np.intp), *groups])
        return State(self.w, self.before.connectivity.without(gone), self.data_loss)

    def forecast_after(self, n):
        """The objective that the model predicts after the first ``n`` deletions."""
        return _forecast(self.surgery, self.deletions[:n])

    def prefix(self, n):
        """The block of the first ``n`` deletions."""
        shorter = replace(self, deletions=self.deletions[:n], is_cut=True)
        return _measured(shorter, self.surgery.elimination.weights_after(n))


def propose(surgery, state, stop, objective, limit):
    """Delete up to ``limit`` candidates, the cheapest each time, then evaluate the network.

    Parameters
    ----------
    surgery : Surgery
    state : State
        The network that the surgery has reached.
    stop : StopRule
    objective : Objective
        What the rule goes by.
    limit : int

    Returns
    -------
    block : Block
    """
    connectivity, deletions, why = state.connectivity, [], EXHAUSTED
    elimination = surgery.elimination
    while len(deletions) < limit and elimination.room > 0:
        room, limiting = room_within(stop, connectivity)
        deletion, is_limited = surgery.ranking.cheapest(surgery, connectivity, room)
        if deletion is None:
            why = limiting if is_limited else EXHAUSTED
            break
        forbidden = stop.forbids_deletion(deletion, surgery, state)
        if forbidden is not None:
            why = forbidden
            break
        if len(deletion.group) > elimination.room and deletions:
            break
        elimination.delete(np.searchsorted(surgery.active, deletion.group))
        connectivity = connectivity.without(deletion.group)
        deletions.append(deletion)
    block = Block(surgery, state, tuple(deletions), why, objective, False, state.w, np.nan, np.nan)
    return _measured(block, elimination.weights_after(len(deletions)))


def _measured(block, weights):
    """The block with the network whose active weights are ``weights``, and its losses."""
    surgery, model = block.surgery, block.surgery.model
    w = np.zeros_like(block.before.w)
    w[surgery.active] = weights
    data_loss = model.objective.data_loss(w)
    forecast = _forecast(surgery, block.deletions)
    if surgery.damping:
        moved = w - model.w
        forecast -= 0.5 * surgery.damping * float(moved @ moved)
    value = data_loss + model.objective.penalty(w)
    measured = replace(block, w=w, value=value, forecast=forecast)
    if model.objective is block.objective:
        vars(measured)["data_loss"] = data_loss  # (It need not be computed again.)
    return measured


def _forecast(surgery, deletions):
    saliency = sum(deletion.saliency for deletion in deletions)
    model = surgery.model
    return model.value - surgery.newton_decrease + surgery.committed_saliency + saliency
