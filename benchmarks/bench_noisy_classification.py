"""HS97's noisy classification: percentage points above the Bayes rule's error.

All networks have tanh units and are scored once, on the same 120,000 points, on which the Bayes
rule ``x1 > 0`` is scored too.

First table, HS97's protocol: 200 fixed points, ten networks for each method that differ in their
initial weights. The paper shows one set of points; here are ten sets, and the mean for each. The
networks start as 2-20-1 with weights within 0.1 of zero. Conventional backpropagation is the
paper's: squared error, one pattern a step, weights kept within 30, no early stopping. 400,000
patterns are shown, twice the 1,000 epochs after which the paper's flat minimum search had stopped
changing (their number, and the hidden units', as recalled). The learning rate is 0.01, the
paper's for its other experiments, 0.1 or 1; the paper's figure stands beside, and flat minimum
search is compared with, the one that has the lowest training error.

Second table: the ten sets of points, one network each, of more methods, 2-10-1 at the start but for
"OBS, default" and "OBS, size by cross-validation", which are skprune's defaults. "The same
deletion" is the one that ends flat minimum search, of a network that was trained otherwise.
Backpropagation here is scikit-learn's, made to take all of its epochs.

    python benchmarks/bench_noisy_classification.py
"""

import time
import warnings

import numpy as np
from _common import describe_machine, print_table
from _flat_minimum import decay_by_folds, with_the_same_deletion
from joblib import Parallel, delayed
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

N_SETS, N_STARTS = 10, 10
TEST_SEED, FIRST_TRAINING_SEED = 0, 100
# HS97's networks and their conventional training.
N_HIDDEN, INITIAL_SIZE, WEIGHT_BOUND = 20, 0.1, 30.0
N_PATTERNS_SHOWN, LEARNING_RATES = 400_000, (0.01, 0.1, 1.0)
PAPER = {
    "backprop": [1.35, 1.16, 1.37, 1.18, 1.24, 1.24, 1.14, 1.10, 1.21, 1.21],
    "flat minimum": [0.00, 0.09, 0.13, 0.01, 0.25, 0.04, 0.07, 0.01, 0.09, 0.07],
}
# Nothing stops scikit-learn's training early.
ALL_EPOCHS = {"max_iter": 2000, "tol": 0.0, "n_iter_no_change": 2000}


def main():
    describe_machine()
    test = make_noisy_classification(120_000, random_state=TEST_SEED)
    print(f"Bayes rule: {100 * bayes_error(test):.2f} % of {len(test[1])} test points wrong")
    seeds = FIRST_TRAINING_SEED + np.arange(N_SETS)
    sets = [make_noisy_classification(200, random_state=seed) for seed in seeds]
    fixed_points(sets, test)
    one_network_a_set(zip(seeds, sets), test)


def bayes_error(data):
    X, y = data
    return np.mean(y != (X[:, 0] > 0))


def fixed_points(sets, test):
    """Ten starts on each set: the paper's comparison, ten times."""
    by_rate, training_error = backprop_excess(sets, test)
    best = training_error.argmin()
    excess = {
        f"backprop, rate {rate:g} (training error {error:.3f})": runs
        for rate, error, runs in zip(LEARNING_RATES, training_error, by_rate)
    }
    penalised = {name: penalised_excess(name, sets, test) for name in _penalties()}
    published = {list(excess)[best]: PAPER["backprop"], "flat minimum": PAPER["flat minimum"]}
    rows = []
    for name, runs in (excess | penalised).items():
        means, paper = runs.mean(axis=1), published.get(name)
        rows.append(
            [
                name,
                f"{means.mean():.2f} ± {means.std(ddof=1) / np.sqrt(len(means)):.2f}",
                f"{np.median(means):.2f}",
                " ".join(f"{mean:.2f}" for mean in means),
                f"{runs.min():.2f} to {runs.max():.2f}",
                f"{np.mean(paper):.2f} ({min(paper):.2f} to {max(paper):.2f})" if paper else "",
            ]
        )
    header = ["method", "mean, its error", "median", "mean of each set", "all runs", "HS97"]
    print_table(f"{N_SETS} sets of fixed points, {N_STARTS} starts each", header, rows)
    better = penalised["flat minimum"] < by_rate[best]
    print(
        f"\nflat minimum better than backprop in {better.sum()} runs of {better.size}, "
        f"in all runs on {better.all(axis=1).sum()} sets of {len(sets)}"
    )


def penalised_excess(name, sets, test):
    """Points above the Bayes rule's error, of shape (n_sets, n_starts)."""
    starts = [(points, seed) for points in sets for seed in range(N_STARTS)]
    runs = Parallel(n_jobs=-1)(delayed(_excess_of)(name, *start, test) for start in starts)
    return np.reshape(runs, (len(sets), N_STARTS))


def backprop_excess(sets, test):
    """The same by learning rate, and the mean squared training error of each rate."""
    X = np.array([points for points, _ in sets])
    targets = np.array([np.where(labels, 1.0, -1.0) for _, labels in sets])
    shape = (len(LEARNING_RATES), len(sets), N_STARTS)
    rate, set_of, _ = (index.ravel() for index in np.indices(shape))
    rates = np.take(LEARNING_RATES, rate)
    networks = train_online(X, targets, set_of, rates, np.random.RandomState(0))
    training_error, excess = np.empty((2, *shape))
    for number, at in enumerate(np.ndindex(shape)):
        network = [part[number] for part in networks]
        training_error[at] = np.mean((forward(network, X[at[1]]) - targets[at[1]]) ** 2)
        wrong = np.mean(test[1] != (forward(network, test[0]) > 0))
        excess[at] = 100 * (wrong - bayes_error(test))
    return excess, training_error.mean(axis=(1, 2))


def train_online(X, targets, set_of, rates, random_state):
    """On-line backpropagation of many networks at once, each on its set and with its rate."""
    n_networks, rates = len(set_of), rates[:, None]
    draw = random_state.uniform
    coefs = draw(-INITIAL_SIZE, INITIAL_SIZE, (n_networks, X.shape[2], N_HIDDEN))
    biases = draw(-INITIAL_SIZE, INITIAL_SIZE, (n_networks, N_HIDDEN))
    out_coefs = draw(-INITIAL_SIZE, INITIAL_SIZE, (n_networks, N_HIDDEN))
    out_biases = draw(-INITIAL_SIZE, INITIAL_SIZE, (n_networks, 1))
    network = coefs, biases, out_coefs, out_biases
    for _ in range(N_PATTERNS_SHOWN // X.shape[1]):
        for pattern in random_state.permutation(X.shape[1]):
            x, target = X[set_of, pattern, :, None], targets[set_of, pattern, None]
            hidden = np.tanh((x * coefs).sum(axis=1) + biases)
            out = np.tanh((hidden * out_coefs).sum(axis=1, keepdims=True) + out_biases)
            step = rates * (out - target) * (1.0 - out**2)
            hidden_step = step * out_coefs * (1.0 - hidden**2)
            out_coefs -= step * hidden
            out_biases -= step
            coefs -= x * hidden_step[:, None]
            biases -= hidden_step
            for part in network:
                np.clip(part, -WEIGHT_BOUND, WEIGHT_BOUND, out=part)
    return network


def forward(network, X):
    coefs, biases, out_coefs, out_biases = network
    return np.tanh(np.tanh(X @ coefs + biases) @ out_coefs + out_biases)


def _penalties():
    return {
        "weight elimination": WeightElimination(prune=True, weight_bound=WEIGHT_BOUND),
        "flat minimum": FlatMinimum(weight_bound=WEIGHT_BOUND),
    }


def _excess_of(name, points, seed, test):
    warnings.simplefilter("ignore", ConvergenceWarning)  # in this process
    model = PenalizedMLPClassifier(
        N_HIDDEN, penalty=_penalties()[name], direct_links=False, n_init=1, random_state=seed
    )
    return 100 * (1.0 - model.fit(*points).score(*test) - bayes_error(test))


def one_network_a_set(seeded_sets, test):
    """More methods, one network a set."""
    excess, sizes, seconds = {}, {}, {}
    for seed, points in seeded_sets:
        for name, fit in _methods(seed).items():
            start = time.perf_counter()
            estimator = fit(*points)
            seconds.setdefault(name, []).append(time.perf_counter() - start)
            error = 1.0 - estimator.score(*test)
            excess.setdefault(name, []).append(100 * (error - bayes_error(test)))
            sizes.setdefault(name, []).append(_n_weights(estimator))
    rows = [
        [
            name,
            f"{np.mean(values):.2f} ± {np.std(values, ddof=1) / np.sqrt(len(values)):.2f}",
            f"{max(values):.2f}",
            " ".join(f"{value:.2f}" for value in values),
            f"{np.median(sizes[name]):.0f}",
            f"{np.mean(seconds[name]):.2f}",
        ]
        for name, values in excess.items()
    ]
    header = ["method", "mean, its error", "worst", "each set", "weights", "s a run"]
    print_table(f"{N_SETS} sets of points, one network each", header, rows)
    better = np.less(excess["flat minimum"], excess["backprop, scikit-learn"]).sum()
    print(f"\nflat minimum better than scikit-learn's backprop in {better} runs of {N_SETS}")


def _n_weights(estimator):
    parts = [*estimator.coefs_, *estimator.intercepts_]
    return getattr(estimator, "n_weights_", sum(part.size for part in parts))


def _methods(seed):
    """How to train a network of each kind."""
    seeded = {"random_state": seed}

    def ten_units(**how):
        return PenalizedMLPClassifier((10,), direct_links=False, **how, **seeded)

    def by_folds(X, y):
        return decay_by_folds(ten_units()).fit(X, y).best_estimator_

    def then_deletion(fit):
        return lambda X, y: with_the_same_deletion(fit(X, y)).fit(X, y)

    backprop = MLPClassifier((10,), activation="tanh", **ALL_EPOCHS, **seeded)
    elimination = ten_units(penalty=WeightElimination())
    flat = ten_units(penalty=FlatMinimum(prune=False))
    wide = ten_units(penalty=FlatMinimum(prune=True))
    return {
        "backprop, scikit-learn": backprop.fit,
        "L-BFGS, no penalty": ten_units(penalty=None).fit,
        "L2, strength by cross-validation": by_folds,
        "L2, strength by the evidence": ten_units().fit,
        "weight elimination": elimination.fit,
        "flat minimum, no deletion": flat.fit,
        "flat minimum, wide class": wide.fit,
        "flat minimum, one start": ten_units(penalty="flat_minimum", n_init=1).fit,
        "flat minimum": ten_units(penalty="flat_minimum").fit,
        "no penalty, the same deletion": then_deletion(ten_units(penalty=None).fit),
        "L2 by cross-validation, the same deletion": then_deletion(by_folds),
        "weight elimination, the same deletion": then_deletion(elimination.fit),
        "flat minimum, then OBS": OBSMLPClassifier(ten_units(penalty="flat_minimum"), **seeded).fit,
        "OBS, default": OBSMLPClassifier(**seeded).fit,
        "OBS, size by cross-validation": OBSMLPClassifierCV(**seeded).fit,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    main()
