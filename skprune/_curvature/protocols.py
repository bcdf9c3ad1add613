"""What a form of the curvature offers: curvature, inverse and elimination, in one file a form."""

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Curvature(Protocol):
    """The curvature of an objective at some weights; `kept`, n of them, are in it.

    It is made by a callable ``(objective, w, kept, *, n_jobs=None) -> Curvature``: mostly the
    class itself.

    Attributes
    ----------
    scale : float
        Mean curvature of a weight, the unit of relative damping.
    """

    scale: float

    def invert(self, damping, keep=False):
        """The `Inverse` with at least ``damping`` on the diagonal.

        Unless ``keep``, the next inverse may take the place of this one.
        """


@runtime_checkable
class Inverse(Protocol):
    """The inverse of a damped curvature.

    Attributes
    ----------
    damping : float
        What was added to the diagonal: no less than what was asked for.
    """

    damping: float

    def times(self, vector):
        """Product with a vector of shape (n,)."""

    def elimination(self, weights):
        """The `Elimination` from the minimum ``weights``; it may overwrite the inverse."""


@runtime_checkable
class Elimination(Protocol):
    """Deletes weights in a quadratic model; what it has deleted in a block can be taken back.

    Groups are arrays of positions among the weights that are *active*: in the model, and deleted no
    earlier than a while ago. A group's weights are driven to ``targets``, zero unless they are held
    elsewhere, and no longer move from then on: what is left may go its way, they themselves count
    as zero.

    Attributes
    ----------
    weights : ndarray of shape (n_active,)
        Present values, zero where deleted.
    saliencies : ndarray of shape (n_active,)
        Of single weights; a new array, infinite where deleted.
    room : int
        How many more weights may go before the block is committed.
    """

    weights: np.ndarray
    saliencies: np.ndarray
    room: int

    def joint_saliency(self, group, targets=0.0):
        """What it costs to delete a group."""

    def joint_saliencies(self, groups, targets=None):
        """What it costs to delete each of several groups, as an array."""

    def delete(self, group, targets=0.0):
        """Delete a group. Returns its joint saliency."""

    def weights_after(self, n_steps):
        """The active weights after the block's first ``n_steps`` deletions."""

    def weights_without(self, group, targets=0.0):
        """The active weights had this group been deleted instead of the running block's."""

    def commit(self):
        """Accept the block's deletions. Returns None, or the positions that stay active."""
