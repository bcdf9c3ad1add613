"""Speed and memory of the curvature engine on a network of NETtalk's size.

203-24-26 with biases is 5,546 weights; 5,000 patterns have 7 of 203 one-hot inputs on. Each step is
timed as a ratio to one product of two n x n matrices, measured in the same run, and beside the
plain way: HS93's recursion (timed on some columns and extrapolated, as it would take hours), an
explicit J'J, numpy.linalg.inv, and one-at-a-time elimination (timed on some deletions and
extrapolated over a frame of full size, which it never compacts). Each step is preceded by those
before it in a process of its own; seconds are the least of these, as the product's are of two. Peak
memory is that of the process, less what it held before, in units of one n x n matrix.

``python bench_curvature.py --small`` runs a smaller network, for a look.
"""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from _common import describe_machine, print_table

from skprune._curvature.dense_elimination import OBSElimination
from skprune._curvature.exact import InPlaceCholesky
from skprune._gauss_newton.jacobian import jacobian_chunks
from skprune._gauss_newton.matrix import gauss_newton
from skprune._network import Network, Objective

N_DELETIONS = 4000
FULL, SMALL = (203, 24, 26, 5000), (203, 6, 8, 1500)
TINY = (203, 2, 2, 10)
STEPS = ("assembly", "inverse", "deletions")
GOALS = {"assembly": "0.15", "inverse": "0.7", "deletions": "1.0"}


def make_problem(sizes):
    """A random network and one-hot patterns, 7 of 203 inputs on, as NETtalk's."""
    n_inputs, n_hidden, n_outputs, n_patterns = sizes
    rng = np.random.default_rng(0)
    X = np.zeros((n_patterns, n_inputs))
    for letter in range(7):
        X[np.arange(n_patterns), 29 * letter + rng.integers(29, size=n_patterns)] = 1.0
    network = Network((n_inputs, n_hidden, n_outputs), ("tanh", "logistic"), "log_loss")
    targets = (rng.random((n_patterns, n_outputs)) < 0.3).astype(float)
    objective = Objective(network, X, targets, alpha=1.0)
    return objective, 0.3 * rng.normal(size=network.n_weights), np.arange(network.n_weights)


def delete_all(w, inverse, n_deletions):
    """Cheapest weights first, in deferred blocks."""
    state = OBSElimination(w, inverse)
    for _ in range(n_deletions):
        state.delete(np.array([np.argmin(state.saliencies)]))
        if state.room == 0:
            state.commit()


def timed(function, *args):
    began = perf_counter()
    result = function(*args)
    return perf_counter() - began, result


def engine(sizes, upto):
    """Seconds and peak memory of each step up to one of them, in this process."""
    gauss_newton(*make_problem(TINY))  # imports and thread pools
    objective, w, kept = make_problem(sizes)
    before = process_bytes("VmRSS")
    seconds = {}
    seconds["assembly"], hessian = timed(gauss_newton, objective, w, kept)
    if upto != "assembly":
        seconds["inverse"], (inverse, _) = timed(InPlaceCholesky(hessian).invert, 1e-6)
    if upto == "deletions":
        n_deletions = min(N_DELETIONS, int(0.72 * len(w)))
        seconds["deletions"], _ = timed(delete_all, w, inverse, n_deletions)
    return seconds, (process_bytes("VmHWM") - before) / (8 * len(w) ** 2)


def process_bytes(name):
    """Memory of this process: "VmRSS" now, "VmHWM" at its peak (nan where there is no /proc)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    lines = status.read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def plain_ways(sizes):
    """Seconds of the plain way of each step, and what they were measured on."""
    objective, w, kept = make_problem(sizes)
    n = len(w)
    inverse = np.eye(n)
    columns = next(iter(jacobian_chunks(objective, w, kept)))[:8]

    def recursion():
        for x in columns:
            step = inverse @ x
            step /= np.sqrt(1.0 + x @ step)
            np.subtract(inverse, np.outer(step, step), out=inverse)

    n_columns = objective.X.shape[0] * objective.network.n_outputs
    recursive = timed(recursion)[0] / len(columns) * n_columns

    def explicit():
        hessian = np.zeros((n, n))
        for block in jacobian_chunks(objective, w, kept):
            hessian += block.T @ block
        return hessian

    seconds, hessian = timed(explicit)
    hessian[np.diag_indices(n)] += 1e-6 + objective.decay
    inverting, inverse = timed(np.linalg.inv, hessian)

    def one_at_a_time():
        for q in range(10):
            inverse[:] -= np.outer(inverse[:, q], inverse[q]) / inverse[q, q]

    deleting = timed(one_at_a_time)[0] / 10 * min(N_DELETIONS, int(0.72 * n))
    return {
        "recursion": recursive,
        "assembly": seconds,
        "inverse": inverting,
        "deletions": deleting,
    }


def main():
    sizes = SMALL if "--small" in sys.argv else FULL
    describe_machine()
    n = len(make_problem(sizes)[1])
    matrix = np.random.default_rng(0).random((n, n))
    product = min(timed(np.matmul, matrix, matrix)[0] for _ in range(2))
    del matrix
    print(f"n = {n}, P = {sizes[-1]}; one n x n matrix product: {product:.2f} s")
    memory, seconds = {}, {}
    for step in STEPS:
        command = [sys.executable, __file__, "--engine", step, *(map(str, sizes))]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        memory[step] = float(answer[-1])
        for name, spent in zip(STEPS, map(float, answer[:-1])):
            seconds[name] = min(spent, seconds.get(name, spent))
    plain = plain_ways(sizes)
    names = {
        "assembly": "explicit J'J",
        "inverse": "numpy.linalg.inv",
        "deletions": "one at a time",
    }
    rows = [
        [
            step,
            f"{seconds[step]:.2f}",
            f"{seconds[step] / product:.2f}",
            GOALS[step],
            f"{memory[step]:.2f}",
            names[step],
            f"{plain[step]:.1f}",
            f"{plain[step] / seconds[step]:.0f} x",
        ]
        for step in STEPS
    ]
    recursion = plain["recursion"]
    both = seconds["assembly"] + seconds["inverse"]
    rows.append(
        [
            "assembly + inverse",
            f"{both:.2f}",
            f"{both / product:.2f}",
            "",
            f"{memory['inverse']:.2f}",
            "recursion (extrapolated)",
            f"{recursion:.0f}",
            f"{recursion / both:.0f} x",
        ]
    )
    header = [
        "step",
        "seconds",
        "products",
        "goal",
        "peak memory, n^2",
        "plain way",
        "seconds",
        "faster",
    ]
    print_table("The curvature engine", header, rows)


if __name__ == "__main__":
    if "--engine" in sys.argv:
        at = sys.argv.index("--engine")
        spent, peak = engine(tuple(map(int, sys.argv[at + 2 :])), sys.argv[at + 1])
        print(*spent.values(), peak)
    else:
        main()
