"""What the growth of a Gaussian mixture maximises: log-likelihood less a penalty, or held out.

A penalty is a sum over components, so that a change of a few components can be weighed without
looking at the others.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from .components import Components
from .em import e_step
from .families import Family
from .posterior import JointDensity, log_joint
from .sample import Sample


@dataclass(frozen=True)
class PricedParameters:
    """The same price for every free parameter: BIC and AIC.

    Parameters
    ----------
    family : Family
        The covariance type.
    price : float
        In units of log-likelihood.
    """

    family: Family
    price: float

    def __call__(self, mixture):
        """Penalty of a mixture."""
        return self.price * self.family.n_parameters(len(mixture))

    def changes(self, mixture, groups, children):
        """How much more the children of each group cost than the components they replace."""
        n_added = len(children) // len(groups) - groups.shape[1]
        n_parameters = self.family.n_parameters(1) - self.family.n_parameters(0)
        return np.full(len(groups), self.price * n_added * n_parameters)


@dataclass(frozen=True)
class LaplaceEvidence:
    """What Laplace's approximation of the evidence takes off the log-likelihood.

    BIC's price, half the logarithm of the number of observations, for a weight and for parameters
    that components share. A component's own parameters are known from its own observations, N_k in
    number: half of log N_k for each of its covariance, and for its mean the Gaussian of precision
    ``N_k Sigma_k^-1`` beside a prior as wide as the data. The K! numberings of the components are
    as many equal maxima.

    Parameters
    ----------
    family : Family
        The covariance type.
    total : float
        Weight of all observations.
    prior : Components of length 1
        Distribution of a mean before it is known.
    """

    family: Family
    total: float
    prior: Components

    def __call__(self, mixture):
        """Penalty of a mixture."""
        shared = 0.5 * self.family.n_parameters(0) * np.log(self.total)
        return shared + self._costs(mixture).sum() - gammaln(len(mixture) + 1)

    def changes(self, mixture, groups, children):
        """How much more the children of each group cost than the components they replace."""
        added = self._costs(children).reshape(len(groups), -1)
        saved = self._costs(mixture)[groups]
        n_components = len(mixture) + added.shape[1] - saved.shape[1]
        numberings = gammaln(n_components + 1) - gammaln(len(mixture) + 1)
        return added.sum(axis=1) - saved.sum(axis=1) - numberings

    def _costs(self, components):
        """What each component adds."""
        d = self.family.n_features
        log_mass = np.log(np.maximum(components.weights * self.total, 1.0))
        log_determinants = self.family.log_determinants(components.covariances)
        prior = log_joint(components.means, self.prior, self.family)[0]
        mean = 0.5 * (d * (log_mass - np.log(2 * np.pi)) - log_determinants) - prior
        n_own = self.family.n_parameters(1) - self.family.n_parameters(0) - 1 - d
        return 0.5 * np.log(self.total) + mean + 0.5 * n_own * log_mass


@dataclass(frozen=True)
class Objective:
    """What a growth maximises, in units of log-likelihood.

    Parameters
    ----------
    penalty : PricedParameters or LaplaceEvidence
        Decides what changes are worth, and is taken off the log-likelihood of the training sample.
    held_out : Sample or None
        Sample whose log-likelihood is maximised instead, up to one standard error, within which the
        penalised one decides.
    """

    penalty: PricedParameters | LaplaceEvidence
    held_out: Sample | None = None

    def __call__(self, mixture, statistics):
        if self.held_out is not None:
            return e_step(self.held_out, mixture).log_likelihood
        return self.penalised(mixture, statistics)

    def penalised(self, mixture, statistics):
        """Log-likelihood of the training sample less the penalty."""
        return statistics.log_likelihood - self.penalty(mixture)

    def tells_apart(self, mixture, other):
        """Whether the objectives of two mixtures differ by more than chance.

        For held-out observations that is one standard error of their paired differences.
        """
        if self.held_out is None:
            return True
        weight = self.held_out.weight
        differences = log_densities(self.held_out, mixture) - log_densities(self.held_out, other)
        difference = weight @ differences
        error = np.sqrt(weight @ (differences - difference / weight.sum()) ** 2)
        return bool(abs(difference) > error)


def log_densities(sample, mixture):
    """Log-density of each observation of a sample."""
    joint_density = JointDensity(mixture, sample.family)
    return np.concatenate(
        [
            joint_density(sample.features(chunk))[2]
            + sample.family.common_log_density(mixture, sample.centred(chunk))
            for chunk in sample.chunks()
        ]
    )
