"""Scikit-learn compatible estimators that find the right size of a model."""

from .linear_model import (
    LPPerceptronClassifier,
    LPPerceptronClassifierCV,
    LPPerceptronRegressor,
    lp_perceptron_path,
)
from .mixture import SplittingGaussianMixture, SplittingGaussianMixtureClassifier
from .neural_network import (
    FlatMinimum,
    LPMLPClassifier,
    ModifiedOBS,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    OBSMLPRegressor,
    OBSMLPRegressorCV,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
    WeightElimination,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "FlatMinimum",
    "LPMLPClassifier",
    "LPPerceptronClassifier",
    "LPPerceptronClassifierCV",
    "LPPerceptronRegressor",
    "ModifiedOBS",
    "OBSMLPClassifier",
    "OBSMLPClassifierCV",
    "OBSMLPRegressor",
    "OBSMLPRegressorCV",
    "PenalizedMLPClassifier",
    "PenalizedMLPRegressor",
    "SplittingGaussianMixture",
    "SplittingGaussianMixtureClassifier",
    "WeightElimination",
    "__version__",
    "lp_perceptron_path",
]
