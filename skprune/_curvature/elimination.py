"""What eliminations share."""

import numpy as np

#: Columns of a deferred update: enough for matrix-multiply speed, few enough to stay in cache.
BLOCK = 64


class BaseElimination:
    """Active weights, the survivors among them, and the steps since the last commit."""

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

    def joint_saliencies(self, groups, targets=None):
        """Joint saliency of each of several groups."""
        pairs = zip(groups, targets or np.zeros(len(groups)))
        return np.array([self.joint_saliency(group, values) for group, values in pairs])

    def weights_after(self, n_steps):
        """The active weights after the block's first ``n_steps`` deletions."""
        weights = self._start.copy()
        for step in self.steps[:n_steps]:
            weights[step] = 0.0
        return weights

    def weights_without(self, group, targets=0.0):
        """The active weights had this group been deleted instead of the running block's."""
        weights = self._start.copy()
        weights[group] = 0.0
        return weights

    def commit(self):
        """Accept the block's deletions. Returns None, or the positions that stay active."""
        self._begin_block()
        return None

    def _mark_deleted(self, group):
        self.weights[group] = 0.0
        self.alive[group] = False
        self.steps.append(group)
