"""The sizes of all folds side by side, and the choice among them."""

from numbers import Integral

import numpy as np
from scipy.stats import rankdata

from ..._estimator.one_standard_error import DECIMALS, choose_simplest


def _requested(sizes):
    """The sizes asked for, rising."""
    given = np.asarray(sizes)
    if given.ndim != 1 or not given.size or given.dtype.kind not in "iu" or given.min() < 0:
        raise ValueError(
            f"sizes must be None, an integer of at least 2, or a list of numbers of weights (not "
            f"negative, at least one), got {sizes!r}."
        )
    return np.unique(given)


def size_grid(starts, sizes):
    """Sizes at which to look, falling, within what the paths reach."""
    smallest = min(start.path.sizes[-1] for start in starts)
    if sizes is None:
        return np.unique(np.concatenate([start.path.sizes for start in starts]))[::-1]
    if isinstance(sizes, Integral):
        full = max(len(start.start.kept) for start in starts)
        return np.unique(_spaced(smallest, full, sizes))[::-1]
    # (One below what is reached is told with the range, which the smallest network bounds.)
    return np.unique(np.maximum(_requested(sizes), smallest))[::-1]


def align(scored, sizes):
    """cv_results_: at each size every fold has its largest network of at most that size."""
    rows, by_fold = _rows_of_folds(scored, sizes), []
    largest = np.max(rows, axis=0)
    n_weights = np.unique(largest)
    last = np.searchsorted(largest, n_weights, side="right") - 1
    results = {"n_weights": n_weights}
    for number, (own, scores, _) in enumerate(scored):
        at = np.searchsorted(own, rows[number][last], side="right") - 1
        results[f"split{number}_n_weights"] = own[at]
        results[f"split{number}_test_score"] = scores[at]
        by_fold.append(scores[at])
    mean = np.mean(by_fold, axis=0)
    results["mean_test_score"], results["std_test_score"] = mean, np.std(by_fold, axis=0)
    results["rank_test_score"] = _ranks(mean)
    return results


def joined(tables, alphas):
    """One table of those of several decays, in rows of rising size and decay."""
    if alphas is None:
        return tables[0]
    names = [name for name in tables[0] if name != "rank_test_score"]
    results = {name: np.concatenate([table[name] for table in tables]) for name in names}
    lengths = [len(table["n_weights"]) for table in tables]
    results = {"alpha": np.repeat(np.asarray(alphas, dtype=float), lengths)} | results
    order = np.lexsort((results["alpha"], results["n_weights"]))
    results = {name: values[order] for name, values in results.items()}
    return results | {"rank_test_score": _ranks(results["mean_test_score"])}


def _ranks(mean):
    """1 for the highest score, and for those that are as high."""
    return rankdata(-np.round(mean, DECIMALS), method="min").astype(int)


def _rows_of_folds(scored, sizes):
    """The size that each row of cv_results_ stands for in each fold, (n_splits, n_rows), rising.

    All folds have the same, unless a number of sizes is spaced over networks that begin or end
    at different ones.
    """
    if isinstance(sizes, Integral):
        return np.array([_spaced(own[0], full, sizes) for own, _, full in scored])
    reached = max(own[0] for own, _, _ in scored)
    if sizes is None:
        every = np.unique(np.concatenate([own for own, _, _ in scored]))
        return np.tile(every[every >= reached], (len(scored), 1))
    requested, full = _requested(sizes), max(full for _, _, full in scored)
    if requested[0] < reached or requested[-1] > full:
        raise ValueError(
            f"sizes reach from {requested[0]} to {requested[-1]}, but the networks of all "
            f"folds only from {reached} to {full}; give sizes within these."
        )
    return np.tile(requested, (len(scored), 1))


def _spaced(smallest, largest, count):
    """So many sizes in geometric progression, rising; small ones repeat themselves."""
    return np.rint(np.geomspace(max(smallest, 1), max(largest, 1), count)).astype(int)


def choose_size_of_path(results, selection):
    """Row of the chosen size (and decay)."""
    if callable(selection):
        index = selection(results)
        if not isinstance(index, Integral) or not 0 <= index < len(results["n_weights"]):
            raise ValueError(
                f"selection returned {index!r}; it must return a row of cv_results_, an integer "
                f"from 0 to {len(results['n_weights']) - 1}."
            )
        return int(index)
    n_splits = sum(name.endswith("_test_score") for name in results) - 3
    scores = np.array([results[f"split{number}_test_score"] for number in range(n_splits)])
    # Of one size there may be several, with other decays: the best of them first.
    order = np.lexsort((-np.round(scores.mean(axis=0), DECIMALS), results["n_weights"]))
    return int(order[choose_simplest(scores[:, order], selection)])
