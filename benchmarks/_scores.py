"""What a table's results are made of and how they are compared."""

from dataclasses import dataclass

import numpy as np

N_BINS = 20
# The least difference of losses, or of calibration errors, that a user would care about. Losses
# below it are counted as it in ratios: a table that can be told apart perfectly decides nothing.
TOLERANCE = 0.01
# Two networks that answer with base rates differ by this much through where training stopped.
ROUNDING = 1e-4
# Probabilities below this one are counted as it, so that a certain and wrong answer is finite.
LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True)
class Result:
    """A model on one split of a table; `rows` holds each held-out row's loss, where known.

    The loss is the log-loss in nats, or 1 - R2: less is better in both. `size` counts weights,
    leaves or coefficients, `inputs` the table's columns that the model reads.
    """

    loss: float
    calibration: float
    size: float
    inputs: float
    seconds: float
    rows: np.ndarray | None = None


def log_losses(y, probabilities):
    """Each row's log-loss; `y` holds columns of `probabilities`."""
    chosen = probabilities[np.arange(len(y)), y]
    return -np.log(np.maximum(chosen, LEAST_PROBABILITY))


def squared_errors(y, predictions):
    """Each row's squared error in units of the variance of `y`, so that their mean is 1 - R2."""
    return (y - predictions) ** 2 / np.var(y)


def expected_calibration_error(y, probabilities, n_bins=N_BINS):
    """Mean distance of probabilities from frequencies in bins of equal counts.

    For two classes of the second class, for more the mean over the classes. Equal probabilities
    share a bin, as the order of their rows would else decide what the bins hold.
    """
    n_classes = probabilities.shape[1]
    classes = [1] if n_classes == 2 else range(n_classes)
    errors = [_calibration_error(y == c, probabilities[:, c], n_bins) for c in classes]
    return float(np.mean(errors))


def _calibration_error(happened, probability, n_bins):
    edges = np.quantile(probability, np.arange(1, n_bins) / n_bins, method="higher")
    bins = np.searchsorted(edges, probability, side="right")
    gaps = np.bincount(bins, weights=probability - happened, minlength=n_bins)
    return np.abs(gaps).sum() / len(probability)


def mean_over_splits(results, field):
    """Mean of a field over the splits of one model on one table."""
    return float(np.mean([getattr(result, field) for result in results.values()]))


def paired_difference(ours, theirs, field="loss"):
    """Mean of ours - theirs over the splits that both have, and its standard error.

    The splits' differences count as independent, which they are not quite (their training rows
    overlap): the error is rather too small, and the goals measured by it rather too strict. Of a
    single split it is that of the rows' losses, or nan where these are not known.
    """
    shared = sorted(set(ours) & set(theirs))
    gaps = np.array([getattr(ours[k], field) - getattr(theirs[k], field) for k in shared])
    if not shared:
        return np.nan, np.nan
    if len(shared) == 1:
        rows, other_rows = ours[shared[0]].rows, theirs[shared[0]].rows
        if field != "loss" or rows is None or other_rows is None:
            return gaps[0], np.nan
        return gaps[0], _standard_error(rows - other_rows)
    return gaps.mean(), _standard_error(gaps)


def _standard_error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


def is_worse(difference, error, tolerance):
    """Whether a difference is above both the tolerance and its standard error (nan: not known)."""
    return bool(difference > np.fmax(tolerance, error))


def geometric_mean_of_ratios(ours, theirs):
    """Geometric mean of ours / theirs, losses below the tolerance counted as the tolerance."""
    ours, theirs = np.maximum(ours, TOLERANCE), np.maximum(theirs, TOLERANCE)
    return float(np.exp(np.mean(np.log(ours / theirs)))) if len(ours) else np.nan


def tables_worse_than(results, model, other, field="loss", tolerance=TOLERANCE):
    """Names of the tables on which the model is worse; `results[table][model][split]`."""
    return [
        table
        for table, both in _tables_of_both(results, model, other)
        if is_worse(*paired_difference(*both, field), tolerance)
    ]


def ratio_of_losses(results, model, other):
    """Geometric mean, over the tables that both were run on, of the ratios of mean losses."""
    pairs = [both for _, both in _tables_of_both(results, model, other)]
    means = [_means_of_shared(*both) for both in pairs]
    return geometric_mean_of_ratios([mean[0] for mean in means], [mean[1] for mean in means])


def tables_ahead_of(results, model, other):
    """Number of tables with a lower mean loss than the other model's, and number of tables."""
    pairs = [both for _, both in _tables_of_both(results, model, other)]
    return sum(paired_difference(*both)[0] < 0 for both in pairs), len(pairs)


def _tables_of_both(results, model, other):
    for table, of_table in results.items():
        if set(of_table.get(model, {})) & set(of_table.get(other, {})):
            yield table, (of_table[model], of_table[other])


def _means_of_shared(ours, theirs):
    shared = set(ours) & set(theirs)
    return [mean_over_splits({k: of[k] for k in shared}, "loss") for of in (ours, theirs)]
