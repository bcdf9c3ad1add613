"""Random networks and data for the tests of the numerical core."""

import numpy as np
from hypothesis import strategies as st

from skprune._network import HIDDEN_ACTIVATIONS, OUTPUT_PAIRS, Network, Objective

SMOOTH = ("identity", "logistic", "tanh")


def make_targets(rng, n_samples, network):
    shape = (n_samples, network.n_outputs)
    if network.loss == "poisson":
        return rng.poisson(2.0, shape).astype(float)
    if network.activations[-1] == "softmax":
        return np.eye(network.n_outputs)[rng.integers(network.n_outputs, size=n_samples)]
    if network.loss == "log_loss":
        return (rng.random(shape) < 0.4).astype(float)
    return rng.uniform(-1, 1, shape)


def make_objective(seed, network, n_samples=12, *, alpha=0.3, weighted=True, density=0.6):
    """A random problem: inputs with zeros among them, and weights of the samples."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, network.layer_sizes[0]))
    X *= rng.random(X.shape) < density
    weights = rng.uniform(0.2, 2.0, n_samples) if weighted else None
    objective = Objective(network, X, make_targets(rng, n_samples, network), weights, alpha)
    return objective, 0.7 * rng.normal(size=network.n_weights)


@st.composite
def networks(draw, hidden=SMOOTH, max_layers=3, direct_links=False):
    """A random architecture of one to three layers; with direct links, at least two."""
    n_hidden = draw(st.integers(int(direct_links), max_layers - 1))
    loss, out = draw(st.sampled_from(sorted(OUTPUT_PAIRS)))
    if out not in (*hidden, "softmax", "exp"):
        loss, out = "squared_error", "identity"
    sizes = [draw(st.integers(1, 4)) for _ in range(n_hidden + 2)]
    activations = [draw(st.sampled_from(hidden)) for _ in range(n_hidden)]
    return Network(tuple(sizes), (*activations, out), loss, direct_links)


def numerical_gradient(function, w, step=1e-6):
    columns = []
    for i in range(len(w)):
        shift = np.zeros_like(w)
        shift[i] = step
        columns.append((function(w + shift) - function(w - shift)) / (2 * step))
    return np.array(columns)


__all__ = ["HIDDEN_ACTIVATIONS", "make_objective", "networks", "numerical_gradient"]
