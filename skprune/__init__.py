"""Scikit-learn compatible estimators that find the right size of a model."""

from .mixture import SplittingGaussianMixture, SplittingGaussianMixtureClassifier
from .neural_network import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "OBSMLPClassifier",
    "OBSMLPRegressor",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "SplittingGaussianMixture",
    "SplittingGaussianMixtureClassifier",
    "__version__",
]
