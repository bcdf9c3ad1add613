"""Linear models found by linear programming."""

from ._lp_path import lp_perceptron_path
from ._lp_perceptron import LPPerceptronClassifier, LPPerceptronRegressor
from ._lp_perceptron_cv import LPPerceptronClassifierCV

__all__ = [
    "LPPerceptronClassifier",
    "LPPerceptronClassifierCV",
    "LPPerceptronRegressor",
    "lp_perceptron_path",
]
