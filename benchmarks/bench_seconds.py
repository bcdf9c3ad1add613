"""Seconds of whole fits: the reference and its pruning, beside one L-BFGS training.

    python benchmarks/bench_seconds.py
    python benchmarks/bench_seconds.py --tables concrete 80,000x20     these alone

The reference is `PenalizedMLPClassifier()` or `PenalizedMLPRegressor()`, decays, units and starts
chosen as they come; of NETtalk (1,000 words) one of 24 units and a decay of 1. It is pruned by
`OBSMLPClassifier()` or `OBSMLPRegressor()`. "one training" is what any network costs at least:
L-BFGS from random weights, of the reference's architecture and at its final decays, to the same
tolerance (100 to 1,000 iterations). Processor seconds in one thread, the least of `--repeat` runs.
The tables' files and NETtalk's are those of $SKPRUNE_DATA; without it they are left out.
"""

import argparse
import time
import warnings

import numpy as np
from _common import describe_machine, print_table
from _tables import split_as_given, tables_of_files
from scipy.special import expit
from sklearn.frozen import FrozenEstimator
from threadpoolctl import threadpool_limits

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._fitted.loss import evaluation_objective
from skprune._fitted.reading import read_network
from skprune._training.lbfgs import train_lbfgs
from skprune.datasets import load_nettalk

GENERATED, NETTALK = "80,000x20", "NETtalk"
DEFAULT = ["spambase", "bank-marketing", "kin8nm", GENERATED, NETTALK]
MAX_ITER, TOLERANCE = 1000, 1e-4


def generated():
    """80,000 rows of 20 inputs: a product, bent effects, and noise."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80_000, 20))
    b = 2 * X[:, 0] * X[:, 1] + X[:, 2] + np.sin(2 * X[:, 3]) + np.abs(X[:, 4]) - 1
    return X, (rng.random(len(X)) < expit(b)).astype(int)


def problems(names):
    """Name, reference, pruner and data of each problem."""
    loaders = tables_of_files()
    for name in names:
        if name == GENERATED:
            yield name, PenalizedMLPClassifier(random_state=0), OBSMLPClassifier, *generated()
        elif name == NETTALK and loaders:
            reference = PenalizedMLPClassifier((24,), alpha=1.0, max_iter=300, random_state=0)
            yield name, reference, OBSMLPClassifier, *load_nettalk(return_X_y=True)
        elif name in loaders:
            table = loaders[name]()
            split = split_as_given(table)
            of_classes = PenalizedMLPClassifier, OBSMLPClassifier
            of_numbers = PenalizedMLPRegressor, OBSMLPRegressor
            reference, pruner = of_numbers if table.classes is None else of_classes
            yield name, reference(random_state=0), pruner, split.X, split.y


def one_training(reference, X, y):
    """Train a network of the reference's architecture and decays from random weights."""
    network, w, kept, alpha = read_network(reference)
    targets = y if y.ndim == 2 else y[:, None]
    if network.activations[-1] == "softmax":
        targets = y[:, None] == reference.classes_
    objective = evaluation_objective(
        reference, network, X, np.asarray(targets, dtype=float), None, alpha
    )
    start = np.zeros_like(w)
    fan_in = X.shape[1]
    start[kept] = np.random.default_rng(0).standard_normal(len(kept)) / (2 * np.sqrt(fan_in))
    return train_lbfgs(objective, start, kept, max_iter=MAX_ITER, tol=TOLERANCE)


def seconds(function, repeat):
    """The last result, and the least processor seconds."""
    least = np.inf
    for _ in range(repeat):
        begin = time.process_time()
        result = function()
        least = min(least, time.process_time() - begin)
    return result, least


def row(problem, repeat):
    """One problem's row of the table."""
    name, estimator, pruner, X, y = problem
    reference, of_reference = seconds(lambda: estimator.fit(X, y), repeat)
    surgeon = pruner(FrozenEstimator(reference), random_state=0)
    pruned, of_pruning = seconds(lambda: surgeon.fit(X, y), repeat)
    result, of_training = seconds(lambda: one_training(reference, X, y), repeat)
    n_weights = len(read_network(reference)[2])
    return [
        name,
        f"{X.shape[0]:,} x {X.shape[1]}",
        n_weights,
        pruned.n_weights_,
        f"{of_reference:.1f}",
        f"{of_pruning:.1f}",
        f"{of_reference + of_pruning:.1f}",
        f"{of_training:.2f} ({result.n_iter})",
        f"{of_pruning / of_training:.1f}",
    ]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", metavar="NAME", default=DEFAULT)
    parser.add_argument("--repeat", type=int, default=1)
    return parser.parse_args()


def main():
    """Print the table."""
    arguments = parse_arguments()
    describe_machine()
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = []
        for problem in problems(arguments.tables):
            rows.append(row(problem, arguments.repeat))
            print(*rows[-1], sep=" | ", flush=True)
    print_table(
        "Processor seconds of one thread",
        [
            "data", "rows x inputs", "weights", "left", "reference, s", "pruning, s", "whole, s",
            "one training, s (iterations)", "pruning / one training",
        ],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
