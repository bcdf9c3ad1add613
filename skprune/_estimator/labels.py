"""Columns and indicators of labels."""

import numpy as np
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import column_or_1d

from .warnings import warn_user


def flatten_column(y):
    """One column of targets as a 1-d array, with the warning scikit-learn gives."""
    flat = column_or_1d(y)
    warn_user(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y "
        "to (n_samples, ), for example using ravel().",
        DataConversionWarning,
    )
    return flat


def check_indicators(y):
    """Refuse label matrices of other numbers than 0 and 1, of which no class could be told."""
    values = np.unique(y)
    if not np.isin(values, [0, 1]).all():
        raise ValueError(
            f"An indicator matrix of labels holds 0 and 1, but y has the values {values.tolist()}. "
            "Write it as (y == value).astype(int), value being the one that means yes."
        )
