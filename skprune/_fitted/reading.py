"""From an estimator's public attributes to its network, weights and decay."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._network import Network, layer_sizes_of
from .._numerics.arrays import dense_all, dense_or_none
from .frozen import is_frozen, unwrap_frozen, unwrapped_name


def read_network(estimator):
    """The network that a fitted estimator holds, through its public attributes.

    Returns
    -------
    network : Network
    w : ndarray
        Flat weights.
    kept : ndarray of int
        Flat indices of the weights that exist.
    alpha : float
        Weight decay in scikit-learn's convention.

    Raises
    ------
    NotFittedError, ValueError
        With the reason and the cure.
    """
    refuse_non_networks(estimator)
    name = unwrapped_name(estimator)
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise NotFittedError(
            f"The frozen {name} is not fitted yet; fit it before it is frozen, or pass it without "
            "FrozenEstimator to have it trained."
        ) from None
    if hasattr(estimator, "lateral_coef_"):
        raise _cascade_error(name)
    if not hasattr(estimator, "coefs_"):
        raise _no_network_error(estimator)
    coefs = dense_all(estimator.coefs_)
    intercepts = [np.asarray(intercept) for intercept in estimator.intercepts_]
    direct_coef = dense_or_none(getattr(estimator, "direct_coef_", None))
    has_direct = direct_coef is not None
    parts = (*coefs, *intercepts, *([direct_coef] if has_direct else []))
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError(f"The weights of {name} are not finite; scale its inputs and train again.")
    network = Network(
        layer_sizes_of(coefs, intercepts, name, direct_coef),
        activations_of(estimator, len(coefs)),
        _loss_of(estimator),
        has_direct,
    )
    exists = _existing_weights(estimator, network)
    alpha = getattr(estimator, "alpha_", None)
    alpha = getattr(estimator, "alpha", 0.0) if alpha is None else alpha
    w = network.pack(coefs, intercepts, direct_coef)
    return network, w, np.flatnonzero(exists), float(alpha)


def activations_of(estimator, n_layers):
    """Each layer's activation, the output's last."""
    if hasattr(estimator, "activations_"):
        return tuple(estimator.activations_)
    return (*[estimator.activation] * (n_layers - 1), estimator.out_activation_)


def _loss_of(estimator):
    if hasattr(estimator, "loss_function_"):
        return estimator.loss_function_
    return "log_loss" if is_classifier(estimator) else estimator.loss


def _existing_weights(estimator, network):
    masks = getattr(estimator, "coef_masks_", None)
    if masks is not None:
        direct_mask = dense_or_none(getattr(estimator, "direct_mask_", None))
        return network.pack(dense_all(masks), estimator.intercept_masks_, direct_mask, dtype=bool)
    if getattr(estimator, "fit_intercept", True):
        return np.ones(network.n_weights, dtype=bool)
    return ~network.is_intercept


def check_frozen_inputs(estimator, frozen, X):
    """Raise if a frozen network was trained on other columns than X."""
    n_inputs = read_network(frozen)[0].layer_sizes[0]
    if n_inputs != X.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} features, but the frozen estimator was trained on "
            f"{n_inputs}; pass the columns that it was trained on."
        )
    trained_on = getattr(frozen, "feature_names_in_", None)
    names = getattr(estimator, "feature_names_in_", None)
    if trained_on is not None and names is not None and list(trained_on) != list(names):
        raise ValueError(
            f"The columns of X are {list(names)}, but the frozen estimator was trained on "
            f"{list(trained_on)}; pass the same columns in the same order."
        )


def refuse_non_networks(estimator):
    """Raise if it is known of an estimator, trained or not, that it holds no layered network.

    Classes of scikit-learn and skprune are known; `read_network` tells of others once trained.
    """
    given = unwrap_frozen(estimator)
    if isinstance(given, Pipeline):
        raise ValueError(
            "A Pipeline cannot be pruned as a whole; put the pruning estimator last in the "
            "pipeline: make_pipeline(StandardScaler(), OBSMLPClassifier(MLPClassifier()))."
        )
    if hasattr(given, "_will_be_layered"):
        if not is_frozen(estimator) and not given._will_be_layered():
            raise _cascade_error(type(given).__name__)
    elif not isinstance(given, (MLPClassifier, MLPRegressor)) and _is_known(given):
        raise _no_network_error(given)


def _is_known(estimator):
    return type(estimator).__module__.partition(".")[0] in ("sklearn", "skprune")


def is_search(estimator):
    """Whether an estimator, trained or not, looks for the best of several models."""
    return hasattr(unwrap_frozen(estimator), "estimator") and hasattr(
        unwrap_frozen(estimator), "refit"
    )


def _no_network_error(estimator):
    return ValueError(
        f"{unwrapped_name(estimator)} holds no network (it has no coefs_ and intercepts_); use "
        + ("its best_estimator_, in a FrozenEstimator, or " if is_search(estimator) else "")
        + "scikit-learn's MLPClassifier or MLPRegressor, or a network estimator of skprune."
    )


def _cascade_error(name):
    return ValueError(
        f"{name} is a cascade, whose units see units of their own layer: an end "
        "product that cannot be pruned as a layered network."
    )
