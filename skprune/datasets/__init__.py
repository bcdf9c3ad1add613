"""Data sets on which pruning and growing methods are compared."""

from ._monks import load_monks
from ._synthetic import make_noisy_classification, make_xor
from ._synthetic_mixture import make_annulus

__all__ = [
    "load_monks",
    "make_annulus",
    "make_noisy_classification",
    "make_xor",
]
