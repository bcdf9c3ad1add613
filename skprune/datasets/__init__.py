"""Data sets on which pruning and growing methods are compared."""

from ._monks import load_monks
from ._synthetic import make_noisy_classification, make_xor

__all__ = [
    "load_monks",
    "make_noisy_classification",
    "make_xor",
]
