"""Any estimator, with any parameters that go together, on any data.

``SKPRUNE_FUZZ`` is how many fits are made, ``SKPRUNE_TESTS_RANDOM_SEED`` tries others. The case of
a seed is shown, and fitted, by ``pytest "tests/fuzz/test_fuzz.py::test_a_fit[seed]"``.
"""

import os

import pytest

from fuzz.cases import check_case, draw_case

N_FITS = int(os.environ.get("SKPRUNE_FUZZ", 200))
FIRST = 1_000_000 * int(os.environ.get("SKPRUNE_TESTS_RANDOM_SEED") or 0)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + N_FITS))
def test_a_fit(seed):
    print(draw_case(seed)[0])
    check_case(seed)
