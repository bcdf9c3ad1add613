"""Linear-programming perceptrons over a range of C."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight

from .._folds import make_folds, router_of, rows_of
from .._interruption import all_or_nothing
from ._lp_perceptron import (
    LPPerceptronClassifier,
    SaturatingUnits,
    _BaseLPPerceptron,
    _LPClassifier,
    _split_weights,
    _validate,
    _weight_signs,
    check_signs_serve,
    encode_classes,
    warn_of_no_feature,
)

_LIMITS = np.array([-1.0, 1.0])
_ABOVE_THRESHOLD = 1.01  # the first C of a path has a weight that is not zero

_GRID_CONSTRAINTS = {
    "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "C_ratio": [Interval(Real, 1, None, closed="neither")],
}
_PATH_CONSTRAINTS = LPPerceptronClassifier._parameter_constraints | _GRID_CONSTRAINTS


def lp_perceptron_path(
    X: ArrayLike,
    y: ArrayLike,
    *,
    Cs: int | ArrayLike = 20,
    C_ratio: float = 1e3,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping | str | None = None,
    fit_intercept: bool = True,
    penalize_intercept: bool = True,
    monotonic_cst: ArrayLike | Mapping[str, int] | None = None,
    tol: float = 1e-6,
    solver: str = "auto",
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Solve linear-programming perceptrons for increasing C.

    Each solution starts from the one before. Use it to see which features enter, and at which
    cost of violations.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Training patterns.

    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Class labels, or an indicator matrix of several labels.

    Cs : int or array-like of float, default=20
        The values of C, or how many of them, evenly spaced in their logarithms from
        the smallest that gives a weight other than zero.

    C_ratio : float, default=1e3
        The largest C over the smallest, when `Cs` is a number of values.

    sample_weight : array-like of shape (n_samples,), default=None
        Factors of C.

    class_weight : dict, "balanced" or None, default=None
        Factors of C by class.

    fit_intercept : bool, default=True
        Whether units have an intercept.

    penalize_intercept : bool, default=True
        Whether the intercept costs. If it does not, the smallest C is a lower bound of the one
        that gives a weight.

    monotonic_cst : array-like of int of shape (n_features,) or dict of str, default=None
        Signs of weights: see :class:`LPPerceptronClassifier`.

    tol : float, default=1e-6
        Duality gap to certify, relative to ``max(1, objective)``.

    solver : str, default="auto"
        Where the solver starts: see :class:`LPPerceptronClassifier`.

    Returns
    -------
    Cs : ndarray of shape (n_Cs,)
        The values of C, increasing.
    coefs : ndarray of shape (n_features, n_Cs) or (n_outputs, n_features, n_Cs)
        Weights; the first shape for two classes.
    intercepts : ndarray of shape (n_Cs,) or (n_outputs, n_Cs)
        Intercepts.
    dual_gaps : ndarray of shape (n_Cs,) or (n_outputs, n_Cs)
        Relative duality gaps.

    Raises
    ------
    ValueError
        If a value of C is not positive and finite, or another parameter is not valid.

    See Also
    --------
    LPPerceptronClassifierCV : Chooses C by cross-validation.

    Notes
    -----
    Time is at most that of as many single fits, memory O(size of X).

    Examples
    --------
    >>> import numpy as np
    >>> from skprune import lp_perceptron_path
    >>> X = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    >>> Cs, coefs, intercepts, gaps = lp_perceptron_path(X, [0, 0, 0, 1], Cs=[0.4, 2.0])
    >>> coefs.round(6).tolist(), intercepts.round(6).tolist()
    ([[0.0, 1.0], [0.0, 1.0]], [0.0, -1.0])
    """
    params = dict(
        fit_intercept=fit_intercept,
        penalize_intercept=penalize_intercept,
        monotonic_cst=monotonic_cst,
        class_weight=class_weight,
        tol=tol,
        solver=solver,
    )
    validate_parameter_constraints(
        _PATH_CONSTRAINTS, dict(params, Cs=Cs, C_ratio=C_ratio), "lp_perceptron_path"
    )
    clf = LPPerceptronClassifier(**params)
    X, y = _validate(clf, X, y)
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    classes, targets, weights = encode_classes(y, weights, class_weight)
    check_signs_serve(monotonic_cst, classes)
    Cs = _grid(clf, X, targets, weights, Cs, C_ratio)
    solutions = _path(clf, X, targets, weights, Cs)
    coefs, intercepts = zip(*(_split_weights(found, fit_intercept) for found in solutions))
    coefs, intercepts = np.stack(coefs, axis=-1), np.stack(intercepts, axis=-1)
    gaps = np.array([[s.dual_gap for s in found] for found in solutions]).T
    if y.ndim == 1 and len(coefs) == 1:
        return Cs, coefs[0], intercepts[0], gaps[0]
    return Cs, coefs, intercepts, gaps


def _units(clf, C):
    return SaturatingUnits(
        C,
        fit_intercept=clf.fit_intercept,
        penalize_intercept=clf.penalize_intercept,
        signs=_weight_signs(clf, clf.monotonic_cst),
        tol=clf.tol,
        solver=clf.solver,
    )


def _grid(clf, X, targets, weights, Cs, C_ratio):
    """Values of C, increasing, from the smallest threshold of all outputs on."""
    if not isinstance(Cs, Integral):
        return _check_values(Cs)
    limits = [_LIMITS] * targets.shape[1]
    smallest = _units(clf, 1.0).smallest_C(X, targets, limits, weights)
    smallest = _ABOVE_THRESHOLD * (smallest if np.isfinite(smallest) else 1.0)
    return np.geomspace(smallest, C_ratio * smallest, Cs)


def _check_values(Cs):
    """Given values of C, increasing."""
    try:
        values = np.asarray(Cs, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or values.size == 0 or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(
            "Cs must be a number of values, or a list of at least one value, each in (0, inf), got "
            f"{Cs!r}. Pass Cs=20, for example, or Cs=[0.1, 1.0]."
        )
    return np.sort(values)


def _path(clf, X, targets, weights, Cs):
    """Solutions of all outputs, for one C after the other."""
    found, path = [None] * targets.shape[1], []
    for C in Cs:
        units = _units(clf, C)
        found = [
            units.solve(X, targets[:, k], _LIMITS, weights[:, k], warm=found[k])
            for k in range(len(found))
        ]
        path.append(found)
    return path


class LPPerceptronClassifierCV(_LPClassifier):
    """Linear-programming perceptron with C chosen by cross-validation.

    One path a fold scores every C; the perceptron is then fitted to all patterns with the C
    chosen. Use it as :class:`LPPerceptronClassifier`, when C is not known.

    Parameters
    ----------
    Cs : int or array-like of float, default=20
        The values of C, or how many: see :func:`lp_perceptron_path`.

    C_ratio : float, default=1e3
        The largest C over the smallest, when `Cs` is a number of values.

    cv : int, splitter, iterable or None, default=None
        Folds, as in scikit-learn (None is 5 stratified folds).

    scoring : str, callable or None, default=None
        Score of a held-out fold; None is the accuracy.

    selection : {"best", "one_se"}, default="best"
        The smallest C with the best mean score, or the smallest within one standard error
        of it: fewer weights.

    fit_intercept : bool, default=True
        Whether units have an intercept u.

    penalize_intercept : bool, default=True
        Whether the intercept costs ``|u|`` as in H96, or nothing.

    monotonic_cst : array-like of int of shape (n_features,) or dict of str, default=None
        Signs of weights: see :class:`LPPerceptronClassifier`.

    class_weight : dict, "balanced" or None, default=None
        Factors of C by class. With several labels, of the classes 0 and 1 of each.

    tol : float, default=1e-6
        Duality gap to certify, relative to ``max(1, objective)``.

    max_iter : int or None, default=None
        Limit of iterations of each output in the last fit.

    time_limit : float or None, default=None
        Limit of seconds for each output in the last fit.

    solver : str, default="auto"
        Where the solver starts: see :class:`LPPerceptronClassifier`.

    n_jobs : int or None, default=None
        Number of folds at the same time (joblib).

    Attributes
    ----------
    C_ : float
        The C chosen.

    Cs_ : ndarray of shape (n_Cs,)
        All values of C.

    scores_ : ndarray of shape (n_folds, n_Cs)
        Scores of the held-out folds.

    coef_, intercept_, classes_, objective_, dual_gap_, slack_, truncation_, n_iter_ : object
        As those of :class:`LPPerceptronClassifier`.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, when X has names that are strings.

    See Also
    --------
    LPPerceptronClassifier : With a given C.
    lp_perceptron_path : The weights for every C.

    Notes
    -----
    Time is that of n_folds x n_Cs + 1 fits at most, memory O(size of X) for each job.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skprune import LPPerceptronClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = LPPerceptronClassifierCV(Cs=5).fit(X, y == 2)
    >>> clf.scores_.shape, bool(clf.score(X, y == 2) > 0.9)
    ((5, 5), True)
    """

    _parameter_constraints = {
        **{k: v for k, v in _BaseLPPerceptron._parameter_constraints.items() if k != "C"},
        **_GRID_CONSTRAINTS,
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "selection": [StrOptions({"best", "one_se"})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        Cs=20,
        *,
        C_ratio=1e3,
        cv=None,
        scoring=None,
        selection="best",
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
        self.Cs = Cs
        self.C_ratio = C_ratio
        self.cv = cv
        self.scoring = scoring
        self.selection = selection
        self.fit_intercept = fit_intercept
        self.penalize_intercept = penalize_intercept
        self.monotonic_cst = monotonic_cst
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.time_limit = time_limit
        self.solver = solver
        self.n_jobs = n_jobs

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Choose C by cross-validation and fit with it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training patterns.

        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or an indicator matrix of several labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Factors of C, and weights of the samples in the scores of held-out folds.

        **params : dict
            `groups` for the splitter and, with metadata routing enabled, whatever the splitter
            and the scorer request.

        Returns
        -------
        self : LPPerceptronClassifierCV
            The fitted classifier.
        """
        with all_or_nothing(self):
            inputs = X
            X, y = _validate(self, X, y)
            weights = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
            classes, targets, costs = encode_classes(y, weights, self.class_weight)
            check_signs_serve(self.monotonic_cst, classes)
            Cs = _grid(self, X, targets, costs, self.Cs, self.C_ratio)
            given = None if sample_weight is None else weights
            folds, score_params = make_folds(self, (X, y), y, given, params)
            context = self._init_callback_context(max_subtasks=len(folds) + 1)
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            scores = []
            for fold in Parallel(n_jobs=self.n_jobs, return_as="generator")(
                delayed(_fold_scores)(
                    self._single(1.0), X, y, weights, Cs, self._scorer(), score_params, *fold
                )
                for fold in folds
            ):
                task = context.subcontext(task_name="fold")
                task.call_on_fit_task_begin(estimator=self)
                scores.append(fold)
                task.call_on_fit_task_end(estimator=self)
            scores = np.array(scores)
            C = float(Cs[_select(scores, self.selection)])
            task = context.subcontext(task_name="refit").call_on_fit_task_begin(estimator=self)
            final = self._single(C)
            problem = final._fit(inputs, y, sample_weight)
            task.call_on_fit_task_end(estimator=self)
            context.call_on_fit_task_end(estimator=self, X=X, y=y)
            fitted = {k: v for k, v in vars(final).items() if k.endswith("_")}
            self.__dict__.update(fitted, C_=C, Cs_=Cs, scores_=scores)
            # That the scores choose no feature is no fault, unless no other C was there to choose.
            warn_of_no_feature(self.coef_, _units(self, Cs[-1]), *problem, parameter="max(Cs)")
        return self

    def _scorer(self):
        return get_scorer("accuracy" if self.scoring is None else self.scoring)

    def get_metadata_routing(self):
        """Get metadata routing of this object.

        Returns
        -------
        routing : MetadataRouter
            What `fit` takes itself (`sample_weight`), and what it hands to the splitter and to
            the scorer.
        """
        return router_of(self, self._scorer())

    def _single(self, C):
        """The classifier with one C, sharing our parameters."""
        single = LPPerceptronClassifier(C)
        ours = self.get_params(deep=False)
        single.set_params(**{k: ours[k] for k in single.get_params() if k in ours})
        # Folds have no feature names, and take one job each.
        return single.set_params(monotonic_cst=_weight_signs(self, self.monotonic_cst), n_jobs=None)


def _fold_scores(clf, X, y, weights, Cs, scorer, score_params, train, test):
    """Scores of one held-out fold for every C."""
    clf.n_features_in_ = X.shape[1]
    held_out = _safe_indexing(X, test), y[test]
    params = rows_of(score_params, test, y.shape[0])
    if y.ndim == 1 and len(np.unique(y[train][weights[train] > 0])) < 2:
        raise ValueError(
            f"The training part of a fold, all but {len(test)} samples, has one class only. Use a "
            "stratified splitter (the default for cv=None and integers), fewer folds, or more "
            "samples of the rarest class."
        )
    fold = _safe_indexing(X, train)
    classes, targets, costs = encode_classes(y[train], weights[train], clf.class_weight)
    clf.classes_ = classes
    scores = []
    for found in _path(clf, fold, targets, costs, Cs):
        clf.coef_, clf.intercept_ = _split_weights(found, clf.fit_intercept)
        scores.append(scorer(clf, *held_out, **params))
    return scores


def _select(scores, selection):
    """Index of the smallest C that is as good as the best."""
    # Sums of the same scores differ in their last digits by the order of the folds.
    mean = scores.mean(axis=0).round(12)
    best = int(np.argmax(mean))
    if selection == "best" or len(scores) < 2:
        return best
    error = scores[:, best].std(ddof=1) / np.sqrt(len(scores))
    return int(np.flatnonzero(mean >= mean[best] - error)[0])
