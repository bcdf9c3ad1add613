"""Networks on small devices: bytes of code, microseconds a row, and what they change.

A 64-100-10 network of ReLU units is trained on the digits, and pruned to a twentieth of its
weights. Bytes are those of code and constants that `gcc -Os` makes (`size`), of ONNX those of the
file; a row takes what it takes in a compiled loop, in ONNX Runtime in calls of one row. "same" is
the share of the test rows (40 %) whose class is the estimator's own, "error" the largest difference
of a probability. emlearn and m2cgen take part where they are installed (m2cgen knows linear models
alone, so a logistic regression stands for it, beside ours of the same kind).

    pip install emlearn m2cgen
    python benchmarks/bench_deployment.py
"""

import ctypes
import importlib.util
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
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from skprune import OBSMLPClassifier, PenalizedMLPClassifier
from skprune.inspection import export_c

SECONDS = 0.5  # a form is run for
LOOP = """
void batch(const {type} *x, {type} *y, int n)
{{
    for (int i = 0; i < n; i++) {call};
}}
"""
OURS = "predict(x + {n_inputs} * i, y + {n_outputs} * i)"
EMLEARN = (
    "eml_net_predict_proba(&net, x + {n_inputs} * i, {n_inputs}, y + {n_outputs} * i, {n_outputs})"
)
M2CGEN = "score((double *)x + {n_inputs} * i, y + {n_outputs} * i)"


def compiled(source, folder, call, X, n_outputs, dtype, include=()):
    """Bytes of the code, and what it gives for rows and how long it takes for one."""
    kind = "float" if dtype == np.float32 else "double"
    shape = {"n_inputs": X.shape[1], "n_outputs": n_outputs}
    loop = LOOP.format(type=kind, call=call.format(**shape))
    path = Path(folder, "model.c")
    path.write_text(source + loop)
    flags = ["-std=gnu99", "-Os", *(f"-I{place}" for place in include)]
    subprocess.run(["gcc", *flags, "-c", path, "-o", path.with_suffix(".o")], check=True)
    sizes = subprocess.run(["size", path.with_suffix(".o")], capture_output=True, text=True)
    n_bytes = int(sizes.stdout.splitlines()[1].split()[3])
    library = Path(tempfile.mkdtemp(dir=folder), "model.so")
    subprocess.run(["gcc", *flags, "-shared", "-fPIC", path, "-o", library, "-lm"], check=True)
    batch = ctypes.CDLL(str(library)).batch
    batch.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    X = np.ascontiguousarray(X, dtype)
    y = np.empty((len(X), n_outputs), dtype)
    return n_bytes, y, fastest(lambda: batch(X.ctypes.data, y.ctypes.data, len(X))) / len(X)


def fastest(call):
    """Seconds of the fastest call."""
    best, end = np.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def ours(model, X, n_outputs, folder):
    """The forms that skprune writes."""
    for dtype in ("double", "float", "int16", "int8"):
        kind = np.float64 if dtype == "double" else np.float32
        source = export_c(model, dtype=dtype)
        yield f"skprune, {dtype}", *compiled(source, folder, OURS, X, n_outputs, kind)
    source = export_c(model, dtype="float", layout="unrolled")
    yield "skprune, float, unrolled", *compiled(source, folder, OURS, X, n_outputs, np.float32)


def in_emlearn(mlp, X, n_outputs, folder):
    """The network as emlearn writes it, where it is installed."""
    if importlib.util.find_spec("emlearn") is None:
        return
    import emlearn

    source = emlearn.convert(mlp, method="loadable").save(name="net")
    place = Path(emlearn.__file__).parent
    found = compiled(source, folder, EMLEARN, X, n_outputs, np.float32, [place])
    yield "emlearn, float", *found


def in_m2cgen(linear, X, n_outputs, folder):
    """A linear model as m2cgen writes it, where it is installed."""
    if importlib.util.find_spec("m2cgen") is None:
        return
    import m2cgen

    source = m2cgen.export_to_c(linear)
    yield "m2cgen, double", *compiled(source, folder, M2CGEN, X, n_outputs, np.float64)


def in_onnx(mlp, X):
    """The network in ONNX Runtime, row by row, where it is installed."""
    if importlib.util.find_spec("skl2onnx") is None:
        return
    import onnxruntime
    import skl2onnx

    X = X.astype(np.float32)
    with np.errstate(under="ignore"):  # (emlearn has numpy raise, for the whole process)
        model = skl2onnx.to_onnx(mlp, X[:1], options={"zipmap": False}).SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def outputs(rows):
        return session.run(["probabilities"], {"X": rows})[0]

    yield "skl2onnx, float", len(model), outputs(X), fastest(lambda: outputs(X[:1]))


def rows_of(name, estimator, forms, X):
    """Rows of the table for the forms of one estimator."""
    expected = estimator.predict_proba(X)
    for form, n_bytes, found, seconds in forms:
        same = np.mean(found.argmax(axis=1) == expected.argmax(axis=1))
        error = np.abs(found - expected).max()
        figures = f"{n_bytes:,}", f"{1e6 * seconds:.2f}", f"{same:.2%}", f"{error:.1e}"
        yield [name, form, *figures]


def main():
    """Print the table."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    if shutil.which("gcc") is None or shutil.which("size") is None:
        raise SystemExit("gcc and size are needed")
    describe_machine()
    data = load_digits()
    split = train_test_split(
        data.data / 16, data.target, test_size=0.4, random_state=0, stratify=data.target
    )
    X, X_test, y, _ = split
    dense = MLPClassifier((100,), alpha=1.0, max_iter=300, random_state=0).fit(X, y)
    pruned = OBSMLPClassifier(
        FrozenEstimator(dense), criterion="magnitude", n_weights=0.05, retrain="final"
    ).fit(X, y)
    linear = LogisticRegression(max_iter=1000).fit(X, y)
    plain = PenalizedMLPClassifier((), alpha=1.0).fit(X, y)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, model, mlp in (("dense", dense, dense), ("pruned", pruned, pruned.to_mlp())):
            forms = [
                *ours(model, X_test, 10, folder),
                *in_emlearn(mlp, X_test, 10, folder),
                *in_onnx(mlp, X_test),
            ]
            name = f"{name}, {sum(map(np.count_nonzero, model.coefs_ + model.intercepts_)):,}"
            rows += rows_of(name, model, forms, X_test)
        linear_forms = in_m2cgen(linear, X_test, 10, folder)
        # (m2cgen gives scores, whose order is that of the probabilities.)
        rows += [[*row[:-1], "scores"] for row in rows_of("linear", linear, linear_forms, X_test)]
        rows += rows_of("linear", plain, ours(plain, X_test, 10, folder), X_test)
    print_table(
        "digits, 64-100-10", ["weights", "form", "bytes", "us a row", "same", "error"], rows
    )


if __name__ == "__main__":
    main()
