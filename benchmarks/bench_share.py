"""How far predictions may move from the reference's: fixed shares against the one chosen in folds.

Small tables (those of `bench_tables.py` with up to 1,000 rows for training) and generators of known
truth with wrong labels. One reference a table, pruned towards its outputs with each share fixed,
and with the one that `OBSMLPClassifier()` or `OBSMLPRegressor()` chooses by itself. Held-out
log-loss (1 - R2 for numbers) as a ratio to that of a tenth, geometric means with their standard
errors over the tables; how many tables are better or worse by more than .01; weights.

    SKPRUNE_DATA=/path/to/data python benchmarks/bench_share.py [generated | tables]
"""

import sys
import time
import warnings
from itertools import chain

import numpy as np
from _common import describe_machine, print_table
from _scores import log_losses
from _tables import (
    generated_tables,
    split_training_rows,
    tables_of_files,
    tables_of_scikit_learn,
)
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from skprune import OBSMLPClassifier, OBSMLPRegressor

SHARES = (0.1, 0.3, 1.0)
MOST_ROWS, N_TEST, N_SPLITS = 1000, 4000, 1
SIZES, NOISES = (150, 400), (0.0, 0.05, 0.1, 0.2)
# Numbers of values of the attributes that rules are about.
LEVELS = (3, 3, 2, 3, 4, 2, 2, 3)
RULES = {
    "one rule": lambda a: (a[4] != 3) & (a[1] != 2),
    "three rules": lambda a: (
        ((a[0] == 1) & (a[4] == 2)) | ((a[1] != 2) & (a[3] == 0)) | ((a[2] == 1) & (a[4] == 0))
    ),
    "two of five": lambda a: (a[:5] == 0).sum(axis=0) >= 2,
}
SURFACES = {
    "linear": lambda x: x[0] - x[1] + 0.5 * x[2],
    "product": lambda x: x[0] * x[1],
    "ring": lambda x: x[0] ** 2 + x[1] ** 2 - 1.4,
    "tree": lambda x: np.where(x[0] > 0, x[1] + 0.3, np.where(x[2] > 0.5, 1.0, -1.0)),
    "additive": lambda x: np.sin(2 * x[0]) + 0.5 * x[1] ** 2 - 0.5 + 0.5 * x[2],
}


def generated(name, n_rows, noise):
    """Inputs and labels, a share of them wrong, to train on and to score by."""
    rng = np.random.default_rng([n_rows, int(100 * noise), len(name)])
    n = n_rows + N_TEST
    if name in RULES:
        words = np.column_stack([rng.integers(0, count, n) for count in LEVELS])
        X, truth = OneHotEncoder(sparse_output=False).fit_transform(words), RULES[name](words.T)
    else:
        X = rng.normal(size=(n, 8))
        truth = SURFACES[name](X.T) > 0
    y = np.where(rng.random(n) < noise, ~truth, truth).astype(int)
    return X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:], 2


def generated_problems():
    """Kind, name, and data of each generated table."""
    for noise in NOISES:
        for n_rows in SIZES:
            for name in (*RULES, *SURFACES):
                kind = f"generated, {noise:.0%} wrong"
                yield kind, f"{name} {n_rows}", generated(name, n_rows, noise)


def problems_of_tables():
    """The same of the others, by splits of their training rows."""
    loaders = tables_of_files() | tables_of_scikit_learn() | generated_tables()
    for name, load in loaders.items():
        table = load()
        if 0.75 * len(table.y) <= MOST_ROWS:
            for number in range(N_SPLITS):
                s = split_training_rows(table, number)
                yield "tables", name, (s.X, s.y, s.X_held, s.y_held, table.n_classes)


PROBLEMS = {"generated": generated_problems, "tables": problems_of_tables}


def held_out(model, X, y, n_classes):
    """Log-loss, or 1 - R2."""
    if n_classes is None:
        return np.mean(np.square(y - model.predict(X))) / np.var(y)
    probabilities = np.zeros((len(y), n_classes))
    probabilities[:, model.classes_] = model.predict_proba(X)
    return log_losses(y, probabilities).mean()


def compare(X, y, X_held, y_held, n_classes):
    """Loss and size of each share and of the chosen one, and seconds of the fit with folds."""
    kind = OBSMLPRegressor if n_classes is None else OBSMLPClassifier
    began = time.process_time()
    chosen = kind(random_state=0).fit(X, y)
    seconds = time.process_time() - began
    reference = FrozenEstimator(chosen.estimator_)
    fixed = [kind(reference, max_divergence=share, retrain="final").fit(X, y) for share in SHARES]
    models = [*fixed, chosen]
    losses = [held_out(model, X_held, y_held, n_classes) for model in models]
    return losses, [model.n_weights_ for model in models], seconds, chosen.max_divergence_


def show(kind, results):
    """The rows of one kind of tables."""
    losses, sizes, seconds, shares = (np.array(column) for column in zip(*results))
    logs = np.log(losses / losses[:, :1])
    differences = losses - losses[:, :1]
    rows = []
    for number, name in enumerate([*map(str, SHARES), "in folds"]):
        rows.append(
            [
                name,
                f"{np.exp(logs[:, number].mean()):.3f}",
                f"{logs[:, number].std(ddof=1) / np.sqrt(len(logs)):.3f}",
                int((differences[:, number] < -0.01).sum()),
                int((differences[:, number] > 0.01).sum()),
                f"{differences[:, number].max():+.3f}",
                f"{np.exp(np.log(np.maximum(sizes[:, number], 1)).mean()):.1f}",
            ]
        )
    counts = ", ".join(f"{share:g} {np.sum(shares == share)} times" for share in SHARES)
    header = ["share", "ratio", "error", "better", "worse", "worst", "weights"]
    print_table(f"{kind}: {len(results)} tables and splits", header, rows)
    print(f"Chosen: {counts}; whole fits take {seconds.mean():.1f} s, {seconds.max():.1f} at most.")


def main():
    describe_machine()
    wanted = sys.argv[1:] or PROBLEMS
    by_kind = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind, name, data in chain.from_iterable(PROBLEMS[name]() for name in wanted):
            result = compare(*data)
            by_kind.setdefault(kind, []).append(result)
            losses, sizes, seconds, share = result
            print(kind, name, np.round(losses, 3), sizes, share, f"{seconds:.1f} s", flush=True)
    for kind, results in by_kind.items():
        show(kind, results)
    show("all", [result for results in by_kind.values() for result in results])


if __name__ == "__main__":
    main()
