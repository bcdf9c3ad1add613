"""Balls that are dense beside the rest of a component: narrow clouds inside wide ones.

In many dimensions a cloud that is narrow in all of them hardly shows along any single one. Some of
a component's observations, and the distances between them in units of its own covariance, tell
around which of them so many lie so close that a Gaussian of their own would pay.
"""

from dataclasses import dataclass

import numpy as np

from .components import squared_norms

# Observations of a component whose distances are compared: a cloud of a fiftieth has four.
N_DRAWN = 200

# The least squared width of a ball, relative to its component's: what is narrower repeats.
LEAST_WIDTH = 1e-8


@dataclass(frozen=True, eq=False)
class Balls:
    """A ball in each component, in units of its covariance.

    Parameters
    ----------
    centres : ndarray of shape (n_components, n_features)
        Relative to the sample's origin.
    squared_radii : ndarray of shape (n_components,)
        Negative where there is no ball.
    whiten : callable
        Maps component k's index and observations to units of its covariance.
    """

    centres: np.ndarray
    squared_radii: np.ndarray
    whiten: callable

    def members(self, X, chunk):
        """Which (centred) observations lie inside, of shape (n_components, 1, n_samples)."""
        inside = [
            squared_norms(self.whiten(k, X - centre)) <= squared_radius
            for k, (centre, squared_radius) in enumerate(zip(self.centres, self.squared_radii))
        ]
        return np.array(inside)[:, None]


def best_balls(posterior, least_mass):
    """The ball of each component that is worth most."""
    sample, mixture = posterior.sample, posterior.mixture
    whiten = sample.family.whitening(mixture)
    labels = np.concatenate(
        [responsibilities.argmax(axis=0) for _, _, responsibilities, _ in posterior]
    )
    centres, squared_radii = mixture.means.copy(), np.full(len(mixture), -1.0)
    for k in range(len(mixture)):
        rows = drawn_rows(np.flatnonzero(labels == k), sample.weight)
        if len(rows) < 2 * least_mass:
            continue
        mass = sample.weight[labels == k].sum()
        X = sample.rows(rows)
        distances = squared_distances(whiten(k, X))
        order = np.sort(distances, axis=1)
        worth = worth_of_balls(order, X.shape[1], least_mass * len(rows) / mass)
        seed, last = np.unravel_index(np.argmax(worth), worth.shape)
        if np.isfinite(worth[seed, last]):
            centres[k] = X[seed]
            # (Of the observations that were not drawn many may lie nearer than the next.)
            squared_radii[k] = np.sqrt(order[seed, last] * order[seed, last + 1])
    return Balls(centres, squared_radii, whiten)


def drawn_rows(rows, weight):
    """Some of the rows, at equal steps of the weight that has gone by."""
    if not len(rows):
        return rows
    reached = np.cumsum(weight[rows])
    n_drawn = min(N_DRAWN, int(reached[-1]))
    steps = (np.arange(n_drawn) + 0.5) * (reached[-1] / max(n_drawn, 1))
    return rows[np.searchsorted(reached, steps)]


def squared_distances(Z):
    """Between each two rows."""
    norms = squared_norms(Z)
    return np.maximum(norms[:, None] + norms - 2.0 * Z @ Z.T, 0.0)


def worth_of_balls(order, n_features, least_count):
    """Gain in log-likelihood of the drawn, for a ball around each and the next of each number.

    Parameters
    ----------
    order : ndarray of shape (n_drawn, n_drawn)
        Sorted squared distances from each of the drawn, in units of the component's covariance.
    n_features : int
        Number of features.
    least_count : float
        Least number of the drawn inside and outside.

    Returns
    -------
    worth : ndarray of shape (n_drawn, n_drawn - 1)
        Of balls that end after each number of them.
    """
    n_drawn = len(order)
    count = np.arange(1, n_drawn)
    rest = n_drawn - count
    total = order.sum(axis=1, keepdims=True)
    whole = 0.5 * np.mean(total)  # pairs differ by twice the variance
    within = np.cumsum(order, axis=1)[:, :-1]
    # The mean of those outside is as far from the ball as the rest of all balances.
    beyond = total - within - n_drawn / rest * (total - whole)
    inside = within / count
    outside = np.maximum(beyond / rest, inside)  # a ball is dense beside the rest
    widths = inside, outside, np.array(whole / n_drawn)
    logs = [np.log(np.maximum(width / n_features, LEAST_WIDTH)) for width in widths]
    worth = count * np.log(count / n_drawn) + rest * np.log(rest / n_drawn)
    worth = worth - 0.5 * n_features * (count * logs[0] + rest * logs[1] - n_drawn * logs[2])
    return np.where(np.minimum(count, rest) < least_count, -np.inf, worth)
