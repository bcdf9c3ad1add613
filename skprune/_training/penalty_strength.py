"""The rule for a penalty's strength: it follows the loss."""

from dataclasses import dataclass

import numpy as np


@dataclass
class WeightController:
    """Strength of a penalty during training (Weigend, Rumelhart & Huberman 1991).

    Raised while the loss is below the desired one or falling; lowered a little when it rises but
    stays below its running average; cut by a tenth when it rises above that.

    Parameters
    ----------
    target_loss : float
        The desired loss; HS97's E_tol.
    delta : float
        By how much the strength is raised or lowered.
    gamma : float, default=0.85
        Weight of the past in the running average of the loss.
    approach : float, default=1.0
        Share of ``delta`` by which the strength is raised while that average is too high.
    """

    target_loss: float
    delta: float
    gamma: float = 0.85
    approach: float = 1.0
    strength: float = 0.0
    previous: float = np.inf
    average: float = np.nan

    def update(self, loss, landing=False):
        """Take account of an epoch's loss and return the new strength.

        When ``landing``, a loss above the desired one cuts the strength though it falls. With
        exact gradients a loss may fall for ever, by next to nothing, at a strength of one, where
        the two gradients balance.
        """
        if np.isnan(self.average):
            self.average = loss
        self.average = self.gamma * self.average + (1.0 - self.gamma) * loss
        is_raised = loss < self.target_loss or (loss < self.previous and not landing)
        if is_raised:
            is_near = self.average < self.target_loss
            self.strength += self.delta * (1.0 if is_near else self.approach)
        elif loss < self.average and not landing:
            self.strength = max(self.strength - self.delta, 0.0)
        else:
            self.strength *= 0.9
        self.previous = loss
        return self.strength
