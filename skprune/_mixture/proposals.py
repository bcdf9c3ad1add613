"""Replacements of components that a growth may choose from, with what they gain and cost."""

import numpy as np

from .._numerics.scatter import (
    lanczos,
    lanczos_start,
    noise_variance_ratio,
    split_offsets,
    variance_ratio,
)
from .balls import best_balls
from .changes import Candidates
from .components import TINY, Components
from .cuts import best_cuts, sums_inside_and_outside
from .partial_em import partial_em, partial_m_step
from .posterior import Posterior, component_overlap
from .sample import feature_deviations
from .scatter import component_scatter, component_scatter_operator

# Up to this many features the scatter matrices of all components are cheaper than Lanczos steps.
DENSE_FEATURES = 32

LANCZOS_STEPS = 12

# Short runs of EM between two changes: the next change makes up for what they leave undone.
PARTIAL_ITERATIONS = 2

# Cuts of each component that partial EM tells apart, and its iterations: hard bounds soften first.
N_CUTS = 2
CUT_ITERATIONS = 2


class Proposals:
    """Splits and merges of a mixture's components, tried by partial EM.

    Parameters
    ----------
    sample : Sample
        Training sample.
    penalty : PricedParameters or LaplaceEvidence
        What components cost.
    support : Support
        Which children can be kept.
    floor : float or ndarray of shape (n_features,)
        Smallest variances.
    """

    def __init__(self, sample, penalty, support, floor):
        self._sample = sample
        self._family = sample.family
        self._penalty = penalty
        self._support = support
        self._floor = floor
        self._tied = sample.family.name == "tied"
        # Directions are compared in units of the data for spheres, else of standard deviations.
        spherical = self._family.name == "spherical"
        deviations = feature_deviations(sample)
        # (Those whose squares underflow are far below any floor.)
        has_scale = not spherical and deviations**2 >= TINY
        self._scale = np.where(has_scale, deviations, 1.0)
        self._known = {}

    def once(self, attempt, mixture, *arguments):
        """Candidates of an attempt, which a mixture that is come back to need not repeat."""
        key = (attempt.__name__, mixture, arguments)
        if key not in self._known:
            self._known[key] = attempt(mixture, *arguments)
        return self._known[key]

    def noise_ratios(self, mixture):
        """Variance ratio that noise gives each component."""
        mass = mixture.weights * self._sample.total
        own_ratio = self._family.variance_ratio(mixture.covariances, self._scale)
        return noise_variance_ratio(mass, self._family.n_features, own_ratio)

    def splits(self, mixture, n_directions=1, n_iter=PARTIAL_ITERATIONS):
        """Split every component along its leading directions and train the children."""
        family = self._family
        posterior = Posterior(self._sample, mixture)
        eigenvalues, directions, traces = self._principal_directions(
            posterior, mixture, n_directions
        )
        offsets = split_offsets(eigenvalues, directions) * self._scale
        n_children = offsets.shape[1]
        steps = np.sqrt(eigenvalues)[:, :, None] * directions * self._scale
        covariances = family.halved(mixture.covariances, steps)
        children = Components(
            np.repeat(mixture.weights / n_children, n_children),
            (mixture.means[:, None] + offsets).reshape(-1, family.n_features),
            covariances if self._tied else np.repeat(covariances, n_children, axis=0),
        )
        ratios = variance_ratio(eigenvalues[:, 0], traces)
        groups = np.arange(len(mixture))[:, None]
        return self._trained(posterior, groups, children, ratios, n_iter * n_directions)

    def cuts(self, mixture):
        """Take a part out of every component and train the two; the best of a few such cuts."""
        posterior = Posterior(self._sample, mixture)
        least_mass = self._support.least_mass
        parts = [best_cuts(posterior, self._floor, least_mass, N_CUTS)]
        if not self._tied:  # of whose components none is narrower
            parts.append(best_balls(posterior, least_mass))
        sums = sums_inside_and_outside(posterior, parts)
        n_cuts = sums.shape[1]
        sums = sums.reshape(-1, sums.shape[-1])
        mass = sums[:, 0].reshape(-1, 2)
        shares = mass / np.maximum(mass.sum(axis=1, keepdims=True), TINY)
        weights = (np.repeat(mixture.weights, n_cuts)[:, None] * shares).ravel()
        children = partial_m_step(
            self._family, sums, np.maximum(weights, TINY), mixture.covariances, self._floor
        )
        groups = np.repeat(np.arange(len(mixture)), n_cuts)[:, None]
        n_iter = 0 if self._tied else CUT_ITERATIONS
        ratios = self.once(self.splits, mixture, 1, PARTIAL_ITERATIONS).ratios[groups[:, 0]]
        tried = self._trained(posterior, groups, children, ratios, n_iter)
        return tried.best_of_each(self._tied)

    def best_splits(self, mixture):
        """Every component's better split of the two kinds."""
        along = self.once(self.splits, mixture, 1, PARTIAL_ITERATIONS)
        across = self.once(self.cuts, mixture)
        return along.joined(across, self._tied).best_of_each(self._tied)

    def merges(self, mixture):
        """Merge the pairs that overlap most."""
        posterior = Posterior(self._sample, mixture)
        first, second = np.triu_indices(len(mixture), 1)
        overlap = component_overlap(posterior)[first, second]
        closest = np.argsort(-overlap, kind="stable")[: len(mixture)]
        return self._merged(posterior, np.column_stack([first[closest], second[closest]]))

    def absorptions(self, mixture, weak):
        """Merge each weak component with the one that loses least, but none with two."""
        pairs = np.argwhere(weak[:, None] & ~weak)
        merges = self._merged(Posterior(self._sample, mixture), pairs)
        taken, chosen = set(), []
        for i in np.argsort(-merges.gains, kind="stable"):
            pair = set(pairs[i].tolist())
            if not taken & pair:
                taken |= pair
                chosen.append(i)
        return merges.select(np.array(chosen), self._tied)

    def _merged(self, posterior, groups):
        """Candidates that keep the first and second moments of the components in each group."""
        mixture = posterior.mixture
        weights = mixture.weights[groups]
        sums = np.einsum("gm,gms->gs", weights, self._family.expected(mixture)[groups])
        merged = partial_m_step(
            self._family, sums, weights.sum(axis=1), mixture.covariances, self._floor
        )
        gains, merged = partial_em(posterior, groups, merged, self._floor, 0)
        return self._candidates(mixture, groups, merged, gains, np.zeros(len(groups)))

    def _trained(self, posterior, groups, children, ratios, n_iter):
        """Candidates after partial EM; what cannot be kept gains nothing."""
        gains, children = partial_em(posterior, groups, children, self._floor, n_iter)
        weak = self._support.is_weak(children).reshape(len(groups), -1).any(axis=1)
        gains = np.where(weak, -np.inf, gains)
        return self._candidates(posterior.mixture, groups, children, gains, ratios)

    def _candidates(self, mixture, groups, children, gains, ratios):
        """Replacements with what they cost."""
        costs = self._penalty.changes(mixture, groups, children)
        return Candidates(groups, children, gains, costs, ratios)

    def _principal_directions(self, posterior, mixture, n_directions):
        """Leading eigenpairs and traces of the scatter around each component, in scaled units."""
        d = self._family.n_features
        if d > DENSE_FEATURES and self._family.name != "full":
            multiply, traces = component_scatter_operator(posterior, mixture.means, self._scale)
            start = lanczos_start(len(mixture), d)
            eigenvalues, directions = lanczos(multiply, start, n_directions, LANCZOS_STEPS)
            return np.maximum(eigenvalues, 0.0), directions, traces
        scatter = mixture.covariances
        if self._family.name != "full":
            scatter = component_scatter(posterior, mixture.means)
        values, vectors = np.linalg.eigh(scatter / np.outer(self._scale, self._scale))
        values = np.maximum(values, 0.0)
        directions = np.swapaxes(vectors, 1, 2)[:, ::-1][:, :n_directions]
        return values[:, ::-1][:, :n_directions], directions, values.sum(axis=1)
