"""Penalties whose strength follows the loss: their constants, and training under them."""

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints

from .._descent import (
    TOLERANCE,
    DescentSettings,
    delete_and_train,
    descend,
    estimate_target_loss,
    small_weights,
    wide_class,
    zeros_in_box,
)
from .._penalties import FlatMinimumPenalty, WeightController, WeightEliminationPenalty
from .._warnings import warn_user

# HS97: initial weights are small, and the penalty is there from the start; a network that was
# trained first has saturated units, which are flat but not simple.
_INITIAL_SIZE = 0.1
_MOMENTUM = 0.9
# A full-batch step's size, root mean square over the weights.
_STEP = 1e-3
# HS97, of its stock market data: the strength rises by a tenth while the average loss is too high.
_APPROACH = 0.1
_FIRST_TRAINING_ITERATIONS = 200
_WEAK_WEIGHT = 0.1


class _AdaptivePenalty(BaseEstimator):
    """What the two penalties share; a `BaseEstimator` for its parameters only."""

    _parameter_constraints: dict = {
        "target_loss": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "delta_lambda": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, 1, closed="left")],
        "weight_bound": [Interval(Real, 0, None, closed="neither")],
        "revive_every": [Interval(Integral, 1, None, closed="left"), None],
        "revive_below": [Interval(Real, 0, None, closed="left")],
        "revive_range": [tuple],
        "prune": ["boolean"],
    }

    def _validate(self):
        """Raise an error that names the parameter with an invalid value."""
        validate_parameter_constraints(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
        sizes = self.revive_range
        are_numbers = len(sizes) == 2 and all(isinstance(size, Real) for size in sizes)
        if not (are_numbers and 0 <= sizes[0] <= sizes[1]):
            raise ValueError(
                f"revive_range must be a pair of sizes (low, high) with 0 <= low <= high, got "
                f"{sizes}."
            )


class FlatMinimum(_AdaptivePenalty):
    """Constants of Flat Minimum Search, the penalty of HS97.

    Passed as `penalty` to `PenalizedMLPClassifier` and `PenalizedMLPRegressor`, it makes them look
    for networks whose weights need little precision: small changes of the weights leave the
    outputs as they are. Such networks have few hidden units and generalise well. The string
    "flat_minimum" means these defaults. Prefer it to weight decay when patterns are few and noisy;
    it costs a multiple of plain training, in proportion to the number of outputs.

    Parameters
    ----------
    target_loss : float or "auto", default="auto"
        The mean training loss to be reached and not to be improved on (HS97's E_tol), in the
        units of `loss_`. "auto" estimates it from a first training without the penalty: the
        loss on held-out patterns, in five-fold cross-validation with early stopping.
    delta_lambda : float, default=0.02
        By how much the penalty's strength is raised or lowered after an epoch; raised by a tenth
        of it while the average loss is above the target. A strength of one makes the penalty's
        gradient as long as the loss'. If the loss is above the target after the last epoch,
        L-BFGS brings it there, without the penalty.
    gamma : float, default=0.85
        Weight of the past in the running average of the loss, from 0 to below 1.
    resolution : float, default=0.1
        Derivatives and activations much smaller than this count as this: the penalty, a sum of
        logarithms, then has no poles, and weights on the way to zero leave the field to the
        others. 0 is the penalty as published.
    min_gap : float, default=10
        A weight counts as pruned when its precision box is wider by this factor than those of the
        other class (HS97 saw factors of 1e2 to 1e5; saturated units that live have wide boxes,
        too), and the class can be deleted at a loss of at most 1.1 times `target_loss`.
    weight_bound : float, default=30.0
        Weights are kept within plus and minus this.
    revive_every : int or None, default=500_000
        Number of patterns seen after which lost units are brought back by giving their weights
        a small random size, the strength starting from zero again. None: never.
    revive_below : float, default=0.01
        Weights smaller than this are lost.
    revive_range : tuple of (float, float), default=(0.005, 0.01)
        Range of their new sizes; they keep their sign.
    prune : bool or "box", default=False
        Whether pruned weights are set to zero at the end, for good: estimators that start
        from this network take them as gone. True deletes the class of weights with wide boxes.
        "box" deletes the weights whose box contains zero, the box being as large as a loss of 1.1
        times `target_loss` allows, and then, training the others, those that are not worth
        their description: half the logarithm of the number of patterns. These may be weights of
        units that stay.

    See Also
    --------
    PenalizedMLPClassifier : Takes it as `penalty`.
    WeightElimination : A cheaper penalty, adapted in the same way.

    Notes
    -----
    A gradient of the penalty costs O(P c n) operations and O(c h) numbers a pattern, for P
    patterns, c outputs, n weights and h units: no Jacobian is stored. ReLU units have no second
    derivative: for them the penalty sees the slopes only.

    References
    ----------
    HS97: eq. 5 (the box), eq. 6 (the penalty), appendix (lost units, bounds and the other
    constants); `delta_lambda`, `resolution` and the estimate of `target_loss` are skprune's.

    Examples
    --------
    >>> from skprune import FlatMinimum, PenalizedMLPClassifier
    >>> from skprune.datasets import make_noisy_classification
    >>> X, y = make_noisy_classification(random_state=0)
    >>> model = PenalizedMLPClassifier(penalty=FlatMinimum(prune="box"), random_state=0)
    >>> model.fit(X, y).n_weights_, model.hidden_layer_sizes_
    (2, (1,))
    """

    _parameter_constraints: dict = {
        **_AdaptivePenalty._parameter_constraints,
        "prune": ["boolean", StrOptions({"box"})],
        "resolution": [Interval(Real, 0, None, closed="left")],
        "min_gap": [Interval(Real, 1, None, closed="neither")],
    }

    def __init__(
        self,
        target_loss="auto",
        *,
        delta_lambda=0.02,
        gamma=0.85,
        resolution=0.1,
        min_gap=10.0,
        weight_bound=30.0,
        revive_every=500_000,
        revive_below=0.01,
        revive_range=(0.005, 0.01),
        prune=False,
    ):
        self.target_loss = target_loss
        self.delta_lambda = delta_lambda
        self.gamma = gamma
        self.resolution = resolution
        self.min_gap = min_gap
        self.weight_bound = weight_bound
        self.revive_every = revive_every
        self.revive_below = revive_below
        self.revive_range = revive_range
        self.prune = prune

    def _make(self, network, kept):
        """The penalty as a function of the weights."""
        return FlatMinimumPenalty(network, kept, self.resolution)

    def _find_pruned(self, objective, w, kept, log_edges, ceiling):
        """Which of the weights ``kept`` count as pruned."""
        if self.prune == "box":
            return zeros_in_box(objective, w, kept, log_edges[kept], ceiling=ceiling)
        return wide_class(
            objective, w, kept, log_edges[kept], min_gap=self.min_gap, ceiling=ceiling
        )

    def _shrink(self, objective, w, kept, ceiling):
        """Weights, and those that are left, after deletions with training between them."""
        if self.prune != "box":
            return w, kept
        return delete_and_train(objective, w, kept, ceiling=ceiling, weight_bound=self.weight_bound)


class WeightElimination(_AdaptivePenalty):
    """Constants of weight elimination, with the strength adapted to the loss.

    Passed as `penalty` to `PenalizedMLPClassifier` and `PenalizedMLPRegressor`, it adds
    ``sum (w / w0)^2 / (1 + (w / w0)^2)`` to the loss, about the number of weights larger than
    `w0`: small weights are driven to zero, large ones hardly feel it. The string
    "weight_elimination" means these defaults. It is cheap; `FlatMinimum` prunes whole
    hidden units more reliably.

    Parameters
    ----------
    target_loss : float or "auto", default="auto"
        The mean training loss to be reached and not to be improved on, in the units of `loss_`.
        "auto" estimates it from a first training without the penalty: the loss on held-out
        patterns, in five-fold cross-validation with early stopping.
    w0 : float, default=1.0
        Size from which a weight counts as large.
    delta_lambda : float, default=0.02
        By how much the penalty's strength is raised or lowered after an epoch; raised by a tenth
        of it while the average loss is above the target. A strength of one makes the penalty's
        gradient as long as the loss'. If the loss is above the target after the last epoch,
        L-BFGS brings it there, without the penalty.
    gamma : float, default=0.85
        Weight of the past in the running average of the loss, from 0 to below 1.
    weight_bound : float, default=30.0
        Weights are kept within plus and minus this.
    revive_every : int or None, default=500_000
        Number of patterns seen after which lost units are brought back by giving their weights
        a small random size, the strength starting from zero again. None: never.
    revive_below : float, default=0.01
        Weights smaller than this are lost.
    revive_range : tuple of (float, float), default=(0.005, 0.01)
        Range of their new sizes; they keep their sign.
    prune : bool, default=False
        Whether pruned weights are set to zero at the end, for good: estimators that start from
        this network take them as gone. These are the weights below a tenth of `w0`, the smallest
        first, as many as can be deleted at a loss of at most 1.1 times `target_loss`.

    See Also
    --------
    PenalizedMLPClassifier : Takes it as `penalty`.
    FlatMinimum : Penalises the precision that weights need.

    Notes
    -----
    Time and memory of the penalty's gradient are O(n) for n weights, whatever the data.

    References
    ----------
    Weigend, Rumelhart & Huberman, "Generalization by weight-elimination with application to
    forecasting", NIPS 3, 1991; HS97 compares with it.

    Examples
    --------
    >>> from skprune import PenalizedMLPClassifier, WeightElimination
    >>> from skprune.datasets import make_noisy_classification
    >>> X, y = make_noisy_classification(random_state=0)
    >>> penalty = WeightElimination(w0=0.5, prune=True)
    >>> model = PenalizedMLPClassifier(penalty=penalty, random_state=0).fit(X, y)
    >>> model.n_weights_ < 41
    True
    """

    _parameter_constraints: dict = {
        **_AdaptivePenalty._parameter_constraints,
        "w0": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        target_loss="auto",
        *,
        w0=1.0,
        delta_lambda=0.02,
        gamma=0.85,
        weight_bound=30.0,
        revive_every=500_000,
        revive_below=0.01,
        revive_range=(0.005, 0.01),
        prune=False,
    ):
        self.target_loss = target_loss
        self.w0 = w0
        self.delta_lambda = delta_lambda
        self.gamma = gamma
        self.weight_bound = weight_bound
        self.revive_every = revive_every
        self.revive_below = revive_below
        self.revive_range = revive_range
        self.prune = prune

    def _make(self, network, kept):
        """The penalty as a function of the weights."""
        return WeightEliminationPenalty(network, kept, self.w0)

    def _find_pruned(self, objective, w, kept, log_edges, ceiling):
        """Which of the weights ``kept`` count as pruned."""
        return small_weights(objective, w, kept, size=_WEAK_WEIGHT * self.w0, ceiling=ceiling)

    def _shrink(self, objective, w, kept, ceiling):
        """No more deletions."""
        return w, kept


ADAPTIVE_PENALTIES = {"flat_minimum": FlatMinimum, "weight_elimination": WeightElimination}


@dataclass
class AdaptiveTraining:
    """A network trained under an adaptive penalty."""

    weights: np.ndarray
    log_edges: np.ndarray
    is_pruned: np.ndarray
    target_loss: float
    loss: float
    loss_before_pruning: float
    losses: list
    strengths: list


def train_adaptively(setting, objective, starts, kept, estimator, random_state, on_epoch):
    """Train under a penalty whose strength follows the loss.

    Parameters
    ----------
    setting : FlatMinimum or WeightElimination
    objective : Objective
    starts : pair of ndarray of shape (n_weights,)
        Where the trainings start that estimate the desired loss, which must not know the data
        yet, and where the search starts: None for small random weights.
    kept : ndarray of int
        Flat indices of the weights that exist.
    estimator : PenalizedMLPClassifier or PenalizedMLPRegressor
        Its `solver`, `max_iter`, `tol`, `batch_size` and `learning_rate` are used.
    random_state : RandomState
    on_epoch : callable

    Returns
    -------
    AdaptiveTraining
    """
    setting._validate()
    network = objective.network
    target_loss, (start, first) = setting.target_loss, starts
    if target_loss == "auto":
        target_loss = estimate_target_loss(
            objective,
            start,
            kept,
            random_state,
            max_iter=_FIRST_TRAINING_ITERATIONS,
            tol=estimator.tol,
        )
    if first is None:
        first = np.zeros(network.n_weights)
        first[kept] = random_state.uniform(-_INITIAL_SIZE, _INITIAL_SIZE, len(kept))
    controller = WeightController(target_loss, setting.delta_lambda, setting.gamma, _APPROACH)
    result = descend(
        objective,
        setting._make(network, kept),
        controller,
        first,
        kept,
        _settings(setting, estimator),
        random_state,
        on_epoch,
    )
    if not result.within_target:
        _warn_about_target(result, target_loss, objective)
    return _finish(setting, objective, kept, target_loss, result)


def _settings(setting, estimator):
    """How to descend: all patterns with momentum, or HS97's steps."""
    constants = {
        "max_iter": estimator.max_iter,
        "weight_bound": setting.weight_bound,
        "revive_every": setting.revive_every,
        "revive_below": setting.revive_below,
        "revive_range": setting.revive_range,
    }
    if estimator.solver == "lbfgs":
        return DescentSettings(
            learning_rate=_STEP, momentum=_MOMENTUM, even_steps=True, **constants
        )
    return DescentSettings(
        learning_rate=estimator.learning_rate, batch_size=estimator.batch_size, **constants
    )


def _finish(setting, objective, kept, target_loss, result):
    """Find the pruned weights, and delete them when asked to."""
    network, w = objective.network, result.weights
    box = FlatMinimumPenalty(network, kept)
    log_edges = box.log_edges(w, objective.X, objective.weights)
    is_pruned = np.zeros(network.n_weights, dtype=bool)
    loss = before = objective.data_loss(w)
    ceiling = max(TOLERANCE * target_loss, before)
    is_pruned[kept] = setting._find_pruned(objective, w, kept, log_edges, ceiling)
    if setting.prune:
        w = np.where(is_pruned, 0.0, w)
        left = kept[~is_pruned[kept]]
        w, left = setting._shrink(objective, w, left, ceiling)
        is_pruned[kept] = ~np.isin(kept, left)
        loss = objective.data_loss(w)
    return AdaptiveTraining(
        w, log_edges, is_pruned, target_loss, loss, before, result.losses, result.strengths
    )


def _warn_about_target(result, target_loss, objective):
    if not np.isfinite(result.loss):
        raise ValueError(
            "Training ended with a loss that is not finite: the inputs or targets are too large. "
            "Scale them (StandardScaler) first."
        )
    warn_user(
        f"The loss never reached target_loss={target_loss:.4g} in {len(result.losses)} epochs: the "
        f"lowest is {result.loss:.4g} ({result.loss - target_loss:.2g} above; a constant has "
        f"{objective.null_loss():.4g}). The network with the lowest loss is kept. Raise "
        "target_loss (it may be below the noise of the data) or max_iter, or scale the data.",
        ConvergenceWarning,
    )
