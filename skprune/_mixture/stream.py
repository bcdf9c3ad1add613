"""Batches of a stream: the sums over all of them, and components for what a batch brings.

Earlier batches are known by their sums alone. What a batch holds that the mixture does not know
gets a component of its own before the sums are pooled, where it would pull the others away from
what they stand for. Then components are split where this batch alone pays for it.
"""

from dataclasses import replace

import numpy as np

from .changes import Stage, exchange
from .components import TINY, Components, second_moments
from .em import e_step, m_step
from .objective import log_densities
from .partial_em import partial_m_step

# A batch is tried for what is new in it when its mean log-density is so many standard errors below
# that of the earlier batches.
SURPRISE = 3.0

# Iterations in which a new component finds the observations of a batch that are new.
NEW_COMPONENT_ITERATIONS = 10


def update(growth, past):
    """One incremental step on a batch of a stream.

    Parameters
    ----------
    growth : Growth
        Over the batch, with an objective that counts all observations so far.
    past : tuple of (Components, Statistics)
        The present mixture, and the sums over all earlier batches.

    Returns
    -------
    stage : Stage
        The mixture of the sums over all batches, with a component more if that pays for what is new
        in this one, and after the splits that this batch alone pays for.
        What they make of the earlier batches is a guess; this batch is counted anew.
    """
    family, sample, floor = growth.family, growth.sample, growth.rules.floor
    mixture, earlier = with_new_component(growth, past)
    statistics = earlier + e_step(sample, mixture)
    mixture = m_step(family, statistics, floor)
    change = growth.certified_splits(mixture)
    changes = () if change is None else (change,)
    if changes:
        mixture = exchange(mixture, changes, growth.tied)
        statistics = inherited(family, earlier, change) + e_step(sample, mixture)
        mixture = m_step(family, statistics, floor)
    objective = growth.objective(mixture, statistics)
    total = float(statistics.sums[:, 0].sum())
    bounds = [statistics.log_likelihood / total]
    return Stage("update", total, mixture, statistics, objective, bounds, True, changes)


def with_new_component(growth, past):
    """Give what a batch holds that is new a component of its own, if that pays.

    Parameters
    ----------
    growth : Growth
        Over the batch, with an objective that counts all observations so far.
    past : tuple of (Components, Statistics)
        The present mixture, and the sums over all earlier batches.

    Returns
    -------
    past : tuple of (Components, Statistics)
        The same, or with a last component that has no part in the earlier batches.
    """
    mixture, earlier = past
    if len(mixture) >= growth.rules.max_components or not is_novel(growth.sample, past):
        return past
    new_component = fit_new_component(growth, past)
    if new_component is None:
        return past
    sums = np.vstack([earlier.sums, np.zeros_like(earlier.sums[:1])])
    enlarged = (join(mixture, new_component, growth.tied), replace(earlier, sums=sums))
    return enlarged if worth(growth, enlarged) > worth(growth, past) else past


def is_novel(sample, past):
    """Whether a batch is less likely than the earlier ones, beyond the chance of its draw."""
    mixture, earlier = past
    densities, weight = log_densities(sample, mixture), sample.weight
    mean = weight @ densities / sample.total
    error = np.sqrt(weight @ (densities - mean) ** 2) / sample.total
    return mean < earlier.log_likelihood / earlier.sums[:, 0].sum() - SURPRISE * error


def fit_new_component(growth, past):
    """EM of one component more, beside those of the present mixture, which are left as they are.

    It starts as wide as the batch and closes in on what the others explain worse. None if it
    starves or collapses.
    """
    (mixture, earlier), sample, tied = past, growth.sample, growth.tied
    total = earlier.sums[:, 0].sum() + sample.total
    covariances = mixture.covariances if tied else growth.single.covariances
    new_component = Components(np.array([sample.total / total]), growth.single.means, covariances)
    for _ in range(NEW_COMPONENT_ITERATIONS):
        sums = e_step(sample, join(mixture, new_component, tied)).sums[-1:]
        new_component = partial_m_step(
            growth.family, sums, sums[:, 0] / total, new_component.covariances, growth.rules.floor
        )
        if growth.support.is_weak(new_component, total).any():
            return None
    return new_component


def join(mixture, new_component, tied):
    """Mixture with one component more, the last; a tied covariance is the mixture's."""
    covariances = mixture.covariances
    if not tied:
        covariances = np.concatenate([covariances, new_component.covariances])
    return Components(
        np.concatenate([mixture.weights * (1.0 - new_component.weights), new_component.weights]),
        np.concatenate([mixture.means, new_component.means]),
        covariances,
    )


def worth(growth, past):
    """Objective on all observations, up to a constant, of the mixture that the next M-step gives.

    The log-likelihood of the batch is counted, that of the earlier batches bounded from below.
    """
    (mixture, earlier), sample = past, growth.sample
    mixture = m_step(growth.family, earlier + e_step(sample, mixture), growth.rules.floor)
    bound = expected_log_joint(growth.family, earlier, mixture)
    return bound + growth.objective(mixture, e_step(sample, mixture))


def expected_log_joint(family, statistics, mixture):
    """Sum of the log joint densities of observations and components, from the sums alone.

    By Jensen's inequality, from the mixture of these responsibilities to any other, the
    log-likelihood of the observations rises by no less than this sum does.
    """
    within = np.sum(family.natural(mixture) * statistics.sums)
    return within + family.common_log_likelihood(mixture, statistics.scatter)


def inherited(family, statistics, change):
    """Statistics of the same observations under the mixture that a change of splits leads to.

    A split component's sums go to its children in the proportions of their moments. The scatter
    within components, on which a shared covariance rests, stays as it is.
    """
    parents = statistics.sums[change.groups.ravel()]
    shares = change.children.weights.reshape(len(parents), -1)
    mass = parents[:, :1] * shares / shares.sum(axis=1, keepdims=True)
    kept = np.delete(statistics.sums, change.groups.ravel(), axis=0)
    sums = np.concatenate([kept, mass.reshape(-1, 1) * family.expected(change.children)])
    scatter = statistics.scatter
    if scatter is not None:
        before, after = (scatter_between(family, part) for part in (statistics.sums, sums))
        scatter = scatter + (after - before)
    return replace(statistics, sums=sums, scatter=scatter)


def scatter_between(family, sums):
    """Part of the scatter that the means of components account for."""
    mass = np.maximum(sums[:, 0], TINY)
    return second_moments(mass, sums[:, 1 : 1 + family.n_features] / mass[:, None])
