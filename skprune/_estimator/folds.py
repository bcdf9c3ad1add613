"""Cross-validation inside an estimator: folds, and what of the metadata belongs to each."""

from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.model_selection import KFold, StratifiedKFold, check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

_PARTS = ("training", "test")


def make_folds(estimator, data, y, sample_weight, params, seed=None):
    """Pairs of training and test indices, and the metadata of the scorer.

    Parameters
    ----------
    estimator : estimator
        With the parameter `cv`.
    data : tuple
        X and y as the splitter sees them.
    y : ndarray
        The validated targets.
    sample_weight : ndarray of shape (n_samples,) or None
    params : dict
        Metadata passed to `fit`: `groups` alone, unless metadata routing is enabled.
    seed : int, default=None
        Shuffles the samples where `cv` is no more than a number; None leaves them as they are.

    Returns
    -------
    folds : list of tuple of ndarray
    score_params : dict
    """
    splitter = check_cv(estimator.cv, y, classifier=is_classifier(estimator))
    if seed is not None and (estimator.cv is None or isinstance(estimator.cv, Integral)):
        # (A table may be in the order of its targets, or of the days on which it grew.)
        splitter = type(splitter)(splitter.n_splits, shuffle=True, random_state=seed)
    if get_config()["enable_metadata_routing"]:
        routed = process_routing(estimator, "fit", sample_weight=sample_weight, **params)
        split_params = routed["splitter"]["split"]
        score_params = routed["scorer"]["score"] if "scorer" in routed else {}
    else:
        unknown = sorted(params.keys() - {"groups"})
        if unknown:
            raise ValueError(
                f"fit got {unknown}, but only groups is passed on without metadata routing; "
                "call sklearn.set_config(enable_metadata_routing=True) and request the others."
            )
        split_params = params
        score_params = {} if sample_weight is None else {"sample_weight": sample_weight}
    folds = [
        tuple(_checked_rows(rows, name, number, y.shape[0]) for rows, name in zip(fold, _PARTS))
        for number, fold in enumerate(splitter.split(*data, **split_params))
    ]
    if not folds:
        raise ValueError(f"cv={estimator.cv!r} gives no folds; pass a splitter that gives some.")
    return folds, score_params


def _checked_rows(rows, name, number, n_samples):
    """Indices of one part of a fold, of a mask, too; splitters of users may give anything."""
    indices = np.asarray(rows)
    if indices.dtype == bool and indices.shape == (n_samples,):
        indices = np.flatnonzero(indices)
    is_valid = indices.ndim == 1 and indices.size and indices.dtype.kind in "iu"
    if not is_valid or indices.min() < -n_samples or indices.max() >= n_samples:
        raise ValueError(
            f"The {name} part of fold {number} must be indices of samples, at least one, integers "
            f"from 0 to {n_samples - 1}, or a mask of {n_samples}; got {_short(rows)}. Pass "
            "another cv."
        )
    return indices


def _short(rows):
    text = repr(rows)
    return text if len(text) <= 60 else text[:57] + "..."


def shuffled_folds(targets, n_splits=5):
    """Pairs of training and test indices, always the same, of encoded targets.

    Stratified where each value has samples enough, as classes have.
    """
    _, codes, counts = np.unique(targets, axis=0, return_inverse=True, return_counts=True)
    splitter = StratifiedKFold if counts.min() >= n_splits else KFold
    return list(splitter(n_splits, shuffle=True, random_state=0).split(codes, codes))


def router_of(estimator, scorer):
    """Routing of what `fit` takes itself, and hands to the splitter and to the scorer, if any."""
    router = MetadataRouter(owner=estimator).add_self_request(estimator)
    split = MethodMapping().add(caller="fit", callee="split")
    router.add(splitter=estimator.cv, method_mapping=split)
    if scorer is not None:
        score = MethodMapping().add(caller="fit", callee="score")
        router.add(scorer=scorer, method_mapping=score)
    return router


def rows_of(params, indices, n_samples):
    """Metadata of the given samples; what is not one value a sample goes to all folds."""
    return {name: _rows(value, indices, n_samples) for name, value in params.items()}


def _rows(value, indices, n_samples):
    if np.ndim(value) and len(value) == n_samples:
        return np.asarray(value)[indices]
    return value
