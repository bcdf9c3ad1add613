"""Gaussian mixtures that find their number of components."""

from ._classifier import SplittingGaussianMixtureClassifier
from ._splitting_mixture import SplittingGaussianMixture

__all__ = [
    "SplittingGaussianMixture",
    "SplittingGaussianMixtureClassifier",
]
