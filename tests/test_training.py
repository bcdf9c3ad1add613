"""Training ends at a minimum over the weights that may move."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from skprune._network import Network, Objective
from skprune._training.lbfgs import train_lbfgs


def test_where_no_weight_may_move_the_loss_is_that_of_the_start():
    rng = np.random.default_rng(0)
    X, targets = rng.normal(size=(20, 3)), rng.normal(size=(20, 1))
    network = Network((3, 2, 1), ("tanh", "identity"))
    objective = Objective(network, X, targets, alpha=0.1)
    start = rng.normal(size=network.n_weights)
    result = train_lbfgs(objective, start, np.array([], dtype=int), max_iter=10, tol=1e-6, bound=1)
    assert_array_equal(result.weights, start)
    assert_allclose(result.value, objective.value(start))
    assert result.converged and result.n_iter == 0
