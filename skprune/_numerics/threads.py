"""How many threads BLAS gets.

The pools of NumPy's and SciPy's BLAS wait for work in busy loops: on small matrices threads take
more time from each other than they save, and what is summed up in another number of parts rounds
differently. The number belongs to the whole process. So it is one while any thread of the process
asks for that, and what it was before as soon as none does: what fits compute does not depend on
which others run beside them.
"""

import os
from contextlib import contextmanager
from functools import cache
from threading import RLock, get_ident

from threadpoolctl import ThreadpoolController

# Rows of a square matrix below which one thread is as good.
_THREADED_SIZE = 3000

# OpenBLAS' squares and Cholesky factors of matrices, in several threads, end the process at some
# 16,000 rows (its issue 2821).
_LARGEST_THREADED_SYMMETRIC = 8192


@cache
def _blas_libraries():
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _set_threads(library, n_threads):
    """Set the number, whichever thread was the last to do so.

    threadpoolctl (3.8) listens to the first thread that set it alone, as long as
    that lives. There is one place here that sets it for all, and it leaves no such thread behind.
    """
    release = getattr(library, "clear_controlling_thread", lambda force: None)
    release(force=True)
    library.set_num_threads(n_threads)
    release(force=True)


class _Limit:
    """The wishes of all threads, and what is done about them."""

    def __init__(self):
        # (Reentrant, as the garbage of an interrupted context is cleared at any moment.)
        self._lock = RLock()
        self._wishes = {}  # by thread: whether each of its contexts wants one, the innermost last
        self._found = None  # what to give back, while there is a limit

    def add(self, thread, context, is_one):
        with self._lock:
            self._wishes.setdefault(thread, {})[context] = is_one
            self._settle()

    def remove(self, thread, context):
        with self._lock:
            wishes = self._wishes.get(thread, {})
            wishes.pop(context, None)
            if not wishes:
                self._wishes.pop(thread, None)
            self._settle()

    def _settle(self):
        is_one = any(next(reversed(wishes.values())) for wishes in self._wishes.values())
        if is_one and self._found is None:
            # (Noted first: an interrupt may come before all of them are changed.)
            self._found = [(library, library.num_threads) for library in _blas_libraries()]
            for library, _ in self._found:
                _set_threads(library, 1)
        elif not is_one and self._found is not None:
            for library, n_threads in self._found:
                _set_threads(library, n_threads)
            self._found = None


_limit = _Limit()
if hasattr(os, "register_at_fork"):  # the threads of the parent are none of a child's
    os.register_at_fork(after_in_child=_limit.__init__)


@contextmanager
def _wish(is_one):
    """A context in which this thread wants one BLAS thread, or as many as there were."""
    thread, context = get_ident(), object()
    try:
        _limit.add(thread, context, is_one)
        yield
    finally:
        try:
            _limit.remove(thread, context)
        except KeyboardInterrupt:
            _limit.remove(thread, context)
            raise


@contextmanager
def one_blas_thread(wanted=True):
    """A context in which BLAS has one thread, if that is wanted; also a decorator."""
    if not wanted:
        yield
        return
    with _wish(True):
        yield


def blas_threads(n_weights):
    """A context with the number of BLAS threads that suits a model of so many weights.

    For large ones it lifts the limit of the contexts around it; not that of other threads.
    """
    return _wish(n_weights < _THREADED_SIZE)


def symmetric_threads(n_rows):
    """A context with the BLAS threads in which a symmetric matrix may be made and factorised."""
    return one_blas_thread(n_rows > _LARGEST_THREADED_SYMMETRIC)
