"""What the data say for each of the networks along a path, as far as one mode of it tells.

Log evidences are compared where weights and decays have settled on the data, decays being tied to
those of the network before pruning. Targets of linear outputs are brought to a spread of one
before, so that nothing depends on their units.
"""

from dataclasses import dataclass

import numpy as np

from .._curvature.evidence import estimated_noise_variance, laplace_posterior
from .._curvature.regularised import regularised_curvature
from .._training.automatic import TargetScale
from .._training.decays import settle, with_precisions
from .._training.minimum import at_minimum
from .._training.tied_decays import prior_precisions, tied_decays

# Steps in which weights and decays settle, from a network that is trained already; steps to the
# minimum after, and the largest entry of the gradient there; patterns that tell the curvature.
_SETTLING, _LAST_STEPS, _CLOSE, _MOST_PATTERNS = 15, 40, 1e-4, 3000


@dataclass(frozen=True)
class Weighed:
    """A network, its decays, and its evidence.

    Attributes
    ----------
    w : ndarray of shape (n_weights,)
    decay : ndarray of shape (n_weights,)
        Beside the mean loss.
    log_evidence : float
        In nats, all constants included, plus the log density of the decays' hyperprior relative to
        its peak.
    """

    w: np.ndarray
    decay: np.ndarray
    log_evidence: float


class PathEvidence:
    """Weighs networks that were pruned from one that was trained.

    A network of n weights takes some twenty curvatures and their inverses: O(P n^2 + n^3)
    operations each, and ``16 n^2`` bytes.

    Parameters
    ----------
    objective : Objective
        What it was trained for: targets, and decays.
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
        Sorted flat indices of the weights that existed.

    Raises
    ------
    ValueError
        If weights have no decay.
    """

    def __init__(self, objective, w, kept):
        self._network, spread = objective.network, _spread_of_targets(objective)
        nothing = np.zeros(self._network.n_outputs)
        self._from_units, self._to_units = (TargetScale(nothing, s) for s in (spread, 1.0 / spread))
        self._objective = self._in_units(objective.counted())
        self._noise_variance = self._noise_of(w, kept)
        decay = self._objective.decay
        precisions = decay * self._objective.total / self._noise_variance
        self._precisions = prior_precisions(self._network, kept, precisions)

    def settled(self, w, kept):
        """A network after weights and decays were trained, from ``w`` on."""
        decays = tied_decays(self._network, kept, self._precisions)
        problem = *self._problem(w, kept)[:3], decays, self._precisions[kept]
        limits = {"max_patterns": _MOST_PATTERNS}
        variance = self._noise_variance
        found = settle(*problem, noise_variance=variance, max_steps=_SETTLING, **limits)
        found, _ = at_minimum(found, max_iter=_LAST_STEPS, tol=_CLOSE, **limits)
        return self._weighed(found.objective, found.weights, found.posterior, decays)

    def as_it_is(self, w, kept):
        """A network with its weights, and the decays that there were before."""
        objective, w, _ = problem = self._problem(w, kept)
        curvature = regularised_curvature(*problem, _MOST_PATTERNS)
        posterior = laplace_posterior(*problem, self._noise_variance, curvature)
        decays = tied_decays(self._network, kept, self._precisions)
        return self._weighed(objective, w, posterior, decays)

    def _problem(self, w, kept):
        """Objective with the decays before, weights, and which exist, in units of the targets."""
        priors = self._precisions[kept], self._noise_variance
        objective = with_precisions(self._objective, kept, *priors)
        return objective, self._to_units.rescaled(self._network, w), kept

    def _in_units(self, objective):
        """The objective with targets that have a spread of one."""
        objective = objective.decayed(self._to_units.rescaled_decay(self._network, objective.decay))
        objective.targets = self._from_units.standardised(objective.targets)
        return objective

    def _noise_of(self, w, kept):
        w = self._to_units.rescaled(self._network, w)
        curvature = regularised_curvature(self._objective, w, kept, _MOST_PATTERNS)
        posterior = laplace_posterior(self._objective, w, kept, curvature=curvature)
        return estimated_noise_variance(self._objective, w, posterior.n_effective)

    def _weighed(self, objective, w, posterior, decays):
        """The network in the targets' own units, in which flat priors have a density of one."""
        n_flat = np.count_nonzero(posterior.precisions == 0)
        n_targets = objective.total * self._network.n_outputs
        change = (n_flat - n_targets) * np.log(self._from_units.scale)
        log_evidence = posterior.log_evidence + change
        return Weighed(
            w=self._from_units.rescaled(self._network, w),
            decay=self._from_units.rescaled_decay(self._network, objective.decay),
            log_evidence=log_evidence + decays.log_density(posterior.precisions),
        )


def _spread_of_targets(objective):
    """Standard deviation of the targets where outputs take any value, if there is one."""
    if objective.network.activations[-1] != "identity":
        return 1.0
    return np.sqrt(2.0 * objective.null_loss() / objective.network.n_outputs) or 1.0
