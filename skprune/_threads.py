"""How many threads BLAS gets.

The pools of NumPy's and SciPy's BLAS wait for work in busy loops: on small matrices threads take
more time from each other than they save.
"""

from functools import cache

from threadpoolctl import ThreadpoolController

# Rows of a square matrix below which one thread is as good.
_THREADED_SIZE = 3000
# OpenBLAS' squares and Cholesky factors of matrices, in several threads, end the process at some
# 16,000 rows (its issue 2821).
_LARGEST_THREADED_SYMMETRIC = 8192


@cache
def _thread_pools():
    return ThreadpoolController()


def limit_blas_threads(limit):
    """A context in which BLAS has at most so many threads; None leaves it as it is."""
    return _thread_pools().limit(limits=limit, user_api="blas")


def blas_threads(n_weights):
    """A context with the number of BLAS threads that suits a model of so many weights."""
    return limit_blas_threads(1 if n_weights < _THREADED_SIZE else None)


def symmetric_threads(n_rows):
    """A context with the BLAS threads in which a symmetric matrix may be made and factorised."""
    return limit_blas_threads(1 if n_rows > _LARGEST_THREADED_SYMMETRIC else None)
