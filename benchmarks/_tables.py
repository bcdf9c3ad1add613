"""The tables of `bench_tables.py`: files, what scikit-learn ships, generators of known truth."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, softmax
from sklearn import datasets
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MAX_TRAINING_ROWS = 12_000
# Numbers of few values are taken for classes; these files' quality marks are a quantity.
MAX_NUMERIC_CLASSES = 10
QUANTITIES = {"wine-quality-red"}


@dataclass(frozen=True)
class Table:
    """Training and test rows; `classes` is None for regression, else `y` counts them from 0.

    `truth` maps inputs to the true probabilities or means, where they are known.
    """

    name: str
    X: pd.DataFrame
    y: np.ndarray
    X_test: pd.DataFrame
    y_test: np.ndarray
    classes: np.ndarray | None
    truth: Callable | None = None

    @property
    def n_classes(self):
        """Number of classes, None for regression."""
        return None if self.classes is None else len(self.classes)


@dataclass(frozen=True)
class Split:
    """Prepared rows to fit and to score; `source` is the table's column of each input."""

    name: str
    seed: int
    X: np.ndarray
    y: np.ndarray
    X_held: np.ndarray
    y_held: np.ndarray
    source: np.ndarray
    raw_held: pd.DataFrame

    @property
    def digest(self):
        """Eight hexadecimal digits of what a model sees, whatever the processor's rounding."""
        parts = [pd.DataFrame(part).astype(float).round(6) for part in self._parts()]
        hashes = [pd.util.hash_pandas_object(part + 0.0).to_numpy() for part in parts]
        return f"{int(np.bitwise_xor.reduce([h.sum(dtype=np.uint64) for h in hashes])):016x}"[:8]

    def _parts(self):
        return self.X, self.X_held, self.y, self.y_held


def split_training_rows(table, number, held=0.25):
    """A quarter of the training rows held out, at random but with the shares of classes."""
    X, X_held, y, y_held = _train_test(table.X, table.y, table.classes, held, number)
    return _prepare(f"split {number}", number, X, y, X_held, y_held)


def split_as_given(table):
    """All training rows against the test rows."""
    order = np.random.default_rng(0).permutation(len(table.y))
    return _prepare("test", 0, table.X.iloc[order], table.y[order], table.X_test, table.y_test)


def _prepare(name, seed, X, y, X_held, y_held):
    """Numbers imputed and scaled, words one-hot; the rows are in random order."""
    X, y = X.iloc[:MAX_TRAINING_ROWS], y[:MAX_TRAINING_ROWS]
    words = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        max_categories=20,
        sparse_output=False,
        # Names the inputs by the column that they come from.
        feature_name_combiner=lambda column, category: column,
    )
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    is_number = make_column_selector(dtype_include="number")(X)
    is_word = [column for column in X.columns if column not in set(is_number)]
    preparation = ColumnTransformer([("numbers", numbers, is_number), ("words", words, is_word)])
    prepared = preparation.fit_transform(X)
    source = list(is_number)
    if is_word:
        source += list(preparation.named_transformers_["words"].get_feature_names_out())
    held = preparation.transform(X_held)
    return Split(name, seed, prepared, y, held, y_held, np.array(source), X_held)


def _train_test(X, y, classes, test_size, seed):
    # A class of one row cannot be on both sides.
    stratify = y if classes is not None and np.bincount(y).min() > 1 else None
    return train_test_split(X, y, test_size=test_size, random_state=seed, stratify=stratify)


def table_of_frame(name, X, target, truth=None, regression=None):
    """A table from inputs and targets, a fifth of the rows set apart for the test."""
    y, classes = _encode(name, np.asarray(target), regression)
    X.columns = X.columns.astype(str)
    X, X_test, y, y_test = _train_test(X, y, classes, 0.2, 0)
    return Table(name, X, y, X_test, y_test, classes, truth)


def _encode(name, target, regression=None):
    if regression is None:
        is_number = np.issubdtype(target.dtype, np.number)
        many = len(np.unique(target)) > MAX_NUMERIC_CLASSES if is_number else False
        regression = many or name in QUANTITIES
    if regression:
        return target.astype(float), None
    classes, y = np.unique(target, return_inverse=True)
    return y, classes


def read_csv(path, target="target", regression=None):
    """A file of a person's own, its rows split at random."""
    frame = pd.read_csv(path)
    if target not in frame.columns:
        raise SystemExit(
            f"{path} has no column {target!r} but {', '.join(map(str, frame.columns))}: name the "
            "column to predict by --target."
        )
    frame = frame.dropna(subset=[target])
    name = Path(path).stem
    return table_of_frame(name, frame.drop(columns=target), frame[target], None, regression)


def _read_pair(train_path, name):
    """Files whose split is given."""
    train, test = pd.read_csv(train_path), pd.read_csv(train_path.with_name(f"{name}_test.csv"))
    target = pd.concat([train["target"], test["target"]]).to_numpy()
    y, classes = _encode(name, target)
    inputs = [part.drop(columns="target") for part in (train, test)]
    return Table(name, inputs[0], y[: len(train)], inputs[1], y[len(train) :], classes)


def tables_of_files():
    """Name and loader of each table of $SKPRUNE_DATA/tables."""
    folder = Path(os.environ.get("SKPRUNE_DATA", "")) / "tables"
    if "SKPRUNE_DATA" not in os.environ or not folder.is_dir():
        print(f"{folder} not found: set SKPRUNE_DATA to the folder that holds tables/*.csv")
        return {}
    loaders = {}
    for path in sorted(folder.glob("*.csv")):
        if path.stem.endswith("_train"):
            name = path.stem.removesuffix("_train")
            loaders[name] = lambda path=path, name=name: _read_pair(path, name)
        elif not path.stem.endswith("_test"):
            loaders[path.stem] = lambda path=path: read_csv(path)
    return loaders


def tables_of_scikit_learn():
    """Name and loader of each small table that scikit-learn ships."""
    loaders = {
        "breast-cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "iris": datasets.load_iris,
        "digits": datasets.load_digits,
        "diabetes-progression": datasets.load_diabetes,
    }
    return {
        name: lambda name=name, load=load: _shipped(name, load) for name, load in loaders.items()
    }


def _shipped(name, load):
    bunch = load(as_frame=True)
    return table_of_frame(name, bunch.data, bunch.target, regression=name.startswith("diabetes"))


def _generate(name, n_rows, n_inputs, truth, regression=False):
    """Independent normal inputs; targets drawn by the true probabilities, or with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_inputs))
    known = truth(X)
    if regression:
        target = known + rng.normal(size=n_rows)
    else:
        target = (rng.random((n_rows, 1)) > known.cumsum(axis=1)[:, :-1]).sum(axis=1)
    frame = pd.DataFrame(X, columns=[f"x{column}" for column in range(n_inputs)])
    return table_of_frame(name, frame, target, lambda X: truth(X.to_numpy()), regression=regression)


def _two_classes(logit):
    def truth(X):
        p = expit(logit(X))
        return np.column_stack([1 - p, p])

    return truth


def _three_classes(X):
    """A network of two tanh units."""
    units = np.tanh(X[:, :4] @ np.array([[2.0, 0.0], [-2.0, 1.0], [0.0, 2.0], [1.0, -1.0]]))
    return softmax(units @ np.array([[3.0, -3.0, 0.0], [0.0, 2.0, -2.0]]), axis=1)


def _friedman(X):
    """Friedman's first function, of uniform inputs."""
    u = ndtr(X)
    return (
        10 * np.sin(np.pi * u[:, 0] * u[:, 1])
        + 20 * (u[:, 2] - 0.5) ** 2
        + 10 * u[:, 3]
        + 5 * u[:, 4]
    )


# Rows, inputs, truth: of each kind of structure one.
GENERATORS = {
    "gen-linear": (1000, 20, _two_classes(lambda X: 1.5 * X[:, 0] - X[:, 1] + X[:, 2] - 0.5)),
    "gen-product": (1500, 8, _two_classes(lambda X: 2 * X[:, 0] * X[:, 1] + X[:, 2])),
    "gen-ring": (1500, 4, _two_classes(lambda X: 3 * (1.5 - np.hypot(X[:, 0], X[:, 1])))),
    "gen-noise": (600, 10, _two_classes(lambda X: np.full(len(X), -0.85))),
    "gen-wide": (120, 200, _two_classes(lambda X: 2 * X[:, 0] - 2 * X[:, 1])),
    "gen-network": (1500, 10, _three_classes),
    "gen-friedman": (1000, 10, _friedman, True),
    "gen-noise-regression": (400, 10, lambda X: np.zeros(len(X)), True),
}


def generated_tables():
    """Name and loader of each table whose truth is known."""
    return {name: lambda name=name: _generate(name, *GENERATORS[name]) for name in GENERATORS}
