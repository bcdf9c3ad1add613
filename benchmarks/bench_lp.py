"""Linear-programming perceptrons: every strategy, the automatic choice, and peers.

Each run is a process of its own that makes the data, then fits; its peak memory is counted from
after the data were made. All objectives of one shape must agree but LinearSVC's, whose squared
hinge loss is another problem. Seconds are those of the processor, so that other work on the
machine counts little; run with one thread (OMP_NUM_THREADS=1), so that they are what a clock would
show on an idle one::

    python benchmarks/bench_lp.py                       # everything
    python benchmarks/bench_lp.py --shapes tall wide --time-limit 30 --repeat 1

The leukemia table needs the data folder in the environment variable SKPRUNE_DATA.
"""

import argparse
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from time import process_time

import numpy as np
from _common import describe_machine, print_table
from scipy import sparse
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skprune import LPPerceptronClassifier
from skprune._linear_program.starts import STRATEGIES

C = 1.0


def gaussian(n, p, shift, seed=0, n_informative=10):
    """Two normal classes whose means differ by twice the shift in the informative features."""
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(n) < 0.5, 1, -1)
    X = rng.standard_normal((n, p))
    X[:, :n_informative] += shift * y[:, None]
    return X, y


def text_like(n, p, seed=0, words=60, n_informative=300):
    """Bags of words: frequencies by Zipf's law, tf-idf, rows of norm one, noisy labels."""
    rng = np.random.default_rng(seed)
    frequency = 1 / (np.arange(p) + 10.0)
    lengths = rng.poisson(words, n) + 1
    columns = rng.choice(p, size=lengths.sum(), p=frequency / frequency.sum())
    rows = np.repeat(np.arange(n), lengths)
    counts = sparse.csr_array((np.ones(len(columns)), (rows, columns)), shape=(n, p))
    counts.sum_duplicates()
    counts.data = 1 + np.log(counts.data)
    idf = np.log(n / (1 + np.bincount(counts.indices, minlength=p)))
    X = counts @ sparse.diags_array(idf)
    norms = np.sqrt(X.multiply(X).sum(axis=1))
    X = sparse.csr_array(sparse.diags_array(1 / norms) @ X)
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    topic = np.zeros(p)
    topic[rng.choice(2000, n_informative, replace=False)] = rng.standard_normal(n_informative)
    scores = X @ topic
    scores += 0.3 * scores.std() * rng.standard_normal(n)
    return X, np.where(scores > np.median(scores), 1, -1)


HEADER = ["method", "seconds", "MB", "times X", "nnz", "iterations", "objective", "gap"]
SIZES = {
    "small": "2,000 x 50, overlapping",
    "tall": "20,000 x 50, overlapping",
    "taller": "100,000 x 100, overlapping",
    "separable": "20,000 x 50, nearly separable",
    "wide": "200 x 5,000",
    "text": "20,000 x 50,000, sparse",
}

# The goals are seconds of the best system known; the text-like shape has none.
SHAPES = {
    "small": (lambda: gaussian(2_000, 50, 0.05), 0.08),
    "tall": (lambda: gaussian(20_000, 50, 0.08), 0.33),
    "taller": (lambda: gaussian(100_000, 100, 0.08), 5.2),
    "separable": (lambda: gaussian(20_000, 50, 0.75), 0.02),
    "wide": (lambda: gaussian(200, 5_000, 0.5), 0.05),
    "text": (lambda: text_like(20_000, 50_000), None),
}


def fit_strategy(solver, X, y, time_limit):
    clf = LPPerceptronClassifier(C, solver=solver, time_limit=time_limit).fit(X, y)
    inside = np.mean(y * clf.decision_function(X) < 1 - 1e-9)
    return dict(
        objective=clf.objective_,
        gap=clf.dual_gap_,
        used=int(np.count_nonzero(clf.coef_)),
        inside=float(inside),
        n_iter=int(clf.n_iter_),
    )


def fit_linprog(X, y, time_limit):
    """The primal, in w+, w-, u+, u-, v."""
    n, p = X.shape
    signed = sparse.diags_array(y.astype(float)) @ sparse.csr_array(X)
    ones = sparse.csr_array(y[:, None].astype(float))
    A = -sparse.hstack([signed, -signed, ones, -ones, sparse.eye_array(n)], format="csc")
    cost = np.concatenate([np.ones(2 * p + 2), np.full(n, C)])
    options = {"time_limit": time_limit}
    result = linprog(cost, A_ub=A, b_ub=-np.ones(n), method="highs", options=options)
    if result.status != 0:
        return dict(stopped=True)
    weights = result.x[:p] - result.x[p : 2 * p]
    return dict(objective=result.fun, used=int(np.count_nonzero(weights)), n_iter=int(result.nit))


def fit_linear_svc(X, y, time_limit):
    clf = LinearSVC(penalty="l1", dual=False, C=C, max_iter=5000, random_state=0).fit(X, y)
    return dict(used=int(np.count_nonzero(clf.coef_)))


METHODS = {
    "auto": lambda *args: fit_strategy("auto", *args),
    **{name: (lambda *args, name=name: fit_strategy(name, *args)) for name in STRATEGIES},
    "linprog": fit_linprog,
    "LinearSVC-l1": fit_linear_svc,
}


def peak_memory(reset=False):
    """Resident memory's high-water mark in MB since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def run_one(shape, method, time_limit, repeat):
    """In the child: make the data, fit, and print one line of JSON."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = SHAPES[shape][0]()
    before = peak_memory(reset=True)
    seconds = []
    for _ in range(repeat):
        start = process_time()
        result = METHODS[method](X, y, time_limit)
        seconds.append(process_time() - start)
        if sum(seconds) > 5:
            break
    size = X.data.nbytes + X.indices.nbytes if sparse.issparse(X) else X.nbytes
    memory = peak_memory() - before
    print(json.dumps(dict(result, seconds=min(seconds), memory=memory, size=size / 2**20)))


def run_shape(shape, methods, time_limit, repeat):
    """All methods on one shape, as rows of a table; returns the seconds of each."""
    goal = SHAPES[shape][1]
    results, rows = {}, []
    for method in methods:
        command = [sys.executable, __file__, "--child", shape, method]
        command += ["--time-limit", str(time_limit), "--repeat", str(repeat)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=3 * time_limit + 60
            )
        except subprocess.TimeoutExpired:
            rows.append([method, f"> {3 * time_limit:g}"] + [""] * 6)
            continue
        result = json.loads(done.stdout.splitlines()[-1])
        if result.get("stopped") or result.get("gap", 0.0) > 1e-6:
            rows.append([method, f"> {time_limit:g}"] + [""] * 5 + [_rounded(result.get("gap"))])
            continue
        results[method] = result
        rows.append(
            [
                method,
                f"{result['seconds']:.3f}",
                f"{result['memory']:.0f}",
                f"{result['memory'] / result['size']:.1f}",
                result["used"],
                result.get("n_iter", ""),
                f"{result['objective']:.6f}" if "objective" in result else "another loss",
                _rounded(result.get("gap")),
            ]
        )
    print_table(f"{shape}: {SIZES[shape]}, goal {goal or 'none'} s", HEADER, rows)
    summarise(results, goal)


def _rounded(gap):
    return "" if gap is None else f"{gap:.0e}"


def summarise(results, goal):
    """Ratios of the automatic choice to the best strategy, the peers and the goal."""
    if "auto" not in results:
        return
    auto = results["auto"]
    own = [results[s]["seconds"] for s in STRATEGIES if s in results]
    text = [f"{100 * auto['inside']:.0f} % of the patterns inside the margin"]
    if own:
        text.append(f"auto / best strategy = {auto['seconds'] / min(own):.2f}")
    text += [
        f"{peer} / auto = {results[peer]['seconds'] / auto['seconds']:.1f}"
        for peer in ("dual", "linprog", "LinearSVC-l1")
        if peer in results
    ]
    if goal:
        text.append(f"auto / goal = {auto['seconds'] / goal:.2f}")
    objectives = [r["objective"] for r in results.values() if "objective" in r]
    spread = (max(objectives) - min(objectives)) / max(1.0, max(objectives))
    text.append(f"objectives agree to {spread:.0e}")
    print("\n" + "; ".join(text), flush=True)


def leukemia():
    """Golub's genes: 38 training samples choose C by cross-validation; 34 test samples, once."""
    home = os.environ.get("SKPRUNE_DATA")
    folder = Path(home or "") / "gene_expression"
    if not home or not folder.is_dir():
        print("\nleukemia: skipped, set SKPRUNE_DATA to the folder that holds gene_expression/")
        return
    train, test = (np.load(folder / f"golub_{part}.npz") for part in ("train", "test"))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    models = {
        "LPPerceptron": LPPerceptronClassifier(),
        "LPPerceptron, C=inf": LPPerceptronClassifier(np.inf),
        "LinearSVC-l1": LinearSVC(penalty="l1", dual=False, max_iter=100_000, random_state=0),
        "LogisticRegression-l1": LogisticRegression(
            l1_ratio=1.0, solver="liblinear", max_iter=10_000, random_state=0
        ),
    }
    rows = []
    for name, model in models.items():
        step = type(model).__name__.lower()
        grid = {f"{step}__C": [model.C] if np.isinf(model.C) else np.logspace(-2, 2, 9)}
        search = GridSearchCV(make_pipeline(StandardScaler(), model), grid, cv=folds)
        search.fit(train["x"], train["y"])
        start = process_time()
        best = search.best_estimator_.fit(train["x"], train["y"])
        seconds = process_time() - start
        genes, chosen = np.count_nonzero(best[-1].coef_), best[-1].C
        accuracy = best.score(test["x"], test["y"])
        rows.append([name, f"{seconds:.3f}", f"{chosen:.3g}", genes, f"{accuracy:.3f}"])
    print_table(
        "leukemia: 38 x 7,129, C by 5-fold cross-validation; 34 test samples",
        ["method", "seconds", "C", "genes", "test accuracy"],
        rows,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shapes", nargs="*", default=[*SHAPES, "leukemia"])
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--time-limit", type=float, default=60.0, help="seconds for each method")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        run_one(*args.child, args.time_limit, args.repeat)
        return
    describe_machine()
    for shape in args.shapes:
        if shape == "leukemia":
            leukemia()
        else:
            run_shape(shape, args.methods, args.time_limit, args.repeat)


if __name__ == "__main__":
    main()
