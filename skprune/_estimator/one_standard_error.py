"""The best of several models, or the simplest within one standard error of it."""

import numpy as np


def select_by_one_standard_error(scores, selection):
    """Index of the smallest C that is as good as the best."""
    # Sums of the same scores differ in their last digits by the order of the folds.
    mean = scores.mean(axis=0).round(12)
    best = int(np.argmax(mean))
    if selection == "best" or len(scores) < 2:
        return best
    error = scores[:, best].std(ddof=1) / np.sqrt(len(scores))
    return int(np.flatnonzero(mean >= mean[best] - error)[0])
