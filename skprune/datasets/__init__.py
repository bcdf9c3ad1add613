"""Data sets of the papers, and generators."""

from ._synthetic_mixture import make_annulus

__all__ = [
    "make_annulus",
]
