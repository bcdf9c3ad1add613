"""Linear models found by linear programming."""

from skprune.linear_model._lp_perceptron import LPPerceptronClassifier, LPPerceptronRegressor

__all__ = [
    "LPPerceptronClassifier",
    "LPPerceptronRegressor",
]
