"""Multi-layer perceptrons of the right size."""

from ._obs import OBSMLPClassifier, OBSMLPRegressor
from ._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor

__all__ = [
    "OBSMLPClassifier",
    "OBSMLPRegressor",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
]
