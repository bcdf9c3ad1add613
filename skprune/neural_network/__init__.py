"""Multi-layer perceptrons of the right size."""

from ._adaptive import FlatMinimum, WeightElimination
from ._feature_groups import FeatureGroups
from ._lp import LPMLPClassifier
from ._modified_obs import ModifiedOBS
from ._obs import OBSMLPClassifier, OBSMLPRegressor
from ._obs_cv import OBSMLPClassifierCV, OBSMLPRegressorCV
from ._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor
from ._splitting import SplittingMLPClassifier, SplittingMLPRegressor

__all__ = [
    "FeatureGroups",
    "FlatMinimum",
    "LPMLPClassifier",
    "ModifiedOBS",
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "SplittingMLPClassifier",
    "SplittingMLPRegressor",
    "WeightElimination",
]
