"""Eliminations with a diagonal curvature: magnitude (the identity) and Optimal Brain Damage."""

import numpy as np

from .elimination import BaseElimination


class MagnitudeElimination(BaseElimination):
    """Smallest weights first: |w_S|^2. The Hessian is taken to be isotropic.

    Weights that stay do not move, and no more do held ones, which therefore cost nothing.
    """

    @property
    def saliencies(self):
        return np.where(self.alive, np.square(self.weights), np.inf)

    def joint_saliency(self, group, targets=0.0):
        """Squared length of the group's change."""
        return float(np.square(self.weights[group] - targets).sum())

    def delete(self, group, targets=0.0):
        """Delete a group, the others stay. Returns its price."""
        price = self.joint_saliency(group, targets)
        self._mark_deleted(group)
        return price


class OBDElimination(BaseElimination):
    """Optimal Brain Damage: 1/2 w_S' H_SS w_S, the other weights stay, held ones at no cost.

    Parameters
    ----------
    weights : ndarray of shape (n,)
    diagonal : ndarray of shape (n,)
    hessian : ndarray of shape (n, n) or callable, default=None
        Its upper triangle, needed for groups, or ``group -> block`` for what a (rising) group has
        of it; a diagonal Hessian when None.
    """

    def __init__(self, weights, diagonal, hessian=None):
        super().__init__(weights)
        self.diagonal = diagonal
        self._hessian = hessian

    @property
    def saliencies(self):
        prices = 0.5 * self.diagonal * np.square(self.weights)
        prices[~self.alive] = np.inf
        return prices

    def joint_saliency(self, group, targets=0.0):
        """Joint price of a group."""
        order = np.argsort(group)
        group, values = group[order], (self.weights[group] - targets)[order]
        own, hessian = 0.5 * float(self.diagonal[group] @ np.square(values)), self._hessian
        if hessian is None or len(group) == 1:
            return own
        block = hessian(group) if callable(hessian) else hessian[np.ix_(group, group)]
        return own + float(values @ np.triu(block, 1) @ values)

    def delete(self, group, targets=0.0):
        """Delete a group, the others stay. Returns its price."""
        price = self.joint_saliency(group, targets)
        self._mark_deleted(group)
        return price
