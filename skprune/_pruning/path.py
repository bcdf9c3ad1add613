"""The deletions in their order, and networks along the way."""

import numpy as np


class PruningPath:
    """The deletions in their order, and networks at a geometric sequence of sizes.

    Rebuilding at a size takes no computation: below 65 weights every network of the path is
    stored, above about one for each 1/64 of the size: O(64 n) numbers in all.
    """

    #: Up to this many weights every network is stored. Users look at each small network; of large
    #: ones neighbours in size hardly differ, and all of them would take O(n^2) numbers.
    ALL_STORED = 64

    def __init__(self):
        self.deletions = []
        self.n_weights, self.predicted, self.losses = [], [], []
        self.initial_loss = np.nan
        self._snapshots = {}

    def record(self, deletions, sizes, predicted, loss):
        """Append a block of deletions; the loss was evaluated after the last one."""
        self.deletions += deletions
        self.n_weights += sizes
        self.predicted += predicted
        self.losses += [np.nan] * (len(deletions) - 1) + [loss]

    def retract(self):
        """Take back the last deletion; the network after it is forgotten."""
        self._snapshots.pop(self.n_weights[-1], None)
        for rows in (self.deletions, self.n_weights, self.predicted, self.losses):
            rows.pop()

    def snapshot(self, kept, values, loss):
        """Store the network with the weights ``kept``, and its loss."""
        size = len(kept)
        larger = [n for n in self._snapshots if n > size]
        if len(larger) > 1:
            last, before = sorted(larger)[:2]
            # The last network gives way where its neighbours are close.
            if size > self.ALL_STORED and before - size < before / self.ALL_STORED:
                del self._snapshots[last]
        self._snapshots[size] = (kept, values, loss)

    @property
    def sizes(self):
        """Sizes stored, falling."""
        return np.array(sorted(self._snapshots, reverse=True))

    def at(self, n_weights):
        """Surviving flat indices, values and loss of the largest stored network within a size."""
        sizes = self.sizes
        within = sizes[sizes <= n_weights]
        if not len(within):
            raise ValueError(
                f"The path's smallest network has {sizes[-1]} weights, got n_weights={n_weights}. "
                "Prune further (a smaller n_weights, a larger threshold) to reach it."
            )
        return self._snapshots[int(within[0])]

    def to_arrays(self, unit=1.0):
        """The path as a dict of arrays, one row a deletion.

        Losses between two evaluations are interpolated; ``evaluated`` tells which were measured.
        Losses and saliencies are multiplied by ``unit``.
        """
        losses = np.array(self.losses)
        evaluated = np.isfinite(losses)
        known = np.flatnonzero(evaluated)
        losses = np.interp(
            np.arange(len(losses)), np.r_[-1, known], np.r_[self.initial_loss, losses[known]]
        )
        return {
            "n_weights": np.array(self.n_weights, dtype=int),
            "layer": np.array([deletion.layer for deletion in self.deletions], dtype=int),
            "index": np.array([deletion.index for deletion in self.deletions], dtype=int),
            "saliency": unit * np.array([step.saliency for step in self.deletions], dtype=float),
            "predicted_loss": unit * np.array(self.predicted, dtype=float),
            "loss": unit * losses.astype(float),
            "evaluated": evaluated,
        }
