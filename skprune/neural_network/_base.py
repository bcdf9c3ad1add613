"""What all network estimators share: reading networks, encoding targets, predicting."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from .._estimator.data import checked
from .._estimator.ranges import check_size
from .._estimator.version import VersionMixin
from .._fitted.drawing import network_svg
from .._fitted.targets import LIMITS, has_unit_for_each_of_two, takes_indicators
from .._network import network_output
from .._numerics.arrays import dense_all, dense_or_none
from ._to_mlp import (
    MAX_ERROR,
    build_mlp,
    check_expressible,
    compact_network,
    lead_through_units,
    used_inputs,
)


class NetworkEstimator(VersionMixin, BaseEstimator):
    """Prediction from ``coefs_``, ``intercepts_``, ``direct_coef_`` and ``activations_``."""

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
        X = checked(self, X, dtype=(np.float64, np.float32), reset=False)
        check_size(X)
        weights = self.coefs_, self.intercepts_
        return network_output(*weights, self.activations_, X, self.direct_coef_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _set_network(self, network, w):
        """Set the attributes that every fitted network has."""
        self.coefs_, self.intercepts_, self.direct_coef_ = network.unpack(w)
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
        if self.direct_coef_ is not None:
            self.direct_coef_ = sparse.csr_array(self.direct_coef_)
        return self

    def densify(self):
        """Store the weights as dense arrays again, in place.

        Returns
        -------
        self : object
            The estimator itself, with the same predictions.
        """
        check_is_fitted(self)
        self.coefs_, self.direct_coef_ = dense_all(self.coefs_), dense_or_none(self.direct_coef_)
        return self

    def to_mlp(self, compact=True, *, exact=False, inputs="all"):
        """Return a plain fitted scikit-learn MLP with the same predictions.

        Whatever knows scikit-learn's `MLPClassifier` and `MLPRegressor` (ONNX converters, skops,
        explainers, ...) then knows the pruned network.

        Parameters
        ----------
        compact : bool, default=True
            Remove hidden units that reach no output, and fold those that no input reaches into
            the biases they feed. A network without hidden units that matter, linear or constant,
            gets `hidden_layer_sizes=()`.
        exact : bool, default=False
            Whether to raise where the outputs would not be the same up to rounding.
        inputs : {"all", "used"}, default="all"
            Which columns the MLP takes: all that this estimator takes, or those that it uses (as
            `get_support` has them, where there is one) and no others. Of a network that uses none
            the first column is left.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            Fitted; `feature_names_in_` and classes are this estimator's.

        Raises
        ------
        ValueError
            If scikit-learn's MLPs cannot express the network: other pairs of loss and output
            activation than theirs, "clip" units, or hidden layers of different activations; with
            ``exact=True``, direct links beside "tanh" or "logistic" units. If `inputs` is anything
            else.

        Notes
        -----
        scikit-learn's MLPs have no direct links from inputs to outputs. Those of an output pass
        through a further unit of each hidden layer (two of "relu"): exactly for "identity" and
        "relu"; for "tanh" and "logistic" scaled down to where these are all but linear, so that the
        net inputs of the outputs differ by less than 1e-6 for inputs no larger than those of the
        training. (In single precision logistic units lose these digits.)
        """
        check_is_fitted(self)
        check_expressible(self)
        if inputs not in ("all", "used"):
            raise ValueError(f"inputs must be 'all' or 'used', got {inputs!r}.")
        coefs, intercepts = dense_all(self.coefs_), [np.array(b) for b in self.intercepts_]
        direct_coef = dense_or_none(self.direct_coef_)
        if compact:
            coefs, intercepts, direct_coef = compact_network(
                coefs, intercepts, self.activations_, direct_coef
            )
        taken = np.arange(self.n_features_in_)
        if inputs == "used":
            taken = used_inputs(self, coefs, direct_coef)
            coefs[0] = coefs[0][taken]
            direct_coef = None if direct_coef is None else direct_coef[taken]
        if direct_coef is not None and direct_coef.any():
            activation = self.activations_[0]
            if exact and activation not in ("identity", "relu"):
                raise ValueError(
                    f"Direct links can pass through {activation} units with an error of less than "
                    f"{MAX_ERROR:g} only; use exact=False, or export_c or export_numpy of "
                    "skprune.inspection."
                )
            coefs, intercepts = lead_through_units(
                coefs, intercepts, direct_coef, activation, self._largest_inputs[taken]
            )
        return build_mlp(self, coefs, intercepts, taken)


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
        low, high = LIMITS.get(self.out_activation_, (0.0, 1.0))
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
