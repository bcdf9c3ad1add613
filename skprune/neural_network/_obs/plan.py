"""The parameters of the pruning estimators as the pieces of the pruning loop.

The only place that reads their strings.
"""

from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..._curvature.block_diagonal import BlockCurvature
from ..._curvature.exact import exact_curvature
from ..._curvature.low_rank import low_rank_curvature
from ..._estimator.warnings import warn_user
from ..._pruning.candidates import Inputs, Units, Weights
from ..._pruning.cleanup import useful_part
from ..._pruning.criteria import OBD, OBS, Magnitude
from ..._pruning.damping import AutoDamping, FixedDamping
from ..._pruning.hs97 import prune_modified
from ..._pruning.last_resort import LastResort
from ..._pruning.loop import prune
from ..._pruning.recorder import PathRecorder
from ..._pruning.retraining import Always, Final, Never
from ..._pruning.stop import AnyOf, MaxLoss, MaxSaliency, MinWeights
from ..._pruning.trust import EveryK, TrustRegion
from .._parameters.modified_obs import modified_obs
from .._progress import PruningProgress
from .starts import Pruned

#: The fall of the explained deviance that is allowed where nothing is said: one point of a hundred.
DEFAULT_THRESHOLD = 0.01

_CURVATURES = {
    "auto": None,
    "exact": exact_curvature,
    "low_rank": low_rank_curvature,
    "block": BlockCurvature,
}
_RETRAININGS = {"never": Never, "final": Final, "always": Always}


def prune_start(estimator, start, stop, task):
    """Prune one trained network as an estimator's parameters say.

    Parameters
    ----------
    estimator : OBSMLPClassifier or OBSMLPRegressor
    start : Start
    stop : StopRule
    task : CallbackContext
        Of this start.

    Returns
    -------
    pruned : Pruned
    """
    task.call_on_fit_task_begin(estimator=estimator)
    objective, network = start.objective, start.objective.network
    # With `stopping` the networks along the path are trained when one of them is chosen.
    waits = estimator.stopping is not None and estimator.retrain == "final"
    made = pieces(
        estimator.criterion,
        linearize=estimator.linearize,
        first_order=estimator.first_order,
        damping=estimator.damping,
        curvature=estimator.curvature,
        granularity=estimator.granularity,
        groups=estimator._groups,
        protected=() if estimator.prune_intercepts else np.flatnonzero(network.is_intercept),
        retrain="never" if waits else estimator.retrain,
        n_jobs=None if estimator.n_init > 1 else estimator.n_jobs,
    )
    run = prune if modified_obs(estimator.criterion) is None else prune_modified
    state = useful_part(objective, start.w, start.kept)
    recorder = PathRecorder(objective, PruningProgress(estimator, task))
    result = run(objective, state, stop=stop, recorder=recorder, **made)
    task.call_on_fit_task_end(estimator=estimator)
    return _pruned(start, result)


def _pruned(start, result):
    """What estimators keep of a run."""
    state = result.state
    return Pruned(
        start=start,
        w=state.w,
        kept=state.kept,
        loss=start.objective.value(state.w),
        data_loss=state.data_loss,
        path=result.path,
        counts={
            "n_linearizations_": result.n_linearizations,
            "n_retrainings_": result.n_retrainings,
            "stopped_by_": result.stopped_by,
        },
    )


def pieces(
    criterion="obs",
    *,
    linearize="auto",
    first_order=True,
    damping="auto",
    curvature="auto",
    granularity="weight",
    groups=None,
    protected=(),
    retrain="final",
    n_jobs=None,
):
    """What the loop is made of, but for stop rule and recorder.

    Parameters
    ----------
    criterion, linearize, first_order, damping, curvature, granularity, retrain, n_jobs :
        As of `OBSMLPClassifier`.
    groups : ResolvedGroups, default=None
        Groups of inputs, with their costs.
    protected : ndarray of int
        Weights that are not deleted of their own.

    Returns
    -------
    pieces : dict
        Arguments of `prune`, or of `prune_modified` for HS97's criterion.
    """
    modified, adapts = modified_obs(criterion), linearize == "auto"
    made = {"candidates": _candidates(granularity, groups, protected)}
    made["retraining"] = retraining(retrain)
    if damping != "auto":
        made["damping"] = FixedDamping(float(damping), is_relative=False)
    else:
        is_adapted = modified is None and (adapts or first_order)
        made["damping"] = AutoDamping() if is_adapted else FixedDamping()
    if modified is not None:
        return made | {"constants": modified, "n_jobs": n_jobs}
    if criterion == "magnitude":
        made["criterion"] = Magnitude()
    elif criterion == "obd":
        made["criterion"] = OBD(granularity != "weight", n_jobs)
    else:
        smoothing = OBS.SMOOTHING if adapts else 0.0
        made["criterion"] = OBS(_CURVATURES[curvature], first_order, smoothing, n_jobs)
    if adapts:
        made["trust"] = TrustRegion(TrustRegion.STAGE_SHARE if retrain == "always" else None)
    else:
        made["trust"], made["last_resort"] = EveryK(linearize), LastResort(max_alternatives=1)
    return made


def _candidates(granularity, groups, protected):
    """What a deletion is."""
    if granularity == "weight":
        return Weights(protected)
    if granularity == "unit":
        return Units()
    return Inputs() if groups is None else Inputs(list(groups.columns.values()), groups.costs)


def retraining(name):
    """When the survivors are trained."""
    return _RETRAININGS[name]()


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
