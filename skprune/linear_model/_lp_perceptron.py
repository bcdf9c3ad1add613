"""Perceptrons whose weights solve a linear program (H96)."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import compute_class_weight, compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from .._interruption import all_or_nothing
from .._linear_program import (
    SOLVER_INFINITY,
    STRATEGIES,
    UnitProgram,
    row_ranges,
    solve_exactly,
    solve_unit,
)
from .._warnings import flatten_column, warn_user


class SaturatingUnits:
    """The linear programs of several saturating units that share their inputs.

    Used by all estimators of this kind, and by the two-layer networks.

    Parameters
    ----------
    C : float
        Cost of violating a target; infinity for the least violation first, the least weights
        second.

    fit_intercept, penalize_intercept : bool
        Whether units have an intercept, and whether its size costs as a weight's does.

    signs : ndarray of shape (n_features,) or None
        Required signs of the weights, 0 where free.

    tol, max_iter, time_limit, solver
        As in :func:`skprune._linear_program.solve_unit`.
    """

    def __init__(
        self,
        C,
        *,
        fit_intercept=True,
        penalize_intercept=True,
        signs=None,
        tol=1e-6,
        max_iter=None,
        time_limit=None,
        solver="auto",
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.penalize_intercept = penalize_intercept
        self.signs = signs
        self.options = dict(strategy=solver, tol=tol, max_iter=max_iter, time_limit=time_limit)

    def program(self, X, targets, limits, weights, C=None):
        """One unit's program: targets at a limit are one-sided."""
        cost = weights * (1.0 if C is None else C)
        ranges = row_ranges(
            X.shape[1],
            signs=self.signs,
            fit_intercept=self.fit_intercept,
            penalize_intercept=self.penalize_intercept,
        )
        below = np.where(targets > limits[0], cost, 0.0)
        above = np.where(targets < limits[1], cost, 0.0)
        return UnitProgram(X, targets, below, above, *ranges, self.fit_intercept)

    def smallest_C(self, X, targets, limits, weights):
        """The C up to which no unit has a weight: targets and weights have a column a unit."""
        return min(
            self.program(X, *unit).smallest_factor() for unit in zip(targets.T, limits, weights.T)
        )

    def solve(self, X, targets, limits, weights, warm=None):
        """Solve one unit's program over the patterns of non-zero weight."""
        used = np.flatnonzero(weights)
        if used.size < weights.size:
            X, targets, weights = X[used], targets[used], weights[used]
        if np.isinf(self.C):
            relative = weights / weights.max()  # only their ratios count
            return solve_exactly(self.program(X, targets, limits, relative), **self.options)[0]
        if self.C * weights.max() >= SOLVER_INFINITY:
            raise ValueError(
                f"C={self.C:g} times the largest weight of a sample, {weights.max():g}, must be "
                f"below {SOLVER_INFINITY:g}, which the solver takes for infinity. Use C=np.inf for "
                "the least violation first, or scale sample_weight and class_weight."
            )
        program = self.program(X, targets, limits, weights, self.C)
        return solve_unit(program, warm=warm, **self.options)


class _BaseLPPerceptron(CallbackSupportMixin, BaseEstimator):
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
            signs=_weight_signs(self, self.monotonic_cst),
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
        solutions = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(units.solve)(X, targets[:, k], limits[k], weights[:, k])
            for k in range(n_outputs)
        )
        found = []
        for solution in solutions:
            task = context.subcontext(task_name="output")
            task.call_on_fit_task_begin(estimator=self)
            found.append(solution)
            task.call_on_fit_task_end(estimator=self)
        warn_of_gaps(found, self)
        coef, intercept = _split_weights(found, self.fit_intercept)
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
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        coef = np.atleast_2d(self.coef_)
        return safe_sparse_dot(X, coef.T, dense_output=True) + self.intercept_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coef_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class _LPClassifier(ClassifierMixin, _BaseLPPerceptron):
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


class LPPerceptronClassifier(_LPClassifier):
    """Sparse perceptron whose weights solve a linear program.

    Of all saturating units ``clip(w.x + u, -1, 1)`` that give 1 on the patterns of the positive
    class and -1 on the others, it finds one with the least ``sum |w_j| + |u|``; a target
    that is missed by ``v`` costs ``C v``. The solution is a vertex of the program, so it has no
    more non-zero weights than there are patterns exactly at their targets. Use it where few
    features should decide, where signs of weights are known, or where an exact and certified
    solution is worth more than speed. With two classes it is the support vector machine with an
    L1 norm and a hinge loss. Several classes are solved one against the rest, several labels one
    by one.

    Parameters
    ----------
    C : float, default=1.0
        Cost of a violation (M in H96), in (0, inf]. Any C above the least cost of weights that
        meet all targets finds these. ``np.inf`` asks for the least total violation first
        and for the least weights second, whether the classes can be separated or not.

    fit_intercept : bool, default=True
        Whether units have an intercept u.

    penalize_intercept : bool, default=True
        Whether the intercept costs ``|u|`` as in H96, or nothing.

    monotonic_cst : array-like of int of shape (n_features,) or dict of str, default=None
        Signs of weights, by position or by feature name: 1 for a weight that must not be negative,
        -1 for one that must not be positive, 0 for no constraint. Not for several classes.

    class_weight : dict, "balanced" or None, default=None
        Factors of C by class. With several labels, of the classes 0 and 1 of each.

    tol : float, default=1e-6
        Duality gap to certify, relative to ``max(1, objective)``.

    max_iter : int or None, default=None
        Limit of simplex iterations and interior-point steps of each output.

    time_limit : float or None, default=None
        Limit of seconds for each output.

    solver : {"auto", "dual", "interior_point", "constraint_generation", \
            "feature_generation", "generation"}, default="auto"
        Where the solver starts. All end in a vertex of the same cost: "dual" takes the whole
        program, "interior_point" (many patterns, few features) sides of the patterns from an
        approximate solution, "constraint_generation" (nearly separable) patterns that are nearly
        violated, "feature_generation" (many features) features that correlate with the target,
        "generation" both.

    n_jobs : int or None, default=None
        Number of outputs solved at the same time (joblib).

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_outputs, n_features)
        Weights: one row for two classes, else one a class or label.

    intercept_ : ndarray of shape (1,) or (n_outputs,)
        Intercepts.

    classes_ : ndarray of shape (n_classes,) or list of ndarray
        Class labels; with several labels ``[0, 1]`` for each.

    objective_ : float
        Cost of all units, recomputed from the weights; with ``C=np.inf`` that of the weights alone.

    dual_gap_ : float
        The largest certified duality gap of all units, relative to ``max(1, objective)``.

    slack_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        How far the net input of each training pattern falls short of its target (v in H96).

    truncation_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        How far it goes beyond the target, which the unit truncates (s in H96).

    n_iter_ : int
        Simplex iterations and interior-point steps of the longest program.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, when X has names that are strings.

    Raises
    ------
    ValueError
        If there are fewer than two classes, if y is continuous, or if constraints on signs have
        the wrong length or value.
    RuntimeError
        If HiGHS stops for a reason other than a limit, with its own words.

    Warns
    -----
    UserWarning
        If C is so small that no weight pays, as 1 can be with sample weights that sum to one.
    ConvergenceWarning
        If a limit comes before the duality gap is closed.

    See Also
    --------
    LPPerceptronRegressor : Targets between the limits of a saturating unit.
    sklearn.svm.LinearSVC : Squared hinge loss with an L1 norm, approximate.

    Notes
    -----
    Memory is O(size of X + n_features^2) for "interior_point", else O(size of X). Time
    is that of the simplex method, in practice about (n_features + 1) x (non-zeros of the
    patterns and features inside) for each output; an interior point adds about 5 to 20 times
    n_samples x (n_features + 1)^2 operations.

    References
    ----------
    H96, H. Hyotyniemi. Structural optimization of feedforward networks. STeP'96, 1996.

    Examples
    --------
    The logical AND: one pattern is truncated by 2, the weights cost 3.

    >>> import numpy as np
    >>> from skprune import LPPerceptronClassifier
    >>> X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    >>> clf = LPPerceptronClassifier(C=np.inf).fit(X, [0, 0, 0, 1])
    >>> clf.coef_.round(6).tolist(), clf.intercept_.round(6).tolist()
    ([[1.0, 1.0]], [-1.0])
    >>> round(clf.objective_, 6), clf.truncation_.round(6).tolist()
    (3.0, [2.0, 0.0, 0.0, 0.0])
    """

    _parameter_constraints = {
        **_BaseLPPerceptron._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        C=1.0,
        *,
        fit_intercept=True,
        penalize_intercept=True,
        monotonic_cst=None,
        class_weight=None,
        tol=1e-6,
        max_iter=None,
        time_limit=None,
        solver="auto",
        n_jobs=None,
    ):
        self.C = C
        self.fit_intercept = fit_intercept
        self.penalize_intercept = penalize_intercept
        self.monotonic_cst = monotonic_cst
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.time_limit = time_limit
        self.solver = solver
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Solve the linear program of each output.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training patterns.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of several labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C; patterns of weight zero are left out.

        Returns
        -------
        self : LPPerceptronClassifier
            The fitted classifier.
        """
        with all_or_nothing(self):
            X, targets, limits, weights = self._fit(X, y, sample_weight)
            warn_of_no_feature(self.coef_, self._units(), X, targets, limits, weights)
        return self

    @with_callbacks
    def _fit(self, X, y, sample_weight):
        """Fit, and return what the programs were made of."""
        X, y = _validate(self, X, y)
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        classes, targets, weights = encode_classes(y, sample_weight, self.class_weight)
        check_signs_serve(self.monotonic_cst, classes)
        limits = np.tile([-1.0, 1.0], (targets.shape[1], 1))
        fitted = self._fit_outputs(X, targets, limits, weights)
        if targets.shape[1] == 1 and y.ndim == 1:
            fitted["slack_"] = fitted["slack_"][:, 0]
            fitted["truncation_"] = fitted["truncation_"][:, 0]
        self.__dict__.update(fitted, classes_=classes)
        return X, targets, limits, weights


class LPPerceptronRegressor(RegressorMixin, _BaseLPPerceptron):
    """Sparse saturating unit for targets between its limits, by linear programming.

    The unit gives ``clip(w.x + u, low, high)``. Its net input has to reach a target at a
    limit, and may go beyond it; a target in between it has to meet. Of all such units it finds one
    with the least ``sum |w_j| + |u|``, a miss of ``v`` costing ``C v``: censored
    least-absolute-deviations regression with an L1 norm. Use it for outputs that saturate
    (fractions, grades, sensors at their end stops), or with ``limits=(-np.inf, np.inf)`` as plain
    least absolute deviations.

    Parameters
    ----------
    C : float, default=1.0
        Cost of a violation (M in H96), in (0, inf]. ``np.inf`` asks for the least total violation
        first and for the least weights second.

    limits : "auto" or tuple of two floats, default="auto"
        The limits (low, high) of the unit, in the units of y; "auto" takes the smallest and
        the largest target of each output.

    fit_intercept : bool, default=True
        Whether units have an intercept u.

    penalize_intercept : bool, default=True
        Whether the intercept costs ``|u|`` as in H96, or nothing.

    monotonic_cst : array-like of int of shape (n_features,) or dict of str, default=None
        Signs of weights, by position or by feature name: 1 for a weight that must not be negative,
        -1 for one that must not be positive, 0 for no constraint.

    tol : float, default=1e-6
        Duality gap to certify, relative to ``max(1, objective)``.

    max_iter : int or None, default=None
        Limit of simplex iterations and interior-point steps of each output.

    time_limit : float or None, default=None
        Limit of seconds for each output.

    solver : {"auto", "dual", "interior_point", "constraint_generation", \
            "feature_generation", "generation"}, default="auto"
        Where the solver starts: see :class:`LPPerceptronClassifier`.

    n_jobs : int or None, default=None
        Number of outputs solved at the same time (joblib).

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_outputs, n_features)
        Weights.

    intercept_ : float or ndarray of shape (n_outputs,)
        Intercepts.

    limits_ : ndarray of shape (2,) or (n_outputs, 2)
        Limits of the units, low and high.

    objective_ : float
        Cost of all units, recomputed from the weights; with ``C=np.inf`` that of the weights alone.

    dual_gap_ : float
        The largest certified duality gap of all units, relative to ``max(1, objective)``.

    slack_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        By how much the net input of each training pattern misses its target (v in H96).

    truncation_ : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        How far it goes beyond a target at a limit (s in H96).

    n_iter_ : int
        Simplex iterations and interior-point steps of the longest program.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, when X has names that are strings.

    Raises
    ------
    ValueError
        If targets lie outside given limits, or if constraints on signs have the wrong length or
        value.
    RuntimeError
        If HiGHS stops for a reason other than a limit, with its own words.

    Warns
    -----
    UserWarning
        If C is so small that no weight pays, as 1 can be with sample weights that sum to one.
    ConvergenceWarning
        If a limit comes before the duality gap is closed.

    See Also
    --------
    LPPerceptronClassifier : Targets at the limits only.

    Notes
    -----
    Time and memory are those of :class:`LPPerceptronClassifier`.

    References
    ----------
    H96, H. Hyotyniemi. Structural optimization of feedforward networks. STeP'96, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import LPPerceptronRegressor
    >>> X = np.linspace(-2, 2, 9)[:, None]
    >>> y = np.clip(X[:, 0], -1, 1)
    >>> reg = LPPerceptronRegressor(C=10.0).fit(X, y)
    >>> reg.coef_.round(6).tolist(), round(reg.score(X, y), 6)
    ([1.0], 1.0)
    """

    _parameter_constraints = {
        **_BaseLPPerceptron._parameter_constraints,
        "limits": [StrOptions({"auto"}), tuple, list, np.ndarray],
    }

    def __init__(
        self,
        C=1.0,
        *,
        limits="auto",
        fit_intercept=True,
        penalize_intercept=True,
        monotonic_cst=None,
        tol=1e-6,
        max_iter=None,
        time_limit=None,
        solver="auto",
        n_jobs=None,
    ):
        self.C = C
        self.limits = limits
        self.fit_intercept = fit_intercept
        self.penalize_intercept = penalize_intercept
        self.monotonic_cst = monotonic_cst
        self.tol = tol
        self.max_iter = max_iter
        self.time_limit = time_limit
        self.solver = solver
        self.n_jobs = n_jobs

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Solve the linear program of each output.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training patterns.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C; patterns of weight zero are left out.

        Returns
        -------
        self : LPPerceptronRegressor
            The fitted regressor.
        """
        with all_or_nothing(self):
            X, y = _validate(self, X, y, y_numeric=True)
            targets = y.reshape(len(y), -1).astype(np.float64)
            weights = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            limits = _check_limits(self.limits, targets[weights > 0])
            weights = np.tile(weights[:, None], targets.shape[1])
            fitted = self._fit_outputs(X, targets, limits, weights)
            fitted["limits_"] = limits
            if y.ndim == 1:
                fitted["coef_"], fitted["limits_"] = fitted["coef_"][0], limits[0]
                fitted["intercept_"] = float(fitted["intercept_"][0])
                fitted["slack_"] = fitted["slack_"][:, 0]
                fitted["truncation_"] = fitted["truncation_"][:, 0]
            self.__dict__.update(fitted)
            warn_of_no_feature(self.coef_, self._units(), X, targets, limits, weights)
        return self

    def predict(self, X):
        """Predict the outputs of the units.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Patterns.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Net inputs clipped to the limits.
        """
        net = self._net_input(X)
        low, high = np.atleast_2d(self.limits_).T
        outputs = np.clip(net, low, high)
        return outputs[:, 0] if self.coef_.ndim == 1 else outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def warn_of_gaps(solutions, estimator):
    """Warn of programs whose duality gap is above the estimator's `tol`, with the cure."""
    stopped = [s for s in solutions if s.status != "Optimal" or s.dual_gap > estimator.tol]
    if not stopped:
        return
    gap = max(s.dual_gap for s in stopped)
    reasons = ", ".join(sorted({s.status.replace("Optimal", "Rounding") for s in stopped}))
    limits = f"max_iter (now {estimator.max_iter}) or time_limit (now {estimator.time_limit})"
    cure = f"Raise {limits}" if "limit reached" in reasons else "Scale the features, or lower C"
    warn_user(
        f"{len(stopped)} of {len(solutions)} linear programs stopped before the duality gap "
        f"reached tol={estimator.tol:g} ({reasons}): the gap is {gap:.2g}. The best weights found "
        f"are kept. {cure}.",
        ConvergenceWarning,
    )


def warn_of_no_feature(coef, units, X, targets, limits, weights, parameter="C"):
    """Warn of weights that are all zero because C is too small, not because the data allow none."""
    if coef.any() or np.isinf(units.C):
        return
    smallest = units.smallest_C(X, targets, limits, weights)
    if units.C < smallest < np.inf:
        warn_user(
            f"No feature is used: {parameter}={units.C:g} is below {smallest:g}, up to which no "
            f"weight pays. Raise {parameter} well above it: by the number of samples, if "
            "sample_weight sums to one.",
            UserWarning,
        )


def encode_classes(y, sample_weight, class_weight):
    """Targets of -1 and 1 and costs, one column an output.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Class labels or an indicator matrix.

    sample_weight : ndarray of shape (n_samples,)
        Weights of the patterns.

    class_weight : dict, "balanced" or None
        Weights of the classes.

    Returns
    -------
    classes : ndarray or list of ndarray
        Class labels, one array a label when there are several.
    targets, weights : ndarray of shape (n_samples, n_outputs)
        Targets of -1 and 1, and costs relative to C.
    """
    if y.ndim == 2:
        targets = np.where(y > 0, 1.0, -1.0)
        factors = [
            _class_factors(class_weight, label, sample_weight) for label in (y > 0).astype(int).T
        ]
        classes = [np.array([0, 1])] * y.shape[1]
        weights = sample_weight[:, None] * np.column_stack(factors)
        unweighted = np.flatnonzero(~weights.any(axis=0)).tolist()
        if unweighted:
            raise ValueError(
                f"class_weight={class_weight!r} leaves no sample for the labels {unweighted} "
                "(columns of y), whose samples are all of a class of weight 0. Give the classes 0 "
                "and 1 weights above 0, or leave out these labels."
            )
        return classes, targets, weights
    classes = unique_labels(y)
    weighted = sample_weight > 0
    seen = classes if weighted.all() else unique_labels(y[weighted])
    if len(seen) < 2:
        raise ValueError(
            "A classifier needs samples of at least 2 classes with positive weight, but y has only "
            f"one class: {seen.tolist()[0]!r}. Add samples of another class."
        )
    positive = classes[1:] if len(classes) == 2 else classes
    targets = np.where(y[:, None] == positive[None, :], 1.0, -1.0)
    weights = sample_weight * _class_factors(class_weight, y, sample_weight)
    if not weights.any():
        raise ValueError(f"class_weight={class_weight!r} leaves no sample: give a class a weight.")
    return classes, targets, np.tile(weights[:, None], targets.shape[1])


def check_indicators(y):
    """Refuse label matrices of other numbers than 0 and 1, of which no class could be told."""
    values = np.unique(y)
    if not np.isin(values, [0, 1]).all():
        raise ValueError(
            f"An indicator matrix of labels holds 0 and 1, but y has the values {values.tolist()}. "
            "Write it as (y == value).astype(int), value being the one that means yes."
        )


def check_signs_serve(monotonic_cst, classes):
    """Signs of weights mean something for two classes, or for labels, not for several classes."""
    if monotonic_cst is not None and not isinstance(classes, list) and len(classes) > 2:
        raise ValueError(
            f"monotonic_cst is not supported for {len(classes)} classes: a feature that raises the "
            "score of one class lowers others'. Leave it out or fit one class at a time."
        )


def _class_factors(class_weight, y, sample_weight):
    """Factors of C by class; "balanced" balances the classes' total sample weights."""
    if class_weight is None:
        return np.ones(len(y))
    if isinstance(class_weight, str):
        counts = sample_weight > 0
        classes, codes = np.unique(y[counts], return_inverse=True)
        factors = np.zeros(len(y))
        factors[counts] = compute_class_weight(
            class_weight, classes=classes, y=y[counts], sample_weight=sample_weight[counts]
        )[codes]
        return factors
    factors = compute_sample_weight(class_weight, y)
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        raise ValueError(
            f"class_weight={class_weight!r} must give finite weights of at least 0; a class of "
            "weight 0 is left out."
        )
    return factors


def _validate(estimator, X, y, y_numeric=False):
    """Validated X (float64, dense or CSR) and y (one or more outputs)."""
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=np.float64,
        order="C",
        multi_output=True,
        y_numeric=y_numeric,
    )
    if y_numeric:
        return X, y
    kind = type_of_target(y, input_name="y")
    if kind.startswith("continuous"):
        raise ValueError(
            f"Unknown label type: {kind}. A classifier's unit takes two targets only; use "
            "LPPerceptronRegressor for targets between the limits."
        )
    if kind == "unknown":
        check_classification_targets(y)
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"Unknown label type: {kind}. Several outputs must be labels of 0 and 1 each; fit one "
            "classifier an output, for instance by sklearn.multioutput.MultiOutputClassifier."
        )
    y = y.toarray() if sparse.issparse(y) else y
    if kind == "multilabel-indicator":
        check_indicators(y)
    if kind != "multilabel-indicator" and y.ndim == 2:
        y = flatten_column(y)
    return X, y


def _weight_signs(estimator, monotonic_cst):
    """Required signs of the weights as an array, or None."""
    if monotonic_cst is None:
        return None
    n_features = estimator.n_features_in_
    if isinstance(monotonic_cst, dict):
        names = getattr(estimator, "feature_names_in_", None)
        if names is None:
            raise ValueError(
                "monotonic_cst is a dict of feature names, but X has none. Pass an array of "
                f"{n_features} integers, or X as a data frame."
            )
        unknown = sorted(set(monotonic_cst) - set(names))
        if unknown:
            raise ValueError(
                f"monotonic_cst names features that X does not have: {unknown}. Valid names are "
                f"{list(names)}."
            )
        monotonic_cst = [monotonic_cst.get(name, 0) for name in names]
    signs = np.asarray(monotonic_cst)
    if signs.shape != (n_features,):
        raise ValueError(
            f"monotonic_cst has shape {signs.shape}, but X has {n_features} features. Pass one "
            "value of -1, 0 or 1 a feature."
        )
    invalid = np.setdiff1d(signs, [-1, 0, 1])
    if invalid.size:
        raise ValueError(
            f"monotonic_cst has values {invalid.tolist()}; valid are -1 (weight not positive), "
            "0 (free) and 1 (weight not negative)."
        )
    return signs.astype(np.int8)


def _check_limits(limits, targets):
    """Limits of shape (n_outputs, 2)."""
    if isinstance(limits, str):
        return np.column_stack([targets.min(axis=0), targets.max(axis=0)])
    given = limits
    try:
        limits = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        limits = np.empty(0)
    if limits.shape != (2,) or not limits[0] < limits[1]:
        raise ValueError(
            f"limits must be 'auto' or two numbers (low, high) with low < high, got {given!r}."
        )
    if targets.min() < limits[0] or targets.max() > limits[1]:
        raise ValueError(
            f"Targets from {targets.min():g} to {targets.max():g} lie outside the limits "
            f"({limits[0]:g}, {limits[1]:g}), which the unit cannot reach. Widen the limits, clip "
            "y, or use limits='auto'."
        )
    return np.tile(limits, (targets.shape[1], 1))


def _split_weights(solutions, fit_intercept):
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
