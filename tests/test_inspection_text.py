"""The equations, evaluated as Python, give the network's predictions."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skprune import LPMLPClassifier, PenalizedMLPClassifier
from skprune.inspection import export_text

FUNCTIONS = {
    "tanh": np.tanh,
    "logistic": expit,
    "relu": lambda a: np.maximum(a, 0.0),
    "P": lambda a: a,
}


def evaluate(text, names, X):
    """Return the right side of each output's equation, evaluated line by line."""
    values = dict(zip(names, X.T))
    outputs = []
    for line in re.sub(r"\n    ", " ", text).splitlines():
        left, right = line.rsplit(" = ", 1)
        if left == "P":
            continue
        result = eval(right, FUNCTIONS, values) * np.ones(len(X))
        if left.isidentifier() and left.startswith("h"):
            values[left] = result
        else:
            outputs.append(result)
    return np.stack(outputs, axis=1)


@settings(max_examples=25, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 4), max_size=3),
    n_features=st.integers(1, 4),
    n_classes=st.sampled_from([2, 3]),
    activation=st.sampled_from(["tanh", "logistic", "relu", "identity"]),
    density=st.sampled_from([0.3, 1.0]),
    seed=st.integers(0, 1000),
)
def test_equations_are_the_network(hidden, n_features, n_classes, activation, density, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(12, n_features))
    network = MLPClassifier(tuple(hidden), activation=activation, solver="lbfgs", max_iter=2000)
    network.fit(np.zeros_like(X), np.resize(np.arange(n_classes), len(X)))
    for array in network.coefs_ + network.intercepts_:
        array[...] = rng.normal(size=array.shape) * (rng.random(array.shape) < density)
    names = [f"f{i}" for i in range(n_features)]
    text = export_text(network, decimals=12, feature_names=names)
    outputs = evaluate(text, names, X)
    proba = network.predict_proba(X)
    if n_classes == 2:
        np.testing.assert_allclose(outputs[:, 0], proba[:, 1], atol=1e-8)
    else:
        np.testing.assert_allclose(softmax(outputs, axis=1), proba, atol=1e-8)


def hand_set():
    network = MLPRegressor(hidden_layer_sizes=(2,), activation="tanh", solver="lbfgs")
    network.fit([[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0])
    network.coefs_ = [np.array([[1.5, 0.0], [-0.25, 3.0]]), np.array([[-2.0], [0.0]])]
    network.intercepts_ = [np.array([0.0, 1.0]), np.array([0.125])]
    return network


def test_pruned_weights_and_dead_units_are_left_out():
    assert export_text(hand_set()) == "h0 = tanh(1.50*x0 - 0.25*x1)\ny = 0.12 - 2.00*h0"


def test_names_and_decimals():
    text = export_text(
        hand_set(), decimals=1, feature_names=["petal width", "b"], class_names=["tree height"]
    )
    assert text == "h0 = tanh(1.5*[petal width] - 0.2*b)\n[tree height] = 0.1 - 2.0*h0"


def test_softmax_and_empty_network():
    X = np.arange(6.0).reshape(-1, 1)
    network = MLPClassifier((), solver="lbfgs", max_iter=1000).fit(X, list("aabbcc"))
    network.coefs_[0][...] = [[0.0, -2.0, 1.0]]
    network.intercepts_[0][...] = 0.0
    assert export_text(network) == "s(a) = 0\ns(b) = -2.00*x0\ns(c) = 1.00*x0\nP = softmax(s)"


@pytest.mark.parametrize("exclusive", [True, False])
def test_only_probabilities_are_called_so(exclusive):
    """Units that exclude one another are divided by their sum; those of labels are not."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    y = np.c_[X[:, 0] > 0, X[:, 1] > 0, X.sum(axis=1) > 0].astype(int)
    y = y.sum(axis=1) if exclusive else y
    network = PenalizedMLPClassifier(
        (2,), out_activation="logistic", alpha=1.0, random_state=0, direct_links=False
    )
    text = export_text(network.fit(X, y))
    assert text.count("score(y = ") == (len(network.classes_) if exclusive else 0)
    assert text.count("P(y = ") == (0 if exclusive else 3)


def test_equations_of_clipped_outputs_tell_the_predicted_classes():
    """Their net inputs decide; clipped, most of them would be the same."""
    X = np.array([[a, b] for a in range(-3, 4) for b in range(-3, 4)], dtype=float)
    model = LPMLPClassifier(n_hidden=5, random_state=0).fit(X, np.arange(len(X)) % 3)
    model.coefs_ = [np.array([[2.0, 3.0, -4.0], [3.0, -1.0, 2.0]])]
    model.intercepts_, model.activations_ = [np.array([0.25, 0.5, 0.125])], ["clip"]
    text = export_text(model, decimals=3)
    outputs = evaluate(text, ["x0", "x1"], X)
    np.testing.assert_array_equal(outputs.argmax(axis=1), model.predict(X))
    assert text.startswith("score(y = 0) = 0.250 + 2.000*x0 + 3.000*x1\n")


def test_long_equations_break_between_terms():
    X = np.eye(30)
    network = MLPRegressor(hidden_layer_sizes=(), solver="lbfgs").fit(X, np.arange(30.0))
    lines = export_text(network, feature_names=[f"name {i}" for i in range(30)]).splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 96
    assert all(line.startswith("    + ") or line.startswith("    - ") for line in lines[1:])


def test_refusals():
    with pytest.raises(NotFittedError):
        export_text(MLPClassifier())
    with pytest.raises(ValueError, match="decimals"):
        export_text(hand_set(), decimals=-1)
    with pytest.raises(ValueError, match="feature_names has 3 names"):
        export_text(hand_set(), feature_names=["a", "b", "c"])


def test_a_cascade_is_written_node_by_node():
    X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    cascade = LPMLPClassifier(structure="cascade", n_hidden=5, random_state=0).fit(X, [0, 1, 1, 0])
    values = {"x0": X[:, 0], "x1": X[:, 1]}
    clip = {"clip": lambda z: np.clip(z, -1, 1), "score": lambda z: z}
    for line in re.sub(r"\n    ", " ", export_text(cascade, decimals=12)).splitlines():
        left, right = line.rsplit(" = ", 1)
        values[left] = eval(right, clip, values) * np.ones(4)
    net = values["score(y = 1)"]
    assert ((net > 0) == cascade.predict(X)).all()
    assert sum(name.startswith("h") for name in values) == len(cascade.coefs_[0].T) - 1
