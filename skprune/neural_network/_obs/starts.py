"""The networks to prune: trained from several starts, or read as they are."""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import has_fit_parameter

from ..._estimator.warnings import warn_user
from ..._fitted.frozen import is_frozen, unwrapped_name
from ..._fitted.loss import evaluation_objective
from ..._fitted.reading import read_network
from ..._network import Objective
from ..._numerics.threads import one_blas_thread
from ..._pruning.path import PruningPath
from ..._pruning.projection import Reference, reference_of
from .._trainer import training_threads, warn_about_scale


@dataclass
class _Start:
    """One trained network and the loss it was trained for.

    Attributes
    ----------
    alphas : dict or None
        Decays by the name of their group, where they are not those that it was trained with.
    reference : Reference or None
        The network as what others are compared with, where predictions are to be kept.
    is_taught_by_it : bool
        Whether its outputs take the place of the targets while it is pruned.
    """

    estimator: object
    objective: Objective
    alpha: float | np.ndarray
    w: np.ndarray
    kept: np.ndarray
    alphas: dict | None = None
    reference: Reference | None = None
    is_taught_by_it: bool = False

    @property
    def data_loss(self):
        """Without weight decay, as pruning counts it."""
        return self.goal.data_loss(self.w)

    def on(self, objective):
        """The same network with the loss on other samples."""
        reference = self.reference and reference_of(objective, self.w, self.kept)
        return replace(self, objective=objective, reference=reference)

    @property
    def goal(self):
        """What pruning and retraining minimise."""
        return self.reference.projection if self.is_taught_by_it else self.objective

    @property
    def loss_unit(self):
        """What losses of the path are multiplied by for users: divergences are told in nats."""
        return self.reference.nats if self.is_taught_by_it else 1.0


@dataclass
class Pruned:
    """What is left of a start.

    Attributes
    ----------
    stop : StopRule
        By which it was pruned.
    loss, data_loss : float
        Of the training data, with weight decay and without.
    """

    start: _Start
    stop: object
    w: np.ndarray
    kept: np.ndarray
    loss: float
    data_loss: float
    path: PruningPath
    counts: dict


def pruned_start(start, w, kept, **others):
    """A start's network after pruning, with its losses."""
    data_loss = start.objective.data_loss(w)
    loss = data_loss + start.objective.penalty(w)
    return Pruned(start=start, w=w, kept=kept, loss=loss, data_loss=data_loss, **others)


@one_blas_thread()
def train_start(estimator, X, y, encode, sample_weight, reference=None):
    """Train one start (unless it is frozen) and read its network.

    Parameters
    ----------
    estimator : estimator
    X, y, encode, sample_weight :
        The data, and what makes targets of a network's outputs of y.
    reference : {"taught", "compared"} or None
        Whether the network is looked at as a reference: to teach, or to be compared with.
    """
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
    if reference is not None:
        start.reference = reference_of(objective, w, kept)
        start.is_taught_by_it = reference == "taught"
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
    """Fit an estimator; where it did not converge, a warning says what that means for pruning."""
    fit_params = {}
    if sample_weight is not None:
        if not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(
                f"{type(estimator).__name__} does not accept sample_weight; use an estimator "
                "that does, or leave sample_weight and class_weight out."
            )
        fit_params["sample_weight"] = sample_weight
    # (Its own warnings are left alone: what would record them is the whole process', and of several
    # fits in threads they would get lost.)
    with training_threads(estimator, X):
        estimator.fit(X, y, **fit_params)
    if _was_cut_short(estimator):
        _warn_not_converged(estimator)
    return estimator


def _warn_not_converged(estimator):
    warn_user(
        f"{unwrapped_name(estimator)} did not converge. Optimal "
        "Brain Surgeon assumes a minimum of the training loss; its first-order term (the default) "
        "takes the remaining gradient into account and keeps the result valid. "
        "Raise its max_iter, or turn early_stopping off.",
        ConvergenceWarning,
    )
