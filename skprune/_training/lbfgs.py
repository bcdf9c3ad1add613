"""Minimisation of an objective over the surviving weights."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from .._numerics.threads import blas_threads

# Pairs of steps and gradients that L-BFGS keeps. Networks are curved: more than scipy's default
# of 10 saves a third of the iterations at a negligible cost.
_MEMORY = 30


@dataclass(frozen=True)
class TrainingResult:
    """Outcome of a training."""

    weights: np.ndarray
    value: float
    n_iter: int
    converged: bool
    gradient_norm: float


def train_lbfgs(objective, w, kept, *, max_iter, tol, bound=None, on_iteration=None):
    """Minimise ``objective`` over the weights ``kept`` by L-BFGS, the others staying as they are.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
        Where to start; not modified.
    kept : ndarray of int
        Flat indices of the weights that move.
    max_iter : int
    tol : float
        Largest entry of the gradient at which training has converged.
    bound : float, default=None
        Largest size of a weight; ``w`` is within it.
    on_iteration : callable, default=None
        Called with the current value after each iteration; training stops when it returns True.

    Returns
    -------
    TrainingResult
    """
    full = np.array(w, dtype=np.float64)
    if not len(kept):  # SciPy 1.14 raises, and later ones return the value zero
        return TrainingResult(full, float(objective.value_and_gradient(full)[0]), 0, True, 0.0)

    def value_and_gradient(part):
        full[kept] = part
        value, gradient = objective.value_and_gradient(full)
        return value, gradient[kept]

    def report(intermediate_result):
        if on_iteration is not None and on_iteration(float(intermediate_result.fun)):
            raise StopIteration

    with blas_threads(len(kept)):
        result = minimize(
            value_and_gradient,
            full[kept],
            jac=True,
            method="L-BFGS-B",
            callback=report,
            bounds=None if bound is None else Bounds(-bound, bound),
            options={
                "maxiter": max_iter,
                "maxfun": 20 * max_iter,
                "gtol": tol,
                "ftol": 10 * np.finfo(float).eps,
                "maxcor": _MEMORY,
            },
        )
    full[kept] = result.x
    return TrainingResult(
        weights=full,
        value=float(result.fun),
        n_iter=int(result.nit),
        converged=bool(result.success),
        gradient_norm=float(np.abs(result.jac).max(initial=0.0)),
    )
