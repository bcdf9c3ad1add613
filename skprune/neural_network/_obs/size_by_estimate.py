"""The size of a pruned network by an estimate of its loss on new samples, without folds."""

from typing import NamedTuple

import numpy as np

from ..._fitted.loss import evaluation_objective
from ..._fitted.targets import encode_targets
from ..._network import Objective
from ..._pruning.cleanup import useful_part
from ..._pruning.prediction_error import final_prediction_error
from ..._pruning.retraining import improved
from ..._pruning.stop import Unlimited
from .plan import retraining
from .starts import pruned_start

# Sizes at which the estimate is made: all up to here, above in steps of at least this ratio.
_ALL_SIZES, _RATIO = 64, 1.1


def objective_on(estimator, start, samples, *, trained=False):
    """The loss of a start's network on other samples; or what it is to be trained for on them."""
    X, y, sample_weight = samples
    network = start.objective.network
    targets = encode_targets(estimator, y, network)
    if trained:
        data = (X, targets, sample_weight)
        return evaluation_objective(start.estimator, network, *data, start.alpha)
    return Objective(network, X, targets, sample_weight, start.alpha)


def finish(start, kept, values, retrain, stop=None):
    """A network of the path as pruning would leave it if it ended there: trained once more.

    Unless training would break the rule ``stop``, for the sake of weight decay.
    """
    w, goal = np.zeros_like(start.w), start.start.goal
    w[kept] = values
    counts = start.counts
    trainer = retraining(retrain, start.start.is_taught_by_it)
    if trainer.at_rule:
        state = improved(trainer, goal, useful_part(goal, w, kept), stop or Unlimited())
        w, kept = state.w, state.kept
        n_retrainings = counts["n_retrainings_"] + trainer.n_retrainings
        counts = counts | {"n_retrainings_": n_retrainings}
    return pruned_start(start.start, w, kept, stop=start.stop, path=start.path, counts=counts)


def choose_size(estimator, starts, validation):
    """The smallest network that is as good as the one with the least estimate.

    On held-out samples that is one whose loss is higher by at most the standard error of the
    difference (nor than that of the best loss).

    Parameters
    ----------
    estimator : OBSMLPClassifier or OBSMLPRegressor
    starts : list
        Pruned starts, with their paths.
    validation : tuple or None
        Samples held out, for "validation".

    Returns
    -------
    chosen : object
        The start with the network of the chosen size.
    curve : dict of str to ndarray
        Sizes, rising, and estimates of that start.
    """
    looks = [
        _Look(number, network, *_estimated(estimator, network, held_out))
        for number, start in enumerate(starts)
        for held_out in [validation and objective_on(estimator, start.start, validation)]
        for network in _networks(estimator, start)
    ]
    best = min(looks, key=lambda look: look.estimate)
    as_good = [look for look in looks if look.is_as_good(best)]
    chosen = min(as_good, key=lambda look: (len(look.network.kept), look.estimate))
    curve = [look for look in looks if look.start == chosen.start]
    sizes = np.array([len(look.network.kept) for look in curve])
    if len(chosen.network.kept) > sizes[0]:
        chosen.network.counts["stopped_by_"] = estimator._stopping
    estimates = np.array([look.estimate for look in curve])
    return chosen.network, {"n_weights": sizes, "estimate": estimates}


class _Look(NamedTuple):
    """A network of a start's path, and what it is estimated to lose on new samples."""

    start: int
    network: object
    estimate: float
    losses: np.ndarray | None = None
    weights: np.ndarray | None = None

    def is_as_good(self, best):
        """Whether the estimate is the best, as far as held-out samples can tell."""
        difference = self.estimate - best.estimate
        if self.losses is None:
            return difference <= 0
        errors = [
            _standard_error(losses, self.weights)
            for losses in (self.losses - best.losses, best.losses)
        ]
        return difference <= min(errors)


def _standard_error(values, weights):
    """Of the weighted mean."""
    mean = np.average(values, weights=weights)
    return float(np.sqrt((weights**2) @ (values - mean) ** 2) / weights.sum())


def _networks(estimator, start):
    """The networks of a path to look at, rising."""
    for size in _thinned(start.path.sizes):
        yield finish(start, *start.path.at(size)[:2], estimator._retrain, start.stop)


def _estimated(estimator, network, held_out):
    """The estimate and, of held-out samples, each one's loss and weight."""
    if held_out is not None:
        losses = held_out.losses(network.w)
        return float(held_out.weights @ losses / held_out.total), losses, held_out.weights
    objective = network.start.objective
    n_jobs = estimator.n_jobs
    return (final_prediction_error(objective, network.w, network.kept, n_jobs=n_jobs),)


def _thinned(sizes):
    """Sizes at which to look, rising, from the path's last to the network before pruning."""
    chosen, largest = [], int(max(sizes))
    for size in np.sort(sizes).tolist():
        if not chosen or size <= _ALL_SIZES or size >= _RATIO * chosen[-1]:
            chosen.append(size)
    if len(chosen) > 1 and chosen[-1] > _ALL_SIZES:
        chosen.pop()
    return chosen if chosen[-1] == largest else [*chosen, largest]
