"""Cost of the flat-minimum penalty: its gradient against c gradients of the loss.

For P patterns, n weights and c outputs both are O(P c n). The loss' gradient is the library's own,
a forward and a backward pass over all patterns.

    python benchmarks/bench_flat_minimum.py
"""

import time

import numpy as np

from skprune._network import Network, Objective
from skprune._penalties import FlatMinimumPenalty

BASE = (500, (20, 20, 3))
CASES = {
    "base": BASE,
    "P": (5000, (20, 20, 3)),
    "inputs": (500, (200, 20, 3)),
    "units": (500, (20, 100, 3)),
    "layers": (500, (20, 20, 20, 20, 3)),
    "c = 1": (500, (20, 20, 1)),
    "c = 10": (500, (20, 20, 10)),
    "c = 30": (500, (20, 20, 30)),
    "digits": (1000, (64, 20, 15, 10)),
}


def seconds(function):
    """Median time of a call, over at least ten of them and a fifth of a second."""
    times = []
    while len(times) < 10 or sum(times) < 0.2:
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return np.median(times)


def main():
    rng = np.random.default_rng(0)
    print("| case | P | network | n | loss, ms | penalty, ms | penalty / (c loss) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, (n_samples, sizes) in CASES.items():
        network = Network(sizes, ("tanh",) * (len(sizes) - 1))
        X = rng.normal(size=(n_samples, sizes[0]))
        objective = Objective(network, X, rng.uniform(-1, 1, size=(n_samples, sizes[-1])))
        penalty = FlatMinimumPenalty(network, np.arange(network.n_weights))
        w = 0.3 * rng.normal(size=network.n_weights)
        loss = seconds(lambda: objective.value_and_gradient(w))  # noqa: B023
        pull = seconds(
            lambda: penalty.value_and_gradient(w, X, objective.weights)  # noqa: B023
        )
        print(
            f"| {name} | {n_samples} | {'-'.join(map(str, sizes))} | {network.n_weights} | "
            f"{1e3 * loss:.2f} | {1e3 * pull:.2f} | {pull / (sizes[-1] * loss):.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
