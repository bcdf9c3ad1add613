"""Data sets on which pruning and growing methods are compared."""

from ._monks import load_monks
from ._nettalk import load_nettalk
from ._synthetic import make_noisy_classification, make_xor
from ._synthetic_mixture import make_annulus

__all__ = [
    "load_monks",
    "load_nettalk",
    "make_annulus",
    "make_noisy_classification",
    "make_xor",
]
