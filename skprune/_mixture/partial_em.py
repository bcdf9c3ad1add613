"""EM on the components that were replaced, all else fixed."""

import numpy as np

from .components import TINY, Components, Statistics
from .posterior import exponentiate_columns


def partial_em(posterior, groups, children, floor, n_iter):
    """EM on many alternative replacements of components at once, all else held fixed.

    Group g of components, with joint responsibility R_g = sum of r_k, is replaced by m children
    that share R_g, and the group's weight, among themselves. By Jensen's inequality, with f_g the
    density of a group,

        log-likelihood after - before >= sum_g sum_n w_n R_gn log(f_g_new(x_n) / f_g_old(x_n)),

    so the gains certify any set of disjoint replacements made together.

    Parameters
    ----------
    posterior : Posterior
        Responsibilities under the present mixture.
    groups : ndarray of shape (n_groups, group_size)
        Components that each group replaces.
    children : Components of length n_groups * m
        Starting point, m consecutive children a group; a tied covariance stays as it is.
    floor : float
        Smallest variance.
    n_iter : int
        Number of M-steps.

    Returns
    -------
    gains : ndarray of shape (n_groups,)
        Lower bounds of the gains in log-likelihood.
    children : Components
        The trained children.
    """
    group_weights = posterior.mixture.weights[groups].sum(axis=1, keepdims=True)
    for _ in range(n_iter):
        sums = _partial_statistics(posterior, groups, children)
        mass = np.maximum(sums[:, 0], TINY).reshape(len(groups), -1)
        weights = group_weights * mass / mass.sum(axis=1, keepdims=True)
        children = partial_m_step(
            posterior.sample.family, sums, weights.ravel(), children.covariances, floor
        )
    return _partial_gains(posterior, groups, children), children


def partial_m_step(family, sums, weights, covariances, floor):
    """Likeliest components of given weights, from their sums; tied ``covariances`` are kept."""
    mass = np.maximum(sums[:, 0], TINY)
    means = sums[:, 1 : 1 + family.n_features] / mass[:, None]
    if family.name != "tied":
        covariances = family.covariances(Statistics(sums, None, 0.0), mass, means, floor)
    return Components(weights, means, covariances)


def _partial_passes(posterior, groups, children):
    """Per chunk: features, weights, R_g, logits by child and group, and log-normaliser."""
    sample = posterior.sample
    eta = sample.family.natural(children)
    for phi, weight, responsibilities, log_normaliser in posterior:
        size = phi.shape[1]
        joint = sample.scratch("joint", len(groups), size)
        np.take(responsibilities, groups[:, 0], axis=0, out=joint, mode="clip")
        for members in groups.T[1:]:
            joint += responsibilities[members]
        logits = np.matmul(eta, phi, out=sample.scratch("logits", len(eta), size))
        logits = logits.reshape(len(groups), -1, size).swapaxes(0, 1)
        yield phi, weight, joint, logits, log_normaliser


def _partial_statistics(posterior, groups, children):
    """Sums of the features, by children that share their group's responsibility."""
    sums = 0.0
    for phi, weight, joint, logits, _ in _partial_passes(posterior, groups, children):
        total, _ = exponentiate_columns(logits)
        joint *= weight
        logits *= joint / total
        sums = sums + logits.swapaxes(0, 1).reshape(len(children), -1) @ phi.T
    return sums


def _partial_gains(posterior, groups, children):
    """Lower bounds of the gains in log-likelihood, by group."""
    gains = np.zeros(len(groups))
    for _, weight, joint, logits, log_normaliser in _partial_passes(posterior, groups, children):
        log_ratio = logits[0] if len(logits) == 1 else exponentiate_columns(logits)[1]
        log_ratio -= log_normaliser
        log_ratio -= np.log(np.maximum(joint, TINY))
        joint *= weight
        gains += np.einsum("gn,gn->g", joint, log_ratio)
    return gains
