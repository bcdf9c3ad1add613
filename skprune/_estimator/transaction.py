"""Fits that fail, or are interrupted, and leave no trace."""

from contextlib import contextmanager


@contextmanager
def all_or_nothing(estimator):
    """Leave a fit that fails, or is interrupted, with the attributes it began with."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        # scikit-learn's callback machinery still has to tear down what it set up.
        during = {k: v for k, v in vars(estimator).items() if "_callback" in k}
        vars(estimator).clear()
        vars(estimator).update(before | during)
        raise
