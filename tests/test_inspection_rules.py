"""Rules equal the network where they are exact, and say how good they are where not."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    StandardScaler,
)

from skprune import LPMLPClassifier
from skprune.datasets import load_monks
from skprune.inspection import export_rules
from skprune.inspection._rules.logic import Variable
from skprune.inspection._rules.n_of_m import Unit, _n_of_m, unit_rule

MONKS_COLUMNS = [f"a{i}_{v}" for i, n in enumerate((3, 3, 2, 3, 4, 2), 1) for v in range(1, n + 1)]


def network_of(coefs, intercepts, activation="tanh", labels=(0, 1)):
    """Return a scikit-learn MLP with the given weights."""
    coefs = [np.asarray(coef, dtype=float) for coef in coefs]
    hidden = tuple(coef.shape[1] for coef in coefs[:-1])
    network = MLPClassifier(hidden, activation=activation, solver="lbfgs", max_iter=10000)
    network.fit(np.zeros((len(labels), len(coefs[0]))), labels)
    network.coefs_, network.intercepts_ = coefs, [np.asarray(b, dtype=float) for b in intercepts]
    return network


def monks_network(units, output):
    """17-h-1 network from {column: weight} (bias under "1") of each unit, and output weights."""
    coef, intercept = np.zeros((17, len(units))), np.zeros(len(units))
    for j, weights in enumerate(units):
        for name, weight in weights.items():
            if name == "1":
                intercept[j] = weight
            else:
                coef[MONKS_COLUMNS.index(name), j] = weight
    return network_of([coef, np.reshape(output[:-1], (-1, 1))], [intercept, [output[-1]]])


def encoded(problem, subset="test"):
    X, y = load_monks(problem, subset=subset, return_X_y=True)
    return OneHotEncoder(sparse_output=False).fit_transform(X), y


MONK_3 = monks_network([{"a5_4": 4, "a2_3": 4, "1": -2}], [-6, 0])
MONK_2 = monks_network(
    [{f"a{i}_1": 4 for i in range(1, 7)} | {"1": bias} for bias in (-6, -10)], [6, -6, -6]
)
TIES = {"a1_1": 8, "a2_1": -8, "a1_3": -8, "a2_3": 8}
MONK_1 = monks_network(
    [TIES | {"a5_1": -32, "1": -4}, {k: -v for k, v in TIES.items()} | {"a5_1": -32, "1": -4}],
    [-6, -6, -6],
)


@pytest.mark.parametrize(
    ("network", "problem", "rule", "accuracy"),
    [
        (MONK_1, 1, "a1 == a2 or a5 == 1", 1.0),
        (MONK_2, 2, f"exactly two of ({', '.join(f'a{i} == 1' for i in range(1, 7))})", 1.0),
        (MONK_3, 3, "a2 != 3 and a5 != 4", 420 / 432),
    ],
)
def test_monks_rules_of_hand_set_networks(network, problem, rule, accuracy):
    X, y = encoded(problem)
    rules = export_rules(network, X, y, feature_names=MONKS_COLUMNS)
    assert rules.rules_[1] == rule
    assert rules.exact_ and rules.fidelity_ == 1.0
    assert rules.accuracy_ == accuracy and rules.n_samples_ == 432
    np.testing.assert_array_equal(rules.predict(X), network.predict(X))
    assert export_rules(network, feature_names=MONKS_COLUMNS).rules_ == rules.rules_


def test_only_the_attributes_in_use_are_tabulated():
    rules = export_rules(MONK_3, feature_names=MONKS_COLUMNS)
    assert rules.attributes_ == ["a2", "a5"] and rules.n_patterns_ == 12
    assert str(rules) == (
        "if a2 != 3 and a5 != 4 then y = 1\n"
        "else y = 0\n"
        "fidelity to the network: 100.0 % of all 12 patterns of a2, a5"
    )


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_trained_pipeline_on_raw_attributes(frame):
    X, y = load_monks(1, return_X_y=True, as_frame=True)
    X_all, y_all = load_monks(1, subset="test", return_X_y=True, as_frame=True)
    if frame == "polars":
        polars = pytest.importorskip("polars")
        X, X_all = polars.from_pandas(X), polars.from_pandas(X_all)
    network = MLPClassifier(
        (3,), activation="tanh", alpha=0.05, solver="lbfgs", max_iter=2000, random_state=0
    )
    pipeline = make_pipeline(OneHotEncoder(), network).fit(X, y)
    rules = export_rules(pipeline, X_all, y_all, class_names=["other", "friend"])
    assert rules.fidelity_ == 1.0
    assert rules.accuracy_ == pipeline.score(X_all, y_all) >= 0.99
    np.testing.assert_array_equal(rules.predict(X_all), pipeline.predict(X_all))
    if rules.accuracy_ == 1.0:
        assert str(rules).startswith("if a1 == a2 or a5 == 1 then friend\nelse other\n")


@pytest.mark.parametrize("prefixed", [True, False])
def test_a_column_that_is_named_like_a_category_is_none_of_its_values(prefixed):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"size": rng.choice(list("SML"), 60), "size_known": rng.integers(0, 2, 60)})
    y = (X["size"] == "S") & (X["size_known"] == 1)
    encode = ColumnTransformer(
        [
            ("encode", OneHotEncoder(sparse_output=False), ["size"]),
            ("flag", "passthrough", ["size_known"]),
        ],
        verbose_feature_names_out=prefixed,
    ).set_output(transform="pandas")
    network = MLPClassifier((3,), alpha=0.05, solver="lbfgs", max_iter=2000, random_state=0)
    pipeline = make_pipeline(encode, network).fit(X, y)
    rules = export_rules(pipeline, X)
    assert str(rules).startswith("if size == S and size_known == 1 then y = True")
    np.testing.assert_array_equal(rules.predict(X), y)
    # Without samples nothing tells its values; as one of the sizes it was never 1 beside S.
    with pytest.raises(ValueError, match="which values the input 'size_known' takes"):
        export_rules(pipeline)


@st.composite
def sparse_networks(draw):
    """Networks on 0/1 inputs with few weights, and their labels."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n_features, n_hidden = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    n_outputs = draw(st.sampled_from([1, 3]))
    sizes = [n_features, *([n_hidden] if n_hidden else []), n_outputs]
    coefs = [rng.normal(size=shape) * 4 * (rng.random(shape) < 0.7) for shape in pairwise(sizes)]
    intercepts = [rng.normal(size=n) * 2 for n in sizes[1:]]
    return network_of(coefs, intercepts, labels=[0, 1] if n_outputs == 1 else ["u", "v", "w"])


@settings(max_examples=40, deadline=None)
@given(network=sparse_networks())
def test_exact_rules_equal_the_network_on_every_pattern(network):
    n_features = len(network.coefs_[0])
    X = np.indices((2,) * n_features).reshape(n_features, -1).T
    rules = export_rules(network, X, network.predict(X))
    np.testing.assert_array_equal(rules.predict(X), network.predict(X))
    assert rules.exact_ and rules.fidelity_ == rules.accuracy_ == 1.0
    assert set(rules.rules_) == set(network.classes_.tolist())


@settings(max_examples=25, deadline=None)
@given(network=sparse_networks().filter(lambda network: len(network.coefs_) == 2))
def test_fidelity_of_unit_rules_is_what_it_says(network):
    n_features = len(network.coefs_[0])
    X = np.indices((2,) * n_features).reshape(n_features, -1).T
    rules = export_rules(network, X, method="n_of_m")
    assert not rules.exact_ and rules.n_patterns_ == len(X)
    assert rules.fidelity_ == np.mean(rules.predict(X) == network.predict(X))


def test_n_of_m_for_a_unit_with_many_inputs():
    """A noisy 8-of-20 unit comes back as such, beyond the reach of a table."""
    rng = np.random.default_rng(0)
    weights = np.where(np.arange(20) < 12, 4.0, -4.0) + rng.uniform(-0.1, 0.1, 20)
    network = network_of([weights[:, None], [[6.0]]], [[-4.0 * (7.5 - 8)], [0.0]])
    X = rng.integers(0, 2, size=(3000, 20))
    rules = export_rules(network, X, network.predict(X))  # 2**20 patterns: not tabulated
    assert not rules.exact_ and rules.fidelity_ == rules.accuracy_ == 1.0
    assert rules.units_["h0"].startswith("at least eight of (")
    assert "x0 == 1" in rules.units_["h0"] and "x19 == 0" in rules.units_["h0"]
    assert rules.rules_[1] == "h0"
    assert str(rules).splitlines()[-3:] == [
        "else y = 0",
        "fidelity to the network: 100.0 % of 3000 samples",
        "accuracy: 100.0 % of 3000 samples",
    ]


def test_n_of_m_with_two_groups_and_unneeded_links():
    rng = np.random.default_rng(1)
    link = np.r_[np.full(8, 1.0), np.full(8, 3.0), np.full(2, 0.001)]
    variables = [Variable(f"x{i}", ("0", "1")) for i in range(18)]
    codes = rng.integers(0, 2, size=(2000, 18))
    unit = Unit(variables, [np.array([0.0, w]) for w in link], bias=0.0, cut=15.5)
    form = unit_rule(unit, codes)
    np.testing.assert_array_equal(form.holds(codes), unit.net_input(codes) > unit.cut)
    assert [weight for weight, _ in form.groups] == [1.0, 3.0]
    assert "x16" not in str(form) and str(form).startswith("1.00 * number of (x0 == 1, ")


def test_units_without_influence_on_the_rules_are_not_printed():
    X, y = encoded(2)
    rules = export_rules(MONK_2, X, y, feature_names=MONKS_COLUMNS, method="n_of_m")
    assert rules.fidelity_ == rules.accuracy_ == 1.0
    assert rules.rules_[1] == "h0 and not h1"
    assert rules.units_["h1"].startswith("at least three of (a1 == 1")
    narrow = export_rules(MONK_3, X, feature_names=MONKS_COLUMNS, method="n_of_m")
    assert narrow.rules_[1] == "not h0" and list(narrow.units_) == ["h0"]


def test_deep_and_hidden_free_networks_unit_by_unit():
    X = np.indices((2, 2, 2)).reshape(3, -1).T
    deep = network_of(
        [[[9, -9], [9, -9], [0, 0]], [[9], [9]], [[9]]], [[-5, 14], [-9], [0]]
    )  # exclusive or of the first two
    rules = export_rules(deep, X, method="n_of_m")
    assert rules.fidelity_ == 1.0 and set(rules.units_) == {"h1_0", "h1_1", "h2_0"}
    flat = network_of([[[3], [3], [-3]]], [[-4]])
    rules = export_rules(flat, X, method="n_of_m")
    assert rules.fidelity_ == 1.0 and rules.units_ == {}


def test_two_output_units_without_hidden_layer_unit_by_unit():
    """The difference of the two decides, as one unit would."""
    X = np.indices((2, 2, 2)).reshape(3, -1).T
    y = (X @ [1, 1, -1] > 0).astype(int)
    linear = FrozenEstimator(network_of([[[1], [1], [-1]]], [[-0.5]]))
    two = LPMLPClassifier(linear).fit(X, y)
    assert two.coefs_[0].shape == (3, 2) and two.score(X, y) == 1.0
    rules = export_rules(two, X, y, method="n_of_m")
    assert rules.fidelity_ == 1.0
    assert rules.rules_ == export_rules(linear.estimator, X, method="n_of_m").rules_


def test_several_classes_without_hidden_layer_have_no_units_to_read():
    X = np.indices((2, 2, 2)).reshape(3, -1).T
    network = network_of([np.eye(3)], [np.zeros(3)], labels=(0, 1, 2))
    with pytest.raises(ValueError, match=r"no hidden unit and 3 classes.*method='table'"):
        export_rules(network, X, method="n_of_m")
    assert export_rules(network, X).fidelity_ == 1.0


@pytest.mark.parametrize(
    "bias, spoken", [(-1.5, "x0 == 1 and x1 == 1"), (-0.5, "x0 == 1 or x1 == 1")]
)
def test_all_and_any_are_not_counted(bias, spoken):
    flags = [Variable(f"x{i}", ("0", "1"), ordered=True) for i in range(2)]
    unit = Unit(flags, [np.array([0.0, 1.0])] * 2, bias, cut=0.0)
    codes = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert str(_n_of_m(unit, [0, 1], codes, unit.net_input(codes) > 0)) == spoken


def test_values_that_differ_in_late_digits_are_told_apart():
    network = network_of([[[1.0]]], [[-1234567.5]])
    rules = export_rules(network, [[1234567], [1234568]])
    assert rules.rules_[1] == "x0 == 1234568"


def test_long_rules_break_between_comparisons():
    rng = np.random.default_rng(3)
    coefs = [rng.normal(size=(17, 3)) * 4, rng.normal(size=(3, 1)) * 4]
    network = network_of(coefs, [rng.normal(size=3), [0.0]])
    lines = str(export_rules(network, feature_names=MONKS_COLUMNS)).splitlines()
    assert max(map(len, lines)) <= 96 and len(lines) > 10
    assert all(line.split()[0] in ("and", "or", "if", "else", "fidelity") for line in lines)


def test_constant_network():
    X = np.zeros((3, 2), dtype=int)
    network = network_of([np.zeros((2, 1))], [[1.0]])
    rules = export_rules(network)
    assert rules.rules_ == {0: "never", 1: "always"}
    text = "always y = 1\nfidelity to the network: 100.0 % (it uses no attribute)"
    assert str(rules) == text
    rules = export_rules(network, X, [1, 1, 0], method="n_of_m")
    assert str(rules) == f"{text}\naccuracy: 66.7 % of 3 samples"
    np.testing.assert_array_equal(rules.predict(X), [1, 1, 1])


def test_attributes_can_be_given():
    network = network_of([[[4.0], [0.0], [-4.0], [0.0]]], [[1.0]])
    groups = {"colour": ["red", "blue"], "size": ["small", "large"]}
    names = ["red", "blue", "small", "large"]
    rules = export_rules(network, attributes=groups, feature_names=names)
    assert rules.rules_[0] == "colour == blue and size == small"
    with pytest.raises(ValueError, match=r"attributes\['colour'\] names \['green'\]"):
        export_rules(network, attributes={"colour": ["red", "green"]}, feature_names=names)
    with pytest.raises(ValueError, match=r"attributes\['size'\] is empty"):
        export_rules(network, attributes=groups | {"size": []}, feature_names=names)
    for columns in (["small", "blue"], ["small", "small"]):
        with pytest.raises(ValueError, match=f"names the input '{columns[1]}' twice"):
            export_rules(network, attributes=groups | {"size": columns}, feature_names=names)
    both = np.array([[1.0, 0.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match=r"attributes\['size'\] is not one-hot in X"):
        export_rules(network, both, attributes=groups, feature_names=names)


def test_dropped_categories_keep_their_names():
    X = np.array([["a"], ["b"], ["c"]] * 4)
    encoder = OneHotEncoder(drop="first")
    network = MLPClassifier((2,), solver="lbfgs", random_state=0, max_iter=1000)
    pipeline = make_pipeline(encoder, network).fit(X, [1, 0, 0] * 4)
    rules = export_rules(pipeline, X, [1, 0, 0] * 4)
    assert rules.rules_[1] == "x0 == a" and rules.accuracy_ == 1.0


def test_numbers_with_few_values_are_told_by_thresholds():
    X = np.array([[age, tie] for age in range(1, 6) for tie in (0, 1)])
    network = network_of([[[4.0], [0.0]]], [[-14.0]])
    rules = export_rules(network, X, feature_names=["age", "tie"])
    assert rules.rules_ == {0: "age <= 3", 1: "age >= 4"}


def test_columns_that_only_look_one_hot():
    X = np.array([[a, b] for a in (0, 1) for b in (0, 1)])
    network = network_of([[[4.0], [4.0]]], [[-6.0]])
    rules = export_rules(network, X, feature_names=["petal_length", "petal_width"])
    assert rules.rules_[1] == "petal_length == 1 and petal_width == 1"


def test_sparse_samples_and_string_labels():
    X, y = encoded(3, "train")
    labels = np.where(y == 1, "yes", "no")
    network = MLPClassifier((2,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=0)
    network.fit(sparse.csr_array(X), labels)
    rules = export_rules(network, sparse.csr_array(X), labels, feature_names=MONKS_COLUMNS)
    assert rules.accuracy_ == network.score(X, labels)
    assert set(rules.rules_) == {"yes", "no"}


def test_refusals():
    X = np.random.default_rng(0).normal(size=(40, 2))
    with pytest.raises(NotFittedError):
        export_rules(MLPClassifier())
    numbers = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs", random_state=0).fit(X, X[:, 0])
    with pytest.raises(TypeError, match=r"MLPRegressor predicts numbers. export_text"):
        export_rules(numbers, X)
    several = MLPClassifier((2,), solver="lbfgs", max_iter=1000, random_state=0).fit(X, X > 0)
    for data in ((X,), (X, X > 0)):
        with pytest.raises(TypeError, match="several labels"):
            export_rules(several, *data)
    network = network_of([[[1.0], [1.0]]], [[0.0]])
    with pytest.raises(ValueError, match=r"'x0' takes 40 different values.*KBinsDiscretizer"):
        export_rules(network, X)
    with pytest.raises(ValueError, match=r"not known which values the input 'x0' takes. Pass X"):
        export_rules(network)
    with pytest.raises(ValueError, match="X gives 3 inputs, but the network was trained on 2"):
        export_rules(network, np.zeros((4, 3)))
    with pytest.raises(ValueError, match="y was given without X"):
        export_rules(MONK_3, y=[0], feature_names=MONKS_COLUMNS)
    with pytest.raises(ValueError, match="method='n_of_m' needs X"):
        export_rules(MONK_3, method="n_of_m", feature_names=MONKS_COLUMNS)


def test_too_large_a_table_says_why_and_offers_n_of_m():
    X, _ = encoded(2)
    message = r"6 attributes with 432 combinations.*max_patterns=100.*a5 \(4\).*method='n_of_m'"
    with pytest.raises(ValueError, match=message):
        export_rules(MONK_2, feature_names=MONKS_COLUMNS, max_patterns=100)
    with pytest.raises(ValueError, match=message):
        export_rules(MONK_2, X, feature_names=MONKS_COLUMNS, max_patterns=100, method="table")
    assert not export_rules(MONK_2, X, feature_names=MONKS_COLUMNS, max_patterns=100).exact_


def test_too_many_hidden_units():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    network = network_of([np.ones((2, 13)), np.ones((13, 1))], [np.zeros(13), [0.0]])
    with pytest.raises(ValueError, match=r"13 units, too many.*Prune further"):
        export_rules(network, X, method="n_of_m")


def test_constant_answers_of_a_network_that_uses_attributes():
    rules = export_rules(network_of([[[1.0], [1.0]]], [[-9.0]]), [[0, 0], [1, 1]])
    assert str(rules).splitlines() == [
        "always y = 0",
        "fidelity to the network: 100.0 % of all 4 patterns of x0, x1",
    ]


def test_labels_of_no_class_are_refused():
    """As of other spelling: none of them is ever met, and the accuracy would be zero."""
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    network = network_of([[[1.0], [1.0]]], [[-1.5]], labels=("no", "yes"))
    assert export_rules(network, X, ["no", "no", "no", "yes"]).accuracy_ == 1.0
    with pytest.raises(ValueError, match=r"y has the classes \[0, 1\].*it knows \['no', 'yes'\]"):
        export_rules(network, X, [0, 0, 0, 1])


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_columns_in_another_order_are_refused(in_pipeline):
    X = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    y = np.array([0, 0, 1, 0])
    network = MLPClassifier((2,), solver="lbfgs", alpha=0.1, max_iter=5000, random_state=0)
    steps = [FunctionTransformer()] if in_pipeline else []
    model = make_pipeline(*steps, network).fit(X, y)
    rules = export_rules(model, X, y)
    np.testing.assert_array_equal(rules.predict(X), model.predict(X))
    turned = X[["b", "a"]]
    for ask in (model.predict, rules.predict, lambda X: export_rules(model, X, y)):
        with pytest.raises(ValueError, match="feature names should match"):
            ask(turned)
    with pytest.warns(UserWarning, match="does not have valid feature names"):  # as predict does
        np.testing.assert_array_equal(rules.predict(X.to_numpy()), rules.predict(X))


def test_values_that_the_rules_do_not_know_are_warned_of():
    X = np.array([[0, 1.5, 7], [1, 1.5, 8], [0, 0.1, 9], [1, 0.1, 7]])
    network = network_of([[[4.0], [2.0], [0.0]]], [[-4.0]])
    rules = export_rules(network, X, feature_names=["smoker", "dose", "unused"])
    rules.predict(X.astype(np.float32))  # 0.1 is another number there, but means the same
    seen = X + np.array([0, 0, 5])
    np.testing.assert_array_equal(rules.predict(seen), rules.predict(X))
    X[0, 0], X[1, 1] = 2, 0.7
    message = r"rules do not know: smoker == 2, dose == 0.7\. They count as the nearest"
    with pytest.warns(UserWarning, match=message) as caught:
        rules.predict(X)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("shown", [True, False])
def test_unknown_categories_are_warned_of_where_the_rules_do_not_know_them(shown):
    X = np.array([["a"], ["b"], ["c"]] * 4)
    encoder = OneHotEncoder(handle_unknown="ignore")
    network = MLPClassifier((2,), solver="lbfgs", alpha=0.1, random_state=0, max_iter=5000)
    pipeline = make_pipeline(encoder, network).fit(X, [1, 0, 0] * 4)
    new = np.array([["a"], ["d"]])
    rules = export_rules(pipeline, new if shown else X)
    if shown:
        np.testing.assert_array_equal(rules.predict(new), pipeline.predict(new))
    else:
        with pytest.warns(UserWarning, match="rules do not know: x0 == other"):
            rules.predict(new)


def binned(before, weights, bias):
    """A pipeline whose network has given weights, on one cut number a few, and its samples."""
    numbers = np.arange(12.0)
    X = pd.DataFrame({"work": ["a", "b"] * 6, "income": numbers, "age": numbers[::-1] ** 2})
    network = MLPClassifier((), solver="lbfgs", max_iter=5000, random_state=0)
    pipeline = make_pipeline(*before, network).fit(X, np.arange(12) % 2)
    pipeline[-1].coefs_ = [np.reshape(weights, (-1, 1)).astype(float)]
    pipeline[-1].intercepts_ = [np.array([float(bias)])]
    return pipeline, X


def bins_of(*columns, encode="onehot", n_bins=3):
    bins = KBinsDiscretizer(n_bins, encode=encode, strategy="uniform")
    return make_column_transformer((OneHotEncoder(), ["work"]), (bins, list(columns)))


@pytest.mark.parametrize("encode", ["onehot", "onehot-dense"])
@pytest.mark.parametrize(
    ("weights", "rule", "holds"),
    [
        ([0, 0, -1, -1, 1], "income >= 7.33333", lambda x: x >= 22 / 3),
        ([0, 0, -1, 1, -1], "3.66667 <= income < 7.33333", lambda x: 11 / 3 <= x < 22 / 3),
        ([0, 0, -1, 1, 1], "income >= 3.66667", lambda x: x >= 11 / 3),
        ([0, 0, 1, 1, -1], "income < 7.33333", lambda x: x < 22 / 3),
        ([0, 0, 1, -1, 1], "income not in [3.66667, 7.33333)", lambda x: not 11 / 3 <= x < 22 / 3),
    ],
)
def test_bins_are_told_by_their_edges(encode, weights, rule, holds):
    pipeline, X = binned([bins_of("income", encode=encode)], weights, 0)
    rules = export_rules(pipeline, X)
    assert rules.rules_[1] == rule
    np.testing.assert_array_equal(rules.predict(X), X["income"].map(holds))


def test_bins_of_a_pipelines_only_step_are_told_by_their_edges():
    bins = KBinsDiscretizer(2, encode="onehot", strategy="uniform")
    network = network_of([[[1.0], [-1.0], [0.0], [0.0]]], [[0.0]])
    X = np.arange(8.0).reshape(4, 2)
    pipeline = make_pipeline(bins.fit(X), network)
    assert export_rules(pipeline, X).rules_ == {0: "x0 >= 3", 1: "x0 < 3"}


def test_bins_after_other_steps_are_told_in_raw_units():
    """Their edges are in other units than the samples."""
    bins = KBinsDiscretizer(3, encode="onehot", strategy="uniform")
    scaled = make_column_transformer((make_pipeline(StandardScaler(), bins), ["income"]))
    pipeline, X = binned([scaled], [-1, -1, 1], 0)
    assert export_rules(pipeline, X).rules_[1] == "income >= 7.33333"


def test_numbers_in_the_same_range_are_not_called_equal():
    bins = KBinsDiscretizer(2, encode="onehot", strategy="uniform")
    X = np.array([[0.0, 1.0], [0.0, 3.0], [4.0, 0.0], [4.0, 4.0]])
    same = np.array([[9, 0], [0, 9], [9, 0], [0, 9]])  # both low, both high
    network = network_of([same, [[9], [9]]], [[-14, -14], [9]])
    rules = export_rules(make_pipeline(bins.fit(X), network), X, [1, 0, 0, 1])
    assert rules.accuracy_ == 1.0
    assert "x0 < 2" in str(rules) and "==" not in str(rules)


def test_accuracy_of_classes_in_a_column():
    """As a data frame of one column has them; compared as such, each would meet all."""
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([0, 0, 0, 1])
    network = MLPClassifier((), solver="lbfgs", random_state=0).fit(X, y)
    assert export_rules(network, X, y[:, None]).accuracy_ == 1.0
    with pytest.raises(ValueError, match="1d array"):
        export_rules(network, X, np.eye(2)[y])
