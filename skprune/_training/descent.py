"""Gradient descent under a penalty whose strength follows the loss.

The update is HS97's: the penalty's gradient is brought to the length of the loss', times the
strength that a controller sets after each epoch.
"""

from dataclasses import dataclass, field

import numpy as np

from .flat_minimum import FlatMinimumPenalty
from .precision_box import TOLERANCE, trained, zeros_in_box

# Weight of the past in the running mean of squared gradients.
_RECENT = 0.9

# Weights that can be deleted with a rise of the loss by no more than this share stay asleep then.
_ASLEEP = 1e-3


@dataclass(frozen=True)
class DescentSettings:
    """How to descend.

    Parameters
    ----------
    max_iter : int
        Number of epochs.
    learning_rate : float
        The step's length over the gradient's; with ``even_steps``, over the root mean square of the
        recent gradients, until it falls to zero in the landing.
    momentum : float
    even_steps : bool
        Whether steps are about equally long on plateaus and on slopes.
    landing : float
        The last share of the epochs, in which the strength falls while the loss is above the
        desired one and lost units stay lost. 0: none, and no training after the last epoch.
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
    landing: float = 0.0
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
    is_stopped : bool
        Whether ``on_epoch`` asked for the end.
    """

    weights: np.ndarray
    loss: float = np.inf
    within_target: bool = False
    is_stopped: bool = False
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
    pace = MomentumStep(settings, moves)
    result = DescentResult(w.copy())
    n_samples, seen = objective.X.shape[0], 0
    for epoch in range(settings.max_iter):
        landing = epoch >= (1.0 - settings.landing) * settings.max_iter
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
        # What came back in the landing would have no time to die again.
        is_due = settings.revive_every is not None and seen >= settings.revive_every
        if is_due and not landing:
            seen, controller.strength = 0, 0.0
            w = reinitialise(w, kept, settings.revive_below, settings.revive_range, random_state)
        if on_epoch is not None and on_epoch(loss, controller.strength):
            result.is_stopped = True
            break
    is_missed = result.losses and result.losses[-1] > TOLERANCE * controller.target_loss
    if is_missed and settings.landing > 0.0:
        w, loss = restore_target_loss(
            objective, w, kept, controller.target_loss, settings.weight_bound
        )
        result.offer(w, loss, controller.target_loss)
    return result


class MomentumStep:
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
            if settings.landing > 0.0:
                rate *= min(1.0, (1.0 - epoch / settings.max_iter) / settings.landing)
            rate /= max(size, np.finfo(float).tiny)
        self.velocity = settings.momentum * self.velocity - rate * direction
        return self.velocity


def restore_target_loss(objective, w, kept, target_loss, weight_bound):
    """Lower the loss to near the desired one, within the small network the descent ended with."""
    penalty = FlatMinimumPenalty(objective.network, kept)
    log_edges = penalty.log_edges(w, objective.X, objective.weights)[kept]
    ceiling = (1.0 + _ASLEEP) * objective.data_loss(w)
    awake = kept[~zeros_in_box(objective, w, kept, log_edges, ceiling=ceiling)]
    return trained(objective, w, awake, TOLERANCE * target_loss, weight_bound)


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


def reinitialise(w, kept, below, sizes, random_state):
    """Give lost weights a small random size, with their sign (HS97)."""
    w = w.copy()
    lost = kept[np.abs(w[kept]) < below]
    w[lost] = np.where(w[lost] < 0, -1.0, 1.0) * random_state.uniform(*sizes, len(lost))
    return w
