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
    damping : float
        Of the next step.
    """

    weights: np.ndarray
    value: float
    gradient: np.ndarray
    damping: float = FIRST_DAMPING

    @property
    def gradient_norm(self):
        return float(np.abs(self.gradient).max(initial=0.0))

    def on(self, objective, kept):
        """The same weights under another objective."""
        value, gradient = objective.value_and_gradient(self.weights)
        return replace(self, value=value, gradient=gradient[kept])


def first_iterate(objective, w, kept, damping=FIRST_DAMPING):
    """Where a training from ``w`` begins."""
    w = np.array(w, dtype=np.float64)
    value, gradient = objective.value_and_gradient(w)
    return Iterate(w, value, gradient[kept], damping)


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
        value, gradient = objective.value_and_gradient(w)
        if value < here.value:
            next_damping = _next_damping(damping, (here.value - value) / decrease)
            return Iterate(w, value, gradient[kept], next_damping)
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
    on_iteration : callable, default=None
        Called with the current value after each iteration; training stops when it returns True.

    Returns
    -------
    TrainingResult
    """
    here, n_iter, is_over = first_iterate(objective, w, kept, damping), 0, False
    with blas_threads(len(kept)):
        while n_iter < max_iter and here.gradient_norm > tol and not is_over:
            curvature = regularised_curvature(objective, here.weights, kept, max_patterns)
            if least_gain:
                gain = _newton_decrease(objective, kept, here, curvature)
                is_over = gain <= least_gain * here.value
            there = damped_step(objective, kept, here, curvature)
            if there is None:
                # Where rounding hides all further decrease there is no more to be had.
                is_over = True
                break
            here, n_iter = there, n_iter + 1
            if on_iteration is not None and on_iteration(here.value):
                break
    return TrainingResult(
        weights=here.weights,
        value=here.value,
        n_iter=n_iter,
        converged=here.gradient_norm <= tol or is_over,
        gradient_norm=here.gradient_norm,
    )
