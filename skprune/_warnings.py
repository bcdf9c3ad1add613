"""Warnings that point to the line of the user who called."""

import os
import sys
import warnings

import joblib
import sklearn

# What lies between a user's line and a warning: this package, and what calls it.
_NOT_THE_USERS = tuple(
    os.path.join(os.path.dirname(file), "")
    for file in (__file__, sklearn.__file__, joblib.__file__)
)


def warn_user(message, category):
    """Warn at the innermost line that is no library's; in Python 3.11 some frames above."""
    if sys.version_info >= (3, 12):
        warnings.warn(message, category, skip_file_prefixes=_NOT_THE_USERS)
    else:
        warnings.warn(message, category, stacklevel=4)
