"""The size by the evidence, by BIC, and by closeness to the unpruned network (the default rule).

One unpruned network a split, and each rule's pruned one: held-out log-loss, for regression 1 - R2
(number of weights), and seconds of pruning. "Gain" is by how many nats the evidence of the network
that it chose is above that of the unpruned one. Means over splits of the training rows, a quarter
held out. MONK's problems, whose test sets are all there is, over seeds: accuracies in training and
testing.

    python benchmarks/bench_evidence.py [--splits 2] [--monks 5] [--tables churn gen-linear ...]
"""

import argparse
import warnings
from time import process_time

import numpy as np
from _common import describe_machine, print_table
from _scores import log_losses, squared_errors
from _tables import generated_tables, split_training_rows, tables_of_files, tables_of_scikit_learn
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import OneHotEncoder

from skprune import (
    OBSMLPClassifier,
    OBSMLPRegressor,
    PenalizedMLPClassifier,
    PenalizedMLPRegressor,
)
from skprune.datasets import load_monks

RULES = {"closeness": "auto", "evidence": "evidence", "BIC": "bic"}


def pruned(reference, rule, X, y):
    """The reference as a rule prunes it, and the seconds that this took."""
    is_classifier = hasattr(reference, "classes_")
    pruner = OBSMLPClassifier if is_classifier else OBSMLPRegressor
    begin = process_time()
    model = pruner(FrozenEstimator(reference), stopping=RULES[rule], retrain="final")
    return model.fit(X, y), process_time() - begin


def gain(model):
    """How far the evidence of the chosen size is above that of the largest."""
    sizes, estimates = model.stopping_curve_["n_weights"], model.stopping_curve_["estimate"]
    return estimates[-1] - estimates[np.flatnonzero(sizes == model.n_weights_)[0]]


def loss(model, split):
    """The mean held-out loss."""
    if hasattr(model, "classes_"):
        return log_losses(split.y_held, model.predict_proba(split.X_held)).mean()
    return squared_errors(split.y_held, model.predict(split.X_held)).mean()


def bench_table(table, n_splits):
    """A row of the table: mean losses, sizes and seconds."""
    trainer = PenalizedMLPRegressor if table.classes is None else PenalizedMLPClassifier
    losses, sizes, seconds, gains = [], [], [], []
    for number in range(n_splits):
        split = split_training_rows(table, number)
        reference = trainer(random_state=number).fit(split.X, split.y)
        models = {rule: pruned(reference, rule, split.X, split.y) for rule in RULES}
        losses.append([loss(reference, split), *(loss(m, split) for m, _ in models.values())])
        sizes.append([model.n_weights_ for model, _ in models.values()])
        seconds.append([elapsed for _, elapsed in models.values()])
        gains.append(gain(models["evidence"][0]))
    means = np.mean(losses, axis=0)
    row = [table.name, f"{means[0]:.4f}"]
    row += [f"{value:.4f} ({size:.0f})" for value, size in zip(means[1:], np.mean(sizes, axis=0))]
    return [*row, f"{np.mean(gains):.0f}", " ".join(f"{s:.1f}" for s in np.mean(seconds, axis=0))]


def bench_monks(problem, n_seeds):
    """A row a rule: weights and accuracies over seeds."""
    X, y = load_monks(problem, return_X_y=True)
    X_test, y_test = load_monks(problem, subset="test", return_X_y=True)
    encoder = OneHotEncoder(sparse_output=False).fit(X_test)
    X, X_test = encoder.transform(X), encoder.transform(X_test)
    found = {rule: [] for rule in RULES}
    for seed in range(n_seeds):
        reference = PenalizedMLPClassifier(random_state=seed).fit(X, y)
        for rule, results in found.items():
            model, _ = pruned(reference, rule, X, y)
            accuracies = 100 * model.score(X, y), 100 * model.score(X_test, y_test)
            results.append((model.n_weights_, *accuracies))
    for rule, results in found.items():
        weights, train, test = np.array(results).T
        span = f"{weights.min():.0f} to {weights.max():.0f}, mean {weights.mean():.1f}"
        yield [f"MONK-{problem}", rule, span, f"{train.mean():.1f}", f"{test.mean():.1f}"]


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--splits", type=int, default=2)
    parser.add_argument("--monks", type=int, default=5, help="seeds")
    parser.add_argument("--tables", nargs="*", help="names; without, all that there are")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    describe_machine()
    if arguments.monks:
        rows = [row for problem in (1, 2, 3) for row in bench_monks(problem, arguments.monks)]
        print_table("MONK's problems", ["", "rule", "weights", "training", "testing"], rows)
    loaders = {**generated_tables(), **tables_of_scikit_learn(), **tables_of_files()}
    names = loaders if arguments.tables is None else arguments.tables
    rows = [bench_table(loaders[name](), arguments.splits) for name in names]
    if rows:
        header = ["table", "unpruned", *RULES, "gain", "seconds"]
        print_table("Held-out loss (weights)", header, rows)


if __name__ == "__main__":
    main()
