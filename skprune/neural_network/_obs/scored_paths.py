"""What the networks on the pruning paths of all folds score on held-out samples."""

import copy
from typing import NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter

from ..._estimator.folds import rows_of
from ..._estimator.scoring import checked_score
from ..._fitted.targets import encode_targets
from ..._network import Objective
from ..._numerics.threads import one_blas_thread
from ..._pruning.base_rates import best_constant
from .cv_results import size_grid
from .refine import flat_weights
from .size_by_estimate import finish


class Samples(NamedTuple):
    """Samples to train on and to score by.

    Attributes
    ----------
    X, y : ndarray
        As validated.
    weights : ndarray of shape (n_samples,) or None
        Sample weights, those of the classes included.
    given : tuple
        X and y as scorers see them: data frames, if that is what was passed.
    score_params : dict
        Metadata of the scorer.
    """

    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    given: tuple
    score_params: dict

    def rows(self, rows):
        """Some of the samples."""
        return Samples(
            self.X[rows],
            self.y[rows],
            None if self.weights is None else self.weights[rows],
            tuple(_safe_indexing(part, rows) for part in self.given),
            rows_of(self.score_params, rows, self.y.shape[0]),
        )


class HeldOutLoss:
    """The default score: minus the mean loss on some samples, without weight decay.

    Parameters
    ----------
    samples : Samples
    """

    def __init__(self, samples):
        self._samples, self._objectives = samples, {}

    def __call__(self, pruned):
        """Score a fitted pruning estimator."""
        network = pruned._network
        if network not in self._objectives:
            X, y, weights, *_ = self._samples
            targets = encode_targets(pruned, y, network)
            self._objectives[network] = Objective(network, X, targets, weights)
        return -self._objectives[network].data_loss(flat_weights(pruned)[0])


def score_function(scoring, samples, where):
    """A function that scores a fitted pruning estimator; what fails is told with the place.

    Parameters
    ----------
    scoring : str, callable or None
    samples : Samples
    where : str
        What the samples are called in errors.
    """
    if scoring is None:
        score = HeldOutLoss(samples)
    else:
        scorer = get_scorer(scoring)

        def score(network):
            return scorer(network, *samples.given, **samples.score_params)

    def checked(network):
        return checked_score(
            lambda: score(network),
            f"{where} at {network.n_weights_} weights",
            "Use another scoring, or sizes and a cv for which it is defined.",
        )

    return checked


@one_blas_thread()
def score_fold(chooser, pruning, X, y, weights, given, score_params, number, fold, task):
    """Score the networks on one fold's path, and a constant.

    Parameters
    ----------
    chooser : OBSMLPClassifierCV or OBSMLPRegressorCV
    pruning : OBSMLPClassifier or OBSMLPRegressor
        Not modified.
    X, y, weights, given, score_params :
        The entries of `Samples`.
    number : int
        Of the fold.
    fold : tuple of ndarray
        Rows to train on, and rows held out.
    task : CallbackContext

    Returns
    -------
    path : tuple of (ndarray, ndarray, int)
        Sizes, rising, their scores, and the number of weights before pruning.
    constant : float
        What the best constant of the training samples scores.
    """
    train, test = fold
    samples = Samples(X, y, weights, given, score_params)
    train, weights = _with_all_classes(pruning, y, train, weights, number)
    # (The weights have those of the classes in them.)
    unweighted = {"class_weight": None} if is_classifier(pruning) else {}
    pruning = copy.copy(pruning).set_params(
        n_jobs=None, retrain="always" if chooser.retrain == "always" else "never", **unweighted
    )
    with task.propagate_callback_context(pruning):
        task.call_on_fit_task_begin(estimator=chooser, X=X[train], y=y[train])
        starts = pruning._fit_starts(X[train], y[train], weights)
    if hasattr(chooser, "feature_names_in_"):
        pruning.feature_names_in_ = chooser.feature_names_in_
    score = score_function(chooser.scoring, samples.rows(test), f"fold {number}")
    retrain = "final" if chooser.retrain == "auto" else chooser.retrain
    networks = _networks(pruning, starts, chooser.sizes, retrain)
    scores = {network.n_weights_: score(network) for network in networks}
    constant = score(_constant(pruning, starts[0].start))
    task.call_on_fit_task_end(estimator=chooser, X=X[train], y=y[train])
    sizes = np.array(sorted(scores))
    full = max(len(start.start.kept) for start in starts)
    return (sizes, np.array([scores[size] for size in sizes]), full), constant


def _with_all_classes(pruning, y, train, weights, number):
    """Rows to train on and their weights; a class they lack has one sample of weight zero.

    So that networks of all folds have the same outputs.
    """
    weights = None if weights is None else weights[train]
    missing = np.array([])
    if is_classifier(pruning) and y.ndim == 1:
        missing, first = np.unique(y, return_index=True)
        is_missing = ~np.isin(missing, y[train])
        missing, first = missing[is_missing], first[is_missing]
    if not len(missing):
        return train, weights
    if not has_fit_parameter(pruning._trainer(), "sample_weight"):
        raise ValueError(
            f"The training part of fold {number} lacks the classes {missing.tolist()}, so its "
            "networks have other outputs than the rest. Use a stratified splitter, fewer folds, "
            "merge rare classes, or use an estimator that takes sample_weight."
        )
    weights = np.ones(len(train)) if weights is None else weights
    return np.append(train, first), np.append(weights, np.zeros(len(first)))


def _networks(pruning, starts, sizes, retrain):
    """The fitted networks on the path, largest first: at each size the start with least loss."""
    finished = {}
    previous = None
    for size in size_grid(starts, sizes):
        candidates = []
        for number, start in enumerate(starts):
            if size < start.path.sizes[-1]:
                continue
            kept, values, _ = start.path.at(size)
            if (number, len(kept)) not in finished:
                finished[number, len(kept)] = finish(start, kept, values, retrain)
            candidates.append(finished[number, len(kept)])
        best = min(candidates, key=lambda start: start.data_loss)
        if best is not previous:
            yield _fitted(pruning, best.start.objective.network, best.kept, best.w)
        previous = best


def _fitted(pruning, network, kept, w):
    """The pruning estimator with another network."""
    other = copy.copy(pruning)
    other._network = network
    other._set_pruned(kept, w)
    # What scores do not need and takes longer than they do.
    for name in ("feature_importances_", "stopped_by_", "path_", "loss_"):
        vars(other).pop(name, None)
    return other


def _constant(pruning, start):
    """The constant with the least loss on the training samples, as a network."""
    w, biases = best_constant(start.objective, start.kept)
    return _fitted(pruning, start.objective.network, biases, w)
