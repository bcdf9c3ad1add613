"""The loss to aim at, by early stopping in folds."""

import numpy as np

from .lbfgs import train_lbfgs

_N_FOLDS = 5


class _Watched:
    """An objective that records the loss on other patterns wherever training evaluates it."""

    def __init__(self, objective, held_out):
        self.objective, self.held_out = objective, held_out
        self.curve = []

    def value_and_gradient(self, w):
        self.curve.append(self.held_out.data_loss(w))
        return self.objective.value_and_gradient(w)


def estimate_target_loss(objective, w, kept, random_state, *, max_iter, tol):
    """The loss that a network of the right size should have on the training data.

    A network that has learnt all there is to learn, and no noise, has the same loss on training
    and on new patterns. What can be had on new patterns is estimated by a first training
    without the penalty, stopped early, in five-fold cross-validation (the same number of
    evaluations in all folds). The estimate is kept between the loss of an unpenalised training
    on all patterns and that of a constant, which is right where nothing helps on new patterns.
    """
    first = train_lbfgs(objective, w, kept, max_iter=max_iter, tol=tol).value
    ceiling = max(objective.null_loss(), first)
    n_samples = objective.X.shape[0] // objective.n_versions
    if n_samples < 2:
        return ceiling
    n_folds = min(_N_FOLDS, n_samples)
    fold_of = np.tile(random_state.permutation(n_samples) % n_folds, objective.n_versions)
    curves = []
    for fold in range(n_folds):  # (one after the other: each holds a copy of the patterns)
        held_out = objective.subset(np.flatnonzero(fold_of == fold))
        watched = _Watched(objective.subset(np.flatnonzero(fold_of != fold)), held_out)
        train_lbfgs(watched, w, kept, max_iter=max_iter, tol=tol)
        curves.append(held_out.total * np.array(watched.curve))
        del held_out, watched
    length = max(map(len, curves))
    total = sum(np.pad(curve, (0, length - len(curve)), mode="edge") for curve in curves)
    return float(np.clip(total.min() / objective.total, first, ceiling))
