"""What weights without effect cost: units and what falls with weights, before and after.

When a unit loses its outgoing weights its incoming ones no longer matter. "Before", the quadratic
model drove them to zero as well, as if they did; "after", they are held where the model was made,
the loss chooses between that and leaving them free, and among the four cheapest groups.

* Friedman's first function, 500 samples without noise for training and 2,000 for testing, ten
  standardised inputs, tanh networks, mean squared error of the standardised target / 2 + alpha / P
  / 2 |w|^2, alpha = 0.1: test R2.
* ``load_digits()/16``, 40 % for testing, stratified; tanh networks without biases of one and two
  hidden layers, mean log-loss + 1e-4/2 |w|^2, 300 iterations of L-BFGS: test accuracy.

Without retraining; each network is pruned once and smaller sizes are read from the same path. Means
over starts (of Friedman's, over samples as well); the difference with its standard error.

    python benchmarks/bench_groups.py [--friedman 20] [--digits 5]
"""

import argparse
import warnings
from contextlib import nullcontext
from functools import partial
from unittest import mock

import numpy as np
from _common import describe_machine, print_table
from sklearn.datasets import load_digits, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._network import Connectivity
from skprune._pruning.trust import TrustRegion


def before():
    """All that falls is driven to zero, by the quadratic model alone."""
    return mock.patch.multiple(
        Connectivity,
        without_effect=lambda self, group: np.zeros(len(group), dtype=bool),
        only_links=lambda self: np.empty(0, dtype=np.intp),
    ), mock.patch.object(TrustRegion, "n_tried", 1)


def friedman(hidden, start):
    """A trained network, its samples and others."""
    X, y = make_friedman1(n_samples=2500, random_state=start)
    X, X_test, y, y_test = train_test_split(X, y, train_size=500, shuffle=False)
    inputs, mean, scale = StandardScaler().fit(X), y.mean(), y.std()
    X, X_test = inputs.transform(X), inputs.transform(X_test)
    y, y_test = (y - mean) / scale, (y_test - mean) / scale
    network = PenalizedMLPRegressor(
        hidden, alpha=0.1, direct_links=False, max_iter=2000, random_state=start
    )
    return OBSMLPRegressor, network.fit(X, y), (X, y), (X_test, y_test)


def digits(hidden, start):
    """A trained network, its samples and others."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, test_size=0.4, random_state=0, stratify=y)
    network = PenalizedMLPClassifier(
        hidden,
        fit_intercept=False,
        direct_links=False,
        alpha=1e-4 * len(X),
        max_iter=300,
        tol=1e-8,
        random_state=start,
    )
    return OBSMLPClassifier, network.fit(X, y), (X, y), (X_test, y_test)


def scores(problem, granularity, sizes):
    """Test scores of the pruned networks of several sizes."""
    pruner, network, samples, others = problem
    pruned = pruner(
        FrozenEstimator(network),
        granularity=granularity,
        n_weights=min(sizes) if granularity == "weight" else 0,
        teaching_signal="data",
        retrain="never",
    ).fit(*samples)
    return [pruned.at_size(size).score(*others) for size in sizes]


def compare(title, make, granularity, sizes, starts):
    """A table: both ways at each size."""
    results = {"before": [], "after": []}
    for start in range(starts):
        problem = make(start)
        for name, found in results.items():
            price, choice = before() if name == "before" else (nullcontext(), nullcontext())
            with price, choice:
                found.append(scores(problem, granularity, sizes))
    old, new = np.array(results["before"]), np.array(results["after"])
    gains = new - old
    errors = gains.std(axis=0, ddof=1) / np.sqrt(starts)
    rows = [
        [size, f"{a:.3f}", f"{b:.3f}", f"{gain:+.3f} +- {error:.3f}"]
        for size, a, b, gain, error in zip(
            sizes, old.mean(axis=0), new.mean(axis=0), gains.mean(axis=0), errors
        )
    ]
    print_table(f"{title}, {starts} starts", ["weights", "before", "after", "difference"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--friedman", type=int, default=20, help="starts")
    parser.add_argument("--digits", type=int, default=5, help="starts")
    starts = parser.parse_args()
    describe_machine()
    warnings.simplefilter("ignore", ConvergenceWarning)  # (The digits' protocol stops short.)
    for name, make, n, networks in (
        (
            "Friedman, test R2",
            friedman,
            starts.friedman,
            {(8,): ((30, 25, 20), (49, 37, 25)), (10,): ((30, 25, 20), (61, 37, 25))},
        ),
        (
            "digits, test accuracy",
            digits,
            starts.digits,
            {
                (20,): ((296, 148, 74), (1110, 740, 592, 444)),
                (20, 15): ((346, 173, 86), (1200, 900, 600, 400)),
            },
        ),
    ):
        for hidden, by_sizes in networks.items():
            for granularity, sizes in zip(("weight", "unit"), by_sizes):
                title = f"{name}, hidden {hidden}, by {granularity}s"
                compare(title, partial(make, hidden), granularity, sizes, n)


if __name__ == "__main__":
    main()
