"""Rounded and exchanged copies of a fitted pruned network."""

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from ..._estimator.class_weight import weights_by_class
from ..._estimator.warnings import warn_user
from ..._fitted.loss import evaluation_objective
from ..._fitted.reading import decay_of, read_network
from ..._fitted.targets import check_network_data, encode_targets
from ..._pruning.projection import Projection
from ..._refining.exchange import Swapper
from ..._refining.grids import Decimals, Levels
from ..._refining.rounding import Rounder
from .plan import protected_weights

_DEFAULT_THRESHOLD = 0.01


# So much larger is no loss on samples like those of the training.
_WORSE = 1.1


_ROUNDING_CONSTRAINTS = {
    # Doubles of common sizes have some 16 digits; far powers of ten overflow.
    "decimals": [Interval(Integral, -20, 20, closed="both"), None],
    "levels": [Interval(Integral, 1, None, closed="left"), None],
    "threshold": [Interval(Real, 0, 1, closed="both"), None],
}


def rounded_copy(estimator, X, y, sample_weight, decimals, levels, threshold):
    """See `OBSMLPClassifier.round_weights`."""
    check_is_fitted(estimator)
    threshold = _checked(estimator, decimals, levels, threshold)
    objective = objective_of(estimator, X, y, sample_weight)
    w, kept = flat_weights(estimator)
    grid = Decimals(decimals) if levels is None else Levels.among(w[kept], levels)
    max_loss, trained = np.inf, objective.for_training()
    if threshold is not None:
        max_loss = trained.data_loss(w) + trained.allowed_rise(threshold)
    # One that was pruned towards a reference is no minimum for the data: its own outputs teach.
    taught = trained if estimator.n_effective_ is None else Projection(trained, w)
    rounder = Rounder(taught, w, kept, grid, judge=trained, n_jobs=estimator.n_jobs)
    rounder.round(max_loss)
    if len(rounder.free):
        warn_user(
            f"{len(rounder.free)} of {len(kept)} weights keep their digits, as rounding them would "
            f"lower the explained deviance by more than threshold={threshold}. Use more decimals "
            "or levels, or a larger threshold (None: no limit).",
            UserWarning,
        )
    return with_network(estimator, objective, rounder.kept, rounder.w)


def _checked(estimator, decimals, levels, threshold):
    """The allowed fall of explained deviance, after a look at all the parameters."""
    if (decimals is None) == (levels is None):
        raise ValueError(
            f"round_weights needs decimals or levels, one of them; got decimals={decimals} and "
            f"levels={levels}."
        )
    if isinstance(threshold, str) and threshold == "auto":
        threshold = getattr(estimator, "threshold", None)
        threshold = threshold if isinstance(threshold, Real) else _DEFAULT_THRESHOLD
    validate_parameter_constraints(
        _ROUNDING_CONSTRAINTS,
        {"decimals": decimals, "levels": levels, "threshold": threshold},
        "round_weights",
    )
    return threshold


def objective_of(estimator, X, y, sample_weight):
    """The loss that the network was pruned for, on given samples."""
    X, y, sample_weight = check_network_data(estimator, X, y, sample_weight, reset=False)
    class_weight = getattr(estimator, "class_weight", None)
    sample_weight = weights_by_class(class_weight, y, sample_weight)
    network = estimator._network
    targets = encode_targets(estimator, y, network)
    alpha = decay_of(estimator, network)
    objective = evaluation_objective(estimator, network, X, targets, sample_weight, alpha)
    _warn_of_other_samples(objective, flat_weights(estimator)[0], getattr(estimator, "loss_", 0.0))
    return objective


def _warn_of_other_samples(objective, w, known_loss):
    """Warn where the network is worse than it was, and than a constant: on other inputs."""
    loss, null_loss = objective.data_loss(w), objective.null_loss()
    if loss > _WORSE * max(null_loss, known_loss) > 0:
        warn_user(
            f"The network's loss on these samples is {loss:.3g}, that of a constant "
            f"{null_loss:.3g}: they are not like those it was trained on. Pass the training "
            "samples as the network sees them; of a pipeline, pipeline[:-1].transform(X).",
            UserWarning,
        )


def flat_weights(estimator):
    """The pruned network's flat weights, and the indices of those that exist."""
    network, dense = estimator._network, copy.copy(estimator).densify()
    masks = dense.coef_masks_, dense.intercept_masks_, dense.direct_mask_
    weights = dense.coefs_, dense.intercepts_, dense.direct_coef_
    return network.pack(*weights), np.flatnonzero(network.pack(*masks, dtype=bool))


def with_network(estimator, objective, kept, w):
    """A fitted copy of the estimator with another network of the same architecture."""
    other = copy.copy(estimator)
    other._set_pruned(kept, w)
    vars(other).pop("best_estimator_", None)
    other.loss_ = objective.value(w)
    other.feature_importances_ = other._importances(objective, w)
    return other


_EXCHANGE_CONSTRAINTS = {
    "max_swaps": [Interval(Integral, 0, None, closed="left"), None],
    "tol": [Interval(Real, 0, None, closed="neither")],
}


def swapped_copy(estimator, X, y, sample_weight, max_swaps, tol):
    """See `OBSMLPClassifier.swap_weights`."""
    check_is_fitted(estimator)
    parameters = {"max_swaps": max_swaps, "tol": tol}
    validate_parameter_constraints(_EXCHANGE_CONSTRAINTS, parameters, "swap_weights")
    if estimator.granularity != "weight":
        raise ValueError(
            "swap_weights exchanges single weights, which would undo what "
            f"granularity={estimator.granularity!r} has deleted whole; prune with "
            "granularity='weight' to swap."
        )
    objective = objective_of(estimator, X, y, sample_weight)
    w, kept = flat_weights(estimator)
    _, _, available, _ = read_network(estimator.estimator_)
    swapper = Swapper(
        objective.for_training(),
        w,
        kept,
        available,
        protected=protected_weights(estimator, objective.network),
        n_jobs=estimator.n_jobs,
    ).swap(np.inf if max_swaps is None else max_swaps, objective.allowed_rise(tol))
    estimator = with_network(estimator, objective, swapper.kept, swapper.w)
    estimator.n_swaps_ = swapper.n_swaps
    return estimator
