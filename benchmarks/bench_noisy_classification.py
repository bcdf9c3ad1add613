"""HS97's noisy classification: percentage points above the Bayes rule's error, ten runs a method.

Each run has its own 200 training points and its own initial weights; all are scored once, on the
same 120,000 points, on which the Bayes rule ``x1 > 0`` is scored too. All networks start as 2-10-1
with tanh units; each estimator has its defaults, and nothing is chosen by hand. Backpropagation,
scikit-learn's, takes all of its epochs, as HS97's did.

    python benchmarks/bench_noisy_classification.py
"""

import time
import warnings

import numpy as np
from _common import describe_machine
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skprune import (
    FlatMinimum,
    OBSMLPClassifier,
    OBSMLPClassifierCV,
    PenalizedMLPClassifier,
    WeightElimination,
)
from skprune.datasets import make_noisy_classification

N_RUNS = 10
TEST_SEED, FIRST_TRAINING_SEED = 0, 100
# Nothing stops the training early.
ALL_EPOCHS = {"max_iter": 2000, "tol": 0.0, "n_iter_no_change": 2000}
PAPER = {"backprop": 1.22, "flat minimum": 0.07}


def methods(seed):
    """A fresh estimator of each kind."""
    seeded = {"random_state": seed}
    yield "backprop", MLPClassifier((10,), activation="tanh", **ALL_EPOCHS, **seeded)
    yield "L-BFGS, no penalty", PenalizedMLPClassifier(penalty=None, **seeded)
    yield (
        "weight elimination",
        PenalizedMLPClassifier(penalty=WeightElimination(prune=True), **seeded),
    )
    yield "OBS", OBSMLPClassifier(**seeded)
    yield "modified OBS", OBSMLPClassifier(criterion="obs-obd", **seeded)
    yield "OBS, size by cross-validation", OBSMLPClassifierCV(**seeded)
    yield (
        "flat minimum, wide class",
        PenalizedMLPClassifier(penalty=FlatMinimum(prune=True), **seeded),
    )
    yield "flat minimum", PenalizedMLPClassifier(penalty=FlatMinimum(prune="box"), **seeded)
    yield (
        "flat minimum, then OBS",
        OBSMLPClassifier(
            PenalizedMLPClassifier(penalty=FlatMinimum(prune=True), **seeded), **seeded
        ),
    )


def main():
    describe_machine()
    X_test, y_test = make_noisy_classification(120_000, random_state=TEST_SEED)
    bayes = np.mean(y_test != (X_test[:, 0] > 0))
    print(f"Bayes rule: {100 * bayes:.2f} % of {len(y_test)} test points wrong")
    excess, sizes, seconds = {}, {}, {}
    for run in range(N_RUNS):
        seed = FIRST_TRAINING_SEED + run
        X, y = make_noisy_classification(200, random_state=seed)
        for name, estimator in methods(seed):
            start = time.perf_counter()
            estimator.fit(X, y)
            seconds.setdefault(name, []).append(time.perf_counter() - start)
            error = 1.0 - estimator.score(X_test, y_test)
            excess.setdefault(name, []).append(100 * (error - bayes))
            sizes.setdefault(name, []).append(getattr(estimator, "n_weights_", 41))
    print("\n| method | mean | worst | each run | weights | s a run | HS97 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, values in excess.items():
        runs = " ".join(f"{value:.2f}" for value in values)
        print(
            f"| {name} | {np.mean(values):.2f} | {max(values):.2f} | {runs} | "
            f"{np.median(sizes[name]):.0f} | {np.mean(seconds[name]):.2f} | "
            f"{PAPER.get(name, '')} |"
        )
    better = np.less(excess["flat minimum"], excess["backprop"]).sum()
    print(f"\nflat minimum better than backprop in {better} runs of {N_RUNS}")


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    main()
