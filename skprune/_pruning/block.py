"""Some deletions in one quadratic model, and the network after them: a value."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .criteria import Surgery
from .state import Objective, State
from .stop import EXHAUSTED, room_within

_NONE = np.empty(0, dtype=np.intp)


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
    is_last : bool
        Whether the surgery does not lead on from here: there were more deletions, which have been
        taken back, or the weights are not those of the elimination.
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
    is_last: bool
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
    def sizes(self):
        """How many weights are left after each deletion."""
        lengths = [len(deletion.group) for deletion in self.deletions]
        return (self.before.n_alive - np.cumsum(lengths, dtype=int)).tolist()

    @property
    def after(self):
        """The network after the deletions."""
        gone = np.concatenate([_NONE, *(deletion.group for deletion in self.deletions)])
        return State(self.w, self.before.connectivity.without(gone), self.data_loss)

    @cached_property
    def forecasts(self):
        """The objective that the model predicts before the deletions, and after each of them."""
        surgery = self.surgery
        rises = np.cumsum([surgery.rise, *(deletion.rise for deletion in self.deletions)])
        return surgery.model.value - surgery.newton_decrease + rises

    def prefix(self, n):
        """The block of the first ``n`` deletions."""
        return _updated(replace(self, deletions=self.deletions[:n], is_last=True))


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
        surgery.delete(deletion)
        connectivity = connectivity.without(deletion.group)
        deletions.append(deletion)
    block = Block(surgery, state, tuple(deletions), why, objective, False, state.w, np.nan, np.nan)
    return _updated(block)


def _updated(block):
    """The block with the better one of two updates of the weights that stay.

    Weights without effect are held, or left free; the loss itself decides. Held is better as a
    rule, and what saliencies and forecasts are of; where few units are left, free may be.
    """
    surgery, elimination = block.surgery, block.surgery.elimination
    w = surgery.network(elimination.weights_after(len(block)))
    forecast = _forecast(block, w)
    held = _measured(block, w, forecast)
    if not any(deletion.is_held.any() for deletion in block.deletions):
        return held
    driven = np.concatenate([deletion.driven for deletion in block.deletions])
    weights = elimination.weights_without(surgery.positions(driven))
    w = surgery.network(weights, gone=_held(block.deletions))
    if np.array_equal(w, held.w):  # (No other weight moves.)
        return held
    free = _measured(replace(block, is_last=True), w, forecast)
    return free if free.value < held.value else held


def _held(deletions):
    return np.concatenate([_NONE, *(deletion.held for deletion in deletions)])


def _forecast(block, w):
    """What the model says of the network ``w``, in which held weights are gone."""
    surgery, forecast = block.surgery, block.forecasts[-1]
    if surgery.damping:
        moved = w - surgery.model.w
        # (Held weights are gone, but have not moved in the model.)
        moved[np.concatenate([surgery.held, _held(block.deletions)])] = 0.0
        forecast -= 0.5 * surgery.damping * float(moved @ moved)
    return forecast


def _measured(block, w, forecast):
    """The block with the network after it, and its losses."""
    model = block.surgery.model
    data_loss = model.objective.data_loss(w)
    value = data_loss + model.objective.penalty(w)
    measured = replace(block, w=w, value=value, forecast=forecast)
    if model.objective is block.objective:
        vars(measured)["data_loss"] = data_loss  # (It need not be computed again.)
    return measured
