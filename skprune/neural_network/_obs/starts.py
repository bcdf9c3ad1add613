"""The networks to prune: trained from several starts, or read as they are."""

import threading
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import has_fit_parameter

from ..._estimator.warnings import warn_user
from ..._fitted.frozen import is_frozen, unwrapped_name
from ..._fitted.loss import evaluation_objective
from ..._fitted.reading import read_network
from ..._network import Objective
from ..._pruning.path import PruningPath
from .._trainer import warn_about_scale


@dataclass
class _Start:
    """One trained network and the loss it was trained for."""

    estimator: object
    objective: Objective
    alpha: float | np.ndarray
    w: np.ndarray
    kept: np.ndarray

    @property
    def data_loss(self):
        return self.objective.data_loss(self.w)


@dataclass
class Pruned:
    """What is left of a start."""

    start: _Start
    w: np.ndarray
    kept: np.ndarray
    loss: float
    data_loss: float
    path: PruningPath
    counts: dict


def train_start(estimator, X, y, encode, sample_weight):
    """Train one start (unless it is frozen) and read its network."""
    if not is_frozen(estimator):
        estimator = _train(estimator, X, y, sample_weight)
    elif _was_cut_short(estimator):
        _warn_not_converged(estimator)
    network, w, kept, alpha = read_network(estimator)
    if isinstance(estimator, (MLPClassifier, MLPRegressor)):  # skprune's own tell by themselves
        warn_about_scale(X, network.layer_sizes[1:-1], sample_weight)
    objective = evaluation_objective(estimator, network, X, encode(network), sample_weight, alpha)
    start = _Start(estimator, objective, alpha, w, kept)
    if not np.isfinite(start.data_loss):
        raise ValueError(
            f"The loss of {unwrapped_name(estimator)} on the training data is "
            f"{start.data_loss}: its "
            "weights or the inputs are too large. Scale the inputs (StandardScaler) or raise its "
            "alpha."
        )
    return start


def _was_cut_short(estimator):
    """Whether training ended before a minimum, as far as the estimator's parameters tell."""
    if hasattr(estimator, "lambda_curve_"):
        # (Under a penalty that adapts its strength, training always takes all its epochs.)
        return False
    took_all = getattr(estimator, "n_iter_", 0) >= (getattr(estimator, "max_iter", None) or np.inf)
    return took_all or _stops_early(estimator)


def _stops_early(estimator):
    """Whether it ends when held-out samples say so (scikit-learn's L-BFGS has no such thing)."""
    is_stochastic = getattr(estimator, "solver", "lbfgs") != "lbfgs"
    return is_stochastic and getattr(estimator, "early_stopping", False)


def _train(estimator, X, y, sample_weight):
    """Fit an estimator; where it tells that it did not converge, our warning says so, too."""
    fit_params = {}
    if sample_weight is not None:
        if not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(
                f"{type(estimator).__name__} does not accept sample_weight; use an estimator "
                "that does, or leave sample_weight out."
            )
        fit_params["sample_weight"] = sample_weight
    if threading.current_thread() is not threading.main_thread():
        # What records warnings is the whole process': of several threads they would get lost.
        estimator.fit(X, y, **fit_params)
        if _was_cut_short(estimator):
            _warn_not_converged(estimator)
        return estimator
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(X, y, **fit_params)
    told = [warning for warning in caught if issubclass(warning.category, ConvergenceWarning)]
    if told or _stops_early(estimator):
        _warn_not_converged(estimator, *(str(warning.message) for warning in told[:1]))
    for warning in caught:
        if warning not in told:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return estimator


def _warn_not_converged(estimator, its_words="Raise its max_iter, or turn early_stopping off."):
    warn_user(
        f"{unwrapped_name(estimator)} did not converge. Optimal "
        "Brain Surgeon assumes a minimum of the training loss; first_order=True (the default) "
        "takes the remaining gradient into account and keeps the result valid. "
        f"{unwrapped_name(estimator)}: {its_words}",
        ConvergenceWarning,
    )
