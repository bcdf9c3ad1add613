"""Second-order pruners on digits: accuracy at 80, 90 and 95 % pruned, and seconds.

``load_digits()/16``, 40 % for testing, stratified; a 64-20-15-10 tanh network, no biases (1,730
weights), mean log-loss + 1e-4/2 |w|^2, trained by L-BFGS for 300 iterations; the same networks
are pruned by each criterion to 86 weights, and 346 and 173 are read from the same path. Without
retraining every linearisation deletes at least one weight; with it, the survivors are trained by
L-BFGS after each linearisation. "then swapped" is `swap_weights` at each of the three sizes, whose
seconds are added. "with input noise" is OBS on networks of the same protocol that are trained and
pruned with `input_noise`, its standard deviation being the one with the best accuracy at the three
sizes by cross-validation on the training samples, without retraining.

"Towards the reference" prunes and retrains by the outputs of the unpruned network (HS93 section 4),
the other rows by the targets.

    python benchmarks/bench_digits.py               all rows
    python benchmarks/bench_digits.py --teaching    OBS and magnitude by targets and by reference
"""

import sys
import warnings
from time import perf_counter

import numpy as np
from _common import describe_machine, print_table
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import train_test_split

from skprune import OBSMLPClassifier, OBSMLPClassifierCV, PenalizedMLPClassifier

SIZES = (346, 173, 86)  # of 1,730: 80, 90 and 95 % pruned
STARTS = (0, 1, 2)
NOISES = (0.0, 0.05, 0.1, 0.2)

# Figures of other systems, and prototypes, in the same protocol: accuracies in %, seconds.
OTHERS = {
    "never": [
        ("M-FAC, 16 recomputations, best damping", 94.6, 64.9, 22, 6),
        ("CHITA++, 15 stages, best lambda on the test set", 93.5, 66.6, 55, 4),
        ("prototype of OBS", 97.4, 94.5, 58, 11),
        ("goal", 97.5, 95.5, 80, 5),
    ],
    "always": [
        ("prototype of magnitude", 96.8, 94.1, 71.5, ""),
        ("prototype of OBS", 97.2, 95.1, 85.7, ""),
        ("goal", 97.8, 96.5, 90, ""),
    ],
}


def load():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, test_size=0.4, random_state=0, stratify=y)


def dense(n_samples, start, noise=0.0):
    """The network to train; this ends at 300 iterations, as the protocol asks."""
    return PenalizedMLPClassifier(
        (20, 15),
        direct_links=False,
        fit_intercept=False,
        alpha=1e-4 * n_samples,
        input_noise=noise,
        max_iter=300,
        tol=1e-8,
        random_state=start,
    )


def choose_noise(X, y):
    """The noise whose pruned networks classify best the samples that folds leave out."""
    scores = []
    with warnings.catch_warnings():
        # Workers would print them: the protocol stops the training short of a minimum.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for noise in NOISES:
            paths = OBSMLPClassifierCV(
                dense(len(X), 0, noise),
                scoring="accuracy",
                teaching_signal="data",
                retrain="never",
                sizes=SIZES,
                cv=5,
                n_jobs=-1,
            )
            scores.append(paths.fit(X, y).cv_results_["mean_test_score"].mean())
    print("cross-validated accuracy by noise:", dict(zip(NOISES, np.round(scores, 4).tolist())))
    return NOISES[int(np.argmax(scores))]


def prune(network, criterion, teaching_signal, retrain, X, y):
    """The pruned network, and the seconds it took."""
    pruner = OBSMLPClassifier(
        FrozenEstimator(network),
        criterion=criterion,
        teaching_signal=teaching_signal,
        retrain=retrain,
        n_weights=SIZES[-1],
    )
    began = perf_counter()
    pruner.fit(X, y)
    return pruner, perf_counter() - began


def row_of(name, results, scores):
    """A row of the table: mean accuracies, seconds, linearisations."""
    means = [f"{100 * score:.1f}" for score in np.mean(scores, axis=0)]
    seconds = np.mean([spent for _, spent in results])
    n_models = np.mean([pruner.n_linearizations_ for pruner, _ in results])
    return [f"skprune, {name}", *means, f"{seconds:.1f}", f"{n_models:.0f}"]


def swap(pruner, seconds, X, y):
    """The networks of the three sizes after swaps, and the seconds in all."""
    began = perf_counter()
    networks = [pruner.at_size(size).swap_weights(X, y) for size in SIZES]
    return networks, seconds + perf_counter() - began


def scored(pruners, X_test, y_test):
    return [[p.at_size(size).score(X_test, y_test) for size in SIZES] for p in pruners]


def mean_accuracy(networks, X, y):
    """In %."""
    return 100 * np.mean([network.score(X, y) for network in networks])


def variants(plain, noisy):
    """Name, criterion, teaching signal and networks of each row."""
    yield "obs", "obs", "data", plain
    yield "obs towards the reference", "obs", "reference", plain
    if noisy:
        yield "obs with input noise", "obs", "data", noisy
        yield "obd", "obd", "data", plain
    yield "magnitude", "magnitude", "data", plain
    yield "magnitude towards the reference", "magnitude", "reference", plain


def rows_of(variant, retrain, is_short, X, X_test, y, y_test):
    """One row of the table; after OBS with retraining another one for its swaps."""
    name, criterion, teaching_signal, networks = variant
    results = [prune(net, criterion, teaching_signal, retrain, X, y) for net in networks]
    yield row_of(name, results, scored([pruner for pruner, _ in results], X_test, y_test))
    if (criterion, teaching_signal, retrain) == ("obs", "data", "always") and not is_short:
        swapped = [swap(*result, X, y) for result in results]
        scores = [[net.score(X_test, y_test) for net in nets] for nets, _ in swapped]
        results = [(nets[0], spent) for nets, spent in swapped]
        yield row_of(f"{name}, then swapped", results, scores)


def main():
    describe_machine()
    X, X_test, y, y_test = load()
    is_short = "--teaching" in sys.argv[1:]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        plain, noisy = [dense(len(X), start).fit(X, y) for start in STARTS], []
        if not is_short:
            noise = choose_noise(X, y)
            noisy = [dense(len(X), start, noise).fit(X, y) for start in STARTS]
        for retrain, title in (("never", "without retraining"), ("always", "with retraining")):
            rows = []
            for variant in variants(plain, noisy):
                rows += rows_of(variant, retrain, is_short, X, X_test, y, y_test)
            rows += [[*row, ""] for row in OTHERS[retrain]]
            header = ["method", "80 %", "90 %", "95 %", "seconds each", "linearisations"]
            print_table(f"Digits, {title}: mean test accuracy (%) of three starts", header, rows)
    means = [
        np.mean([net.score(X_test, y_test) for net in nets]) for nets in (plain, noisy) if nets
    ]
    print(f"\nDense: {100 * means[0]:.1f} %", end="")
    print(f", with input noise {100 * means[1]:.1f} %." if noisy else ".", end=" ")
    n_warned = sum(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    print(
        f"{n_warned} convergence warnings: the protocol stops the training at 300 iterations, "
        "short of a minimum."
    )


if __name__ == "__main__":
    main()
