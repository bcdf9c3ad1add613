"""Which inputs of a network stand for a range of a number."""

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import KBinsDiscretizer

from .logic import spelled


def find_ranges(transformer):
    """Spell the ranges that one-hot columns of a KBinsDiscretizer stand for.

    Parameters
    ----------
    transformer : estimator or None
        What turns samples into the network's inputs. Other steps before or after the
        discretizer could change what its numbers or columns mean; then no range is told.

    Returns
    -------
    ranges : dict of int to tuple of (str, str)
        By column of the transformer's output: the lowest number, and the next range's lowest; empty
        where there is none.
    """
    if isinstance(transformer, Pipeline) and len(transformer) == 1:
        transformer = transformer[0]
    if not isinstance(transformer, ColumnTransformer):
        return dict(enumerate(_ranges_of(transformer)))
    return {
        transformer.output_indices_[name].start + offset: ends
        for name, part, _ in transformer.transformers_
        for offset, ends in enumerate(_ranges_of(part))
    }


def _ranges_of(step):
    """Spell the ends of each column's range of one step; none if its columns are no ranges."""
    if not isinstance(step, KBinsDiscretizer) or step.encode == "ordinal":
        return []
    inner = [spelled(edges[1:-1]) for edges in step.bin_edges_]  # the outer bins are open
    return [ends for texts in inner for ends in zip(("", *texts), (*texts, ""))]
