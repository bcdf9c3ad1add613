"""Tasks of joblib, whatever its backend."""

from sklearn.utils.parallel import Parallel


def results_of(tasks, n_jobs=None):
    """Results of tasks, in their order, one by one where joblib's backend can.

    Not all of them hand out a result before they have them all ("multiprocessing" does not), and
    joblib says so when it is asked.

    Parameters
    ----------
    tasks : iterable of tuple
        Made by scikit-learn's `delayed`.
    n_jobs : int, default=None
        As in joblib.

    Returns
    -------
    results : iterable
    """
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:
        parallel = Parallel(n_jobs=n_jobs)
    return parallel(tasks)
