"""OBSMLPClassifierCV against a grid search over n_weights: the same scores, in what time?

One training and one path a fold, where the search trains and prunes once for each fold and size.
Twenty sizes, spaced geometrically, of those that every fold's path holds; the same folds, seeds and
settings; no parallel work. Each seed draws other folds and other networks: how long the class takes
varies with them, as a refit that falls short of the folds is given further starts.

Prints the largest difference of any score of a fold at these sizes, the mean processor seconds over
the seeds and their ratio, the choice being restricted to the twenty sizes or among all; for the
twenty also the least ratio of a seed.

    python benchmarks/bench_cv.py
"""

import time
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, scale

from skprune import OBSMLPClassifier, OBSMLPClassifierCV, PenalizedMLPClassifier
from skprune.datasets import load_monks

N_SIZES, N_SPLITS, N_SEEDS = 20, 5, 3


def problems():
    """Name, data and network."""
    X, y = load_monks(2, return_X_y=True)
    yield "MONK-2", OneHotEncoder().fit_transform(X), y, PenalizedMLPClassifier((2,))
    X, y = load_breast_cancer(return_X_y=True)
    yield "breast cancer", scale(X), y, PenalizedMLPClassifier((5,), alpha=0.1)
    X, y = load_digits(n_class=4, return_X_y=True)
    yield "digits 0 to 3", X / 16, y, PenalizedMLPClassifier((5,), alpha=0.1)


def seconds(estimator, X, y):
    """The fitted estimator and the processor time of the fit, which other work hardly changes."""
    start = time.process_time()
    estimator.fit(X, y)
    return estimator, time.process_time() - start


def shared_sizes(results):
    """Twenty sizes that the paths of all folds hold, from two weights to the whole network."""
    held = np.array([results[f"split{k}_n_weights"] for k in range(N_SPLITS)])
    sizes = results["n_weights"][(held == results["n_weights"]).all(axis=0)]
    sizes = sizes[sizes >= 2]
    wanted = np.geomspace(sizes[0], sizes[-1], N_SIZES)
    chosen = []
    for number, size in enumerate(wanted):
        # The nearest size not taken yet, leaving enough for the wanted ones that follow.
        left = sizes[len(chosen) :] if not chosen else sizes[sizes > chosen[-1]]
        left = left[: len(left) - (N_SIZES - 1 - number)]
        chosen.append(int(left[np.argmin(np.abs(left - size))]))
    return chosen


def compare(X, y, network, retrain, seed):
    """Largest gap of scores, number of sizes; seconds of the search, of twenty and of all sizes."""
    how = {"retrain": retrain, "random_state": seed}
    folds = StratifiedKFold(N_SPLITS, shuffle=True, random_state=seed)
    full, all_seconds = seconds(OBSMLPClassifierCV(network, cv=folds, **how), X, y)
    sizes = shared_sizes(full.cv_results_)
    few, few_seconds = seconds(OBSMLPClassifierCV(network, cv=folds, sizes=sizes, **how), X, y)
    search = GridSearchCV(OBSMLPClassifier(network, **how), {"n_weights": sizes}, cv=folds)
    search, search_seconds = seconds(search, X, y)
    gap = max(
        np.abs(few.cv_results_[key] - search.cv_results_[key]).max()
        for key in (f"split{k}_test_score" for k in range(N_SPLITS))
    )
    n_sizes = len(full.cv_results_["n_weights"])
    return gap, n_sizes, search_seconds, few_seconds, all_seconds


def show(name, retrain, rows):
    """One row of the table, from those of the seeds."""
    gaps, n_sizes, search, few, every = np.array(rows).T
    print(
        f"{name:15}{retrain:8}{gaps.max():12.1e}{search.mean():9.1f}{few.mean():8.2f}"
        f"{search.mean() / few.mean():7.1f}{(search / few).min():7.1f}{n_sizes.mean():8.0f}"
        f"{every.mean():8.2f}{search.mean() / every.mean():7.1f}",
        flush=True,
    )


def main():
    """Print the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'':23}{'largest gap':>12}{'search':>9}{f'the same {N_SIZES}':>22}{'every size':>23}")
    print(f"{'problem':15}{'retrain':8}{'of scores':>12}{'s':>9}", end="")
    print(f"{'s':>8}{'ratio':>7}{'least':>7}{'sizes':>8}{'s':>8}{'ratio':>7}")
    for name, *problem in problems():
        for retrain in ("never", "final"):
            rows = [compare(*problem, retrain, seed) for seed in range(N_SEEDS)]
            show(name, retrain, rows)


if __name__ == "__main__":
    main()
