"""What cannot be shown is refused with a cure, by every display and text in the same way."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier

from skprune import OBSMLPClassifier, PenalizedMLPClassifier, SplittingGaussianMixture
from skprune.inspection import (
    ErrorSurfaceDisplay,
    HessianDisplay,
    MixtureDisplay,
    NetworkDisplay,
    PruningPathDisplay,
    export_rules,
    export_text,
)

OF_NETWORKS = {
    "network": lambda model, X, y: NetworkDisplay.from_estimator(model),
    "path": lambda model, X, y: PruningPathDisplay.from_estimator(model),
    "hessian": HessianDisplay.from_estimator,
    "surface": ErrorSurfaceDisplay.from_estimator,
    "text": lambda model, X, y: export_text(model),
    "rules": export_rules,
}
WITH_NAMES = {
    "network": lambda model, X, y, **names: NetworkDisplay.from_estimator(model, **names),
    "text": lambda model, X, y, **names: export_text(model, **names),
    "rules": export_rules,
    "hessian": HessianDisplay.from_estimator,
    "surface": ErrorSurfaceDisplay.from_estimator,
}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def binary_data(n_features=3):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (40, n_features)).astype(float)
    return X, X[:, 0].astype(int)


def dense_network(n_features, n_hidden):
    X, y = binary_data(n_features)
    network = MLPClassifier((n_hidden,), random_state=0)
    return network.partial_fit(X, y, classes=[0, 1]), X, y


@pytest.fixture(scope="module")
def empty_network():
    """Output biases stay in a network, so only one without biases can lose all it has."""
    X, _ = binary_data()
    y = np.tile([0, 1], len(X) // 2)  # labels that no input tells
    settings = dict(fit_intercept=False, alpha=1e-3, direct_links=False)
    network = OBSMLPClassifier(
        PenalizedMLPClassifier((2,), **settings), threshold=0.99, random_state=0
    ).fit(X, y)
    assert network.n_weights_ == 0
    return network, X, y


@pytest.mark.parametrize("kind", OF_NETWORKS)
@pytest.mark.parametrize("network", [MLPClassifier(), OBSMLPClassifier()], ids=["mlp", "obs"])
def test_unfitted(network, kind):
    with pytest.raises(NotFittedError, match=f"{type(network).__name__} instance is not fitted"):
        OF_NETWORKS[kind](network, *binary_data())


def test_unfitted_mixture():
    with pytest.raises(NotFittedError):
        MixtureDisplay.from_estimator(SplittingGaussianMixture(), binary_data(2)[0])


@pytest.mark.parametrize("kind", ["network", "hessian", "surface"])
def test_huge_networks_name_the_size_and_the_cure(kind):
    with pytest.raises(ValueError, match=r"The network has \d+ (connections|weights).*[Pp]rune it"):
        OF_NETWORKS[kind](*dense_network(200, 50))


def test_huge_networks_as_text_and_in_a_notebook():
    model, _, _ = dense_network(200, 50)
    assert export_text(model).count("*[") + export_text(model).count("*x") == 200 * 50
    X, y = binary_data(200)
    trained = PenalizedMLPClassifier((50,), alpha=1.0, random_state=0, direct_links=False).fit(X, y)
    assert len(trained._repr_html_()) < 10**6


@pytest.mark.parametrize("kind", ["hessian", "surface"])
def test_nothing_is_left_to_differentiate(empty_network, kind):
    with pytest.raises(ValueError, match=r"has 0 weights.*[Pp]rune it less"):
        OF_NETWORKS[kind](*empty_network)


@pytest.mark.parametrize("kind", ["network", "path"])
def test_empty_networks_are_drawn(empty_network, kind):
    OF_NETWORKS[kind](*empty_network).figure_.canvas.draw()


@pytest.mark.parametrize("kind", ["network", "hessian", "surface"])
def test_a_dollar_in_a_name_starts_no_formula(kind):
    X, y = binary_data(2)
    X = pd.DataFrame(X, columns=["cost_$ per_$^", "price ($) in $"])
    network = PenalizedMLPClassifier((2,), alpha=0.1, random_state=0, direct_links=False).fit(X, y)
    pair = {"weights": [f"{name}→h1" for name in X.columns]} if kind == "surface" else {}
    figure = WITH_NAMES[kind](network, X, y, **pair).figure_
    figure.canvas.draw()
    assert_names_are_literal(figure, X.columns)


def test_a_dollar_in_a_name_of_a_mixture_starts_no_formula():
    X = pd.DataFrame(binary_data(2)[0], columns=["cost_$ per_$^", "price ($) in $"])
    mixture = SplittingGaussianMixture(random_state=0).fit(X)
    figure = MixtureDisplay.from_estimator(mixture, X).figure_
    figure.canvas.draw()
    assert_names_are_literal(figure, X.columns)


def assert_names_are_literal(figure, names):
    texts = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert all(any(name in text.get_text() for text in texts) for name in names)
    assert not any(text.get_parse_math() for text in texts)


def test_empty_networks_are_read(empty_network):
    network, X, y = empty_network
    assert "x0" not in export_text(network)
    rules = export_rules(network, X, y)
    assert "if" not in str(rules).splitlines()[0]
    np.testing.assert_array_equal(rules.predict(X), network.predict(X))


@pytest.mark.parametrize("kind", WITH_NAMES)
@pytest.mark.parametrize("names", [["a"], ["a", "b", "c", "d"]], ids=len)
def test_names_of_the_wrong_length(kind, names):
    network, X, y = dense_network(3, 2)
    with pytest.raises(ValueError, match=rf"feature_names.*{len(names)}"):
        WITH_NAMES[kind](network, X, y, feature_names=names)


def test_rules_for_too_many_inputs_say_why_and_offer_n_of_m():
    network, X, y = dense_network(30, 2)
    with pytest.raises(ValueError, match=r"n_of_m"):
        export_rules(network, X, y, method="table")
    assert export_rules(network, X, y, method="n_of_m").predict(X).shape == y.shape
