"""The parameters of the pruning estimators as the pieces of the pruning loop.

The only place that reads their strings.
"""

from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..._curvature.block_diagonal import BlockCurvature
from ..._curvature.exact import exact_curvature
from ..._curvature.hessian import HessianCurvature
from ..._curvature.low_rank import low_rank_curvature
from ..._curvature.recursion import RecursiveCurvature
from ..._estimator.folds import shuffled_folds
from ..._estimator.warnings import warn_user
from ..._numerics.threads import one_blas_thread
from ..._pruning import criteria
from ..._pruning.base_rates import best_constant, is_constant
from ..._pruning.candidates import Inputs, Units, Weights
from ..._pruning.cleanup import useful_part
from ..._pruning.damping import AutoDamping, FixedDamping
from ..._pruning.hs97 import prune_modified
from ..._pruning.last_resort import LastResort
from ..._pruning.loop import prune
from ..._pruning.recorder import PathRecorder
from ..._pruning.retraining import Always, Final, Never, train_by_curvature
from ..._pruning.share import choose_share
from ..._pruning.stop import AnyOf, MaxLoss, MaxOtherLoss, MaxSaliency, MinInputs, MinWeights
from ..._pruning.trust import EveryK, TrustRegion
from .._parameters.criteria import OBD, Magnitude, as_criterion
from .._parameters.modified_obs import ModifiedOBS
from .._progress import PruningProgress
from .starts import pruned_start

#: Where nothing is said and folds are too dear: predictions may move by a tenth of what the network
#: before pruning is expected to be off by itself. Test losses then stay where they were on all
#: tables tried.
DEFAULT_MAX_DIVERGENCE = 0.1
#: Folds are taken of so many samples at least, for fewer tell nothing, and while samples times
#: outputs (or weights, where these are more) times the squared number of weights are at most this
#: number: five references and their paths then take some four seconds at most.
_FEWEST_SAMPLES, _MOST_WORK = 50, 1e8
#: The fall of the explained deviance that HS97's criterion, whose steps go by the loss, is allowed
#: where nothing is said: one point of a hundred.
DEFAULT_THRESHOLD = 0.01

_CURVATURES = {
    "auto": None,
    "exact": exact_curvature,
    "low_rank": low_rank_curvature,
    "block": BlockCurvature,
    "recursion": RecursiveCurvature,
    "hessian": HessianCurvature,
}
_RETRAININGS = {"never": Never, "final": Final, "always": Always}


@one_blas_thread()
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
    objective, network = start.goal, start.goal.network
    criterion = as_criterion(estimator.criterion)
    made = _pieces_of(estimator, network, start.reference if start.is_taught_by_it else None)
    run = prune_modified if isinstance(criterion, ModifiedOBS) else prune
    state = useful_part(objective, start.w, start.kept)
    recorder = PathRecorder(objective, PruningProgress(estimator, task))
    result = run(objective, state, stop=stop, recorder=recorder, **made)
    state = _with_base_rates(start, result.state, recorder)
    task.call_on_fit_task_end(estimator=estimator)
    return pruned_start(
        start,
        state.w,
        state.kept,
        stop=stop,
        path=result.path,
        counts={
            "n_linearizations_": result.n_linearizations,
            "n_retrainings_": result.n_retrainings,
            "stopped_by_": result.stopped_by,
        },
    )


def _pieces_of(estimator, network, reference):
    """What the loop is made of, as an estimator's parameters say."""
    return pieces(
        estimator.criterion,
        granularity=estimator.granularity,
        groups=estimator._groups,
        protected=protected_weights(estimator, network),
        retrain=_retrain_along(estimator),
        reference=reference,
        n_jobs=None if estimator.n_init > 1 else estimator.n_jobs,
    )


def _retrain_along(estimator):
    """When the survivors are trained while they are pruned.

    With `stopping` networks are trained when one of them is chosen, and "final" can wait until
    then; but the way to a network that evidence or BIC like is longer than the model bears.
    """
    if estimator._stopping is None or estimator._retrain != "final":
        return estimator._retrain
    return "always" if estimator._stopping in ("evidence", "bic") else "never"


def protected_weights(estimator, network):
    """Flat indices of the biases that are not deleted of their own.

    Those of the output units never are: without them the smallest network would predict the same
    for all classes, and not what most samples are.
    """
    if estimator.prune_intercepts:
        return network.output_intercepts
    return np.flatnonzero(network.is_intercept)


def _with_base_rates(start, state, recorder):
    """The network, or the best constant if it is none but a constant."""
    if not is_constant(start.goal.network, state.kept):
        return state
    w, _ = best_constant(start.objective, state.kept)
    state = replace(state, w=w, data_loss=start.goal.data_loss(w))
    recorder.snapshot(state)
    return state


def pieces(
    criterion="obs",
    *,
    granularity="weight",
    groups=None,
    protected=(),
    retrain="final",
    reference=None,
    n_jobs=None,
):
    """What the loop is made of, but for stop rule and recorder.

    Parameters
    ----------
    criterion, granularity, retrain, n_jobs :
        As of `OBSMLPClassifier`.
    groups : InputGroups, default=None
        Groups of inputs, with their costs.
    protected : ndarray of int
        Weights that are not deleted of their own.
    reference : Reference, default=None
        The network towards whose outputs pruning goes.

    Returns
    -------
    pieces : dict
        Arguments of `prune`, or of `prune_modified` for HS97's criterion.
    """
    criterion = as_criterion(criterion)
    made = {
        "candidates": _candidates(granularity, groups, protected),
        "retraining": retraining(retrain, reference is not None),
    }
    if isinstance(criterion, ModifiedOBS):
        damping = _damping(criterion, is_adapted=False)
        return made | {"constants": criterion, "damping": damping, "n_jobs": n_jobs}
    adapts = criterion.linearize == "auto"
    if adapts:
        stage = TrustRegion.STAGE_SHARE if retrain == "always" else None
        # A rise of the divergence matters beside what the reference is unsure of itself.
        unit = 0.0 if reference is None else reference.ceiling(1.0)
        made["trust"] = TrustRegion(stage, unit)
    else:
        made["trust"], made["last_resort"] = EveryK(criterion.linearize), LastResort(1)
    if isinstance(criterion, Magnitude):
        return made | {"criterion": criteria.Magnitude()}
    if isinstance(criterion, OBD):
        return made | {"criterion": criteria.OBD(granularity != "weight", n_jobs)}
    made["criterion"] = criteria.OBS(
        _CURVATURES[criterion.curvature],
        criterion.first_order,
        criteria.OBS.SMOOTHING if adapts else 0.0,
        n_jobs,
    )
    return made | {"damping": _damping(criterion, is_adapted=adapts or criterion.first_order)}


def _damping(criterion, is_adapted):
    """What is added to the diagonal of the curvature."""
    if criterion.damping != "auto":
        return FixedDamping(float(criterion.damping), is_relative=False)
    return AutoDamping() if is_adapted else FixedDamping()


def _candidates(granularity, groups, protected):
    """What a deletion is."""
    if granularity == "weight":
        return Weights(protected)
    if granularity == "unit":
        return Units()
    return Inputs() if groups is None else Inputs(_columns(groups), groups.costs)


def retraining(name, is_taught=False):
    """When the survivors are trained, and how: towards a reference by few, dear steps."""
    return _RETRAININGS[name](**{"train": train_by_curvature} if is_taught else {})


# ---- teaching signal and stop rules -----------------------------------------------------------


def teaching_signal(estimator):
    """Whether pruning goes by the outputs of the "reference" or by the "data"."""
    if estimator.teaching_signal != "auto":
        return estimator.teaching_signal
    # (Estimators that cross-validate have no such rules.)
    names = ("threshold", "max_saliency", "_stopping")
    by_data = (getattr(estimator, name, None) for name in names)
    is_modified = isinstance(as_criterion(estimator.criterion), ModifiedOBS)
    goes_by_data = is_modified or any(rule is not None for rule in by_data)
    return "data" if goes_by_data else "reference"


def looks_at_reference(estimator):
    """Whether the network before pruning is to teach ("taught"), to compare with, or neither."""
    if teaching_signal(estimator) == "reference":
        return "taught"
    return None if _max_divergence(estimator) is None else "compared"


def contenders(estimator, starts):
    """The starts to prune.

    Where each is compared with its own reference, not those that are worse than the best one by
    more than pruning may change: the smallest result would be that of the poorest network.
    """
    share = _max_divergence(estimator)
    if share is None:
        return starts
    losses = [_loss_of(start) for start in starts]
    best = int(np.argmin(losses))
    highest = losses[best] + starts[best].reference.ceiling(share)
    return [start for start, loss in zip(starts, losses) if loss <= highest]


def _allowed_share(estimator, starts):
    """The share of `max_divergence`, or None.

    Where nothing is said it is chosen in folds, for references whose decays are by the evidence:
    of others a minimum for fewer samples is another network.
    """
    share, best = _max_divergence(estimator), min(starts, key=_loss_of)
    is_open = not _has_rule(estimator) and looks_at_reference(estimator) == "taught"
    if not is_open or not hasattr(best.estimator, "log_evidence_") or not _bears_folds(best):
        return share
    objective = best.objective
    return choose_share(
        objective,
        best.w,
        best.kept,
        shuffled_folds(objective.targets),
        lambda reference: _pieces_of(estimator, objective.network, reference),
    )


def _loss_of(start):
    return start.objective.data_loss(start.w)


def _bears_folds(start):
    """Whether there are samples enough, and whole paths in folds are cheap."""
    objective, n_samples = start.objective, start.objective.X.shape[0]
    n_weights = len(start.kept)
    work = max(n_samples * objective.network.n_outputs, n_weights) * n_weights**2
    return n_samples >= _FEWEST_SAMPLES and work <= _MOST_WORK and objective.n_versions == 1


def stop_rules(estimator, starts):
    """The rule of each start, and the share of its uncertainty that it allows (or None).

    What the loss may rise by is counted from the best of them.
    """
    lowest = min(map(_loss_of, starts))
    ceilings, rules = [], []
    target = getattr(as_criterion(estimator.criterion), "_allowed_loss", None)
    threshold = _threshold(estimator, target)
    if threshold is not None:
        ceilings.append(lowest + starts[0].objective.allowed_rise(threshold))
    if target is not None:
        ceilings.append(_reachable(target, lowest))
    if estimator.max_saliency is not None:
        rules.append(MaxSaliency(estimator.max_saliency))
    if estimator.n_weights is not None:
        fewest = min(len(start.kept) for start in starts)
        rules.append(MinWeights(_count("n_weights", estimator.n_weights, fewest, "weights")))
    if estimator.n_inputs is not None:
        groups = _columns(estimator._groups)
        fewest = min(_connectivity(start).n_inputs(groups) for start in starts)
        rules.append(MinInputs(_count("n_inputs", estimator.n_inputs, fewest, "inputs"), groups))
    share = _allowed_share(estimator, starts)
    return [AnyOf(*_ceilings(start, ceilings, share), *rules) for start in starts], share


def _ceilings(start, max_losses, share):
    """How high loss and divergence may be; one of them is what pruning goes by."""
    for max_loss in max_losses:
        rule = (max_loss, "threshold")
        yield MaxOtherLoss(start.objective, *rule) if start.is_taught_by_it else MaxLoss(*rule)
    # (What a network says that is no better than a constant is not worth keeping to.)
    is_of_use = _loss_of(start) < start.objective.null_loss()
    if share is not None and is_of_use:
        rule = (start.reference.ceiling(share), "max_divergence")
        projection = start.reference.projection
        yield MaxLoss(*rule) if start.is_taught_by_it else MaxOtherLoss(projection, *rule)


def _has_rule(estimator):
    rules = (estimator.threshold, estimator.max_saliency, estimator.max_divergence)
    others = (estimator.n_weights, estimator.n_inputs, estimator._stopping)
    return any(rule is not None for rule in (*rules, *others))


def _max_divergence(estimator):
    """The allowed divergence, or None."""
    is_modified = isinstance(as_criterion(estimator.criterion), ModifiedOBS)
    if estimator.max_divergence is not None or _has_rule(estimator) or is_modified:
        return estimator.max_divergence
    return DEFAULT_MAX_DIVERGENCE


def _threshold(estimator, target):
    """The allowed fall of the explained deviance, or None."""
    is_modified = isinstance(as_criterion(estimator.criterion), ModifiedOBS)
    is_open = is_modified and target is None and not _has_rule(estimator)
    return DEFAULT_THRESHOLD if is_open else estimator.threshold


def _connectivity(start):
    """The connections of a start that are of use: what pruning begins with."""
    return useful_part(start.objective, start.w, start.kept).connectivity


def _columns(groups):
    """Lists of columns that stand or fall together, or None for each on its own."""
    return None if groups is None else list(groups.columns.values())


def _count(name, wanted, n_existing, what):
    """Number of weights or inputs to keep, from a number or a fraction."""
    if isinstance(wanted, Integral):
        if wanted > n_existing:
            raise ValueError(
                f"{name}={wanted} is more than the {n_existing} {what} of the network; "
                "give at most that number, or a fraction between 0 and 1."
            )
        return int(wanted)
    return round(wanted * n_existing)


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
