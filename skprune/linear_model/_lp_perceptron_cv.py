"""The price of violations by cross-validation."""

import numpy as np
from sklearn.base import _fit_context
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.parallel import delayed

from .._estimator.class_weight import CLASS_WEIGHT
from .._estimator.compat import check_sample_weight, with_callbacks
from .._estimator.folds import make_folds, router_of, rows_of
from .._estimator.one_standard_error import choose_simplest
from .._estimator.scoring import SCORING, checked_score
from .._estimator.transaction import all_or_nothing
from .._linear_program.warnings import warn_of_no_feature
from .._numerics.parallel import results_of
from .._numerics.threads import one_blas_thread
from ._base import BaseLPClassifier, BaseLPPerceptron, split_weights
from ._lp_path import GRID_CONSTRAINTS, _path, _units, grid
from ._lp_perceptron import LPPerceptronClassifier
from ._validation import check_signs_serve, encode_targets_and_costs, validate, weight_signs


class LPPerceptronClassifierCV(BaseLPClassifier):
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

    selection : {"one_se", "best"}, default="one_se"
        "best" takes the C with the highest mean score (the smallest of several); "one_se" the
        smallest one whose mean score is no more than one standard error of the difference below
        that (nor of the mean): fewer weights.

    fit_intercept : bool, default=True
        Whether units have an intercept u.

    penalize_intercept : bool, default=True
        Whether the intercept costs ``|u|`` as in H96, or nothing.

    monotonic_cst : array-like of int of shape (n_features,) or dict of str, default=None
        Signs of weights: see :class:`LPPerceptronClassifier`.

    class_weight : dict, list of dict, "balanced" or None, default=None
        Factors of C by class. With several labels, of the classes 0 and 1 of each.

    tol : float, default=1e-6
        Duality gap to certify, relative to ``max(1, objective)``.

    max_iter : int or None, default=None
        Limit of iterations of each output in the last fit.

    time_limit : float or None, default=None
        Limit of seconds for each output in the last fit.

    solver : {"auto", "dual", "interior_point", "constraint_generation", \
            "feature_generation", "generation"}, default="auto"
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
        **{k: v for k, v in BaseLPPerceptron._parameter_constraints.items() if k != "C"},
        **GRID_CONSTRAINTS,
        "cv": ["cv_object"],
        "scoring": SCORING,
        "selection": [StrOptions({"best", "one_se"})],
        "class_weight": CLASS_WEIGHT,
    }

    def __init__(
        self,
        Cs=20,
        *,
        C_ratio=1e3,
        cv=None,
        scoring=None,
        selection="one_se",
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
        with all_or_nothing(self), one_blas_thread():
            inputs = X
            X, y = validate(self, X, y)
            weights = check_sample_weight(sample_weight, X)
            classes, targets, costs = encode_targets_and_costs(y, weights, self.class_weight)
            check_signs_serve(self.monotonic_cst, classes)
            Cs = grid(self, X, targets, costs, self.Cs, self.C_ratio)
            given = None if sample_weight is None else weights
            folds, score_params = make_folds(self, (X, y), y, given, params)
            context = self._init_callback_context(max_subtasks=len(folds) + 1)
            context.call_on_fit_task_begin(estimator=self, X=X, y=y)
            tasks = (
                delayed(_fold_scores)(
                    self._single(1.0), X, y, weights, Cs, self._scorer(), score_params, *fold
                )
                for fold in enumerate(folds)
            )
            scores = []
            for fold in results_of(tasks, self.n_jobs):
                task = context.subcontext(task_name="fold")
                task.call_on_fit_task_begin(estimator=self)
                scores.append(fold)
                task.call_on_fit_task_end(estimator=self)
            scores = np.array(scores)
            C = float(Cs[choose_simplest(scores, self.selection)])
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
        return single.set_params(monotonic_cst=weight_signs(self, self.monotonic_cst), n_jobs=None)


@one_blas_thread()
def _fold_scores(clf, X, y, weights, Cs, scorer, score_params, number, fold):
    """Scores of one held-out fold for every C."""
    train, test = fold
    clf.n_features_in_ = X.shape[1]
    held_out = _safe_indexing(X, test), y[test]
    params = rows_of(score_params, test, y.shape[0])
    if y.ndim == 1 and len(np.unique(y[train][weights[train] > 0])) < 2:
        raise ValueError(
            f"The training part of fold {number}, {len(train)} samples, has one class only. Use a "
            "stratified splitter (the default for cv=None and integers), fewer folds, or more "
            "samples of the rarest class."
        )
    inputs = _safe_indexing(X, train)
    classes, targets, costs = encode_targets_and_costs(y[train], weights[train], clf.class_weight)
    clf.classes_ = classes
    scores = []
    for C, found in zip(Cs, _path(clf, inputs, targets, costs, Cs)):
        clf.coef_, clf.intercept_ = split_weights(found, clf.fit_intercept)
        scores.append(
            checked_score(
                lambda: scorer(clf, *held_out, **params),
                f"fold {number} at C={C:g}",
                "Use another scoring, or Cs and a cv for which it is defined.",
            )
        )
    return scores
