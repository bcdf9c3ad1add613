"""What a deletion is predicted to cost: one class a saliency.

A criterion makes a *model* of the objective around a network; a model makes a *surgery*, in which
weights are deleted, for each damping that is tried.
"""

from dataclasses import dataclass, replace
from functools import cached_property
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
    committed_saliency : float
        Sum of the saliencies of the deletions that were accepted.
    ranking : Ranking or None
        The candidates, less those that the stop rules refused.
    """

    model: object
    elimination: object
    active: np.ndarray
    damping: float = 0.0
    newton_decrease: float = 0.0
    committed_saliency: float = 0.0
    ranking: object = None

    def committed(self, saliency):
        """The surgery that goes on from all deletions of its block, which cost ``saliency``."""
        positions = self.elimination.commit()
        return replace(
            self,
            active=self.active if positions is None else self.active[positions],
            committed_saliency=self.committed_saliency + saliency,
        )


class _Undamped:
    """What models without an inverse share."""

    is_damped = False

    def is_outgrown(self, n_alive):
        """Never."""
        return False


class _MatrixOfAllWeights:
    """What criteria share that may take all of the curvature."""

    def matrix_size(self, objective, n_weights):
        """All weights."""
        return n_weights


# ---- magnitude --------------------------------------------------------------------------------


class Magnitude(_MatrixOfAllWeights):
    """The smallest weights go; nothing is said about the objective."""

    has_forecast = uses_gradient = False

    def model(self, objective, state):
        """The weights themselves."""
        return _MagnitudeModel(objective, state)


class _MagnitudeModel(_Undamped):
    has_forecast, value = False, np.nan

    def __init__(self, objective, state):
        self.objective, self.w, self.active = objective, state.w, state.kept

    def surgery(self, damping, keep=False):
        return Surgery(self, MagnitudeElimination(self.w[self.active]), self.active)


# ---- Optimal Brain Damage ---------------------------------------------------------------------


class OBD(_MatrixOfAllWeights):
    """A diagonal curvature at a minimum; the weights that stay do not move.

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

    def model(self, objective, state):
        """The diagonal of the curvature, or its blocks as they are needed."""
        if self.of_groups:
            return _BlockOBDModel(objective, state, self.n_jobs)
        return _OBDModel(objective, state)


class _OBDModel(_Undamped):
    has_forecast = True

    def __init__(self, objective, state):
        self.objective, self.w, self.active = objective, state.w, state.kept
        self.value = objective.value(self.w)

    @cached_property
    def _diagonal_and_hessian(self):
        return gauss_newton_diagonal(self.objective, self.w, self.active), None

    def surgery(self, damping, keep=False):
        weights = self.w[self.active]
        return Surgery(self, OBDElimination(weights, *self._diagonal_and_hessian), self.active)


class _BlockOBDModel(_OBDModel):
    """The blocks come from the whole matrix if that fits the memory, else each is made at need."""

    def __init__(self, objective, state, n_jobs):
        super().__init__(objective, state)
        self._n_jobs, self._blocks = n_jobs, {}

    @cached_property
    def _diagonal_and_hessian(self):
        if len(self.active) > largest_exact():
            return gauss_newton_diagonal(self.objective, self.w, self.active), self._block
        hessian = self._matrix(self.active)
        return hessian.diagonal().copy(), hessian

    def _matrix(self, kept):
        return gauss_newton(self.objective, self.w, kept, n_jobs=self._n_jobs)

    def _block(self, group):
        key = group.tobytes()
        if key not in self._blocks:
            self._blocks[key] = self._matrix(self.active[group])
        return self._blocks[key]


# ---- Optimal Brain Surgeon --------------------------------------------------------------------


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
        damping = self.curvature.damping_
        minimum, decrease = self.w[self.active], 0.0
        if self._gradient is not None:
            step = inverse.times(self._gradient)
            share, decrease = self._line_search(step, 0.5 * float(step @ self._gradient))
            minimum = minimum - share * step
        return Surgery(self, inverse.elimination(minimum), self.active, damping, decrease)

    def _line_search(self, step, decrease):
        """The share of a Newton step that keeps its promise, and what the model says it brings."""
        share = 1.0
        while share > self.SHORTEST:
            promised = (2.0 - share) * share * decrease
            moved = self.w.copy()
            moved[self.active] -= share * step
            if self.objective.value(moved) <= self.value - self.SUFFICIENT * promised:
                return share, promised
            share *= 0.5
        return 0.0, 0.0

    def is_outgrown(self, n_alive):
        """Whether so few weights are left that another form of the curvature fits the memory."""
        return self._criterion.form(self.objective, n_alive) is not self._form
