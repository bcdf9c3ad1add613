"""Perceptrons whose weights solve a linear program (H96)."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions

from .._estimator.class_weight import CLASS_WEIGHT
from .._estimator.compat import check_sample_weight, with_callbacks
from .._estimator.transaction import all_or_nothing
from .._linear_program.warnings import warn_of_no_feature
from .._numerics.threads import one_blas_thread
from ._base import BaseLPClassifier, BaseLPPerceptron
from ._validation import check_limits, check_signs_serve, encode_targets_and_costs, validate


class LPPerceptronClassifier(BaseLPClassifier):
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

    class_weight : dict, list of dict, "balanced" or None, default=None
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
        The largest certified duality gap of all units, relative to ``max(1, objective)``; with
        ``C=np.inf`` that of the least violation or of the least weights, whichever is larger.

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
        If there are fewer than two classes, if y is continuous, if constraints on signs have
        the wrong length or value, or if C times the largest weight of a sample is outside
        [1e-100, 1e20).
    RuntimeError
        If HiGHS stops for a reason other than a limit, with its own words.
    MemoryError
        If HiGHS would need more memory than there is left.

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
    Memory is O(size of X + n_features^2) for "interior_point", else O(size of X); HiGHS writes to
    50 to 110 bytes for each entry other than zero of the patterns and features inside. Time
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
        **BaseLPPerceptron._parameter_constraints,
        "class_weight": CLASS_WEIGHT,
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
        with all_or_nothing(self), one_blas_thread():
            X, targets, limits, weights = self._fit(X, y, sample_weight)
            warn_of_no_feature(self.coef_, self._units(), X, targets, limits, weights)
        return self

    @with_callbacks
    def _fit(self, X, y, sample_weight):
        """Fit, and return what the programs were made of."""
        X, y = validate(self, X, y)
        sample_weight = check_sample_weight(sample_weight, X)
        classes, targets, weights = encode_targets_and_costs(y, sample_weight, self.class_weight)
        check_signs_serve(self.monotonic_cst, classes)
        limits = np.tile([-1.0, 1.0], (targets.shape[1], 1))
        fitted = self._fit_outputs(X, targets, limits, weights)
        if targets.shape[1] == 1 and y.ndim == 1:
            fitted["slack_"] = fitted["slack_"][:, 0]
            fitted["truncation_"] = fitted["truncation_"][:, 0]
        self.__dict__.update(fitted, classes_=classes)
        return X, targets, limits, weights


class LPPerceptronRegressor(RegressorMixin, BaseLPPerceptron):
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
        The largest certified duality gap of all units, relative to ``max(1, objective)``; with
        ``C=np.inf`` that of the least violation or of the least weights, whichever is larger.

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
        If targets lie outside given limits, if constraints on signs have the wrong length or
        value, or if C times the largest weight of a sample is outside [1e-100, 1e20).
    RuntimeError
        If HiGHS stops for a reason other than a limit, with its own words.
    MemoryError
        If HiGHS would need more memory than there is left.

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
        **BaseLPPerceptron._parameter_constraints,
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
        with all_or_nothing(self), one_blas_thread():
            X, y = validate(self, X, y, y_numeric=True)
            targets = y.reshape(len(y), -1).astype(np.float64)
            weights = check_sample_weight(sample_weight, X)
            limits = check_limits(self.limits, targets[weights > 0])
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
