"""Which weights the precision box says are zero, and their deletion."""

import numpy as np

from .flat_minimum import FlatMinimumPenalty
from .lbfgs import train_lbfgs

# Of the unpenalised steps that follow where that was not enough.
_LANDING_ITERATIONS = 200

# Of the weights that are deleted one by one, so many are tried before it ends.
_LAST_TRIES = 3

# The desired loss counts as reached from here on (HS97, of its modified OBS).
TOLERANCE = 1.1


def wide_class(objective, w, kept, log_edges, *, min_gap, ceiling):
    """Which weights are of the class that needs no precision (HS97: a factor 1e2 to 1e5 apart).

    Edges may have several classes (a unit may matter little and still matter), so the lowest gap
    counts above which all weights can be deleted with a loss within ``ceiling``.

    Returns
    -------
    is_pruned : boolean ndarray
        One a weight in ``kept``; all False when no gap is as wide as the factor ``min_gap``.
    """
    order = np.argsort(log_edges)
    for gap in np.flatnonzero(np.diff(log_edges[order]) >= np.log(min_gap)):
        wide = order[gap + 1 :]
        if _loss_without(objective, w, kept[wide]) <= ceiling:
            return _marks(wide, len(kept))
    return np.zeros(len(kept), dtype=bool)


def zeros_in_box(objective, w, kept, log_edges, *, ceiling):
    """Which weights have zero within their precision box.

    All weights may move within the box at once, so those it allows to be zero can be deleted. Its
    size, HS97's epsilon, is the largest at which the loss stays within ``ceiling`` (found by
    bisection of the number of weights).

    Returns
    -------
    is_pruned : boolean ndarray
        One a weight in ``kept``.
    """
    order = _by_box(w[kept], log_edges)
    return _marks(_first_within(objective, w, kept, order, ceiling), len(kept))


def small_weights(objective, w, kept, *, size, ceiling):
    """Which weights are below a size: the smallest of them, as many as the loss allows.

    Returns
    -------
    is_pruned : boolean ndarray
        One a weight in ``kept``.
    """
    sizes = np.abs(w[kept])
    order = np.argsort(sizes, kind="stable")[: np.count_nonzero(sizes < size)]
    return _marks(_first_within(objective, w, kept, order, ceiling), len(kept))


def _first_within(objective, w, kept, order, ceiling):
    """The first of some weights, as many as can be deleted with a loss within ``ceiling``."""
    few, many = 0, len(order) + 1
    while many - few > 1:
        middle = (few + many) // 2
        if _loss_without(objective, w, kept[order[:middle]]) <= ceiling:
            few = middle
        else:
            many = middle
    return order[:few]


def delete_and_train(objective, w, kept, *, ceiling, weight_bound):
    """Delete the weights that are not worth their description, training the others.

    A weight that is known from n patterns takes ``log(n) / 2`` nats to describe (the precision of
    its box is about one over the root of n), so it is worth its place if the patterns take that
    much more without it. Tried first are the weights whose zeros a growing box contains first: as
    many as it takes until one group fails, half as many after each failure, the last ones singly.

    Parameters
    ----------
    objective : Objective
    w : ndarray of shape (n_weights,)
        Not modified.
    kept : ndarray of int
        Flat indices of the weights that exist.
    ceiling : float
        Largest loss.
    weight_bound : float
        Largest size of a weight.

    Returns
    -------
    w : ndarray of shape (n_weights,)
        The same weights when nothing is deleted, otherwise trained ones.
    kept : ndarray of int
    """
    n_tried, is_new = len(kept), True
    while n_tried and len(kept):
        if is_new:
            n_tried = min(n_tried, len(kept))
            _, reached = trained(objective, w, kept, -np.inf, weight_bound)
            penalty = FlatMinimumPenalty(objective.network, kept)
            log_edges = penalty.log_edges(w, objective.X, objective.weights)[kept]
            order = _by_box(w[kept], log_edges)
        is_new = False
        for deleted in [order[:n_tried]] if n_tried > 1 else order[:_LAST_TRIES, None]:
            allowed = min(reached + len(deleted) * _price(objective, reached), ceiling)
            left = np.delete(kept, deleted)
            start = w.copy()
            start[kept[deleted]] = 0.0
            shrunk, loss = trained(objective, start, left, allowed, weight_bound)
            if loss <= allowed:
                w, kept, is_new = shrunk, left, True
                break
        else:
            n_tried //= 2
    return w, kept


def description_length(objective, loss, n_weights):
    """Nats that the targets take by a network, and its weights: BIC over two.

    Up to a constant of the targets. For squared errors the variance of the noise is the network's
    own mean squared error.
    """
    if objective.network.loss == "squared_error":
        n_outputs = objective.network.n_outputs
        of_targets = 0.5 * n_outputs * np.log(max(loss, np.finfo(float).tiny))
    else:
        of_targets = loss
    return objective.total * of_targets + n_weights * _nats_of_a_weight(objective)


def _nats_of_a_weight(objective):
    """What the description of a weight takes that is known from so many patterns."""
    return max(0.5 * np.log(objective.total), 0.0)


def _price(objective, loss):
    """The mean loss that the description of a weight is worth."""
    network = objective.network
    nats = _nats_of_a_weight(objective) / objective.total
    # A squared error is in nats once it is divided by the variance of the noise.
    is_squared = network.loss == "squared_error"
    return nats * (2.0 * loss / network.n_outputs if is_squared else 1.0)


def trained(objective, w, kept, enough, weight_bound):
    """Weights and loss after training without a penalty until the loss is low enough."""
    w = train_lbfgs(
        objective,
        w,
        kept,
        max_iter=_LANDING_ITERATIONS,
        tol=1e-8,
        bound=weight_bound,
        on_iteration=lambda loss: loss <= enough,
    ).weights
    return w, objective.data_loss(w)


def _by_box(values, log_edges):
    """Weights in the order in which a growing box comes to contain their zeros."""
    sizes = np.abs(values)
    return np.argsort(np.log(np.where(sizes > 0.0, sizes, 1e-300)) - log_edges)


def _loss_without(objective, w, deleted):
    w = w.copy()
    w[deleted] = 0.0
    return objective.data_loss(w)


def _marks(index, size):
    marks = np.zeros(size, dtype=bool)
    marks[index] = True
    return marks
