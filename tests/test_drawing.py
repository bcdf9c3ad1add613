"""The inline drawing is well-formed, and shows each weight once."""

from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from skprune._drawing import network_svg

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
