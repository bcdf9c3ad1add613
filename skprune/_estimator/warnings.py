"""Warnings that point to the line of the user who called."""

import contextlib
import os
import sys
import warnings

import joblib
import sklearn

# What lies between a user's line and a warning: skprune, whose folder is two above this file, and
# what calls it.
_SKPRUNE = os.path.dirname(os.path.dirname(__file__))
_NOT_THE_USERS = (
    *(
        os.path.join(folder, "")
        for folder in (
            _SKPRUNE,
            os.path.dirname(sklearn.__file__),
            os.path.dirname(joblib.__file__),
        )
    ),
    contextlib.__file__,  # of contexts that are decorators
)


def warn_user(message, category):
    """Warn at the innermost line that is no library's."""
    # (`skip_file_prefixes` of `warnings.warn` does the same from Python 3.12 on.)
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
