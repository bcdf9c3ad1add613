"""Swaps of kept for deleted weights at a fixed size: what they give beyond training.

Networks are pruned to given sizes without training on the way; then the survivors are trained
(`swap_weights` with ``max_swaps=0``), or trained and swapped. Means over five starts of the loss
on the training samples, weight decay included, and of the accuracy on the others. MONK's problems
at HS93's sizes (its networks; all 432 patterns for testing), digits (40 % for testing), breast
cancer (a third for testing), and, with ``SKPRUNE_DATA`` set, thyroid (PROBEN1's split).

    python benchmarks/bench_swap.py
"""

import os
import time
import warnings

import numpy as np
from _common import describe_machine, print_table
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from thyroid import read_proben1, standardised

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import load_monks

STARTS = range(5)


def problems():
    """Name, parameters of the network, sizes, and X, y, X_test, y_test."""
    encoder = OneHotEncoder()
    for problem, units, size in ((1, 3, 14), (2, 2, 15), (3, 2, 4)):
        X, y = load_monks(problem, return_X_y=True)
        X_test, y_test = load_monks(problem, subset="test", return_X_y=True)
        parts = encoder.fit_transform(X), y, encoder.transform(X_test), y_test
        yield f"MONK-{problem}", {"hidden_layer_sizes": (units,), "alpha": 1e-3}, (size,), parts
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, test_size=0.4, random_state=0, stratify=y)
    network = {"hidden_layer_sizes": (20, 15), "alpha": 0.1, "fit_intercept": False}
    yield "digits", network, (346, 173, 86), (parts[0], parts[2], parts[1], parts[3])
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0, stratify=y)
    scaler = StandardScaler().fit(X)
    parts = scaler.transform(X), y, scaler.transform(X_test), y_test
    yield "breast cancer", {"hidden_layer_sizes": (5,), "alpha": 0.1}, (20, 10), parts
    if "SKPRUNE_DATA" in os.environ:
        (X, y), _, (X_test, y_test) = standardised(read_proben1("thyroid1"))
        parts = X, y.argmax(axis=1), X_test, y_test.argmax(axis=1)
        yield "thyroid", {"hidden_layer_sizes": (10,), "alpha": 0.1}, (24, 12), parts


def compare(network, size, start, X, y, X_test, y_test):
    """Loss and accuracy pruned, trained and swapped; the number of swaps and seconds."""
    dense = PenalizedMLPClassifier(**network, direct_links=False, random_state=start)
    pruned = OBSMLPClassifier(dense, teaching_signal="data", n_weights=size, retrain="never").fit(
        X, y
    )
    trained = pruned.swap_weights(X, y, max_swaps=0)
    began = time.perf_counter()
    swapped = pruned.swap_weights(X, y)
    seconds = time.perf_counter() - began
    scores = [(model.loss_, 100 * model.score(X_test, y_test)) for model in (pruned, trained)]
    scores.append((swapped.loss_, 100 * swapped.score(X_test, y_test)))
    return [*np.ravel(scores), swapped.n_swaps_, seconds]


def main():
    """Print the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    describe_machine()
    rows = []
    for name, network, sizes, parts in problems():
        for size in sizes:
            means = np.mean([compare(network, size, start, *parts) for start in STARTS], axis=0)
            *scores, n_swaps, seconds = means
            texts = [f"{s:.2f}" if k % 2 else f"{s:.4f}" for k, s in enumerate(scores)]
            rows.append([name, size, *texts, f"{n_swaps:.1f}", f"{seconds:.1f}"])
            print(*rows[-1], flush=True)
    header = ["problem", "weights", "loss, pruned", "test %", "trained", "test %"]
    print_table(
        "Swaps: training loss and test accuracy, means of five starts",
        [*header, "swapped", "test %", "swaps", "s"],
        rows,
    )


if __name__ == "__main__":
    main()
