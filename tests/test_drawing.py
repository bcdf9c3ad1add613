"""The inline drawing is well-formed, and shows each weight once."""

from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from skprune import LPMLPClassifier
from skprune._fitted.drawing import network_svg

SVG = "{http://www.w3.org/2000/svg}"


def network_of(n_features, n_hidden, feature_names=None):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    names = feature_names or [f"f{i}" for i in range(n_features)]
    X = pd.DataFrame(rng.normal(size=(30, n_features)), columns=names)
    network = MLPClassifier((n_hidden,), solver="lbfgs", max_iter=5000, random_state=0)
    return network.fit(X, X.iloc[:, 0] > 0)


def test_one_line_a_weight_with_its_value():
    network = network_of(3, 2)
    network.coefs_[0][0, 0] = 0.0
    network.coefs_[0][1, 1] = -9.5
    tree = ElementTree.fromstring(network_svg(network))
    lines = tree.findall(f"{SVG}line")
    assert len(lines) == 3 * 2 + 2 + 2 + 1 - 1
    tips = [line.find(f"{SVG}title").text for line in lines]
    assert "f1 → h1: -9.5" in tips and not any(tip.startswith("f0 → h0") for tip in tips)
    dashed = [line.get("stroke-dasharray") is not None for line in lines]
    assert dashed == [": -" in tip for tip in tips]


def test_names_are_escaped():
    svg = network_svg(network_of(2, 1, ["a < b", "<script>"]))
    assert "<script>" not in svg
    texts = [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert texts == ["a < b", "<script>", "h0", "y = True"]


def test_large_and_empty_networks():
    assert "81 connections, too many" in network_svg(network_of(6, 10), max_connections=80)
    network = network_of(2, 1)
    for array in network.coefs_ + network.intercepts_:
        array[...] = 0.0
    tree = ElementTree.fromstring(network_svg(network))
    assert tree.findall(f"{SVG}line") == []
    assert len(tree.findall(f"{SVG}circle")) == 1


def test_a_fitted_cascade_is_shown_without_a_drawing():
    """Its units see units of their own layer; scikit-learn's diagram is all there is."""
    X, y = [[-1, -1], [-1, 1], [1, -1], [1, 1]], [0, 1, 1, 0]
    layers = LPMLPClassifier(n_hidden=10, random_state=0).fit(X, y)
    cascade = LPMLPClassifier(n_hidden=10, structure="cascade", random_state=0).fit(X, y)
    for model, is_drawn in ((layers, True), (cascade, False)):
        assert hasattr(model, "lateral_coef_") != is_drawn
        for page in (model._repr_html_(), model._repr_mimebundle_()["text/html"]):
            assert "LPMLPClassifier" in page
            assert ("<svg" in page.split("</style>")[-1]) == is_drawn
