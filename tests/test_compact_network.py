"""Networks without their dead and constant units give the same outputs."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import networks

from skprune._network import network_output
from skprune.neural_network._to_mlp import compact_network

ANY = ("tanh", "logistic", "relu", "identity", "clip")


def any_network(direct_links):
    return networks(hidden=ANY, direct_links=direct_links)


@settings(max_examples=200, deadline=None)
@given(st.booleans().flatmap(any_network), st.integers(0, 2**16), st.floats(0.1, 0.9))
def test_outputs_are_the_same(network, seed, share):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=network.n_weights) * (rng.random(network.n_weights) < share)
    X = rng.normal(size=(7, network.layer_sizes[0]))
    coefs, intercepts, direct = network.unpack(w)
    before = [part.copy() for part in (*coefs, *intercepts)]
    small, biases, left = compact_network(coefs, intercepts, network.activations, direct)
    expected = network_output(coefs, intercepts, network.activations, X, direct)
    found = network_output(small, biases, network.activations[-len(small) :], X, left)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    for part, original in zip((*coefs, *intercepts), before):
        np.testing.assert_array_equal(part, original)
    # Every unit that is left depends on something and feeds something.
    for coef, next_coef in pairwise(small):
        assert next_coef.any(axis=1).all()
        assert coef.any(axis=0).all()
    assert (left is None) == (direct is None or len(small) == 1)
    parts = [*small, *biases] if left is None else [*small, *biases, left]
    assert sum(map(np.count_nonzero, parts)) <= (np.count_nonzero(w) + sum(network.layer_sizes[1:]))
