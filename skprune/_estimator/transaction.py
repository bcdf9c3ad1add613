"""Fits that fail, or are interrupted, and leave no trace."""

from contextlib import contextmanager

import numpy as np


@contextmanager
def all_or_nothing(estimator):
    """Leave a fit that fails, or is interrupted, with the attributes it began with.

    An interrupt between the entry of `numpy.errstate` and what it is for would leave NumPy, too,
    with another way to treat errors.
    """
    before, errors = dict(vars(estimator)), np.geterr()
    try:
        yield
    except BaseException:
        # scikit-learn's callback machinery still has to tear down what it set up.
        during = {k: v for k, v in vars(estimator).items() if "_callback" in k}
        vars(estimator).clear()
        vars(estimator).update(before | during)
        np.seterr(**errors)
        raise
