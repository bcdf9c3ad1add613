"""When pruning ends: one class a rule, each of which binds one or two of three hooks.

A rule may limit how many weights go at all (`room`), look at a deletion before it is made, with the
quadratic model at hand (`forbids_deletion`), or at the network after it (`forbids`).
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

#: What the loop says when there is nothing left to delete.
EXHAUSTED = "exhausted"


@runtime_checkable
class StopRule(Protocol):
    """What the loop asks of a rule; each answer but `room`'s is the name of the rule, or None.

    Attributes
    ----------
    max_loss : float
        Ceiling of the loss, for methods that steer towards it; infinite for most rules.
    """

    max_loss: float

    def room(self, connectivity):
        """How many weights may still go, and the name of the rule; None if it does not mind."""

    def forbids_deletion(self, deletion, surgery, state):
        """The rule that forbids a deletion.

        Parameters
        ----------
        deletion : Deletion
        surgery : Surgery
            The quadratic model in which it is about to be made.
        state : State
            The network of which the block of deletions began.
        """

    def forbids(self, network):
        """The rule that forbids a network; its ``w`` and ``data_loss`` are known."""


class Unlimited:
    """The rule that never binds, and what the others are made of."""

    max_loss = np.inf

    def room(self, connectivity):
        """No limit."""
        return None

    def forbids_deletion(self, deletion, surgery, state):
        """No limit."""
        return None

    def forbids(self, network):
        """No limit."""
        return None


@dataclass(frozen=True)
class MaxLoss(Unlimited):
    """The mean loss, without weight decay, is at most ``max_loss``.

    Parameters
    ----------
    max_loss : float
    name : str, default="threshold"
        What the rule is called: "max_divergence" where the loss is a divergence.
    """

    max_loss: float
    name: str = "threshold"

    def forbids(self, network):
        """Look at the loss."""
        return None if network.data_loss <= self.max_loss else self.name


@dataclass(frozen=True)
class MaxOtherLoss(Unlimited):
    """A mean loss that is not the one pruning goes by is at most ``ceiling``.

    Parameters
    ----------
    objective : Objective
        Its ``data_loss`` is what counts: a divergence while pruning goes by the targets, the loss
        of the targets while it goes by a divergence.
    ceiling : float
    name : str
    """

    objective: object
    ceiling: float
    name: str

    def forbids(self, network):
        """Compute the loss of its weights."""
        return None if self.objective.data_loss(network.w) <= self.ceiling else self.name


@dataclass(frozen=True)
class MaxSaliency(Unlimited):
    """The next saliency is at most ``limit`` times the current loss (HS93)."""

    limit: float
    name = "max_saliency"

    def forbids_deletion(self, deletion, surgery, state):
        """Compare the saliency with the loss."""
        return self.name if deletion.saliency > self.limit * state.data_loss else None


@dataclass(frozen=True)
class MinWeights(Unlimited):
    """At least ``limit`` weights stay."""

    limit: int
    name = "n_weights"

    def room(self, connectivity):
        """What is above the limit."""
        return connectivity.n_alive - self.limit, self.name


@dataclass(frozen=True)
class MinInputs(Unlimited):
    """At least ``limit`` inputs, or groups of inputs, stay; for deletions of one at a time.

    Parameters
    ----------
    limit : int
    groups : list of ndarray of int, default=None
        Inputs that count as one.
    """

    limit: int
    groups: list | None = None
    name = "n_inputs"

    def room(self, connectivity):
        """None when only so many are left, otherwise no limit."""
        is_open = connectivity.n_inputs(self.groups) > self.limit
        return None if is_open else (0, self.name)


class AnyOf:
    """The first of several rules that binds.

    Parameters
    ----------
    *rules : StopRule
    """

    def __init__(self, *rules):
        self.rules = rules
        self.max_loss = min((rule.max_loss for rule in rules), default=np.inf)

    def room(self, connectivity):
        """The least room of all rules."""
        rooms = [rule.room(connectivity) for rule in self.rules]
        return min((room for room in rooms if room is not None), default=None)

    def forbids_deletion(self, deletion, surgery, state):
        """The first rule that forbids a deletion."""
        return _first(rule.forbids_deletion(deletion, surgery, state) for rule in self.rules)

    def forbids(self, network):
        """The first rule that forbids a network."""
        return _first(rule.forbids(network) for rule in self.rules)


def _first(names):
    return next((name for name in names if name is not None), None)


def room_within(stop, connectivity):
    """How many weights may still go, and what it is called when they are too few."""
    room = stop.room(connectivity)
    return (connectivity.n_alive, EXHAUSTED) if room is None else room


def refusal(stop, network, loss):
    """The name of the rule that a network breaks, or None.

    ``loss`` is any of its losses: one that is not a number is above every ceiling.
    """
    return MaxLoss.name if np.isnan(loss) else stop.forbids(network)
