"""Linear models found by linear programming."""

from ._lp_path import LPPerceptronClassifierCV, lp_perceptron_path
from ._lp_perceptron import LPPerceptronClassifier, LPPerceptronRegressor

__all__ = [
    "LPPerceptronClassifier",
    "LPPerceptronClassifierCV",
    "LPPerceptronRegressor",
    "lp_perceptron_path",
]
