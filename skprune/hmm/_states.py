"""Mixtures of the states of a hidden Markov model: where they start, train and grow."""

import numpy as np
from sklearn.cluster import KMeans

from .._mixture.em import e_step, m_step, single_component
from .._mixture.growth import Growth
from .._mixture.objective import Objective, PricedParameters

# Observations that belong to a state with less than this probability say nothing of its growth.
LEAST_SHARE = 1e-4


def first_labels(X, lengths, n_states, left_to_right, random_state):
    """State of each observation to start from.

    From left to right, the states divide each sequence equally; otherwise k-means tells them.
    """
    if left_to_right:
        parts = [np.arange(length) * n_states // length for length in lengths]
        return np.concatenate(parts)
    if n_states == 1 or len(X) < n_states:
        return np.arange(len(X)) % n_states
    return KMeans(n_states, n_init=3, random_state=random_state).fit_predict(X)


def first_mixtures(sample, labels, n_states, floor):
    """One component a state; that of all observations for a state that has none."""
    whole = single_component(sample, floor)
    mixtures = []
    for state in range(n_states):
        own = np.flatnonzero(labels == state)
        mixtures.append(single_component(sample.subset(own), floor) if len(own) > 1 else whole)
    return mixtures


def trained(sample, mixture, posterior, floor):
    """Mixture of a state after one EM iteration; the same if nobody visits the state."""
    if posterior.sum() < 1.0:
        return mixture
    return m_step(sample.family, e_step(sample.reweighted(posterior), mixture), floor)


def grown(sample, mixture, posterior, rules):
    """Mixture of a state after splits and merges that its observations pay for.

    Parameters
    ----------
    sample : Sample
        All observations.
    mixture : Components
        The state's present mixture.
    posterior : ndarray of shape (n_samples,)
        Probability of the state at each observation, the weight that it has there.
    rules : Rules
        How splits are chosen.

    Returns
    -------
    mixture : Components
        With the number of components at which the state's share of the log-likelihood, less BIC's
        price of the sequences for each parameter, is largest.
    """
    own = np.flatnonzero(posterior > LEAST_SHARE)
    if posterior[own].sum() < 2.0:
        return mixture
    objective = Objective(PricedParameters(sample.family, 0.5 * np.log(len(sample))))
    growth = Growth(sample.reweighted(posterior).subset(own), objective, rules)
    for _ in growth.stages(mixture if len(mixture) > 1 else None):
        pass
    return growth.finish(growth.best.mixture).mixture
