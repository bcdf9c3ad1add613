"""A network's outputs as the teaching signal: how far others are from it, and how far they may be.

HS93 section 4 imagines a teaching signal t* that would keep the network near its minimum. Here t*
are the outputs of the network before pruning, the *reference*: its loss against them has gradient
zero and an exact Gauss-Newton matrix, and what training on noisy targets has cost once is not paid
again. Pruning towards a good reference is projection prediction (Goutis & Robert 1998).

The loss against t* less what the reference itself has is, summed over the samples, the divergence
KL(reference || network), in nats.
"""

from dataclasses import dataclass

from .._curvature.evidence import estimated_noise_variance, laplace_posterior
from .._network import Objective
from .._numerics.threads import blas_threads

#: Decay of the survivors, as a share of the reference's: shrinkage is in its outputs already. What
#: is left keeps the curvature positive definite, and weights small that the training samples do not
#: tell of: others do (from 0.001 to 0.1 makes no difference on tables; with 0.01 MONK-2's networks
#: of 15 weights, whose training samples all are right, are wrong for eight of 432 others).
DECAY_SHARE = 0.1


class Projection(Objective):
    """Mean divergence of a network from a reference's outputs, plus weight decay.

    Parameters
    ----------
    objective : Objective
        Network, samples and their weights; its targets are not looked at.
    w : ndarray of shape (n_weights,)
        The reference.
    decay_share : float
        Weight decay, as a share of the objective's.
    """

    def __init__(self, objective, w, decay_share=DECAY_SHARE):
        network, X = objective.network, objective.X
        alpha = decay_share * objective.total * objective.decay
        super().__init__(network, X, network.predict(w, X), objective.weights, alpha)
        # Of the outputs themselves: the least loss that any network can have against them.
        self._entropy = super().data_loss(w)

    def data_loss(self, w):
        """Mean divergence: 0 at the reference."""
        return super().data_loss(w) - self._entropy

    def value_and_gradient(self, w):
        """Divergence plus decay, and its gradient."""
        value, gradient = super().value_and_gradient(w)
        return value - self._entropy, gradient


@dataclass(frozen=True)
class Reference:
    """A network before pruning, to whose predictions those after it are compared.

    Attributes
    ----------
    projection : Projection
        Mean divergence from it, in the units of the loss.
    nats : float
        What a mean divergence of one is in nats, summed over the samples: their weight, for
        squared errors divided by the noise variance.
    n_effective : float
        Its well-determined parameters, gamma: half of it is how many nats the reference is
        expected to be away from the truth itself.
    """

    projection: Projection
    nats: float
    n_effective: float

    def ceiling(self, share):
        """The mean divergence that is this share of the reference's own uncertainty."""
        return share * 0.5 * self.n_effective / self.nats

    def divergence(self, w):
        """KL(reference || network) over all samples, in nats."""
        return self.nats * self.projection.data_loss(w)


def reference_of(objective, w, kept):
    """The reference that a trained network is.

    One curvature and its inverse: O(P n^2 + n^3) operations and ``16 n^2`` bytes for n weights.

    Parameters
    ----------
    objective : Objective
        What the network was trained for; without weight decay each weight counts as determined.
    w : ndarray of shape (n_weights,)
    kept : ndarray of int
        Sorted flat indices of the weights that exist.

    Returns
    -------
    reference : Reference
    """
    counted = objective.counted()
    with blas_threads(len(kept)):
        n_effective = laplace_posterior(counted, w, kept).n_effective
    nats = counted.total / estimated_noise_variance(counted, w, n_effective)
    return Reference(Projection(objective, w), nats, n_effective)
