"""How long a quadratic model is believed: one class a policy."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from .stop import refusal


@runtime_checkable
class Trust(Protocol):
    """How many deletions a model bears.

    Attributes
    ----------
    compares_losses : bool
        Whether it compares the loss with the model's forecasts.
    n_tried : int
        Among how many of the cheapest groups the loss itself chooses, when a block begins.
    """

    compares_losses: bool
    n_tried: int

    def n_left(self, n_candidates, n_deleted):
        """How many more deletions a model may have; ``n_deleted`` have been made in it."""

    def trusts(self, block):
        """Whether the network after a block is as good as the model said."""

    def is_spent(self, block):
        """Whether a new model is to be made after an accepted block."""


@dataclass(frozen=True)
class TrustRegion:
    """A model lasts while its forecasts come true.

    Parameters
    ----------
    stage_share : float, default=None
        Its deletions are at most this share of the candidates; None for as many as it bears.
    unit : float, default=0.0
        A rise that matters, beside which the objective's own value may be small: that of a
        divergence begins at nothing.
    """

    #: The loss may miss its forecast by this share of the predicted changes (the fall by the Newton
    #: step, the rise by the deletions), plus this share of the loss itself.
    TOLERANCE, NEGLIGIBLE = 0.25, 0.01
    #: A model is made anew when its deletions are predicted to have raised the loss by this share:
    #: the gradient and the curvature that it was made of are then those of another network.
    MAX_PREDICTED_RISE = 0.1
    #: `stage_share` for retraining after each model: beside a training a model costs little.
    STAGE_SHARE = 0.05

    stage_share: float | None = None
    unit: float = 0.0
    compares_losses = True
    #: A unit is a large step for a quadratic model: by prices alone digits' networks of two layers
    #: lost accuracy when few units were left. (Four was tried, other numbers were not.)
    n_tried = 4

    def n_left(self, n_candidates, n_deleted):
        """As many as it bears, or what is left of the stage."""
        if self.stage_share is None:
            return np.inf
        return max(1, int((n_candidates + n_deleted) * self.stage_share)) - n_deleted

    def trusts(self, block):
        """Whether the loss is no higher than the forecast allows."""
        has_forecast = block.surgery.model.has_forecast
        return not has_forecast or block.value - block.forecast <= self._tolerance(block)

    def is_spent(self, block):
        """Whether the forecast is off to either side, or the network another one by now."""
        model = block.surgery.model
        if model.is_outgrown(block.sizes[-1]):
            return True
        if not model.has_forecast:
            return False
        is_off = abs(block.value - block.forecast) > self._tolerance(block)
        limit = model.value + self.MAX_PREDICTED_RISE * (model.value + self.unit)
        return is_off or block.forecasts[-1] > limit

    def _tolerance(self, block):
        surgery = block.surgery
        saliencies = sum(deletion.saliency for deletion in block.deletions)
        changes = surgery.newton_decrease + surgery.saliency + saliencies
        return self.TOLERANCE * changes + self.NEGLIGIBLE * (surgery.model.value + self.unit)


@dataclass(frozen=True)
class EveryK:
    """A model lasts for ``k`` deletions, whatever becomes of the loss.

    Parameters
    ----------
    k : int
    """

    k: int
    compares_losses = False
    n_tried = 1

    def n_left(self, n_candidates, n_deleted):
        """The rest of the k."""
        return self.k - n_deleted

    def trusts(self, block):
        """Always."""
        return True

    def is_spent(self, block):
        """Never, before its deletions are made."""
        return False


@dataclass(frozen=True)
class Acceptance:
    """Whether a block's network is one to go on with.

    Parameters
    ----------
    trust : Trust
    stop : StopRule
    """

    trust: Trust
    stop: object

    def refusal(self, block):
        """The rule that the network breaks, or None."""
        return refusal(self.stop, block, block.value)

    def __call__(self, block):
        """Whether the model is to be trusted there and no rule broken."""
        return self.trust.trusts(block) and self.refusal(block) is None

    def longest_prefix(self, block):
        """Length of (about) the longest acceptable prefix of a block that is not acceptable."""
        low, high = 0, len(block)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self(block.prefix(middle)) else (low, middle)
        return low
