"""Predictions per second of a pruned network in each form, and of the network it came from.

A network with ReLU units is trained on the digits (64-100-10) and pruned by magnitude to shares of
its weights, as it is (how well it then predicts does not matter to the clock). One BLAS thread;
each figure is the best of several repetitions of predicting probabilities for one sample and for
10,000 (the digits, repeated), the forms taking turns. Sparse is `sparsify()`, compact `to_mlp()`;
C is `export_c`, called through ctypes, for the batch in a loop compiled with it. "Raw" is the same
dense product without scikit-learn's checks: what is left for a better form to win.

    python benchmarks/bench_latency.py
"""

import ctypes
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from _common import describe_machine, print_table
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skprune import OBSMLPClassifier
from skprune._network import network_output
from skprune.inspection import export_c

N_BATCH, N_ROUNDS = 10_000, 6
LOOP = """
void batch(const double *x, double *y, long n, long n_inputs, long n_outputs)
{
    for (long i = 0; i < n; i++) predict(x + i * n_inputs, y + i * n_outputs);
}
"""


def fastest(predict, X, seconds):
    """Seconds of the fastest call within some seconds."""
    best, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        predict(X)
        best = min(best, time.perf_counter() - start)
    return best


def measure(predictors, batches):
    """Predictions per second of each predictor for each batch; they take turns."""
    best = np.full((len(predictors), len(batches)), np.inf)
    for _ in range(N_ROUNDS):
        for i, predict in enumerate(predictors):
            for j, X in enumerate(batches):
                best[i, j] = min(best[i, j], fastest(predict, X, 0.1))
    return [[len(X) / seconds for X, seconds in zip(batches, row)] for row in best]


def in_c(model, folder):
    """The network as a compiled function, or None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    source, library = Path(folder, "network.c"), Path(folder, "network.so")
    source.write_text(export_c(model) + LOOP)
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-lm"]
    subprocess.run(command, check=True)
    batch = ctypes.CDLL(str(library)).batch
    batch.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_long] * 3
    n_outputs = len(model.classes_)

    def predict(X):
        y = np.empty((len(X), n_outputs))
        batch(X.ctypes.data, y.ctypes.data, len(X), X.shape[1], n_outputs)
        return y

    return predict


def in_onnx(mlp, X):
    """The network in ONNX Runtime with one thread, or None where that is not installed."""
    try:
        import onnxruntime
        import skl2onnx
    except ImportError:
        return None
    model = skl2onnx.to_onnx(mlp, X[:1], options={"zipmap": False})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda X: session.run(["probabilities"], {"X": X})[0]


def forms(dense, model, X, folder):
    """Name and function of each way to predict with a pruned network."""
    compact = model.to_mlp()
    sparse = model.at_size(model.n_weights_).sparsify()
    raw = compact.coefs_, compact.intercepts_, [*model.activations_[:-1], "softmax"]
    yield "dense, unpruned", dense.predict_proba
    yield "dense, zeros in it", model.predict_proba
    yield "sparse", sparse.predict_proba
    yield "compact", compact.predict_proba
    yield "compact, raw", lambda X: network_output(*raw, X)
    yield "ONNX Runtime, compact, float64", in_onnx(compact, X)
    single = in_onnx(compact, X.astype(np.float32))
    yield "ONNX Runtime, compact, float32", single and (lambda X: single(X.astype(np.float32)))
    yield "C", in_c(model, folder)


def compare(dense, share, X, batch):
    """Rows of the table for one share of the weights."""
    model = OBSMLPClassifier(
        FrozenEstimator(dense), criterion="magnitude", n_weights=share, retrain="never"
    )
    model.fit(X, load_digits().target)
    hidden = "-".join(map(str, model.hidden_layer_sizes_))
    with tempfile.TemporaryDirectory() as folder:
        found = dict(forms(dense, model, X, folder))
        for name, predict in found.items():
            if predict is not None and name != "dense, unpruned":
                gap = np.abs(predict(X[:100]) - model.predict_proba(X[:100])).max()
                assert gap < (1e-5 if "float32" in name else 1e-10), (name, gap)
        names = [name for name, predict in found.items() if predict is not None]
        rates = measure([found[name] for name in names], [batch[:1], batch])
    return [
        [f"{share:.0%}", hidden, name]
        + [f"{r:,.0f}" for r in row]
        + [f"{r / base:.2f}" for r, base in zip(row, rates[0])]
        for name, row in zip(names, rates)
    ]


def main():
    """Print the table, and a sentence on where sparse is slower."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    describe_machine()
    X = load_digits().data / 16
    batch = np.ascontiguousarray(np.resize(X, (N_BATCH, X.shape[1])))
    with threadpool_limits(1):
        dense = MLPClassifier((100,), max_iter=60, random_state=0).fit(X, load_digits().target)
        rows = [row for share in (0.5, 0.2, 0.05, 0.01) for row in compare(dense, share, X, batch)]
    header = ["left", "units", "form", "one sample", f"batch of {N_BATCH:,}", "one, ratio"]
    print_table("64-100-10: predictions per second", [*header, "batch, ratio"], rows)
    report(rows)


def report(rows):
    """Say at which shares sparse is slower than the dense network it came from."""
    for column, what in ((5, "one sample"), (6, f"a batch of {N_BATCH:,}")):
        slower = [row[0] for row in rows if row[2] == "sparse" and float(row[column]) < 1]
        print(f"\nFor {what}, sparse is slower than dense at {', '.join(slower) or 'no share'}.")


if __name__ == "__main__":
    main()
