"""What a run leaves behind, and whom it tells."""

from typing import Protocol, runtime_checkable

import numpy as np

from .path import PruningPath


@runtime_checkable
class Recorder(Protocol):
    """Notes what the loop does; an answer of True ends it."""

    def began(self, state):
        """Pruning begins with a network."""

    def deleted(self, block, after):
        """A block was accepted; True to stop.

        ``after`` is the network after it, or what training made of that.
        """

    def trained(self, after):
        """The survivors were trained."""


class PathRecorder:
    """Writes a `PruningPath`, and reports deletions.

    Parameters
    ----------
    objective : Objective
        What losses in the path are of.
    report : callable, default=None
        Called with the number of deletions, of weights left and the loss, weight decay included,
        after each block; pruning stops when it returns True.
    """

    def __init__(self, objective, report=None):
        self.objective, self.report = objective, report
        self.path = PruningPath()

    def began(self, state):
        """Store the first network."""
        self.snapshot(state)
        self.path.initial_loss = self.value(state)

    def deleted(self, block, after):
        """Write down a block with the losses right after its deletions, and store ``after``."""
        numbers = np.arange(1, len(block) + 1)
        value = block.data_loss + self.objective.penalty(block.w)
        predicted = block.forecasts[1:].copy()
        # The forecasts have the damping's share in them, which is known after the last deletion.
        predicted -= (predicted[-1] - block.forecast) * numbers / len(block)
        # (Forecasts are right or wrong by as much as they were on the noise that the model saw.)
        predicted += value - block.value
        self.path.record(list(block.deletions), block.sizes, list(predicted), value)
        self.snapshot(after)
        return self.tell(len(block), after)

    def trained(self, after):
        """Store the network in the place of the one before training."""
        self.snapshot(after)

    def one_deleted(self, deletion, before, after):
        """Write down a deletion with the rise that was predicted; report it later."""
        predicted, size = self.value(before) + deletion.rise, after.n_alive
        self.path.record([deletion], [size], [predicted], self.value(after))
        self.snapshot(after)

    def undone(self, before):
        """Strike out the last deletion."""
        self.path.retract()
        self.snapshot(before)

    def value(self, state):
        """Loss with weight decay."""
        return state.data_loss + self.objective.penalty(state.w)

    def snapshot(self, state):
        """Store a network."""
        self.path.snapshot(state.kept, state.w[state.kept], self.value(state))

    def tell(self, n_deletions, state):
        """Report deletions; the answer may be to stop."""
        if self.report is None:
            return False
        return bool(self.report(n_deletions, state.n_alive, self.value(state)))
