"""Hidden Markov models whose states have mixtures that find their size (extra ``hmm``)."""

from ._splitting_gmmhmm import SplittingGMMHMM

__all__ = ["SplittingGMMHMM"]
