"""Gaussian mixtures that find their number of components."""

from skprune.mixture._classifier import SplittingGaussianMixtureClassifier
from skprune.mixture._splitting_mixture import SplittingGaussianMixture

__all__ = [
    "SplittingGaussianMixture",
    "SplittingGaussianMixtureClassifier",
]
