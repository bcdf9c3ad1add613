"""Rounded weights: the loss with and without compensation by the weights that are still free.

A network is trained and pruned on two thirds of the samples (within one point of explained
deviance), then its weights are rounded to two, one and no decimals and to eight and four shared
levels: each to its nearest value, or by `round_weights`, which has no limit of the loss here
(``threshold=None``). The levels of the plain rounding are those of k-means. Mean loss without
weight decay, on the training samples and on the others.

    python benchmarks/bench_rounding.py
"""

import time

import numpy as np
from _common import describe_machine, print_table
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune._refining.grids import Decimals, Levels

WAYS = [{"decimals": 2}, {"decimals": 1}, {"decimals": 0}, {"levels": 8}, {"levels": 4}]


def problems():
    """Name, network, and training and test data, scaled by the training data."""
    for name, load, units in (
        ("breast cancer", load_breast_cancer, 5),
        ("digits", load_digits, 10),
        ("diabetes", load_diabetes, 5),
    ):
        X, y = load(return_X_y=True)
        labels = None if name == "diabetes" else y
        X, X_test, y, y_test = train_test_split(
            X, y, test_size=1 / 3, random_state=0, stratify=labels
        )
        scaler = StandardScaler().fit(X)
        if labels is None:
            size = StandardScaler().fit(y[:, None])
            y, y_test = (size.transform(part[:, None]).ravel() for part in (y, y_test))
            model = OBSMLPRegressor(
                PenalizedMLPRegressor((units,), direct_links=False, alpha=1.0), random_state=0
            )
        else:
            model = OBSMLPClassifier(
                PenalizedMLPClassifier((units,), direct_links=False, alpha=0.1), random_state=0
            )
        yield name, model, scaler.transform(X), y, scaler.transform(X_test), y_test


def loss(model, X, y):
    """Mean log-loss, or half the mean squared error."""
    if hasattr(model, "classes_"):
        return log_loss(y, model.predict_proba(X))
    return 0.5 * np.square(y - model.predict(X)).mean()


def nearest(model, decimals=None, levels=None):
    """A copy with each weight at its nearest value, the others staying."""
    parts = [*model.coefs_, *model.intercepts_]
    weights = np.concatenate([part[part != 0] for part in parts])
    grid = Decimals(decimals) if levels is None else Levels.among(weights, levels)
    rounded = [np.where(part != 0, grid.nearest(part), 0.0) for part in parts]
    copy = model.at_size(model.n_weights_)
    copy.coefs_, copy.intercepts_ = rounded[: len(model.coefs_)], rounded[len(model.coefs_) :]
    return copy


def main():
    """Print a table a problem."""
    describe_machine()
    for name, model, X, y, X_test, y_test in problems():
        model.fit(X, y)
        exact = [f"{loss(model, *part):.4f}" for part in ((X, y), (X_test, y_test))]
        rows = [["all digits", *exact, "", "", "", ""]]
        for how in WAYS:
            start = time.perf_counter()
            free = model.round_weights(X, y, threshold=None, **how)
            seconds = time.perf_counter() - start
            plain = nearest(model, **how)
            ((what, number),) = how.items()
            rows.append(
                [f"{number} {what}"]
                + [f"{loss(m, *p):.4f}" for m in (plain, free) for p in ((X, y), (X_test, y_test))]
                + [free.n_weights_, f"{seconds:.1f}"]
            )
        print_table(
            f"{name}: {model.n_weights_} weights",
            ["weights", "nearest, train", "test", "compensated, train", "test", "left", "s"],
            rows,
        )


if __name__ == "__main__":
    main()
