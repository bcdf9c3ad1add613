"""Users' tables: skprune's defaults against what else there is for them.

Log-loss (R2 for numbers) on held-out rows, calibration, size, inputs used, processor seconds of the
fit. The tables are those of $SKPRUNE_DATA/tables, of scikit-learn and of generators whose truth is
known, or files given by `--csv`. All models see the same rows: numbers imputed and scaled, words
one-hot, at most 12,000 for training.

    python benchmarks/bench_tables.py                       three splits of the training rows
    python benchmarks/bench_tables.py --test                the test rows, once
    python benchmarks/bench_tables.py --quick --models obs  one split of tables of few rows, of the
                                                            models only this and those compared with
    python benchmarks/bench_tables.py --csv my.csv --target name

"linear" is `LogisticRegression()` or `RidgeCV`, which the others are compared with; "linear-l2" and
"-l1" choose their penalty by cross-validation, "tree" its size, "celer" its l1 penalty; "truth"
predicts by what generated the table. Everything else is as it comes: nothing but `random_state` is
set. What other packages' models reached is kept in `tables_peers.json` by version, and read from
there; a package that is not installed (`pip install -e ".[bench]"`) is shown as it was there.
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
from _common import describe_machine, print_table
from _peers import BOOSTING, CONSTANT, LINEAR, MLP, MODELS
from _scores import (
    ROUNDING,
    Result,
    expected_calibration_error,
    log_losses,
    mean_over_splits,
    paired_difference,
    ratio_of_losses,
    squared_errors,
    tables_ahead_of,
    tables_worse_than,
)
from _tables import (
    generated_tables,
    read_csv,
    split_as_given,
    split_training_rows,
    tables_of_files,
    tables_of_scikit_learn,
)
from threadpoolctl import threadpool_limits

CACHE = Path(__file__).with_name("tables_peers.json")
FIELDS = ("loss", "calibration", "size", "inputs", "seconds")
# Always run: the summary compares with them.
COMPARED = (LINEAR, CONSTANT, MLP, BOOSTING)
TRUTH = "truth"
QUICK_ROWS = 1000


class Cache:
    """Results of other packages' models in a file of one line each, sorted by their keys."""

    def __init__(self, path):
        self.path = path
        self.entries = self._read()

    def get(self, model, table, split):
        """The result of the version installed, or of the last one known where none is."""
        version, ending = model.version, f" | {table.name} | {split.name} {split.digest}"
        if version is not None:
            key = f"{model.name} | {version}{ending}"
        else:
            start = f"{model.name} | "
            known = [k for k in self.entries if k.startswith(start) and k.endswith(ending)]
            key = max(known, default=None)
        if key not in self.entries:
            return None
        return Result(*(np.nan if value is None else value for value in self.entries[key]))

    def put(self, model, table, split, result):
        """Keep a result; what another process wrote meanwhile stays."""
        key = f"{model.name} | {model.version} | {table.name} | {split.name} {split.digest}"
        values = [float(f"{getattr(result, field):.6g}") for field in FIELDS]
        # JSON has no nan.
        values = [None if np.isnan(value) else value for value in values]
        self.entries = self._read() | {key: values}
        lines = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(self.entries.items())]
        whole = self.path.with_suffix(f".{os.getpid()}")
        whole.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
        whole.replace(self.path)

    def _read(self):
        return json.loads(self.path.read_text("utf-8")) if self.path.exists() else {}


def score(table, split, prediction):
    """Rows' losses and the calibration error (nan for numbers)."""
    if table.classes is None:
        return squared_errors(split.y_held, prediction), np.nan
    return log_losses(split.y_held, prediction), expected_calibration_error(
        split.y_held, prediction
    )


def predict(estimator, table, X):
    """Numbers, or the probabilities of all the table's classes."""
    if table.classes is None:
        return estimator.predict(X)
    probabilities = np.zeros((len(X), table.n_classes))
    probabilities[:, estimator.classes_] = estimator.predict_proba(X)
    return probabilities


def run(model, table, split):
    """Fit in one thread and score; None where the model does not take such a table."""
    estimator = model.make(table.n_classes, split.seed)
    if estimator is None:
        return None
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.process_time()
        estimator.fit(split.X, split.y)
        seconds = time.process_time() - start
        rows, calibration = score(table, split, predict(estimator, table, split.X_held))
    size, used = model.measure(estimator, split.X.shape[1])
    return Result(rows.mean(), calibration, size, len(set(split.source[used])), seconds, rows)


def result_of(model, table, split, cache):
    """From the cache, or by running the model, or None where neither can be."""
    if model.is_cached:
        found = cache.get(model, table, split)
        if found is not None or model.version is None:
            return found
    try:
        result = run(model, table, split)
    except Exception as error:
        # One model that fails on a table is a finding, and no reason to lose the others.
        print(f"{table.name}, {split.name}, {model.name}: {type(error).__name__}: {error}")
        return None
    if result is not None and model.is_cached:
        cache.put(model, table, split, result)
    return result


def result_of_truth(table, split):
    rows, calibration = score(table, split, table.truth(split.raw_held))
    return Result(rows.mean(), calibration, np.nan, np.nan, 0.0, rows)


def run_table(table, splits, models, cache):
    """Results of a table by model and split."""
    results = {}
    for split in splits:
        if table.truth is not None:
            results.setdefault(TRUTH, {})[split.name] = result_of_truth(table, split)
        for model in models:
            result = result_of(model, table, split, cache)
            if result is None:
                continue
            results.setdefault(model.name, {})[split.name] = result
            print(
                f"{table.name}, {split.name}, {model.name}: {name_of_score(table)} "
                f"{as_score(table, result.loss)}, size {result.size:.0f}, {result.seconds:.1f} s",
                flush=True,
            )
    return results


def name_of_score(table):
    return "R2" if table.classes is None else "log-loss"


def as_score(table, loss):
    return f"{1 - loss if table.classes is None else loss:.3f}"


def print_results(table, results):
    """One table's results, the models compared with the linear one."""
    rows = []
    for name, of_model in results.items():
        means = {field: mean_over_splits(of_model, field) for field in FIELDS}
        difference, error = paired_difference(of_model, results.get(LINEAR, {}))
        rows.append(
            [
                name,
                as_score(table, means["loss"]),
                f"{difference:+.3f}",
                f"{error:.3f}",
                f"{means['calibration']:.3f}",
                f"{means['size']:.0f}",
                f"{means['inputs']:.1f}",
                f"{means['seconds']:.2f}",
                len(of_model),
            ]
        )
    kind = "numbers" if table.classes is None else f"{table.n_classes} classes"
    shape = f"{len(table.y)} + {len(table.y_test)} rows, {table.X.shape[1]} columns"
    print_table(
        f"{table.name}: {shape}, {kind}",
        [
            "model", name_of_score(table), "loss - linear's", "error", "calibration error", "size",
            "inputs", "s", "splits",
        ],
        rows,
    )  # fmt: skip


def print_overview(title, tables, results):
    """Scores and sizes of all models, one row a table."""
    names = [TRUTH, *(model.name for model in MODELS)]
    shown = [name for name in names if any(name in results[table.name] for table in tables)]
    rows = []
    for table in tables:
        of_table = results[table.name]
        cells = [""] * len(shown)
        for column, name in enumerate(shown):
            if name in of_table:
                loss = as_score(table, mean_over_splits(of_table[name], "loss"))
                size = mean_over_splits(of_table[name], "size")
                cells[column] = loss if name == TRUTH else f"{loss} ({size:.0f})"
        rows.append([table.name, *cells])
    if rows:
        print_table(title, ["table", *shown], rows)


def faults_of(model, results, classification):
    """Names of the tables on which a model misses a goal, by goal."""
    of_classes = {name: of for name, of in results.items() if name in classification}
    return {
        "worse than linear": tables_worse_than(results, model, LINEAR),
        "worse than constant": tables_worse_than(results, model, CONSTANT, tolerance=ROUNDING),
        "calibrated worse": tables_worse_than(of_classes, model, LINEAR, "calibration"),
    }


def goals_of(model, results, classification):
    """A model's row of the summary."""
    held = [of_table[model] for of_table in results.values() if model in of_table]
    parts = [
        {name: of for name, of in results.items() if (name in classification) == is_class}
        for is_class in (True, False)
    ]
    ahead = [tables_ahead_of(results, model, other) for other in (MLP, BOOSTING)]
    return [
        model,
        len(held),
        *(len(names) for names in faults_of(model, results, classification).values()),
        *(f"{ratio_of_losses(part, model, LINEAR):.3f}" for part in parts),
        *(f"{wins} of {n}" for wins, n in ahead),
        f"{np.median([mean_over_splits(of, 'size') for of in held]):.0f}",
        f"{max(result.seconds for of in held for result in of.values()):.1f}",
    ]


def print_goals(results, classification):
    """How every model stands to the goals, and the tables on which skprune's miss them."""
    run_ones = [m for m in MODELS if any(m.name in of_table for of_table in results.values())]
    print_table(
        "Summary: numbers of tables, and geometric means of loss / linear's (log-loss; 1 - R2)",
        [
            "model", "tables", "worse than linear", "worse than constant", "calibrated worse",
            "ratio, classes", "ratio, numbers", "ahead of mlp", "ahead of boosting",
            "median size", "most s",
        ],
        [goals_of(model.name, results, classification) for model in run_ones],
    )  # fmt: skip
    print()
    for model in run_ones:
        if model.package == "skprune":
            for fault, names in faults_of(model.name, results, classification).items():
                print(f"{model.name}, {fault}: {', '.join(names) or 'none'}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=3, help="splits of the training rows (3)")
    parser.add_argument("--test", action="store_true", help="score the test rows, once")
    parser.add_argument("--tables", nargs="+", metavar="NAME", help="these tables alone")
    parser.add_argument(
        "--models", nargs="+", metavar="NAME", help="these models and those compared with"
    )
    parser.add_argument("--csv", nargs="+", metavar="FILE", default=[], help="these files instead")
    parser.add_argument("--target", default="target", help="the files' column to predict (target)")
    parser.add_argument(
        "--regression", action="store_true", help="the files' targets are quantities"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"one split, tables of at most {QUICK_ROWS} rows"
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="file of the peers' results")
    return parser.parse_args()


def chosen(wanted, known, what):
    """The known ones that are wanted, all of them if None."""
    unknown = sorted(set(wanted or ()) - set(known))
    if unknown:
        raise SystemExit(f"no {what} {', '.join(unknown)}; there are {', '.join(known)}.")
    return [name for name in known if wanted is None or name in wanted]


def load_tables(arguments):
    if arguments.csv:
        regression = True if arguments.regression else None
        return [read_csv(path, arguments.target, regression) for path in arguments.csv]
    loaders = tables_of_files() | tables_of_scikit_learn() | generated_tables()
    tables = [loaders[name]() for name in chosen(arguments.tables, loaders, "table")]
    return [table for table in tables if not arguments.quick or len(table.y) <= QUICK_ROWS]


def main():
    """Print each table's results as they come, then all of them and the goals."""
    arguments = parse_arguments()
    names = chosen(arguments.models, [model.name for model in MODELS], "model")
    models = [model for model in MODELS if model.name in {*names, *COMPARED}]
    tables = load_tables(arguments)
    cache = Cache(arguments.cache)
    describe_machine()
    results = {}
    for table in tables:
        if arguments.test:
            splits = [split_as_given(table)]
        else:
            numbers = range(1 if arguments.quick else arguments.splits)
            splits = [split_training_rows(table, number) for number in numbers]
        results[table.name] = run_table(table, splits, models, cache)
        print_results(table, results[table.name])
    of_classes = [table for table in tables if table.classes is not None]
    of_numbers = [table for table in tables if table.classes is None]
    print_overview("Log-loss (size)", of_classes, results)
    print_overview("R2 (size)", of_numbers, results)
    print_goals(results, {table.name for table in of_classes})


if __name__ == "__main__":
    main()
