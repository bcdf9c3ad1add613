"""The loss of a network on fixed data, as a function of its flat weights."""

import copy

import numpy as np

# Relative rise of the loss that no rule forbids.
_ROUNDING = 1e-8


class Objective:
    """Mean loss of a network on fixed data plus weight decay, of the flat weights.

    ``sum_k s_k loss_k / sum_k s_k + alpha / (2 sum_k s_k) |coefs|^2``: scikit-learn's convention
    for ``alpha``, with squared errors summed (not averaged) over the outputs. With a decay for each
    weight the second term is ``sum_q alpha_q w_q^2 / (2 sum_k s_k)``.

    Parameters
    ----------
    network : Network
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples, n_outputs)
    sample_weight : ndarray of shape (n_samples,), default=None
        Patterns of weight zero are left out.
    alpha : float or ndarray of shape (n_weights,), default=0.0
        Decay of the coefficients, biases having none; or one for each weight, biases included.

    Attributes
    ----------
    smoothing : float
        Share of the uniform distribution in the probabilities that the Gauss-Newton matrix is
        taken at; changes neither loss nor gradient.
    n_versions : int
        How many patterns each sample has: all samples in their order, so many times.
    """

    smoothing = 0.0
    n_versions = 1

    def __init__(self, network, X, targets, sample_weight=None, alpha=0.0):
        weights = np.ones(X.shape[0]) if sample_weight is None else np.asarray(sample_weight, float)
        if not weights.all():
            seen = np.flatnonzero(weights)
            X, targets, weights = X[seen], targets[seen], weights[seen]
        self.network = network
        self.X = X.astype(np.float64, copy=False)
        self.targets = np.asarray(targets, dtype=np.float64)
        self.weights = weights
        self.total = weights.sum()
        if np.ndim(alpha) == 0:
            alpha = np.where(network.is_intercept, 0.0, alpha)
        elif np.shape(alpha) != (network.n_weights,):
            raise ValueError(
                f"alpha has the shape {np.shape(alpha)}, but the network has {network.n_weights} "
                "weights; pass a number, or one decay for each weight."
            )
        self.decay = alpha / self.total

    def subset(self, rows):
        """The data loss (no weight decay) on some of the patterns."""
        part = Objective(self.network, self.X[rows], self.targets[rows], self.weights[rows])
        return part.smoothed(self.smoothing)

    def of_patterns(self, rows):
        """The objective on some of the patterns, weight decay included."""
        part = self.subset(rows)
        part.decay = self.decay * self.total / part.total
        return part

    def smoothed(self, smoothing):
        """The same objective with another ``smoothing``."""
        other = copy.copy(self)
        other.smoothing = smoothing
        return other

    def with_network(self, network):
        """The same data under another network of the same shapes."""
        other = copy.copy(self)
        other.network = network
        return other

    def decayed(self, decay):
        """The same loss on data with another ``decay``: of each weight, beside the mean loss."""
        other = copy.copy(self)
        other.decay = decay
        return other

    def counted(self):
        """The same mean loss, of weights that count samples.

        A sum over samples, such as the evidence, wants to know how many there are. Only weights
        that sum to one at most, which no count of samples does, are taken as shares of as many as
        their effective number, ``(sum s)^2 / sum s^2``.
        """
        if self.total > 1.0 + 1e-9:
            return self
        other = copy.copy(self)
        other.total = self.total**2 / (self.weights @ self.weights) / self.n_versions
        other.weights = self.weights * (other.total / self.total)
        return other

    def for_model(self, number, w, n_weights):
        """The loss that the pruning loop's model of this number, at ``w``, is made of."""
        return self

    def for_retraining(self, number):
        """The loss that the pruning loop's retraining of this number goes by."""
        return self

    def for_training(self):
        """The loss for networks that are not trained any further."""
        return self

    def losses(self, w):
        """Loss of each sample of positive weight."""
        return self.network.output_loss.value(self.network.forward(w, self.X)[-1], self.targets)

    def data_loss(self, w):
        """Mean loss without the penalty."""
        return float(self.weights @ self.losses(w) / self.total)

    def penalty(self, w):
        """Weight decay's part of the objective."""
        return 0.5 * float(self.decay @ (w * w))

    def value(self, w):
        """Mean loss plus weight decay."""
        return self.data_loss(w) + self.penalty(w)

    def value_and_gradient(self, w):
        """The objective and its gradient."""
        network = self.network
        values = network.forward(w, self.X)
        losses, delta = network.output_loss.value_and_delta(values[-1], self.targets)
        loss = self.weights @ losses / self.total
        delta *= (self.weights / self.total)[:, None]
        gradient = network.backward(w, values, delta)
        gradient += self.decay * w
        return float(loss) + self.penalty(w), gradient

    def null_loss(self):
        """Mean loss of the best constant model."""
        return self.network.output_loss.null_value(self.targets, self.weights)

    def allowed_rise(self, threshold):
        """Rise of the mean loss that is a fall of explained deviance by ``threshold``.

        Never less than what rounding of numbers may bring.
        """
        null_loss = self.null_loss()
        size = self.weights @ np.square(self.targets).mean(axis=1) / self.total or 1.0
        # Where a constant model makes no error, explained deviance is undefined. (Rounding of the
        # residuals is squared with them.)
        rounding = 100 * np.finfo(float).eps
        is_squared = self.network.loss == "squared_error"
        is_constant = null_loss <= rounding ** (2 if is_squared else 1) * size
        return _ROUNDING * size if is_constant else max(threshold, _ROUNDING) * null_loss

    def hessian(self, w, kept):
        """Exact Hessian restricted to the weights ``kept``: one R-pass a column, O(P n^2)."""
        columns = np.empty((len(kept), len(kept)))
        direction = np.zeros(self.network.n_weights)
        for column, index in enumerate(kept):
            direction[index] = 1.0
            product = self.network.hessian_product(w, direction, self.X, self.targets, self.weights)
            columns[:, column] = product[kept]
            direction[index] = 0.0
        columns += columns.T
        columns *= 0.5
        columns[np.diag_indices(len(kept))] += self.decay[kept]
        return columns
