"""Layers of units: one form for whatever predicts."""

from dataclasses import dataclass, replace

import numpy as np

from ..._network import ACTIVATIONS, log_softmax

INPUTS = 0  # the number of the layer of inputs


@dataclass(frozen=True)
class Layer:
    """Units that see inputs or units of layers before them.

    Attributes
    ----------
    blocks : dict of int to ndarray of shape (n_seen, n_units)
        Weights, by the number of the layer that is seen; the inputs are layer 0.
    bias : ndarray of shape (n_units,)
    activation : str
        A name of the library's activations, "softmax", "score" (from -1 and 1 to 0 and 1), or of
        a function of NumPy.
    units : ndarray of int
        The units' numbers in the estimator, by which all texts call them.
    """

    blocks: dict
    bias: np.ndarray
    activation: str
    units: np.ndarray

    @classmethod
    def of(cls, blocks, bias, activation):
        bias = np.array(bias, dtype=float).ravel()
        blocks = {source: np.array(block, dtype=float) for source, block in blocks.items()}
        return cls(blocks, bias, activation, np.arange(len(bias)))

    @property
    def n_units(self):
        return len(self.bias)

    @property
    def n_weights(self):
        """Number of weights that are not zero."""
        return sum(np.count_nonzero(part) for part in (self.bias, *self.blocks.values()))

    def is_linked(self):
        """Which units see anything."""
        seen = [block.any(axis=0) for block in self.blocks.values()]
        return np.any([np.zeros(self.n_units, dtype=bool), *seen], axis=0)

    def is_used(self, source, n_units):
        """Which of a layer's units are seen."""
        block = self.blocks.get(source)
        return np.zeros(n_units, dtype=bool) if block is None else block.any(axis=1)


def activated(name, net):
    """What units of an activation make of their net inputs."""
    if name == "softmax":
        return np.exp(log_softmax(net))
    if name == "score":
        return 0.5 * (1.0 + net)
    if name in ACTIVATIONS:
        return ACTIVATIONS[name].function(net)
    return getattr(np, name)(net)


def compacted(layers):
    """The same layers without units that reach no output, constant ones folded into biases.

    A layer may come to have no units; numbers of layers stay what they are.
    """
    layers = [replace(layer, blocks=dict(layer.blocks), bias=layer.bias.copy()) for layer in layers]
    for number, layer in enumerate(layers[:-1], start=1):
        constant = ~layer.is_linked()
        if layer.activation == "softmax" or not constant.any():
            continue  # (each unit of a softmax depends on what the others see)
        level = activated(layer.activation, layer.bias[None])[0]
        for above in layers[number:]:
            if number in above.blocks:
                block = above.blocks[number].copy()
                above.bias[:] += level[constant] @ block[constant]
                block[constant] = 0.0
                above.blocks[number] = block
    for number in range(len(layers) - 1, 0, -1):
        layer = layers[number - 1]
        used = np.any([a.is_used(number, layer.n_units) for a in layers[number:]], axis=0)
        if layer.activation == "softmax" and used.any():
            continue
        layers[number - 1] = Layer(
            {source: block[:, used] for source, block in layer.blocks.items()},
            layer.bias[used],
            layer.activation,
            layer.units[used],
        )
        for above in layers[number:]:
            if number in above.blocks:
                above.blocks[number] = above.blocks[number][used]
    return [_without_empty_blocks(layer) for layer in layers]


def _without_empty_blocks(layer):
    blocks = {source: block for source, block in layer.blocks.items() if block.any()}
    return replace(layer, blocks=blocks)
