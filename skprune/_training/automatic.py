"""Training with decays by the evidence, from data and targets as they are.

Priors are for outputs of about one: targets of linear outputs are standardised before, and the
network's weights and decays brought back to the targets' own units after.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .._network import noisy_objective
from .decays import MOST_STEPS
from .lbfgs import TrainingResult
from .minimum import at_minimum
from .reference import find_reference


@dataclass(frozen=True)
class TargetScale:
    """Means of targets, and one scale for all of them: the objective sums their errors as they are.

    Attributes
    ----------
    mean : ndarray of shape (n_outputs,)
    scale : float
    is_constant : bool
        Whether the targets have no spread but rounding of their mean.
    """

    mean: np.ndarray
    scale: float
    is_constant: bool = False

    @classmethod
    def of(cls, targets, sample_weight, architecture):
        """That of the targets, if output units can take any value; around 0 without biases."""
        mean = np.zeros(targets.shape[1])
        if architecture.out_activation != "identity":
            return cls(mean, 1.0)
        if architecture.has_output_biases:
            mean = np.average(targets, axis=0, weights=sample_weight)
        variances = np.average(np.square(targets - mean), axis=0, weights=sample_weight)
        scale = float(np.sqrt(variances.mean()))
        is_constant = scale <= 1e-12 * np.abs(mean).max()  # or all are zero
        return cls(mean, 1.0 if is_constant else scale, is_constant)

    def standardised(self, targets):
        if self.is_constant:
            return np.zeros_like(targets)
        return (targets - self.mean) / self.scale

    def rescaled(self, network, w):
        """The weights for which the outputs are in the targets' units."""
        return self._changed(network, w, self.scale, self.mean)

    def standardised_weights(self, network, w):
        """The weights for which the outputs are standardised: the inverse of `rescaled`."""
        return self._changed(network, w, 1.0 / self.scale, -self.mean / self.scale)

    @staticmethod
    def _changed(network, w, factor, shift):
        w = w.copy()
        into_outputs = w[network.layer_bounds[-2] :]
        into_outputs *= factor
        network.layers(w)[-1][-1] += shift
        return w

    def rescaled_decay(self, network, decay):
        """The decays beside the loss in the targets' units, which is the scale's square larger."""
        decay = decay * self.scale**2
        decay[network.layer_bounds[-2] :] /= self.scale**2
        return decay


@dataclass(frozen=True)
class AutomaticTraining:
    """A network trained with decays by the evidence.

    Attributes
    ----------
    network : Network
    weights : ndarray of shape (n_weights,)
    kept : ndarray of int
    alphas : dict of str to float or ndarray
        Decays of the groups of `Network.groups`, in scikit-learn's units: a number, or an array of
        the group's shape where its weights differ.
    log_evidence : float
        Of the targets in their own units.
    n_effective : float
        Well-determined weights.
    loss : float
        Mean loss, decays included, in the targets' own units.
    losses : list of float
        The objective after each iteration of the best start, decays as they were, and of the
        training at the final decays.
    result : TrainingResult
        Of the training at the final decays, in standardised units.
    """

    network: object
    weights: np.ndarray
    kept: np.ndarray
    alphas: dict
    log_evidence: float
    n_effective: float
    loss: float
    losses: list
    result: TrainingResult


def train_automatically(
    architecture, data, seed, *, n_init="auto", max_iter, tol, on_iteration=None
):
    """Find decays by the evidence, and go to a minimum of the loss with them.

    Parameters
    ----------
    architecture : Architecture
    data : tuple
        Standard deviation of the noise on the inputs, X, targets, and sample weights or None.
    seed : int
    n_init : int or "auto", default="auto"
    max_iter : int
        Of the training at the final decays, and of each start if that is less than its own limit.
    tol : float
        Largest entry of the gradient at which that training has converged.
    on_iteration : callable, default=None
        Called with the objective's value after each iteration; training ends when it returns True.

    Returns
    -------
    AutomaticTraining
    """
    noise, X, targets, sample_weight = data
    scale = TargetScale.of(targets, sample_weight, architecture)
    counts = sample_counts(sample_weight, len(targets))

    def make_objective(network):
        own = network, X, scale.standardised(targets), counts
        return noisy_objective(noise, *own).for_training()

    found = find_reference(
        architecture.standardised(scale),
        make_objective,
        seed,
        n_init=n_init,
        max_steps=min(max_iter, MOST_STEPS),
        on_step=on_iteration,
    )
    settled, result = at_minimum(
        found.settled, max_iter=max_iter, tol=tol, on_iteration=on_iteration
    )
    total = len(targets) if sample_weight is None else sample_weight.sum()
    return _in_own_units(settled, result, scale, total)


def _in_own_units(settled, result, scale, total):
    """The training in the units of the targets."""
    network, kept = settled.objective.network, settled.kept
    decay = scale.rescaled_decay(network, settled.objective.decay)
    if np.any(scale.mean):
        # Of outputs that are shifted the biases' weak decay would pull another way.
        network.layers(decay)[-1][-1] = 0.0
    n_targets = settled.objective.total * network.n_outputs
    return AutomaticTraining(
        network=network,
        weights=scale.rescaled(network, settled.weights),
        kept=kept,
        alphas=named_decays(network, kept, total * decay),
        log_evidence=settled.posterior.log_evidence - n_targets * np.log(scale.scale),
        n_effective=settled.posterior.n_effective,
        loss=scale.scale**2 * result.value,
        losses=[scale.scale**2 * value for value in settled.values[1:]],
        result=result,
    )


def sample_counts(sample_weight, n_samples):
    """How many samples each one stands for.

    Weights count samples, since the evidence wants to know how many there are. Only weights that
    sum to one at most, which no count of samples does, are taken as shares of as many samples as
    their effective number, ``(sum s)^2 / sum s^2``.
    """
    if sample_weight is None:
        return np.ones(n_samples)
    total = sample_weight.sum()
    if total > 1.0 + 1e-9:
        return sample_weight
    return sample_weight * total / np.square(sample_weight).sum()


def named_decays(network, kept, decay):
    """Decays by the name of the group: one number where the existing weights share it."""
    exists = np.zeros(network.n_weights, dtype=bool)
    exists[kept] = True
    shapes = dict(zip(network.groups(), group_shapes(network)))
    named = {}
    for name, flat in network.groups().items():
        own = decay[flat[exists[flat]]]
        if len(own) and own.max() > 0.0:
            is_one = own.max() - own.min() <= 1e-9 * own.max()
            named[name] = float(own[0]) if is_one else decay[flat].reshape(shapes[name])
    return named


def group_shapes(network):
    """Shapes of the attributes that the groups are named after, in their order."""
    sizes = network.layer_sizes
    for n_in, n_out in pairwise(sizes):
        yield from ((n_in, n_out), (n_out,))
    if network.direct_links:
        yield sizes[0], sizes[-1]
