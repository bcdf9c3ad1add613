"""Losses of output layers: one class each, which knows its activation and derivatives.

A loss is a function of output pre-activations b and targets, summed over the outputs of a pattern.
For every one of them the Kullback-Leibler divergence of a reference's outputs from others is the
loss at the reference's outputs as targets, less what the reference itself loses there: a network
that is trained towards the outputs of another is projected onto it.
"""

from abc import ABC, abstractmethod
from functools import lru_cache

import numpy as np
from scipy.special import gammaln, xlogy

from .activations import ACTIVATIONS, activate, log_softmax

# Net input from which a Poisson loss goes on in a straight line.
_STEEPEST = 30.0


class OutputLoss(ABC):
    """Loss of the output pre-activations b of an activation, shape (n_samples, n_outputs).

    The loss' curvature A in b, with the (t - o) term dropped (HS93 eq. 10-14), is handed out as a
    root ``S'`` with A = S S'. Where outputs are probabilities, ``smoothing`` is the share of the
    uniform distribution that is mixed with them before.

    Parameters
    ----------
    activation : str
    n_outputs : int

    Attributes
    ----------
    is_canonical : bool
        Whether the gradient in b is ``outputs - targets``: the Gauss-Newton matrix is then the
        Fisher information.
    has_independent_outputs : bool
        Whether the loss has no curvature between two outputs.
    has_noise_variance : bool
        Whether the loss is a log-likelihood only when divided by a variance, one for all outputs.
    """

    is_canonical = True
    has_independent_outputs = True
    has_noise_variance = False

    def __init__(self, activation, n_outputs):
        self.activation, self.n_outputs = activation, n_outputs

    def output(self, b):
        """Outputs of the output pre-activations."""
        return activate(self.activation, b)

    @abstractmethod
    def value(self, b, targets):
        """Loss of each pattern."""

    @abstractmethod
    def null_value(self, targets, weights):
        """Mean loss of the best constant output: the unit of explained deviance (D2, R2)."""

    def log_likelihood_constant(self, targets, noise_variance=1.0):
        """What each pattern's log-likelihood is above ``-loss / noise_variance``.

        ``noise_variance`` is that of squared errors; other losses have none, and take 1.
        """
        return np.zeros(len(targets))

    def delta(self, b, targets):
        """Gradient of each pattern's loss in b."""
        return self.output(b) - targets

    def value_and_delta(self, b, targets):
        """`value` and `delta`."""
        return self.value(b, targets), self.delta(b, targets)

    def divergence(self, b_reference, b):
        """Kullback-Leibler divergence of each pattern's reference outputs from others, in nats.

        Its gradient and curvature in b are those of the loss with the reference's outputs as
        targets. Of squared errors it is the divergence for noise of unit variance: to be divided
        by the variance.

        Parameters
        ----------
        b_reference, b : ndarray of shape (n_samples, n_outputs)

        Returns
        -------
        divergence : ndarray of shape (n_samples,)
        """
        targets = self.output(b_reference)
        # (Never negative but for rounding.)
        return np.maximum(self.value(b, targets) - self.value(b_reference, targets), 0.0)

    def smoothed(self, outputs, smoothing):
        """Outputs mixed with the uniform distribution, where they are probabilities."""
        return outputs

    @abstractmethod
    def root(self, outputs, smoothing=0.0):
        """``S'``: shape (n_samples, c), its diagonal, where outputs are independent.

        Otherwise (n_samples, c, c).
        """

    def root_product(self, outputs, matrix, smoothing=0.0):
        """``S' matrix`` of each pattern, shape (n_samples, c, m), for a matrix of shape (c, m)."""
        return self.root(outputs, smoothing)[:, :, None] * matrix

    def curvature(self, outputs, units, smoothing=0.0):
        """A in some outputs' pre-activations, patterns last: (n_units, n_units, n_samples)."""
        each = np.arange(len(units))
        curvature = np.zeros((len(units), len(units), len(outputs)))
        curvature[each, each] = np.square(self.root(outputs, smoothing).T[units])
        return curvature

    @abstractmethod
    def second_derivative_product(self, b, targets, direction):
        """Exact second derivative of the loss in b, applied to a direction (n_samples, c)."""

    def curvature_rows(self, b, targets, exact):
        """Rows R and scales s with ``R' diag(s) R`` the loss' Hessian in b, for each pattern."""
        if exact:
            scales = self.second_derivative_product(b, targets, np.ones_like(b))
        else:
            scales = np.square(self.root(self.output(b)))
        return np.broadcast_to(np.eye(self.n_outputs), (len(b), *[self.n_outputs] * 2)), scales

    def jacobian(self, outputs):
        """Derivatives do/db of the outputs by their pre-activations, (n_samples, c, c)."""
        slope = ACTIVATIONS[self.activation].slope(outputs)
        return slope[:, :, None] * np.eye(self.n_outputs)

    def jacobian_backward(self, outputs, bar):
        """Gradient in b of a function whose gradient in `jacobian` is ``bar``."""
        diagonal = np.einsum("kcc->kc", bar)
        return diagonal * ACTIVATIONS[self.activation].bend(outputs)


class SquaredError(OutputLoss):
    """Half squared error of any activation with one pre-activation an output."""

    has_noise_variance = True

    def __init__(self, activation, n_outputs):
        super().__init__(activation, n_outputs)
        self.is_canonical = activation == "identity"

    def value(self, b, targets):
        return 0.5 * np.square(self.output(b) - targets).sum(axis=1)

    def null_value(self, targets, weights):
        mean = np.average(targets, axis=0, weights=weights)
        return 0.5 * np.average(np.square(targets - mean).sum(axis=1), weights=weights)

    def log_likelihood_constant(self, targets, noise_variance=1.0):
        constant = -0.5 * self.n_outputs * np.log(2.0 * np.pi * noise_variance)
        return np.full(len(targets), constant)

    def delta(self, b, targets):
        outputs = self.output(b)
        delta = outputs - targets
        if not self.is_canonical:
            delta *= ACTIVATIONS[self.activation].slope(outputs)
        return delta

    def root(self, outputs, smoothing=0.0):
        return np.abs(ACTIVATIONS[self.activation].slope(outputs))

    def second_derivative_product(self, b, targets, direction):
        activation, outputs = ACTIVATIONS[self.activation], self.output(b)
        slope = activation.slope(outputs)
        if self.is_canonical:
            return slope * direction
        return (slope**2 + (outputs - targets) * activation.bend(outputs)) * direction


class BinaryLogLoss(OutputLoss):
    """Cross-entropy of logistic outputs: two classes, or several labels."""

    def value(self, b, targets):
        return (np.logaddexp(0.0, b) - targets * b).sum(axis=1)

    def null_value(self, targets, weights):
        mean = _mean_share(targets, weights)
        entropy = -xlogy(mean, mean)
        entropy -= xlogy(1.0 - mean, 1.0 - mean)
        return float(entropy.sum())

    def smoothed(self, outputs, smoothing):
        return _mixed(outputs, smoothing, 2)

    def root(self, outputs, smoothing=0.0):
        return np.sqrt(ACTIVATIONS["logistic"].slope(self.smoothed(outputs, smoothing)))

    def second_derivative_product(self, b, targets, direction):
        return ACTIVATIONS["logistic"].slope(self.output(b)) * direction


class MultinomialLogLoss(OutputLoss):
    """Cross-entropy of softmax outputs o; the roots are ``diag(sqrt(o)) (I - 1 o')``."""

    has_independent_outputs = False

    def value(self, b, targets):
        return -np.einsum("kc,kc->k", targets, log_softmax(b))

    def null_value(self, targets, weights):
        mean = _mean_share(targets, weights)
        return float((-xlogy(mean, mean)).sum())

    def value_and_delta(self, b, targets):
        """`value` and `delta`, which share the exponentials."""
        logarithms = log_softmax(b)
        return -np.einsum("kc,kc->k", targets, logarithms), np.exp(logarithms) - targets

    def smoothed(self, outputs, smoothing):
        return _mixed(outputs, smoothing, self.n_outputs)

    def root(self, outputs, smoothing=0.0):
        return self.root_product(outputs, np.eye(self.n_outputs), smoothing)

    def root_product(self, outputs, matrix, smoothing=0.0):
        """``S' matrix`` of each pattern, shape (n_samples, c, m): O(c m) operations a pattern."""
        outputs = self.smoothed(outputs, smoothing)
        product = matrix - (outputs @ matrix)[:, None, :]
        product *= np.sqrt(outputs)[:, :, None]
        return product

    def curvature(self, outputs, units, smoothing=0.0):
        each = np.arange(len(units))
        shares = np.ascontiguousarray(self.smoothed(outputs, smoothing).T[units])
        curvature = -shares[:, None] * shares
        curvature[each, each] += shares
        return curvature

    def second_derivative_product(self, b, targets, direction):
        outputs = self.output(b)
        return outputs * (direction - (outputs * direction).sum(axis=1, keepdims=True))

    def curvature_rows(self, b, targets, exact):
        outputs = self.output(b)
        return self.root(outputs), np.ones_like(outputs)

    def jacobian(self, outputs):
        return outputs[:, :, None] * (np.eye(self.n_outputs) - outputs[:, None, :])

    def jacobian_backward(self, outputs, bar):
        by_output = np.einsum("kcc->kc", bar) - np.einsum("kij,kj->ki", bar, outputs)
        by_output -= np.einsum("kij,ki->kj", bar, outputs)
        mean = (outputs * by_output).sum(axis=1, keepdims=True)
        return outputs * (by_output - mean)


class Poisson(OutputLoss):
    """Half Poisson deviance of exponential outputs, the rates.

    The loss is linear beyond a net input far above what targets need: a line search that comes
    upon an exponential beyond is lost.
    """

    def value(self, b, targets):
        rate, excess = self._followed_rate(b, targets)
        rate *= 1.0 + excess
        return (rate - targets * b + xlogy(targets, targets) - targets).sum(axis=1)

    def null_value(self, targets, weights):
        mean = np.average(targets, axis=0, weights=weights)
        entropy = -xlogy(mean, mean)
        return float(
            (np.average(xlogy(targets, targets), axis=0, weights=weights)).sum() + entropy.sum()
        )

    def delta(self, b, targets):
        return self._followed_rate(b, targets)[0] - targets

    def log_likelihood_constant(self, targets, noise_variance=1.0):
        return (xlogy(targets, targets) - targets - gammaln(targets + 1.0)).sum(axis=1)

    @staticmethod
    def _followed_rate(b, targets):
        highest = max(_STEEPEST, np.log(max(targets.max(initial=0.0), 1.0)) + 1.0)
        return np.exp(np.minimum(b, highest)), np.maximum(b - highest, 0.0)

    def root(self, outputs, smoothing=0.0):
        return np.sqrt(outputs)

    def second_derivative_product(self, b, targets, direction):
        return self.output(b) * direction


def _mean_share(targets, weights):
    """Weighted mean of indicators; rounding may bring it above one."""
    return np.minimum(np.average(targets, axis=0, weights=weights), 1.0)


def _mixed(outputs, smoothing, n_values):
    """Probabilities mixed with a share of the uniform distribution."""
    if not smoothing:
        return outputs
    return (1.0 - smoothing) * outputs + smoothing / n_values


_CLASSES = {
    ("squared_error", "identity"): SquaredError,
    ("squared_error", "logistic"): SquaredError,
    ("squared_error", "tanh"): SquaredError,
    ("squared_error", "relu"): SquaredError,
    ("squared_error", "clip"): SquaredError,
    ("log_loss", "logistic"): BinaryLogLoss,
    ("log_loss", "softmax"): MultinomialLogLoss,
    ("poisson", "exp"): Poisson,
}

#: Names of losses, each with an activation that it can have.
OUTPUT_PAIRS = set(_CLASSES)


@lru_cache
def output_loss(loss, activation, n_outputs):
    """The loss of an output layer, by its name in scikit-learn and its activation."""
    return _CLASSES[loss, activation](activation, n_outputs)
