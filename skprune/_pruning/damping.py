"""What is added to the diagonal of the curvature: one class a policy.

A damping is given a model, ``propose(damping, keep=False) -> Block``, and whether a block is
acceptable; it returns the block to go on with.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from .state import SMALL

#: The least damping, as a share of the mean curvature: HS93 recommends 1e-8 to 1e-4.
LEAST = 1e-8


@runtime_checkable
class Damping(Protocol):
    """How the first block of a model gets its damping."""

    def block(self, model, propose, acceptance):
        """The block with the damping that suits the model."""


@dataclass(frozen=True)
class FixedDamping:
    """The same for all models.

    Parameters
    ----------
    value : float, default=LEAST
    is_relative : bool, default=True
        Whether it is a share of the mean curvature.
    """

    value: float = LEAST
    is_relative: bool = True

    def at(self, scale):
        """The damping of a curvature with this mean."""
        return self.value * scale if self.is_relative else self.value

    def block(self, model, propose, acceptance):
        """The only one."""
        return propose(self.at(model.scale))


class AutoDamping:
    """As large as the forecasts need it; remembered from model to model.

    For small networks several are tried each time, and the one with the lowest loss is taken; for
    large ones a forecast that fails raises it, and one that holds at once lowers it.
    """

    #: Where it starts, and its bounds, relative to the mean curvature: HS93's largest; under 1,000
    #: times the curvature nothing but the deleted weights moves.
    START, LEAST, LARGEST = 1e-4, LEAST, 1e3
    #: What a failed forecast and one that holds do to it, and how often a model may raise it: from
    #: the start on that reaches the largest.
    TIGHTEN, RELAX, ATTEMPTS = 10.0, 0.3, 8
    #: Up to so many weights it is searched, among these multiples of the last one.
    SEARCHED, GRID = SMALL, (0.1, 1.0, 10.0)

    def __init__(self):
        self.relative = self.START

    def block(self, model, propose, acceptance):
        """Search or adapt, as the size of the model suggests."""
        small = len(model.active) <= self.SEARCHED
        return (self._searched if small else self._adapted)(model, propose, acceptance)

    def _adapted(self, model, propose, acceptance):
        for attempt in range(self.ATTEMPTS):
            block = propose(self.relative * model.scale)
            if acceptance(block) or attempt == self.ATTEMPTS - 1:
                break
            self.relative = min(self.relative * self.TIGHTEN, self.LARGEST)
        if attempt == 0:
            self.relative = max(self.relative * self.RELAX, self.LEAST)
        return block

    def _searched(self, model, propose, acceptance):
        """The block with the lowest actual loss over a few dampings around the last one.

        While the rule forbids them all, or the strongest is the best and not yet to be trusted,
        stronger ones follow: in the limit nothing but the deleted weights moves.
        """
        dampings = [self.relative * factor for factor in self.GRID]
        best, lowest, tried = None, np.inf, set()
        is_allowed, may_improve = True, False
        while dampings:
            damping = min(max(dampings.pop(0), self.LEAST), self.LARGEST)
            if damping in tried:
                continue
            tried.add(damping)
            block = propose(damping * model.scale, keep=True)
            is_best = len(block) > 0 and block.value < lowest
            if is_best or best is None:
                best, self.relative = block, damping
            if is_best:
                lowest = block.value
                is_allowed, may_improve = acceptance.refusal(block) is None, not acceptance(block)
            if not dampings and ((is_best and may_improve) or not is_allowed):
                dampings.append(damping * self.TIGHTEN)
        return best
