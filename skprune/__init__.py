"""Scikit-learn compatible estimators that find the right size of a model."""

from .mixture import SplittingGaussianMixture, SplittingGaussianMixtureClassifier

__version__ = "0.1.0.dev0"

__all__ = [
    "SplittingGaussianMixture",
    "SplittingGaussianMixtureClassifier",
    "__version__",
]
