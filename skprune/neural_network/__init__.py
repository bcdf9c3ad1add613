"""Multi-layer perceptrons of the right size."""

from ._adaptive import FlatMinimum, WeightElimination
from ._lp import LPMLPClassifier
from ._modified_obs import ModifiedOBS
from ._obs import OBSMLPClassifier, OBSMLPRegressor
from ._obs_cv import OBSMLPClassifierCV, OBSMLPRegressorCV
from ._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor

__all__ = [
    "FlatMinimum",
    "LPMLPClassifier",
    "ModifiedOBS",
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "WeightElimination",
]
