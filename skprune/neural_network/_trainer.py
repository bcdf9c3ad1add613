"""What the estimators that train a network of their own share."""

from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.extmath import row_norms

from .._estimator.class_weight import weights_by_class
from .._estimator.compat import CallbackSupportMixin, with_callbacks
from .._estimator.labels import fit_binarizer
from .._estimator.transaction import all_or_nothing
from .._estimator.warnings import warn_user
from .._fitted.targets import check_network_data, check_regression_targets, encode_classes
from .._network import OUTPUT_PAIRS
from .._numerics.threads import blas_threads, one_blas_thread
from ._base import NetworkClassifier, NetworkRegressor

# Where training fails on nearly all data; from 10 on it already suffers, but mostly says so by not
# converging. (scikit-learn's checks have inputs of 100 throughout, which makes 141 at most.)
_LARGEST_NET_INPUT = 150.0

# Root mean squares of targets between which training gets somewhere.
_TARGET_SIZES = 0.01, 1000.0


class TrainedClassifier(CallbackSupportMixin, NetworkClassifier):
    """Classifier whose `_train` trains on encoded targets and sets the fitted attributes."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a label indicator matrix.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; a weight of zero leaves a sample out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters do not go together, or the loss is not finite.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If `max_iter` was too small, or the target loss of a penalty was not reached.
        UserWarning
            If inputs are so large that units hardly learn.
        """
        with all_or_nothing(self), one_blas_thread():
            self._fit(X, y, sample_weight)
        return self

    @with_callbacks
    def _fit(self, X, y, sample_weight):
        X, y, sample_weight = check_network_data(self, X, y, sample_weight)
        binarizer = fit_binarizer(y)
        out_activation = self._resolve_out_activation(binarizer)
        targets = encode_classes(binarizer, y, out_activation)
        self._label_binarizer, self.classes_ = binarizer, binarizer.classes_
        sample_weight = weights_by_class(self.class_weight, y, sample_weight)
        self._train(X, targets, out_activation, sample_weight)
        return self

    def _resolve_out_activation(self, binarizer):
        several = binarizer.y_type_ == "multiclass"
        if self.out_activation == "auto":
            if self.loss == "log_loss":
                return "softmax" if several else "logistic"
            return "logistic" if self.activation == "logistic" else "tanh"
        if self.out_activation == "softmax" and not several:
            raise ValueError(
                "out_activation='softmax' needs more than two exclusive classes, got "
                f"{binarizer.y_type_} targets; use 'auto' or 'logistic'."
            )
        return check_pair(self, self.out_activation)


class TrainedRegressor(CallbackSupportMixin, NetworkRegressor):
    """Regressor whose `_train` trains on targets and sets the fitted attributes."""

    _standardises_targets = False

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values, not negative for "poisson".
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; a weight of zero leaves a sample out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters do not go together, or the loss is not finite.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If `max_iter` was too small, or the target loss of a penalty was not reached.
        UserWarning
            If inputs are so large that units hardly learn; if targets of linear output units have
            a root mean square above 1,000 or below 0.01, for which training is not made.
        """
        with all_or_nothing(self), one_blas_thread():
            self._fit(X, y, sample_weight)
        return self

    @with_callbacks
    def _fit(self, X, y, sample_weight):
        X, y, sample_weight = check_network_data(self, X, y, sample_weight)
        targets = check_regression_targets(y, self.loss)
        auto = "exp" if self.loss == "poisson" else "identity"
        out_activation = auto if self.out_activation == "auto" else self.out_activation
        out_activation = check_pair(self, out_activation)
        if out_activation == "identity" and not self._standardises_targets:
            warn_about_targets(targets, sample_weight)
        self._train(X, targets, out_activation, sample_weight)
        return self


def training_threads(estimator, X):
    """A context with the BLAS threads that suit the training of an estimator that is given.

    skprune's own choose them; scikit-learn's networks take what there is, which for large ones is
    more than one.
    """
    is_foreign = isinstance(estimator, (MLPClassifier, MLPRegressor))
    units = np.ravel(estimator.hidden_layer_sizes) if is_foreign else []
    return blas_threads(X.shape[1] * int(max(units, default=0)))


def hidden_sizes(hidden_layer_sizes):
    """The parameter as a tuple of integers."""
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object))
    if sizes.ndim > 1 or not all(_is_size(size) for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must be integers of at least 1, one for each hidden layer, such as "
            f"(10, 5), got {hidden_layer_sizes!r}. Give a single integer or a flat list of them."
        )
    return tuple(int(size) for size in sizes)


def _is_size(size):
    return isinstance(size, Integral) and not isinstance(size, bool) and size >= 1


def check_pair(estimator, out_activation):
    """The output activation, if it goes with the estimator's loss."""
    loss = estimator.loss
    if (loss, out_activation) not in OUTPUT_PAIRS:
        options = estimator._parameter_constraints["out_activation"][0].options
        valid = sorted(out for other, out in OUTPUT_PAIRS if other == loss and out in options)
        raise ValueError(
            f"out_activation={out_activation!r} does not go with loss={loss!r}; use "
            f"'auto' or one of {valid}."
        )
    return out_activation


def warn_about_targets(targets, sample_weight=None):
    """Warn of targets that training may not get to, or that are small beside tol and alpha."""
    size = np.sqrt(np.average(targets**2, axis=0, weights=sample_weight).mean())
    smallest, largest = _TARGET_SIZES
    if size > largest or 0 < size < smallest:
        warn_user(
            f"y has values of about {size:.2g} (root mean square). Training, its tol and alpha are "
            "made for targets of about one, and may end at a constant. Scale the targets: "
            "TransformedTargetRegressor(..., transformer=StandardScaler()).",
            UserWarning,
        )


def check_training(result, max_iter, tol, cure="or raise alpha"):
    """Raise if training diverged; warn if it stopped early."""
    if not np.isfinite(result.value):
        raise ValueError(
            "Training ended with a loss that is not finite: the inputs or targets are too "
            "large. Scale them (StandardScaler) first."
        )
    if not result.converged and result.n_iter >= max_iter:
        warn_user(
            f"Training stopped after max_iter={max_iter} iterations with a gradient of "
            f"{result.gradient_norm:.2g} (tol={tol:g}). Raise max_iter or tol, scale the "
            f"inputs, {cure}.",
            ConvergenceWarning,
        )


def warn_about_scale(X, hidden_layer_sizes, sample_weight=None):
    """Warn of inputs that saturate most hidden units from the start, in most samples."""
    if not hidden_layer_sizes:
        return
    seen = X if sample_weight is None else X[np.flatnonzero(sample_weight)]
    # Standard deviation, over initial weights of variance 2 / (fan in + fan out).
    spread = np.sqrt(2.0 / (X.shape[1] + hidden_layer_sizes[0]))
    size = spread * np.median(row_norms(seen))
    if size > _LARGEST_NET_INPUT:
        warn_user(
            f"Inputs reach {abs(seen).max():.3g}, so that hidden units start with net inputs of "
            f"about {size:.3g}, far from the range of -1 to 1 in which they learn: training may "
            "end with a poor network and no other sign. Scale the inputs: put a StandardScaler "
            "before the network, in a pipeline.",
            UserWarning,
        )
