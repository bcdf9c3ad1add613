"""Values that rounded weights may have."""

import numpy as np

_LEVEL_ROUNDS = 100


class Decimals:
    """Values with so many decimals."""

    def __init__(self, decimals):
        self.decimals = decimals

    def nearest(self, values):
        """The nearest value to each."""
        return np.round(values, self.decimals) + 0.0  # no negative zeros

    def neighbours(self, values):
        """The next lower and the next higher one of each value."""
        step = 10.0**-self.decimals
        return np.stack([self.nearest(values - step), self.nearest(values + step)])


class Levels:
    """A few values, in rising order."""

    def __init__(self, levels):
        self.levels = levels

    @classmethod
    def among(cls, values, n_levels):
        """Levels that the values are near to: Lloyd's algorithm, starting from quantiles."""
        if not len(values):
            return cls(np.zeros(1))
        n_levels = min(n_levels, len(values))
        levels = np.unique(np.quantile(values, (np.arange(n_levels) + 0.5) / n_levels))
        for _ in range(_LEVEL_ROUNDS):
            nearest = cls(levels).index(values)
            members = np.bincount(nearest, minlength=len(levels))
            sums = np.bincount(nearest, values, len(levels))
            means = np.where(members, sums / np.maximum(members, 1), levels)
            if np.array_equal(means, levels):
                break
            levels = np.sort(means)
        return cls(levels)

    def index(self, values):
        """Number of the nearest level to each value."""
        return np.searchsorted(0.5 * (self.levels[1:] + self.levels[:-1]), values)

    def nearest(self, values):
        """The nearest level to each value."""
        return self.levels[self.index(values)]

    def neighbours(self, values):
        """The next lower and the next higher level; the outermost ones stay."""
        index, last = self.index(values), len(self.levels) - 1
        return self.levels[np.stack([np.maximum(index - 1, 0), np.minimum(index + 1, last)])]
