"""Splitting Gaussian mixtures beside scikit-learn's search over the number of components.

Run ``python benchmarks/bench_mixture.py [part ...]``; the parts are annulus, classics, large,
digits, ties and battery, by default all of them. The classic data sets are read from the folder
that the environment variable SKPRUNE_DATA names (files mixtures/*.csv). Every mixture has its
default parameters, but for what a table says; the numbers of components are chosen on training data
alone, and test data are scored once. Seconds are those of the processor, in one thread: whatever
else the machine does hardly counts, and threads of small products would only wait for each other.
"""

import os
import sys
import tracemalloc
import warnings
from pathlib import Path
from time import process_time

import numpy as np
from _common import describe_machine, print_table
from _mixtures import FORMS, random_mixture, tied_table
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from threadpoolctl import threadpool_limits

from skprune import SplittingGaussianMixture, SplittingGaussianMixtureClassifier
from skprune._mixture.components import Components
from skprune._mixture.em import em
from skprune._mixture.families import FAMILIES
from skprune._mixture.sample import Sample
from skprune.datasets import make_annulus


def timed(function, *args):
    """Result and processor's seconds of a call."""
    start = process_time()
    result = function(*args)
    return result, process_time() - start


def best_of(n_runs, function, *args):
    """Result and least seconds of some calls: other work on the machine only ever adds time."""
    runs = [timed(function, *args) for _ in range(n_runs)]
    return runs[0][0], min(seconds for _, seconds in runs)


def search(X, covariance_type, numbers):
    """scikit-learn's mixture of lowest BIC over numbers of components."""
    fits = [
        GaussianMixture(k, covariance_type=covariance_type, random_state=0).fit(X) for k in numbers
    ]
    return min(fits, key=lambda mixture: mixture.bic(X))


def annulus(n_seeds=10, first_seed=400):
    """Circle and annulus, 3,000 points, against the best BIC over K = 1..40.

    The constants of growth were chosen on other seeds.
    """
    fits = {
        "search": lambda X: search(X, "spherical", range(1, 41)),
        "bic": SplittingGaussianMixture().fit,
        "evidence": SplittingGaussianMixture(stopping="evidence").fit,
    }
    results = np.empty((n_seeds, len(fits), 4))
    for i, j in np.ndindex(n_seeds, len(fits)):
        X, _ = make_annulus(3000, random_state=first_seed + i)
        X_test, _ = make_annulus(20_000, random_state=1000 + first_seed + i)
        mixture, seconds = best_of(3, list(fits.values())[j], X)
        results[i, j] = len(mixture.weights_), mixture.bic(X), mixture.score(X_test), seconds
    mean = results.mean(axis=0)
    names = [*(str(first_seed + i) for i in range(n_seeds)), "mean"]
    formats = ("{:.0f}", "{:.0f}", "{:.4f}", "{:.3f}") * len(fits)
    print_table(
        "Circle and annulus, 3,000 training and 20,000 test points, spherical: the search over "
        'K = 1..40, and stopping="bic" and "evidence"',
        ["seed", *(f"{fit} {what}" for fit in fits
                   for what in ("K", "BIC", "test loglik", "seconds"))],
        [[name, *(f.format(v) for f, v in zip(formats, row.ravel()))]
         for name, row in zip(names, [*results, mean])],
    )  # fmt: skip
    searched = results[:, 0]
    for j, fit in enumerate(fits):
        if j:
            print(
                f"\n{fit}: BIC at least as good in {np.sum(results[:, j, 1] <= searched[:, 1])} of "
                f"{n_seeds}, test log-likelihood in {np.sum(results[:, j, 2] >= searched[:, 2])}; "
                f"means {mean[j, 1] - mean[0, 1]:+.0f} and {mean[j, 2] - mean[0, 2]:+.4f}; "
                f"seconds, skprune / search: {mean[j, 3] / mean[0, 3]:.2f}"
            )


def classics():
    """The classic data sets, K chosen."""
    folder = os.environ.get("SKPRUNE_DATA")
    if folder is None:
        print("\nClassic data sets: skipped, SKPRUNE_DATA names no folder")
        return
    rows = []
    for name in ("Faithful", "Galaxy", "Acidity", "Enzyme"):
        X = np.loadtxt(Path(folder) / "mixtures" / f"{name}.csv", delimiter=",", ndmin=2)
        X = X / X.std(axis=0)  # one unit for all, so that reg_covar means the same
        for covariance_type in ("spherical", "diag", "tied", "full"):
            if X.shape[1] == 1 and covariance_type in ("diag", "full"):
                continue  # the same as spherical
            grown = SplittingGaussianMixture(covariance_type=covariance_type)
            bayesian = BayesianGaussianMixture(
                n_components=15, covariance_type=covariance_type, max_iter=1000, random_state=0
            )
            row = [name, covariance_type]
            for fit, args in ((grown.fit, (X,)), (search, (X, covariance_type, range(1, 16)))):
                mixture, seconds = timed(fit, *args)
                row += [len(mixture.weights_), f"{mixture.bic(X):.1f}", f"{seconds:.3f}"]
            seconds = timed(bayesian.fit, X)[1]
            rows.append([*row, len(np.unique(bayesian.predict(X))), f"{seconds:.3f}"])
    print_table(
        "Classic data sets; the search is over K = 1..15, the Bayesian mixture starts from 15",
        ["data", "covariance", "skprune: K", "BIC", "seconds", "search: K", "BIC", "seconds",
         "Bayesian: K", "seconds"],
        rows,
    )  # fmt: skip


def make_large(n_samples=100_000, n_features=30, n_components=30, seed=0):
    """Spheres of unit variance, centres N(0, 3^2)."""
    rng = np.random.default_rng(seed)
    centres = 3 * rng.standard_normal((n_components, n_features))
    labels = rng.integers(n_components, size=n_samples)
    return centres[labels] + rng.standard_normal((n_samples, n_features)), centres


def peak_memory(function, *args):
    """Mebibytes that a call allocates at most."""
    tracemalloc.start()
    function(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def large():
    """100,000 x 30 with 30 components: whole fits, and one EM iteration."""
    X, centres = make_large()
    print(f"\n100,000 x 30 ({X.nbytes / 2**20:.0f} MiB), 30 unit spheres, centres N(0, 9 I)")
    truth = from_centres(centres, tol=1e-3, max_iter=100).fit(X)
    print(f"started from the true parameters: mean log-likelihood {truth.score(X):.4f}")
    rows = []
    options = {"covariance_type": "spherical", "random_state": 0}
    for label, model in (
        ("SplittingGaussianMixture()", SplittingGaussianMixture()),
        (
            "SplittingGaussianMixture(max_components=30)",
            SplittingGaussianMixture(max_components=30),
        ),
        ("GaussianMixture(30), k-means start", GaussianMixture(30, **options)),
        (
            "GaussianMixture(30), random start",
            GaussianMixture(30, init_params="random_from_data", **options),
        ),
    ):
        mixture, seconds = timed(model.fit, X)
        memory = peak_memory(model.fit, X)
        count, score = len(mixture.weights_), f"{mixture.score(X):.4f}"
        rows.append([label, count, score, f"{seconds:.2f}", f"{memory:.0f}"])
    print_table("Whole fits", ["fit", "K", "mean loglik", "seconds", "peak MiB"], rows)
    print(f"\none EM iteration, skprune / scikit-learn: {iteration_ratio(X, centres):.2f}")


def from_centres(centres, tol, max_iter):
    """scikit-learn's spherical mixture, started from the true parameters."""
    n_components = len(centres)
    return GaussianMixture(
        n_components,
        covariance_type="spherical",
        init_params="random_from_data",
        means_init=centres,
        weights_init=np.full(n_components, 1 / n_components),
        precisions_init=np.ones(n_components),
        tol=tol,
        max_iter=max_iter,
        random_state=0,
    )


def iteration_ratio(X, centres, n_iter=10):
    """Seconds of an EM iteration relative to scikit-learn's, from the same start."""
    sample = Sample(X, np.ones(len(X)), FAMILIES["spherical"](X.shape[1]), X.mean(axis=0))
    mixture = Components(np.full(30, 1 / 30), centres - sample.origin, np.ones(30))
    em(sample, mixture, 1e-6, -np.inf, 1)  # features are kept from here on

    def mine(iterations):
        em(sample, mixture, 1e-6, -np.inf, iterations)

    def theirs(iterations):
        from_centres(centres, tol=0, max_iter=iterations).fit(X)

    milliseconds = []
    for run in (mine, theirs):
        # The difference of two runs leaves out what is done once.
        long, short = best_of(3, run, n_iter)[1], best_of(3, run, 1)[1]
        milliseconds.append(1e3 * (long - short) / (n_iter - 1))
    print("milliseconds an iteration: skprune {:.1f}, scikit-learn {:.1f}".format(*milliseconds))
    return milliseconds[0] / milliseconds[1]


class MixturePerClass:
    """Bayes' rule over scikit-learn's mixtures, K of each class by BIC."""

    def __init__(self, covariance_type, reg_covar):
        self.covariance_type = covariance_type
        self.reg_covar = reg_covar

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.log_priors_ = np.log(np.bincount(y) / len(y))
        self.mixtures_ = [self._best(X[y == k]) for k in self.classes_]
        return self

    def _best(self, X):
        fits = [
            GaussianMixture(
                k, covariance_type=self.covariance_type, reg_covar=self.reg_covar, random_state=0
            ).fit(X)
            for k in range(1, 11)
        ]
        return min(fits, key=lambda mixture: mixture.bic(X))

    def score(self, X, y):
        log_joint = np.column_stack([mixture.score_samples(X) for mixture in self.mixtures_])
        return np.mean(self.classes_[(log_joint + self.log_priors_).argmax(axis=1)] == y)


def digits():
    """Digits: one mixture a class."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.4, random_state=0, stratify=y
    )
    rows = []
    # Many pixels are constant within a class: with variances of their own they need a floor.
    for covariance_type, floor in (("spherical", 1e-6), ("diag", 0.01), ("full", 0.01)):
        mine = SplittingGaussianMixture(covariance_type=covariance_type, reg_covar=floor)
        for label, classifier in (
            (f"SplittingGaussianMixtureClassifier {covariance_type}",
             SplittingGaussianMixtureClassifier(mine)),
            (f"GaussianMixture a class, K <= 10 by BIC, {covariance_type}",
             MixturePerClass(covariance_type, floor)),
        ):  # fmt: skip
            fitted, seconds = timed(classifier.fit, X_train, y_train)
            mixtures = getattr(fitted, "estimators_", None) or fitted.mixtures_
            count = sum(len(mixture.weights_) for mixture in mixtures)
            accuracy = 100 * fitted.score(X_test, y_test)
            rows.append([label, count, f"{accuracy:.1f}", f"{seconds:.2f}"])
    naive, seconds = timed(GaussianNB().fit, X_train, y_train)
    rows.append(["GaussianNB", 10, f"{100 * naive.score(X_test, y_test):.1f}", f"{seconds:.2f}"])
    print_table(
        "Digits, 1,078 training and 719 test images, pixels in [0, 1]",
        ["classifier", "components", "accuracy (%)", "seconds"],
        rows,
    )


def ties():
    """A table full of ties, against a search with scikit-learn's floor."""
    X = tied_table()
    rows = []
    for covariance_type in FORMS:
        mixture, seconds = timed(SplittingGaussianMixture(covariance_type=covariance_type).fit, X)
        searched, search_seconds = timed(search, X, covariance_type, range(1, 26))
        mine, theirs = mixture.bic(X), searched.bic(X)
        rows.append([covariance_type, mixture.n_components_, f"{mine:.0f}", f"{seconds:.1f}",
                     searched.n_components, f"{theirs:.0f}", f"{search_seconds:.1f}",
                     f"{100 * (theirs - mine) / abs(theirs):+.1f}"])  # fmt: skip
    print_table(
        "A table of 11,000 rows and six columns, full of ties; the search is over K = 1..25",
        ["covariance", "skprune: K", "BIC", "seconds", "search: K", "BIC", "seconds", "better (%)"],
        rows,
    )


def search_from_many_starts(X, covariance_type, seed):
    """Lowest BIC of mixtures that are not collapsed, over K and ten starts each of three kinds.

    Collapsed is what is narrower than any cloud of these data, or has less than three observations.
    """
    best, waited = np.inf, 0
    for k in range(1, 16):
        waited += 1
        for init, n_init in (("kmeans", 4), ("k-means++", 4), ("random_from_data", 2)):
            options = {"n_init": n_init, "max_iter": 300, "tol": 1e-4, "random_state": seed}
            fit = GaussianMixture(
                k, covariance_type=covariance_type, init_params=init, **options
            ).fit(X)
            variances = fit.covariances_
            if covariance_type in ("tied", "full"):
                variances = np.linalg.eigvalsh(variances)
            sound = variances.min() > 1e-4 and fit.weights_.min() * len(X) > 3
            if sound and fit.bic(X) < best:
                best, waited = fit.bic(X), 0
        if waited == 3:
            break
    return best


def battery(n_mixtures=200, first_seed=1000):
    """Random mixtures of every form: how often a search from many starts is ahead by 10 BIC."""
    differences, seconds = [], np.zeros(2)
    for seed in range(first_seed, first_seed + n_mixtures):
        X, covariance_type = random_mixture(seed)
        mine, spent = timed(SplittingGaussianMixture(covariance_type=covariance_type).fit, X)
        theirs, searched = timed(search_from_many_starts, X, covariance_type, seed)
        differences.append((covariance_type, mine.bic(X) - theirs))
        seconds += spent, searched
    rows = []
    for form in FORMS:
        own = np.array([difference for kind, difference in differences if kind == form])
        worst = f"{own.max():+.0f}"
        rows.append([form, len(own), np.sum(own > 10), np.sum(own < -10), worst])
    print_table(
        "Random mixtures, 1 to 10 features, against a search over K with ten starts each",
        ["covariance", "mixtures", "lost by > 10 BIC", "won by > 10 BIC", "worst"],
        rows,
    )
    print("\nseconds: skprune {:.0f}, search {:.0f}".format(*seconds))


PARTS = {
    "annulus": annulus,
    "classics": classics,
    "large": large,
    "digits": digits,
    "ties": ties,
    "battery": battery,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message=".*raised to the floor")
    describe_machine()
    with threadpool_limits(1):
        for part in sys.argv[1:] or PARTS:
            PARTS[part]()
