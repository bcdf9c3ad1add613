"""Penalties whose strength follows the loss: their constants, and training under them."""

from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._estimator.warnings import warn_user
from .descent import DescentSettings, descend
from .flat_minimum import FlatMinimumPenalty
from .penalty_strength import WeightController
from .precision_box import TOLERANCE
from .target_loss import estimate_target_loss

# HS97: initial weights are small, and the penalty is there from the start; a network that was
# trained first has saturated units, which are flat but not simple.
_INITIAL_SIZE = 0.1


_MOMENTUM = 0.9


# A full-batch step's size, root mean square over the weights.
_STEP = 1e-3


# HS97, of its stock market data: the strength rises by a tenth while the average loss is too high.
_APPROACH = 0.1


_FIRST_TRAINING_ITERATIONS = 200


@dataclass
class AdaptiveTraining:
    """A network trained under an adaptive penalty."""

    weights: np.ndarray
    log_edges: np.ndarray
    is_pruned: np.ndarray
    target_loss: float
    loss: float
    loss_before_pruning: float
    losses: list
    strengths: list


def train_adaptively(setting, objective, starts, kept, estimator, random_state, on_epoch):
    """Train under a penalty whose strength follows the loss.

    Parameters
    ----------
    setting : FlatMinimum or WeightElimination
    objective : Objective
    starts : pair of ndarray of shape (n_weights,)
        Where the trainings start that estimate the desired loss, which must not know the data
        yet, and where the search starts: None for small random weights.
    kept : ndarray of int
        Flat indices of the weights that exist.
    estimator : PenalizedMLPClassifier or PenalizedMLPRegressor
        Its `solver`, `max_iter`, `tol`, `batch_size` and `learning_rate` are used.
    random_state : RandomState
    on_epoch : callable

    Returns
    -------
    AdaptiveTraining
    """
    setting._validate()
    network = objective.network
    target_loss, (start, first) = setting.target_loss, starts
    if target_loss == "auto":
        target_loss = estimate_target_loss(
            objective,
            start,
            kept,
            random_state,
            max_iter=_FIRST_TRAINING_ITERATIONS,
            tol=estimator.tol,
        )
    if first is None:
        first = np.zeros(network.n_weights)
        first[kept] = random_state.uniform(-_INITIAL_SIZE, _INITIAL_SIZE, len(kept))
    controller = WeightController(target_loss, setting.delta_lambda, setting.gamma, _APPROACH)
    result = descend(
        objective,
        setting._make(network, kept),
        controller,
        first,
        kept,
        _settings(setting, estimator),
        random_state,
        on_epoch,
    )
    if not result.within_target:
        _warn_about_target(result, target_loss, objective)
    return _finish(setting, objective, kept, target_loss, result)


def _settings(setting, estimator):
    """How to descend: all patterns with momentum, or HS97's steps."""
    constants = {
        "max_iter": estimator.max_iter,
        "weight_bound": setting.weight_bound,
        "revive_every": setting.revive_every,
        "revive_below": setting.revive_below,
        "revive_range": setting.revive_range,
    }
    if estimator.solver == "lbfgs":
        return DescentSettings(
            learning_rate=_STEP, momentum=_MOMENTUM, even_steps=True, **constants
        )
    return DescentSettings(
        learning_rate=estimator.learning_rate, batch_size=estimator.batch_size, **constants
    )


def _finish(setting, objective, kept, target_loss, result):
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
        w, left = setting._shrink(objective, w, left, ceiling)
        is_pruned[kept] = ~np.isin(kept, left)
        loss = objective.data_loss(w)
    return AdaptiveTraining(
        w, log_edges, is_pruned, target_loss, loss, before, result.losses, result.strengths
    )


def _warn_about_target(result, target_loss, objective):
    if not np.isfinite(result.loss):
        raise ValueError(
            "Training ended with a loss that is not finite: the inputs or targets are too large. "
            "Scale them (StandardScaler) first."
        )
    warn_user(
        f"The loss never reached target_loss={target_loss:.4g} in {len(result.losses)} epochs: the "
        f"lowest is {result.loss:.4g} ({result.loss - target_loss:.2g} above; a constant has "
        f"{objective.null_loss():.4g}). The network with the lowest loss is kept. Raise "
        "target_loss (it may be below the noise of the data) or max_iter, or scale the data.",
        ConvergenceWarning,
    )
