"""HiGHS is not called where it would die of too little memory."""

import subprocess
import sys

import numpy as np
import pytest

from skprune import LPPerceptronClassifier
from skprune._linear_program import restricted_dual
from skprune._linear_program.solution import SolverFailure
from skprune._numerics import memory

LIMITED = """
import resource, sys
import numpy as np
from skprune import LPPerceptronClassifier

rng = np.random.default_rng(0)
X = rng.standard_normal((5000, 100))
y = X[:, 0] + rng.standard_normal(5000) > 0
LPPerceptronClassifier(solver="dual").fit(X[:200], y[:200])
with open("/proc/self/statm") as pages:
    used = int(pages.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]) * 2**20,) * 2)
try:
    LPPerceptronClassifier(solver="dual").fit(X, y)
except MemoryError as error:
    print("refused", error)
else:
    print("fitted")
"""


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 20))
    return X, X[:, 0] + rng.standard_normal(300) > 0


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much there is")
@pytest.mark.parametrize("megabytes, outcome", [(60, "refused"), (400, "fitted")])
def test_a_process_with_little_memory_gets_an_error(megabytes, outcome):
    """Between 25 and 120 MB beyond what it has, HiGHS once ended such a process."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(megabytes)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(outcome)


@pytest.mark.parametrize("where", ["memory_left", "address_space_left"])
def test_the_error_says_what_is_needed_and_what_is_left(table, monkeypatch, where):
    monkeypatch.setattr(memory, where, lambda: 1.5 * 2**20)
    message = r"program of 6,300 numbers other than zero needs about \d MB, 2 MB are left"
    monkeypatch.setattr(restricted_dual, "_RESIDENT", 500)
    with pytest.raises(MemoryError, match=message):
        LPPerceptronClassifier(solver="dual").fit(*table)


def test_what_grows_is_asked_for_anew(table, monkeypatch):
    """Parts that come in later count as well."""
    asked = []
    monkeypatch.setattr(restricted_dual, "check_memory", lambda *needs: asked.append(needs[:2]))
    LPPerceptronClassifier(solver="constraint_generation").fit(*table)
    resident, reserved = np.array(asked).T
    assert len(asked) > 2
    n_nonzeros = reserved.cumsum() / restricted_dual._RESERVED
    held = restricted_dual._HELD * np.append(0, n_nonzeros[:-1])
    np.testing.assert_allclose(resident, restricted_dual._RESIDENT * n_nonzeros - held)


def test_more_numbers_than_highs_can_count(table, monkeypatch):
    monkeypatch.setattr(restricted_dual, "_MAX_NONZEROS", 1000)
    with pytest.raises(MemoryError, match=r"up to 1,000 numbers .* 'feature_generation'"):
        LPPerceptronClassifier(solver="dual").fit(*table)


def test_highs_refusals_are_heard(table, monkeypatch):
    """Indices out of order are an error of HiGHS's, told by a status."""
    honest = restricted_dual._triplet

    def broken(block):
        size, starts, indices, values = honest(block)
        return size, starts, np.zeros_like(indices), values

    monkeypatch.setattr(restricted_dual, "_triplet", broken)
    with pytest.raises(SolverFailure, match="no more columns"):
        LPPerceptronClassifier(solver="dual").fit(*table)


def test_limits_of_containers_and_machines(tmp_path, monkeypatch):
    machine, status = tmp_path / "meminfo", tmp_path / "memory.stat"
    machine.write_text("MemTotal:  4000 kB\nMemAvailable:  3000 kB\nSwapFree:  500 kB\n")
    status.write_text("anon 5\ninactive_file 1024\n")
    assert memory._fields(machine)["MemAvailable:"] == 3000
    assert memory._fields(status)["inactive_file"] == 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._fields(tmp_path / "memory.max", name="limit") == {}
    (tmp_path / "memory.max").write_text("2048\n")
    assert memory._fields(tmp_path / "memory.max", name="limit") == {"limit": 2048}
    assert memory._fields(tmp_path / "nothing") == {}
    assert memory.memory_left() > 0
    assert memory.address_space_left() > 0
