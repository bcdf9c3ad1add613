"""Weights as whole numbers: scales, sums that cannot overflow, and how far off outputs can be."""

from dataclasses import dataclass

import numpy as np

LARGEST = {"int8": 127, "int16": 32767}
LARGEST_VALUE = 32767  # of inputs and units, which are whole numbers of 16 bits in either case
_MAX_PARTS = 64  # how many steps the smallest weight of a rounded network may have
_SLOPES = {"logistic": 0.25, "score": 0.5, "softmax": 0.5}  # others' slope is at most 1
_BOUNDED = {"tanh": 1.0, "logistic": 1.0, "clip": 1.0, "softmax": 1.0}


@dataclass(frozen=True)
class WholeBlock:
    """A block of weights as whole numbers times a scale a unit.

    Attributes
    ----------
    numbers : ndarray of int of shape (n_seen, n_units)
    scales : ndarray of shape (n_units,)
    """

    numbers: np.ndarray
    scales: np.ndarray

    @classmethod
    def of(cls, block, dtype):
        """Round the weights of each unit to multiples of a scale, the largest to the end."""
        scales = np.array([_scale(column, LARGEST[dtype]) for column in block.T])
        return cls(np.rint(block / scales).astype(int), scales)

    @property
    def largest_sum(self):
        """No sum of products with values of 16 bits is larger, nor is any part of it."""
        return int(np.abs(self.numbers).sum(axis=0).max()) * LARGEST_VALUE

    @property
    def sum_type(self):
        """The smallest type of C that holds it."""
        return "int32_t" if self.largest_sum < 2**31 else "int64_t"


def _scale(weights, largest):
    """The scale of a unit: what its weights are multiples of, if they are, else the finest."""
    sizes = np.abs(weights[weights != 0])
    if not sizes.size:
        return 1.0
    for parts in range(1, _MAX_PARTS + 1):
        steps = sizes / (sizes.min() / parts)
        if steps.max() > largest + 0.5:
            break
        if np.abs(steps - np.rint(steps)).max() < 1e-9:
            return sizes.min() / parts
    return sizes.max() / largest


def error_bound(layers, whole):
    """How far outputs can be off those of exact arithmetic: at most ``constant + slope * M``.

    M is the largest size of an input as the layers see it. Inputs and values of units are rounded
    to multiples of their largest size over 32767, weights to multiples of their scale.

    Parameters
    ----------
    layers : list of Layer
    whole : list of dict of int to WholeBlock
        By layer, and by what is seen.

    Returns
    -------
    constant, slope : float
    """
    # Of each layer's values: the error and the largest size, as (constant, slope) in M.
    errors, sizes = [np.zeros(2)], [np.array([0.0, 1.0])]
    for layer, blocks in zip(layers, whole):
        error, size = np.zeros(2), np.array([np.abs(layer.bias).max(initial=0.0), 0.0])
        for source, block in layer.blocks.items():
            rounded = blocks[source]
            exact = np.abs(rounded.numbers * rounded.scales - block).sum(axis=0).max()
            weight = np.abs(rounded.numbers * rounded.scales).sum(axis=0).max()
            seen = sizes[source] + errors[source]
            error = error + weight * (errors[source] + seen / (2 * LARGEST_VALUE))
            error = error + exact * sizes[source]
            size = size + np.abs(block).sum(axis=0).max() * sizes[source]
        error = error * _SLOPES.get(layer.activation, 1.0)
        if layer.activation in _BOUNDED:
            size = np.array([_BOUNDED[layer.activation], 0.0])
        errors.append(error)
        sizes.append(size)
    return tuple(errors[-1].tolist())


def is_bounded(layers):
    """Whether activations are such that a bound can be given: none steeper than the identity."""
    known = {*_SLOPES, *_BOUNDED, "identity", "relu"}
    return all(layer.activation in known for layer in layers)
