"""One fit: what it is of, and what must come of it."""

import signal
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from public_api import PUBLIC_ESTIMATORS

from .parameters import draw_estimator
from .properties import check_fitted, check_unfitted, nothing_changes
from .tables import Table, draw_table

ODD = 0.3  # share of the fits that may be refused
MAX_SECONDS = 20.0
# Searches take ten times as long as others.
SHARES = {name: 0.3 if name.endswith("CV") else 1.0 for name in PUBLIC_ESTIMATORS}


class TooSlow(AssertionError):
    """A fit that takes longer than any of these should."""


@dataclass
class Case:
    """An estimator, the data it is fitted to, and what it may refuse of either."""

    estimator: object
    table: Table
    odd: list

    def __str__(self):
        shape = self.table.values.shape
        text = f"{self.estimator!r}\n on {type(self.table.X).__name__} {shape}"
        text += f" {getattr(self.table.X, 'dtype', '')} with {self.table.kind}"
        text += f" {self.table.labels.dtype}, weights {type(self.table.sample_weight).__name__}"
        return text + (f"; may be refused: {', '.join(self.odd)}" if self.odd else "; valid")


def draw_case(seed):
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    names = sorted(PUBLIC_ESTIMATORS)
    shares = np.array([SHARES[name] for name in names])
    name = names[rng.choice(len(names), p=shares / shares.sum())]
    odd_data, odd_parameters = (rng.random(2) < ODD / 2).tolist()
    table = draw_table(rng, kinds_of(name), "Mixture" not in name, odd_data)
    estimator, odd = draw_estimator(rng, name, table, odd_parameters)
    return Case(estimator, table, table.odd + odd), rng


def kinds_of(name):
    """Targets that an estimator takes."""
    if "Selector" in name:
        return ("classes", "values")
    if "Regressor" in name:
        return ("values",)
    return ("classes",) if "Mixture" in name else ("classes", "classes", "labels")


def check_case(seed):
    """Fit what a seed stands for; raise an AssertionError if anything is not as it must be.

    Returns
    -------
    outcome : {"fitted", "refused"}
    """
    case, rng = draw_case(seed)
    table, parameters = case.table, repr(case.estimator.get_params())
    with warnings.catch_warnings(record=True) as caught, limited(MAX_SECONDS):
        warnings.simplefilter("always")
        try:
            with nothing_changes(table.X, table.y, table.sample_weight):
                case.estimator.fit(table.X, table.y, **_weights(case))
        except (ValueError, TypeError) as error:
            assert case.odd, f"valid, but refused: {error}"
            check_unfitted(case.estimator)
            return "refused"
        assert repr(case.estimator.get_params()) == parameters, "parameters were changed"
        with nothing_changes(table.X, table.y, table.sample_weight):
            check_fitted(rng, case.estimator, table)
    foreign = [w for w in caught if not issubclass(w.category, UserWarning)]
    assert not foreign, f"{foreign[0].category.__name__}: {foreign[0].message}"
    return "fitted"


def _weights(case):
    weight = case.table.sample_weight
    return {} if weight is None else {"sample_weight": weight}


@contextmanager
def limited(seconds):
    """Stop with `TooSlow` after so many seconds of computing, where the system can do that."""

    def stop(number, frame):
        raise TooSlow(f"took more than {seconds:g} s")

    started = time.process_time()
    can_stop = hasattr(signal, "setitimer")
    if can_stop:
        before = signal.signal(signal.SIGPROF, stop)
        signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        if can_stop:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
    if time.process_time() - started > seconds:
        raise TooSlow(f"took more than {seconds:g} s")
