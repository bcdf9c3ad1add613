"""The size of a pruned network by an estimate of its loss on new samples, without folds."""

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
    """The start and size with the least estimate, the smallest of several.

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
    best = None
    for start in starts:
        held_out = None
        if validation is not None:
            held_out = objective_on(estimator, start.start, validation)
        networks = [
            finish(start, *start.path.at(size)[:2], estimator._retrain, start.stop)
            for size in _thinned(start.path.sizes)
        ]
        estimates = [_estimate(estimator, network, held_out) for network in networks]
        number = int(np.argmin(estimates))
        if best is None or estimates[number] < best[0]:
            curve = {
                "n_weights": np.array([len(network.kept) for network in networks]),
                "estimate": np.array(estimates),
            }
            best = estimates[number], networks[number], curve
    _, chosen, curve = best
    if len(chosen.kept) > curve["n_weights"][0]:
        chosen.counts["stopped_by_"] = estimator.stopping
    return chosen, curve


def _thinned(sizes):
    """Sizes at which to look, rising, from the path's last to the network before pruning."""
    chosen, largest = [], int(max(sizes))
    for size in np.sort(sizes).tolist():
        if not chosen or size <= _ALL_SIZES or size >= _RATIO * chosen[-1]:
            chosen.append(size)
    if len(chosen) > 1 and chosen[-1] > _ALL_SIZES:
        chosen.pop()
    return chosen if chosen[-1] == largest else [*chosen, largest]


def _estimate(estimator, network, held_out):
    if held_out is not None:
        return held_out.data_loss(network.w)
    objective = network.start.objective
    return final_prediction_error(objective, network.w, network.kept, n_jobs=estimator.n_jobs)
