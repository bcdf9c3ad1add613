"""The best of several models, or the simplest within one standard error of it."""

import numpy as np

# Mean scores are the same to so many decimals: sums differ in their last digits by the order of
# their terms.
DECIMALS = 12


def choose_simplest(scores, selection):
    """Number of the simplest model that is as good as the best.

    Parameters
    ----------
    scores : array-like of shape (n_folds, n_models)
        The simplest model first; the higher the better.
    selection : {"best", "one_se"}
        Whether "as good" means an equal mean score, or one whose difference from the best is at
        most the standard error of just this difference: that some folds are harder than others for
        all models says nothing about which is better. Nor may it be more than the standard error
        of the best mean: a model that fails altogether in one fold of five is a mean of ``d / 5``
        worse, and has that as the standard error of the difference, too.

    Returns
    -------
    number : int
    """
    scores = np.asarray(scores)
    mean, rounding = scores.mean(axis=0), 10.0**-DECIMALS
    best = int(np.argmax(mean >= mean.max() - rounding))
    if selection == "best" or len(scores) < 2:
        return best
    differences = scores[:, [best]] - scores
    spreads = np.minimum(differences.std(axis=0, ddof=1), scores[:, best].std(ddof=1))
    errors = spreads / np.sqrt(len(scores))
    return int(np.argmax(differences.mean(axis=0) <= errors + rounding))
