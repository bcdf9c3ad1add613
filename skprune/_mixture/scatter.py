"""Scatter around each component."""

import numpy as np

from .components import TINY, squared_norms, unpack_symmetric
from .families import Full


def component_scatter(posterior, means):
    """Scatter matrices of the observations around each mean, weighted by responsibility.

    O(P K d^2) time and O(K d^2) memory.
    """
    sample = posterior.sample
    full = Full(sample.family.n_features)
    sums = np.zeros((len(means), full.n_statistics))
    for chunk, (_, weight, responsibilities, _) in zip(sample.chunks(), posterior):
        sums += (responsibilities * weight) @ full.features(sample.centred(chunk)).T
    sums /= np.maximum(sums[:, :1], TINY)
    scatter = unpack_symmetric(sums[:, 1 + full.n_features :], full.n_features)
    cross = sums[:, 1 : 1 + full.n_features, None] * means[:, None, :]
    return scatter - cross - np.swapaxes(cross, 1, 2) + means[:, :, None] * means[:, None, :]


def component_scatter_operator(posterior, means, scale):
    """The same matrices, in units of ``scale``, as a product with one vector a component.

    Returns
    -------
    multiply : callable
        Maps vectors of shape (n_components, n_features) to products; O(P K d) a call.
    traces : ndarray of shape (n_components,)
        Traces of the matrices.
    """
    sample, means = posterior.sample, means / scale
    mass, traces = np.zeros(len(means)), np.zeros(len(means))
    for chunk, (_, weight, responsibilities, _) in zip(sample.chunks(), posterior):
        X = sample.centred(chunk) / scale
        weighted = responsibilities * weight
        mass += weighted.sum(axis=1)
        distances = squared_norms(X) - 2.0 * means @ X.T + squared_norms(means)[:, None]
        traces += np.einsum("kn,kn->k", weighted, distances)
    mass = np.maximum(mass, TINY)

    def multiply(vectors):
        products = np.zeros_like(means)
        offsets = np.einsum("kj,kj->k", vectors, means)[:, None]
        for chunk, (_, weight, responsibilities, _) in zip(sample.chunks(), posterior):
            X = sample.centred(chunk) / scale
            weighted = responsibilities * weight * (vectors @ X.T - offsets)
            products += weighted @ X - weighted.sum(axis=1, keepdims=True) * means
        return products / mass[:, None]

    return multiply, traces / mass
