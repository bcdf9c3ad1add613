"""Selection of inputs by the sensitivity of a network to gates on them."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval, Options, RealNotInt, StrOptions
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import (
    check_is_fitted,
    has_fit_parameter,
)

from .._estimator.compat import CallbackSupportMixin, check_sample_weight, with_callbacks
from .._estimator.data import checked
from .._estimator.ranges import check_size
from .._estimator.transaction import all_or_nothing
from .._estimator.version import VersionMixin
from .._fitted.frozen import unwrap_frozen
from .._fitted.loss import FittedLoss
from .._fitted.reading import check_frozen_inputs, is_search, refuse_non_networks
from .._fitted.view import split_pipeline
from .._numerics.threads import one_blas_thread
from ..neural_network import PenalizedMLPClassifier, PenalizedMLPRegressor
from ..neural_network._trainer import training_threads

_MOST_FLOAT_CLASSES = 20


class GateSensitivitySelector(
    CallbackSupportMixin, SelectorMixin, MetaEstimatorMixin, VersionMixin, BaseEstimator
):
    """Keep the inputs that a network relies on most.

    Trains a network on all inputs, or takes a trained one, and ranks the inputs by the curvature
    of its loss in a gate on each (WJ92). One training serves for any number of inputs. Use it to
    find the few that matter among many, before a model of any kind; use
    :class:`~skprune.OBSMLPClassifier` with ``granularity="input"`` when inputs duplicate one
    another, which a ranking of single inputs cannot see.

    Parameters
    ----------
    estimator : estimator, default=None
        The network: None trains a `PenalizedMLPClassifier`, or a `PenalizedMLPRegressor` for
        continuous targets and for several columns that are no label indicators. One column of
        whole numbers is taken as classes, unless they are floats of more than 20 values, and of
        more values than there are samples of each on average: for other counts, pass
        ``PenalizedMLPRegressor()``, for so many classes integers. A network estimator of skprune
        or scikit-learn is cloned and trained; a `FrozenEstimator` around a fitted one is taken as
        it is.
    n_features_to_select : int, float or None, default=None
        How many inputs to keep, or which fraction of them; None leaves it to `threshold`.
    threshold : {"mean"} or float in [0, 1], default="mean"
        Least share of the summed sensitivities that an input must have to be kept; "mean" is one
        over the number of inputs. The first in the ranking is always kept. Not used when
        `n_features_to_select` is given.
    order : {1, 2}, default=2
        2 ranks by the curvature of the network's loss, 1 by the slope of its absolute error
        (skeletonization, Mozer & Smolensky 1989).
    exact : bool, default=True
        With `order=2`: the exact second derivative, or the Gauss-Newton approximation.
    random_state : int, RandomState instance or None, default=None
        Draws the initial weights of a network that has no `random_state` of its own.

    Attributes
    ----------
    estimator_ : estimator
        The trained network.
    sensitivities_ : ndarray of shape (`n_features_in_`,)
        Sensitivity of the network to each input, see :func:`~skprune.inspection.gate_sensitivity`.
    feature_importances_ : ndarray of shape (`n_features_in_`,)
        The same as shares of their sum, negative ones counting as zero.
    ranking_ : ndarray of shape (`n_features_in_`,)
        1 for the input of highest sensitivity, 2 for the next, and so on.
    support_ : ndarray of shape (`n_features_in_`,)
        True for the inputs that are kept.
    n_features_ : int
        Number of inputs that are kept.
    n_features_in_ : int
        Number of inputs seen during fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the inputs, when all are strings.

    See Also
    --------
    skprune.inspection.gate_sensitivity : The ranking alone.
    skprune.OBSMLPClassifier : Prunes inputs jointly, with retraining.

    Notes
    -----
    Closing a gate sets an input to zero: scale the inputs (`StandardScaler`), so that zero means
    "average". For P samples, p inputs, c outputs and h hidden units of one layer the ranking costs
    O(P (c + 1) h p) after the training, in memory bounded by `working_memory`.

    References
    ----------
    WJ92 (gates on inputs).

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import GateSensitivitySelector
    >>> X = np.random.default_rng(0).normal(size=(200, 6))
    >>> y = np.tanh(2 * X[:, 0]) + X[:, 1] * X[:, 4]
    >>> selector = GateSensitivitySelector(n_features_to_select=3, random_state=0).fit(X, y)
    >>> selector.get_support(indices=True)
    array([0, 1, 4])
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_features_to_select": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            None,
        ],
        "threshold": [StrOptions({"mean"}), Interval(Real, 0, 1, closed="both")],
        "order": [Options(Integral, {1, 2})],
        "exact": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        n_features_to_select=None,
        threshold="mean",
        order=2,
        exact=True,
        random_state=None,
    ):
        self.estimator = estimator
        self.n_features_to_select = n_features_to_select
        self.threshold = threshold
        self.order = order
        self.exact = exact
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Train the network (unless it is frozen) and rank the inputs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: values, class labels or a label indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, in training and in ranking, none of them negative and not
            all zero.

        Returns
        -------
        self : object
            The fitted selector.

        Raises
        ------
        ValueError
            If `n_features_to_select` is more than there are, `estimator` is a pipeline or holds
            no network, a frozen one was trained on other columns, or the weights are not valid.
        """
        self._check_estimator()
        with all_or_nothing(self), one_blas_thread():
            self._fit(X, y, sample_weight)
        return self

    @with_callbacks
    def _fit(self, X, y, sample_weight):
        X_seen, y_seen = checked(self, X, y, multi_output=True, dtype=(np.float64, np.float32))
        check_size(X_seen)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X_seen)
        n_selected = self._count(X_seen.shape[1])
        context = self._init_callback_context(max_subtasks=2)
        context.call_on_fit_task_begin(estimator=self, X=X_seen, y=y_seen)
        task = context.subcontext("train")
        estimator = self._train(X, X_seen, y_seen, sample_weight, task)
        task = context.subcontext("rank").call_on_fit_task_begin(estimator=self)
        # (X itself has the names that the network was trained on.)
        loss = FittedLoss.of(estimator, X, y_seen, sample_weight=sample_weight)
        sensitivities = loss.gate_sensitivity(order=self.order, exact=self.exact)
        self.estimator_ = estimator
        self._rank(sensitivities, n_selected)
        task.call_on_fit_task_end(estimator=self)
        context.call_on_fit_task_end(estimator=self, X=X_seen, y=y_seen)

    def _rank(self, sensitivities, n_selected):
        """Set the fitted attributes that follow from the sensitivities."""
        self.sensitivities_ = sensitivities
        shares = np.maximum(sensitivities, 0.0)
        total = shares.sum()
        self.feature_importances_ = shares / total if total > 0 else shares
        self.ranking_ = np.empty(len(shares), dtype=int)
        self.ranking_[np.argsort(-sensitivities, kind="stable")] = np.arange(1, len(shares) + 1)
        if n_selected is None:
            least = 1 / len(shares) if self.threshold == "mean" else self.threshold
            # (Rounding must not decide among inputs of equal shares.)
            self.support_ = self.feature_importances_ >= least * (1 - 1e-12)
            self.support_ |= self.ranking_ == 1
        else:
            self.support_ = self.ranking_ <= n_selected
        self.n_features_ = int(self.support_.sum())

    def _check_estimator(self):
        given = unwrap_frozen(self.estimator)
        if isinstance(given, Pipeline):
            raise ValueError(
                "A Pipeline cannot be the network whose inputs are ranked; put the selector into "
                "the pipeline: make_pipeline(StandardScaler(), GateSensitivitySelector())."
            )
        if not is_search(given):  # of which the best estimator counts
            refuse_non_networks(self.estimator)

    def _count(self, n_features):
        """Number of inputs to keep, None for the threshold to tell."""
        wanted = self.n_features_to_select
        if wanted is None:
            return None
        if isinstance(wanted, Integral):
            if wanted > n_features:
                raise ValueError(
                    f"n_features_to_select={wanted} is more than the {n_features} features of X; "
                    "give at most that number, or a fraction between 0 and 1."
                )
            return wanted
        return max(1, round(wanted * n_features))

    def _train(self, X, X_seen, y_seen, sample_weight, task):
        """A trained network; a given one sees X as it came, with its names."""
        if isinstance(self.estimator, FrozenEstimator):
            check_frozen_inputs(self, split_pipeline(self.estimator)[1], X_seen)
            task.call_on_fit_task_begin(estimator=self).call_on_fit_task_end(estimator=self)
            return clone(self.estimator)
        if self.estimator is None:
            regresses = _is_regression(y_seen)
            estimator = PenalizedMLPRegressor() if regresses else PenalizedMLPClassifier()
        else:
            estimator = clone(self.estimator)
        if estimator.get_params().get("random_state", 0) is None:
            estimator.set_params(random_state=self.random_state)
        weights = {}
        if sample_weight is not None:
            if not has_fit_parameter(estimator, "sample_weight"):
                raise ValueError(
                    f"{type(estimator).__name__} does not accept sample_weight; use an estimator "
                    "that does, or leave sample_weight out."
                )
            weights["sample_weight"] = sample_weight
        with task.propagate_callback_context(estimator):
            task.call_on_fit_task_begin(estimator=self, X=X_seen, y=y_seen)
            with training_threads(estimator, X_seen):
                estimator.fit(X, y_seen, **weights)
        task.call_on_fit_task_end(estimator=self, X=X_seen, y=y_seen)
        return estimator

    def __sklearn_is_fitted__(self):
        return hasattr(self, "support_")

    def _get_support_mask(self):
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = True
        given = unwrap_frozen(self.estimator)
        if hasattr(given, "__sklearn_tags__"):
            # The tags of a frozen estimator would have scikit-learn skip its checks.
            tags.input_tags = get_tags(given).input_tags
        return tags


def _is_regression(y):
    """Whether targets are values, not labels, as far as they show it themselves."""
    kind = type_of_target(y)
    if kind == "multiclass" and y.dtype.kind == "f":
        # Whole numbers that are measured come as floats, and each of them only a few times.
        n_values = len(np.unique(y))
        return n_values > _MOST_FLOAT_CLASSES and n_values**2 > len(y)
    return kind.startswith("continuous") or kind == "multiclass-multioutput"
