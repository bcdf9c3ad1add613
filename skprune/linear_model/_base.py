"""What linear-programming perceptrons share: fit and predict."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.parallel import delayed
from sklearn.utils.validation import check_is_fitted

from .._estimator.compat import CallbackSupportMixin
from .._estimator.data import checked
from .._estimator.version import VersionMixin
from .._linear_program.starts import STRATEGIES
from .._linear_program.units import SaturatingUnits
from .._linear_program.warnings import warn_of_gaps
from .._numerics.parallel import results_of
from ._validation import weight_signs


class BaseLPPerceptron(CallbackSupportMixin, VersionMixin, BaseEstimator):
    """What classifier and regressor share: parameters, the programs of all outputs, attributes."""

    _parameter_constraints = {
        "C": [Interval(Real, 0, None, closed="right")],
        "fit_intercept": ["boolean"],
        "penalize_intercept": ["boolean"],
        "monotonic_cst": ["array-like", dict, None],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "time_limit": [Interval(Real, 0, None, closed="left"), None],
        "solver": [StrOptions({"auto", *STRATEGIES})],
        "n_jobs": [Integral, None],
    }

    def _units(self):
        return SaturatingUnits(
            self.C,
            fit_intercept=self.fit_intercept,
            penalize_intercept=self.penalize_intercept,
            signs=weight_signs(self, self.monotonic_cst),
            tol=self.tol,
            max_iter=self.max_iter,
            time_limit=self.time_limit,
            solver=self.solver,
        )

    def _fit_outputs(self, X, targets, limits, weights):
        """Solve one program an output, each of them a task, and set the attributes at the end.

        Targets and weights have shape (n_samples, n_outputs), limits (n_outputs, 2).
        """
        n_outputs = targets.shape[1]
        units = self._units()
        context = self._init_callback_context(max_subtasks=n_outputs)
        context.call_on_fit_task_begin(estimator=self, X=X, y=targets)
        tasks = (
            delayed(units.solve)(X, targets[:, k], limits[k], weights[:, k])
            for k in range(n_outputs)
        )
        found = []
        for solution in results_of(tasks, self.n_jobs):
            task = context.subcontext(task_name="output")
            task.call_on_fit_task_begin(estimator=self)
            found.append(solution)
            task.call_on_fit_task_end(estimator=self)
        warn_of_gaps(found, units)
        coef, intercept = split_weights(found, self.fit_intercept)
        net = safe_sparse_dot(X, coef.T, dense_output=True) + intercept
        fitted = dict(
            coef_=coef,
            intercept_=intercept,
            objective_=float(sum(s.objective for s in found)),
            dual_gap_=float(max(s.dual_gap for s in found)),
            n_iter_=max(s.n_iter for s in found),
            **_slack_and_truncation(net, targets, limits),
        )
        context.call_on_fit_task_end(estimator=self, X=X, y=targets)
        return fitted

    def _net_input(self, X):
        check_is_fitted(self)
        X = checked(self, X, dtype=np.float64, reset=False)
        coef = np.atleast_2d(self.coef_)
        return safe_sparse_dot(X, coef.T, dense_output=True) + self.intercept_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coef_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class BaseLPClassifier(ClassifierMixin, BaseLPPerceptron):
    """Predictions of one unit for two classes, else one a class or label."""

    def decision_function(self, X):
        """Net inputs of the units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Patterns.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Net inputs; with two classes, above zero for ``classes_[1]``.
        """
        net = self._net_input(X)
        return net if self._is_multilabel() or net.shape[1] > 1 else net[:, 0]

    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Patterns.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Predicted labels.
        """
        scores = self.decision_function(X)
        if self._is_multilabel():
            return (scores > 0).astype(int)
        index = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[index]

    def _is_multilabel(self):
        return isinstance(self.classes_, list)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def split_weights(solutions, fit_intercept):
    weights = np.array([s.weights for s in solutions])
    if fit_intercept:
        return weights[:, :-1], weights[:, -1]
    return weights, np.zeros(len(solutions))


def _slack_and_truncation(net, targets, limits):
    """Slack v and truncation s of each pattern and output (H96)."""
    low, high = limits.T
    short, beyond = targets - net, net - targets
    slack = np.maximum(np.where(targets > low, short, 0.0), np.where(targets < high, beyond, 0.0))
    truncation = np.maximum(
        np.where(targets >= high, beyond, 0.0), np.where(targets <= low, short, 0.0)
    )
    return dict(slack_=np.maximum(slack, 0.0), truncation_=np.maximum(truncation, 0.0))
