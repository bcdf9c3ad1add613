"""Training under a penalty whose strength follows the loss."""

from dataclasses import dataclass, replace

import numpy as np

from .descent import descend
from .flat_minimum import FlatMinimumPenalty
from .penalty_strength import WeightController
from .precision_box import TOLERANCE, description_length
from .target_loss import estimate_target_loss

# HS97: initial weights are small, and the penalty is there from the start; a network that was
# trained first has saturated units, which are flat but not simple.
_INITIAL_SIZE = 0.1

# Of the trainings that estimate the desired loss; early stopping takes the best of them.
_FIRST_TRAINING_ITERATIONS = 200


@dataclass
class AdaptiveTraining:
    """A network trained under an adaptive penalty.

    Attributes
    ----------
    weights : ndarray of shape (n_weights,)
    log_edges : ndarray of shape (n_weights,)
        Logarithms of the edges of the precision box, before anything was deleted.
    is_pruned : ndarray of bool of shape (n_weights,)
        Which weights count as pruned.
    target_loss : float
        The loss that was aimed at.
    loss, loss_before_pruning : float
        Mean losses of the network, and of the one before pruned weights were set to zero.
    within_target : bool
        Whether training came near enough to ``target_loss``.
    lowest_loss : float
        The loss that training reached, its lowest if it missed the desired one.
    description_length : float
        Nats that the targets and the weights take that do not count as pruned.
    losses, strengths : list of float
        After each epoch.
    """

    weights: np.ndarray
    log_edges: np.ndarray
    is_pruned: np.ndarray
    target_loss: float
    loss: float
    loss_before_pruning: float
    within_target: bool
    lowest_loss: float
    description_length: float
    losses: list
    strengths: list


def train_adaptively(
    setting, objective, starts, kept, descent, random_state, *, n_init, tol, on_epoch
):
    """Train under a penalty whose strength follows the loss, from several starts.

    A search may end with a unit too many, or in a network that is simple and wrong. Kept is the
    network, of those near enough to the desired loss, with the shortest description.

    Parameters
    ----------
    setting : FlatMinimum or WeightElimination
        The penalty's constants, its function of the weights, and which weights it counts as
        pruned.
    objective : Objective
    starts : pair of ndarray of shape (n_weights,)
        Where the trainings start that estimate the desired loss, which must not know the data
        yet, and where the search starts: None for small random weights.
    kept : ndarray of int
        Flat indices of the weights that exist.
    descent : DescentSettings
    random_state : RandomState
    n_init : int
        Number of starts with small random weights; a given start is taken once, and may have
        weights beyond the bound: all are then kept within the largest of them.
    tol : float
        Of the gradients of the trainings that estimate the desired loss.
    on_epoch : callable

    Returns
    -------
    AdaptiveTraining

    Raises
    ------
    ValueError
        If the loss is not finite.
    """
    target_loss, (start, first) = setting.target_loss, starts
    if target_loss == "auto":
        iterations = {"max_iter": _FIRST_TRAINING_ITERATIONS, "tol": tol}
        target_loss = estimate_target_loss(objective, start, kept, random_state, **iterations)
    if first is not None:
        bound = max(descent.weight_bound, np.abs(first).max(initial=0.0))
        descent = replace(descent, weight_bound=bound)
    found = []
    for _ in range(n_init if first is None else 1):
        w = _small_random(len(start), kept, random_state) if first is None else first
        result = _descend(setting, objective, target_loss, w, kept, descent, random_state, on_epoch)
        bound = descent.weight_bound
        found.append(_finish(setting, objective, kept, target_loss, result, bound))
        if result.is_stopped:
            break
    return min(found, key=lambda each: (not each.within_target, each.description_length))


def _small_random(size, kept, random_state):
    """Where HS97 starts."""
    w = np.zeros(size)
    w[kept] = random_state.uniform(-_INITIAL_SIZE, _INITIAL_SIZE, len(kept))
    return w


def _descend(setting, objective, target_loss, w, kept, descent, random_state, on_epoch):
    """Descend once, under a strength that starts from zero."""
    controller = WeightController(
        target_loss, setting.delta_lambda, setting.gamma, setting.approach
    )
    penalty = setting._make(objective.network, kept)
    result = descend(objective, penalty, controller, w, kept, descent, random_state, on_epoch)
    if not np.isfinite(result.loss):
        raise ValueError(
            "Training ended with a loss that is not finite: the inputs or targets are too large. "
            "Scale them (StandardScaler) first."
        )
    return result


def _finish(setting, objective, kept, target_loss, result, weight_bound):
    """Find the pruned weights, and delete them when asked to."""
    network, w = objective.network, result.weights
    box = FlatMinimumPenalty(network, kept)
    log_edges = box.log_edges(w, objective.X, objective.weights)
    is_pruned = np.zeros(network.n_weights, dtype=bool)
    loss = before = objective.data_loss(w)
    ceiling = max(TOLERANCE * target_loss, before)
    is_pruned[kept] = setting._find_pruned(objective, w, kept, log_edges, ceiling)
    if setting.prune:
        w = np.where(is_pruned, 0.0, w)
        left = kept[~is_pruned[kept]]
        w, left = setting._shrink(objective, w, left, ceiling, weight_bound)
        is_pruned[kept] = ~np.isin(kept, left)
        loss = objective.data_loss(w)
    return AdaptiveTraining(
        weights=w,
        log_edges=log_edges,
        is_pruned=is_pruned,
        target_loss=target_loss,
        loss=loss,
        loss_before_pruning=before,
        within_target=result.within_target,
        lowest_loss=result.loss,
        description_length=description_length(objective, loss, np.sum(~is_pruned[kept])),
        losses=result.losses,
        strengths=result.strengths,
    )
