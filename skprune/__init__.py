"""Scikit-learn compatible estimators that find the right size of a model."""

from .neural_network import (
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "__version__",
]
