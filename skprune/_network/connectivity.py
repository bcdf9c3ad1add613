"""Which weights a network still has, and which ones are of no use without each other."""

from bisect import bisect_right
from collections import Counter
from functools import cached_property

import numpy as np


class Connectivity:
    """Which weights a network has, and which ones fall together.

    A hidden unit without outgoing weights, or without incoming ones (its biases apart), serves
    nothing that a bias could not: its remaining weights go with the last one. A direct link from
    an input to an output needs no other weight, and goes with its input alone.

    Parameters
    ----------
    network : Network
    kept : ndarray of int
        Flat indices of the weights that exist.
    """

    def __init__(self, network, kept):
        self.network = network
        self.alive = np.zeros(network.n_weights, dtype=bool)
        self.alive[kept] = True
        self._offsets = network.offsets.tolist()
        self._shapes = network.shapes
        self._index = network.layers(np.arange(network.n_weights))
        self._incoming = [layer[:-1].sum(axis=0) for layer in self._layers]
        self._outgoing = [layer[:-1].sum(axis=1) for layer in self._layers]
        self._direct_index = np.empty((network.layer_sizes[0], 0), dtype=np.intp)
        if network.direct_links:
            self._direct_index = network.direct(np.arange(network.n_weights))

    @property
    def n_alive(self):
        return int(np.count_nonzero(self.alive))

    @cached_property
    def _layers(self):
        """View of ``alive`` for each layer."""
        return self.network.layers(self.alive)

    @cached_property
    def _direct(self):
        """View of ``alive`` for the direct links."""
        if self.network.direct_links:
            return self.network.direct(self.alive)
        return np.empty(self._direct_index.shape, dtype=bool)

    def locate(self, flat):
        """Layer, input row and unit of a flat index; direct links are the layer after the last."""
        depth = bisect_right(self._offsets, flat) - 1
        row, unit = divmod(int(flat) - self._offsets[depth], self._shapes[depth][1])
        return depth, row, unit

    def place(self, flat):
        """Layer of a flat index, and its position within that layer."""
        depth = bisect_right(self._offsets, flat) - 1
        return depth, int(flat) - self._offsets[depth]

    def without(self, group):
        """The connectivity when a group of weights is gone; this one stays as it is."""
        other = object.__new__(Connectivity)
        vars(other).update(vars(self), alive=self.alive.copy())
        for view_of_mine in ("_layers", "_direct"):
            vars(other).pop(view_of_mine, None)
        other._incoming = [counts.copy() for counts in self._incoming]
        other._outgoing = [counts.copy() for counts in self._outgoing]
        other.remove(group)
        return other

    def remove(self, group):
        """Take weights away."""
        self.alive[group] = False
        self._count(group, -1)

    def restore(self, group):
        """Put weights back."""
        self.alive[group] = True
        self._count(group, 1)

    def _count(self, group, change):
        """Add so much for each weight to the counts of the units at its ends."""
        for flat in group:
            depth, row, unit = self.locate(flat)
            if self._is_counted(depth, row):
                self._incoming[depth][unit] += change
                self._outgoing[depth][row] += change

    def _is_counted(self, depth, row):
        """Whether units may fall with a weight: not with a bias, nor with a direct link."""
        return depth < self.network.n_layers and row < self.network.layer_sizes[depth]

    def closure(self, seeds):
        """The seeds and all weights that are of no use without them, seeds first."""
        group, lost = np.asarray(seeds, dtype=np.intp).tolist(), {}
        if len(group) == 1 and self._goes_alone(group[0]):
            return np.array(group, dtype=np.intp)
        todo, members = group.copy(), set(group)
        while todo:
            depth, row, unit = self.locate(todo.pop())
            if not self._is_counted(depth, row):
                continue
            fallen = []
            if depth and self._loses_last(lost, ("out", depth, row), self._outgoing[depth][row]):
                column = self._layers[depth - 1][:, row]
                fallen.append(self._index[depth - 1][column, row])
            if depth < self.network.n_layers - 1 and self._loses_last(
                lost, ("in", depth, unit), self._incoming[depth][unit]
            ):
                outgoing = self._layers[depth + 1][unit]
                fallen.append(self._index[depth + 1][unit, outgoing])
                if self._layers[depth][-1, unit]:
                    fallen.append(self._index[depth][-1:, unit])
            for flat in (flat for part in fallen for flat in part.tolist()):
                if flat not in members:
                    members.add(flat)
                    group.append(flat)
                    todo.append(flat)
        return np.array(group, dtype=np.intp)

    def _goes_alone(self, flat):
        """Whether both ends of a weight have others, as those of most weights do."""
        depth, row, unit = self.locate(flat)
        if not self._is_counted(depth, row):
            return True
        is_only_outgoing = depth > 0 and self._outgoing[depth][row] == 1
        is_hidden = depth < self.network.n_layers - 1
        return not is_only_outgoing and not (is_hidden and self._incoming[depth][unit] == 1)

    @staticmethod
    def _loses_last(lost, key, count):
        lost[key] = lost.get(key, 0) + 1
        return lost[key] == count

    def without_effect(self, group):
        """Which weights of a group do nothing once its others are gone: those into units that
        lose all outgoing weights.

        Returns
        -------
        is_idle : ndarray of bool of shape (len(group),)
        """
        last = self.network.n_layers - 1
        if len(group) == 1:  # (As most are; and no weight is its own end's outgoing one.)
            depth, _, unit = self.locate(group[0])
            return np.array([depth < last and self._outgoing[depth + 1][unit] == 0])
        places = [self.locate(flat) for flat in group]
        lost = Counter((depth, row) for depth, row, _ in places if self._is_counted(depth, row))
        return np.array(
            [
                depth < last and lost[depth + 1, unit] == self._outgoing[depth + 1][unit]
                for depth, _, unit in places
            ],
            dtype=bool,
        )

    def only_links(self):
        """Weights that are the last incoming ones of a hidden unit, its bias apart."""
        links = [np.empty(0, dtype=np.intp)]
        for depth in range(self.network.n_layers - 1):
            units = np.flatnonzero(self._incoming[depth] == 1)
            if not len(units):
                continue
            rows = self._layers[depth][:-1, units].argmax(axis=0)
            links.append(self._index[depth][rows, units])
        return np.concatenate(links)

    def useless(self, spared=()):
        """Weights of hidden units that have no incoming or no outgoing weights already.

        The ``(layer, unit)`` in ``spared`` may do without incoming ones.
        """
        group = []
        for depth in range(self.network.n_layers - 1):
            incoming, outgoing = self._incoming[depth], self._outgoing[depth + 1]
            for unit in np.flatnonzero((incoming == 0) | (outgoing == 0)):
                if (depth, unit) in spared and outgoing[unit]:
                    continue
                column, row = self._layers[depth][:, unit], self._layers[depth + 1][unit]
                group.append(self._index[depth][column, unit])
                group.append(self._index[depth + 1][unit, row])
        return self.closure(np.unique(np.concatenate(group))) if group else np.empty(0, np.intp)

    def joins_live_units(self, flats):
        """Which weights, deleted ones, would have a live unit or an input at both ends."""
        joins = np.ones(len(flats), dtype=bool)
        for number, flat in enumerate(flats):
            depth, row, unit = self.locate(flat)
            if depth and self._is_counted(depth, row):
                joins[number] = self._outgoing[depth][row] > 0
            if depth < self.network.n_layers - 1:
                joins[number] &= self._outgoing[depth + 1][unit] > 0
        return joins

    def n_units(self):
        """How many hidden units have an outgoing weight."""
        return sum(int(np.count_nonzero(counts)) for counts in self._outgoing[1:])

    def units(self):
        """The outgoing weights of each hidden unit: ``(layer, unit, weights)``."""
        for depth in range(1, self.network.n_layers):
            for unit in range(self.network.layer_sizes[depth]):
                outgoing = self._layers[depth][unit]
                if outgoing.any():
                    yield depth - 1, unit, self._index[depth][unit, outgoing]

    def n_inputs(self, groups=None):
        """How many inputs, or groups of inputs, have a weight."""
        is_live = (self._outgoing[0] > 0) | self._direct.any(axis=1)
        if groups is None:
            return int(np.count_nonzero(is_live))
        return sum(bool(is_live[rows].any()) for rows in groups)

    def inputs(self, groups=None):
        """The weights of each input, or group of inputs: ``(0, first input, weights)``."""
        single = np.arange(self.network.layer_sizes[0])[:, None]
        for rows in single if groups is None else groups:
            links, direct = self._index[0][rows], self._direct_index[rows]
            weights = np.concatenate([links[self._layers[0][rows]], direct[self._direct[rows]]])
            if len(weights):
                yield 0, int(rows[0]), weights
