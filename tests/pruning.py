"""Pruning of plain arrays by the loop, its pieces named by the estimators' parameters."""

from skprune._pruning.cleanup import useful_part
from skprune._pruning.loop import prune
from skprune._pruning.recorder import PathRecorder
from skprune.neural_network._obs.plan import pieces


def pruned(objective, w, kept, stop, *, report=None, **parameters):
    """Prune the network with the weights ``w`` until ``stop``; pieces may be given as they are.

    Returns
    -------
    pruned : Pruned
    """
    given = {name: parameters.pop(name) for name in _PIECES & parameters.keys()}
    return prune(
        objective,
        useful_part(objective, w, kept),
        stop=stop,
        recorder=PathRecorder(objective, report),
        **pieces(**parameters) | given,
    )


_PIECES = {"candidates", "trust", "last_resort", "retraining"}
