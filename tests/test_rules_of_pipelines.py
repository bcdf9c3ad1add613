"""Rules behind whatever encodes the columns, in the words and units of the table."""

import numpy as np
import pandas as pd
import polars
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from skprune.inspection import export_rules

JOBS = ["clerk", "miner", "night watch", "nurse"]


def table(n=300):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "job": rng.choice(JOBS, n, p=[0.6, 0.3, 0.06, 0.04]),
            "region": rng.choice(["north", "south"], n),
            "is_new": rng.random(n) < 0.5,
            "age": rng.integers(17, 90, n).astype(float),
        }
    ).astype({"job": object, "region": object})


def network():
    return MLPClassifier((4,), activation="tanh", solver="lbfgs", alpha=0.01, max_iter=3000,
                         random_state=0)  # fmt: skip


def checked(model, X, y, rule):
    """The rules of a fitted pipeline, which are its predictions."""
    rules = export_rules(model.fit(X, y), X, y)
    np.testing.assert_array_equal(rules.predict(X), model.predict(X))
    assert rules.rules_[True] == rule
    assert rules.exact_ and rules.fidelity_ == 1.0
    return rules


ENCODERS = {
    "ordinal": OrdinalEncoder(),
    "scaled codes": make_pipeline(OrdinalEncoder(), StandardScaler()),
    "one hot": OneHotEncoder(sparse_output=False),
    "first dropped": OneHotEncoder(drop="first", sparse_output=False),
    "unknown as zeros": OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    "codes one hot": make_pipeline(OrdinalEncoder(), OneHotEncoder(sparse_output=False)),
}


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
def test_categories_are_told_in_words(encoder):
    X = table()
    y = X.job.isin(["miner", "night watch"]) & (X.region == "south")
    model = make_pipeline(make_column_transformer((encoder, ["job", "region"])), network())
    rules = checked(model, X, y, "job in (miner, night watch) and region == south")
    assert rules.attributes_ == ["job", "region"]
    assert export_rules(model).rules_ == rules.rules_  # without samples, too


def test_rare_categories_are_listed():
    X = table()
    encoder = OneHotEncoder(min_frequency=0.1, handle_unknown="infrequent_if_exist")
    model = make_pipeline(make_column_transformer((encoder, ["job"])), network())
    y = X.job.isin(["night watch", "nurse"])
    rules = checked(model, X, y, "job in (night watch, nurse)")
    odd = X.assign(job="pilot")  # counts as rare
    assert rules.predict(odd).all() and model.predict(odd).all()


def test_missing_words_are_a_category_or_filled():
    X = table()
    X.loc[::5, "job"] = np.nan
    y = X.job.isna()
    model = make_pipeline(make_column_transformer((OneHotEncoder(), ["job"])), network())
    checked(model, X, y, "job == missing")
    filled = make_pipeline(SimpleImputer(strategy="constant", fill_value="none"), OrdinalEncoder())
    model = make_pipeline(make_column_transformer((filled, ["job"])), network())
    checked(model, X, y, "job in (none, missing)")


@pytest.mark.parametrize("steps", [
    [KBinsDiscretizer(4, strategy="uniform")],
    [SimpleImputer(), KBinsDiscretizer(4, strategy="uniform", encode="ordinal")],
    [StandardScaler(), KBinsDiscretizer(4, strategy="uniform", encode="onehot-dense")],
    [SimpleImputer(), StandardScaler(), KBinsDiscretizer(4, strategy="uniform", encode="ordinal"),
     StandardScaler()],
])  # fmt: skip
def test_bins_are_told_in_the_units_of_the_table(steps):
    X = table()
    model = make_pipeline(make_column_transformer((make_pipeline(*steps), ["age"])), network())
    edge = (X.age.min() + X.age.max()) / 2
    checked(model, X, X.age >= edge, f"age >= {edge:.6g}")


def test_bins_of_a_function_are_told_in_the_units_of_the_table():
    X = table()
    bins = make_pipeline(
        FunctionTransformer(np.log), KBinsDiscretizer(2, strategy="uniform", encode="ordinal")
    )
    model = make_pipeline(make_column_transformer((bins, ["age"])), network())
    edge = np.sqrt(X.age.min() * X.age.max())
    checked(model, X, X.age >= edge, f"age >= {edge:.6g}")


def test_numbers_of_few_values_and_flags_are_told_raw():
    X = table().assign(grade=lambda t: t.age // 30)
    steps = make_column_transformer((StandardScaler(), ["grade"]), (OrdinalEncoder(), ["is_new"]))
    y = (X.grade >= 2) & X.is_new
    checked(make_pipeline(steps, network()), X, y, "is_new == True and grade == 2")


def test_polars_frames_and_arrays():
    X = table()
    y = (X.job == "miner").to_numpy()
    for rows in (polars.from_pandas(X[["job"]]), X[["job"]].to_numpy()):
        model = make_pipeline(OneHotEncoder(sparse_output=False), network()).fit(rows, y)
        rules = export_rules(model, rows, y)
        name = "x0" if isinstance(rows, np.ndarray) else "job"
        assert rules.rules_[True] == f"{name} == miner"
        np.testing.assert_array_equal(rules.predict(rows), y)


def binary(n_inputs, truth):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (400, n_inputs))
    y = truth(X)
    return MLPClassifier((), solver="lbfgs", max_iter=3000, random_state=0).fit(X, y), X, y


def test_many_inputs_are_told_by_counts():
    """The shortest rule of 2^14 patterns, which is exact for all of them."""
    network, X, y = binary(14, lambda X: X.sum(axis=1) > 7)
    rules = export_rules(network, X, y)
    assert rules.exact_ and rules.n_patterns_ == 2**14 and rules.accuracy_ == 1.0
    assert rules.rules_[True].startswith("at least eight of (") and rules.forms.cost == 14


def test_rules_of_observed_patterns_leave_others_open():
    X = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 0], [1, 1, 1]])
    network = MLPClassifier((), solver="lbfgs", max_iter=2000, random_state=0)
    network.fit(X, X[:, 0] & X[:, 1])
    every, seen = (export_rules(network, X, patterns=p) for p in ("all", "observed"))
    assert seen.forms.cost < every.forms.cost and every.exact_ and not seen.exact_
    assert seen.fidelity_ == 1.0 and seen.n_patterns_ == 4
    np.testing.assert_array_equal(seen.predict(X), network.predict(X))
    with pytest.raises(ValueError, match="patterns='observed' was given without X"):
        export_rules(network, patterns="observed", attributes={})


def test_the_rules_that_most_patterns_need_stay():
    X = np.indices((2,) * 5).reshape(5, -1).T
    y = (X[:, 0] & X[:, 1]) | (X[:, 2] & X[:, 3] & X[:, 4])
    network = MLPClassifier((8,), solver="lbfgs", max_iter=5000, random_state=0).fit(X, y)
    whole = export_rules(network, X, y)
    few = export_rules(network, X, y, max_rules=1)
    assert whole.rules_[1] == "(x0 == 1 and x1 == 1) or (x2 == 1 and x3 == 1 and x4 == 1)"
    assert few.rules_[1] == "x0 == 1 and x1 == 1" and not few.exact_
    assert few.fidelity_ == few.accuracy_ == np.mean((X[:, 0] & X[:, 1]) == y)
    none = export_rules(network, X, y, max_rules=0)
    assert none.rules_[1] == "never" and none.accuracy_ == 1 - y.mean()


def test_tables_of_rules():
    X = table()
    y = X.job.map(lambda job: "risky" if job in ("miner", "night watch") else "safe")
    model = make_pipeline(make_column_transformer((OrdinalEncoder(), ["job"])), network())
    rules = export_rules(model.fit(X, y), X, y)
    frame = rules.to_frame()
    assert frame.columns.tolist() == ["class", "rule", "comparisons", "support", "precision"]
    assert frame["class"].tolist() == ["safe", "risky"] and frame.rule[1] == "else"
    assert frame.support.tolist() == [0.5, 0.5] and frame.precision.tolist() == [1.0, 1.0]
    assert rules.to_frame("polars").to_dicts() == frame.to_dict("records")
    assert rules.to_markdown().splitlines()[2] == ("| safe | job in (clerk, nurse) | 2 | 0.5 | 1 |")
    with pytest.raises(ValueError, match="'pandas' or 'polars', got 'arrow'"):
        rules.to_frame("arrow")


def test_rules_are_measured_on_other_data():
    X = table(600)
    y = (X.job == "miner") ^ (np.arange(600) % 7 == 0)
    model = make_pipeline(make_column_transformer((OneHotEncoder(), ["job", "region"])), network())
    rules = export_rules(model.fit(X[:300], y[:300]), X[:300], y[:300], max_rules=1)
    held_out = X[300:]
    found = rules.predict(held_out)
    assert rules.score(held_out, y[300:]) == np.mean(found == y[300:])
    assert rules.fidelity(held_out) == np.mean(found == model.predict(held_out))
