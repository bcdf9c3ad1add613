"""How far a network's predictions may move from the reference's: the share, chosen in folds.

A share is right where the smaller network predicts samples that its reference has not seen as well
as the larger one. So in each fold the reference is trained on without the samples held out, from
where it is and with the decays that it has, and the whole path is pruned towards its outputs, from
share to share.
"""

import numpy as np

from .._estimator.one_standard_error import choose_simplest
from .._training.gauss_newton import NEAR_DAMPING, train_gauss_newton
from .cleanup import useful_part
from .loop import prune
from .projection import reference_of
from .stop import MaxLoss

#: Shares to choose from, falling: the simplest network first. One is what the reference is expected
#: to be off by from the truth; a tenth is hardly a loss, whatever the truth is.
SHARES = (1.0, 0.3, 0.1)

# Of the training of a fold's reference, which begins near its minimum: steps and patterns at most,
# and the share of the loss that the last step promises.
_MOST_STEPS, _MOST_PATTERNS, _LEAST_GAIN = 20, 3000, 1e-4


def choose_share(objective, w, kept, folds, make_pieces):
    """The largest share whose networks are as good on held-out samples as the best.

    By one standard error of the paired differences between folds.

    Parameters
    ----------
    objective : Objective
        What the reference was trained for.
    w : ndarray of shape (n_weights,)
        The reference.
    kept : ndarray of int
        Sorted flat indices of the weights that exist.
    folds : list of tuple of ndarray
        Patterns to train on, and patterns held out.
    make_pieces : callable
        ``(reference) -> pieces``: what the pruning loop is made of, but for its stop rule.

    Returns
    -------
    share : float
        One of `SHARES`.
    """
    losses = [
        held_out_losses(
            objective.of_patterns(train), objective.of_patterns(held_out), w, kept, make_pieces
        )
        for train, held_out in folds
    ]
    return SHARES[choose_simplest(-np.array(losses), "one_se")]


def held_out_losses(objective, held_out, w, kept, make_pieces):
    """Mean loss on held-out patterns of the networks that each of the shares allows.

    Parameters
    ----------
    objective, held_out : Objective
        The loss on the patterns to train on, and on those held out.
    w, kept, make_pieces :
        As in `choose_share`.

    Returns
    -------
    losses : list of float
        In the order of `SHARES`.
    """
    limits = {"max_iter": _MOST_STEPS, "tol": 0.0, "least_gain": _LEAST_GAIN}
    options = {"damping": NEAR_DAMPING, "max_patterns": _MOST_PATTERNS}
    w = train_gauss_newton(objective, w, kept, **limits, **options).weights
    reference = reference_of(objective, w, kept)
    state, losses = useful_part(reference.projection, w, kept), []
    for share in reversed(SHARES):
        stop = MaxLoss(reference.ceiling(share), "max_divergence")
        state = prune(reference.projection, state, stop=stop, **make_pieces(reference)).state
        losses.append(held_out.data_loss(state.w))
    return losses[::-1]
