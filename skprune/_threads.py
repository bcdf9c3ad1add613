"""How many threads BLAS gets."""

from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _thread_pools():
    return ThreadpoolController()


def limit_blas_threads(limit):
    """A context in which BLAS has at most so many threads; None leaves it as it is."""
    return _thread_pools().limit(limits=limit, user_api="blas")
