"""PROBEN1's thyroid1: hidden units, then weights pruned; how many are left at no loss?

A 21-10-3 network (253 weights) is trained on the training patterns; units are pruned, then weights.
The weight decay is the one with the best network on the validation patterns, and so is the size:
the smallest one whose validation accuracy is no lower than the unpruned network's. The test
patterns are scored once, at the end; beside it stands the same path's network of 24 weights, the
published size. For cancer1 and building1: the path of test error against weights.

    SKPRUNE_DATA=/path/to/data python benchmarks/thyroid.py

where the folder holds proben1/thyroid1.dt, cancer1.dt and building1.dt (Prechelt 1994).
"""

import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)

ALPHAS = (0.01, 0.1, 1.0)


def read_proben1(name):
    """Training, validation and test patterns as three pairs (inputs, targets)."""
    folder = os.environ.get("SKPRUNE_DATA")
    path = Path(folder or ".") / "proben1" / f"{name}.dt"
    if not folder or not path.is_file():
        sys.exit(
            f"{path} not found: set SKPRUNE_DATA to the folder whose proben1/ holds {name}.dt "
            "of the PROBEN1 collection."
        )
    lines = path.read_text().split("\n")
    header = {key: int(value) for key, value in (line.split("=") for line in lines[:7])}
    table = np.loadtxt(lines[7:])
    n_inputs = header["bool_in"] + header["real_in"]
    counts = [header[f"{part}_examples"] for part in ("training", "validation", "test")]
    parts = np.split(table, np.cumsum(counts)[:-1])
    return [(part[:, :n_inputs], part[:, n_inputs:]) for part in parts]


def standardised(parts):
    """Inputs in units of the training patterns' standard deviations."""
    mean, std = parts[0][0].mean(axis=0), parts[0][0].std(axis=0)
    std[std == 0.0] = 1.0
    return [((X - mean) / std, targets) for X, targets in parts]


def prune_units_then_weights(network, X, y):
    """Units within the rule, then weights down their whole range."""
    units = OBSMLPClassifier(FrozenEstimator(network), granularity="unit", threshold=0.005)
    units.fit(X, y)
    weights = OBSMLPClassifier(FrozenEstimator(units), teaching_signal="data", n_weights=4).fit(
        X, y
    )
    return units, weights


def smallest_without_loss(pruned, wanted, X, y):
    """The smallest network of the path with at least the wanted accuracy, and that accuracy."""
    for size in np.unique(pruned.path_["n_weights"]):
        network = pruned.at_size(size)
        if network.score(X, y) >= wanted:
            return network
    return pruned.at_size(10**6)


def thyroid():
    """Choose decay and size on the validation patterns, score the test patterns."""
    parts = standardised(read_proben1("thyroid1"))
    (X, y), (X_valid, y_valid), (X_test, y_test) = [(X, t.argmax(axis=1)) for X, t in parts]
    start = time.perf_counter()
    found = []
    for alpha in ALPHAS:
        dense = PenalizedMLPClassifier((10,), direct_links=False, alpha=alpha, random_state=0).fit(
            X, y
        )
        units, weights = prune_units_then_weights(dense, X, y)
        small = smallest_without_loss(weights, dense.score(X_valid, y_valid), X_valid, y_valid)
        found.append(
            (dense.score(X_valid, y_valid), -small.n_weights_, alpha, dense, units, weights, small)
        )
    _, _, alpha, dense, units, weights, small = max(found, key=lambda row: row[:2])
    print(f"thyroid1, alpha={alpha} of {ALPHAS}, {time.perf_counter() - start:.1f} s in all")
    print(f"{'':22}{'weights':>8}{'valid %':>9}{'test %':>8}")
    n_dense = sum(w.size for w in (*dense.coefs_, *dense.intercepts_))
    for name, network, size in (
        ("unpruned", dense, n_dense),
        ("units pruned", units, units.n_weights_),
        ("then weights, to 24", weights.at_size(24), weights.at_size(24).n_weights_),
        ("then weights, chosen", small, small.n_weights_),
    ):
        scores = (network.score(X_valid, y_valid), network.score(X_test, y_test))
        print(f"{name:22}{size:8d}{100 * scores[0]:9.2f}{100 * scores[1]:8.2f}")


def path_of_test_error(name, plain, pruner, encode, alpha=0.1):
    """Test error at about ten sizes of one path, trained on training and validation patterns."""
    train, valid, (X_test, test_targets) = standardised(read_proben1(name))
    X = np.vstack([train[0], valid[0]])
    y, y_test = encode(np.vstack([train[1], valid[1]])), encode(test_targets)
    network = plain((10,), direct_links=False, alpha=alpha, random_state=0)
    start = time.perf_counter()
    pruned = pruner(network, teaching_signal="data", n_weights=1, random_state=0).fit(X, y)
    print(f"{name}, alpha={alpha}, {time.perf_counter() - start:.1f} s")
    print(f"{'weights':>8}  test error")
    sizes = pruned.path_["n_weights"]
    wanted = np.geomspace(sizes[-1], sizes[0], 12)
    for size in np.unique(sizes[np.abs(sizes - wanted[:, None]).argmin(axis=1)])[::-1]:
        smaller = pruned.at_size(size)
        print(f"{smaller.n_weights_:8d}  {1 - smaller.score(X_test, y_test):.4f}")


def main():
    """Print the three tables."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    thyroid()
    print("\nError: the share of wrong classes")
    path_of_test_error(
        "cancer1", PenalizedMLPClassifier, OBSMLPClassifier, lambda targets: targets.argmax(axis=1)
    )
    print("\nError: 1 - R2, the mean of the three targets")
    path_of_test_error("building1", PenalizedMLPRegressor, OBSMLPRegressor, lambda targets: targets)


if __name__ == "__main__":
    main()
