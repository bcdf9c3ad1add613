"""Estimates of the loss on new samples from the training samples and the curvature alone."""

import numpy as np

from .._curvature.exact import DualInverse, InPlaceCholesky
from .._gauss_newton.matrix import gauss_newton
from .._numerics.threads import blas_threads


def effective_parameters(objective, w, kept, *, n_jobs=None):
    """How many parameters the data determine, in the face of weight decay.

    With H the curvature of the loss without weight decay, R weight decay (and what the
    factorisation needs) and J = H + R, of which the inverse alone is computed: as
    ``H J^-1 = I - R J^-1`` and R is diagonal, both traces follow from the entries of the
    inverse. n^3 operations and 8 n^2 bytes, twice that at the peak.

    Returns
    -------
    first, second : float
        tr(H J^-1) and tr(H J^-1 H J^-1).
    """
    if not len(kept):
        return 0.0, 0.0
    with blas_threads(len(kept)):
        if 2 * objective.X.shape[0] * objective.network.n_outputs < len(kept):
            curvature = DualInverse(objective, w, kept)
        else:
            curvature = InPlaceCholesky(gauss_newton(objective, w, kept, n_jobs=n_jobs))
        inverse, damping = curvature.invert(0.0)
    shares = np.tril(inverse)
    # R^1/2 J^-1 R^1/2 has entries of at most one, where J^-1 may be too large to be squared.
    roots = np.sqrt(objective.decay[kept] + damping)
    shares *= roots
    shares *= roots[:, None]
    diagonal = shares.diagonal()
    squares = 2.0 * float(np.vdot(shares, shares)) - float(diagonal @ diagonal)
    lost = float(diagonal.sum())
    return len(kept) - lost, len(kept) - 2.0 * lost + squares


def final_prediction_error(objective, w, kept, *, n_jobs=None):
    """Estimate of the mean loss on new samples of a network at a minimum.

    For squared errors the final prediction error with a regulariser,
    ``E (N + N_eff) / (N - N_eff)`` with ``N_eff = tr(H J^-1 H J^-1)`` and N the number of
    residuals (samples times outputs), infinite where N_eff reaches N; for log-losses and Poisson
    deviances ``E + tr(H J^-1) / P``. E is the training loss without weight decay, P the number of
    samples: the sum of their weights, as if each were repeated so often, but never less than
    their effective number ``(sum s)^2 / sum s^2``, so that weights that sum to one serve as well.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
    n_jobs : int, default=None

    Returns
    -------
    estimate : float
    """
    first, second = effective_parameters(objective, w, kept, n_jobs=n_jobs)
    loss, weights = objective.data_loss(w), objective.weights
    effective = objective.total**2 / (weights @ weights) / objective.n_versions
    n_samples = max(objective.total, effective)
    if objective.network.loss != "squared_error":
        return loss + first / n_samples
    n_residuals = n_samples * objective.network.n_outputs
    if second >= n_residuals:
        return np.inf
    return loss * (n_residuals + second) / (n_residuals - second)
