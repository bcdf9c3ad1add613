"""Input noise: what it does for pruned networks on other data than digits.

Two fifths of the samples are for testing, five splits, networks of ten tanh units on standardised
inputs. They are trained, and pruned by OBS with retraining to a twentieth of their weights, with
each noise; a tenth is read from the same path. Prints mean test accuracies, and the difference that
noise makes with its standard error over the splits. (Digits: `bench_digits.py`.)

    python benchmarks/bench_input_noise.py
"""

import warnings

import numpy as np
from _common import describe_machine, print_table
from joblib import Parallel, delayed
from sklearn.datasets import load_breast_cancer, load_wine, make_hastie_10_2
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.datasets import load_monks

HIDDEN = (10,)
NOISES = (0.0, 0.1, 0.2, 0.4)
SHARES = (0.1, 0.05)
SPLITS = range(1, 6)


def problems():
    """Name and data."""
    X, y = load_breast_cancer(return_X_y=True)
    yield "breast cancer", StandardScaler().fit_transform(X), y
    X, y = load_wine(return_X_y=True)
    yield "wine", StandardScaler().fit_transform(X), y
    X, y = make_hastie_10_2(1500, random_state=0)
    yield "hastie 10.2", X, y
    X, y = load_monks(1, return_X_y=True)
    yield "MONK-1, ordinal", StandardScaler().fit_transform(X), y


def accuracies(X, y, noise, split):
    """Test accuracy (%) of the unpruned and the two pruned networks."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.4, random_state=split, stratify=y)
    network = PenalizedMLPClassifier(
        HIDDEN, direct_links=False, alpha=0.1, input_noise=noise, random_state=split
    )
    network.fit(X, y)
    n_weights = sum(part.size for part in (*network.coefs_, *network.intercepts_))
    sizes = [round(share * n_weights) for share in SHARES]
    pruner = OBSMLPClassifier(
        FrozenEstimator(network), teaching_signal="data", n_weights=sizes[-1], retrain="always"
    )
    pruner.fit(X, y)
    # A group that goes whole may leave a weight more than was asked for.
    networks = [network, *(pruner.at_size(max(size, pruner.n_weights_)) for size in sizes)]
    return [100 * found.score(X_test, y_test) for found in networks]


def main():
    describe_machine()
    rows = []
    for name, *problem in problems():
        scores = np.array(
            Parallel(n_jobs=-1)(
                delayed(accuracies)(*problem, noise, split) for noise in NOISES for split in SPLITS
            )
        ).reshape(len(NOISES), len(SPLITS), -1)
        for column, size in enumerate(["all", *(f"{100 * share:.0f} %" for share in SHARES)]):
            table = scores[:, :, column]
            gains = table[1:] - table[0]
            errors = gains.std(axis=1, ddof=1) / np.sqrt(len(SPLITS))
            cells = [f"{gain:+.1f} +- {e:.1f}" for gain, e in zip(gains.mean(axis=1), errors)]
            rows.append([name, size, f"{table[0].mean():.1f}", *cells])
            print(*rows[-1], flush=True)
    header = ["data", "weights", "no noise, %", *(f"noise {noise}" for noise in NOISES[1:])]
    print_table("Input noise: points of test accuracy", header, rows)


if __name__ == "__main__":
    main()
