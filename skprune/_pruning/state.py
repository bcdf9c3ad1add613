"""What the pieces of the loop hand to each other, and what they ask of the model that is pruned."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

#: Up to so many weights each weight matters, and an inversion of the curvature (n^3) takes little
#: beside the curvature itself (P n^2): dampings are searched, dearer deletions tried, and no
#: curvature is smoothed.
SMALL = 400


@runtime_checkable
class Objective(Protocol):
    """What is minimised: a mean loss plus a penalty, of the flat weights.

    The loop needs no more of a model than this; criteria may need more of it (its curvature).
    """

    def data_loss(self, w):
        """Mean loss without the penalty, which is what the stop rules go by."""

    def penalty(self, w):
        """The penalty."""

    def value(self, w):
        """The sum of the two."""

    def value_and_gradient(self, w):
        """The sum, and its gradient with respect to all weights."""

    def for_model(self, number, w, n_weights):
        """The objective that the loop's model of this number, made at ``w``, is made of.

        ``n_weights`` is how many weights a Newton step would fit, 0 if the gradient plays no part.
        Itself, unless the objective is noisy.
        """

    def for_retraining(self, number):
        """The objective that the loop's retraining of this number goes by."""

    def for_training(self):
        """The objective of a training that is the last one."""


@runtime_checkable
class Connectivity(Protocol):
    """Which weights exist, and which are of no use without each other: a value.

    Attributes
    ----------
    alive : ndarray of bool of shape (n_weights,)
    n_alive : int
    """

    alive: np.ndarray
    n_alive: int

    def closure(self, seeds):
        """The weights ``seeds`` and all that are of no use without them, seeds first."""

    def without_effect(self, group):
        """Which weights of a group do nothing once its others are gone, as an array of bool."""

    def only_links(self):
        """Weights that do nothing once those are gone which are of no use without them."""

    def without(self, group):
        """The connectivity when a group of weights is gone."""

    def place(self, flat):
        """What users are told of a weight: its layer, and its position in it."""


@dataclass(frozen=True)
class State:
    """A network on its way: its weights, which of them exist, and its loss.

    Attributes
    ----------
    w : ndarray of shape (n_weights,)
        All weights, zero where deleted.
    connectivity : Connectivity
    data_loss : float
        Mean loss without weight decay.
    """

    w: np.ndarray
    connectivity: Connectivity
    data_loss: float

    @cached_property
    def kept(self):
        """Flat indices of the weights that exist."""
        return np.flatnonzero(self.connectivity.alive)

    @property
    def n_alive(self):
        """How many weights exist."""
        return self.connectivity.n_alive


@dataclass(frozen=True)
class Deletion:
    """One deletion.

    Attributes
    ----------
    group : ndarray of int
        Flat indices of the weights that go, those first that were chosen.
    is_held : ndarray of bool of shape (len(group),)
        Which of them do nothing once the others are gone. The quadratic model, which does not know
        that, leaves them where it was made, and drives the others to zero.
    layer, index : int
        What users are told of it: where the weight, unit or input is.
    saliency : float
        Joint saliency of the group.
    relief : float
        The penalty of the held weights, which the objective is rid of beside the model.
    """

    group: np.ndarray
    is_held: np.ndarray
    layer: int
    index: int
    saliency: float
    relief: float = 0.0

    @property
    def held(self):
        """Flat indices of the held weights."""
        return self.group[self.is_held]

    @property
    def driven(self):
        """Flat indices of the weights that are driven to zero."""
        return self.group[~self.is_held]

    @property
    def rise(self):
        """What the objective is predicted to rise by."""
        return self.saliency - self.relief
