"""Multi-layer perceptrons of the right size."""

from ._lp import LPMLPClassifier
from ._obs.cross_validated import OBSMLPClassifierCV, OBSMLPRegressorCV
from ._obs.estimators import OBSMLPClassifier, OBSMLPRegressor
from ._parameters.criteria import OBD, OBS, Magnitude
from ._parameters.feature_groups import FeatureGroups
from ._parameters.flat_minimum import FlatMinimum
from ._parameters.modified_obs import ModifiedOBS
from ._parameters.split_criterion import SplitCriterion
from ._parameters.weight_elimination import WeightElimination
from ._penalized import PenalizedMLPClassifier, PenalizedMLPRegressor
from ._splitting import SplittingMLPClassifier, SplittingMLPRegressor

__all__ = [
    "OBD",
    "OBS",
    "FeatureGroups",
    "FlatMinimum",
    "LPMLPClassifier",
    "Magnitude",
    "ModifiedOBS",
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "SplitCriterion",
    "SplittingMLPClassifier",
    "SplittingMLPRegressor",
    "WeightElimination",
]
