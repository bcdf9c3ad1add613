"""How many threads BLAS gets.

The pools of NumPy's and SciPy's BLAS wait for work in busy loops: on small matrices threads take
more time from each other than they save.
"""

from contextlib import contextmanager
from functools import cache
from threading import RLock

from threadpoolctl import ThreadpoolController

# Rows of a square matrix below which one thread is as good.
_THREADED_SIZE = 3000

# OpenBLAS' squares and Cholesky factors of matrices, in several threads, end the process at some
# 16,000 rows (its issue 2821).
_LARGEST_THREADED_SYMMETRIC = 8192

# Held by the thread that has set the number of BLAS threads.
_setter = RLock()


@cache
def _thread_pools():
    return ThreadpoolController()


@contextmanager
def one_blas_thread(wanted=True):
    """A context in which BLAS has one thread, if that is wanted.

    The number is the whole process': of several fits at a time one sets it, and gives it back.
    """
    if not wanted or not _setter.acquire(blocking=False):
        yield
        return
    try:
        with _thread_pools().limit(limits=1, user_api="blas"):
            yield
    finally:
        _setter.release()


def blas_threads(n_weights):
    """A context with the number of BLAS threads that suits a model of so many weights."""
    return one_blas_thread(n_weights < _THREADED_SIZE)


def symmetric_threads(n_rows):
    """A context with the BLAS threads in which a symmetric matrix may be made and factorised."""
    return one_blas_thread(n_rows > _LARGEST_THREADED_SYMMETRIC)
