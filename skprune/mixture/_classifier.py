"""Classification by one splitting mixture a class."""

from numbers import Integral

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import (
    check_is_fitted,
    has_fit_parameter,
    validate_data,
)

from .._estimator.compat import CallbackSupportMixin, check_sample_weight, with_callbacks
from .._estimator.transaction import all_or_nothing
from .._estimator.version import VersionMixin
from .._numerics.threads import one_blas_thread
from ._splitting_mixture import SplittingGaussianMixture


class SplittingGaussianMixtureClassifier(
    CallbackSupportMixin, ClassifierMixin, VersionMixin, BaseEstimator
):
    """Bayes' rule over class densities that are splitting Gaussian mixtures.

    Each class gets as many components as its observations ask for, and an observation goes to the
    class of largest prior times density. Use it where classes are clouds of several modes: it needs
    no tuning of the number of components, gives probabilities and densities, and new classes do
    not touch the old ones.

    Parameters
    ----------
    estimator : estimator, default=None
        Mixture that is cloned and fitted for each class, or any density estimator with
        `score_samples`, the log-density in the units of X; None for
        :class:`SplittingGaussianMixture` with its defaults. Scalers and other transformers that are
        fitted go before the classifier: each class would get units of its own.
    priors : array-like of shape (n_classes,), default=None
        Prior probabilities of the classes, in the order of ``classes_``; None for their share of
        the training weight.
    n_jobs : int, default=None
        Number of classes that are fitted in parallel.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    class_prior_ : ndarray of shape (n_classes,)
        Prior probabilities.
    estimators_ : list of estimators
        The fitted mixture of each class.
    n_components_ : ndarray of shape (n_classes,)
        Number of components of each class, where the mixtures have this attribute.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, when all are strings.

    Raises
    ------
    ValueError
        When ``priors`` are not probabilities of the classes, when weights are negative, or when
        they differ and the estimator takes none; for a pipeline that fits transformers, whose
        densities of the classes cannot be compared.

    Warns
    -----
    UserWarning
        By a mixture whose class is flat in some direction, such as a class of one observation.

    See Also
    --------
    SplittingGaussianMixture : The density of a class.
    sklearn.naive_bayes.GaussianNB : One diagonal Gaussian a class.

    Notes
    -----
    Fitting costs the sum of the mixtures' costs; prediction O(P K s) for K components in all and s
    statistics of an observation.

    References
    ----------
    WJ92: M. Wynne-Jones. Node splitting: a constructive algorithm for feed-forward neural networks.
    NIPS 4, 1992 (mixtures grown by splitting, for recognition).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skprune import SplittingGaussianMixture, SplittingGaussianMixtureClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = SplittingGaussianMixtureClassifier(
    ...     SplittingGaussianMixture(covariance_type="full")
    ... ).fit(X, y)
    >>> classifier.n_components_
    array([1, 1, 1])
    >>> classifier.score(X, y)
    0.98
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "score_samples"]), None],
        "priors": ["array-like", None],
        "n_jobs": [Integral, None],
    }

    def __init__(self, estimator=None, *, priors=None, n_jobs=None):
        self.estimator = estimator
        self.priors = priors
        self.n_jobs = n_jobs

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit one mixture a class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each observation counts.

        Returns
        -------
        self : SplittingGaussianMixtureClassifier
            The fitted classifier.
        """
        with all_or_nothing(self), one_blas_thread():
            X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], order="C")
            check_classification_targets(y)
            weight = check_sample_weight(sample_weight, X)
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
            classes, codes = np.unique(y, return_inverse=True)
            mass = np.bincount(codes, weights=weight)
            priors = mass / mass.sum() if self.priors is None else self._check_priors(classes)
            template = SplittingGaussianMixture() if self.estimator is None else self.estimator
            _check_units(template)
            weights = _fit_weights(template, weight)
            callback_ctx = self._init_callback_context(max_subtasks=len(classes))
            callback_ctx.call_on_fit_task_begin(estimator=self, X=X, y=y)
            estimators = Parallel(n_jobs=self.n_jobs)(
                delayed(_fit_class)(
                    clone(template),
                    X[codes == k],
                    {name: values[codes == k] for name, values in weights.items()},
                    callback_ctx.subcontext(task_name=f"class {classes[k]}"),
                    self,
                )
                for k in range(len(classes))
            )
            callback_ctx.call_on_fit_task_end(estimator=self, X=X, y=y)
            self.classes_, self.class_prior_, self.estimators_ = classes, priors, estimators
            vars(self).pop("n_components_", None)
            if all(hasattr(mixture, "n_components_") for mixture in estimators):
                self.n_components_ = np.array([mixture.n_components_ for mixture in estimators])
        return self

    def _check_priors(self, classes):
        try:
            priors = np.asarray(self.priors, dtype=np.float64)
        except (TypeError, ValueError):
            priors = np.empty(0)
        valid = priors.shape == classes.shape and np.all(priors >= 0)
        if not (valid and np.isclose(priors.sum(), 1)):
            raise ValueError(
                f"priors={self.priors!r} must be {len(classes)} non-negative numbers that sum to "
                f"one, in the order of the classes of positive weight: {classes.tolist()}."
            )
        return priors

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimators_")

    def _log_joint(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        log_densities = [mixture.score_samples(X) for mixture in self.estimators_]
        with np.errstate(divide="ignore"):
            return np.column_stack(log_densities) + np.log(self.class_prior_)

    def predict(self, X):
        """Class of largest posterior probability.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.
        """
        log_joint = self._log_joint(X)
        return self.classes_[log_joint.argmax(axis=1)]

    def predict_proba(self, X):
        """Posterior probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return softmax(self._log_joint(X), axis=1)

    def predict_log_proba(self, X):
        """Return the logarithms of the posterior probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Observations.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return log_softmax(self._log_joint(X), axis=1)


def _check_units(template):
    """Raise if transformers, fitted to one class each, put the densities in different units."""
    if hasattr(template, "estimator") and hasattr(template, "refit"):  # a search
        template = template.estimator
    if not isinstance(template, Pipeline):
        return
    fitted = [step for _, step in template.steps[:-1] if _is_fitted_anew(step)]
    if fitted:
        raise ValueError(
            f"The pipeline given as estimator fits {fitted[0]!r} to each class on its own: the "
            "classes' densities are in different units, and Bayes' rule cannot compare them. Put "
            f"what is fitted before the classifier: make_pipeline({fitted[0]!r}, "
            f"SplittingGaussianMixtureClassifier({template.steps[-1][1]!r}))."
        )
    _check_units(template.steps[-1][1])


def _is_fitted_anew(step):
    if step is None or step == "passthrough" or isinstance(step, FrozenEstimator):
        return False
    return get_tags(step).requires_fit


def _fit_weights(template, weight):
    """The weights as a parameter of `fit`, for estimators that take them."""
    if has_fit_parameter(template, "sample_weight"):
        return {"sample_weight": weight}
    if np.ptp(weight) > 0:
        raise ValueError(
            f"{type(template).__name__} does not accept sample_weight; use an estimator that does, "
            "such as SplittingGaussianMixture, or fit without weights."
        )
    return {}


def _fit_class(mixture, X, weights, context, classifier):
    context.call_on_fit_task_begin(estimator=classifier)
    with context.propagate_callback_context(mixture):
        mixture.fit(X, **weights)
    context.call_on_fit_task_end(estimator=classifier)
    return mixture
