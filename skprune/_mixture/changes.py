"""Replacements of components."""

from dataclasses import dataclass

import numpy as np

from .components import HALF_VARIANCE, Components, Statistics, floor_eigenvalues, second_moments


@dataclass(frozen=True)
class Candidates:
    """Replacements of groups of components, with their gains by partial EM.

    Parameters
    ----------
    groups : ndarray of shape (n_groups, group_size)
        Components that are replaced.
    children : Components
        What replaces them, equally many a group.
    gains : ndarray of shape (n_groups,)
        Lower bounds of the gains in log-likelihood, -inf for children that cannot be kept.
    costs : ndarray of shape (n_groups,)
        What the children cost more than what they replace.
    ratios : ndarray of shape (n_groups,)
        Variance ratio of a component that is split.
    """

    groups: np.ndarray
    children: Components
    gains: np.ndarray
    costs: np.ndarray
    ratios: np.ndarray

    @property
    def profits(self):
        return self.gains - self.costs

    def select(self, chosen, tied):
        n_children = len(self.children) // len(self.groups)
        rows = (chosen[:, None] * n_children + np.arange(n_children)).ravel()
        children = take(self.children, rows, tied)
        chosen_values = (values[chosen] for values in (self.gains, self.costs, self.ratios))
        return Candidates(self.groups[chosen], children, *chosen_values)

    def joined(self, other, tied):
        """These and others, of groups that may be the same."""
        children, others = self.children, other.children
        covariances = children.covariances
        if not tied:
            covariances = np.concatenate([covariances, others.covariances])
        return Candidates(
            np.concatenate([self.groups, other.groups]),
            Components(
                np.concatenate([children.weights, others.weights]),
                np.concatenate([children.means, others.means]),
                covariances,
            ),
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("gains", "costs", "ratios")
            ),
        )

    def best_of_each(self, tied):
        """Of several replacements of one component the one of the largest profit."""
        order = np.lexsort([-self.profits, self.groups[:, 0]])
        return self.select(order[np.diff(self.groups[order, 0], prepend=-1) > 0], tied)


@dataclass(frozen=True)
class Stage:
    """A mixture met on the way, and the changes that led to it.

    Parameters
    ----------
    action : {"start", "split", "merge", "exchange", "final", "update"}
        What was done.
    total : float
        Weight of the observations that it was done on.
    mixture, statistics, objective, bounds, converged
        What EM then led to.
    changes : tuple of Candidates
        The components that were replaced.
    """

    action: str
    total: float
    mixture: Components
    statistics: Statistics
    objective: float
    bounds: list
    converged: bool
    changes: tuple[Candidates, ...]


def take(mixture, indices, tied):
    """Components of a mixture."""
    covariances = mixture.covariances if tied else mixture.covariances[indices]
    return Components(mixture.weights[indices], mixture.means[indices], covariances)


def exchange(mixture, changes, tied):
    """Mixture with groups of components replaced by their children, which come last.

    The means of children scatter more, or those of merged components less, than what they replace:
    a shared covariance makes up for it, so that the mixture keeps its second moments.
    """
    removed = [change.groups.ravel() for change in changes]
    kept = np.setdiff1d(np.arange(len(mixture)), np.concatenate(removed))
    parts = [take(mixture, kept, tied), *(change.children for change in changes)]
    weights = np.concatenate([part.weights for part in parts])
    weights = weights / weights.sum()
    means = np.concatenate([part.means for part in parts])
    if tied:
        scatter = second_moments(mixture.weights, mixture.means) - second_moments(weights, means)
        return Components(weights, means, add_scatter(mixture.covariances, scatter))
    return Components(weights, means, np.concatenate([part.covariances for part in parts]))


def add_scatter(covariance, scatter):
    """Sum of the two, but no direction loses more than a Gaussian does that is cut at its mean."""
    root = np.linalg.cholesky(covariance)
    whitened = np.linalg.solve(root, np.linalg.solve(root, covariance + scatter).T)
    return root @ floor_eigenvalues(whitened, HALF_VARIANCE) @ root.T
