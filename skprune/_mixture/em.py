"""Gaussian mixtures as exponential families: the fused EM iteration.

The log-density of a component is linear in a few features of an observation,
``log(pi_k N_k(x)) = eta_k . phi(x)``, with ``phi(x)`` made of 1, x and second-order terms. One EM
iteration is then two matrix products: the logits ``eta phi`` and, with the responsibilities R, the
additive statistics ``R phi'``. No array of observations x components x features is ever formed, and
observations are visited in chunks.

Arrays of features, logits and responsibilities hold one observation a *column*, so that reductions
over components run along contiguous rows.

Used by the splitting mixtures; knows nothing of estimators.
"""

import numpy as np

from .components import TINY, Components, Statistics
from .posterior import JointDensity


def e_step(sample, mixture):
    """Statistics of a sample under a mixture: the two matrix products of an iteration."""
    joint_density = JointDensity(mixture, sample.family)
    sums = np.zeros((len(mixture), sample.family.n_statistics))
    log_likelihood = sample.family.common_log_likelihood(mixture, sample.scatter)
    for chunk in sample.chunks():
        phi, weight = sample.features(chunk), sample.weight[chunk]
        out = sample.scratch("densities", len(mixture), phi.shape[1])
        densities, total, log_density = joint_density(phi, out)
        log_likelihood += weight @ log_density
        share = weight / total
        if len(mixture) > len(phi):
            sums += densities @ (phi * share).T
        else:
            densities *= share
            sums += densities @ phi.T
    return Statistics(sums, sample.scatter, float(log_likelihood))


def m_step(family, statistics, floor):
    """Likeliest mixture given the statistics, no variance being below ``floor``."""
    mass = np.maximum(statistics.sums[:, 0], TINY)
    means = statistics.sums[:, 1 : 1 + family.n_features] / mass[:, None]
    covariances = family.covariances(statistics, mass, means, floor)
    return Components(mass / mass.sum(), means, covariances)


def single_component(sample, floor):
    """The likeliest mixture of one component."""
    family = sample.family
    sums = sum(sample.features(chunk) @ sample.weight[chunk] for chunk in sample.chunks())
    return m_step(family, Statistics(sums[None], sample.scatter, 0.0), floor)


def em(sample, mixture, floor, tol, max_iter):
    """EM until an iteration raises the mean log-likelihood by less than ``tol``.

    Returns
    -------
    mixture : Components
        The mixture after the last M-step.
    statistics : Statistics
        Its statistics and log-likelihood.
    bounds : list of float
        Mean log-likelihood after each M-step.
    converged : bool
        Whether ``tol`` was met.
    """
    statistics, bounds = e_step(sample, mixture), []
    for _ in range(max_iter):
        mixture = m_step(sample.family, statistics, floor)
        last, statistics = statistics.log_likelihood, e_step(sample, mixture)
        bounds.append(statistics.log_likelihood / sample.total)
        if statistics.log_likelihood - last < tol * sample.total:
            return mixture, statistics, bounds, True
    return mixture, statistics, bounds, False
