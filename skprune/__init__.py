"""Scikit-learn compatible estimators that find the right size of a model."""

from .feature_selection import GateSensitivitySelector
from .linear_model import (
    LPPerceptronClassifier,
    LPPerceptronClassifierCV,
    LPPerceptronRegressor,
    lp_perceptron_path,
)
from .mixture import SplittingGaussianMixture, SplittingGaussianMixtureClassifier
from .neural_network import (
    OBD,
    OBS,
    FeatureGroups,
    FlatMinimum,
    LPMLPClassifier,
    Magnitude,
    ModifiedOBS,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    SplitCriterion,
    SplittingMLPClassifier,
    SplittingMLPRegressor,
    WeightElimination,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "OBD",
    "OBS",
    "FeatureGroups",
    "FlatMinimum",
    "GateSensitivitySelector",
    "LPMLPClassifier",
    "LPPerceptronClassifier",
    "LPPerceptronClassifierCV",
    "LPPerceptronRegressor",
    "Magnitude",
    "ModifiedOBS",
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "SplitCriterion",
    "SplittingGaussianMixture",
    "SplittingGaussianMixtureClassifier",
    "SplittingMLPClassifier",
    "SplittingMLPRegressor",
    "WeightElimination",
    "__version__",
    "lp_perceptron_path",
]
