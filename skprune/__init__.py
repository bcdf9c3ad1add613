"""Scikit-learn compatible estimators that find the right size of a model."""

from skprune.linear_model import LPPerceptronClassifier, LPPerceptronRegressor

__version__ = "0.1.0.dev0"

__all__ = [
    "LPPerceptronClassifier",
    "LPPerceptronRegressor",
    "__version__",
]
