"""Minimisation of an objective by damped Gauss-Newton steps (Levenberg and Marquardt).

A step costs a curvature, O(P n^2), and a Cholesky factor, O(n^3), where one of L-BFGS costs a
gradient, O(P n); but a handful of them does for hundreds of L-BFGS'. So for networks of up to a
thousand weights or so, above all where the curvature is wanted anyway.
"""

from dataclasses import dataclass, replace

import numpy as np

from .._curvature.regularised import regularised_curvature
from .._numerics.threads import blas_threads
from .lbfgs import TrainingResult

# Marquardt's damping, in units of each weight's own curvature: where training from random weights
# starts, which are far from where a quadratic model holds, and how far it goes before the objective
# is taken not to fall any more.
FIRST_DAMPING, _MOST_DAMPING = 1.0, 1e8
# And where one starts that begins near a minimum.
NEAR_DAMPING = 0.01
# Below this the damping changes nothing but the condition of the system.
_LEAST_DAMPING = 1e-9
# Share of the promised decrease beyond which the model is good (less damping), and below which it
# is poor (more). Marquardt's factors, as usual: quick to fall, so that the last steps are Newton's.
_GOOD, _POOR = 0.75, 0.25
_RELAX, _TIGHTEN, _REFUSE = 0.2, 2.0, 5.0
# Decreases that rounding of the objective hides, relative to its value.
_ROUNDING = 10 * np.finfo(float).eps


@dataclass(frozen=True)
class Iterate:
    """Where a training by damped steps is.

    Attributes
    ----------
    weights : ndarray of shape (n_weights,)
    value : float
        The objective, weight decay included.
    gradient : ndarray of shape (n_kept,)
        In the kept weights.
    data_loss : float
        The mean loss, without weight decay.
    damping : float
        Of the next step.
    """

    weights: np.ndarray
    value: float
    gradient: np.ndarray
    data_loss: float
    damping: float = FIRST_DAMPING

    @property
    def gradient_norm(self):
        return float(np.abs(self.gradient).max(initial=0.0))

    def with_decay(self, old, new, kept):
        """The same weights under an objective with other decays."""
        change = (new.decay - old.decay)[kept] * self.weights[kept]
        value = self.data_loss + new.penalty(self.weights)
        return replace(self, value=value, gradient=self.gradient + change)


def first_iterate(objective, w, kept, damping=FIRST_DAMPING):
    """Where a training from ``w`` begins."""
    return _iterate(objective, np.array(w, dtype=np.float64), kept, damping)


def _iterate(objective, w, kept, damping):
    value, gradient = objective.value_and_gradient(w)
    return Iterate(w, value, gradient[kept], value - objective.penalty(w), damping)


def damped_step(objective, kept, here, curvature):
    """The step of least damping that lowers the objective.

    Parameters
    ----------
    objective : Objective
    kept : ndarray of int
        Sorted flat indices of the weights that move.
    here : Iterate
    curvature : RegularisedMatrix or RegularisedRows
        Of the kept weights, at ``here`` or close by.

    Returns
    -------
    there : Iterate or None
        None where no step lowers the objective by more than rounding.
    """
    decay = objective.decay[kept]
    own = np.maximum(curvature.diagonal + decay, np.finfo(float).tiny)
    damping = here.damping
    while damping <= _MOST_DAMPING:
        step = curvature.solve(decay + damping * own, -here.gradient)
        # Of the quadratic model, whose system the step solves.
        decrease = 0.5 * float(damping * own @ (step * step) - here.gradient @ step)
        if not decrease > _ROUNDING * abs(here.value):
            return None
        w = here.weights.copy()
        w[kept] += step
        there = _iterate(objective, w, kept, damping)
        if there.value < here.value:
            gain = (here.value - there.value) / decrease
            return replace(there, damping=_next_damping(damping, gain))
        damping = _REFUSE * max(damping, _LEAST_DAMPING)
    return None


def _next_damping(damping, gain):
    """After a step that kept so large a share of its promise."""
    if gain > _GOOD:
        return max(_RELAX * damping, _LEAST_DAMPING)
    return _TIGHTEN * damping if gain < _POOR else damping


def _newton_decrease(objective, kept, here, curvature):
    """What the model, without damping, says is to be gained in all."""
    return 0.5 * float(here.gradient @ curvature.solve(objective.decay[kept], here.gradient))


def train_gauss_newton(
    objective,
    w,
    kept,
    *,
    max_iter,
    tol,
    damping=FIRST_DAMPING,
    least_gain=0.0,
    max_patterns=None,
    reuse=0.0,
    on_iteration=None,
):
    """Minimise ``objective`` over the weights ``kept`` by damped Gauss-Newton steps.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
        Where to start; not modified.
    kept : ndarray of int
        Sorted flat indices of the weights that move.
    max_iter : int
    tol : float
        Largest entry of the gradient at which training has converged.
    damping : float, default=1.0
        Of the first step; `NEAR_DAMPING` near a minimum.
    least_gain : float, default=0.0
        Training ends with the step where Newton's promises less than this share of the objective.
    max_patterns : int, default=None
        The curvature (not the gradient) is of at most so many patterns; None for all.
    reuse : float, default=0.0
        A curvature serves for another step while steps with it lower the gradient to this share.
        More steps, but cheap ones: a curvature costs ten times as much as a gradient, and near a
        minimum hardly changes.
    on_iteration : callable, default=None
        Called with the current value after each iteration; training stops when it returns True.

    Returns
    -------
    TrainingResult
    """
    here, n_iter, is_over, serves = first_iterate(objective, w, kept, damping), 0, False, False
    with blas_threads(len(kept)):
        while n_iter < max_iter and here.gradient_norm > tol and not is_over:
            if not serves:
                curvature = regularised_curvature(objective, here.weights, kept, max_patterns)
                is_over = least_gain > 0 and (
                    _newton_decrease(objective, kept, here, curvature) <= least_gain * here.value
                )
            there = damped_step(objective, kept, here, curvature)
            # Of an old curvature no step at all may be left; then of a new one. Where rounding
            # hides all further decrease there is no more to be had.
            is_over = is_over or (there is None and not serves)
            serves = there is not None and there.gradient_norm < reuse * here.gradient_norm
            n_iter, here = n_iter + (there is not None), there or here
            if there is not None and on_iteration is not None and on_iteration(here.value):
                break
    return TrainingResult(
        weights=here.weights,
        value=here.value,
        n_iter=n_iter,
        converged=here.gradient_norm <= tol or is_over,
        gradient_norm=here.gradient_norm,
    )
