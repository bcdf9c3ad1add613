"""From an estimator's parameters to the objects that prune."""

from functools import partial
from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..._estimator.warnings import warn_user
from ..._modified_obs import ModifiedPruner
from ..._pruning import Pruner
from .._parameters.modified_obs import modified_obs
from .._progress import PruningProgress
from .starts import Pruned

DEFAULT_THRESHOLD = 0.01


def _grouping(groups):
    """What a `Pruner` is told of groups of inputs."""
    if groups is None:
        return {}
    return {"input_groups": list(groups.columns.values()), "input_costs": groups.costs}


def count(n_weights, n_existing):
    """Number of weights to keep, from a number or a fraction."""
    if isinstance(n_weights, Integral):
        if n_weights > n_existing:
            raise ValueError(
                f"n_weights={n_weights} is more than the {n_existing} weights of the network; "
                "give at most that number, or a fraction between 0 and 1."
            )
        return int(n_weights)
    return round(n_weights * n_existing)


def reachable(allowed, reached):
    """The loss that a target allows, or what the trained networks have if that is higher."""
    if reached > allowed:
        warn_user(
            f"target_loss of ModifiedOBS allows a loss of {allowed:.4g}, but the trained network "
            f"has {reached:.4g}: nothing can be deleted that raises it. Raise target_loss, or "
            "train further (max_iter or hidden_layer_sizes of the estimator).",
            ConvergenceWarning,
        )
    return max(allowed, reached)


def prune_start(pruning, start, rule, task):
    """Prune one start."""
    task.call_on_fit_task_begin(estimator=pruning)
    network, modified = start.objective.network, modified_obs(pruning.criterion)
    is_modified = modified is not None
    make = partial(ModifiedPruner, constants=modified) if is_modified else Pruner
    pruner = make(
        start.objective,
        start.w,
        start.kept,
        rule=rule,
        criterion="obs" if is_modified else pruning.criterion,
        granularity=pruning.granularity,
        **_grouping(pruning._groups),
        protected=() if pruning.prune_intercepts else np.flatnonzero(network.is_intercept),
        linearize=pruning.linearize,
        first_order=pruning.first_order,
        retrain="never" if pruning.stopping and pruning.retrain == "final" else pruning.retrain,
        damping=pruning.damping,
        curvature=pruning.curvature,
        n_jobs=None if pruning.n_init > 1 else pruning.n_jobs,
        on_deletions=PruningProgress(pruning, task),
    ).prune()
    task.call_on_fit_task_end(estimator=pruning)
    return Pruned(
        start=start,
        w=pruner.w,
        kept=pruner.kept,
        loss=start.objective.value(pruner.w),
        data_loss=pruner.loss,
        path=pruner.path,
        counts={
            "n_linearizations_": pruner.n_linearizations,
            "n_retrainings_": pruner.n_retrainings,
            "stopped_by_": pruner.stopped_by,
        },
    )
