"""Scikit-learn compatible estimators that find the right size of a model."""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
