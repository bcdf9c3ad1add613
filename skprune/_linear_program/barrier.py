"""Variables between bounds, as the interior point sees them."""

import numpy as np

SIDES = np.array([[1.0], [-1.0]])  # of the lower and of the upper bounds


_NARROWEST = 1e-30  # between bounds no farther apart nothing moves, and slacks vanish


def middle(lower, upper):
    """Values inside bounds: halfway between two, else zero or one away from a single bound."""
    single = np.where(
        np.isfinite(lower), np.maximum(lower + 1.0, 0.0), np.minimum(upper - 1.0, 0.0)
    )
    both = np.isfinite(lower) & np.isfinite(upper)
    none = np.isinf(lower) & np.isinf(upper)
    return np.where(both, 0.5 * (lower + upper), np.where(none, 0.0, single))


class Barrier:
    """Variables between bounds, the slacks to their bounds and the multipliers of these.

    Slacks and multipliers have two rows, for the lower and the upper bounds. Bounds that are
    infinite, or nearly equal, count as none: their slacks are one and their multipliers zero.
    """

    def __init__(self, value, lower, upper):
        self.value = value
        bounds = np.stack([lower, upper])
        self.fixed = upper - lower <= _NARROWEST
        self.bounded = np.isfinite(bounds) & ~self.fixed
        self.n_bounds = np.count_nonzero(self.bounded)
        self.slack = np.where(self.bounded, SIDES * (value - bounds), 1.0)

    def balance(self, gradient, floor):
        """Start where the multipliers balance the gradient exactly.

        Variables between two bounds start where both products of slack and multiplier are the same.
        """
        self.dual = np.where(self.bounded, np.maximum(SIDES * gradient, 0.0) + floor, 0.0)
        boxed = self.bounded.all(axis=0)
        share = np.divide(
            self.dual[1], self.dual.sum(axis=0), out=np.zeros(len(boxed)), where=boxed
        )
        step = np.where(boxed, share * self.slack.sum(axis=0) - self.slack[0], 0.0)
        self.value += step
        self.slack += SIDES * step

    def set_central_multipliers(self, mu):
        """Start where every slack times its multiplier is ``mu``."""
        self.dual = np.where(self.bounded, mu / self.slack, 0.0)

    def insert(self, at, other):
        """Take over another's variables before the one at ``at``."""
        for name in ("value", "fixed", "bounded", "slack", "dual"):
            mine, theirs = getattr(self, name), getattr(other, name)
            parts = [mine[..., :at], theirs, mine[..., at:]]
            setattr(self, name, np.concatenate(parts, axis=-1))
        self.n_bounds += other.n_bounds

    def force(self):
        """Gradient of the bounds' part of the Lagrange function."""
        return self.dual[1] - self.dual[0]

    def complementarity(self):
        return float(np.vdot(self.slack, self.dual))

    def curvature_inverse(self):
        """Inverse of the barrier's diagonal; zero for fixed variables, which cannot move."""
        self._curvature = self.dual / self.slack
        total = self._curvature[0] + self._curvature[1]
        return np.divide(1.0, total, out=np.zeros_like(total), where=~self.fixed)

    def centring(self, mu, products=None):
        """Right-hand side of the complementarity equations at the target `mu`."""
        target = mu * self.bounded
        if products is not None:
            target -= products
        self._centre = target / self.slack - self.dual
        return self._centre[0] - self._centre[1]

    def multiplier_steps(self, step):
        """Steps of the multipliers, once the variables' step is known."""
        return self._centre - self._curvature * (SIDES * step)

    def longest_primal(self, step):
        return _longest(self.slack, SIDES * step * self.bounded)

    def longest_dual(self, steps):
        return _longest(self.dual, steps)

    def complementarity_after(self, primal, step, dual, steps):
        slack = self.slack + primal * SIDES * step
        return float(np.vdot(slack, self.dual + dual * steps))

    def move(self, primal, step, dual, steps):
        moving = np.where(self.fixed, 0.0, primal * step)
        self.value += moving
        self.slack += SIDES * moving * self.bounded
        self.dual += dual * steps


def _longest(values, step):
    """Longest multiple (at most 1) of the step that keeps the values non-negative."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        steepest = float(np.fmin.reduce(step / values, axis=None, initial=0.0))  # 0 / 0: no limit
    return 1.0 if steepest >= -1.0 else -1.0 / steepest
