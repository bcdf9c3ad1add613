"""Multi-layer perceptrons of the right size."""

from ._adaptive import FlatMinimum, WeightElimination
from ._obs import OBSMLPClassifier, OBSMLPRegressor
from ._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor

__all__ = [
    "FlatMinimum",
    "OBSMLPClassifier",
    "OBSMLPRegressor",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "WeightElimination",
]
