"""The parameters of the pruning estimators as the pieces of the pruning loop.

The only place that reads their strings.
"""

from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._curvature import BlockCurvature, exact, low_rank
from .._pruning.candidates import Inputs, Units, Weights
from .._pruning.cleanup import useful_part
from .._pruning.criteria import OBD, OBS, Magnitude
from .._pruning.damping import AutoDamping, FixedDamping
from .._pruning.hs97 import prune_modified
from .._pruning.last_resort import LastResort
from .._pruning.loop import prune
from .._pruning.recorder import PathRecorder
from .._pruning.retraining import Always, Final, Never
from .._pruning.stop import AnyOf, MaxLoss, MaxSaliency, MinWeights
from .._pruning.trust import EveryK, TrustRegion
from .._warnings import warn_user
from ._modified_obs import modified_obs

#: The fall of the explained deviance that is allowed where nothing is said: one point of a hundred.
DEFAULT_THRESHOLD = 0.01

_CURVATURES = {"auto": None, "exact": exact, "low_rank": low_rank, "block": BlockCurvature}
_RETRAININGS = {"never": Never, "final": Final, "always": Always}


def pruned(estimator, start, stop, report):
    """Prune one trained network as an estimator's parameters say.

    Parameters
    ----------
    estimator : OBSMLPClassifier or OBSMLPRegressor
    start : object
        With `objective`, `w` and `kept`.
    stop : StopRule
    report : callable
        As of `PathRecorder`.

    Returns
    -------
    pruned : Pruned
    """
    objective = start.objective
    modified = modified_obs(estimator.criterion)
    pieces = {
        "stop": stop,
        "candidates": candidates(estimator, objective.network),
        "damping": damping(estimator),
        "retraining": retraining(_along_the_path(estimator)),
        "recorder": PathRecorder(objective, report),
    }
    state = useful_part(objective, start.w, start.kept)
    n_jobs = None if estimator.n_init > 1 else estimator.n_jobs
    if modified is not None:
        return prune_modified(objective, state, constants=modified, n_jobs=n_jobs, **pieces)
    adapts = estimator.linearize == "auto"
    return prune(
        objective,
        state,
        criterion=criterion(estimator, n_jobs),
        trust=trust(estimator),
        last_resort=LastResort() if adapts else LastResort(max_alternatives=1),
        **pieces,
    )


def criterion(estimator, n_jobs):
    """What a deletion is predicted to cost."""
    if estimator.criterion == "magnitude":
        return Magnitude()
    if estimator.criterion == "obd":
        return OBD(estimator.granularity != "weight", n_jobs)
    smoothing = OBS.SMOOTHING if estimator.linearize == "auto" else 0.0
    curvature = _CURVATURES[estimator.curvature]
    return OBS(curvature, estimator.first_order, smoothing, n_jobs)


def candidates(estimator, network):
    """What a deletion is."""
    if estimator.granularity == "unit":
        return Units()
    if estimator.granularity == "weight":
        return Weights(() if estimator.prune_intercepts else np.flatnonzero(network.is_intercept))
    groups = estimator._groups
    return Inputs() if groups is None else Inputs(list(groups.columns.values()), groups.costs)


def trust(estimator):
    """How long a model lasts."""
    if estimator.linearize != "auto":
        return EveryK(estimator.linearize)
    is_staged = _along_the_path(estimator) == "always"
    return TrustRegion(TrustRegion.STAGE_SHARE if is_staged else None)


def damping(estimator):
    """What is added to the diagonal of the curvature."""
    if estimator.damping != "auto":
        return FixedDamping(float(estimator.damping), is_relative=False)
    is_adapted = modified_obs(estimator.criterion) is None and (
        estimator.linearize == "auto" or estimator.first_order
    )
    return AutoDamping() if is_adapted else FixedDamping()


def retraining(name):
    """When the survivors are trained."""
    return _RETRAININGS[name]()


def _along_the_path(estimator):
    """When they are trained on the way: at its end they are when the size has been chosen."""
    at_the_end = estimator.stopping is not None and estimator.retrain == "final"
    return "never" if at_the_end else estimator.retrain


# ---- stop rules -------------------------------------------------------------------------------


def stop_rule(estimator, starts):
    """The rule for all starts; what may be lost is counted from the best of them."""
    rules, lowest = [], min(start.data_loss for start in starts)
    modified = modified_obs(estimator.criterion)
    target = None if modified is None else modified._allowed_loss
    threshold = _threshold(estimator, target)
    if threshold is not None:
        rules.append(MaxLoss(lowest + starts[0].objective.allowed_rise(threshold)))
    if target is not None:
        rules.append(MaxLoss(_reachable(target, lowest)))
    if estimator.max_saliency is not None:
        rules.append(MaxSaliency(estimator.max_saliency))
    if estimator.n_weights is not None:
        fewest = min(len(start.kept) for start in starts)
        rules.append(MinWeights(_count(estimator.n_weights, fewest)))
    return AnyOf(*rules)


def _threshold(estimator, target):
    """The allowed fall of the explained deviance, or None."""
    if estimator.threshold != "auto":
        return estimator.threshold
    others = (estimator.max_saliency, estimator.n_weights, estimator.stopping, target)
    return DEFAULT_THRESHOLD if all(rule is None for rule in others) else None


def _count(n_weights, n_existing):
    """Number of weights to keep, from a number or a fraction."""
    if isinstance(n_weights, Integral):
        if n_weights > n_existing:
            raise ValueError(
                f"n_weights={n_weights} is more than the {n_existing} weights of the network; "
                "give at most that number, or a fraction between 0 and 1."
            )
        return int(n_weights)
    return round(n_weights * n_existing)


def _reachable(allowed, reached):
    """The loss that a target allows, or what the trained networks have if that is higher."""
    if reached > allowed:
        warn_user(
            f"target_loss of ModifiedOBS allows a loss of {allowed:.4g}, but the trained network "
            f"has {reached:.4g}: nothing can be deleted that raises it. Raise target_loss, or "
            "train further (max_iter or hidden_layer_sizes of the estimator).",
            ConvergenceWarning,
        )
    return max(allowed, reached)
