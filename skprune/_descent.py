"""Gradient descent under a penalty whose strength follows the loss, and the loss to aim at.

The update is HS97's: the penalty's gradient is brought to the length of the loss', times the
strength that a controller sets after each epoch.
"""

from dataclasses import dataclass, field

import numpy as np

from ._penalties import FlatMinimumPenalty
from ._training import train_lbfgs

_N_FOLDS = 5
# Of all that could be explained, at most this share is given up for simplicity.
_LARGEST_SHARE = 0.5
# The last share of the epochs brings the loss to the desired one, whatever the penalty.
_LANDING_SHARE = 0.2
# Weight of the past in the running mean of squared gradients.
_RECENT = 0.9
# Of the unpenalised steps that follow where that was not enough.
_LANDING_ITERATIONS = 200
# Weights that can be deleted with a rise of the loss by no more than this share stay asleep then.
_ASLEEP = 1e-3
# Of the weights that are deleted one by one, so many are tried before it ends.
_LAST_TRIES = 3
# The desired loss counts as reached from here on (HS97, of its modified OBS).
TOLERANCE = 1.1


@dataclass(frozen=True)
class DescentSettings:
    """How to descend.

    Parameters
    ----------
    max_iter : int
        Number of epochs.
    learning_rate : float
        The step's length over the gradient's; with ``even_steps``, over the root mean square of the
        recent gradients, until it falls to zero in the last epochs.
    momentum : float
    even_steps : bool
        Whether steps are about equally long on plateaus and on slopes.
    batch_size : int or None
        Patterns a step; all of them for None.
    weight_bound : float
        Largest size of a weight.
    revive_every : int or None
        Number of patterns seen after which lost units are brought back.
    revive_below : float
        Weights below this size are lost.
    revive_range : tuple of (float, float)
        Their new sizes.
    """

    max_iter: int
    learning_rate: float
    momentum: float = 0.0
    even_steps: bool = False
    batch_size: int | None = None
    weight_bound: float = np.inf
    revive_every: int | None = None
    revive_below: float = 0.01
    revive_range: tuple = (0.005, 0.01)


@dataclass
class DescentResult:
    """Outcome of a descent.

    Attributes
    ----------
    weights, loss :
        The last network, after landing where that was needed; if it has missed the desired loss,
        the last one within it, or else the one with the lowest loss.
    within_target : bool
        Whether ``loss`` is within ``TOLERANCE`` times the desired one.
    losses, strengths : list of float
        After each epoch.
    """

    weights: np.ndarray
    loss: float = np.inf
    within_target: bool = False
    losses: list = field(default_factory=list)
    strengths: list = field(default_factory=list)

    def offer(self, w, loss, target_loss):
        """Take a network that is within the desired loss, or better than those so far."""
        is_within = loss <= TOLERANCE * target_loss
        if is_within or (not self.within_target and loss < self.loss):
            self.weights, self.loss = w.copy(), loss
            self.within_target |= is_within


def descend(objective, penalty, controller, w, kept, settings, random_state, on_epoch=None):
    """Train by gradient descent under a penalty.

    Parameters
    ----------
    objective : Objective
    penalty : FlatMinimumPenalty or WeightEliminationPenalty
    controller : WeightController
    w : ndarray of shape (n_weights,)
        Where to start; not modified.
    kept : ndarray of int
        Flat indices of the weights that move.
    settings : DescentSettings
    random_state : RandomState
        Shuffles the patterns and brings back lost units.
    on_epoch : callable, default=None
        Called with the loss and the strength after each epoch; training stops when it returns
        True.

    Returns
    -------
    DescentResult
    """
    w = np.array(w, dtype=np.float64)
    moves = np.zeros(len(w), dtype=bool)
    moves[kept] = True
    pace = _Pace(settings, moves)
    result = DescentResult(w.copy())
    n_samples, seen = objective.X.shape[0], 0
    for epoch in range(settings.max_iter):
        landing = epoch >= (1.0 - _LANDING_SHARE) * settings.max_iter
        for batch, share in _batches(objective, settings.batch_size, random_state):
            direction = share * _direction(batch, penalty, controller.strength, w)
            w = w + pace.step(direction, epoch)
            w = np.clip(w, -settings.weight_bound, settings.weight_bound)
        loss = objective.data_loss(w)
        if not np.isfinite(loss):
            break
        result.offer(w, loss, controller.target_loss)
        result.losses.append(loss)
        result.strengths.append(controller.update(loss, landing))
        seen += n_samples
        if settings.revive_every is not None and seen >= settings.revive_every:
            seen, controller.strength = 0, 0.0
            w = revive(w, kept, settings.revive_below, settings.revive_range, random_state)
        if on_epoch is not None and on_epoch(loss, controller.strength):
            break
    if result.losses and result.losses[-1] > TOLERANCE * controller.target_loss:
        w, loss = _land(objective, w, kept, controller.target_loss, settings.weight_bound)
        result.offer(w, loss, controller.target_loss)
    return result


class _Pace:
    """Steps with momentum."""

    def __init__(self, settings, moves):
        self.settings, self.moves = settings, moves
        self.velocity = np.zeros(len(moves))
        self.mean_square = self.n_steps = 0

    def step(self, direction, epoch):
        """The change of the weights for a gradient."""
        settings, direction = self.settings, direction * self.moves
        rate = settings.learning_rate
        if settings.even_steps:
            square = float(direction @ direction) / max(np.count_nonzero(self.moves), 1)
            self.mean_square = _RECENT * self.mean_square + (1.0 - _RECENT) * square
            self.n_steps += 1
            size = np.sqrt(self.mean_square / (1.0 - _RECENT**self.n_steps))
            rate *= min(1.0, (1.0 - epoch / settings.max_iter) / _LANDING_SHARE)
            rate /= max(size, np.finfo(float).tiny)
        self.velocity = settings.momentum * self.velocity - rate * direction
        return self.velocity


def _land(objective, w, kept, target_loss, weight_bound):
    """Lower the loss to near the desired one, within the small network the descent ended with."""
    penalty = FlatMinimumPenalty(objective.network, kept)
    log_edges = penalty.log_edges(w, objective.X, objective.weights)[kept]
    ceiling = (1.0 + _ASLEEP) * objective.data_loss(w)
    awake = kept[~zeros_in_box(objective, w, kept, log_edges, ceiling=ceiling)]
    return _trained(objective, w, awake, TOLERANCE * target_loss, weight_bound)


def _direction(objective, penalty, strength, w):
    """Gradient of the loss plus the penalty's, brought to the same length, times the strength."""
    _, gradient = objective.value_and_gradient(w)
    if strength > 0.0:
        _, pull = penalty.value_and_gradient(w, objective.X, objective.weights)
        length = np.linalg.norm(pull)
        if length > 0.0:
            gradient += strength * np.linalg.norm(gradient) / length * pull
    return gradient


def _batches(objective, batch_size, random_state):
    """The objective on shuffled mini-batches, or on all patterns, and the pull of each.

    A batch's loss is a mean over its own weights, so it pulls as these do beside those of others.
    """
    n_samples = objective.X.shape[0]
    if batch_size is None or batch_size >= n_samples:
        yield objective, 1.0
        return
    order = random_state.permutation(n_samples)
    for start in range(0, n_samples, batch_size):
        rows = order[start : start + batch_size]
        batch = objective.subset(rows)
        yield batch, batch.total * n_samples / (objective.total * len(rows))


def revive(w, kept, below, sizes, random_state):
    """Give lost weights a small random size, with their sign (HS97)."""
    w = w.copy()
    lost = kept[np.abs(w[kept]) < below]
    w[lost] = np.where(w[lost] < 0, -1.0, 1.0) * random_state.uniform(*sizes, len(lost))
    return w


class _Watched:
    """An objective that records the loss on other patterns wherever training evaluates it."""

    def __init__(self, objective, held_out):
        self.objective, self.held_out = objective, held_out
        self.curve = []

    def value_and_gradient(self, w):
        self.curve.append(self.held_out.data_loss(w))
        return self.objective.value_and_gradient(w)


def estimate_target_loss(objective, w, kept, random_state, *, max_iter, tol):
    """The loss that a network of the right size should have on the training data.

    A network that has learnt all there is to learn, and no noise, has the same loss on training
    and on new patterns. What can be had on new patterns is estimated by a first training
    without the penalty, stopped early, in five-fold cross-validation (the same number of
    evaluations in all folds). The estimate is kept between the loss of an unpenalised training
    on all patterns and half-way from there to a constant's.
    """
    first = train_lbfgs(objective, w, kept, max_iter=max_iter, tol=tol).value
    ceiling = first + _LARGEST_SHARE * max(objective.null_loss() - first, 0.0)
    n_samples = objective.X.shape[0] // objective.n_versions
    if n_samples < 2:
        return ceiling
    n_folds = min(_N_FOLDS, n_samples)
    fold_of = np.tile(random_state.permutation(n_samples) % n_folds, objective.n_versions)
    folds = []
    for fold in range(n_folds):
        held_out = objective.subset(np.flatnonzero(fold_of == fold))
        watched = _Watched(objective.subset(np.flatnonzero(fold_of != fold)), held_out)
        train_lbfgs(watched, w, kept, max_iter=max_iter, tol=tol)
        folds.append(watched)
    length = max(len(fold.curve) for fold in folds)
    total = np.zeros(length)
    for fold in folds:
        padding = (0, length - len(fold.curve))
        total += fold.held_out.total * np.pad(fold.curve, padding, mode="edge")
    return float(np.clip(total.min() / objective.total, first, ceiling))


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
            _, reached = _trained(objective, w, kept, -np.inf, weight_bound)
            penalty = FlatMinimumPenalty(objective.network, kept)
            log_edges = penalty.log_edges(w, objective.X, objective.weights)[kept]
            order = _by_box(w[kept], log_edges)
        is_new = False
        for deleted in [order[:n_tried]] if n_tried > 1 else order[:_LAST_TRIES, None]:
            allowed = min(reached + len(deleted) * _price(objective, reached), ceiling)
            left = np.delete(kept, deleted)
            start = w.copy()
            start[kept[deleted]] = 0.0
            shrunk, loss = _trained(objective, start, left, allowed, weight_bound)
            if loss <= allowed:
                w, kept, is_new = shrunk, left, True
                break
        else:
            n_tried //= 2
    return w, kept


def _price(objective, loss):
    """The mean loss that the description of a weight is worth."""
    network = objective.network
    nats = 0.5 * np.log(objective.total) / objective.total
    # A squared error is in nats once it is divided by the variance of the noise.
    is_squared = network.loss == "squared_error"
    return max(nats, 0.0) * (2.0 * loss / network.n_outputs if is_squared else 1.0)


def _trained(objective, w, kept, enough, weight_bound):
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
