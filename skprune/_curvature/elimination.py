"""What an elimination offers: prices, deletions, weights after any prefix of them."""

import numpy as np

#: Columns of a deferred update: enough for matrix-multiply speed, few enough to stay in cache.
BLOCK = 64


class Elimination:
    """What the criteria share: the frame, its survivors and the steps since the last commit."""

    def __init__(self, weights):
        self.weights = np.array(weights, dtype=np.float64)
        self.alive = np.ones(len(self.weights), dtype=bool)
        self._begin_block()

    def _begin_block(self):
        self._start = self.weights.copy()
        self._gone = ~self.alive
        self.steps = []

    @property
    def room(self):
        """How many more weights fit into the running block."""
        return BLOCK

    def prices(self, groups):
        """Joint price of each of several groups."""
        return np.array([self.price(group) for group in groups])

    def weights_after(self, n_steps):
        """Weights of the frame after the block's first ``n_steps`` deletions."""
        weights = self._start.copy()
        for step in self.steps[:n_steps]:
            weights[step] = 0.0
        return weights

    def commit(self):
        """Accept the block's deletions. Returns None, or the frame's positions that remain."""
        self._begin_block()
        return None

    def _bury(self, group):
        self.weights[group] = 0.0
        self.alive[group] = False
        self.steps.append(group)
