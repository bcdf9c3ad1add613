"""Which components rest on observations enough."""

import numpy as np

from .floor import distinct_values
from .sample import feature_deviations

# Floors above this share of the variance are meant to bind.
REGULARISING_FLOOR = 1e-3

# A component that is flat where the sample as a whole is not stands on observations that repeat, if
# it has so many times the least mass; on fewer it is flat by chance.
FLAT_SUPPORT = 4.0


def typical_repetition(sample):
    """How often a row is there, in the median of different ones; rows of weight count as often."""
    direction = np.random.default_rng(0).standard_normal(sample.family.n_features)
    projections = [sample.centred(chunk) @ direction for chunk in sample.chunks()]
    return float(np.median(distinct_values(np.concatenate(projections), sample.weight, 0.0)[1]))


class Support:
    """The least mass of a component, and of one that is flat.

    Parameters
    ----------
    sample : Sample
        Training sample.
    floor : float or ndarray of shape (n_features,)
        Smallest variances.
    single : Components of length 1
        The likeliest mixture of one component.
    """

    def __init__(self, sample, floor, single):
        self._family = sample.family
        self._total = sample.total
        self._floor = floor
        # A floor far below the variances guards against collapse; a high one is a regulariser.
        variances = feature_deviations(sample) ** 2
        if self._family.name == "spherical":
            variances = np.mean(variances)
        guarded = np.broadcast_to(floor < REGULARISING_FLOOR * variances, sample.family.n_features)
        self._guarded = guarded
        self._n_flat = np.max(self._n_floored(single))
        # r + 1 observations span r directions around their mean. Variances mean something from one
        # more on, of which half may belong to other components. A shared one asks for a mean only.
        rank = {"full": self._family.n_features, "tied": 0}.get(self._family.name, 1)
        self.least_mass = rank + 1.5
        # (Where all rows repeat, a point is one that repeats more often.)
        self._least_flat_mass = (
            FLAT_SUPPORT * self.least_mass * max(1.0, typical_repetition(sample))
        )

    def _n_floored(self, components):
        return self._family.n_floored(components.covariances, self._floor, self._guarded)

    def is_weak(self, components, total=None):
        """Whether each component has too little mass, of the sample's or of another total."""
        mass = components.weights * (self._total if total is None else total)
        flat = self._n_floored(components) > self._n_flat
        return mass < np.where(flat, self._least_flat_mass, self.least_mass)
