"""Multi-layer perceptrons of the right size."""

from ._lp import LPMLPClassifier
from ._obs import OBSMLPClassifier, OBSMLPRegressor
from ._obs_cv import OBSMLPClassifierCV, OBSMLPRegressorCV
from ._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor

__all__ = [
    "LPMLPClassifier",
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
]
