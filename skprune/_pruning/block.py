"""Some deletions in one quadratic model, and the network after them: a value."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .criteria import Surgery
from .state import Connectivity, Objective, State
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
    connectivity : Connectivity
        What they leave.
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
    connectivity: Connectivity
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
        sizes, left = [], self.before.n_alive
        for deletion in self.deletions:
            left -= len(deletion.group)
            sizes.append(left)
        return sizes

    @property
    def after(self):
        """The network after the deletions."""
        return State(self.w, self.connectivity, self.data_loss)

    def forecast_after(self, n):
        """The objective that the model predicts after the first ``n`` deletions."""
        return _forecast(self.surgery, self.deletions[:n])

    def prefix(self, n):
        """The block of the first ``n`` deletions."""
        shorter, before = self.deletions[:n], self.before
        gone = [np.empty(0, dtype=np.intp), *(deletion.group for deletion in shorter)]
        connectivity = before.connectivity.without(np.concatenate(gone))
        ended = self.why_ended, self.objective
        return _measured(self.surgery, before, shorter, connectivity, *ended, is_cut=True)


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
    return _measured(surgery, state, tuple(deletions), connectivity, why, objective)


def _measured(surgery, before, deletions, connectivity, why_ended, objective, is_cut=False):
    """The block of deletions that are made, with the losses of its network."""
    model = surgery.model
    w = np.zeros_like(before.w)
    w[surgery.active] = surgery.elimination.weights_after(len(deletions))
    data_loss = model.objective.data_loss(w)
    value = data_loss + model.objective.penalty(w)
    forecast = _forecast(surgery, deletions)
    if surgery.damping:
        moved = w - model.w
        forecast -= 0.5 * surgery.damping * float(moved @ moved)
    made = surgery, before, deletions, connectivity, why_ended, objective, is_cut
    block = Block(*made, w, value, forecast)
    if model.objective is objective:
        vars(block)["data_loss"] = data_loss  # (It need not be computed again.)
    return block


def _forecast(surgery, deletions):
    saliency = sum(deletion.saliency for deletion in deletions)
    model = surgery.model
    return model.value - surgery.newton_decrease + surgery.committed_saliency + saliency
