"""The evidence of a network: what data say for it once its weights are integrated out.

Laplace's method around one mode (MacKay 1992). E is the sum of the patterns' losses, a negative
log-likelihood; H its Gauss-Newton matrix; a_q the decay of weight q, the precision of its Gaussian
prior; ``A = H + diag(a)`` the precision of the posterior. In nats:

    log evidence = -E - 1/2 sum_q a_q w_q^2 + 1/2 sum_q log a_q - 1/2 log det A + constants

The library's objective is a *mean*: with S the sum of the sample weights, ``E = S / s2`` times the
mean loss and ``a = S / s2`` times the decay beside it, s2 being the noise variance of squared
errors, 1 for other losses. So sample weights count samples: a weight of two is a sample seen twice,
and weights that sum to one are one sample in all, which says next to nothing for any network.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from .regularised import regularised_curvature

# Of the targets' degrees of freedom, what is left for the noise at least: where a network has as
# many determined weights as there are targets, their difference is rounding.
_LEAST_FREE = 0.05

# Noise variance relative to the targets' own, below which errors are rounding.
_LEAST_NOISE = 1e-10


@dataclass(frozen=True)
class LaplacePosterior:
    """A Gaussian around weights that are a minimum of the penalised loss.

    Attributes
    ----------
    weights : ndarray of shape (n,)
        Its mean.
    precisions : ndarray of shape (n,)
        The prior's, a_q; 0 for a flat prior, of density one.
    variances : ndarray of shape (n,)
        Diagonal of ``A^-1``.
    log_det : float
        ``log det A``.
    log_likelihood : float
        At the mean, all constants included.
    """

    weights: np.ndarray
    precisions: np.ndarray
    variances: np.ndarray
    log_det: float
    log_likelihood: float

    @property
    def determined(self):
        """How far the data determine each weight: ``1 - a_q [A^-1]_qq``, from 0 to 1."""
        return np.clip(1.0 - self.precisions * self.variances, 0.0, 1.0)

    @property
    def n_effective(self):
        """Number of well-determined weights, gamma: unpenalised ones count one each."""
        return float(self.determined.sum())

    @property
    def log_evidence(self):
        """Of this mode alone, in nats, all constants included."""
        has_prior = self.precisions > 0
        a, n_flat = self.precisions[has_prior], np.count_nonzero(~has_prior)
        log_prior = 0.5 * float(np.log(a).sum() - a @ np.square(self.weights[has_prior]))
        # Prior and posterior have a factor 2 pi a weight each; a flat prior has none.
        return self.log_likelihood + log_prior - 0.5 * self.log_det + n_flat * _HALF_LOG_2PI


_HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)


def log_likelihood(objective, w, noise_variance=1.0, data_loss=None):
    """Of all samples, in nats, all constants included; the mean loss at w may be known."""
    data_loss = objective.data_loss(w) if data_loss is None else data_loss
    loss = objective.network.output_loss
    constants = loss.log_likelihood_constant(objective.targets, noise_variance)
    mean = float(objective.weights @ constants) / objective.total
    return objective.total * (mean - data_loss / noise_variance)


def laplace_posterior(objective, w, kept, noise_variance=1.0, curvature=None, data_loss=None):
    """Laplace's Gaussian of the weights ``kept`` around ``w``.

    Parameters
    ----------
    objective : Objective
        With the decays in its ``decay``; the kept weights' may be 0 where the data alone
        determine them.
    w : ndarray of shape (n_weights,)
        A minimum of the objective.
    kept : ndarray of int
        Sorted flat indices of the weights that exist.
    noise_variance : float, default=1.0
        s2 of squared errors.
    curvature : RegularisedMatrix or RegularisedRows, default=None
        Of the kept weights' mean loss, where it is at hand already.
    data_loss : float, default=None
        The mean loss at ``w``, where it is at hand already.

    Returns
    -------
    LaplacePosterior
    """
    if curvature is None:
        curvature = regularised_curvature(objective, w, kept)
    decay, samples = objective.decay[kept], objective.total / noise_variance
    variances, log_det = curvature.spread(decay)
    return LaplacePosterior(
        weights=w[kept],
        precisions=samples * decay,
        variances=variances / samples,
        log_det=log_det + len(kept) * np.log(samples),
        log_likelihood=log_likelihood(objective, w, noise_variance, data_loss),
    )


def estimated_noise_variance(objective, w, n_effective, data_loss=None):
    """``2 E / (S c - gamma)``: the noise of squared errors around a network; 1 for other losses.

    Each of gamma determined weights takes one of the S c targets' degrees of freedom: all but a
    twentieth at most. Targets that are all zero have no noise to tell of: 1, too.
    """
    network = objective.network
    if not network.output_loss.has_noise_variance:
        return 1.0
    n_targets = objective.total * network.n_outputs
    free = max(n_targets - n_effective, _LEAST_FREE * n_targets)
    squares = objective.weights @ np.square(objective.targets).sum(axis=1)
    if not squares:
        return 1.0
    data_loss = objective.data_loss(w) if data_loss is None else data_loss
    return max(2.0 * objective.total * data_loss / free, _LEAST_NOISE * squares / free)


def bayesian_information_criterion(objective, w, n_weights):
    """``-log likelihood + n / 2 log S`` in nats, S being how many samples there are: half of BIC.

    What is left of minus the log evidence where samples are many and nothing is said of priors.

    Parameters
    ----------
    objective : Objective
        Its weight decay does not count.
    w : ndarray of shape (n_total,)
        A network trained for it.
    n_weights : int
        How many of the weights there are.
    """
    noise_variance = estimated_noise_variance(objective, w, 0.0)
    misfit = -log_likelihood(objective, w, noise_variance)
    return misfit + 0.5 * n_weights * np.log(objective.total)


def symmetry_term(network, n_units=None):
    """Log number of the modes that are one network with its hidden units in other places.

    ``log h!`` for a layer of h units, and ``h log 2`` where a unit may change the sign of all of
    its weights (tanh, identity). Numbers of units are compared with it, single weights without.

    Parameters
    ----------
    network : Network
    n_units : sequence of float, default=None
        Units in use of each hidden layer, where these are fewer.
    """
    counts = np.array(network.layer_sizes[1:-1] if n_units is None else n_units, dtype=float)
    is_odd = np.array([name in ("tanh", "identity") for name in network.activations[:-1]], bool)
    return float(gammaln(counts + 1.0).sum() + np.log(2.0) * counts[is_odd].sum())


def fixed_point(posterior, groups, bounds=(0.0, np.inf)):
    """Decay of each group of weights for which the evidence is stationary: ``gamma_g / |w_g|^2``.

    Parameters
    ----------
    posterior : LaplacePosterior
    groups : ndarray of int of shape (n,)
        Number of the group of each weight, from 0.
    bounds : pair of float
        Decays are kept between them.

    Returns
    -------
    precisions : ndarray of shape (n_groups,)
    """
    determined = np.bincount(groups, posterior.determined)
    squares = np.bincount(groups, np.square(posterior.weights))
    # Groups that are all zero, or that data say nothing of, end at a bound.
    return np.clip(np.maximum(determined, 1e-12) / np.maximum(squares, 1e-200), *bounds)
