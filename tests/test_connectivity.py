"""What falls with a weight is found as a brute-force search finds it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from skprune._network import Connectivity, Network


def useful(network, alive):
    """Weights left when hidden units without incoming or outgoing weights are stripped, slowly."""
    alive = alive.copy()
    layers = network.layers(alive)
    changed = True
    while changed:
        changed = False
        for depth in range(network.n_layers - 1):
            for unit in range(network.layer_sizes[depth + 1]):
                incoming, outgoing = layers[depth][:, unit], layers[depth + 1][unit]
                lonely = not incoming[:-1].any() or not outgoing.any()
                if lonely and (incoming.any() or outgoing.any()):
                    incoming[:] = False
                    outgoing[:] = False
                    changed = True
    return alive


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=4),
    st.integers(0, 2**16),
    st.floats(0.3, 1.0),
)
def test_closure_is_what_stripping_finds(sizes, seed, share):
    network = Network(tuple(sizes), ("tanh",) * (len(sizes) - 2) + ("identity",))
    rng = np.random.default_rng(seed)
    start = np.flatnonzero(rng.random(network.n_weights) < share)
    topology = Connectivity(network, start)
    topology.remove(topology.useless())
    np.testing.assert_array_equal(topology.alive, useful(network, topology.alive))
    kept = np.flatnonzero(topology.alive)
    if not len(kept):
        return
    seeds = rng.choice(kept, size=min(2, len(kept)), replace=False)
    group = topology.closure(seeds)
    assert len(set(group)) == len(group)
    assert list(group[: len(seeds)]) == list(seeds)
    expected = topology.alive.copy()
    expected[seeds] = False
    expected = useful(network, expected)
    before = topology.alive.copy()
    topology.remove(group)
    np.testing.assert_array_equal(topology.alive, expected)
    assert not len(topology.useless())
    topology.restore(group)
    np.testing.assert_array_equal(topology.alive, before)
    np.testing.assert_array_equal(topology.closure(seeds), group)


def test_the_last_path_takes_the_whole_network_but_the_output_biases():
    network = Network((2, 1, 1, 2), ("tanh", "tanh", "identity"))
    topology = Connectivity(network, np.arange(network.n_weights))
    middle = network.offsets[1]
    group = topology.closure([middle])
    topology.remove(group)
    np.testing.assert_array_equal(
        np.flatnonzero(topology.alive), np.flatnonzero(network.is_intercept)[-2:]
    )


def test_locate():
    network = Network((2, 3, 1), ("tanh", "identity"))
    topology = Connectivity(network, np.arange(network.n_weights))
    for depth, layer in enumerate(network.layers(np.arange(network.n_weights))):
        for (row, unit), flat in np.ndenumerate(layer):
            assert topology.locate(flat) == (depth, row, unit)


def test_weights_that_join_live_units():
    """Inputs and outputs are always live, hidden units while they have outgoing weights."""
    network = Network((2, 2, 1), ("tanh", "identity"))
    index = network.layers(np.arange(network.n_weights))
    # The first hidden unit has its weights but one, the second has none.
    topology = Connectivity(network, [index[0][0, 0], index[0][2, 0], index[1][0, 0]])
    live = [index[0][1, 0], index[1][2, 0]]
    dead = [index[0][0, 1], index[0][2, 1], index[1][1, 0]]
    joins = topology.joins_live_units(np.array(live + dead))
    np.testing.assert_array_equal(joins, [True] * 2 + [False] * 3)
