"""What a deletion is predicted to cost: one class a saliency.

A criterion makes a *model* of the objective around a network; a model makes a *surgery*, in which
weights are deleted, for each damping that is tried.
"""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, runtime_checkable

import numpy as np

from .._curvature.block_diagonal import BLOCK_WEIGHTS, BlockCurvature
from .._curvature.choice import curvature_for, largest_exact
from .._curvature.diagonal import MagnitudeElimination, OBDElimination
from .._gauss_newton.diagonal import gauss_newton_diagonal
from .._gauss_newton.matrix import gauss_newton
from .state import SMALL


@runtime_checkable
class Model(Protocol):
    """The objective around a network, as a criterion sees it.

    Attributes
    ----------
    objective : Objective
        What it is a model of.
    w : ndarray of shape (n_weights,)
        Where it was made.
    active : ndarray of int
        Flat indices of the weights in it.
    value : float
        The objective there.
    has_forecast : bool
        Whether saliencies are changes of the objective, so that it can be compared with them.
    is_damped : bool
        Whether a damping is to be chosen.
    """

    objective: object
    w: np.ndarray
    active: np.ndarray
    value: float
    has_forecast: bool
    is_damped: bool

    def surgery(self, damping, keep=False):
        """Make ready to delete weights, with at least this damping.

        Unless ``keep``, the next surgery of the model may take the place of this one.
        """

    def is_outgrown(self, n_alive):
        """Whether a better form of the model can be had for so few weights."""


@runtime_checkable
class Criterion(Protocol):
    """How models are made.

    Attributes
    ----------
    has_forecast : bool
        As of the models.
    uses_gradient : bool
        Whether the models have the gradient in them.
    """

    has_forecast: bool
    uses_gradient: bool

    def model(self, objective, state):
        """The model at a network."""

    def matrix_size(self, objective, n_weights):
        """Size of the matrices that a model of so many weights works with."""


@dataclass(frozen=True)
class Surgery:
    """A model with one damping, and the deletions made in it so far.

    Attributes
    ----------
    model : Model
    elimination : Elimination
        Prices and deletes weights; its deletions since the last `committed` can be taken back.
    active : ndarray of int
        Flat indices of the weights in the elimination.
    damping : float
        What was added to the curvature.
    newton_decrease : float
        How far the step to the model's minimum is predicted to lower the objective.
    saliency, rise : float
        Of all deletions that were accepted: what they cost, and what the objective is predicted
        to have risen by.
    held : ndarray of int
        Flat indices of the weights that went without moving: in the model they are still there.
    ranking : Ranking or None
        The candidates, less those that the stop rules refused.
    """

    model: object
    elimination: object
    active: np.ndarray
    damping: float = 0.0
    newton_decrease: float = 0.0
    saliency: float = 0.0
    rise: float = 0.0
    held: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    ranking: object = None

    def positions(self, group):
        """Where the elimination has a group of weights."""
        return np.searchsorted(self.active, group)

    def targets(self, group, is_held):
        """What a group's weights are driven to: zero, or where the model was made.

        Held weights stop to matter, so the model is best where they do not move; left free, or
        driven to zero as well, they would answer for a change of the outputs that is not theirs.
        """
        return np.where(is_held, self.model.w[group], 0.0)

    def delete(self, deletion):
        """Delete from the elimination."""
        targets = self.targets(deletion.group, deletion.is_held)
        self.elimination.delete(self.positions(deletion.group), targets)

    def network(self, weights, gone=()):
        """All weights, the active ones being ``weights`` and those in ``gone`` zero."""
        w = np.zeros_like(self.model.w)
        w[self.active] = weights
        w[np.asarray(gone, dtype=np.intp)] = 0.0
        return w

    def relief(self, held):
        """The penalty that goes with held weights."""
        if not len(held):
            return 0.0
        w, penalty = self.model.w.copy(), self.model.objective.penalty
        w[held] = 0.0
        return penalty(self.model.w) - penalty(w)

    def committed(self, deletions):
        """The surgery that goes on from all deletions of its block."""
        positions = self.elimination.commit()
        return replace(
            self,
            active=self.active if positions is None else self.active[positions],
            saliency=sum((deletion.saliency for deletion in deletions), self.saliency),
            rise=sum((deletion.rise for deletion in deletions), self.rise),
            held=np.concatenate([self.held, *(deletion.held for deletion in deletions)]),
        )


class UndampedModel:
    """A model in which the weights that stay do not move, so that nothing is inverted.

    Parameters
    ----------
    objective : Objective
    state : State
    eliminate : callable
        Makes the elimination, of the weights.
    has_forecast : bool, default=False
        Whether saliencies are changes of the objective.
    """

    is_damped = False

    def __init__(self, objective, state, eliminate, has_forecast=False):
        self.objective, self.w, self.active = objective, state.w, state.kept
        self.has_forecast, self._eliminate = has_forecast, eliminate
        self.value = objective.value(state.w) if has_forecast else np.nan

    def surgery(self, damping, keep=False):
        """The elimination; there is nothing to damp."""
        return Surgery(self, self._eliminate(self.w[self.active]), self.active)

    def is_outgrown(self, n_alive):
        """Never."""
        return False


class Magnitude:
    """The smallest weights go; nothing is said about the objective."""

    has_forecast = uses_gradient = False

    def matrix_size(self, objective, n_weights):
        """(There is no matrix.)"""
        return n_weights

    def model(self, objective, state):
        """The weights themselves."""
        return UndampedModel(objective, state, MagnitudeElimination)


class OBD:
    """Optimal Brain Damage: a diagonal curvature at a minimum; the weights that stay do not move.

    Parameters
    ----------
    of_groups : bool, default=False
        Whether candidates are groups, which are then priced with the blocks of the curvature that
        they have.
    n_jobs : int, default=None
        Workers for the curvature.
    """

    has_forecast, uses_gradient = True, False

    def __init__(self, of_groups=False, n_jobs=None):
        self.of_groups, self.n_jobs = of_groups, n_jobs

    def matrix_size(self, objective, n_weights):
        """All weights."""
        return n_weights

    def model(self, objective, state):
        """The diagonal of the curvature, and its blocks where they are needed."""
        w, kept = state.w, state.kept
        if not self.of_groups:
            diagonal, hessian = gauss_newton_diagonal(objective, w, kept), None
        elif len(kept) <= largest_exact():
            hessian = gauss_newton(objective, w, kept, n_jobs=self.n_jobs)
            diagonal = hessian.diagonal().copy()
        else:
            diagonal = gauss_newton_diagonal(objective, w, kept)
            hessian = _blocks_at_need(partial(gauss_newton, objective, w, n_jobs=self.n_jobs), kept)
        eliminate = partial(OBDElimination, diagonal=diagonal, hessian=hessian)
        return UndampedModel(objective, state, eliminate, has_forecast=True)


def _blocks_at_need(matrix, kept):
    """The blocks of groups of a matrix that would be too large; each is made once."""
    blocks = {}

    def block(group):
        key = group.tobytes()
        if key not in blocks:
            blocks[key] = matrix(kept[group])
        return blocks[key]

    return block


class OBS:
    """The curvature in some form and the gradient; the weights that stay make up for deletions.

    Parameters
    ----------
    curvature : callable, default=None
        ``(objective, w, kept, *, n_jobs) -> Curvature``; None for the form that suits the number
        of weights, and for a finer one when a network has become small enough for it.
    first_order : bool, default=True
        Whether the model has the gradient.
    smoothing : float, default=SMOOTHING
        Share of the uniform distribution in the probabilities at which the curvature of large
        networks is taken.
    n_jobs : int, default=None
        Workers for the curvature.
    """

    #: A network that is sure of its training patterns has hardly any curvature there, yet gets it
    #: back as soon as its weights move. Small networks have the search for a damping instead.
    SMOOTHING = 0.01

    has_forecast = True

    def __init__(self, curvature=None, first_order=True, smoothing=SMOOTHING, n_jobs=None):
        self.curvature, self.uses_gradient = curvature, first_order
        self.smoothing, self.n_jobs = smoothing, n_jobs

    def form(self, objective, n_weights):
        """What makes the curvature of so many weights."""
        return self.curvature or curvature_for(objective, n_weights)

    def matrix_size(self, objective, n_weights):
        """All weights, or those of a block."""
        is_block = self.form(objective, n_weights) is BlockCurvature
        return min(n_weights, BLOCK_WEIGHTS) if is_block else n_weights

    def model(self, objective, state):
        """Curvature and gradient."""
        return _OBSModel(self, objective, state)


class _OBSModel:
    #: A Newton step is halved until it brings this share of what it promises, at most so short.
    #: (A quarter, as is usual in line searches; a step of a twentieth hardly moves a weight.)
    SUFFICIENT, SHORTEST = 0.25, 0.05

    has_forecast = is_damped = True

    def __init__(self, criterion, objective, state):
        self.objective, self.w, self.active = objective, state.w, state.kept
        self.value, gradient = objective.value_and_gradient(self.w)
        self._gradient = gradient[self.active] if criterion.uses_gradient else None
        self._criterion, n_active = criterion, len(self.active)
        self._form = criterion.form(objective, n_active)
        seen = objective.smoothed(criterion.smoothing) if n_active > SMALL else objective
        self.curvature = self._form(seen, self.w, self.active, n_jobs=criterion.n_jobs)

    @property
    def scale(self):
        """Mean curvature of a weight, the unit of relative damping."""
        return self.curvature.scale

    def surgery(self, damping, keep=False):
        inverse = self.curvature.invert(damping, keep)
        minimum, decrease = self.w[self.active], 0.0
        if self._gradient is not None:
            step = inverse.times(self._gradient)
            share, decrease = self._line_search(step, 0.5 * float(step @ self._gradient))
            minimum = minimum - share * step
        return Surgery(self, inverse.elimination(minimum), self.active, inverse.damping, decrease)

    def _line_search(self, step, decrease):
        """The share of a Newton step that keeps its promise, and what the model says it brings."""
        share = 1.0
        while share > self.SHORTEST:
            promised = (2.0 - share) * share * decrease
            moved = self.w.copy()
            moved[self.active] -= share * step
            # (A step that goes too far may overflow; its loss is then no number, or infinite.)
            with np.errstate(over="ignore", invalid="ignore"):
                value = self.objective.value(moved)
            if value <= self.value - self.SUFFICIENT * promised:
                return share, promised
            share *= 0.5
        return 0.0, 0.0

    def is_outgrown(self, n_alive):
        """Whether so few weights are left that another form of the curvature fits the memory."""
        return self._criterion.form(self.objective, n_alive) is not self._form
