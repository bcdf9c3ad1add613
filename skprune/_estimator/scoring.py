"""What searches score by: checked in one place, for all of them."""

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import StrOptions

#: Constraint of the parameter `scoring`.
SCORING = [StrOptions(set(get_scorer_names())), callable, None]


def checked_score(score, place, cure):
    """A score that is a finite number; what fails, or is none, is told with the place.

    Parameters
    ----------
    score : callable
        Without arguments.
    place : str
        Samples and model in errors, "fold 0 at 3 weights" for example.
    cure : str
        What to try instead.

    Returns
    -------
    value : float

    Raises
    ------
    ValueError
    """
    try:
        value = float(score())
    except Exception as error:
        raise ValueError(
            f"The scorer failed on {place} with {type(error).__name__}: "
            f"{str(error).removesuffix('.')}. {cure}"
        ) from error
    if not np.isfinite(value):
        raise ValueError(f"The scorer returned {value} on {place}. {cure}")
    return value
