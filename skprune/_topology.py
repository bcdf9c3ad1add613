"""Which weights a network still has, and which ones are of no use without each other."""

import copy
from bisect import bisect_right

import numpy as np


class Topology:
    """Which weights a network has, and which ones fall together.

    A hidden unit without outgoing weights, or without incoming ones (its biases apart), serves
    nothing that a bias could not: its remaining weights go with the last one.

    Parameters
    ----------
    network : Network
    kept : ndarray of int
        Flat indices of the weights that exist.
    input_groups : list of ndarray of int, default=None
        Inputs that are one candidate; None for each on its own.
    """

    def __init__(self, network, kept, input_groups=None):
        self.network = network
        self.input_groups = input_groups
        self.alive = np.zeros(network.n_weights, dtype=bool)
        self.alive[kept] = True
        self._offsets = network.offsets.tolist()
        self._layers = network.layers(self.alive)
        self._index = network.layers(np.arange(network.n_weights))
        self._incoming = [layer[:-1].sum(axis=0) for layer in self._layers]
        self._outgoing = [layer[:-1].sum(axis=1) for layer in self._layers]

    @property
    def n_alive(self):
        return int(np.count_nonzero(self.alive))

    def locate(self, flat):
        """Layer, input row and unit of a flat index."""
        depth = bisect_right(self._offsets, flat) - 1
        row, unit = divmod(int(flat) - self._offsets[depth], self.network.shapes[depth][1])
        return depth, row, unit

    def place(self, flat):
        """Layer of a flat index, and its position within that layer."""
        depth = bisect_right(self._offsets, flat) - 1
        return depth, int(flat) - self._offsets[depth]

    def without(self, group):
        """The connectivity when a group of weights is gone; this one stays as it is."""
        other = copy.copy(self)
        other.alive = self.alive.copy()
        other._layers = self.network.layers(other.alive)
        other._incoming = [counts.copy() for counts in self._incoming]
        other._outgoing = [counts.copy() for counts in self._outgoing]
        other.remove(group)
        return other

    def remove(self, group):
        """Take weights away."""
        self.alive[group] = False
        for flat in group:
            depth, row, unit = self.locate(flat)
            if row < self.network.layer_sizes[depth]:
                self._incoming[depth][unit] -= 1
                self._outgoing[depth][row] -= 1

    def restore(self, group):
        """Put weights back."""
        self.alive[group] = True
        for flat in group:
            depth, row, unit = self.locate(flat)
            if row < self.network.layer_sizes[depth]:
                self._incoming[depth][unit] += 1
                self._outgoing[depth][row] += 1

    def closure(self, seeds):
        """The seeds and all weights that are of no use without them, seeds first."""
        group, lost = np.asarray(seeds, dtype=np.intp).tolist(), {}
        todo, members = group.copy(), set(group)
        while todo:
            depth, row, unit = self.locate(todo.pop())
            if row == self.network.layer_sizes[depth]:
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

    @staticmethod
    def _loses_last(lost, key, count):
        lost[key] = lost.get(key, 0) + 1
        return lost[key] == count

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
            is_intercept = row == self.network.layer_sizes[depth]
            if depth and not is_intercept:
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
        is_live = self._outgoing[0] > 0
        if groups is None:
            return int(np.count_nonzero(is_live))
        return sum(bool(is_live[rows].any()) for rows in groups)

    def inputs(self, groups=None):
        """The weights of each input, or group of inputs: ``(0, first input, weights)``."""
        rows_of_each = range(self.network.layer_sizes[0]) if groups is None else groups
        for rows in rows_of_each:
            outgoing = self._layers[0][rows]
            if outgoing.any():
                yield 0, int(np.ravel(rows)[0]), self._index[0][rows][outgoing]

    def n_candidates(self, granularity):
        """Number of weights, units or inputs (or their groups) that may be deleted."""
        if granularity == "weight":
            return self.n_alive
        if granularity == "unit":
            return sum(int(np.count_nonzero(counts)) for counts in self._outgoing[1:])
        is_live = self._outgoing[0] > 0
        if self.input_groups is None:
            return int(np.count_nonzero(is_live))
        return sum(bool(is_live[rows].any()) for rows in self.input_groups)

    def groups(self, granularity):
        """Seeds of the candidates, ``(layer, index, seeds)``, for "unit" or "input"."""
        if granularity == "input" and self.input_groups is not None:
            for rows in self.input_groups:
                outgoing = self._layers[0][rows]
                if outgoing.any():
                    yield 0, int(rows[0]), self._index[0][rows][outgoing]
            return
        depths = [0] if granularity == "input" else range(1, self.network.n_layers)
        for depth in depths:
            for row in range(self.network.layer_sizes[depth]):
                outgoing = self._layers[depth][row]
                if outgoing.any():
                    layer = 0 if granularity == "input" else depth - 1
                    yield layer, row, self._index[depth][row, outgoing]
