"""Weight decays by the evidence: a network's weights and the decays of their groups, in turn.

MacKay's fixed point (1992), ``a_g = gamma_g / |w_g|^2``, after each damped Gauss-Newton step: the
step's curvature is that of the posterior as well.
"""

from dataclasses import dataclass, replace

import numpy as np

from .._curvature.evidence import (
    LaplacePosterior,
    estimated_noise_variance,
    laplace_posterior,
)
from .._curvature.regularised import regularised_curvature
from .._numerics.threads import blas_threads
from .gauss_newton import FIRST_DAMPING, damped_step, first_iterate

# Steps before the decays move: random weights tell nothing of the size that weights should have.
_WARM_STEPS = 3
# Most steps; and the change of the evidence, in nats, over each of two steps below which weights
# and decays have settled, once there were so many steps.
MOST_STEPS, _LEAST_STEPS, _SETTLED = 60, 8, 0.1

# After so many steps weights move little, and a curvature serves for two steps: half of the time or
# more goes into making it.
_FAST_STEPS = 10

# A start is given up where three times the gain of the last ten steps would not bring it to the
# best one so far: most of the time goes into large networks that overfit (spambase: 4 of 8 starts).
_RECENT_STEPS, _REACH = 10, 3.0


@dataclass(frozen=True)
class Settled:
    """A network whose weights and decays have settled.

    Attributes
    ----------
    objective : Objective
        The loss with the decays.
    weights : ndarray of shape (n_weights,)
    kept : ndarray of int
    posterior : LaplacePosterior
        Around the weights.
    noise_variance : float
    values : list of float
        The objective at the beginning and after each step.
    has_settled : bool
    """

    objective: object
    weights: np.ndarray
    kept: np.ndarray
    posterior: LaplacePosterior
    noise_variance: float
    values: list
    has_settled: bool


def with_precisions(objective, kept, precisions, noise_variance):
    """The objective with decays for the kept weights, given as precisions of their prior."""
    decay = np.zeros(objective.network.n_weights)
    decay[kept] = precisions * noise_variance / objective.total
    return objective.decayed(decay)


def settle(
    objective,
    w,
    kept,
    groups,
    precisions,
    *,
    noise_variance=1.0,
    max_steps=MOST_STEPS,
    max_patterns=None,
    to_beat=-np.inf,
    on_step=None,
):
    """Train weights and decays in turn until the evidence stays where it is.

    Parameters
    ----------
    objective : Objective
        The loss; its decay is not used.
    w : ndarray of shape (n_weights,)
        Where to start; not modified.
    kept : ndarray of int
        Sorted flat indices of the weights that exist.
    groups : DecayGroups
        Of the kept weights.
    precisions : ndarray of shape (n_kept,)
        Decays to start from, those of the prior: strong ones, since the evidence of an overfitted
        network means nothing.
    noise_variance : float, default=1.0
        Of squared errors, to start from: that of standardised targets, while nothing is explained.
    max_steps : int, default=60
    max_patterns : int, default=None
        The curvature is of at most so many patterns.
    to_beat : float, default=-inf
        Log evidence of another network: training ends once it will not be reached.
    on_step : callable, default=None
        Called with the objective's value after each step; training stops when it returns True.

    Returns
    -------
    Settled
    """
    variance, evidences, values, is_told = noise_variance, [], [], False
    objective, is_old = with_precisions(objective, kept, precisions, variance), True
    here = first_iterate(objective, w, kept)
    with blas_threads(len(kept)):
        while True:
            now = objective, here.weights
            if is_old:
                curvature = regularised_curvature(*now, kept, max_patterns)
            posterior = laplace_posterior(*now, kept, variance, curvature, here.data_loss)
            evidences.append(posterior.log_evidence)
            values.append(here.value)
            is_over = _has_settled(evidences) or _is_hopeless(evidences, to_beat)
            if is_over or len(values) > max_steps or is_told:
                break
            if len(values) > _WARM_STEPS:
                variance = estimated_noise_variance(*now, posterior.n_effective, here.data_loss)
                objective = with_precisions(objective, kept, groups.updated(posterior), variance)
                here = here.with_decay(now[0], objective, kept)
            there = damped_step(objective, kept, here, curvature)
            here = there or replace(here, damping=FIRST_DAMPING)
            is_told = on_step is not None and on_step(here.value)
            is_old = len(values) <= _FAST_STEPS or not is_old
    has_settled = _has_settled(evidences)
    return Settled(objective, here.weights, kept, posterior, variance, values, has_settled)


def _is_hopeless(evidences, to_beat):
    """Whether even some more times the gain of the last steps is not enough."""
    if len(evidences) <= 2 * _RECENT_STEPS:
        return False
    gain = evidences[-1] - evidences[-1 - _RECENT_STEPS]
    return evidences[-1] + _REACH * max(gain, 0.0) < to_beat


def _has_settled(evidences):
    return len(evidences) > _LEAST_STEPS and max(np.abs(np.diff(evidences[-3:]))) < _SETTLED
