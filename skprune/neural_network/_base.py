"""What all network estimators share: reading networks, encoding targets, predicting."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from .._drawing import network_svg
from .._network import Network, layer_sizes_of, network_output, noisy_objective
from .._warnings import flatten_column
from ..linear_model._lp_perceptron import check_indicators

# What a classifier's output units are between: none of a class, and all of it.
_LIMITS = {"tanh": (-1.0, 1.0), "clip": (-1.0, 1.0)}


def check_network_data(estimator, X, y, sample_weight, *, reset=True):
    """Validated X, y (2-d for several outputs) and sample weights (or None)."""
    if sparse.issparse(y) and not is_classifier(estimator):
        raise ValueError(
            f"{type(estimator).__name__} takes dense targets, got a sparse matrix of shape "
            f"{y.shape}; pass y.toarray()."
        )
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        multi_output=True,
        y_numeric=not is_classifier(estimator),
        dtype=(np.float64, np.float32),
        order="C",  # arrays and data frames train the same network, rounding included
        reset=reset,
    )
    if y.ndim == 2 and y.shape[1] == 1:
        y = flatten_column(y)
    if sample_weight is None:
        return X, y, None
    sample_weight = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    return X, y, sample_weight


def encode_classes(binarizer, y, out_activation):
    """Targets of the output units for class labels or a label indicator matrix."""
    targets = binarizer.transform(y)
    if sparse.issparse(targets):
        targets = targets.toarray()
    low, high = _LIMITS.get(out_activation, (0.0, 1.0))
    return low + (high - low) * targets.astype(np.float64)


def class_boundary(out_activation):
    """The output midway between none of a class and all of it."""
    return sum(_LIMITS.get(out_activation, (0.0, 1.0))) / 2


def check_regression_targets(y, loss):
    """Targets as a float64 array of shape (n_samples, n_outputs)."""
    targets = y.reshape(len(y), -1).astype(np.float64)
    if loss == "poisson" and targets.min() < 0:
        raise ValueError(
            f"loss='poisson' needs targets of at least 0, got {targets.min():g}; use "
            "loss='squared_error' for targets that can be negative."
        )
    return targets


def check_n_outputs(targets, network):
    """The encoded targets, if they are as many as the output units."""
    if targets.shape[1] != network.n_outputs:
        raise ValueError(
            f"y needs {targets.shape[1]} output units, but the network has {network.n_outputs}; "
            "pass targets of the kind that it was trained on."
        )
    return targets


def encode_targets(estimator, y, network):
    """Targets of a fitted estimator's output units, for samples that may be new to it.

    Raises
    ------
    ValueError
        If y has other classes or outputs than those that the network was trained on.
    """
    if is_classifier(estimator):
        return encode_labels(known_binarizer(estimator, y), y, network)
    return encode_values(y, network)


def encode_labels(binarizer, y, network):
    """Targets of a classifying network's output units."""
    out_activation = network.activations[-1]
    targets = encode_classes(binarizer, y, out_activation)
    if has_unit_for_each_of_two(binarizer, network.n_outputs):
        targets = np.hstack([2.0 * class_boundary(out_activation) - targets, targets])
    return check_n_outputs(targets, network)


def has_unit_for_each_of_two(binarizer, n_outputs):
    """Whether two classes have an output unit each, and not one between them."""
    return binarizer.y_type_ == "binary" and n_outputs == 2


def encode_values(y, network):
    """Targets of a regressing network's output units."""
    return check_n_outputs(check_regression_targets(y, network.loss), network)


def known_binarizer(classifier, y):
    """A binarizer of all classes of a fitted classifier, frozen or not; y may hold some of them."""
    is_matrix = y.ndim == 2
    if is_matrix != takes_indicators(classifier):
        given = ("class labels", f"a matrix of {y.shape[-1]} columns")[is_matrix]
        trained = ("a label indicator matrix", "class labels")[is_matrix]
        raise ValueError(
            f"y is {given}, but the network was trained on {trained}; pass targets of the kind "
            "that it was trained on."
        )
    if is_matrix:
        return fit_binarizer(y)
    check_known_classes(y, classifier.classes_)
    return fit_binarizer(classifier.classes_)


def check_known_classes(y, classes):
    """Raise if labels are none of the classes that a network was trained on."""
    unknown = np.setdiff1d(y, classes).tolist()
    if unknown:
        raise ValueError(
            f"y has the classes {unknown}, which the network was not trained on (it knows "
            f"{classes.tolist()}); leave their samples out, or train it on all classes."
        )


def fit_binarizer(y):
    """A fitted LabelBinarizer; an error that names the type for continuous targets."""
    kind = type_of_target(y, input_name="y")
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        raise ValueError(
            f"Unknown label type: {kind}, of dtype {y.dtype}. A classifier needs classes (numbers, "
            "strings or booleans: of mixed ones y.astype(str)) or a label indicator matrix; use "
            "the regressor for continuous targets."
        )
    if kind == "multilabel-indicator":
        check_indicators(y.data if sparse.issparse(y) else y)
    return LabelBinarizer().fit(y)


class NetworkEstimator(BaseEstimator):
    """Prediction from ``coefs_``, ``intercepts_`` and ``activations_``."""

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coefs_")

    def _html_repr(self):
        """scikit-learn's diagram, and below it the network once there is one to draw."""
        is_drawn = self.__sklearn_is_fitted__() and not hasattr(self, "lateral_coef_")
        return super()._html_repr() + (network_svg(self) if is_drawn else "")

    def _will_be_layered(self):
        """Whether, once trained, each unit sees the layer before its own alone."""
        return True

    def _outputs(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return network_output(self.coefs_, self.intercepts_, self.activations_, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _set_network(self, network, w):
        """Set the attributes that every fitted network has."""
        self.coefs_, self.intercepts_ = network.unpack(w)
        self.activations_ = list(network.activations)
        self.loss_function_ = network.loss
        self.n_layers_ = network.n_layers + 1
        self.n_outputs_ = network.n_outputs
        self.out_activation_ = network.activations[-1]

    def sparsify(self):
        """Store the weights as sparse matrices (CSR), in place.

        Worth it when most weights of wide layers are zero; small networks predict faster dense.

        Returns
        -------
        self : object
            The estimator itself, with the same predictions.
        """
        check_is_fitted(self)
        self.coefs_ = [sparse.csr_array(coef) for coef in self.coefs_]
        return self

    def densify(self):
        """Store the weights as dense arrays again, in place.

        Returns
        -------
        self : object
            The estimator itself, with the same predictions.
        """
        check_is_fitted(self)
        self.coefs_ = _dense(self.coefs_)
        return self

    def to_mlp(self, compact=True):
        """Return a plain fitted scikit-learn MLP with the same predictions.

        Whatever knows scikit-learn's `MLPClassifier` and `MLPRegressor` (ONNX converters, skops,
        explainers, ...) then knows the pruned network.

        Parameters
        ----------
        compact : bool, default=True
            Remove hidden units that reach no output, and fold those that no input reaches into
            the biases they feed. A constant network gets `hidden_layer_sizes=()`.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            Fitted; `feature_names_in_` and classes are this estimator's.

        Raises
        ------
        ValueError
            If scikit-learn's MLPs cannot express the network: other pairs of loss and output
            activation than theirs, "clip" units, or hidden layers of different activations.
        """
        check_is_fitted(self)
        coefs, intercepts = _dense(self.coefs_), [np.array(b) for b in self.intercepts_]
        if compact:
            coefs, intercepts = compact_network(coefs, intercepts, self.activations_)
        return _build_mlp(self, coefs, intercepts)


def _dense(coefs):
    return [coef.toarray() if sparse.issparse(coef) else np.array(coef) for coef in coefs]


def compact_network(coefs, intercepts, activations):
    """Remove units that reach no output and fold constant ones into the next biases.

    Returns
    -------
    coefs, intercepts : list of ndarray
        With one layer left when the network is constant.
    """
    coefs, intercepts = [c.copy() for c in coefs], [b.copy() for b in intercepts]
    for depth in range(len(coefs) - 1):
        constant = ~coefs[depth].any(axis=0)
        level = network_output(
            [coefs[depth]],
            [intercepts[depth]],
            activations[depth : depth + 1],
            np.zeros((1, len(coefs[depth]))),
        )[0]
        intercepts[depth + 1] += level[constant] @ coefs[depth + 1][constant]
        coefs[depth + 1][constant] = 0.0
    for depth in range(len(coefs) - 2, -1, -1):
        alive = coefs[depth + 1].any(axis=1)
        if not alive.any():
            # From here on nothing depends on the inputs: the rest is a constant.
            return [np.zeros((len(coefs[0]), coefs[-1].shape[1]))], [intercepts[-1]]
        coefs[depth], intercepts[depth] = coefs[depth][:, alive], intercepts[depth][alive]
        coefs[depth + 1] = coefs[depth + 1][alive]
    return coefs, intercepts


def _retraining(classifies):
    loss = "loss='log_loss', " if classifies else ""
    return f"train with {loss}out_activation='auto'"


def _build_mlp(estimator, coefs, intercepts):
    """A scikit-learn MLP through its public calls, given the weights."""
    hidden, out = estimator.activations_[:-1], estimator.activations_[-1]
    loss = estimator.loss_function_
    classifies = is_classifier(estimator)
    valid = (
        {("log_loss", "logistic"), ("log_loss", "softmax")}
        if classifies
        else {("squared_error", "identity"), ("poisson", "exp")}
    )
    # With several exclusive classes scikit-learn's output is softmax, with none to tell it is 1-d.
    is_other_output = classifies and (
        (out == "logistic" and estimator.n_outputs_ > 1 and not takes_indicators(estimator))
        or len(estimator.classes_) == 1
    )
    if (loss, out) not in valid or is_other_output or "clip" in hidden or len(set(hidden)) > 1:
        raise ValueError(
            f"scikit-learn's MLPs cannot express a network with activations "
            f"{estimator.activations_} and loss {loss!r} (they know {sorted(valid)}, softmax for "
            "several exclusive classes, two classes at least, and one hidden activation). Use "
            "export_c or export_numpy of skprune.inspection"
            + ("" if "clip" in hidden else ", or " + _retraining(classifies))
            + "."
        )
    parameters = {
        "hidden_layer_sizes": tuple(coef.shape[1] for coef in coefs[:-1]),
        "activation": hidden[0] if hidden else "identity",
        "alpha": estimator.alpha_,
        "random_state": 0,
    }
    blank = np.zeros((1, estimator.n_features_in_))
    if classifies:
        y = np.zeros((1, len(estimator.classes_)), dtype=int)
        if not takes_indicators(estimator):
            y = estimator.classes_[:1]
        mlp = MLPClassifier(**parameters).partial_fit(blank, y, classes=estimator.classes_)
    else:
        y = np.ones(1 if estimator.n_outputs_ == 1 else (1, estimator.n_outputs_))
        mlp = MLPRegressor(loss=loss, **parameters).partial_fit(blank, y)
    mlp.coefs_, mlp.intercepts_ = coefs, intercepts
    mlp.loss_ = estimator.loss_
    if hasattr(estimator, "feature_names_in_"):
        mlp.feature_names_in_ = estimator.feature_names_in_
    return mlp


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """Classes from a network's outputs."""

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Class labels, or label indicators.
        """
        scores = self._class_scores(X)
        if self.n_outputs_ == 1:
            scores = scores.ravel()
        return self._label_binarizer.inverse_transform(scores, threshold=0.5)

    def predict_proba(self, X):
        """Predict the probability of each class.

        For squared-error networks: the outputs' positions between their targets, clipped to
        [0, 1]; those of several exclusive classes, none of them negative, are divided by their
        sum. No probability is closer to 0 or 1 than machine precision, so that logarithms are
        finite.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        scores = self._class_scores(X)
        if len(self.classes_) == 1:
            return np.ones_like(scores)
        precision = np.finfo(np.float64).eps
        is_exclusive = self.n_outputs_ > 1 and not takes_indicators(self)
        if is_exclusive and self.out_activation_ != "softmax":
            scores = np.maximum(scores, precision)
            scores /= scores.sum(axis=1, keepdims=True)
        scores = np.clip(scores, precision, 1.0 - precision)
        return np.hstack([1.0 - scores, scores]) if self.n_outputs_ == 1 else scores

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return np.log(self.predict_proba(X))

    def _class_scores(self, X):
        """Outputs, moved to targets 0 and 1."""
        return self._scored(self._outputs(X))

    def _scored(self, outputs):
        """The same, of outputs or net inputs."""
        low, high = _LIMITS.get(self.out_activation_, (0.0, 1.0))
        scores = (outputs - low) / (high - low)
        if has_unit_for_each_of_two(self._label_binarizer, self.n_outputs_):
            ahead = (scores[:, 1:] - scores[:, :1] + 1.0) / 2.0
            return np.hstack([1.0 - ahead, ahead])
        return scores

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NetworkRegressor(RegressorMixin, NetworkEstimator):
    """Values from a network's outputs."""

    def predict(self, X):
        """Predict values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The outputs, in the units of the targets.
        """
        outputs = self._outputs(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = True
        return tags


def read_network(estimator):
    """The network that a fitted estimator holds, through its public attributes.

    Returns
    -------
    network : Network
    w : ndarray
        Flat weights.
    kept : ndarray of int
        Flat indices of the weights that exist.
    alpha : float
        Weight decay in scikit-learn's convention.

    Raises
    ------
    NotFittedError, ValueError
        With the reason and the cure.
    """
    refuse_non_networks(estimator)
    name = thawed_name(estimator)
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise NotFittedError(
            f"The frozen {name} is not fitted yet; fit it before it is frozen, or pass it without "
            "FrozenEstimator to have it trained."
        ) from None
    if hasattr(estimator, "lateral_coef_"):
        raise _cascade_error(name)
    if not hasattr(estimator, "coefs_"):
        raise _no_network_error(estimator)
    coefs = _dense(estimator.coefs_)
    intercepts = [np.asarray(intercept) for intercept in estimator.intercepts_]
    if not all(np.isfinite(part).all() for part in (*coefs, *intercepts)):
        raise ValueError(f"The weights of {name} are not finite; scale its inputs and train again.")
    network = Network(
        layer_sizes_of(coefs, intercepts, name),
        _activations_of(estimator, len(coefs)),
        _loss_of(estimator),
    )
    exists = _existing_weights(estimator, network, coefs, intercepts)
    alpha = getattr(estimator, "alpha_", None)
    alpha = getattr(estimator, "alpha", 0.0) if alpha is None else alpha
    return network, network.pack(coefs, intercepts), np.flatnonzero(exists), float(alpha)


def judged_objective(estimator, network, X, targets, sample_weight, alpha):
    """The loss that a fitted estimator's network is judged by, on given samples."""
    data = (network, X, targets, sample_weight, alpha)
    return noisy_objective(input_noise_of(estimator), *data)


def input_noise_of(estimator):
    """The noise on the inputs that a fitted estimator's network was trained with."""
    return float(getattr(estimator, "input_noise_", 0.0))


def _activations_of(estimator, n_layers):
    if hasattr(estimator, "activations_"):
        return tuple(estimator.activations_)
    return (*[estimator.activation] * (n_layers - 1), estimator.out_activation_)


def _loss_of(estimator):
    if hasattr(estimator, "loss_function_"):
        return estimator.loss_function_
    return "log_loss" if is_classifier(estimator) else estimator.loss


def _existing_weights(estimator, network, coefs, intercepts):
    masks = getattr(estimator, "coef_masks_", None)
    if masks is not None:
        return network.pack(_dense(masks), estimator.intercept_masks_, dtype=bool)
    if getattr(estimator, "fit_intercept", True):
        return np.ones(network.n_weights, dtype=bool)
    return ~network.is_intercept


def is_frozen(estimator):
    """Whether an estimator must be taken as it is."""
    return isinstance(estimator, FrozenEstimator)


def starts_frozen(estimator):
    """Whether an estimator is frozen, or trains on from a network that is."""
    while estimator is not None and not is_frozen(estimator):
        estimator = getattr(estimator, "estimator", None)
    return estimator is not None


def thawed(estimator):
    """The estimator within a FrozenEstimator, or itself."""
    while is_frozen(estimator):
        estimator = estimator.estimator
    return estimator


def thawed_name(estimator):
    """Class name of the estimator, frozen or not."""
    return type(thawed(estimator)).__name__


def check_frozen_inputs(estimator, frozen, X):
    """Raise if a frozen network was trained on other columns than X."""
    n_inputs = read_network(frozen)[0].layer_sizes[0]
    if n_inputs != X.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} features, but the frozen estimator was trained on "
            f"{n_inputs}; pass the columns that it was trained on."
        )
    trained_on = getattr(frozen, "feature_names_in_", None)
    names = getattr(estimator, "feature_names_in_", None)
    if trained_on is not None and names is not None and list(trained_on) != list(names):
        raise ValueError(
            f"The columns of X are {list(names)}, but the frozen estimator was trained on "
            f"{list(trained_on)}; pass the same columns in the same order."
        )


def takes_indicators(classifier):
    """Whether a fitted network classifier, frozen or not, was trained on several labels at once.

    Told by its outputs where it does not keep the binarizer: scikit-learn's MLPs have softmax
    units for exclusive classes.
    """
    binarizer = getattr(classifier, "_label_binarizer", None)
    if binarizer is not None:
        return binarizer.y_type_.startswith("multilabel")
    network = read_network(classifier)[0]
    return network.n_outputs > 1 and network.has_independent_outputs


def refuse_non_networks(estimator):
    """Raise if it is known of an estimator, trained or not, that it holds no layered network.

    Classes of scikit-learn and skprune are known; `read_network` tells of others once trained.
    """
    given = thawed(estimator)
    if isinstance(given, Pipeline):
        raise ValueError(
            "A Pipeline cannot be pruned as a whole; put the pruning estimator last in the "
            "pipeline: make_pipeline(StandardScaler(), OBSMLPClassifier(MLPClassifier()))."
        )
    if isinstance(given, NetworkEstimator):
        if not is_frozen(estimator) and not given._will_be_layered():
            raise _cascade_error(type(given).__name__)
    elif not isinstance(given, (MLPClassifier, MLPRegressor)) and _is_known(given):
        raise _no_network_error(given)


def _is_known(estimator):
    return type(estimator).__module__.partition(".")[0] in ("sklearn", "skprune")


def is_search(estimator):
    """Whether an estimator, trained or not, looks for the best of several models."""
    return hasattr(thawed(estimator), "estimator") and hasattr(thawed(estimator), "refit")


def _no_network_error(estimator):
    return ValueError(
        f"{thawed_name(estimator)} holds no network (it has no coefs_ and intercepts_); use "
        + ("its best_estimator_, in a FrozenEstimator, or " if is_search(estimator) else "")
        + "scikit-learn's MLPClassifier or MLPRegressor, or a network estimator of skprune."
    )


def _cascade_error(name):
    return ValueError(
        f"{name} is a cascade, whose units see units of their own layer: an end "
        "product that cannot be pruned as a layered network."
    )
