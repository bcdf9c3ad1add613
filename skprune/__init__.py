"""Scikit-learn compatible estimators that find the right size of a model."""

from .neural_network import (
    FlatMinimum,
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    WeightElimination,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "FlatMinimum",
    "OBSMLPClassifier",
    "OBSMLPRegressor",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "WeightElimination",
    "__version__",
]
